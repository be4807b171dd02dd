// Component types: value types, functions, resources, components and instances.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#type-definitions
#include "text/parser.hpp"
#include "text/visit.hpp"

namespace heddle::component {
namespace {

std::optional<Prim> find_prim(std::string_view word) {
    for (u8 p = 0; p <= u8(Prim::error_context); ++p)
        if (wit::to_string(Prim(p)) == word) return Prim(p);
    return std::nullopt;
}

}  // namespace

void Parser::resolve_type(DefType& t) {
    visit_indices(t, [&](u32& index) { scopes_.resolve(index); });
}

u32 Parser::put_type(DefType t) {
    resolve_type(t);
    scopes_.put(std::move(t));
    return scopes_.bind(Sort::type, {}, 0);
}

// `(type $id (export "a")* …)`; the parenthesis and the word have been taken.
void Parser::type_field() {
    std::size_t at = c_.offset();
    std::string_view name = id();
    std::vector<ExternName> names = scopes_.top().kind == Scope::Kind::component ? inline_exports() : std::vector<ExternName>{};
    u32 index = 0;
    if (c_.at_open("alias")) {
        index = inverted_alias(Sort::type, name);
    } else {
        DefType t = def_type(name);
        resolve_type(t);
        scopes_.put(std::move(t));
        index = scopes_.bind(Sort::type, name, at);
    }
    put_exports(names, Sort::type, index);
    close();
}

DefType Parser::def_type(std::string_view name) {
    Nesting nesting(*this);
    auto body = [&](auto parse) {
        DefType t = parse();
        close();
        return t;
    };
    if (take_open("func")) return body([&] { return func_type(); });
    if (take_open("component")) return body([&] { return ComponentType{declarators(Scope::Kind::component_type, name)}; });
    if (take_open("instance")) return body([&] { return InstanceType{declarators(Scope::Kind::instance_type, name)}; });
    if (take_open("resource")) return body([&] { return resource_type(); });
    return def_val_type();
}

// Numbers of references stand for the indices until the definition is resolved.
ValType Parser::val_type() {
    if (c_.at(Token::Kind::keyword))
        if (auto p = find_prim(c_.view())) return c_.skip(), ValType::of(*p);
    if (c_.at_index()) return ValType::defined(plain_ref(Sort::type));
    if (at_type_ref()) return ValType::defined(ref(Sort::type));
    // A type without a name is defined just before the definition that uses it.
    std::size_t mark = scopes_.mark();
    DefType t = def_val_type();
    u32 index = put_type(std::move(t));
    scopes_.drop_to(mark);
    return ValType::defined(scopes_.pending_number(Sort::type, index));
}

std::optional<ValType> Parser::optional_val_type() {
    if (c_.at_rparen() || c_.at_open("error")) return std::nullopt;
    return val_type();
}

std::vector<std::string_view> Parser::labels() {
    std::vector<std::string_view> all;
    while (c_.at(Token::Kind::string)) all.push_back(name());
    return all;
}

DefType Parser::def_val_type() {
    Nesting nesting(*this);
    if (c_.at(Token::Kind::keyword))
        if (auto p = find_prim(c_.view())) return c_.skip(), *p;
    auto list = [&](auto parse) {
        DefType t = parse();
        close();
        return t;
    };
    if (take_open("record"))
        return list([&] {
            Record r;
            while (take_open("field")) {
                std::string_view label = name();
                r.fields.push_back({label, val_type()});
                close();
            }
            return r;
        });
    if (take_open("variant"))
        return list([&] {
            Variant v;
            while (take_open("case")) {
                id();
                std::string_view label = name();
                v.cases.push_back({label, optional_val_type()});
                close();
            }
            return v;
        });
    if (take_open("list"))
        return list([&] {
            List l{val_type(), std::nullopt};
            if (!c_.at_rparen()) l.length = number();
            return l;
        });
    if (take_open("tuple"))
        return list([&] {
            Tuple t;
            while (!c_.at_rparen()) t.types.push_back(val_type());
            return t;
        });
    if (take_open("flags")) return list([&] { return Flags{labels()}; });
    if (take_open("enum")) return list([&] { return Enum{labels()}; });
    if (take_open("option")) return list([&] { return Option{val_type()}; });
    if (take_open("result"))
        return list([&] {
            ResultType r{optional_val_type(), std::nullopt};
            if (take_open("error")) {
                r.error = val_type();
                close();
            }
            return r;
        });
    if (take_open("own")) return list([&] { return Own{ref(Sort::type)}; });
    if (take_open("borrow")) return list([&] { return Borrow{ref(Sort::type)}; });
    if (take_open("stream")) return list([&] { return Stream{optional_val_type()}; });
    if (take_open("future")) return list([&] { return Future{optional_val_type()}; });
    if (take_open("map"))
        return list([&] {
            ValType key = val_type();
            return Map{key, val_type()};
        });
    unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
}

FuncType Parser::func_type() {
    FuncType f;
    f.async = c_.take_keyword("async");
    while (take_open("param")) {
        std::string_view label = name();
        f.params.push_back({label, val_type()});
        close();
    }
    if (take_open("result")) {
        f.result = val_type();
        close();
    }
    return f;
}

DefType Parser::resource_type() {
    ResourceType r;
    open("rep");
    r.rep = core_val_type();
    close();
    if (take_open("dtor")) {
        r.dtor = ref(Sort::core_func);
        close();
    }
    return r;
}

std::vector<Declarator> Parser::declarators(Scope::Kind kind, std::string_view name) {
    Nesting nesting(*this);
    Scope& scope = scopes_.stack.emplace_back();
    scope.kind = kind;
    scope.id = name;
    while (!c_.at_rparen()) {
        std::size_t mark = scopes_.mark();
        declarator();
        scopes_.drop_to(mark);
    }
    std::vector<Declarator> all = std::move(scopes_.top().decls);
    scopes_.stack.pop_back();
    return all;
}

void Parser::declarator() {
    bool component = scopes_.top().kind == Scope::Kind::component_type;
    std::size_t at = c_.offset();
    if (take_open("type")) return type_field();
    if (take_open("alias")) return alias_field();
    if (c_.at_open("core") && at_word("type", 2)) return c_.move_to(c_.position() + 3), core_type_field();
    if (c_.at_open("core") && at_word("rec", 2)) return c_.move_to(c_.position() + 3), core_rec_field();
    bool import = component && take_open("import");
    if (!import) open("export");
    id();
    ExternName n = extern_name();
    std::string_view bound;
    ExternType t = extern_type(bound);
    resolve_extern_type(t);
    close();
    Sort sort = t.sort;
    if (import) scopes_.top().decls.push_back({0, ImportDecl{std::move(n), t}});
    else scopes_.top().decls.push_back({0, ExportDecl{std::move(n), t}});
    scopes_.bind(sort, bound, at);
}

void Parser::resolve_extern_type(ExternType& t) {
    visit_indices(t, [&](u32& index) { scopes_.resolve(index); });
}

ExternType Parser::extern_type(std::string_view& bound) {
    if (!c_.at(Token::Kind::lparen)) unexpected();
    c_.skip();
    Sort s = sort(false);
    bound = id();
    ExternType t = extern_type_body(s);
    close();
    return t;
}

ExternType Parser::extern_type_body(Sort s) {
    Nesting nesting(*this);
    ExternType t;
    t.sort = s;
    switch (s) {
        case Sort::core_module: t.index = core_module_type_use(); break;
        case Sort::func:
        case Sort::component:
        case Sort::instance: t.index = type_use(s); break;
        case Sort::value:
            if (take_open("eq")) {
                t.value.eq = ref(Sort::value);
                close();
            } else {
                t.value.type = val_type();
            }
            break;
        case Sort::type:
            if (take_open("eq")) {
                t.type.eq = ref(Sort::type);
            } else {
                open("sub");
                if (!c_.take_keyword("resource")) unexpected();
            }
            close();
            break;
        default: unexpected();
    }
    return t;
}

u32 Parser::type_use(Sort s) {
    if (at_type_ref()) return ref(Sort::type);
    std::size_t mark = scopes_.mark();
    DefType t;
    if (s == Sort::func) t = func_type();
    else if (s == Sort::component) t = ComponentType{declarators(Scope::Kind::component_type, {})};
    else t = InstanceType{declarators(Scope::Kind::instance_type, {})};
    u32 index = put_type(std::move(t));
    scopes_.drop_to(mark);
    return scopes_.pending_number(Sort::type, index);
}

}  // namespace heddle::component
