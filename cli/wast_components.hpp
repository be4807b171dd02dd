// The component half of a script.
// https://github.com/WebAssembly/component-model/tree/main/test
#pragma once
#include <optional>
#include <string>

#include <heddle/component.hpp>

#include "wast_half.hpp"

namespace heddle::cli {

class ComponentScript : public WastHalf<ComponentScript, Component, ComponentInstance> {
public:
    ComponentScript(const Engine& engine, Store& store) : engine_(engine), store_(store), linker_(engine) {}

    // Is the command about a component, rather than a core module?
    bool concerns(const text::Command& c);
    // A core module became the latest.
    void forget_latest() { is_latest_ = false; }

    static constexpr const char* noun = "component";
    Result<Component> load(const text::ModuleSource& source) const;
    Result<ComponentInstance> make(const Component& component) const { return linker_.instantiate(store_, component); }
    void register_as(const std::string& name, const ComponentInstance& instance) { linker_.instance(name, instance); }
    Result<std::optional<component::Val>> perform(const text::Action& action) const;
    std::string difference(const text::Command& c, const std::optional<component::Val>& result) const;
    const Trap& last_trap() const { return component_trap(store_); }

private:
    Result<ComponentFunc> find_func(const text::Action& action) const;

    const Engine& engine_;
    Store& store_;
    ComponentLinker linker_;
    bool is_latest_ = false;  // what was instantiated last is a component, also when that failed
};

}  // namespace heddle::cli
