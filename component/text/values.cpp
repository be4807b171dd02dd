// Value definitions: constants written by the structure of their type.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#-value-definitions
#include <algorithm>

#include "text/parser.hpp"

namespace heddle::component {
namespace {

// The definition behind a type index of the scope stack[level], through aliases, imports and exports of types; `level` becomes the scope that
// its own indices belong to.
const DefType* type_at(const std::deque<Scope>& stack, std::size_t& level, u32 index) {
    for (;;) {
        const Scope& scope = stack[level];
        u32 at = 0;
        const Definition* found = nullptr;
        for (const Definition& d : scope.definitions) {
            bool type = std::holds_alternative<DefType>(d.what);
            if (auto* a = std::get_if<Alias>(&d.what)) type = a->sort == Sort::type;
            if (auto* i = std::get_if<Import>(&d.what)) type = i->type.sort == Sort::type;
            if (auto* e = std::get_if<Export>(&d.what)) type = e->item.sort == Sort::type;
            if (type && at++ == index) found = &d;
        }
        if (!found) return nullptr;
        if (auto* t = std::get_if<DefType>(&found->what)) return t;
        if (auto* a = std::get_if<Alias>(&found->what)) {
            if (a->target != Alias::Target::outer || a->count > level || (a->count == 0 && a->index >= index)) return nullptr;
            level -= a->count;
            index = a->index;
        } else if (auto* i = std::get_if<Import>(&found->what)) {
            if (!i->type.type.eq || *i->type.type.eq >= index) return nullptr;
            index = *i->type.type.eq;
        } else {
            u32 exported = std::get<Export>(found->what).item.index;
            if (exported >= index) return nullptr;
            index = exported;
        }
    }
}

u32 first_code_point(std::string_view s) {
    u8 b = u8(s[0]);
    u32 c = b < 0x80 ? b : b < 0xe0 ? b & 0x1f : b < 0xf0 ? b & 0x0f : b & 0x07;
    for (std::size_t i = 1; i < s.size(); ++i) c = c << 6 | (u8(s[i]) & 0x3f);
    return c;
}

}  // namespace

// `(value $id (export "a")* (import "b")? type constant)`
void Parser::value() {
    std::size_t at = c_.offset();
    std::string_view bound = id();
    std::vector<ExternName> names = inline_exports();
    u32 index = 0;
    if (auto imported = inline_import()) {
        index = put_import(*imported, extern_type_body(Sort::value), bound, at);
    } else if (c_.at_open("alias")) {
        index = inverted_alias(Sort::value, bound);
    } else {
        Value v;
        v.type = val_type();
        if (!v.type.prim) scopes_.resolve(v.type.index);
        Writer w;
        if (take_open("binary")) {
            while (c_.at(Token::Kind::string)) {
                std::string s = c_.string();
                w.span({reinterpret_cast<const u8*>(s.data()), s.size()});
            }
            close();
        } else {
            value_bytes(w, v.type, scopes_.stack.size() - 1);
        }
        v.bytes = storage_.keep(std::move(w.bytes));
        scopes_.put_definition(v);
        index = scopes_.bind(Sort::value, bound, at);
    }
    put_exports(names, Sort::value, index);
    close();
}

// `level`: the scope that the type's index belongs to.
void Parser::value_bytes(Writer& w, const ValType& t, std::size_t level) {
    Nesting nesting(*this);
    if (t.prim) return prim_bytes(w, *t.prim);
    const DefType* d = type_at(scopes_.stack, level, t.index);
    if (!d) syntax_error("the type of the value is not known here: use (binary \"…\")", c_.offset());
    def_bytes(w, *d, level);
}

void Parser::prim_bytes(Writer& w, Prim p) {
    std::size_t at = c_.offset();
    auto integer = [&](unsigned bits, bool is_signed) {
        bool number = c_.at(Token::Kind::natural) || (is_signed && c_.at(Token::Kind::integer));
        if (!number) unexpected();
        auto v = is_signed ? text::parse_integer(c_.view(), bits) : text::parse_unsigned(c_.view(), bits);
        bool positive = is_signed && c_.view()[0] != '-';
        if (!v || (positive && (*v >> (bits - 1) & 1))) syntax_error("constant out of range", at);
        c_.skip();
        return *v;
    };
    auto sign_extended = [&](unsigned bits) { return i64(integer(bits, true) << (64 - bits)) >> (64 - bits); };
    auto is_nan_with_payload = [&] { return c_.view().contains("nan:"); };
    switch (p) {
        case Prim::bool_: {
            bool yes = c_.take_keyword("true");
            if (!yes && !c_.take_keyword("false")) unexpected();
            return w.byte(yes);
        }
        case Prim::u8: return w.byte(u8(integer(8, false)));
        case Prim::s8: return w.byte(u8(integer(8, true)));
        case Prim::u16: return w.u64_leb(integer(16, false));
        case Prim::u32: return w.u64_leb(integer(32, false));
        case Prim::u64: return w.u64_leb(integer(64, false));
        case Prim::s16: return w.i64_leb(sign_extended(16));
        case Prim::s32: return w.i64_leb(sign_extended(32));
        case Prim::s64: return w.i64_leb(sign_extended(64));
        case Prim::f32: {
            auto v = is_nan_with_payload() ? std::nullopt : text::parse_f32(c_.view());
            if (!v) unexpected();
            c_.skip();
            return w.fixed32(c_.list().view(c_.list().tokens[c_.position() - 1]).contains("nan") ? 0x7fc00000 : *v);
        }
        case Prim::f64: {
            auto v = is_nan_with_payload() ? std::nullopt : text::parse_f64(c_.view());
            if (!v) unexpected();
            c_.skip();
            return w.fixed64(c_.list().view(c_.list().tokens[c_.position() - 1]).contains("nan") ? 0x7ff8000000000000 : *v);
        }
        case Prim::char_: {
            // 'a', which is one token as long as it holds no blank and no parenthesis; a string of one character is taken as well.
            std::string s;
            if (c_.at(Token::Kind::string)) {
                s = c_.name();
            } else {
                std::string_view v = c_.view();
                if (v.size() < 3 || v.front() != '\'' || v.back() != '\'') unexpected();
                s = text::unescape("\"" + std::string(v.substr(1, v.size() - 2)) + "\"");
                c_.skip();
            }
            std::size_t length = s.empty() ? 0 : u8(s[0]) < 0x80 ? 1 : u8(s[0]) < 0xe0 ? 2 : u8(s[0]) < 0xf0 ? 3 : 4;
            if (s.empty() || s.size() != length || !is_utf8(s) || first_code_point(s) > 0x10ffff) syntax_error("not one character", at);
            return w.span({reinterpret_cast<const u8*>(s.data()), s.size()});
        }
        case Prim::string: return w.name(name());
        case Prim::error_context: unexpected();
    }
}

u32 Parser::label_index(const std::vector<std::string_view>& all) {
    std::size_t at = c_.offset();
    std::string_view label = name();
    auto it = std::ranges::find(all, label);
    if (it == all.end()) syntax_error("unknown label `" + std::string(label) + "`", at);
    return u32(it - all.begin());
}

void Parser::def_bytes(Writer& w, const DefType& type, std::size_t level) {
    if (auto* p = std::get_if<Prim>(&type)) return prim_bytes(w, *p);
    if (auto* r = std::get_if<Record>(&type)) {
        open("record");
        for (const Field& f : r->fields) value_bytes(w, f.type, level);
        return close();
    }
    if (auto* t = std::get_if<Tuple>(&type)) {
        open("tuple");
        for (ValType x : t->types) value_bytes(w, x, level);
        return close();
    }
    if (auto* v = std::get_if<Variant>(&type)) {
        open("variant");
        std::vector<std::string_view> names;
        for (const Case& c : v->cases) names.push_back(c.name);
        u32 i = label_index(names);
        w.u32_leb(i);
        if (v->cases[i].type) value_bytes(w, *v->cases[i].type, level);
        return close();
    }
    if (auto* l = std::get_if<List>(&type)) {
        open("list");
        Writer elements;
        u32 n = 0;
        for (; !c_.at_rparen(); ++n) value_bytes(elements, l->type, level);
        if (!l->length) w.u32_leb(n);
        else if (n != *l->length) unexpected();
        w.span(elements.bytes);
        return close();
    }
    if (auto* f = std::get_if<Flags>(&type)) {
        open("flags");
        std::vector<u8> bits((f->labels.size() + 7) / 8);
        while (!c_.at_rparen()) {
            u32 i = label_index(f->labels);
            bits[i / 8] = u8(bits[i / 8] | 1u << i % 8);
        }
        w.span(bits);
        return close();
    }
    if (auto* e = std::get_if<Enum>(&type)) {
        open("enum");
        w.u32_leb(label_index(e->labels));
        return close();
    }
    if (auto* o = std::get_if<Option>(&type)) {
        if (c_.take_keyword("none")) return w.byte(0);
        open("some");
        w.byte(1);
        value_bytes(w, o->type, level);
        return close();
    }
    if (auto* r = std::get_if<ResultType>(&type)) {
        for (u8 i = 0; i < 2; ++i) {
            const std::optional<ValType>& t = i == 0 ? r->ok : r->error;
            const char* word = i == 0 ? "ok" : "error";
            if (!t && c_.take_keyword(word)) return w.byte(i);
            if (!t || !take_open(word)) continue;
            w.byte(i);
            value_bytes(w, *t, level);
            return close();
        }
        unexpected();
    }
    syntax_error("no constants of this type", c_.offset());
}

}  // namespace heddle::component
