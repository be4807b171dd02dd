// What the printer knows of a module: its bytes cut into sections, its types, and identifiers from the name section.
#pragma once
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "context.hpp"

namespace heddle::text {

// The identifiers of one index space.
class NameTable {
public:
    // Adds a name from the name section. A name that is empty or already taken in this space becomes an annotation.
    void add(u32 index, std::string_view name);
    void forget(u32 index) { names_.erase(index); }
    void clear() { names_.clear(), taken_.clear(); }

    bool has(u32 index) const { return names_.contains(index); }
    // Where it is used: "$f" or "3".
    std::string use(u32 index) const;
    // Where it is defined, with a blank in front: " $f (;3;)".
    std::string define(u32 index) const;
    // The same for parameters, locals and fields: " $x", or nothing.
    std::string define_quietly(u32 index) const;

private:
    struct Name {
        std::string text;       // "$f" or "(@name \"f\")"
        bool annotation;
    };
    std::unordered_map<u32, Name> names_;
    std::unordered_set<std::string> taken_;
};

// "text" with what needs it escaped: all but ASCII when `bytes`, else only control characters, quotes and backslashes.
std::string quoted(std::string_view text, bool bytes = false);

struct PrintContext {
    std::span<const u8> bytes;
    PrintOptions options;
    std::vector<TypeDef> types;
    std::vector<RecGroup> groups;
    std::vector<u32> func_types;   // of all functions, imported ones first
    std::optional<std::string> module_name;
    NameTable type_names, funcs, tables, memories, globals, tags, elems, data;
    std::map<u32, NameTable> locals, fields;   // by function, by type

    const TypeDef* find_func_type(u32 type) const { return type < types.size() && types[type].kind == SubType::Kind::func ? &types[type] : nullptr; }
    const TypeDef* type_of_func(u32 func) const { return func < func_types.size() ? find_func_type(func_types[func]) : nullptr; }
};

// "(ref null $t)", "i32", "(exact 3)"
std::string print_val_type(const PrintContext& p, RawType t);
std::string print_heap_type(const PrintContext& p, RawType t);
// " (param i32 i64) (result f32)", parameters with their names when `locals` is given
std::string print_signature(const PrintContext& p, const TypeDef& t, const NameTable* locals);
// " (type 3)" and, when that is a function type, its signature
std::string print_type_use(const PrintContext& p, u32 type, const NameTable* locals);

// Reads the custom section's contents into the name tables; false when it is malformed (tables may then be incomplete).
bool read_name_section(PrintContext& p, std::span<const u8> contents);

// Types of the type section into p.types and p.groups.
void read_types(PrintContext& p, Reader r);

// ---- instructions (print_instructions.cpp)

// The function's instructions up to the reader's end, each line indented by `depth` levels.
void print_body(const PrintContext& p, Reader& r, const NameTable* locals, u32 depth, std::string& out);
// A constant expression up to and including its `end`: "(i32.const 0)", or several instructions on one line, or nothing.
struct ExpressionText {
    std::string text;
    bool single;   // one instruction, in parentheses
};
ExpressionText print_expression(const PrintContext& p, Reader& r);

// Indentation stops growing at some depth, so that deep nesting does not make the text quadratic.
inline void indent(std::string& out, u32 depth, const PrintOptions& o) { out.append(std::size_t(std::min(depth, 60u)) * std::min(o.indent, 16u), ' '); }

}  // namespace heddle::text
