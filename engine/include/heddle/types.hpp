// WebAssembly's types as plain values: number, vector and reference types, and the types of functions, memories, tables, globals and tags.
// https://webassembly.github.io/spec/core/syntax/types.html
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace heddle {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using f32 = float;
using f64 = double;

// An interned defined type (one member of a recursion group). Equal ids mean equal types within one Engine.
enum class TypeId : u32 { none = 0x1ffffff };

// The abstract heap types.
enum class Heap : u8 { func, nofunc, extern_, noextern, any, eq, i31, struct_, array, none, exn, noexn, cont, nocont, bottom };

// A value type (also a storage type of a field) in 32 bits; equality is `==`.
//
//   31          7   6        5      4         3..0
//   heap / TypeId   defined  exact  nullable  kind
class ValType {
public:
    enum Kind : u8 { bottom, i32_, i64_, f32_, f64_, v128_, ref, i8_, i16_ };  // i8_ and i16_ only as fields; bottom only inside the validator

    constexpr ValType() = default;
    static constexpr ValType number(Kind k) { return ValType(k); }
    static constexpr ValType reference(Heap h, bool nullable) { return ValType(ref | u32(nullable) << 4 | u32(h) << 7); }
    static constexpr ValType reference(TypeId t, bool nullable, bool exact = false) {
        return ValType(ref | u32(nullable) << 4 | u32(exact) << 5 | 1u << 6 | u32(t) << 7);
    }

    constexpr Kind kind() const { return Kind(bits_ & 15); }
    constexpr bool is_ref() const { return kind() == ref; }
    constexpr bool is_number() const { return kind() >= i32_ && kind() <= f64_; }
    constexpr bool is_vector() const { return kind() == v128_; }
    constexpr bool is_packed() const { return kind() >= i8_; }
    constexpr bool nullable() const { return (bits_ >> 4 & 1) != 0; }        // of a reference
    constexpr bool exact() const { return (bits_ >> 5 & 1) != 0; }
    constexpr bool is_defined() const { return (bits_ >> 6 & 1) != 0; }      // the heap type is a TypeId
    constexpr Heap heap() const { return Heap(bits_ >> 7); }                 // when !is_defined()
    constexpr TypeId type() const { return TypeId(bits_ >> 7); }             // when is_defined()
    constexpr ValType as_nullable(bool n) const { return ValType((bits_ & ~(1u << 4)) | u32(n) << 4); }
    // What a load of a packed field gives: i32.
    constexpr ValType unpacked() const { return is_packed() ? ValType(i32_) : *this; }
    constexpr bool is_defaultable() const { return !is_ref() || nullable(); }
    // 8-byte slots a value of this type takes on the stack: v128 takes two neighbours.
    constexpr u32 slots() const { return kind() == v128_ ? 2 : 1; }
    constexpr u32 bits() const { return bits_; }
    static constexpr ValType from_bits(u32 b) { return ValType(b); }
    friend constexpr bool operator==(ValType, ValType) = default;

private:
    explicit constexpr ValType(u32 b) : bits_(b) {}
    u32 bits_ = 0;
};

inline constexpr ValType i32_type = ValType::number(ValType::i32_), i64_type = ValType::number(ValType::i64_), f32_type = ValType::number(ValType::f32_),
                         f64_type = ValType::number(ValType::f64_), v128_type = ValType::number(ValType::v128_), bottom_type = ValType::number(ValType::bottom),
                         funcref_type = ValType::reference(Heap::func, true), externref_type = ValType::reference(Heap::extern_, true),
                         anyref_type = ValType::reference(Heap::any, true), exnref_type = ValType::reference(Heap::exn, true);

// "i32", "funcref", "(ref null 3)" (the engine-wide TypeId for defined types).
std::string to_string(ValType t);

struct FuncType {
    std::vector<ValType> params, results;
    friend bool operator==(const FuncType&, const FuncType&) = default;
};

struct FieldType {  // of a struct or array
    ValType type;
    bool mutable_ = false;
    friend bool operator==(const FieldType&, const FieldType&) = default;
};

// A composite type with its place in the subtype hierarchy. `fields`: a struct's fields, or the one element of an array.
struct SubType {
    enum class Kind : u8 { func, struct_, array, cont };
    Kind kind = Kind::func;
    bool final = true;
    TypeId super = TypeId::none;
    FuncType func;
    std::vector<FieldType> fields;
    TypeId cont = TypeId::none;  // the function type of a continuation type
    TypeId describes = TypeId::none, descriptor = TypeId::none;  // custom descriptors: what this struct describes, and what describes it
    friend bool operator==(const SubType&, const SubType&) = default;
};

struct Limits {
    u64 min = 0;
    std::optional<u64> max;
    friend bool operator==(const Limits&, const Limits&) = default;
};

struct MemoryType {
    Limits limits;              // in pages
    bool is64 = false;          // i64 addresses
    bool shared = false;
    u8 page_log2 = 16;          // bytes per page: 2^page_log2
    friend bool operator==(const MemoryType&, const MemoryType&) = default;
};

struct TableType {
    ValType element;
    Limits limits;
    bool is64 = false;
    friend bool operator==(const TableType&, const TableType&) = default;
};

struct GlobalType {
    ValType type;
    bool mutable_ = false;
    friend bool operator==(const GlobalType&, const GlobalType&) = default;
};

enum class ExternKind : u8 { func, table, memory, global, tag };

// "func", "table", "memory", "global", "tag"
const char* to_string(ExternKind k);

// The type of an import or export. Which member counts is said by `kind`.
struct ExternType {
    ExternKind kind = ExternKind::func;
    TypeId type = TypeId::none;  // func and tag: the interned function type
    bool exact = false;          // func: imported as exactly this type
    TableType table;
    MemoryType memory;
    GlobalType global;
};

}  // namespace heddle
