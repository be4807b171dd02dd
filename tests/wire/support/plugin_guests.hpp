// A counter, and a guest that holds plug-ins and reaches running instances.
#pragma once
#include <heddle/component_tools.hpp>
#include <heddle/plugin_support.hpp>
#include <heddle/text.hpp>

#include "support/guests.hpp"

namespace heddle::wire::testing {

namespace tools = component::tools;

// Counts its calls.
inline const std::string count = R"((component
  (core module $m (global $n (mut i32) (i32.const 0))
    (func (export "next") (result i32) (global.set $n (i32.add (global.get $n) (i32.const 1))) (global.get $n)))
  (core instance $i (instantiate $m))
  (func $next (result u32) (canon lift (core func $i "next")))
  (component $c (import "next" (func $f (result u32))) (export "next" (func $f)))
  (instance $counter (instantiate $c (with "next" (func $next))))
  (export "demo:count/counter" (instance $counter))))";

inline const std::string count_wit = "package demo:count; interface counter { next: func() -> u32; } world count { export counter; }";
inline const std::string holder_wit = R"(package demo:holder;
world holder {
  include demo:count-plugin/imports;
  export demo:count/counter;
  export bump: func(who: string) -> u32;
  export mine: func(name: string) -> u32;
  export hold: func(who: string) -> u32;
  export again: func() -> u32;
}
package demo:count { interface counter { next: func() -> u32; } }
)";

// What the counter says; or 1000, 2000, 3000 and the error's case: of connect or named, of bind, of the call. `hold` keeps what it reached, and
// `again` calls that.
inline const std::string holder = R"((module
  (import "heddle:plugins/loader@0.1.0" "[static]instance.connect" (func $connect (param i32 i32 i32)))
  (import "heddle:plugins/loader@0.1.0" "[static]code.named" (func $named (param i32 i32 i32)))
  (import "heddle:plugins/loader@0.1.0" "[method]code.instantiate" (func $instantiate (param i32 i32 i64 i32 i64 i32 i32 i32 i32 i32 i32 i32)))
  (import "demo:count-plugin/counter" "[static]plugin.bind" (func $bind (param i32 i32)))
  (import "demo:count-plugin/counter" "[method]plugin.next" (func $next (param i32 i32)))
  (memory (export "memory") 1) (data (i32.const 256) "selfish")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $failed (result i32) (i32.load8_u (i32.const 64)))
  (func $case (result i32) (i32.load8_u (i32.const 68)))
  (func $got (result i32) (i32.load (i32.const 68)))
  (func $ask (param $instance i32) (result i32)
    (call $bind (local.get 0) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 2000) (call $case)))))
    (call $next (call $got) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 3000) (call $case)))))
    (call $got))
  (func $bump (export "bump") (param i32 i32) (result i32)
    (call $connect (local.get 0) (local.get 1) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 1000) (call $case)))))
    (call $ask (call $got)))
  (func (export "mine") (param i32 i32) (result i32)
    (call $named (local.get 0) (local.get 1) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 1000) (call $case)))))
    (call $instantiate (call $got) (i32.const 0) (i64.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 1000) (call $case)))))
    (call $ask (call $got)))
  (global $held (mut i32) (i32.const 0))
  (func (export "hold") (param i32 i32) (result i32)
    (call $connect (local.get 0) (local.get 1) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 1000) (call $case)))))
    (call $bind (call $got) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 2000) (call $case)))))
    (global.set $held (call $got))
    (i32.const 0))
  (func (export "again") (result i32)
    (call $next (global.get $held) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 3000) (call $case)))))
    (call $got))
  (func (export "demo:count/counter#next") (result i32) (call $bump (i32.const 256) (i32.const 7)))))";

template <class T>
T good(Result<T> r) {
    if (!r) throw std::runtime_error(r.error().to_string());
    return std::move(*r);
}

inline std::string holder_component() {
    wit::Resolve count_world = good(wit::resolve({{"count.wit", count_wit}}));
    std::string derived = tools::print(good(tools::derive_plugin({count_world, 0, std::nullopt}, 0)));
    wit::Resolve r = good(wit::resolve({{"holder.wit", holder_wit}, {"derived.wit", derived}}));
    u32 world = good(tools::find_world(r, *r.find_package({"demo", "holder", std::nullopt}), "holder"));
    auto bytes = good(tools::make_component(Engine(), good(tools::embed(r, world, good(text::assemble(holder))))));
    return {bytes.begin(), bytes.end()};
}

}  // namespace heddle::wire::testing
