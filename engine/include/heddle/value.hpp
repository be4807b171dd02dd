// Values: the untyped 8-byte Slot that the interpreter works on, and the typed Value of the API's border.
#pragma once
#include <cstring>

#include <heddle/types.hpp>

namespace heddle {

struct V128 {
    u64 lo = 0, hi = 0;
    friend bool operator==(const V128&, const V128&) = default;
};

// A reference in one word: 0 is null, an odd word is an i31 (value << 1 | 1), anything else points to an object of the Store.
struct Ref {
    u64 word = 0;
    bool is_null() const { return word == 0; }
    friend bool operator==(Ref, Ref) = default;
};

// 8 untyped bytes. An i32 is kept zero-extended, an f32 in the low 4 bytes, a v128 takes two neighbouring slots (low half first).
struct Slot {
    u64 bits = 0;

    template <class T>
    T as() const {
        static_assert(sizeof(T) <= 8);
        T v;
        std::memcpy(&v, &bits, sizeof v);
        return v;
    }
    template <class T>
    static Slot of(T v) {
        static_assert(sizeof(T) <= 8);
        Slot s;
        std::memcpy(&s.bits, &v, sizeof v);
        return s;
    }
};

// A value with its type: only at the API's border, the interpreter itself never asks for types.
struct Value {
    ValType type = i32_type;
    V128 bits;

    static Value i32(heddle::i32 v) { return {i32_type, {heddle::u32(v), 0}}; }
    static Value i64(heddle::i64 v) { return {i64_type, {heddle::u64(v), 0}}; }
    static Value f32(heddle::f32 v) { return {f32_type, {Slot::of(v).bits, 0}}; }
    static Value f64(heddle::f64 v) { return {f64_type, {Slot::of(v).bits, 0}}; }
    static Value v128(V128 v) { return {v128_type, v}; }
    static Value ref(ValType t, Ref r) { return {t, {r.word, 0}}; }

    heddle::i32 i32() const { return heddle::i32(bits.lo); }
    heddle::i64 i64() const { return heddle::i64(bits.lo); }
    heddle::f32 f32() const { return Slot{bits.lo}.as<heddle::f32>(); }
    heddle::f64 f64() const { return Slot{bits.lo}.as<heddle::f64>(); }
    Ref ref() const { return {bits.lo}; }
};

}  // namespace heddle
