// WIT and core modules to components, for the tests of the tools.
#pragma once
#include <gtest/gtest.h>

#include <heddle/component_text.hpp>
#include <heddle/component_tools.hpp>

#include "component/support/world.hpp"

namespace heddle::component::tools::testing {

inline wit::Resolve packages(const std::string& text) {
    auto r = wit::resolve({{"test.wit", text}});
    if (!r) throw std::runtime_error(r.error().to_string());
    return *r;
}

inline std::vector<u8> core(const std::string& wat) {
    auto bytes = text::assemble(wat);
    if (!bytes) throw std::runtime_error(text::describe(wat, bytes.error()));
    return *bytes;
}

// The core module with the world of that name of the first package in it.
inline std::vector<u8> embedded(const std::string& wit, const std::string& world, const std::string& wat, Encoding encoding = Encoding::utf8) {
    wit::Resolve r = packages(wit);
    auto w = find_world(r, 0, world);
    if (!w) throw std::runtime_error(w.error().to_string());
    auto bytes = embed(r, *w, core(wat), encoding);
    if (!bytes) throw std::runtime_error(bytes.error().to_string());
    return *bytes;
}

inline std::vector<u8> made(const Engine& engine, const std::string& wit, const std::string& world, const std::string& wat) {
    auto bytes = make_component(engine, embedded(wit, world, wat));
    if (!bytes) throw std::runtime_error(bytes.error().to_string());
    return *bytes;
}

inline std::string refused(const Engine& engine, const std::string& wit, const std::string& world, const std::string& wat) {
    auto bytes = make_component(engine, embedded(wit, world, wat));
    return bytes ? "" : bytes.error().to_string();
}

inline heddle::Component loaded(const Engine& engine, const std::vector<u8>& bytes) {
    auto c = heddle::Component::load(engine, bytes);
    if (!c) throw std::runtime_error(c.error().to_string());
    return *c;
}

// A memory with an allocator that only goes forward, as fields of a core module.
inline const std::string allocator = R"(
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func $alloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1))) (i32.sub (i32.const 0) (local.get 2))))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
)";

}  // namespace heddle::component::tools::testing
