// The files of `heddle app init`: a manifest that explains itself, and guests in text form, so that they run without a compiler.
#include <heddle/wire.hpp>

namespace heddle::wire {

namespace {

const char* const manifest = R"(# An app of materializers: functions in any language, called with JSON.
#   heddle app check app.toml
#   heddle call app.toml add --json '{"a": 40, "b": 2}'
#   heddle call app.toml hello --json '"Ada"'
#   heddle serve app.toml
name = "starter"

# Types are JSON Schemas. Input and output are held against them on both sides of the guest.
[types.Pair]
type = "object"
required = ["a", "b"]                 # for kind `core` this is also the order of the arguments
properties.a.type = "integer"
properties.b.type = "integer"
additionalProperties = false

# What holds for every materializer that says nothing else.
[defaults]
limits = { deadline = "1s", memory = "16MiB" }

# kind = "core": an exported function of numbers.
[materializers.add]
artifact = "add.wat"
kind = "core"
input = "Pair"
output = { type = "integer" }

# kind = "core-wire": a plain module that takes and gives JSON text.
[materializers.hello]
artifact = "hello.wat"
kind = "core-wire"
input = { type = "string", maxLength = 100 }
output = { type = "string" }
lifetime = "snapshot"                 # request | snapshot | pooled | singleton | keyed
grants = { log = true }               # gql, call = ["op"], kv = "read"|"write", http = ["https://host"], config = ["key"]; nothing else

[serve]
listen = "127.0.0.1:8080"
)";

const char* const add = R"((module
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1))))
)";

// Puts "hello, " into the JSON string it is given.
const char* const hello = R"((module
  (import "cw:host" "result" (func $result (param i32 i32)))
  (import "cw:host" "hostcall" (func $hostcall (param i32 i32 i32 i32) (result i64)))
  (memory (export "memory") 2)
  (data (i32.const 0) "\"hello, ")
  (data (i32.const 16) "log\"somebody was greeted\"")
  (global $heap (mut i32) (i32.const 1024))
  (func (export "cw_abi") (result i32) (i32.const 1))
  (func $alloc (export "cw_alloc") (param $n i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.add (local.get $at) (local.get $n)))
    (local.get $at))
  (func (export "cw_free") (param i32 i32))
  (func (export "cw_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "cw_handle") (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32)
    (local $to i32)
    (drop (call $hostcall (i32.const 16) (i32.const 3) (i32.const 19) (i32.const 22)))
    (local.set $to (call $alloc (i32.add (local.get $n) (i32.const 7))))
    (memory.copy (local.get $to) (i32.const 0) (i32.const 8))
    (memory.copy (i32.add (local.get $to) (i32.const 8)) (i32.add (local.get $in) (i32.const 1)) (i32.sub (local.get $n) (i32.const 1)))
    (call $result (local.get $to) (i32.add (local.get $n) (i32.const 7)))
    (i32.const 0)))
)";

}  // namespace

std::map<std::string, std::string> starter_files() { return {{"app.toml", manifest}, {"add.wat", add}, {"hello.wat", hello}}; }

}  // namespace heddle::wire
