#include "wast_components.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <heddle/component_text.hpp>

#include "wast_compare.hpp"
#include "wast_values.hpp"

namespace heddle::cli {

using component::Val;
using text::Command;
using Kind = text::Command::Kind;

bool ComponentScript::concerns(const Command& c) const {
    if (c.component || (c.module && c.module->component)) return true;
    bool by_name = c.action || c.kind == Kind::register_;
    if (!by_name) return false;
    const std::string& name = c.action ? c.action->module : c.name;
    return name.empty() ? is_latest_ : instances_.contains(name);
}

Outcome ComponentScript::execute(const Command& c) {
    switch (c.kind) {
        case Kind::module: return component_command(c);
        case Kind::module_definition: return define(c);
        case Kind::module_instance: return instance_command(c);
        case Kind::register_: return register_command(c);
        case Kind::action: return act(c);
        case Kind::assert_return: return assert_return(c);
        case Kind::assert_trap: return assert_ends_with(c, "trap");
        case Kind::assert_exhaustion: return assert_ends_with(c, "exhaustion");
        case Kind::assert_exception: return assert_ends_with(c, "exception");
        case Kind::assert_suspension: return assert_ends_with(c, "suspension");
        case Kind::assert_invalid:
        case Kind::assert_invalid_custom: return assert_refused(c, "invalid");
        case Kind::assert_malformed:
        case Kind::assert_malformed_custom: return assert_refused(c, "malformed");
        case Kind::assert_unlinkable: return assert_unlinkable(c);
        case Kind::thread:
        case Kind::wait: break;
    }
    return Outcome::failure("a known command", "unknown command");
}

// ---- components ---------------------------------------------------------------------------------------------------------------

Result<Component> ComponentScript::load(const text::ModuleSource& source) const {
    auto bytes = source.form == text::ModuleSource::Form::binary ? source.bytes : component::assemble(source.text);
    if (!bytes) return std::unexpected(bytes.error());
    return Component::load(engine_, std::move(*bytes));
}

Outcome ComponentScript::define(const Command& c) {
    latest_definition_.reset();
    if (!c.module->name.empty()) definitions_.erase(c.module->name);
    auto component = load(*c.module);
    if (!component) return Outcome::failure("the component loads", component.error().to_string());
    latest_definition_ = *component;
    if (!c.module->name.empty()) definitions_.insert_or_assign(c.module->name, *component);
    return {};
}

Outcome ComponentScript::instantiate(const Component& component, const std::string& name) {
    auto instance = linker_.instantiate(store_, component);
    if (!instance) return Outcome::failure("the component is instantiated", instance.error().to_string());
    latest_ = *instance;
    if (!name.empty()) instances_.insert_or_assign(name, *instance);
    return {};
}

// What follows a component that failed must not run against an older one.
Outcome ComponentScript::component_command(const Command& c) {
    is_latest_ = true;
    latest_.reset();
    if (!c.module->name.empty()) instances_.erase(c.module->name);
    Outcome o = define(c);
    return o.passed ? instantiate(*latest_definition_, c.module->name) : o;
}

Outcome ComponentScript::instance_command(const Command& c) {
    is_latest_ = true;
    latest_.reset();
    if (!c.name.empty()) instances_.erase(c.name);
    std::optional<Component> component = latest_definition_;
    if (!c.target.empty()) {
        auto it = definitions_.find(c.target);
        component = it == definitions_.end() ? std::nullopt : std::optional(it->second);
    }
    if (!component) return Outcome::failure("a component to instantiate", fmt::format("no component definition ${}", c.target));
    return instantiate(*component, c.name);
}

Outcome ComponentScript::register_command(const Command& c) {
    const ComponentInstance* instance = find_named(c.name);
    if (!instance) return Outcome::failure("an instance to register", "no component was instantiated");
    linker_.instance(c.field, *instance);
    return {};
}

const ComponentInstance* ComponentScript::find_named(const std::string& name) const {
    if (name.empty()) return latest_ ? &*latest_ : nullptr;
    auto it = instances_.find(name);
    return it == instances_.end() ? nullptr : &it->second;
}

// ---- actions ------------------------------------------------------------------------------------------------------------------

namespace {

Error usage(std::string message) { return Error{Error::Kind::usage, std::move(message)}; }

}  // namespace

Result<ComponentFunc> ComponentScript::find_func(const text::Action& action) const {
    const ComponentInstance* instance = find_named(action.module);
    if (!instance) return std::unexpected(usage("no component before it was instantiated"));
    if (action.kind != text::Action::Kind::invoke) return std::unexpected(usage("a component has no globals"));
    auto f = instance->find_func(action.field);
    if (!f) return std::unexpected(usage(fmt::format("no exported function \"{}\"", action.field)));
    return *f;
}

Result<std::optional<Val>> ComponentScript::perform(const text::Action& action) const {
    auto f = find_func(action);
    if (!f) return std::unexpected(f.error());
    auto arguments = script_arguments(action.arguments, f->type());
    if (!arguments) return std::unexpected(arguments.error());
    return f->call(std::move(*arguments));
}

Outcome ComponentScript::act(const Command& c) const {
    auto result = perform(*c.action);
    return result ? Outcome{} : Outcome::failure("the action returns", result.error().to_string());
}

// ---- assertions ---------------------------------------------------------------------------------------------------------------

Outcome ComponentScript::assert_return(const Command& c) const {
    auto result = perform(*c.action);
    if (!result) return Outcome::failure(describe(c.expected), result.error().to_string());
    std::string difference = compare_result(c.expected, *result, find_func(*c.action)->type());
    return difference.empty() ? Outcome{} : Outcome::failure(describe(c.expected), std::move(difference));
}

// The action, or the instantiation of the component, which is expected to fail.
Outcome ComponentScript::assert_ends_with(const Command& c, const char* class_name) const {
    std::optional<Error> error;
    if (c.action) {
        if (auto result = perform(*c.action); !result) error = result.error();
    } else if (auto component = load(*c.module); !component) {
        error = component.error();
    } else if (auto instance = linker_.instantiate(store_, *component); !instance) {
        error = instance.error();
    }
    return judge_end(class_name, c.message, error ? &*error : nullptr, component_trap(store_));
}

Outcome ComponentScript::assert_refused(const Command& c, const char* class_name) const {
    auto component = load(*c.module);
    return judge_refusal(class_name, c.message, component ? nullptr : &component.error());
}

Outcome ComponentScript::assert_unlinkable(const Command& c) const {
    auto component = load(*c.module);
    if (!component) return Outcome::failure("unlinkable: " + c.message, component.error().to_string());
    auto instance = linker_.instantiate(store_, *component);
    return judge_refusal("unlinkable", c.message, instance ? nullptr : &instance.error());
}

}  // namespace heddle::cli
