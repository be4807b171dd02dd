#include "wast_components.hpp"

#include <heddle/component_text.hpp>

#include "wast_values.hpp"

namespace heddle::cli {

using component::Val;
using Kind = text::Command::Kind;

bool ComponentScript::concerns(const text::Command& c) {
    bool makes = c.kind == Kind::module || c.kind == Kind::module_instance;
    if (c.component || (c.module && c.module->component)) {
        is_latest_ = is_latest_ || makes;
        return true;
    }
    bool by_name = c.action || c.kind == Kind::register_;
    if (!by_name) return false;
    const std::string& name = c.action ? c.action->module : c.name;
    return name.empty() ? is_latest_ : knows(name);
}

Result<Component> ComponentScript::load(const text::ModuleSource& source) const {
    auto bytes = source.form == text::ModuleSource::Form::binary ? source.bytes : component::assemble(source.text);
    if (!bytes) return std::unexpected(bytes.error());
    return Component::load(engine_, std::move(*bytes));
}

Result<ComponentFunc> ComponentScript::find_func(const text::Action& action) const {
    auto usage = [](std::string message) { return std::unexpected(Error{Error::Kind::usage, std::move(message)}); };
    const ComponentInstance* instance = find_named(action.module);
    if (!instance) return std::unexpected(unknown_instance(action.module));
    if (action.kind != text::Action::Kind::invoke) return usage("a component has no globals");
    auto f = instance->find_func(action.field);
    if (!f) return usage(fmt::format("no exported function \"{}\"", action.field));
    return *f;
}

Result<std::optional<Val>> ComponentScript::perform(const text::Action& action) const {
    auto f = find_func(action);
    if (!f) return std::unexpected(f.error());
    auto arguments = script_arguments(action.arguments, f->type());
    if (!arguments) return std::unexpected(arguments.error());
    return f->call(std::move(*arguments));
}

std::string ComponentScript::difference(const text::Command& c, const std::optional<Val>& result) const {
    return compare_result(c.expected, result, find_func(*c.action)->type());
}

}  // namespace heddle::cli
