// The component half of a script: definitions, instances, calls and what is asserted of them.
// https://github.com/WebAssembly/component-model/tree/main/test
#pragma once
#include <map>
#include <optional>
#include <string>

#include <heddle/component.hpp>
#include <heddle/text.hpp>

#include "wast_outcome.hpp"

namespace heddle::cli {

class ComponentScript {
public:
    ComponentScript(const Engine& engine, Store& store) : engine_(engine), store_(store), linker_(engine) {}

    // Is the command about a component, rather than a core module?
    bool concerns(const text::Command& c) const;
    // Runs such a command.
    Outcome execute(const text::Command& c);
    // A core module became the latest.
    void forget_latest() { is_latest_ = false; }

private:
    Result<Component> load(const text::ModuleSource& source) const;
    Outcome define(const text::Command& c);
    Outcome instantiate(const Component& component, const std::string& name);
    Outcome component_command(const text::Command& c);
    Outcome instance_command(const text::Command& c);
    Outcome register_command(const text::Command& c);

    const ComponentInstance* find_named(const std::string& name) const;
    Result<ComponentFunc> find_func(const text::Action& action) const;
    Result<std::optional<component::Val>> perform(const text::Action& action) const;
    Outcome act(const text::Command& c) const;
    Outcome assert_return(const text::Command& c) const;
    Outcome assert_ends_with(const text::Command& c, const char* class_name) const;
    Outcome assert_refused(const text::Command& c, const char* class_name) const;
    Outcome assert_unlinkable(const text::Command& c) const;

    const Engine& engine_;
    Store& store_;
    ComponentLinker linker_;
    std::map<std::string, Component, std::less<>> definitions_;
    std::optional<Component> latest_definition_;
    std::map<std::string, ComponentInstance, std::less<>> instances_;
    std::optional<ComponentInstance> latest_;
    bool is_latest_ = false;  // what was instantiated last is a component, also when that failed
};

}  // namespace heddle::cli
