// heddle wit, component embed, component new, component unbundle, compose: files in, files out; the work is the library's.
#include <filesystem>

#include <fmt/format.h>

#include <heddle/component_text.hpp>

#include "commands.hpp"
#include "wit_files.hpp"

namespace heddle::cli {

namespace tools = component::tools;

namespace {

wit::Options features_of(const std::vector<std::string>& features, bool all) { return {features, all}; }

std::span<const u8> bytes_of(const std::string& s) { return {reinterpret_cast<const u8*>(s.data()), s.size()}; }

int write_or_report(const std::string& path, const Result<std::vector<u8>>& bytes, const std::string& about) {
    if (!bytes) return report({bytes.error().kind == Error::Kind::usage ? wrong_usage : failed, about + ": " + bytes.error().to_string()});
    auto written = write_file(path, *bytes);
    return written ? ok : report(written.error());
}

std::expected<std::vector<u8>, Failure> read_component(const std::string& path) {
    auto source = read_source(path);
    if (!source) return std::unexpected(source.error());
    if (source->form == Form::component) return std::move(source->bytes);
    if (source->form == Form::component_text) {
        auto bytes = component::assemble(source->text);
        if (!bytes) return std::unexpected(Failure{failed, source->label + ": " + bytes.error().to_string()});
        return std::move(*bytes);
    }
    return std::unexpected(Failure{not_runnable, source->label + ": is a core module, not a component: `heddle component new` makes one of it"});
}

std::expected<std::vector<u8>, Failure> read_module(const std::string& path) {
    auto source = read_source(path);
    if (!source) return std::unexpected(source.error());
    if (source->form == Form::module || source->form == Form::module_text) return std::move(source->bytes);
    return std::unexpected(Failure{not_runnable, source->label + ": is a component already, expected a core module"});
}

}  // namespace

int wit(const WitOptions& options) {
    auto w = read_wit_path(options.file, features_of(options.features, options.all_features));
    if (!w) return report(w.error());
    if (options.binary) return write_or_report(options.output.value_or("-"), tools::encode_package(w->resolve, w->package), options.file);
    auto written = write_file(options.output.value_or("-"), bytes_of(tools::print(*w)));
    return written ? ok : report(written.error());
}

namespace {

std::expected<tools::WitOf, Failure> derived(const DeriveOptions& options) {
    auto w = read_wit_path(options.file, features_of(options.features, options.all_features));
    if (!w) return std::unexpected(w.error());
    auto world = w->world && options.world.empty() ? Result<u32>(*w->world) : tools::find_world(w->resolve, w->package, options.world);
    if (!world) return std::unexpected(Failure{wrong_usage, options.file + ": " + world.error().message});
    auto package = tools::derive_plugin(*w, *world);
    if (!package) return std::unexpected(Failure{failed, options.file + ": " + package.error().message});
    return std::move(*package);
}

}  // namespace

int wit_derive(const DeriveOptions& options) {
    auto w = derived(options);
    if (!w) return report(w.error());
    if (!options.folder) {
        auto written = write_file("-", bytes_of(tools::print(*w)));
        return written ? ok : report(written.error());
    }
    std::filesystem::path folder = *options.folder;
    std::error_code error;
    std::filesystem::create_directories(folder / "deps", error);
    if (error) return report({failed, folder.string() + ": cannot be made: " + error.message()});
    for (u32 p = 0; p < w->resolve.packages.size(); ++p) {
        const wit::Package& package = w->resolve.packages[p];
        if (package.interfaces.empty() && package.worlds.empty()) continue;
        auto file = (p == w->package ? folder : folder / "deps") / (package.name.namespace_ + "-" + package.name.name + ".wit");
        if (auto written = write_file(file.string(), bytes_of(wit::print(w->resolve, package))); !written) return report(written.error());
    }
    return ok;
}

int component_embed(const EmbedOptions& options) {
    auto w = read_wit_path(options.wit, features_of(options.features, options.all_features));
    if (!w) return report(w.error());
    auto world = tools::find_world(w->resolve, w->package, options.world);
    if (!world) return report({wrong_usage, options.wit + ": " + world.error().message});
    auto module = read_module(options.module);
    if (!module) return report(module.error());
    auto encoding = options.encoding == "utf8" ? tools::Encoding::utf8 : options.encoding == "utf16" ? tools::Encoding::utf16 : tools::Encoding::latin1_utf16;
    return write_or_report(options.output, tools::embed(w->resolve, *world, *module, encoding), options.module);
}

int component_new(const NewOptions& options) {
    auto module = read_module(options.module);
    if (!module) return report(module.error());
    std::vector<tools::Adapter> adapters;
    for (const auto& [name, file] : options.adapters) {
        auto bytes = read_module(file);
        if (!bytes) return report(bytes.error());
        adapters.push_back({name, std::move(*bytes)});
    }
    Engine engine;
    return write_or_report(options.output, tools::make_component(engine, *module, adapters), options.module);
}

int component_unbundle(const UnbundleOptions& options) {
    auto component = read_component(options.file);
    if (!component) return report(component.error());
    auto parts = tools::unbundle(*component);
    if (!parts) return report({failed, options.file + ": " + parts.error().to_string()});
    std::error_code error;
    std::filesystem::create_directories(options.folder, error);
    if (error) return report({failed, options.folder + ": cannot be made: " + error.message()});
    for (const tools::CoreModulePart& p : *parts) {
        std::string file = (std::filesystem::path(options.folder) / ("module" + p.path + ".wasm")).string();
        if (auto written = write_file(file, p.bytes); !written) return report(written.error());
        fmt::print("{}  {} bytes{}\n", file, p.bytes.size(), p.name.empty() ? "" : "  " + p.name);
    }
    return ok;
}

int compose(const ComposeOptions& options) {
    auto main = read_component(options.main);
    if (!main) return report(main.error());
    std::vector<tools::Part> parts;
    for (const auto& [name, file] : options.parts) {
        auto bytes = read_component(file);
        if (!bytes) return report(bytes.error());
        parts.push_back({name, std::move(*bytes), file});
    }
    Engine engine;
    return write_or_report(options.output, tools::compose(engine, {"", std::move(*main), options.main}, parts), options.main);
}

}  // namespace heddle::cli
