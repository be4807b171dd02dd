// heddle validate: is each file a valid module or component?
#include <fmt/format.h>

#include <heddle/component.hpp>

#include "commands.hpp"
#include "source.hpp"

namespace heddle::cli {

namespace {

std::expected<void, Failure> check(const Engine& engine, const std::string& path) {
    auto source = read_source(path, engine.config().max_module_bytes);
    if (!source) return std::unexpected(source.error());
    if (is_component(source->form)) {
        auto component = Component::load(engine, source->bytes);
        if (!component) return std::unexpected(load_failure(*source, component.error()));
        return {};
    }
    auto module = Module::load(engine, source->bytes, source->label);
    if (!module) return std::unexpected(load_failure(*source, module.error()));
    return {};
}

}  // namespace

int validate(const ValidateOptions& options) {
    Engine engine(options.config);
    int code = ok;
    for (const std::string& path : options.files) {
        auto checked = check(engine, path);
        fmt::print("{}\n", checked ? label_of(path) + ": ok" : checked.error().message);
        // One file: its own exit code. Several: the first that is not ok.
        if (!checked && code == ok) code = checked.error().code;
    }
    return code;
}

}  // namespace heddle::cli
