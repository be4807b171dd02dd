// The text format: WAT to bytes, bytes to WAT, and WAST scripts as lists of commands. Text always becomes bytes first; the engine
// itself never sees it.
//
//     auto bytes = heddle::text::assemble("(module (func (export \"one\") (result i32) i32.const 1))");
//     if (!bytes) std::cerr << heddle::text::describe(source, bytes.error());
//     auto wat = heddle::text::print(*bytes);
//
// https://webassembly.github.io/spec/core/text/index.html
#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/value.hpp>

namespace heddle::text {

// ---- assembling

struct AssembleOptions {
    bool names = false;   // write a name section from the identifiers ($f), so that backtraces can show them
};

// One module, `(module …)` or just its fields, as bytes. Errors: kind syntax for text that is malformed, also for malformed annotations;
// kind invalid for a well-formed annotation that cannot stand where it does. Only text is checked here: the bytes may be an invalid module.
// `(module binary …)` and `(module quote …)` are accepted too.
Result<std::vector<u8>> assemble(std::string_view wat, const AssembleOptions& options = {});

// ---- printing

struct PrintOptions {
    bool fold = false;    // (i32.add (local.get 0) (local.get 1)) instead of one instruction per line
    bool names = true;    // identifiers from the name section, when there is one
    u32 indent = 2;
};

// The text of any module that decodes, valid or not. When b was made by assemble, assemble(*print(b), {.names = true}) is b again.
Result<std::string> print(std::span<const u8> wasm, const PrintOptions& options = {});

// ---- positions

struct Position {
    std::size_t line = 1, column = 1;   // both from 1; columns count bytes
};
Position line_column(std::string_view text, std::size_t offset);

// "3:14: syntax: unknown operator i32.foo"
std::string describe(std::string_view text, const Error& error);

// ---- scripts: the specification's test format

// A module or component as it stands in a script.
struct ModuleSource {
    enum class Form : u8 { text, binary, quote };
    Form form = Form::text;
    bool component = false;
    std::string name;                         // "M" for $M; empty when anonymous
    std::size_t offset = 0;                   // of its opening parenthesis in the script
    // Core modules: the assembled bytes, or why they could not be assembled. Binary forms (components too): the bytes as written.
    // A component in text or quote form is kept as text, and this is an empty vector.
    Result<std::vector<u8>> bytes;
    std::string text;                         // quote: the joined strings; component text: from its "(" to its ")"
};

// A constant argument of an action.
struct Argument {
    enum class Kind : u8 { value, ref_null, ref_extern, ref_host, raw };
    Kind kind = Kind::value;
    ValType type = i32_type;   // value: number or v128. ref_null: the nullable reference type (a TypeId is the text's type index)
    V128 bits;                 // value: the constant. ref_extern, ref_host: the number in `lo`
    std::string text;          // raw: a component value as text, "(u32.const 1)"
};

// What a result must look like.
struct Expected {
    enum class Kind : u8 {
        value,          // number or v128, compared with matches_bits
        ref_null,       // null; with has_type: of that hierarchy
        ref_extern,     // an external reference; with has_number: exactly number bits.lo
        ref_host,       // a host reference as anyref; likewise
        ref_func, ref_struct, ref_array, ref_eq, ref_i31, ref_i31_shared, ref_any, ref_exn, ref_cont,   // not null, of this kind
        either,         // one of `alternatives`
        raw             // a component value as text
    };
    enum class Nan : u8 { none, canonical, arithmetic };
    Kind kind = Kind::value;
    ValType type = i32_type;                // value; ref_null with has_type
    bool has_type = false, has_number = false;
    u8 lane_bytes = 0;                      // v128: bytes per lane as written (i8x16: 1 … f64x2: 8)
    Nan nan[4] = {};                        // f32, f64: nan[0]; v128 of f32x4, f64x2: per lane
    V128 bits;                              // f32 and i32 zero-extended
    std::vector<Expected> alternatives;
    std::string text;                       // raw

    // Kind::value only: does a result of `type` with these bits match?
    bool matches_bits(V128 actual) const;
};

struct Action {
    enum class Kind : u8 { invoke, get };
    Kind kind = Kind::invoke;
    std::string module;                     // "M" for $M; empty for the latest module
    std::string field;
    std::vector<Argument> arguments;
};

struct Command {
    enum class Kind : u8 {
        module,              // `module`: instantiate it, and it becomes the latest (also components)
        module_definition,   // `module`: only compile, keep under its name
        module_instance,     // instantiate definition `target` (empty: the latest) as instance `name`
        register_,           // instance `name` (empty: the latest) becomes importable as `field`
        action,              // `action`, results ignored
        assert_return,       // `action`, `expected`
        assert_trap,         // `action`, or `module` when instantiating must trap; `message`
        assert_exhaustion,   // `action`, `message`
        assert_exception,    // `action`
        assert_suspension,   // `action`, `message`
        assert_invalid,      // `module`, `message`
        assert_malformed, assert_unlinkable, assert_invalid_custom, assert_malformed_custom,
        thread,              // run `commands` in a thread called `name`, which sees the instances named in `shared`
        wait                 // for thread `name`
    };
    Kind kind = Kind::module;
    std::size_t offset = 0, line = 1;
    std::string name, target, field, message;
    bool component = false;                 // module_instance of a component definition
    std::optional<ModuleSource> module;
    std::optional<Action> action;
    std::vector<Expected> expected;
    std::vector<Command> commands;
    std::vector<std::string> shared;
};

const char* to_string(Command::Kind k);

struct Script {
    std::vector<Command> commands;
};

// A file of commands. A file that begins with module fields is one module. A module that does not assemble carries its error in its
// command; only text that is no script at all is an error here.
Result<Script> parse_script(std::string_view wast, const AssembleOptions& options = {});

}  // namespace heddle::text
