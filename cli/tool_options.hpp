// The command line of the tools for components: wit, component, compose.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace CLI {
class App;
}

namespace heddle::cli {

struct WitOptions {
    std::string file;
    std::optional<std::string> output;
    bool binary = false;
    std::vector<std::string> features;
    bool all_features = false;
};

struct EmbedOptions {
    std::string wit, module, world, encoding = "utf8";
    std::string output;
    std::vector<std::string> features;
    bool all_features = false;
};

struct NewOptions {
    std::string module, output;
    std::vector<std::pair<std::string, std::string>> adapters;  // name, file
};

struct UnbundleOptions {
    std::string file, folder;
};

struct ComposeOptions {
    std::string main, output;
    std::vector<std::pair<std::string, std::string>> parts;  // name, file
};

using ToolCommand = std::variant<WitOptions, EmbedOptions, NewOptions, UnbundleOptions, ComposeOptions>;

// Adds the subcommands to the program's.
class ToolOptions {
public:
    explicit ToolOptions(CLI::App& app);
    ~ToolOptions();
    ToolOptions(const ToolOptions&) = delete;
    // The command that the words named; none, when it was another.
    std::optional<ToolCommand> parsed() const;

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace heddle::cli
