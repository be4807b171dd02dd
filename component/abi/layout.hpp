// Where values lie in memory and which core values they flatten to: alignment, element size, discriminants, flattening; for 32- and 64-bit
// pointers. Everything about a component's types is computed once, so that no walk over values computes a size twice.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#alignment
#pragma once
#include <array>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "../types.hpp"

namespace heddle::component::abi {

using types::DefinedId;
using types::Types;
using types::ValType;

inline constexpr u32 max_flat_params = 16, max_flat_async_params = 4, max_flat_results = 1;
inline constexpr u64 max_string_byte_length = (u64(1) << 28) - 1, max_list_byte_length = (u64(1) << 28) - 1;

enum class PtrType : u8 { i32, i64 };
constexpr u32 ptr_size(PtrType p) { return p == PtrType::i32 ? 4 : 8; }
// The bit of a string's length that says utf-16 in the encoding latin1+utf16.
constexpr u64 utf16_tag(PtrType p) { return u64(1) << (ptr_size(p) * 8 - 1); }
constexpr u64 align_to(u64 ptr, u64 alignment) { return (ptr + alignment - 1) / alignment * alignment; }
constexpr bool is_aligned(u64 ptr, u64 alignment) { return ptr % alignment == 0; }

struct MemoryLayout {
    u64 size = 0;
    u32 alignment = 1;
    friend bool operator==(const MemoryLayout&, const MemoryLayout&) = default;
};

enum class CoreType : u8 { i32, i64, f32, f64 };
CoreType join(CoreType a, CoreType b);

// The core values of a type; of those that have more than can ever be passed flat only that fact is kept.
struct FlatTypes {
    static constexpr u8 too_many = max_flat_params + 1;
    u8 count = 0;  // too_many: the types are not known
    std::array<CoreType, max_flat_params> types{};

    void push(CoreType t);
    void append(const FlatTypes& more);
    std::span<const CoreType> view() const { return {types.data(), count == too_many ? 0u : count}; }
};

// Records, tuples, and the pairs of a map, which have no type of their own.
class Fields {
public:
    explicit Fields(const types::Record& r) : record_(&r) {}
    explicit Fields(const types::Tuple& t) : types_(t.types) {}
    explicit Fields(const types::Map& m) : map_(&m) {}
    std::size_t size() const { return record_ ? record_->fields.size() : map_ ? 2 : types_.size(); }
    const ValType& operator[](std::size_t i) const {
        if (record_) return record_->fields[i].type;
        if (map_) return i == 0 ? map_->key : map_->value;
        return types_[i];
    }

private:
    const types::Record* record_ = nullptr;
    const types::Map* map_ = nullptr;
    std::span<const ValType> types_;
};

// Variants, and what is a specialised variant: enums, options, results.
class Cases {
public:
    explicit Cases(const types::Variant& v) : variant_(&v), size_(u32(v.cases.size())) {}
    explicit Cases(const types::Enum& e) : size_(u32(e.labels.size())) {}
    explicit Cases(const types::Option& o) : second_(&o.type), size_(2) {}
    explicit Cases(const types::ResultType& r) : first_(r.ok ? &*r.ok : nullptr), second_(r.error ? &*r.error : nullptr), size_(2) {}
    u32 size() const { return size_; }
    // Null: the case has no payload.
    const ValType* operator[](u32 i) const {
        if (variant_) return variant_->cases[i].type ? &*variant_->cases[i].type : nullptr;
        return i == 0 ? first_ : i == 1 ? second_ : nullptr;
    }

private:
    const types::Variant* variant_ = nullptr;
    const ValType *first_ = nullptr, *second_ = nullptr;
    u32 size_ = 0;
};

// What a type is once specialisations are seen through.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#despecialization
struct Elements {                   // a list (without length: in memory of its own) or a map
    const ValType* type = nullptr;  // null: the pairs of `map`
    const types::Map* map = nullptr;
    std::optional<u32> length;
};
struct FlagLabels {
    u32 count = 0;
    u32 mask() const { return count >= 32 ? ~u32(0) : (u32(1) << count) - 1; }
};
enum class HandleKind : u8 { own, borrow, stream, future, error_context };
struct HandleType {
    HandleKind kind = HandleKind::own;
    types::ResourceId resource{};    // own, borrow
    std::optional<ValType> element;  // stream, future
};
using Despecialized = std::variant<Prim, Fields, Cases, Elements, FlagLabels, HandleType>;
Despecialized despecialize(const Types& types, const ValType& t);

// Bytes of the discriminant of that many cases.
constexpr u32 discriminant_size(u32 cases) { return cases <= 1u << 8 ? 1 : cases <= 1u << 16 ? 2 : 4; }
constexpr u32 flags_size(u32 labels) { return labels <= 8 ? 1 : labels <= 16 ? 2 : 4; }

struct TypeInfo {
    MemoryLayout memory[2];  // by PtrType
    FlatTypes flat[2];
    MemoryLayout elements[2];        // list, map: of one element
    u32 payload_offset[2] = {0, 0};  // variants
    bool plain = false;              // any bytes are a value, and the same ones on both sides: copied without a look
    bool words = false;              // the same of its flat core values
};

// The parameters or the results of a function, as the tuple they are in memory.
struct Tuple {
    std::vector<ValType> types;
    FlatTypes flat[2];
    MemoryLayout memory[2];
    bool words = true;               // every one's flat core values are any, and the same on both sides
};

class Layouts {
public:
    explicit Layouts(const Types& types) : types_(&types) { extend(); }
    void extend();  // to types added since
    const Types& types() const { return *types_; }

    const TypeInfo& info(const ValType& t) const { return t.prim ? prims_[std::size_t(*t.prim)] : defined_[u32(t.id)]; }
    u32 alignment(const ValType& t, PtrType p) const { return info(t).memory[u8(p)].alignment; }
    u64 elem_size(const ValType& t, PtrType p) const { return info(t).memory[u8(p)].size; }
    const FlatTypes& flatten_type(const ValType& t, PtrType p) const { return info(t).flat[u8(p)]; }
    Tuple tuple(std::vector<ValType> types) const;
    Tuple params(const types::Func& f) const;
    Tuple result(const types::Func& f) const;

private:
    static const std::array<TypeInfo, 14>& prims();

    const Types* types_;
    const TypeInfo* prims_ = prims().data();
    std::vector<TypeInfo> defined_;
};

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#flattening
enum class Side : u8 { lift, lower };
struct FlattenOptions {
    PtrType ptr = PtrType::i32;
    bool async = false, callback = false;
};
heddle::FuncType flatten_functype(const Layouts& layouts, const FlattenOptions& options, const types::Func& f, Side side);

}  // namespace heddle::component::abi
