// Random types and values of them, from a stream of choices: a generator's numbers, or a fuzzer's bytes.
#pragma once
#include <bit>
#include <functional>
#include <string>
#include <vector>

#include "component/abi/fake.hpp"

namespace heddle::component::abi::test {

class Random {
public:
    explicit Random(std::function<u32()> source) : source_(std::move(source)) {}
    u32 below(u32 n) { return source_() % n; }
    u64 bits() { return u64(source_()) << 32 | source_(); }

    ValType type(Types& types, u32 depth) {
        if (depth == 0 || below(3) == 0) return {Prim(below(14)), {}};
        types::Defined d;
        d.kind = structure(types, depth - 1);
        return {std::nullopt, types.add(std::move(d))};
    }

    Val value(const Types& types, const ValType& t) {
        Despecialized d = despecialize(types, t);
        if (auto* p = std::get_if<Prim>(&d)) return prim(*p);
        if (auto* f = std::get_if<Fields>(&d)) return record(types, *f);
        if (auto* f = std::get_if<FlagLabels>(&d)) return Val::flags(u32(bits()) & f->mask());
        if (auto* h = std::get_if<HandleType>(&d)) return Val::handle(Val::Kind(u8(Val::Kind::own) + u8(h->kind)), FakeContext::handle(below(50)));
        if (auto* c = std::get_if<Cases>(&d)) {
            u32 i = below(c->size());
            return (*c)[i] ? Val::variant(i, value(types, *(*c)[i])) : Val::variant(i);
        }
        const Elements& e = std::get<Elements>(d);
        std::vector<Val> items(e.length ? *e.length : below(5));
        for (Val& v : items) v = e.type ? value(types, *e.type) : record(types, Fields(*e.map));
        return Val::list(std::move(items));
    }

    std::string text() {
        static constexpr std::u32string_view some = U"aZ 09~\x7f\x80\xe9\xff\u0100\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff\U0001f370";
        u32 n = below(3) == 0 ? below(40) : below(6), from = below(3) == 0 ? u32(some.size()) : below(2) ? 6 : 10;
        std::string s;
        for (u32 i = 0; i < n; ++i) append(s, u32(some[below(from)]));
        return s;
    }
    static void append(std::string& s, u32 c) {
        if (c < 0x80) s += char(c);
        else if (c < 0x800) (s += char(0xc0 | c >> 6)) += char(0x80 | (c & 63));
        else if (c < 0x10000) ((s += char(0xe0 | c >> 12)) += char(0x80 | (c >> 6 & 63))) += char(0x80 | (c & 63));
        else (((s += char(0xf0 | c >> 18)) += char(0x80 | (c >> 12 & 63))) += char(0x80 | (c >> 6 & 63))) += char(0x80 | (c & 63));
    }

private:
    types::Defined::Kind structure(Types& types, u32 depth) {
        auto maybe = [&]() -> std::optional<ValType> { return below(3) ? std::optional(type(types, depth)) : std::nullopt; };
        switch (below(14)) {
            case 0: {
                types::Record r;
                for (u32 i = 0, n = 1 + below(4); i < n; ++i) r.fields.push_back({"f" + std::to_string(i), type(types, depth)});
                return r;
            }
            case 1: {
                types::Variant v;
                u32 n = below(8) == 0 ? 257 : 1 + below(4);
                for (u32 i = 0; i < n; ++i) v.cases.push_back({"c" + std::to_string(i), i < 4 ? maybe() : std::nullopt});
                return v;
            }
            case 2: return types::List{type(types, depth), std::nullopt};
            case 3: return types::List{type(types, depth), 1 + below(4)};
            case 4: {
                types::Tuple t;
                for (u32 i = 0, n = 1 + below(4); i < n; ++i) t.types.push_back(type(types, depth));
                return t;
            }
            case 5: return types::Flags{std::vector<std::string>(1 + below(32), "l")};
            case 6: return types::Enum{std::vector<std::string>(below(8) == 0 ? 300 : 1 + below(5), "l")};
            case 7: return types::Option{type(types, depth)};
            case 8: return types::ResultType{maybe(), maybe()};
            case 9: return types::Own{types.new_resource()};
            case 10: return types::Borrow{types.new_resource()};
            case 11: return types::Stream{maybe()};
            case 12: return types::Future{maybe()};
            default: return types::Map{{Prim(below(13)), {}}, type(types, depth)};
        }
    }

    Val prim(Prim p) {
        u64 b = below(4) == 0 ? (below(2) ? 0 : ~u64(0)) : bits();
        switch (p) {
            case Prim::bool_: return Val::boolean(b & 1);
            case Prim::s8: return Val::s8(i8(b));
            case Prim::u8: return Val::u8(u8(b));
            case Prim::s16: return Val::s16(i16(b));
            case Prim::u16: return Val::u16(u16(b));
            case Prim::s32: return Val::s32(i32(b));
            case Prim::u32: return Val::u32(u32(b));
            case Prim::s64: return Val::s64(i64(b));
            case Prim::u64: return Val::u64(b);
            case Prim::f32: return Val::f32(std::bit_cast<f32>((b & 0x7f800000) == 0x7f800000 ? 0x7fc00000u : u32(b)));
            case Prim::f64: return Val::f64(std::bit_cast<f64>((b >> 52 & 0x7ff) == 0x7ff ? 0xfff0000000000000u : b));
            case Prim::char_: return Val::character(is_scalar_value(u32(b % 0x110000)) ? char32_t(b % 0x110000) : U'\ue000');
            case Prim::string: return Val::string(text());
            case Prim::error_context: break;
        }
        return Val::handle(Val::Kind::error_context, FakeContext::handle(below(50)));
    }

    Val record(const Types& types, const Fields& f) {
        std::vector<Val> fields;
        for (std::size_t i = 0; i < f.size(); ++i) fields.push_back(value(types, f[i]));
        return Val::record(std::move(fields));
    }

    std::function<u32()> source_;
};

}  // namespace heddle::component::abi::test
