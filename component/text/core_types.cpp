// Core types in component text: recursion groups and module types.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#type-definitions
#include <algorithm>

#include "text/parser.hpp"

namespace heddle::component {
namespace {

struct HeapWord {
    std::string_view heap, reference;
    Heap value;
};
constexpr HeapWord heap_words[] = {{"func", "funcref", Heap::func},
                                   {"extern", "externref", Heap::extern_},
                                   {"any", "anyref", Heap::any},
                                   {"eq", "eqref", Heap::eq},
                                   {"i31", "i31ref", Heap::i31},
                                   {"struct", "structref", Heap::struct_},
                                   {"array", "arrayref", Heap::array},
                                   {"exn", "exnref", Heap::exn},
                                   {"cont", "contref", Heap::cont},
                                   {"none", "nullref", Heap::none},
                                   {"nofunc", "nullfuncref", Heap::nofunc},
                                   {"noextern", "nullexternref", Heap::noextern},
                                   {"noexn", "nullexnref", Heap::noexn},
                                   {"nocont", "nullcontref", Heap::nocont}};

struct NumberWord {
    std::string_view word;
    CoreValType type;
};
constexpr NumberWord number_words[] = {{"i32", i32_type}, {"i64", i64_type}, {"f32", f32_type}, {"f64", f64_type}, {"v128", v128_type}};

// Every type index in the group, in order.
template <class F>
void visit_types(RecGroup& g, F f) {
    auto value = [&](CoreValType& t) {
        if (t.is_ref() && t.is_defined()) t = CoreValType::reference(f(t.type()), t.nullable(), t.exact());
    };
    auto index = [&](TypeId& t) {
        if (t != TypeId::none) t = f(t);
    };
    for (SubType& t : g.types) {
        index(t.super);
        index(t.describes);
        index(t.descriptor);
        for (CoreValType& p : t.func.params) value(p);
        for (CoreValType& r : t.func.results) value(r);
        for (FieldType& x : t.fields) value(x.type);
        index(t.cont);
    }
}

}  // namespace

// `(core type $id (export "a")* …)`, the words have been taken; also `(type …)` in a module type.
void Parser::core_type_field() {
    std::size_t at = c_.offset();
    std::string_view name = id();
    bool in_module_type = scopes_.top().kind == Scope::Kind::module_type;
    if (!in_module_type && take_open("module")) {
        CoreModuleType t = core_module_type(name);
        close();
        scopes_.put(CoreType(std::move(t)));
        scopes_.bind(Sort::core_type, name, at);
    } else if (c_.at_open("alias")) {
        inverted_alias(Sort::core_type, name);
    } else {
        RecGroup g;
        g.types.push_back(core_sub_type());
        put_core_group(std::move(g), {name}, at);
    }
    close();
}

void Parser::core_rec_field() {
    std::size_t at = c_.offset();
    RecGroup g;
    g.explicit_ = true;
    std::vector<std::string_view> ids;
    while (take_open("type")) {
        ids.push_back(id());
        g.types.push_back(core_sub_type());
        close();
    }
    put_core_group(std::move(g), ids, at);
    close();
}

// A group's identifiers are known inside it; all others are resolved first, since that may add aliases before the group.
void Parser::put_core_group(RecGroup g, const std::vector<std::string_view>& ids, std::size_t at, bool written) {
    Scope& scope = scopes_.top();
    bool simple_func = written && scope.kind == Scope::Kind::module_type && !g.explicit_ && g.types[0].kind == SubType::Kind::func;
    std::string key = simple_func ? spelling(g.types[0].func) : "";
    auto own = [&](const Ref& r) { return !r.number && std::ranges::find(ids, r.id) != ids.end(); };
    visit_types(g, [&](TypeId t) {
        Ref& r = scopes_.ref(u32(t));
        if (!own(r)) {
            u32 index = scopes_.resolve(r);
            scopes_.ref(u32(t)).number = index;
        }
        return t;
    });
    u32 first = scope.space(Sort::core_type).count;
    for (std::string_view i : ids) scopes_.bind(Sort::core_type, i, at);
    visit_types(g, [&](TypeId t) {
        u32 index = scopes_.resolve(scopes_.ref(u32(t)));
        if (index >= u32(TypeId::none)) syntax_error("type index out of bounds", at);
        return TypeId(index);
    });
    scopes_.put(CoreType(std::move(g)));
    if (simple_func) scope.func_types.emplace(key, first);
}

SubType Parser::core_sub_type() {
    SubType t;
    bool sub = take_open("sub");
    if (sub) {
        t.final = c_.take_keyword("final");
        if (c_.at_index()) t.super = pending_core_type();
    }
    if (take_open("describes")) t.describes = pending_core_type(), close();
    if (take_open("descriptor")) t.descriptor = pending_core_type(), close();
    core_composite(t);
    if (sub) close();
    return t;
}

void Parser::core_composite(SubType& t) {
    if (take_open("func")) {
        t.func = core_signature();
    } else if (take_open("struct")) {
        t.kind = SubType::Kind::struct_;
        while (take_open("field")) {
            if (c_.at(Token::Kind::id)) id(), t.fields.push_back(core_field_type());
            else
                while (!c_.at_rparen()) t.fields.push_back(core_field_type());
            close();
        }
    } else if (take_open("array")) {
        t.kind = SubType::Kind::array;
        t.fields.push_back(core_field_type());
    } else if (take_open("cont")) {
        t.kind = SubType::Kind::cont;
        t.cont = pending_core_type();
    } else {
        unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
    }
    close();
}

FieldType Parser::core_field_type() {
    auto storage = [&] {
        if (c_.take_keyword("i8")) return CoreValType::number(CoreValType::i8_);
        if (c_.take_keyword("i16")) return CoreValType::number(CoreValType::i16_);
        return core_val_type();
    };
    if (!take_open("mut")) return {storage(), false};
    FieldType f{storage(), true};
    close();
    return f;
}

heddle::FuncType Parser::core_signature() {
    heddle::FuncType f;
    while (take_open("param")) {
        if (c_.at(Token::Kind::id)) id(), f.params.push_back(core_val_type());
        else
            while (!c_.at_rparen()) f.params.push_back(core_val_type());
        close();
    }
    while (take_open("result")) {
        while (!c_.at_rparen()) f.results.push_back(core_val_type());
        close();
    }
    return f;
}

CoreValType Parser::core_heap_type(bool nullable) {
    auto index = [&](bool exact) {
        std::size_t at = c_.offset();
        u32 pending = plain_ref(Sort::core_type);
        if (pending >= u32(TypeId::none)) throw Error{Error::Kind::limit, "too many type references", at};
        return CoreValType::reference(TypeId(pending), nullable, exact);
    };
    if (c_.at_index()) return index(false);
    if (take_open("exact")) {
        CoreValType t = index(true);
        close();
        return t;
    }
    for (const HeapWord& h : heap_words)
        if (c_.take_keyword(h.heap)) return CoreValType::reference(h.value, nullable);
    unexpected();
}

CoreValType Parser::core_val_type() {
    if (take_open("ref")) {
        bool nullable = c_.take_keyword("null");
        CoreValType t = core_heap_type(nullable);
        close();
        return t;
    }
    if (c_.at(Token::Kind::keyword)) {
        for (const NumberWord& n : number_words)
            if (c_.take_keyword(n.word)) return n.type;
        for (const HeapWord& h : heap_words)
            if (c_.take_keyword(h.reference)) return CoreValType::reference(h.value, true);
    }
    unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
}

// Equal for signatures that are written alike.
std::string Parser::spelling(const heddle::FuncType& f) {
    std::string key;
    auto add = [&](CoreValType t) {
        if (t.is_ref() && t.is_defined()) {
            const Ref& r = scopes_.ref(u32(t.type()));
            key += r.number ? std::to_string(*r.number) : "$" + std::string(r.id);
            key += t.nullable() ? "? " : " ";
        } else {
            key += "#" + std::to_string(t.bits()) + " ";
        }
    };
    for (CoreValType t : f.params) add(t);
    key += ">";
    for (CoreValType t : f.results) add(t);
    return key;
}

// ---- module types

u32 Parser::core_module_type_use() {
    if (at_type_ref()) return ref(Sort::core_type);
    CoreModuleType t = core_module_type({});
    scopes_.put(CoreType(std::move(t)));
    return scopes_.pending_number(Sort::core_type, scopes_.bind(Sort::core_type, {}, 0));
}

CoreModuleType Parser::core_module_type(std::string_view name) {
    Nesting nesting(*this);
    Scope& scope = scopes_.stack.emplace_back();
    scope.kind = Scope::Kind::module_type;
    scope.id = name;
    while (!c_.at_rparen()) {
        std::size_t mark = scopes_.mark();
        core_decl();
        scopes_.drop_to(mark);
    }
    CoreModuleType t{std::move(scopes_.top().core_decls)};
    scopes_.stack.pop_back();
    return t;
}

void Parser::core_decl() {
    if (take_open("type")) return core_type_field();
    if (take_open("rec")) return core_rec_field();
    if (take_open("alias")) return alias_field();
    if (take_open("import")) {
        CoreImportDecl i;
        i.module = name();
        i.name = name();
        i.type = core_extern_type(true);
        scopes_.top().core_decls.push_back({0, i});
    } else {
        open("export");
        CoreExportDecl e;
        e.name = name();
        e.type = core_extern_type(false);
        scopes_.top().core_decls.push_back({0, e});
    }
    close();
}

Limits Parser::core_limits() {
    Limits l;
    l.min = number64();
    if (c_.at(Token::Kind::natural)) l.max = number64();
    return l;
}

// `(func $id …)` and its like; resolved.
CoreExternType Parser::core_extern_type(bool import) {
    CoreExternType t;
    if (!c_.at(Token::Kind::lparen)) unexpected();
    c_.skip();
    static constexpr std::string_view words[] = {"func", "table", "memory", "global", "tag"};
    auto word = std::ranges::find(words, c_.view());
    if (word == std::end(words)) unexpected();
    c_.skip();
    t.kind = ExternKind(word - words);
    if (import) id();
    auto resolved = [&](CoreValType v) {
        if (!v.is_ref() || !v.is_defined()) return v;
        return CoreValType::reference(TypeId(scopes_.resolve(scopes_.ref(u32(v.type())))), v.nullable(), v.exact());
    };
    auto addresses = [&] {
        bool is64 = c_.take_keyword("i64");
        if (!is64) c_.take_keyword("i32");
        return is64;
    };
    switch (t.kind) {
        case ExternKind::func:
        case ExternKind::tag:
            t.exact = t.kind == ExternKind::func && take_open("exact");
            t.type = core_type_use();
            if (t.exact) close();
            break;
        case ExternKind::table:
            t.table.is64 = addresses();
            t.table.limits = core_limits();
            t.table.element = resolved(core_val_type());
            if (!t.table.element.is_ref()) unexpected();
            break;
        case ExternKind::memory: {
            t.memory.is64 = addresses();
            t.memory.limits = core_limits();
            t.memory.shared = c_.take_keyword("shared");
            if (take_open("pagesize")) {
                std::size_t at = c_.offset();
                u64 size = number64();
                if (size == 0 || (size & (size - 1)) != 0) syntax_error("invalid custom page size", at);
                t.memory.page_log2 = u8(std::countr_zero(size));
                close();
            }
            break;
        }
        case ExternKind::global:
            t.global.mutable_ = take_open("mut");
            t.global.type = resolved(core_val_type());
            if (t.global.mutable_) close();
            break;
    }
    close();
    return t;
}

// `(type $t)` or a signature, for which a type is defined unless one has been written before.
TypeId Parser::core_type_use() {
    if (c_.at_open("type")) {
        open("type");
        u32 r = plain_ref(Sort::core_type);
        close();
        core_signature();
        return TypeId(scopes_.resolve(scopes_.ref(r)));
    }
    SubType t;
    t.func = core_signature();
    auto& known = scopes_.top().func_types;
    if (auto it = known.find(spelling(t.func)); it != known.end()) return TypeId(it->second);
    RecGroup g;
    g.types.push_back(std::move(t));
    put_core_group(std::move(g), {{}}, c_.offset(), false);
    return TypeId(scopes_.top().space(Sort::core_type).count - 1);
}

}  // namespace heddle::component
