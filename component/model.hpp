// A decoded component as plain data: its definitions in the order of the file, indices as written, nothing checked beyond the grammar.
// Strings and spans point into the decoded bytes, which must outlive the model.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include <heddle/types.hpp>
#include <heddle/wit.hpp>

namespace heddle::component {

// What can be indexed: one index space each in every component. The core sorts come first.
enum class Sort : u8 {
    core_func,
    core_table,
    core_memory,
    core_global,
    core_tag,
    core_type,
    core_module,
    core_instance,
    func,
    value,
    type,
    component,
    instance
};
inline constexpr std::size_t sort_count = 13;

// "core func", "instance"
const char* to_string(Sort s);
constexpr bool is_core(Sort s) { return s <= Sort::core_instance; }

struct SortIdx {
    Sort sort = Sort::func;
    u32 index = 0;
};

// ---- core types: in all of these a TypeId is not interned, it is an index into the core type index space of the scope --------------------

using CoreValType = heddle::ValType;
using CoreExternType = heddle::ExternType;

// One definition of a core type section. Every member of the group takes an index of its own.
struct RecGroup {
    bool explicit_ = false;  // written as a group, even if it has one member
    std::vector<heddle::SubType> types;
};

struct CoreModuleDecl;
struct CoreModuleType {
    std::vector<CoreModuleDecl> decls;
};
using CoreType = std::variant<RecGroup, CoreModuleType>;

struct CoreImportDecl {
    std::string_view module, name;
    CoreExternType type;
};
struct CoreExportDecl {
    std::string_view name;
    CoreExternType type;
};
// `(alias outer count index (type))`; count 0 is the module type itself.
struct CoreOuterAlias {
    u32 count = 0, index = 0;
};
struct CoreModuleDecl {
    std::size_t offset = 0;
    std::variant<CoreImportDecl, CoreType, CoreOuterAlias, CoreExportDecl> decl;
};

// ---- types ------------------------------------------------------------------------------------------------------------------------------

using Prim = wit::Prim;

// A primitive type, or an index into the type index space.
struct ValType {
    std::optional<Prim> prim;
    u32 index = 0;

    static ValType of(Prim p) { return {p, 0}; }
    static ValType defined(u32 index) { return {std::nullopt, index}; }
    friend bool operator==(const ValType&, const ValType&) = default;
};

struct Field {  // of a record; also a parameter
    std::string_view name;
    ValType type;
};
struct Case {
    std::string_view name;
    std::optional<ValType> type;
};

struct Record {
    std::vector<Field> fields;
};
struct Variant {
    std::vector<Case> cases;
};
struct List {
    ValType type;
    std::optional<u32> length;  // a fixed-length list
};
struct Tuple {
    std::vector<ValType> types;
};
struct Flags {
    std::vector<std::string_view> labels;
};
struct Enum {
    std::vector<std::string_view> labels;
};
struct Option {
    ValType type;
};
struct ResultType {
    std::optional<ValType> ok, error;
};
struct Own {
    u32 resource = 0;
};
struct Borrow {
    u32 resource = 0;
};
struct Stream {
    std::optional<ValType> type;
};
struct Future {
    std::optional<ValType> type;
};
struct Map {
    ValType key, value;
};

struct FuncType {
    bool async = false;
    std::vector<Field> params;
    std::optional<ValType> result;
};

struct ResourceType {
    CoreValType rep;
    std::optional<u32> dtor;  // a core function
};

struct Declarator;
struct ComponentType {
    std::vector<Declarator> decls;
};
struct InstanceType {
    std::vector<Declarator> decls;  // no ImportDecl among them
};

using DefType = std::variant<Prim, Record, Variant, List, Tuple, Flags, Enum, Option, ResultType, Own, Borrow, Stream, Future, Map, FuncType,
                             ComponentType, InstanceType, ResourceType>;

// `(type (eq index))` or, without an index, `(type (sub resource))`.
struct TypeBound {
    std::optional<u32> eq;
};
// `(value (eq index))` or `(value type)`.
struct ValueBound {
    std::optional<u32> eq;
    ValType type;
};

// What an import or an export is. `index`: the type of a func, component or instance, the core type of a core module.
struct ExternType {
    Sort sort = Sort::func;  // core_module, func, value, type, component or instance
    u32 index = 0;
    TypeBound type;    // sort type
    ValueBound value;  // sort value
};

struct Attribute {
    enum class Kind : u8 { implements, version_suffix, external_id };
    Kind kind = Kind::implements;
    std::string_view text;
};

// The name of an import or export. Whether it is well formed is the validator's question (names.hpp).
struct ExternName {
    std::string_view name;
    std::vector<Attribute> attributes;  // as written, duplicates too
    u8 form = 0;                        // the byte it begins with: 0 or 1 plain, 2 with attributes
};

struct ImportDecl {
    ExternName name;
    ExternType type;
};
struct ExportDecl {
    ExternName name;
    ExternType type;
};

struct Alias {
    enum class Target : u8 { export_, core_export, outer };
    Target target = Target::export_;
    Sort sort = Sort::func;    // of what it gives
    u32 instance = 0;          // export_: an instance; core_export: a core instance
    std::string_view name;     // of the export
    u32 count = 0, index = 0;  // outer: how many scopes out, and the index there
};

// One declaration of a component or instance type.
struct Declarator {
    std::size_t offset = 0;
    std::variant<CoreType, DefType, Alias, ImportDecl, ExportDecl> decl;
};

// ---- definitions ------------------------------------------------------------------------------------------------------------------------

struct CustomSection {
    std::string_view name;
    std::span<const u8> bytes;
};

struct CoreModule {
    std::span<const u8> bytes;  // a whole module, preamble included
};

struct CoreInstantiate {
    struct Arg {
        std::string_view name;
        u32 instance = 0;  // a core instance
    };
    u32 module = 0;
    std::vector<Arg> args;
};
struct CoreInlineExport {
    std::string_view name;
    SortIdx item;  // of a core sort
};
using CoreInstance = std::variant<CoreInstantiate, std::vector<CoreInlineExport>>;

struct Instantiate {
    struct Arg {
        std::string_view name;
        SortIdx item;
    };
    u32 component = 0;
    std::vector<Arg> args;
};
struct InlineExport {
    ExternName name;
    SortIdx item;
};
using Instance = std::variant<Instantiate, std::vector<InlineExport>>;

// The canonical definitions, one per row of canon.def.
enum class CanonKind : u8 {
#define CANON(name, code, text, immediates, signature) name,
#include "canon.def"
#undef CANON
};

struct CanonOpt {
    enum class Kind : u8 { utf8, utf16, latin1_utf16, memory, realloc, post_return, async, callback };
    Kind kind = Kind::utf8;
    u32 index = 0;  // memory: a core memory; realloc, post_return, callback: a core function
};

// One canonical definition. Which members count is said by the immediates of its row in canon.def.
struct Canon {
    CanonKind kind = CanonKind::lift;
    u32 func = 0;  // lift: a core function; lower: a function
    u32 type =
        0;  // lift: the function type; resource.*: the resource; stream.*, future.*: the type; thread.new-indirect, thread.spawn-*: a core type
    u32 table = 0;             // thread.new-indirect, thread.spawn-indirect: a core table
    u32 memory = 0;            // waitable-set.wait, waitable-set.poll: a core memory
    bool async = false;        // the immediate `async?`, not the option
    bool cancellable = false;  // the immediate `cancel?`
    bool shared = false;       // the immediate `shared?`
    CoreValType slot;          // context.get, context.set: i32 or i64
    u32 slot_index = 0;
    std::optional<ValType> result;  // task.return
    std::vector<CanonOpt> options;  // as written, duplicates too
};

struct Start {
    u32 func = 0;
    std::vector<u32> args;  // values
    u32 results = 0;        // how many values it adds
};

struct Import {
    ExternName name;
    ExternType type;
};

struct Export {
    ExternName name;
    SortIdx item;
    std::optional<ExternType> type;
};

// A constant: its type, and its encoding, which can only be read by who knows the type.
struct Value {
    ValType type;
    std::span<const u8> bytes;
};

struct Definition;
struct Component {
    std::span<const u8> bytes;  // the whole component, preamble included
    std::vector<Definition> definitions;
};

struct Definition {
    std::size_t offset = 0;  // from the start of the outermost component: of the definition; of a module or component its first byte
    std::variant<CustomSection, CoreModule, CoreInstance, CoreType, Component, Instance, Alias, DefType, Canon, Start, Import, Export, Value> what;
};

}  // namespace heddle::component
