// One guest in four forms: it speaks the protocol as core-wire (canonical ABI), core-wire (simple), wit-wire (component) and wit. What it does is told
// by the first letter of the JSON string it is given:
//
//   e  the input back            n  no-handler        i  in-json-err         h  handler-err       t  traps          l  loops
//   g  grows its memory until it may not, then traps  c  counts its calls    b  gives `{`         s  gives a text
//   r  calls `random`            k  calls `kv.get`    x  calls `no.such`     o  calls `call` for the op `other`
#pragma once
#include <string>

#include <heddle/component_tools.hpp>
#include <heddle/text.hpp>

#include "shapes.hpp"

namespace heddle::wire::testing {

// Status, address and length of the answer to an input. Needs $allocate, $host (op, its length, JSON, its length -> status, address, length).
inline const std::string serve = R"(
  (global $count (mut i32) (i32.const 0))
  (data (i32.const 1032) "{") (data (i32.const 1040) "{\"message\":\"said no\",\"code\":7}")
  (data (i32.const 1080) "\"it is a text\"")
  (data (i32.const 1100) "random{\"bytes\":4}")
  (data (i32.const 1200) "kv.get{\"key\":\"k\"}")
  (data (i32.const 1300) "no.such{}")
  (data (i32.const 1400) "call{\"op\":\"other\",\"in\":\"echo\"}")
  (func $fail (param $s i32) (param $p i32) (param $n i32) (result i32 i32 i32)
    (select (i32.const 3) (i32.const 0) (local.get $s)) (local.get $p) (local.get $n))
  (func $serve (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32 i32 i32)
    (local $c i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (if (i32.gt_u (local.get $n) (i32.const 2)) (then (local.set $c (i32.load8_u offset=1 (local.get $in)))))
    (if (i32.eq (local.get $c) (i32.const 110)) (then (return (i32.const 1) (i32.const 0) (i32.const 0))))
    (if (i32.eq (local.get $c) (i32.const 105)) (then (return (i32.const 2) (i32.const 1040) (i32.const 30))))
    (if (i32.eq (local.get $c) (i32.const 104)) (then (return (i32.const 3) (i32.const 1040) (i32.const 30))))
    (if (i32.eq (local.get $c) (i32.const 116)) (then unreachable))
    (if (i32.eq (local.get $c) (i32.const 108)) (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $c) (i32.const 103))
      (then (loop $more (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) unreachable))
    (if (i32.eq (local.get $c) (i32.const 99))
      (then (i32.store8 (i32.const 1500) (i32.add (i32.const 48) (global.get $count))) (return (i32.const 0) (i32.const 1500) (i32.const 1))))
    (if (i32.eq (local.get $c) (i32.const 98)) (then (return (i32.const 0) (i32.const 1032) (i32.const 1))))
    (if (i32.eq (local.get $c) (i32.const 115)) (then (return (i32.const 0) (i32.const 1080) (i32.const 14))))
    (if (i32.eq (local.get $c) (i32.const 114))
      (then (call $host (i32.const 1100) (i32.const 6) (i32.const 1106) (i32.const 11)) (return (call $fail))))
    (if (i32.eq (local.get $c) (i32.const 107))
      (then (call $host (i32.const 1200) (i32.const 6) (i32.const 1206) (i32.const 11)) (return (call $fail))))
    (if (i32.eq (local.get $c) (i32.const 120))
      (then (call $host (i32.const 1300) (i32.const 7) (i32.const 1307) (i32.const 2)) (return (call $fail))))
    (if (i32.eq (local.get $c) (i32.const 111))
      (then (call $host (i32.const 1400) (i32.const 4) (i32.const 1404) (i32.const 26)) (return (call $fail))))
    (i32.const 0) (local.get $in) (local.get $n)))";

inline const std::string allocate = R"(
  (global $heap (mut i32) (i32.const 8192))
  (func $allocate (export "cw_alloc") (param $n i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $n)))
    (loop $more
      (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536)))
        (then (if (i32.eq (i32.const -1) (memory.grow (i32.const 16))) (then unreachable)) (br $more))))
    (local.get $at)))";

// handle's answer is placed in its 16 bytes.
inline const std::string cabi_answer = R"(
  (func $host (param $op i32) (param $opn i32) (param $js i32) (param $jsn i32) (result i32 i32 i32)
    (call $hostcall (local.get $op) (local.get $opn) (local.get $js) (local.get $jsn) (i32.const 3000))
    (i32.load8_u (i32.const 3000)) (i32.load (i32.const 3004)) (i32.load (i32.const 3008)))
  (func $handle (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32)
    (local $s i32) (local $p i32) (local $len i32)
    (call $serve (local.get $op) (local.get $opn) (local.get $in) (local.get $n))
    (local.set $len) (local.set $p) (local.set $s)
    (i32.store8 (i32.const 2100) (i32.ne (local.get $s) (i32.const 0)))
    (if (i32.eqz (local.get $s))
      (then (i32.store (i32.const 2104) (local.get $p)) (i32.store (i32.const 2108) (local.get $len)))
      (else (i32.store8 (i32.const 2104) (i32.sub (local.get $s) (i32.const 1))) (i32.store (i32.const 2108) (local.get $p)) (i32.store (i32.const 2112) (local.get $len))))
    (i32.const 2100)))";
// And init gives {ok: true}.
inline const std::string cabi_exports = cabi_answer + R"(
  (func (export "metatype:wit-wire/mat-wire#init") (param i32 i32 i32 i32) (result i32)
    (i32.store8 (i32.const 2000) (i32.const 0)) (i32.store8 (i32.const 2004) (i32.const 1)) (i32.const 2000))
  (export "metatype:wit-wire/mat-wire#handle" (func $handle)))";

// Built against the types of an app whose inputs and outputs cross as JSON text.
inline std::string wit_guest(const std::string& manifest_text) {
    Manifest manifest = read_manifest(manifest_text, ".");
    Shapes shapes(manifest);
    std::string text = R"((module (import "metatype:wit-wire/typegate-wire" "hostcall" (func $hostcall (param i32 i32 i32 i32 i32))) (memory (export "memory") 1))" + allocate +
                       R"((func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $allocate (local.get 3))))" + serve + cabi_answer;
    for (const OpShape& op : shapes.ops())
        text += "(func (export \"" + wit_package(manifest) + "/handlers#" + op.name + "\") (param i32 i32) (result i32) (call $handle (i32.const 0) (i32.const 0) (local.get 0) (local.get 1)))";
    auto core = text::assemble(text + ")");
    auto wit = wit::resolve({{"app.wit", wit_text(manifest, shapes, *manifest.materializers[0].guest)}});
    u32 package = *wit->find_package({"app", wit_package(manifest).substr(4), std::nullopt});
    auto embedded = component::tools::embed(*wit, *wit->find_world(package, "guest"), *core);
    auto component = component::tools::make_component(Engine(), *embedded);
    return {component->begin(), component->end()};
}

inline std::string cabi_guest() {
    return R"((module (import "metatype:wit-wire/typegate-wire" "hostcall" (func $hostcall (param i32 i32 i32 i32 i32))) (memory (export "memory") 1))" + allocate +
           R"((func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $allocate (local.get 3))))" + serve + cabi_exports + ")";
}

inline std::string simple_guest() {
    return R"((module
      (import "cw:host" "result" (func $result (param i32 i32)))
      (import "cw:host" "hostcall" (func $hostcall (param i32 i32 i32 i32) (result i64)))
      (import "cw:host" "take" (func $take (param i32)))
      (memory (export "memory") 1))" + allocate + R"(
      (func $host (param $op i32) (param $opn i32) (param $js i32) (param $jsn i32) (result i32 i32 i32)
        (local $r i64) (local $p i32)
        (local.set $r (call $hostcall (local.get $op) (local.get $opn) (local.get $js) (local.get $jsn)))
        (local.set $p (call $allocate (i32.wrap_i64 (local.get $r))))
        (call $take (local.get $p))
        (i32.wrap_i64 (i64.shr_u (local.get $r) (i64.const 32))) (local.get $p) (i32.wrap_i64 (local.get $r)))
      (func (export "cw_abi") (result i32) (i32.const 1))
      (func (export "cw_free") (param i32 i32))
      (func (export "cw_init") (param i32 i32) (result i32) (i32.const 0))
      (func (export "cw_handle") (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32)
        (local $s i32) (local $p i32) (local $len i32)
        (call $serve (local.get $op) (local.get $opn) (local.get $in) (local.get $n))
        (local.set $len) (local.set $p) (local.set $s)
        (call $result (local.get $p) (local.get $len))
        (local.get $s)))" + serve + ")";
}

inline std::string component_guest() {
    return R"((component
      (import "metatype:wit-wire/typegate-wire" (instance $host
        (export "hostcall" (func (param "op-name" string) (param "json" string) (result (result string (error string)))))))
      (core module $libc (memory (export "memory") 1))" + allocate + R"(
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $allocate (local.get 3))))
      (core instance $libc (instantiate $libc))
      (core func $hostcall (canon lower (func $host "hostcall") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
      (core module $m
        (import "host" "hostcall" (func $hostcall (param i32 i32 i32 i32 i32)))
        (import "libc" "memory" (memory 1)))" + serve + cabi_exports + R"()
      (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "host" (instance (export "hostcall" (func $hostcall))))))
      (type $mat-info (record (field "op-name" string) (field "mat-title" string) (field "mat-hash" string) (field "mat-data-json" string)))
      (type $init-args (record (field "metatype-version" string) (field "expected-ops" (list $mat-info))))
      (type $init-response (record (field "ok" bool)))
      (type $init-error (variant (case "version-mismatch" string) (case "unexpected-mat" $mat-info) (case "other" string)))
      (type $handle-req (record (field "op-name" string) (field "in-json" string)))
      (type $handle-err (variant (case "no-handler") (case "in-json-err" string) (case "handler-err" string)))
      (type $init (func (param "args" $init-args) (result (result $init-response (error $init-error)))))
      (type $handle (func (param "req" $handle-req) (result (result string (error $handle-err)))))
      (func $init (type $init) (canon lift (core func $i "metatype:wit-wire/mat-wire#init") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
      (func $handle (type $handle) (canon lift (core func $i "metatype:wit-wire/mat-wire#handle") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
      (component $shim
        (type $r0 (record (field "op-name" string) (field "mat-title" string) (field "mat-hash" string) (field "mat-data-json" string)))
        (import "import-mat-info" (type $mi (eq $r0)))
        (type $r1 (record (field "metatype-version" string) (field "expected-ops" (list $mi))))
        (import "import-init-args" (type $ia (eq $r1)))
        (type $r2 (record (field "ok" bool)))
        (import "import-init-response" (type $ir (eq $r2)))
        (type $r3 (variant (case "version-mismatch" string) (case "unexpected-mat" $mi) (case "other" string)))
        (import "import-init-error" (type $ie (eq $r3)))
        (type $r4 (record (field "op-name" string) (field "in-json" string)))
        (import "import-handle-req" (type $hr (eq $r4)))
        (type $r5 (variant (case "no-handler") (case "in-json-err" string) (case "handler-err" string)))
        (import "import-handle-err" (type $he (eq $r5)))
        (import "import-init" (func $init (param "args" $ia) (result (result $ir (error $ie)))))
        (import "import-handle" (func $handle (param "req" $hr) (result (result string (error $he)))))
        (export $xmi "mat-info" (type $r0))
        (type $s1 (record (field "metatype-version" string) (field "expected-ops" (list $xmi))))
        (export $xia "init-args" (type $s1))
        (export $xir "init-response" (type $r2))
        (type $s3 (variant (case "version-mismatch" string) (case "unexpected-mat" $xmi) (case "other" string)))
        (export $xie "init-error" (type $s3))
        (export $xhr "handle-req" (type $r4))
        (export $xhe "handle-err" (type $r5))
        (export "init" (func $init) (func (param "args" $xia) (result (result $xir (error $xie)))))
        (export "handle" (func $handle) (func (param "req" $xhr) (result (result string (error $xhe))))))
      (instance $wire (instantiate $shim
        (with "import-mat-info" (type $mat-info)) (with "import-init-args" (type $init-args)) (with "import-init-response" (type $init-response))
        (with "import-init-error" (type $init-error)) (with "import-handle-req" (type $handle-req)) (with "import-handle-err" (type $handle-err))
        (with "import-init" (func $init)) (with "import-handle" (func $handle))))
      (export "metatype:wit-wire/mat-wire" (instance $wire))))";
}

}  // namespace heddle::wire::testing
