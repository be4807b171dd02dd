// heddle validate: is each file a valid module?
#include <fmt/format.h>

#include "commands.hpp"
#include "source.hpp"

namespace heddle::cli {

namespace {

std::expected<void, Failure> check(const Engine& engine, const std::string& path) {
    auto source = read_source(path, engine.config().max_module_bytes);
    if (!source) return std::unexpected(source.error());
    if (source->form == Form::component || source->form == Form::component_text)
        return std::unexpected(Failure{not_runnable, source->label + ": is a component; this build checks core modules only"});
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
