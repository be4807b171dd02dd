// Worlds and packages in their binary form, and worlds inside core modules.
#pragma once
#include <heddle/component_tools.hpp>

#include "tools/world_reader.hpp"

namespace heddle::component::tools {

// What a core module says about itself: the world it is made for, and how its strings are encoded.
struct Embedded {
    wit::Resolve resolve;
    u32 world = 0;
    Encoding encoding = Encoding::utf8;
};

// All worlds in custom sections `component-type…` put together to one. None: no such section. Throws Error.
std::optional<Embedded> embedded_world(const Engine& engine, const Module& module);

// A world as the contents of such a section.
std::vector<u8> encode_world(const wit::Resolve& resolve, u32 world, Encoding encoding);

}  // namespace heddle::component::tools
