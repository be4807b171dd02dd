#include "wit_files.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <fmt/format.h>

namespace heddle::cli {

namespace fs = std::filesystem;
using component::tools::WitOf;

namespace {

constexpr u64 max_wit_bytes = u64(64) << 20;

bool is_wasm(std::span<const u8> bytes) { return bytes.size() >= 4 && bytes[0] == 0 && bytes[1] == 'a' && bytes[2] == 's' && bytes[3] == 'm'; }

std::vector<fs::path> sorted_entries(const fs::path& folder) {
    std::vector<fs::path> all;
    std::error_code ignored;
    for (const auto& e : fs::directory_iterator(folder, ignored)) all.push_back(e.path());
    std::ranges::sort(all);
    return all;
}

class Folder {
public:
    std::vector<wit::Source> sources;
    std::optional<Failure> failure;

    void add_files(const fs::path& folder) {
        for (const fs::path& p : sorted_entries(folder))
            if (p.extension() == ".wit") add_file(p);
    }
    void add_dependencies(const fs::path& deps) {
        for (const fs::path& p : sorted_entries(deps)) {
            std::error_code ignored;
            if (fs::is_directory(p, ignored)) add_files(p);
            else if (p.extension() == ".wit") add_file(p);
        }
    }

private:
    void add_file(const fs::path& path) {
        if (failure) return;
        auto bytes = read_file(path.string(), max_wit_bytes);
        if (!bytes) failure = bytes.error();
        else sources.push_back({path.string(), std::string(bytes->begin(), bytes->end())});
    }
};

// The package of the first file: that is the one the path names; dependencies come behind.
std::expected<WitOf, Failure> resolve_sources(const std::vector<wit::Source>& sources, const std::string& path, const wit::Options& options) {
    if (sources.empty()) return std::unexpected(Failure{not_found, path + ": has no .wit files in it"});
    auto own = wit::main_package(sources);
    if (!own) return std::unexpected(Failure{failed, own.error().message});
    auto resolved = wit::resolve(sources, options);
    if (!resolved) return std::unexpected(Failure{failed, resolved.error().message});
    auto package = resolved->find_package(*own);
    if (!package) return std::unexpected(Failure{failed, fmt::format("{}: nothing is in package {}", path, own->to_string())});
    return WitOf{std::move(*resolved), *package, std::nullopt};
}

}  // namespace

std::expected<WitOf, Failure> read_wit_path(const std::string& path, const wit::Options& options) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        Folder folder;
        folder.add_files(path);
        folder.add_dependencies(fs::path(path) / "deps");
        if (folder.failure) return std::unexpected(*folder.failure);
        return resolve_sources(folder.sources, path, options);
    }
    auto bytes = read_file(path);
    if (!bytes) return std::unexpected(bytes.error());
    if (!is_wasm(*bytes)) return resolve_sources({{path, std::string(bytes->begin(), bytes->end())}}, path, options);
    Engine engine;
    auto w = component::tools::read_wit(engine, *bytes);
    if (!w) return std::unexpected(Failure{failed, label_of(path) + ": " + w.error().to_string()});
    return std::move(*w);
}

std::expected<void, Failure> write_file(const std::string& path, std::span<const u8> bytes) {
    bool standard = path == "-";
    std::FILE* out = standard ? stdout : std::fopen(path.c_str(), "wb");
    if (!out) return std::unexpected(Failure{failed, path + ": cannot be written"});
    bool written = std::fwrite(bytes.data(), 1, bytes.size(), out) == bytes.size();
    if ((standard ? std::fflush(out) : std::fclose(out)) != 0 || !written) return std::unexpected(Failure{failed, path + ": writing failed"});
    return {};
}

}  // namespace heddle::cli
