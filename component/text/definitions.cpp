// The definitions of a component in text, with their inline forms.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#component-definitions
#include "text/names_section.hpp"
#include "text/parser.hpp"
#include "text/quote.hpp"

namespace heddle::component {

Component Parser::whole(std::string_view name) {
    Component c = component(name);
    if (!c_.done()) unexpected();
    return c;
}

Component Parser::component(std::string_view name) {
    Nesting nesting(*this);
    scopes_.stack.emplace_back().id = name;
    custom();
    while (!c_.done() && !c_.at_rparen()) {
        std::size_t mark = scopes_.mark();
        field();
        scopes_.drop_to(mark);
        custom();
    }
    for (Export& e : scopes_.top().exports) scopes_.put_definition(std::move(e));
    if (options_.names) put_names_section(scopes_.top(), storage_);
    Component c;
    c.definitions = std::move(scopes_.top().definitions);
    scopes_.stack.pop_back();
    return c;
}

// `(@custom "name" "contents"*)` before the token here.
void Parser::custom() {
    while (text::Annotation* a = c_.take_annotation(text::Annotation::Kind::custom)) {
        std::vector<std::string> strings;
        for (const Token& t : a->tokens) {
            if (t.kind != Token::Kind::string) syntax_error("@custom annotation: unexpected token", t.offset);
            strings.push_back(text::unescape(c_.list().view(t)));
        }
        if (strings.empty()) syntax_error("@custom annotation: missing section name", a->offset);
        CustomSection s;
        s.name = storage_.keep(std::move(strings[0]));
        std::vector<u8> contents;
        for (std::size_t i = 1; i < strings.size(); ++i) contents.insert(contents.end(), strings[i].begin(), strings[i].end());
        s.bytes = storage_.keep(std::move(contents));
        scopes_.put_definition(s);
    }
}

void Parser::field() {
    if (take_open("core")) return core_field();
    if (take_open("component")) return nested_component();
    if (take_open("instance")) return instance();
    if (take_open("alias")) return alias_field();
    if (take_open("type")) return type_field();
    if (take_open("canon")) return canon_field();
    if (take_open("func")) return func();
    if (take_open("import")) return import_();
    if (take_open("export")) return export_();
    if (take_open("start")) return start();
    if (take_open("value")) return value();
    unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
}

void Parser::core_field() {
    if (c_.take_keyword("module")) return core_module();
    if (c_.take_keyword("instance")) return core_instance();
    if (c_.take_keyword("type")) return core_type_field();
    if (c_.take_keyword("rec")) return core_rec_field();
    for (Sort s : {Sort::core_func, Sort::core_table, Sort::core_memory, Sort::core_global, Sort::core_tag})
        if (c_.take_keyword(std::string_view(to_string(s)).substr(5))) return core_item(s);
    unexpected();
}

// ---- core modules and instances

void Parser::core_module() {
    std::size_t at = c_.offset();
    std::string_view name = id();
    std::vector<ExternName> names = inline_exports();
    if (auto imported = inline_import()) {
        u32 index = put_import(*imported, extern_type_body(Sort::core_module), name, at);
        put_exports(names, Sort::core_module, index);
        return close();
    }
    if (c_.at_open("alias")) {
        put_exports(names, Sort::core_module, inverted_alias(Sort::core_module, name));
        return close();
    }
    core_module_body(name, names, at);
}

// The module's own text goes to the engine: all from here to the closing parenthesis, under a new opening.
void Parser::core_module_body(std::string_view name, const std::vector<ExternName>& names, std::size_t at) {
    const auto& tokens = c_.list().tokens;
    const Token& before = tokens[c_.position() - 1];
    std::size_t from = before.offset + before.length;
    while (!c_.done() && !c_.at_rparen()) {
        if (c_.at(Token::Kind::lparen)) c_.move_to(c_.after_list());
        else c_.skip();
    }
    if (c_.done()) unexpected();
    std::string source = "(module";
    if (options_.names && !name.empty()) source += " $" + quoted(name);
    std::size_t shift = from - source.size();
    source += c_.list().text.substr(from, c_.offset() - from);
    source += ")";
    auto bytes = text::assemble(source, options_);
    if (!bytes) {
        Error e = bytes.error();
        if (e.offset != Error::no_offset) e.offset += shift;
        throw e;
    }
    close();
    scopes_.put_definition(CoreModule{storage_.keep(std::move(*bytes))});
    put_exports(names, Sort::core_module, scopes_.bind(Sort::core_module, name, at));
}

std::vector<CoreInlineExport> Parser::core_exports() {
    std::vector<CoreInlineExport> all;
    while (take_open("export")) {
        std::string_view n = name();
        all.push_back({n, any_ref(true)});
        close();
    }
    return all;
}

void Parser::put_core_exports(std::vector<CoreInlineExport> e) {
    for (CoreInlineExport& x : e) scopes_.resolve(x.item.index);
    scopes_.put_definition(CoreInstance(std::move(e)));
}

void Parser::core_instance() {
    std::size_t at = c_.offset();
    std::string_view name = id();
    if (!take_open("instantiate")) {
        if (c_.at_open("alias")) {
            inverted_alias(Sort::core_instance, name);
        } else {
            put_core_exports(core_exports());
            scopes_.bind(Sort::core_instance, name, at);
        }
        return close();
    }
    CoreInstantiate i;
    i.module = ref(Sort::core_module);
    while (take_open("with")) {
        CoreInstantiate::Arg a;
        a.name = this->name();
        open("instance");
        if (c_.at_index()) {
            a.instance = plain_ref(Sort::core_instance);
        } else {
            std::size_t mark = scopes_.mark();
            put_core_exports(core_exports());
            scopes_.drop_to(mark);
            a.instance = scopes_.pending_number(Sort::core_instance, scopes_.bind(Sort::core_instance, {}, 0));
        }
        close();
        close();
        i.args.push_back(a);
    }
    close();
    close();
    scopes_.resolve(i.module);
    for (CoreInstantiate::Arg& a : i.args) scopes_.resolve(a.instance);
    scopes_.put_definition(CoreInstance(std::move(i)));
    scopes_.bind(Sort::core_instance, name, at);
}

// `(core func $f (canon …))`, `(core memory $m (alias …))`
void Parser::core_item(Sort s) {
    std::size_t at = c_.offset();
    std::string_view name = id();
    if (s == Sort::core_func && take_open("canon")) {
        if (at_word("lift", 0)) unexpected();
        Canon c = canon_body();
        close();
        put_canon(std::move(c), name, at);
    } else {
        inverted_alias(s, name);
    }
    close();
}

// ---- components and instances

void Parser::nested_component() {
    std::size_t at = c_.offset();
    std::string_view name = id();
    std::vector<ExternName> names = inline_exports();
    u32 index = 0;
    if (auto imported = inline_import()) {
        index = put_import(*imported, extern_type_body(Sort::component), name, at);
    } else if (at_inverted_alias()) {
        index = inverted_alias(Sort::component, name);
    } else {
        scopes_.put_definition(component(name));
        index = scopes_.bind(Sort::component, name, at);
    }
    put_exports(names, Sort::component, index);
    close();
}

std::vector<InlineExport> Parser::exports() {
    std::vector<InlineExport> all;
    while (take_open("export")) {
        ExternName n = extern_name();
        all.push_back({std::move(n), any_ref(false)});
        close();
    }
    return all;
}

void Parser::put_inline_exports(std::vector<InlineExport> e) {
    for (InlineExport& x : e) scopes_.resolve(x.item.index);
    scopes_.put_definition(Instance(std::move(e)));
}

void Parser::instance() {
    std::size_t at = c_.offset();
    std::string_view name = id();
    std::vector<ExternName> names = inline_exports();
    u32 index = 0;
    if (auto imported = inline_import()) {
        index = put_import(*imported, extern_type_body(Sort::instance), name, at);
    } else if (c_.at_open("alias")) {
        index = inverted_alias(Sort::instance, name);
    } else if (take_open("instantiate")) {
        Instantiate i;
        i.component = ref(Sort::component);
        while (take_open("with")) {
            std::string_view n = this->name();
            i.args.push_back({n, instantiate_arg()});
            close();
        }
        close();
        scopes_.resolve(i.component);
        for (Instantiate::Arg& a : i.args) scopes_.resolve(a.item.index);
        scopes_.put_definition(Instance(std::move(i)));
        index = scopes_.bind(Sort::instance, name, at);
    } else {
        put_inline_exports(exports());
        index = scopes_.bind(Sort::instance, name, at);
    }
    put_exports(names, Sort::instance, index);
    close();
}

// `(func $f)`, or `(instance (export …)*)`, which is defined at once.
SortIdx Parser::instantiate_arg() {
    if (!c_.at_open("instance") || c_.at_index(2)) return any_ref(false);
    open("instance");
    std::size_t mark = scopes_.mark();
    put_inline_exports(exports());
    scopes_.drop_to(mark);
    close();
    return {Sort::instance, scopes_.pending_number(Sort::instance, scopes_.bind(Sort::instance, {}, 0))};
}

// ---- functions, imports, exports

void Parser::func() {
    std::size_t at = c_.offset();
    std::string_view name = id();
    std::vector<ExternName> names = inline_exports();
    u32 index = 0;
    if (auto imported = inline_import()) {
        index = put_import(*imported, extern_type_body(Sort::func), name, at);
    } else if (c_.at_open("alias")) {
        index = inverted_alias(Sort::func, name);
    } else {
        u32 type = type_use(Sort::func);
        open("canon");
        if (!at_word("lift", 0)) unexpected();
        Canon c = canon_body();
        close();
        c.type = type;
        index = put_canon(std::move(c), name, at);
    }
    put_exports(names, Sort::func, index);
    close();
}

u32 Parser::put_import(const ExternName& n, ExternType type, std::string_view name, std::size_t at) {
    resolve_extern_type(type);
    scopes_.put_definition(Import{n, type});
    return scopes_.bind(type.sort, name, at);
}

void Parser::import_() {
    std::size_t at = c_.offset();
    ExternName n = extern_name();
    std::string_view bound;
    ExternType t = extern_type(bound);
    close();
    put_import(n, t, bound, at);
}

void Parser::export_() {
    std::size_t at = c_.offset();
    std::string_view bound = id();
    Export e;
    e.name = extern_name();
    e.item = any_ref(false);
    std::string_view none;
    if (!c_.at_rparen()) e.type = extern_type(none);
    close();
    scopes_.resolve(e.item.index);
    if (e.type) resolve_extern_type(*e.type);
    Sort s = e.item.sort;
    scopes_.put_definition(std::move(e));
    scopes_.bind(s, bound, at);
}

// `(start $f (value $v)* (result (value $id?))*)`
void Parser::start() {
    std::size_t at = c_.offset();
    Start s;
    s.func = ref(Sort::func);
    while (c_.at_open("value")) s.args.push_back(ref(Sort::value));
    std::vector<std::string_view> results;
    while (take_open("result")) {
        open("value");
        results.push_back(id());
        close();
        close();
    }
    close();
    s.results = u32(results.size());
    scopes_.resolve(s.func);
    for (u32& a : s.args) scopes_.resolve(a);
    scopes_.put_definition(std::move(s));
    for (std::string_view r : results) scopes_.bind(Sort::value, r, at);
}

// ---- aliases

bool Parser::at_inverted_alias() const {
    if (!c_.at_open("alias")) return false;
    u32 after = c_.peek().match + 1;
    // A component that begins with an alias goes on, or the alias ends in the sort it gives.
    u32 last = c_.peek().match - 1;
    bool names_sort = c_.list().tokens[last].kind == Token::Kind::rparen;
    return !names_sort && after < c_.list().tokens.size() && c_.list().tokens[after].kind == Token::Kind::rparen;
}

// What stands between `(alias` and the sort.
Alias Parser::alias_target(std::optional<Sort> s) {
    Alias a;
    if (c_.take_keyword("outer")) {
        a.target = Alias::Target::outer;
        std::size_t at = c_.offset();
        if (c_.at(Token::Kind::id)) a.count = scopes_.scope_count(id(), at);
        else a.count = number();
        outer_ = plain_ref(s.value_or(Sort::type));
        return a;
    }
    bool core = c_.take_keyword("core");
    if (!c_.take_keyword("export")) unexpected();
    a.target = core ? Alias::Target::core_export : Alias::Target::export_;
    a.instance = plain_ref(core ? Sort::core_instance : Sort::instance);
    a.name = name();
    return a;
}

u32 Parser::put_alias(Alias a, Sort s, std::string_view name, std::size_t at) {
    a.sort = s;
    if (a.target == Alias::Target::outer) {
        const Ref& r = scopes_.ref(outer_);
        bool allowed = s == Sort::core_module || s == Sort::core_type || s == Sort::type || s == Sort::component;
        if (!allowed) syntax_error("unexpected token: an outer alias gives a core module, core type, type or component", at);
        a.index = r.number ? *r.number : scopes_.index_in(a.count, s, r.id, r.offset);
    } else {
        bool core = a.target == Alias::Target::core_export;
        if (core ? !is_core(s) : is_core(s) && s != Sort::core_module) syntax_error("unexpected token: no such alias", at);
        scopes_.resolve(a.instance);
    }
    return scopes_.put_alias(a, name, at);
}

// `(alias export $i "f" (func $id))`
void Parser::alias_field() {
    std::size_t at = c_.offset();
    Alias a = alias_target(std::nullopt);
    bool in_module_type = scopes_.top().kind == Scope::Kind::module_type;
    if (in_module_type && a.target != Alias::Target::outer) unexpected();
    if (!c_.at(Token::Kind::lparen)) unexpected();
    c_.skip();
    Sort s = sort(in_module_type);
    if (in_module_type && s != Sort::core_type) unexpected();
    std::string_view name = id();
    close();
    close();
    put_alias(a, s, name, at);
}

// `(alias export $i "f")` inside `(func $id …)`
u32 Parser::inverted_alias(Sort s, std::string_view name) {
    std::size_t at = c_.offset();
    open("alias");
    Alias a = alias_target(s);
    close();
    return put_alias(a, s, name, at);
}

}  // namespace heddle::component
