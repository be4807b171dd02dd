// Values of component functions, and descriptions of their types, for embedders that learn a component's types at run time.
//
//     using heddle::component::Val;
//     Val point = Val::record({Val::u32(3), Val::string("north")});
//     if (point.at(0).as<heddle::u32>() == 3) …
//     Val none = Val::variant(0), some = Val::variant(1, Val::u8(7));          // option<u8>: cases in the order of the type
//     for (const ValueType::Member& m : type.members()) std::cout << m.name;   // record fields, cases, labels
//
// A value knows its shape, not the names of its fields and cases: those are in its ValueType.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#type-definitions
#pragma once
#include <bit>
#include <cassert>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/types.hpp>

namespace heddle::component {

// What stands behind a handle (of a resource, stream, future or error context) while the host holds it. The runtime derives from it, and the
// last copy of a value that goes away drops the handle.
class HostHandle {
public:
    virtual ~HostHandle() = default;
};

// A structured value in 16 bytes: small values inline, the rest owned. Lists of numbers, bools and chars are kept packed, as in memory.
class Val {
public:
    enum class Kind : heddle::u8 {
        bool_,
        s8,
        u8,
        s16,
        u16,
        s32,
        u32,
        s64,
        u64,
        f32,
        f64,
        char_,  // the scalars
        string,
        list,     // also fixed-length lists, and maps: lists of records of two
        record,   // also tuples
        variant,  // also enums, options (none, some) and results (ok, error)
        flags,
        own,
        borrow,
        stream,
        future,
        error_context
    };

    Val() = default;  // false
    Val(const Val& o);
    Val(Val&& o) noexcept : kind_(std::exchange(o.kind_, Kind::bool_)), index_(std::exchange(o.index_, 0)), word_(std::exchange(o.word_, 0)) {}
    Val& operator=(const Val& o) { return *this = Val(o); }
    Val& operator=(Val&& o) noexcept {
        std::swap(kind_, o.kind_);
        std::swap(index_, o.index_);
        std::swap(word_, o.word_);
        return *this;
    }
    ~Val() {
        if (is_heap() && word_) destroy();
    }

    static Val boolean(bool v) { return Val(Kind::bool_, 0, v); }
    static Val s8(heddle::i8 v) { return Val(Kind::s8, 0, heddle::u64(v)); }
    static Val u8(heddle::u8 v) { return Val(Kind::u8, 0, v); }
    static Val s16(heddle::i16 v) { return Val(Kind::s16, 0, heddle::u64(v)); }
    static Val u16(heddle::u16 v) { return Val(Kind::u16, 0, v); }
    static Val s32(heddle::i32 v) { return Val(Kind::s32, 0, heddle::u64(v)); }
    static Val u32(heddle::u32 v) { return Val(Kind::u32, 0, v); }
    static Val s64(heddle::i64 v) { return Val(Kind::s64, 0, heddle::u64(v)); }
    static Val u64(heddle::u64 v) { return Val(Kind::u64, 0, v); }
    static Val f32(heddle::f32 v) { return Val(Kind::f32, 0, std::bit_cast<heddle::u32>(v)); }
    static Val f64(heddle::f64 v) { return Val(Kind::f64, 0, std::bit_cast<heddle::u64>(v)); }
    static Val character(char32_t v) { return Val(Kind::char_, 0, v); }  // a Unicode scalar value
    static Val string(std::string utf8);
    static Val list(std::vector<Val> items);
    static Val bytes(std::span<const heddle::u8> v) { return packed(Kind::u8, {v.begin(), v.end()}); }  // list<u8>
    // A list of scalars, each as in memory (little-endian, bools 0 or 1). `raw` holds whole elements.
    static Val packed(Kind element, std::vector<heddle::u8> raw);
    static Val record(std::vector<Val> fields);
    static Val variant(heddle::u32 case_index);
    static Val variant(heddle::u32 case_index, Val payload);
    static Val none() { return variant(0); }
    static Val some(Val v) { return variant(1, std::move(v)); }
    static Val ok() { return variant(0); }
    static Val ok(Val v) { return variant(0, std::move(v)); }
    static Val error() { return variant(1); }
    static Val error(Val v) { return variant(1, std::move(v)); }
    static Val flags(heddle::u32 bits) { return Val(Kind::flags, 0, bits); }  // bit n: the n-th label
    // own, borrow, stream, future or error_context.
    static Val handle(Kind kind, std::shared_ptr<HostHandle> h);

    Kind kind() const { return kind_; }
    bool is_scalar() const { return is_scalar(kind_); }
    bool is_handle() const { return kind_ >= Kind::own; }
    static constexpr bool is_scalar(Kind k) { return k <= Kind::char_; }
    // Bytes of a scalar in memory.
    static constexpr std::size_t scalar_bytes(Kind k) {
        constexpr heddle::u8 bytes[] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4};
        return bytes[std::size_t(k)];
    }

    // A scalar, read as the C++ type of its kind; another type is a fault of the caller.
    template <class T>
    T as() const {
        assert(kind_ == kind_of<T>());
        if constexpr (std::is_same_v<T, heddle::f32>) return std::bit_cast<heddle::f32>(heddle::u32(word_));
        else if constexpr (std::is_same_v<T, heddle::f64>) return std::bit_cast<heddle::f64>(word_);
        else return T(word_);
    }
    heddle::u64 bits() const { return is_heap() ? 0 : word_; }  // a scalar (signed ones sign-extended, floats as their bits) or flags
    const std::string& as_string() const;
    std::size_t size() const;            // of a list or record
    Val at(std::size_t i) const;         // element of a list, field of a record
    std::span<const Val> items() const;  // of a record, or a list that is not packed
    bool is_packed() const;              // a list of scalars; the empty list is not packed
    Kind packed_kind() const;
    std::span<const heddle::u8> packed_bytes() const;
    heddle::u32 case_index() const { return index_; }
    const Val* payload() const;  // null: the case has none
    const std::shared_ptr<HostHandle>& handle() const;

    // By structure; floats by their bits, handles by identity.
    friend bool operator==(const Val& a, const Val& b);

private:
    struct List;
    Val(Kind k, heddle::u32 index, heddle::u64 word) : kind_(k), index_(index), word_(word) {}
    template <class T>
    static Val owning(Kind k, heddle::u32 index, T value) {
        return Val(k, index, owned(std::move(value)));
    }
    template <class T>
    static heddle::u64 owned(T value) {
        return heddle::u64(reinterpret_cast<std::uintptr_t>(new T(std::move(value))));
    }
    template <class T>
    static constexpr Kind kind_of() {
        if constexpr (std::is_same_v<T, bool>) return Kind::bool_;
        else if constexpr (std::is_same_v<T, heddle::i8>) return Kind::s8;
        else if constexpr (std::is_same_v<T, heddle::u8>) return Kind::u8;
        else if constexpr (std::is_same_v<T, heddle::i16>) return Kind::s16;
        else if constexpr (std::is_same_v<T, heddle::u16>) return Kind::u16;
        else if constexpr (std::is_same_v<T, heddle::i32>) return Kind::s32;
        else if constexpr (std::is_same_v<T, heddle::u32>) return Kind::u32;
        else if constexpr (std::is_same_v<T, heddle::i64>) return Kind::s64;
        else if constexpr (std::is_same_v<T, heddle::u64>) return Kind::u64;
        else if constexpr (std::is_same_v<T, heddle::f32>) return Kind::f32;
        else if constexpr (std::is_same_v<T, heddle::f64>) return Kind::f64;
        else {
            static_assert(std::is_same_v<T, char32_t>, "the C++ type of no scalar");
            return Kind::char_;
        }
    }
    template <class T>
    T& body() const {
        return *reinterpret_cast<T*>(std::uintptr_t(word_));
    }
    bool is_heap() const { return !is_scalar() && kind_ != Kind::flags; }
    heddle::u64 clone() const;
    void destroy();

    Kind kind_ = Kind::bool_;
    heddle::u32 index_ = 0;  // variant: the case
    heddle::u64 word_ = 0;   // the bits, or the address of what is owned (a variant without payload: 0)
};

// "u32", "string", "own": how messages call a value of that kind.
const char* to_string(Val::Kind k);
// For messages and logs: names are unknown here, so fields go by position and cases by number. WAVE text: wave.hpp.
std::string to_string(const Val& v);

// A value type as an immutable tree that is cheap to copy.
class ValueType {
public:
    enum class Kind : heddle::u8 {
        bool_,
        s8,
        u8,
        s16,
        u16,
        s32,
        u32,
        s64,
        u64,
        f32,
        f64,
        char_,
        string,
        error_context,
        record,
        variant,
        list,
        tuple,
        flags,
        enum_,
        option,
        result,
        own,
        borrow,
        stream,
        future,
        map
    };
    struct Member;

    ValueType() = default;  // bool
    static ValueType primitive(Kind k) { return ValueType(k, nullptr); }
    static ValueType record(std::vector<Member> fields);
    static ValueType variant(std::vector<Member> cases);
    static ValueType list(ValueType element, std::optional<heddle::u32> length = std::nullopt);
    static ValueType tuple(std::vector<ValueType> types);
    static ValueType flags(std::vector<std::string> labels);
    static ValueType enumeration(std::vector<std::string> labels);
    static ValueType option(ValueType some);
    static ValueType result(std::optional<ValueType> ok, std::optional<ValueType> error);
    static ValueType map(ValueType key, ValueType value);
    static ValueType stream(std::optional<ValueType> element);
    static ValueType future(std::optional<ValueType> element);
    static ValueType own(heddle::u32 resource);
    static ValueType borrow(heddle::u32 resource);

    Kind kind() const { return kind_; }
    // Record fields; variant, option ("none", "some") and result ("ok", "err") cases; tuple members; flags and enum labels; map: key and value.
    std::span<const Member> members() const;
    const ValueType* element() const;           // of a list, stream or future; null: a stream or future of nothing
    std::optional<heddle::u32> length() const;  // of a fixed-length list
    heddle::u32 resource() const;               // own, borrow: equal numbers are the same resource within one component
    bool is_variant() const { return kind_ == Kind::variant || kind_ == Kind::enum_ || kind_ == Kind::option || kind_ == Kind::result; }

    friend bool operator==(const ValueType& a, const ValueType& b);

private:
    struct Data;
    ValueType(Kind k, std::shared_ptr<const Data> d) : kind_(k), data_(std::move(d)) {}
    static ValueType make(Kind k, std::vector<Member> members, std::optional<heddle::u32> length = {}, heddle::u32 resource = 0);

    Kind kind_ = Kind::bool_;
    std::shared_ptr<const Data> data_;
};

struct ValueType::Member {
    std::string name;               // empty in tuples and maps
    std::optional<ValueType> type;  // none: labels, and cases without payload
    friend bool operator==(const Member&, const Member&) = default;
};

// As in WIT: "record { a: u32 }", "list<u8>". Very long types are cut with "…".
std::string to_string(const ValueType& t);

struct FunctionType {
    struct Param {
        std::string name;
        ValueType type;
        friend bool operator==(const Param&, const Param&) = default;
    };
    bool async = false;
    std::vector<Param> params;
    std::optional<ValueType> result;
    friend bool operator==(const FunctionType&, const FunctionType&) = default;
};

// "func(a: u32) -> string"
std::string to_string(const FunctionType& t);

// Equal but for which resources they mean. A parameter without a name stands for any name.
bool same_shape(const ValueType& a, const ValueType& b);
bool same_shape(const FunctionType& a, const FunctionType& b);

// Whether a value has that type: kinds, counts, case numbers, payloads, label bits, Unicode.
bool matches(const Val& v, const ValueType& t);

}  // namespace heddle::component
