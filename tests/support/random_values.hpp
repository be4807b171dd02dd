// Random values of component types: edge cases of numbers, texts of every width, lists short and long.
#pragma once
#include <random>

#include <heddle/component_values.hpp>

namespace heddle::component::testing {

class RandomValues {
public:
    using Kind = ValueType::Kind;

    explicit RandomValues(u32 seed) : source_(seed) {}
    u32 below(u32 n) { return u32(source_() % n); }

    Val value(const ValueType& t) {
        switch (t.kind()) {
        case Kind::string: return Val::string(text());
        case Kind::list: return list(t);
        case Kind::record:
        case Kind::tuple: {
            std::vector<Val> fields;
            for (const auto& m : t.members()) fields.push_back(value(*m.type));
            return Val::record(std::move(fields));
        }
        case Kind::flags: return Val::flags(u32(source_()) & u32((u64(1) << t.members().size()) - 1));
        case Kind::variant:
        case Kind::enum_:
        case Kind::option:
        case Kind::result: {
            u32 i = below(u32(t.members().size()));
            const auto& payload = t.members()[i].type;
            return payload ? Val::variant(i, value(*payload)) : Val::variant(i);
        }
        default: return scalar(t.kind());
        }
    }

private:
    Val list(const ValueType& t) {
        std::vector<Val> items(t.length() ? *t.length() : below(3) == 0 ? below(200) : below(4));
        if (!t.length() && items.size() > 4 && !Val::is_scalar(Val::Kind(std::min(u8(t.element()->kind()), u8(Val::Kind::string))))) items.resize(4);
        for (Val& v : items) v = value(*t.element());
        return Val::list(std::move(items));
    }
    Val scalar(Kind k) {
        u64 b = below(4) ? u64(source_()) << 32 | source_() : below(2) ? 0 : ~u64(0);
        switch (k) {
        case Kind::bool_: return Val::boolean(b & 1);
        case Kind::s8: return Val::s8(i8(b));
        case Kind::u8: return Val::u8(u8(b));
        case Kind::s16: return Val::s16(i16(b));
        case Kind::u16: return Val::u16(u16(b));
        case Kind::s32: return Val::s32(i32(b));
        case Kind::u32: return Val::u32(u32(b));
        case Kind::s64: return Val::s64(i64(b));
        case Kind::u64: return Val::u64(b);
        case Kind::f32: return Val::f32(f32(i32(b)) / 3);
        case Kind::f64: return Val::f64(f64(i64(b)) / 3);
        default: return Val::character(some[below(u32(some.size()))]);
        }
    }
    std::string text() {
        std::string s;
        u32 kinds = below(3) == 0 ? 4 : below(2) ? 8 : u32(some.size());  // ASCII, Latin-1, all
        for (u32 n = below(3) ? below(8) : below(300); n > 0; --n) {
            u32 c = some[below(kinds)];
            if (c < 0x80) s += char(c);
            else if (c < 0x800) s += {char(0xc0 | c >> 6), char(0x80 | (c & 63))};
            else if (c < 0x10000) s += {char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
            else s += {char(0xf0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
        }
        return s;
    }

    static constexpr std::u32string_view some = U"aZ0~\x80\xe9\xff\xa0\u0100\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff";
    std::mt19937 source_;
};

}  // namespace heddle::component::testing
