// Types and type uses. https://webassembly.github.io/spec/core/text/types.html
#include "context.hpp"
#include "heap_names.hpp"

namespace heddle::text {
namespace {

struct Inline {
    std::vector<RawType> params, results;
    bool any = false;   // something was written
};

bool same(const std::vector<RawType>& a, const std::vector<RawType>& b) {
    return std::ranges::equal(a, b, [](RawType x, RawType y) { return x.type == y.type; });
}

std::string signature_key(const std::vector<RawType>& params, const std::vector<RawType>& results) {
    std::string key;
    auto add = [&](RawType t) {
        u32 bits = t.type.bits();
        for (int i = 0; i < 4; ++i) key += char(bits >> 8 * i);
    };
    for (RawType t : params) add(t);
    key += '>';   // key lengths differ from 4n only here, so the split is unambiguous with the count in front
    for (RawType t : results) add(t);
    return std::to_string(params.size()) + key;
}

// `(param $x t)` or `(param t*)`, `(result t*)`; the opening has been taken.
void parse_params(Cursor& c, const IndexSpace& types, IndexSpace* locals, std::vector<RawType>& out) {
    if (locals && c.at(Token::Kind::id)) {
        locals->bind(c);
        out.push_back(parse_val_type(c, types));
    } else {
        while (!c.at_rparen()) {
            if (locals) locals->bind(c);
            out.push_back(parse_val_type(c, types));
        }
    }
    c.expect_close();
}

Inline parse_inline(Cursor& c, const IndexSpace& types, IndexSpace* locals) {
    Inline sig;
    while (c.take_open("param")) parse_params(c, types, locals, sig.params);
    sig.results = parse_results(c, types);
    if (c.at_open("param") || c.at_open("type")) c.unexpected(1);   // the order is fixed
    sig.any = !sig.params.empty() || !sig.results.empty();
    return sig;
}

FieldDef parse_field_type(Cursor& c, const IndexSpace& types) {
    auto storage = [&]() -> RawType {
        if (c.take_keyword("i8")) return {ValType::number(ValType::i8_)};
        if (c.take_keyword("i16")) return {ValType::number(ValType::i16_)};
        return parse_val_type(c, types);
    };
    if (!c.take_open("mut")) return {storage(), false};
    FieldDef f{storage(), true};
    c.expect_close();
    return f;
}

void parse_fields(ModuleContext& m, TypeDef& t) {
    Cursor& c = m.cursor;
    t.field_names = std::make_unique<IndexSpace>("field");
    while (c.take_open("field")) {
        if (c.at(Token::Kind::id)) {
            t.field_names->bind(c);
            t.fields.push_back(parse_field_type(c, m.type_names));
        } else {
            while (!c.at_rparen()) {
                t.field_names->bind(c);
                t.fields.push_back(parse_field_type(c, m.type_names));
            }
        }
        c.expect_close();
    }
}

void parse_comp_type(ModuleContext& m, TypeDef& t) {
    Cursor& c = m.cursor;
    if (c.take_open("func")) {
        t.kind = SubType::Kind::func;
        IndexSpace ignored("param");   // identifiers may stand here and mean nothing
        Inline sig = parse_inline(c, m.type_names, &ignored);
        t.params = std::move(sig.params);
        t.results = std::move(sig.results);
    } else if (c.take_open("struct")) {
        t.kind = SubType::Kind::struct_;
        parse_fields(m, t);
    } else if (c.take_open("array")) {
        t.kind = SubType::Kind::array;
        t.fields.push_back(parse_field_type(c, m.type_names));
    } else if (c.take_open("cont")) {
        t.kind = SubType::Kind::cont;
        t.cont = m.type_names.index(c);
    } else {
        c.unexpected(c.at(Token::Kind::lparen) ? 1 : 0);
    }
    c.expect_close();
}

void parse_descriptors(ModuleContext& m, TypeDef& t) {
    Cursor& c = m.cursor;
    auto clause = [&](std::string_view word, std::optional<u32>& out) {
        if (!c.take_open(word)) return;
        out = m.type_names.index(c);
        c.expect_close();
    };
    clause("describes", t.describes);
    clause("descriptor", t.descriptor);
}

void write_type(Writer& w, const TypeDef& t) {
    if (!t.final || !t.supers.empty()) {
        w.byte(t.final ? 0x4f : 0x50);
        w.u64_leb(t.supers.size());
        for (u32 s : t.supers) w.u32_leb(s);
    }
    if (t.describes) w.byte(0x4c), w.u32_leb(*t.describes);
    if (t.descriptor) w.byte(0x4d), w.u32_leb(*t.descriptor);
    auto types = [&](const std::vector<RawType>& v) {
        w.u64_leb(v.size());
        for (RawType r : v) write_val_type(w, r);
    };
    auto field = [&](const FieldDef& f) {
        write_val_type(w, f.type);
        w.byte(f.mutable_);
    };
    switch (t.kind) {
    case SubType::Kind::func:
        w.byte(0x60);
        types(t.params);
        types(t.results);
        break;
    case SubType::Kind::struct_:
        w.byte(0x5f);
        w.u64_leb(t.fields.size());
        for (const FieldDef& f : t.fields) field(f);
        break;
    case SubType::Kind::array:
        w.byte(0x5e);
        field(t.fields[0]);
        break;
    case SubType::Kind::cont:
        w.byte(0x5d);
        w.i64_leb(t.cont);
        break;
    }
}

}  // namespace

bool at_ref_type(const Cursor& c) {
    if (c.at_open("ref")) return true;
    if (!c.at(Token::Kind::keyword)) return false;
    for (const HeapName& h : heap_names)
        if (h.reference == c.view()) return true;
    return false;
}

RawType parse_heap_type(Cursor& c, const IndexSpace& types) {
    auto index = [&](bool exact) -> RawType {
        std::size_t at = c.offset();
        u32 i = types.index(c);
        if (i >= u32(TypeId::none)) syntax_error("unknown type " + std::to_string(i), at);
        return {ValType::reference(TypeId(i), true, exact)};
    };
    if (c.at_index()) return index(false);
    if (c.take_open("exact")) {
        RawType t = index(true);
        c.expect_close();
        return t;
    }
    for (const HeapName& h : heap_names)
        if (c.take_keyword(h.name)) return {ValType::reference(h.heap, true)};
    c.unexpected();
}

RawType parse_ref_type(Cursor& c, const IndexSpace& types) {
    if (c.take_open("ref")) {
        bool nullable = c.take_keyword("null");
        RawType t = parse_heap_type(c, types);
        c.expect_close();
        return {t.type.as_nullable(nullable)};
    }
    if (c.at(Token::Kind::keyword))
        for (const HeapName& h : heap_names)
            if (c.take_keyword(h.reference)) return {ValType::reference(h.heap, true)};
    c.unexpected();
}

RawType parse_val_type(Cursor& c, const IndexSpace& types) {
    struct Number {
        std::string_view word;
        ValType type;
    };
    static constexpr Number numbers[] = {{"i32", i32_type}, {"i64", i64_type}, {"f32", f32_type}, {"f64", f64_type}, {"v128", v128_type}};
    if (c.at(Token::Kind::keyword))
        for (const Number& n : numbers)
            if (c.take_keyword(n.word)) return {n.type};
    return parse_ref_type(c, types);
}

std::vector<RawType> parse_results(Cursor& c, const IndexSpace& types) {
    std::vector<RawType> out;
    while (c.take_open("result")) {
        while (!c.at_rparen()) out.push_back(parse_val_type(c, types));
        c.expect_close();
    }
    return out;
}

// https://webassembly.github.io/spec/core/text/modules.html#type-uses
TypeUse parse_type_use(ModuleContext& m, IndexSpace* locals) {
    Cursor& c = m.cursor;
    std::size_t from = c.offset();
    std::optional<u32> given;
    if (c.take_open("type")) {
        given = m.type_names.index(c);
        c.expect_close();
    }
    Inline sig = parse_inline(c, m.type_names, locals);
    TypeUse use;
    use.inline_ = sig.any;
    use.params = u32(sig.params.size());
    if (!given) {
        use.index = m.func_type(std::move(sig.params), std::move(sig.results));
        use.inline_ = true;
        return use;
    }
    use.index = *given;
    const TypeDef* t = m.find_func_type(use.index);
    if (!sig.any) {
        use.params = t ? u32(t->params.size()) : 0;
        for (u32 i = 0; locals && i < use.params; ++i) locals->add();
    } else if (use.index >= m.types.size()) {
        syntax_error("unknown type " + std::to_string(use.index), from);
    } else if (!t || !same(t->params, sig.params) || !same(t->results, sig.results)) {
        syntax_error("inline function type", from);
    }
    return use;
}

BlockType parse_block_type(ModuleContext& m) {
    Cursor& c = m.cursor;
    if (c.at_open("type")) return {BlockType::Kind::index, {}, parse_type_use(m, nullptr).index};
    Inline sig = parse_inline(c, m.type_names, nullptr);
    if (!sig.any) return {};
    if (sig.params.empty() && sig.results.size() == 1) return {BlockType::Kind::value, sig.results[0], 0};
    return {BlockType::Kind::index, {}, m.func_type(std::move(sig.params), std::move(sig.results))};
}

u32 ModuleContext::func_type(std::vector<RawType> params, std::vector<RawType> results) {
    auto [it, inserted] = func_types.emplace(signature_key(params, results), u32(types.size()));
    if (inserted) {
        TypeDef t;
        t.params = std::move(params);
        t.results = std::move(results);
        types.push_back(std::move(t));
        groups.push_back({1, false});
    }
    return it->second;
}

// https://webassembly.github.io/spec/core/text/types.html#recursive-types
void parse_type_def(ModuleContext& m, u32 index) {
    Cursor& c = m.cursor;
    TypeDef& t = m.types[index];
    c.expect_open("type");
    c.take_id();
    if (c.take_open("sub")) {
        t.final = c.take_keyword("final");
        while (c.at_index()) t.supers.push_back(m.type_names.index(c));
        parse_descriptors(m, t);
        parse_comp_type(m, t);
        c.expect_close();
    } else {
        parse_descriptors(m, t);
        parse_comp_type(m, t);
    }
    c.expect_close();
    bool simple = t.kind == SubType::Kind::func && t.alone && t.final && t.supers.empty() && !t.describes && !t.descriptor;
    if (simple) m.func_types.emplace(signature_key(t.params, t.results), index);
}

void write_types(ModuleContext& m) {
    Section& s = m.section(SectionId::type);
    u32 index = 0;
    for (const RecGroup& g : m.groups) {
        if (g.explicit_) s.bytes.byte(0x4e), s.bytes.u32_leb(g.count);
        for (u32 i = 0; i < g.count; ++i) write_type(s.bytes, m.types[index++]);
    }
    s.count = u32(m.groups.size());
}

}  // namespace heddle::text
