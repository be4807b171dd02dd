// What the outside of a component binary shows: its sections, and the names it imports and exports.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#component-definitions
#pragma once
#include <span>
#include <string>
#include <vector>

#include <heddle/types.hpp>

namespace heddle::cli {

struct ComponentOutline {
    struct Section {
        std::string name;
        u32 offset = 0, bytes = 0;
    };
    std::vector<Section> sections;
    u32 core_modules = 0, components = 0;
    std::vector<std::string> imports, exports;
    std::string broken;  // where reading stopped, and why; empty when all was read
};

// `bytes` begin with a component's header. Broken contents give what was read before them.
ComponentOutline outline_component(std::span<const u8> bytes);

}  // namespace heddle::cli
