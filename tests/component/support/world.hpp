// Component text to running instances, for the tests of the component runtime.
#pragma once
#include <gtest/gtest.h>

#include <heddle/component.hpp>
#include <heddle/component_text.hpp>

namespace heddle::component::testing {

inline heddle::Component load(const Engine& engine, std::string_view text) {
    auto bytes = assemble(text);
    if (!bytes) throw std::runtime_error(bytes.error().to_string());
    auto c = heddle::Component::load(engine, std::move(*bytes));
    if (!c) throw std::runtime_error(c.error().to_string());
    return *c;
}

// A Store with what is put into it.
struct World {
    Engine engine;
    Store store{engine};
    ComponentLinker imports{engine};

    ComponentInstance make(std::string_view text) {
        auto i = imports.instantiate(store, load(engine, text));
        if (!i) throw std::runtime_error(i.error().to_string());
        return *i;
    }
    // Why it cannot be instantiated; empty when it can.
    std::string refused(std::string_view text) {
        auto i = imports.instantiate(store, load(engine, text));
        return i ? "" : i.error().to_string();
    }
};

inline Result<std::optional<Val>> call(const ComponentInstance& i, std::string_view path, std::vector<Val> args = {}) {
    auto f = i.find_func(path);
    if (!f) return std::unexpected(Error{Error::Kind::usage, "no function " + std::string(path)});
    return f->call(std::move(args));
}

// The result, or why there is none.
inline std::string text_of(const Result<std::optional<Val>>& r) {
    if (!r) return r.error().to_string();
    return *r ? to_string(**r) : "nothing";
}

// Callers of the import `wait` wait: they are in `waiting`, in their order.
inline void import_wait(ComponentLinker& imports, std::vector<Deferred>& waiting) {
    imports.root().raw("wait", [&waiting](HostCall& c) {
        waiting.push_back(c.defer());
        return c.wait();
    });
}

// `f` calls the import `wait` and returns, on a stack of its own.
inline constexpr const char* waiter = R"((component
  (import "wait" (func $wait async))
  (canon lower (func $wait) (core func $wait'))
  (canon task.return (core func $return))
  (core module $m
    (import "" "wait" (func $wait))
    (import "" "return" (func $return))
    (func (export "f") (call $wait) (call $return)))
  (core instance $i (instantiate $m (with "" (instance (export "wait" (func $wait')) (export "return" (func $return))))))
  (func (export "f") async (canon lift (core func $i "f") async))))";

// A core module with a memory and a bump allocator, and how to instantiate it: "mem" and "realloc".
inline const std::string memory_module = R"(
  (core module $Memory
    (memory (export "mem") 4)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1))) (i32.xor (i32.sub (local.get 2) (i32.const 1)) (i32.const -1))))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (local.get $at)))
  (core instance $memory (instantiate $Memory)))";

}  // namespace heddle::component::testing
