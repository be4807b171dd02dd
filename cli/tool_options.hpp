// The command line of the tools for components: wit, component, compose.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace heddle::cli {

struct WitOptions {
    std::string file;
    std::optional<std::string> output;
    bool binary = false;
    std::vector<std::string> features;
    bool all_features = false;
};

struct DeriveOptions {
    std::string file, world;
    std::optional<std::string> folder;  // none: all on standard output
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

}  // namespace heddle::cli
