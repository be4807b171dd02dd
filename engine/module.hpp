// A decoded module as plain data. What may be long stays in the module's bytes: bodies, constant expressions, data, custom sections.
// https://webassembly.github.io/spec/core/syntax/modules.html
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/types.hpp>

#include "instr.hpp"
#include "type_table.hpp"

namespace heddle {

struct FuncCode;     // engine/runtime.hpp: how a function is entered
struct CodeStorage;  // engine/code.hpp: the cells of all translated functions of one module
class DataImage;     // engine/data_image.hpp: what data segments make of memories

struct Import {
    std::string_view module, name;  // into the module's bytes
    ExternType type;
};

struct Export {
    std::string_view name;
    ExternKind kind;
    u32 index;
};

// A constant expression in the module's bytes, its `end` included; [from, to) from the start of the module.
// `fixed` is set by the validator for the common single-instruction forms, so that nothing is decoded again at instantiation.
struct ConstExpr {
    u32 from = 0, to = 0;
};

struct GlobalDef {
    GlobalType type;
    ConstExpr init;
};

struct TableDef {
    TableType type;
    bool has_init = false;
    ConstExpr init;
};

struct ElemSegment {
    enum class Mode : u8 { active, passive, declarative } mode = Mode::active;
    u32 table = 0;
    ConstExpr offset;              // active
    ValType type;                  // of the elements
    std::vector<u32> funcs;        // the elements as function indices, or
    std::vector<ConstExpr> exprs;  // as expressions
    std::size_t size() const { return funcs.empty() ? exprs.size() : funcs.size(); }
};

struct DataSegment {
    enum class Mode : u8 { active, passive } mode = Mode::active;
    u32 memory = 0;
    ConstExpr offset;             // active
    std::span<const u8> bytes;
};

struct FuncBody {
    u32 from = 0, to = 0;         // the whole body: local declarations and expression, from the start of the module
    u32 code_from = 0;            // the expression (set by the validator)
    u32 local_slots = 0;          // parameters and declared locals, in 8-byte slots (set by the validator)
    u32 param_slots = 0;
    u32 result_slots = 0;
    u32 max_operand_slots = 0;    // the operand stack's greatest height in slots (set by the validator)
};

struct CustomSection {
    std::string_view name;
    std::span<const u8> bytes;    // after the name
    u32 offset = 0;               // of `bytes`
    u32 after = 0;                // id of the last known section before it
};

// What a module may use; everything is on by default.
struct Features {
    bool threads = true, wide_arithmetic = true, legacy_exceptions = true, custom_page_sizes = true, stack_switching = true, custom_descriptors = true,
         compact_imports = true, gc = true, memory64 = true, multi_memory = true, exceptions = true, tail_call = true, simd = true, relaxed_simd = true;
};

struct ModuleData {
    std::shared_ptr<const std::vector<u8>> bytes;   // private memory: nothing outside changes validated code
    std::string name;                                // name section's module name, or as given at load
    TypeTable* type_table = nullptr;

    std::vector<TypeId> types;
    std::vector<Import> imports;
    // The index spaces: imports first.
    std::vector<TypeId> funcs;
    std::vector<TableType> tables;
    std::vector<MemoryType> memories;
    std::vector<GlobalType> globals;
    std::vector<TypeId> tags;
    u32 imported_funcs = 0, imported_tables = 0, imported_memories = 0, imported_globals = 0, imported_tags = 0;

    std::vector<TableDef> table_defs;                // of the module's own tables
    std::vector<GlobalDef> global_defs;              // of its own globals
    std::vector<FuncBody> bodies;                    // of its own functions
    std::vector<Export> exports;
    std::vector<ElemSegment> elems;
    std::vector<DataSegment> data;
    std::vector<CustomSection> customs;
    std::optional<u32> start;
    std::optional<u32> data_count;
    u32 code_section_offset = 0;                     // of the code section's contents: DWARF addresses count from here
    std::vector<bool> declared_funcs;                // functions that ref.func may name: those in elements, exports, globals

    std::span<const u8> span() const { return *bytes; }
    // An index-carrying type of the bytes as the interned one. The index must have been checked.
    ValType resolve(RawType t) const {
        return t.is_index() ? ValType::reference(types[t.index()], t.type.nullable(), t.type.exact()) : t.type;
    }
    const FuncType& func_type(u32 func_index) const { return type_table->func(funcs[func_index]); }
    // From the name section, read lazily and only when asked; empty when there is none.
    std::string func_name(u32 func_index) const;
    mutable std::once_flag func_names_once;
    mutable std::vector<std::pair<u32, std::string_view>> func_names;  // by index

    // The running half, set by the API after validation (engine/runtime.hpp, engine/code.hpp).
    std::unique_ptr<FuncCode[]> code;                // one per own function
    std::unique_ptr<CodeStorage> storage;
    std::unique_ptr<DataImage> data_image;

    ModuleData();
    ~ModuleData();
};

// From the name section; empty when there is none.
std::string module_name(const ModuleData& m);

// Bytes -> Module, without looking into bodies: throws malformed, and limit errors. Types are interned in `types`, so validity of
// the type section (bounds, subtyping) is checked here too. The caller goes on with validate_module.
std::unique_ptr<ModuleData> decode_module(std::shared_ptr<const std::vector<u8>> bytes, TypeTable& types, const Features& features);

// What must hold between sections, constant expressions, and every body. Throws invalid (and malformed, for what only shows inside bodies).
// `threads` bodies are validated at once when the module is large.
void validate_module(ModuleData& m, const Features& features, unsigned threads = 1);

}  // namespace heddle
