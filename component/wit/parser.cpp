// Tokens -> ast. One function per production of https://github.com/WebAssembly/component-model/blob/main/design/mvp/WIT.md
#include <algorithm>
#include <array>
#include <charconv>

#include "wit/ast.hpp"

namespace heddle::wit::ast {
namespace {

constexpr int max_type_depth = 100;

constexpr std::pair<std::string_view, Prim> prims[] = {{"bool", Prim::bool_},   {"s8", Prim::s8},   {"u8", Prim::u8},   {"s16", Prim::s16},
                                                       {"u16", Prim::u16},      {"s32", Prim::s32}, {"u32", Prim::u32}, {"s64", Prim::s64},
                                                       {"u64", Prim::u64},      {"f32", Prim::f32}, {"f64", Prim::f64}, {"char", Prim::char_},
                                                       {"string", Prim::string}};

class Parser {
public:
    explicit Parser(const Source& s) : source_(s), tokens_(lex(s)) {}

    std::vector<PackageItems> file() {
        std::vector<PackageItems> result(1);
        result[0].source = &source_;
        std::vector<PackageItems> nested;
        if (is("package")) {
            std::string docs = token().docs;
            PackageName name = package_declaration();
            if (is("{")) nested.push_back(nested_package(std::move(name), std::move(docs)));
            else {
                expect(";");
                result[0].package = std::move(name);
                result[0].docs = std::move(docs);
            }
        }
        while (token().kind != TokenKind::end) {
            if (is("package")) {
                std::string docs = token().docs;
                PackageName name = package_declaration();
                nested.push_back(nested_package(std::move(name), std::move(docs)));
            } else package_item(result[0]);
        }
        std::ranges::move(nested, std::back_inserter(result));
        return result;
    }

private:
    // ---- tokens ----
    const Token& token() const { return tokens_[at_]; }
    const Token& peek(std::size_t n) const { return tokens_[std::min(at_ + n, tokens_.size() - 1)]; }
    bool is(std::string_view text) const { return is(token(), text); }
    static bool is(const Token& t, std::string_view text) {
        return (t.kind == TokenKind::operator_ || t.kind == TokenKind::keyword) && t.text == text;
    }
    bool eat(std::string_view text) {
        if (!is(text)) return false;
        ++at_;
        return true;
    }
    void expect(std::string_view text) {
        if (!eat(text)) unexpected("`" + std::string(text) + "`");
    }
    [[noreturn]] void unexpected(const std::string& wanted) const {
        const Token& t = token();
        std::string found = t.kind == TokenKind::end       ? "the end of the file"
                            : t.kind == TokenKind::keyword ? "keyword `" + std::string(t.text) + "`"
                                                           : "`" + std::string(t.text) + "`";
        fail(source_, t.offset, "expected " + wanted + ", found " + found);
    }
    Name identifier(const char* what) {
        if (token().kind != TokenKind::identifier) unexpected(what);
        Name n{token().text, token().offset};
        ++at_;
        return n;
    }
    bool adjacent(std::size_t n) const { return peek(n).end == peek(n + 1).offset; }  // no space between the tokens

    // a, b, c with an optional last comma, up to the closing token
    template <class F>
    void list(std::string_view open, std::string_view close, F element) {
        expect(open);
        while (!eat(close)) {
            element();
            if (!eat(",")) {
                expect(close);
                return;
            }
        }
    }

    // ---- packages ----
    // Dots, dashes and pluses of a version are tokens of their own: the text between is taken as it stands.
    std::string version() {
        u32 from = token().offset, end = from;
        auto part = [](const Token& t) {
            return t.kind == TokenKind::integer || t.kind == TokenKind::identifier || t.kind == TokenKind::keyword ||
                   (t.kind == TokenKind::operator_ && (t.text == "." || t.text == "-" || t.text == "+"));
        };
        // A dot that is followed by `{` belongs to `use path.{names}`.
        while (part(token()) && (end == from || token().offset == end) && !(is(".") && is(peek(1), "{"))) {
            end = token().end;
            ++at_;
        }
        std::string v = source_.text.substr(from, end - from);
        int dots = 0;
        for (std::size_t i = 0; i < v.size() && v[i] != '-' && v[i] != '+'; ++i) dots += v[i] == '.';
        if (dots != 2 || v.empty() || v[0] < '0' || v[0] > '9') fail(source_, from, "`" + v + "` is not a version of the form major.minor.patch");
        return v;
    }

    PackageName package_declaration() {
        expect("package");
        PackageName name;
        name.namespace_ = package_word();
        expect(":");
        name.name = package_word();
        if (eat("@")) name.version = version();
        return name;
    }
    // Keywords may be parts of package names.
    std::string package_word() {
        if (token().kind != TokenKind::identifier && token().kind != TokenKind::keyword) unexpected("a name");
        return std::string(tokens_[at_++].text);
    }

    PackageItems nested_package(PackageName name, std::string docs) {
        PackageItems items{&source_, std::move(name), std::move(docs), {}, {}, {}};
        expect("{");
        while (!eat("}")) package_item(items);
        return items;
    }

    void package_item(PackageItems& items) {
        std::string docs = token().docs;
        Gate g = gate();
        if (is("use")) items.uses.push_back(top_use());
        else if (eat("interface")) {
            Name name = identifier("the interface's name");
            items.interfaces.push_back(interface_body(name, std::move(docs), std::move(g)));
        } else if (eat("world")) items.worlds.push_back(world(std::move(docs), std::move(g)));
        else unexpected("`interface`, `world`, `use` or `package`");
    }

    TopUse top_use() {
        expect("use");
        TopUse u{path(), {}};
        u.as = eat("as") ? identifier("a name") : u.path.name;
        expect(";");
        return u;
    }

    // id, or ns:package/id@version, written without spaces
    Path path() {
        if (is(peek(1), ":") && adjacent(0)) {
            PackageName p;
            p.namespace_ = package_word();
            expect(":");
            p.name = package_word();
            expect("/");
            Path result;
            result.name = identifier("the interface's name");
            if (eat("@")) p.version = version();
            result.package = std::move(p);
            return result;
        }
        return {std::nullopt, identifier("the name of an interface or world")};
    }

    Gate gate() {
        Gate g;
        while (is("@") && peek(1).text != "external-id") {
            ++at_;
            Name what = identifier("since, unstable or deprecated");
            expect("(");
            Name field = identifier("version or feature");
            expect("=");
            bool is_feature = what.text == "unstable";
            if (field.text != (is_feature ? "feature" : "version"))
                fail(source_, field.offset, std::string("expected `") + (is_feature ? "feature" : "version") + "`");
            if (what.text == "since") g.since = version();
            else if (what.text == "deprecated") g.deprecated = version();
            else if (is_feature) g.feature = std::string(identifier("a feature's name").text);
            else fail(source_, what.offset, "unknown attribute `@" + std::string(what.text) + "`: expected since, unstable or deprecated");
            expect(")");
        }
        if (g.since && g.feature) fail(source_, token().offset, "@since and @unstable exclude each other");
        return g;
    }

    // ---- interfaces ----
    Interface interface_body(Name name, std::string docs, Gate g) {
        Interface i{name, {}, std::move(docs), std::move(g)};
        expect("{");
        while (!eat("}")) {
            std::string item_docs = token().docs;
            Gate item_gate = gate();
            if (is("use")) i.items.emplace_back(use(std::move(item_gate)));
            else if (auto t = type_declaration(item_docs, item_gate)) i.items.emplace_back(std::move(*t));
            else i.items.emplace_back(named_function(std::move(item_docs), std::move(item_gate)));
        }
        return i;
    }

    Use use(Gate g) {
        expect("use");
        Use u{path(), {}, std::move(g)};
        expect(".");
        list("{", "}", [&] {
            Name name = identifier("a type's name");
            u.names.emplace_back(name, eat("as") ? identifier("a name") : name);
        });
        expect(";");
        return u;
    }

    Func named_function(std::string docs, Gate g) {
        Name name = identifier("a function's name");
        expect(":");
        Func f = function_type(name, std::move(docs), std::move(g));
        expect(";");
        return f;
    }

    // [async] func(a: t, …) [-> t]
    Func function_type(Name name, std::string docs, Gate g) {
        Func f;
        f.name = name;
        f.docs = std::move(docs);
        f.gate = std::move(g);
        f.async = eat("async");
        expect("func");
        params(f);
        if (eat("->")) f.result = type();
        return f;
    }

    void params(Func& f) {
        list("(", ")", [&] {
            Name name = identifier("a parameter's name");
            expect(":");
            f.params.emplace_back(name, type());
        });
    }

    std::optional<TypeDecl> type_declaration(std::string& docs, Gate& g) {
        static constexpr std::pair<std::string_view, TypeDecl::Kind> kinds[] = {
            {"record", TypeDecl::Kind::record}, {"flags", TypeDecl::Kind::flags},       {"variant", TypeDecl::Kind::variant},
            {"enum", TypeDecl::Kind::enum_},    {"resource", TypeDecl::Kind::resource}, {"type", TypeDecl::Kind::alias}};
        auto kind = std::ranges::find_if(kinds, [&](const auto& k) { return is(k.first); });
        if (kind == std::end(kinds)) return std::nullopt;
        ++at_;
        TypeDecl d;
        d.kind = kind->second;
        d.name = identifier("a type's name");
        d.docs = std::move(docs);
        d.gate = std::move(g);
        if (d.kind == TypeDecl::Kind::alias) {
            expect("=");
            d.type = type();
            expect(";");
        } else if (d.kind == TypeDecl::Kind::resource) resource_body(d);
        else members(d);
        return d;
    }

    void members(TypeDecl& d) {
        list("{", "}", [&] {
            Member m;
            m.docs = token().docs;
            m.name = identifier("a name");
            if (d.kind == TypeDecl::Kind::record) {
                expect(":");
                m.type = type();
            } else if (d.kind == TypeDecl::Kind::variant && eat("(")) {
                m.type = type();
                expect(")");
            }
            d.members.push_back(std::move(m));
        });
        if (d.members.empty()) fail(source_, d.name.offset, "`" + std::string(d.name.text) + "` is empty");
    }

    void resource_body(TypeDecl& d) {
        if (eat(";")) return;
        expect("{");
        while (!eat("}")) {
            std::string docs = token().docs;
            Gate g = gate();
            if (eat("constructor")) d.functions.push_back(constructor(std::move(docs), std::move(g)));
            else d.functions.push_back(method(std::move(docs), std::move(g)));
        }
    }

    Func constructor(std::string docs, Gate g) {
        Func f;
        f.kind = Function::Kind::constructor;
        f.docs = std::move(docs);
        f.gate = std::move(g);
        params(f);
        if (eat("->")) f.result = type();
        expect(";");
        return f;
    }

    Func method(std::string docs, Gate g) {
        Name name = identifier("a method's name");
        expect(":");
        bool is_static = eat("static");
        Func f = function_type(name, std::move(docs), std::move(g));
        f.kind = is_static ? Function::Kind::static_ : Function::Kind::method;
        expect(";");
        return f;
    }

    // ---- types ----
    TypeExpr type() {
        if (++depth_ > max_type_depth) fail(source_, token().offset, "types nest deeper than " + std::to_string(max_type_depth));
        TypeExpr t = type_inner();
        --depth_;
        return t;
    }

    TypeExpr type_inner() {
        TypeExpr t;
        t.offset = token().offset;
        if (token().kind == TokenKind::identifier) {
            // error-context is not a keyword of the lexer: it is a name nothing else may have.
            if (token().text == "error-context") {
                ++at_;
                t.prim = Prim::error_context;
                return t;
            }
            t.kind = TypeExpr::Kind::name;
            t.name = identifier("a type");
            return t;
        }
        if (auto p = std::ranges::find_if(prims, [&](const auto& q) { return is(q.first); }); p != std::end(prims)) {
            ++at_;
            t.prim = p->second;
            return t;
        }
        return generic(t);
    }

    TypeExpr generic(TypeExpr t) {
        using K = TypeExpr::Kind;
        if (eat("list")) {
            t.kind = K::list;
            expect("<");
            t.args.push_back(type());
            if (eat(",")) t.length = integer();
            expect(">");
        } else if (eat("option")) one_argument(t, K::option);
        else if (eat("own")) handle(t, K::own);
        else if (eat("borrow")) handle(t, K::borrow);
        else if (eat("stream")) optional_argument(t, K::stream);
        else if (eat("future")) optional_argument(t, K::future);
        else if (eat("map")) {
            t.kind = K::map;
            expect("<");
            t.args.push_back(type());
            expect(",");
            t.args.push_back(type());
            expect(">");
        } else if (eat("tuple")) {
            t.kind = K::tuple;
            list("<", ">", [&] { t.args.push_back(type()); });
            if (t.args.empty()) fail(source_, t.offset, "a tuple has at least one type");
        } else if (eat("result")) result(t);
        else unexpected("a type");
        return t;
    }

    void one_argument(TypeExpr& t, TypeExpr::Kind kind) {
        t.kind = kind;
        expect("<");
        t.args.push_back(type());
        expect(">");
    }
    void optional_argument(TypeExpr& t, TypeExpr::Kind kind) {
        t.kind = kind;
        if (!eat("<")) return;
        t.args.push_back(type());
        expect(">");
    }
    void handle(TypeExpr& t, TypeExpr::Kind kind) {
        t.kind = kind;
        expect("<");
        t.name = identifier("a resource's name");
        expect(">");
    }
    // result, result<t>, result<_, e>, result<t, e>
    void result(TypeExpr& t) {
        t.kind = TypeExpr::Kind::result;
        if (!eat("<")) return;
        bool none = is_underscore();
        if (none) ++at_;
        else {
            t.has_ok = true;
            t.args.push_back(type());
        }
        if (eat(",")) {
            t.has_error = true;
            t.args.push_back(type());
        } else if (none) unexpected("`,`");
        expect(">");
    }
    bool is_underscore() const { return token().text == "_"; }

    u32 integer() {
        if (token().kind != TokenKind::integer) unexpected("a number");
        u32 n = 0;
        std::string_view s = token().text;
        auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
        if (error != std::errc() || n == 0) fail(source_, token().offset, "a fixed-length list has between 1 and 4294967295 elements");
        ++at_;
        return n;
    }

    // ---- worlds ----
    World world(std::string docs, Gate g) {
        World w{identifier("the world's name"), {}, std::move(docs), std::move(g)};
        expect("{");
        while (!eat("}")) {
            std::string item_docs = token().docs;
            Gate item_gate = gate();
            std::optional<std::string> external = external_id();
            if (is("use")) w.items.emplace_back(use(std::move(item_gate)));
            else if (is("include")) w.items.emplace_back(include(std::move(item_gate)));
            else if (is("import") || is("export"))
                w.items.emplace_back(import_export(std::move(item_docs), std::move(item_gate), std::move(external)));
            else if (auto t = type_declaration(item_docs, item_gate)) w.items.emplace_back(std::move(*t));
            else unexpected("`import`, `export`, `include`, `use` or a type");
        }
        return w;
    }

    std::optional<std::string> external_id() {
        if (!is("@")) return std::nullopt;
        ++at_;
        identifier("external-id");
        expect("(");
        if (token().kind != TokenKind::string) unexpected("a string");
        std::string_view quoted = tokens_[at_++].text;
        expect(")");
        return std::string(quoted.substr(1, quoted.size() - 2));
    }

    Include include(Gate g) {
        expect("include");
        Include i{path(), {}, std::move(g)};
        if (eat("with")) {
            list("{", "}", [&] {
                Name from = identifier("a name");
                expect("as");
                i.renames.emplace_back(from, identifier("a name"));
            });
            eat(";");
        } else expect(";");
        return i;
    }

    ImportExport import_export(std::string docs, Gate g, std::optional<std::string> external) {
        ImportExport e;
        e.import = is("import");
        ++at_;
        e.docs = docs;
        e.gate = g;
        e.external_id = std::move(external);
        // `name: …` has a space after the colon or something that is not a path; `ns:package/name` has none.
        bool named = is(peek(1), ":") && !(adjacent(0) && adjacent(1) && is(peek(3), "/"));
        if (!named) {
            e.what = path();
            expect(";");
            return e;
        }
        e.name = identifier("a name");
        expect(":");
        if (is("async") || is("func")) {
            e.what = function_type(e.name, std::move(docs), std::move(g));
            expect(";");
        } else if (eat("interface")) e.what = interface_body({}, std::move(docs), std::move(g));
        else {
            e.what = path();
            expect(";");
        }
        return e;
    }

    const Source& source_;
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
    int depth_ = 0;
};

}  // namespace

std::vector<PackageItems> parse(const Source& source) { return Parser(source).file(); }

}  // namespace heddle::wit::ast
