// Component types -> WIT: the imports and exports of a component, or of a component type, as a world.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/WIT.md
#pragma once
#include <heddle/wit.hpp>

#include "names.hpp"
#include "validate.hpp"

namespace heddle::component::tools {

// A world among the packages that it mentions.
struct WorldIn {
    wit::Resolve resolve;
    u32 world = 0;
};

// What a component imports and exports, as the world `root` of a package `root:component`. Throws Error (invalid) for what WIT has no words
// for: core modules, values, components, types without a name.
WorldIn read_world(const ValidatedComponent& component);

// A WIT package in binary form is a component that exports nothing but types: one component type per interface and world. So is a world that
// was put into a core module.
bool is_package(const ValidatedComponent& component);

struct PackageIn {
    wit::Resolve resolve;
    u32 package = 0;
    std::vector<u32> worlds;  // in the order of the exports
};
PackageIn read_package(const ValidatedComponent& component);

// "demo:app/types@1.0.0" in its parts. The label's package is the one that is asked for when there is none.
struct InterfaceName {
    wit::PackageName package;
    std::string interface;
};
std::optional<InterfaceName> interface_name(std::string_view name);

// The package of that name, made if need be.
u32 package_of(wit::Resolve& resolve, const wit::PackageName& name);

}  // namespace heddle::component::tools
