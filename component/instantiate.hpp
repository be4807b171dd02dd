// Runs a component's definitions in order: core modules, core instances, lifts and lowers, nested components.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#component-definitions
#pragma once
#include <functional>

#include "chain.hpp"

namespace heddle::component::runtime {

// Where imports come from. Gives an item that matches `wanted`, as `to` sees it, or throws Error.
using ImportSource = std::function<Item(Instance& to, const std::string& name, const types::Entity& wanted)>;

// Throws Error: unlinkable, limit, or trapped (Machine::trap says why; nothing of the new instances can be used then).
Instance& instantiate(Machine& m, const Closure& component, Instance* parent, const ImportSource& imports);

// Tells an instance which resources are meant by the types of what it was given.
void bind(Instance& to, const types::Entity& as, const Item& item);

}  // namespace heddle::component::runtime
