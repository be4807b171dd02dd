#include "value_bytes.hpp"

#include <array>

#include <heddle/bytes.hpp>

namespace heddle::component {

namespace {

using Kind = ValueType::Kind;

constexpr u32 canonical_nan32 = 0x7fc00000;
constexpr u64 canonical_nan64 = 0x7ff8000000000000;
constexpr u32 max_values = 1'000'000;  // of one constant, without scalars in lists: a byte may be a value of many bytes here

// Depth is that of the type, which validation bounds.
class ValueReader {
public:
    explicit ValueReader(std::span<const u8> bytes) : r_(bytes) {}
    Val read(const ValueType& t);
    void end() const {
        if (!r_.done()) malformed("trailing bytes after a value", r_.offset());
    }

private:
    template <class T>
    T signed_(unsigned bits) {
        std::size_t at = r_.offset();
        i64 v = r_.i64_leb();
        if (bits < 64 && (v < -(i64(1) << (bits - 1)) || v >= i64(1) << (bits - 1))) malformed("integer too large", at);
        return T(v);
    }
    template <class T>
    T unsigned_() {
        std::size_t at = r_.offset();
        u64 v = r_.u64_leb();
        if (v > T(~T(0))) malformed("integer too large", at);
        return T(v);
    }
    bool boolean() { return u8_below(2, "a bool is 0 or 1") == 1; }
    u8 u8_below(u8 limit, const char* words) {
        u8 b = r_.byte();
        if (b >= limit) malformed(words, r_.offset() - 1);
        return b;
    }
    Val f32_() {
        std::size_t at = r_.offset();
        f32 v = std::bit_cast<f32>(r_.fixed32());
        if (v != v && std::bit_cast<u32>(v) != canonical_nan32) malformed("a NaN of a value is the canonical one", at);
        return Val::f32(v);
    }
    Val f64_() {
        std::size_t at = r_.offset();
        f64 v = std::bit_cast<f64>(r_.fixed64());
        if (v != v && std::bit_cast<u64>(v) != canonical_nan64) malformed("a NaN of a value is the canonical one", at);
        return Val::f64(v);
    }
    Val character();
    Val list(const ValueType& t);
    Val scalars(u32 n, const ValueType& t);
    Val record(const ValueType& t);
    Val variant(const ValueType& t);
    Val flags(const ValueType& t);

    Reader r_;
    u32 values_ = 0;
};

Val ValueReader::read(const ValueType& t) {
    switch (t.kind()) {
    case Kind::bool_: return Val::boolean(boolean());
    case Kind::s8: return Val::s8(i8(r_.byte()));
    case Kind::u8: return Val::u8(r_.byte());
    case Kind::s16: return Val::s16(signed_<i16>(16));
    case Kind::u16: return Val::u16(unsigned_<u16>());
    case Kind::s32: return Val::s32(signed_<i32>(32));
    case Kind::u32: return Val::u32(unsigned_<u32>());
    case Kind::s64: return Val::s64(signed_<i64>(64));
    case Kind::u64: return Val::u64(unsigned_<u64>());
    case Kind::f32: return f32_();
    case Kind::f64: return f64_();
    case Kind::char_: return character();
    case Kind::string: return Val::string(std::string(r_.name()));
    case Kind::list: return list(t);
    case Kind::record:
    case Kind::tuple: return record(t);
    case Kind::variant:
    case Kind::enum_:
    case Kind::option:
    case Kind::result: return variant(t);
    case Kind::flags: return flags(t);
    default: malformed("there are no constants of type " + to_string(t), r_.offset());
    }
}

// One character in UTF-8.
Val ValueReader::character() {
    std::size_t at = r_.offset();
    u8 first = r_.peek();
    std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    auto bytes = r_.take(length);
    if (!is_utf8({reinterpret_cast<const char*>(bytes.data()), bytes.size()})) malformed("malformed UTF-8 encoding", at);
    char32_t c = first < 0x80 ? first : first & (0x7f >> length);
    for (u8 b : bytes.subspan(1)) c = c << 6 | (b & 0x3f);
    return Val::character(c);
}

Val ValueReader::list(const ValueType& t) {
    u32 n = t.length() ? *t.length() : r_.u32_leb();
    if (t.element()->kind() <= Kind::char_) return scalars(n, *t.element());
    std::vector<Val> items;  // elements take a byte at least: the input's end bounds them
    for (u32 i = 0; i < n; ++i) {
        if (++values_ > max_values) throw Error{Error::Kind::limit, "a constant of more than " + std::to_string(max_values) + " values", r_.offset()};
        items.push_back(read(*t.element()));
    }
    return Val::list(std::move(items));
}

// As they lie in memory.
Val ValueReader::scalars(u32 n, const ValueType& t) {
    std::vector<u8> raw;
    if (n == 0) return Val::list({});
    for (u32 i = 0; i < n; ++i) {
        u64 bits = read(t).bits();
        auto bytes = std::bit_cast<std::array<u8, 8>>(bits);
        raw.insert(raw.end(), bytes.begin(), bytes.begin() + std::ptrdiff_t(Val::scalar_bytes(Val::Kind(t.kind()))));
    }
    return Val::packed(Val::Kind(t.kind()), std::move(raw));
}

Val ValueReader::record(const ValueType& t) {
    std::vector<Val> fields;
    for (const ValueType::Member& m : t.members()) fields.push_back(read(*m.type));
    return Val::record(std::move(fields));
}

Val ValueReader::variant(const ValueType& t) {
    std::size_t at = r_.offset();
    u32 i = r_.u32_leb();
    if (i >= t.members().size()) malformed("no case " + std::to_string(i) + " in " + to_string(t), at);
    const auto& payload = t.members()[i].type;
    return payload ? Val::variant(i, read(*payload)) : Val::variant(i);
}

Val ValueReader::flags(const ValueType& t) {
    std::size_t at = r_.offset(), n = t.members().size();
    u64 bits = 0;
    for (std::size_t i = 0; i < (n + 7) / 8; ++i) bits |= u64(r_.byte()) << 8 * i;
    if (n < 64 && bits >> n) malformed("a flag beyond the last label", at);
    return Val::flags(u32(bits));
}

}  // namespace

Val read_value(std::span<const u8> bytes, const ValueType& type) {
    ValueReader r(bytes);
    Val v = r.read(type);
    r.end();
    return v;
}

}  // namespace heddle::component
