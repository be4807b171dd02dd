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
inline T good(Result<T> r) {
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

// ---- resources ------------------------------------------------------------------------------------------------------------------------------

inline const std::string box_wit = R"(package demo:box;
interface boxes {
  resource box { constructor(n: u32); value: func() -> u32; }
  join: func(a: borrow<box>, b: box) -> u32;
  many: func(n: u32) -> list<box>;
  dropped: func() -> u32;
  crash: func();
}
world store { export boxes; }
)";
inline const std::string box = R"((module
  (import "[export]demo:box/boxes" "[resource-new]box" (func $new (param i32) (result i32)))
  (import "[export]demo:box/boxes" "[resource-rep]box" (func $rep (param i32) (result i32)))
  (import "[export]demo:box/boxes" "[resource-drop]box" (func $drop (param i32)))
  (memory (export "memory") 1) (global $dropped (mut i32) (i32.const 0))
  (func (export "demo:box/boxes#[constructor]box") (param i32) (result i32) (call $new (local.get 0)))
  (func (export "demo:box/boxes#[method]box.value") (param i32) (result i32) (local.get 0))
  (func (export "demo:box/boxes#[dtor]box") (param i32) (global.set $dropped (i32.add (global.get $dropped) (i32.const 1))))
  (func (export "demo:box/boxes#join") (param i32 i32) (result i32)
    (i32.add (local.get 0) (call $rep (local.get 1))) (call $drop (local.get 1)))
  (func (export "demo:box/boxes#many") (param i32) (result i32) (local $i i32)
    (i32.store (i32.const 8) (i32.const 16)) (i32.store (i32.const 12) (local.get 0))
    (loop $l
      (i32.store (i32.add (i32.const 16) (i32.shl (local.get $i) (i32.const 2))) (call $new (local.get $i)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (i32.const 8))
  (func (export "demo:box/boxes#dropped") (result i32) (global.get $dropped))
  (func (export "demo:box/boxes#crash") unreachable)))";

// Keeps a box of an instance that it reached.
inline const std::string keeper_wit = R"(package demo:keeper;
world keeper {
  include demo:box-plugin/imports;
  export fill: func(who: string, n: u32) -> u32;
  export cross: func(who: string) -> u32;
  export value: func() -> u32;
  export merge: func(n: u32) -> u32;
  export many: func(n: u32) -> u32;
  export give-up: func() -> u32;
  export crash: func() -> u32;
}
)";
// 0 or what was asked for; or 1000, 2000, 3000 and the error's case: of connect, of bind, of the call.
inline const std::string keeper = R"((module
  (import "heddle:plugins/loader@0.1.0" "[static]instance.connect" (func $connect (param i32 i32 i32)))
  (import "demo:box-plugin/boxes" "[static]plugin.bind" (func $bind (param i32 i32)))
  (import "demo:box-plugin/boxes" "[static]box.new" (func $new (param i32 i32 i32)))
  (import "demo:box-plugin/boxes" "[method]box.value" (func $value (param i32 i32)))
  (import "demo:box-plugin/boxes" "[method]plugin.join" (func $join (param i32 i32 i32 i32)))
  (import "demo:box-plugin/boxes" "[method]plugin.many" (func $many (param i32 i32 i32)))
  (import "demo:box-plugin/boxes" "[method]plugin.crash" (func $crash (param i32 i32)))
  (import "demo:box-plugin/boxes" "[resource-drop]box" (func $drop (param i32)))
  (memory (export "memory") 2)
  (global $plugin (mut i32) (i32.const 0)) (global $box (mut i32) (i32.const 0))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func $failed (result i32) (i32.load8_u (i32.const 64)))
  (func $got (result i32) (i32.load (i32.const 68)))
  (func $outcome (param $is i32) (result i32)
    (if (result i32) (call $failed) (then (i32.add (i32.const 3000) (i32.load8_u (i32.const 68)))) (else (local.get $is))))
  (func $reach (param i32 i32) (result i32)
    (call $connect (local.get 0) (local.get 1) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 1000) (i32.load8_u (i32.const 68))))))
    (call $bind (call $got) (i32.const 64))
    (if (call $failed) (then (return (i32.add (i32.const 2000) (i32.load8_u (i32.const 68))))))
    (global.set $plugin (call $got))
    (i32.const 0))
  (func (export "fill") (param i32 i32 i32) (result i32) (local $r i32)
    (if (local.tee $r (call $reach (local.get 0) (local.get 1))) (then (return (local.get $r))))
    (call $new (global.get $plugin) (local.get 2) (i32.const 64))
    (global.set $box (call $got))
    (call $outcome (i32.const 0)))
  (func $merge (export "merge") (param i32) (result i32)
    (call $new (global.get $plugin) (local.get 0) (i32.const 64))
    (if (call $failed) (then (return (call $outcome (i32.const 0)))))
    (call $join (global.get $plugin) (global.get $box) (call $got) (i32.const 64))
    (call $outcome (call $got)))
  (func (export "cross") (param i32 i32) (result i32) (local $r i32)
    (if (local.tee $r (call $reach (local.get 0) (local.get 1))) (then (return (local.get $r))))
    (call $merge (i32.const 1)))
  (func (export "value") (result i32) (call $value (global.get $box) (i32.const 64)) (call $outcome (call $got)))
  (func (export "many") (param i32) (result i32)
    (call $many (global.get $plugin) (local.get 0) (i32.const 64))
    (call $outcome (i32.load (i32.const 72))))
  (func (export "give-up") (result i32) (call $drop (global.get $box)) (i32.const 0))
  (func (export "crash") (result i32) (call $crash (global.get $plugin) (i32.const 64)) (call $outcome (i32.const 0)))))";

inline std::string box_component() {
    wit::Resolve r = good(wit::resolve({{"box.wit", box_wit}}));
    auto bytes = good(tools::make_component(Engine(), good(tools::embed(r, good(tools::find_world(r, 0, "store")), good(text::assemble(box))))));
    return {bytes.begin(), bytes.end()};
}
inline std::string keeper_component() {
    wit::Resolve boxes = good(wit::resolve({{"box.wit", box_wit}}));
    std::string derived = tools::print(good(tools::derive_plugin({boxes, 0, std::nullopt}, 0)));
    wit::Resolve r = good(wit::resolve({{"keeper.wit", keeper_wit}, {"derived.wit", derived}}));
    u32 world = good(tools::find_world(r, *r.find_package({"demo", "keeper", std::nullopt}), "keeper"));
    auto bytes = good(tools::make_component(Engine(), good(tools::embed(r, world, good(text::assemble(keeper))))));
    return {bytes.begin(), bytes.end()};
}
// The box's functions as ops whose names begin with `prefix`, of one lifetime.
inline std::string box_ops(const std::string& prefix, const std::string& lifetime) {
    std::string text;
    for (auto [op, function] : {std::pair("new", "[constructor]box"), {"value", "[method]box.value"}, {"join", "join"}, {"many", "many"}, {"dropped", "dropped"}, {"crash", "crash"}})
        text += "[materializers." + prefix + op + "]\nartifact = \"box.wasm\"\nexport = \"demo:box/boxes." + function + "\"\n" + lifetime + "\n";
    return text;
}
inline std::string keeper_ops(const std::string& lifetime, const std::string& connect) {
    std::string text;
    for (const char* op : {"fill", "cross", "value", "merge", "many", "give-up", "crash"})
        text += "[materializers." + std::string(op) + "]\nartifact = \"keeper.wasm\"\nlifetime = \"" + lifetime + "\"\ngrants = { connect = [" + connect + "] }\n";
    return text;
}

}  // namespace heddle::wire::testing
