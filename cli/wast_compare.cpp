#include "wast_compare.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "values.hpp"

namespace heddle::cli {

namespace {

using text::Argument;
using text::Expected;

// The top of an abstract heap type's hierarchy. https://webassembly.github.io/spec/core/valid/matching.html#heap-types
Heap top(Heap h) {
    switch (h) {
        case Heap::func:
        case Heap::nofunc: return Heap::func;
        case Heap::extern_:
        case Heap::noextern: return Heap::extern_;
        case Heap::exn:
        case Heap::noexn: return Heap::exn;
        case Heap::cont:
        case Heap::nocont: return Heap::cont;
        default: return Heap::any;
    }
}

// A defined type's hierarchy is not visible from here; validation has already proved that results are of their declared type.
bool same_hierarchy(ValType a, ValType b) { return a.is_defined() || b.is_defined() || top(a.heap()) == top(b.heap()); }

// Of a value's declared type.
Heap hierarchy(const Value& v, const Store& store) {
    if (!v.type.is_defined()) return top(v.type.heap());
    return store.engine().type(v.type.type()).kind == SubType::Kind::func ? Heap::func : Heap::any;
}

// A non-null reference whose declared type allows it to be one of `kinds`.
bool may_be(const Value& v, std::initializer_list<Heap> kinds) {
    return !v.ref().is_null() && (v.type.is_defined() || std::ranges::find(kinds, v.type.heap()) != kinds.end());
}

bool matches_host(const Expected& e, const Value& v, const Store& store, Heap hierarchy) {
    if (v.ref().is_null() || v.type.is_defined() || top(v.type.heap()) != hierarchy) return false;
    return !e.has_number || store.host_value(v.ref()) == e.bits.lo;
}

bool matches_reference(const Expected& e, const Value& v, const Store& store) {
    using enum Heap;
    Ref r = v.ref();
    bool is_managed = hierarchy(v, store) == any;
    RefKind kind = is_managed ? store.kind(r) : RefKind::unknown;
    switch (e.kind) {
        case Expected::Kind::ref_null: return r.is_null() && (!e.has_type || same_hierarchy(e.type, v.type));
        case Expected::Kind::ref_extern: return matches_host(e, v, store, extern_);
        case Expected::Kind::ref_host: return matches_host(e, v, store, any);
        case Expected::Kind::ref_func: return may_be(v, {func});
        case Expected::Kind::ref_struct: return kind == RefKind::struct_;
        case Expected::Kind::ref_array: return kind == RefKind::array;
        case Expected::Kind::ref_eq: return kind == RefKind::struct_ || kind == RefKind::array || kind == RefKind::i31;
        case Expected::Kind::ref_i31:
        case Expected::Kind::ref_i31_shared: return kind == RefKind::i31;
        case Expected::Kind::ref_any: return is_managed && !r.is_null();
        case Expected::Kind::ref_exn: return may_be(v, {exn});
        case Expected::Kind::ref_cont: return may_be(v, {cont});
        default: return false;
    }
}

std::string lanes_with_nans(const Expected& e) {
    unsigned lanes = e.lane_bytes == 8 ? 2 : 4;
    std::string s;
    for (unsigned i = 0; i < lanes; ++i) {
        u64 half = i * e.lane_bytes < 8 ? e.bits.lo : e.bits.hi;
        u64 bits = lanes == 2 ? half : u32(half >> (i % 2 * 32));
        s += e.nan[i] == Expected::Nan::canonical    ? " nan:canonical"
             : e.nan[i] == Expected::Nan::arithmetic ? " nan:arithmetic"
                                                     : fmt::format(" 0x{:x}", bits);
    }
    return s;
}

std::string describe_number(ValType type, V128 bits) {
    std::string text = fmt::format("({}.const {})", to_string(type), format_number(type, bits));
    switch (type.kind()) {
        case ValType::f32_: return fmt::format("{} [0x{:x}]", text, u32(bits.lo));
        case ValType::f64_: return fmt::format("{} [0x{:x}]", text, bits.lo);
        default: return text;
    }
}

std::string describe_value(const Expected& e) {
    bool has_nan = std::ranges::any_of(e.nan, [](auto n) { return n != Expected::Nan::none; });
    if (!has_nan) return describe_number(e.type, e.bits);
    if (e.type == v128_type) return fmt::format("(v128.const {}{})", e.lane_bytes == 8 ? "f64x2" : "f32x4", lanes_with_nans(e));
    return fmt::format("({}.const nan:{})", to_string(e.type), e.nan[0] == Expected::Nan::canonical ? "canonical" : "arithmetic");
}

const char* kind_name(Expected::Kind k) {
    switch (k) {
        case Expected::Kind::ref_null: return "ref.null";
        case Expected::Kind::ref_extern: return "ref.extern";
        case Expected::Kind::ref_host: return "ref.host";
        case Expected::Kind::ref_func: return "ref.func";
        case Expected::Kind::ref_struct: return "ref.struct";
        case Expected::Kind::ref_array: return "ref.array";
        case Expected::Kind::ref_eq: return "ref.eq";
        case Expected::Kind::ref_i31: return "ref.i31";
        case Expected::Kind::ref_i31_shared: return "ref.i31_shared";
        case Expected::Kind::ref_any: return "ref.any";
        case Expected::Kind::ref_exn: return "ref.exn";
        case Expected::Kind::ref_cont: return "ref.cont";
        default: return "?";
    }
}

std::string describe_one(const Expected& e) {
    if (e.kind == Expected::Kind::value) return describe_value(e);
    if (e.kind == Expected::Kind::raw) return e.text;
    if (e.kind == Expected::Kind::either) return fmt::format("(either {})", describe(e.alternatives));
    std::string more = e.has_number ? fmt::format(" {}", e.bits.lo) : e.has_type ? " " + to_string(e.type) : "";
    return fmt::format("({}{})", kind_name(e.kind), more);
}

std::string describe_argument(const Argument& a) {
    switch (a.kind) {
        case Argument::Kind::value: return describe_number(a.type, a.bits);
        case Argument::Kind::ref_null: return fmt::format("(ref.null {})", to_string(a.type));
        case Argument::Kind::ref_extern: return fmt::format("(ref.extern {})", a.bits.lo);
        case Argument::Kind::ref_host: return fmt::format("(ref.host {})", a.bits.lo);
        default: return a.text;
    }
}

template <class Range, class Describe>
std::string join(const Range& range, Describe one) {
    std::string s;
    for (const auto& item : range) s += (s.empty() ? "" : " ") + one(item);
    return s.empty() ? "nothing" : s;
}

}  // namespace

bool matches(const Expected& e, const Value& v, const Store& store) {
    if (e.kind == Expected::Kind::either) return std::ranges::any_of(e.alternatives, [&](const Expected& a) { return matches(a, v, store); });
    if (e.kind == Expected::Kind::value) return e.type == v.type && e.matches_bits(v.bits);
    return v.type.is_ref() && matches_reference(e, v, store);
}

bool matches(std::span<const Expected> expected, std::span<const Value> actual, const Store& store) {
    return std::ranges::equal(expected, actual, [&](const Expected& e, const Value& v) { return matches(e, v, store); });
}

std::string describe(std::span<const Expected> expected) { return join(expected, describe_one); }

std::string describe(std::span<const Value> actual, const Store& store) {
    return join(actual, [&](const Value& v) {
        if (!v.type.is_ref()) return describe_number(v.type, v.bits);
        return fmt::format("({} : {})", format_value(v, store), to_string(v.type));
    });
}

std::string describe(const text::Action& action) {
    std::string s = action.kind == text::Action::Kind::get ? "(get" : "(invoke";
    if (!action.module.empty()) s += " $" + action.module;
    s += fmt::format(" \"{}\"", action.field);
    for (const Argument& a : action.arguments) s += " " + describe_argument(a);
    return s + ")";
}

std::optional<Value> to_value(const Argument& a, Store& store) {
    switch (a.kind) {
        case Argument::Kind::value: return Value{a.type, a.bits};
        case Argument::Kind::ref_null: return Value::ref(a.type, Ref{});
        case Argument::Kind::ref_extern: return Value::ref(externref_type, store.host_ref(a.bits.lo));
        case Argument::Kind::ref_host: return Value::ref(anyref_type, store.host_ref(a.bits.lo));
        default: return std::nullopt;
    }
}

}  // namespace heddle::cli
