// The text of a query, read by recursive descent to a fixed depth. https://spec.graphql.org/October2021/#sec-Appendix-Grammar-Summary
#include <algorithm>

#include "document.hpp"
#include "json.hpp"

namespace heddle::wire::graphql {

namespace {

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) { skip(); }
    Document document();

private:
    static constexpr u32 deepest = 64;
    struct Nesting {
        explicit Nesting(Parser& p) : parser(p) {
            if (++p.depth_ > deepest) p.fail("nested too deeply: the limit is 64");
        }
        ~Nesting() { --parser.depth_; }
        Parser& parser;
    };

    [[noreturn]] void fail(std::string message) const { throw Fault{std::move(message), at_}; }
    [[noreturn]] void unexpected(const char* wanted) const;
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    void skip();
    bool accept(std::string_view symbol);
    void expect(std::string_view symbol);
    bool accept_word(std::string_view word);
    std::string name(const char* what);
    Operation operation();
    Fragment fragment();
    std::vector<Variable> variables();
    std::string type();
    std::vector<Selection> selections();
    Selection selection();
    Arguments arguments();
    std::vector<Directive> directives();
    Value value();
    std::string string();
    std::string block_string();
    std::string number();

    std::string_view text_;
    std::size_t at_ = 0;
    u32 depth_ = 0;
};

void Parser::unexpected(const char* wanted) const {
    if (at_ >= text_.size()) fail(std::string("expected ") + wanted + ", the query ends");
    fail(std::string("expected ") + wanted + ", there is `" + std::string(text_.substr(at_, 1)) + "`");
}

// Spaces, commas and comments mean nothing.
void Parser::skip() {
    for (; at_ < text_.size(); ++at_) {
        char c = text_[at_];
        if (c == '#')
            while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
        else if (c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != ',') {
            if (text_.substr(at_, 3) != "\xef\xbb\xbf") return;
            at_ += 2;
        }
    }
}

bool Parser::accept(std::string_view symbol) {
    if (text_.substr(at_, symbol.size()) != symbol) return false;
    at_ += symbol.size();
    skip();
    return true;
}

void Parser::expect(std::string_view symbol) {
    if (!accept(symbol)) unexpected(("`" + std::string(symbol) + "`").c_str());
}

bool Parser::accept_word(std::string_view word) {
    std::size_t end = at_ + word.size();
    bool ends = end >= text_.size() || !(begins_name(text_[end]) || is_digit(text_[end]));
    return ends && accept(word);
}

std::string Parser::name(const char* what) {
    if (!begins_name(peek())) unexpected(what);
    std::size_t start = at_;
    while (begins_name(peek()) || is_digit(peek())) ++at_;
    std::string found(text_.substr(start, at_ - start));
    skip();
    return found;
}

std::string Parser::type() {
    Nesting nesting(*this);
    std::string text;
    if (accept("[")) {
        text = "[" + type() + "]";
        expect("]");
    } else text = name("a type");
    return accept("!") ? text + "!" : text;
}

std::vector<Variable> Parser::variables() {
    std::vector<Variable> all;
    if (!accept("(")) return all;
    do {
        expect("$");
        Variable v;
        v.name = name("a variable's name");
        expect(":");
        v.type = type();
        if (accept("=")) v.otherwise = value();
        directives();
        all.push_back(std::move(v));
    } while (!accept(")"));
    return all;
}

std::string Parser::number() {
    std::size_t start = at_;
    while (is_digit(peek()) || peek() == '-' || peek() == '+' || peek() == '.' || peek() == 'e' || peek() == 'E') ++at_;
    std::string found(text_.substr(start, at_ - start));
    if (auto fault = scan_json(found)) {
        at_ = start;
        fail("`" + found.substr(0, 60) + "` is no number that fits");
    }
    skip();
    return found;
}

std::string Parser::block_string() {
    std::size_t end = at_ + 3;
    while ((end = text_.find("\"\"\"", end)) != text_.npos && text_[end - 1] == '\\') end += 3;
    if (end == text_.npos) fail("a block string has no end");
    std::string raw(text_.substr(at_ + 3, end - at_ - 3));
    for (std::size_t i = 0; (i = raw.find("\\\"\"\"", i)) != raw.npos; i += 3) raw.erase(i, 1);
    while (!raw.empty() && (raw.front() == '\n' || raw.front() == '\r')) raw.erase(0, 1);
    while (!raw.empty() && (raw.back() == '\n' || raw.back() == ' ')) raw.pop_back();
    at_ = end + 3;
    skip();
    return json_string(raw);
}

// GraphQL's strings are JSON's.
std::string Parser::string() {
    if (text_.substr(at_, 3) == "\"\"\"") return block_string();
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != '"' && text_[end] != '\n') end += text_[end] == '\\' ? 2 : 1;
    std::string found(text_.substr(at_, std::min(end + 1, text_.size()) - at_));
    if (auto fault = scan_json(found)) fail("a string is not well-formed");
    at_ += found.size();
    skip();
    return found;
}

Value Parser::value() {
    Nesting nesting(*this);
    Value v;
    if (accept("$")) {
        v.kind = Value::Kind::variable;
        v.text = name("a variable's name");
    } else if (accept("[")) {
        v.kind = Value::Kind::list;
        while (!accept("]")) v.items.push_back(value());
    } else if (accept("{")) {
        v.kind = Value::Kind::object;
        while (!accept("}")) {
            std::string key = name("a key");
            expect(":");
            v.fields.push_back({std::move(key), value()});
        }
    } else if (peek() == '"') v.text = string();
    else if (peek() == '-' || is_digit(peek())) v.text = number();
    else {
        std::string word = name("a value");
        v.text = word == "true" || word == "false" || word == "null" ? word : json_string(word);
    }
    return v;
}

Arguments Parser::arguments() {
    Arguments all;
    if (!accept("(")) return all;
    do {
        std::string key = name("an argument's name");
        expect(":");
        if (std::ranges::any_of(all, [&](const auto& a) { return a.first == key; })) fail("the argument `" + key + "` is given twice");
        all.push_back({std::move(key), value()});
    } while (!accept(")"));
    return all;
}

std::vector<Directive> Parser::directives() {
    std::vector<Directive> all;
    while (accept("@")) {
        Directive d;
        d.name = name("a directive's name");
        d.arguments = arguments();
        all.push_back(std::move(d));
    }
    return all;
}

Selection Parser::selection() {
    Selection s;
    s.at = at_;
    if (accept("...")) {
        bool on = accept_word("on");
        s.kind = !on && begins_name(peek()) ? Selection::Kind::spread : Selection::Kind::inline_fragment;
        if (on || s.kind == Selection::Kind::spread) s.name = name(on ? "a type" : "a fragment's name");
        s.directives = directives();
        if (s.kind == Selection::Kind::inline_fragment) s.selections = selections();
        return s;
    }
    s.name = name("a field");
    if (accept(":")) {
        s.alias = std::move(s.name);
        s.name = name("a field");
    }
    s.arguments = arguments();
    s.directives = directives();
    if (peek() == '{') s.selections = selections();
    return s;
}

std::vector<Selection> Parser::selections() {
    Nesting nesting(*this);
    expect("{");
    std::vector<Selection> all;
    do all.push_back(selection());
    while (!accept("}"));
    return all;
}

Operation Parser::operation() {
    Operation o;
    if (peek() != '{') {
        std::size_t start = at_;
        o.kind = name("query, mutation or fragment");
        if (o.kind != "query" && o.kind != "mutation") {
            at_ = start;
            fail(o.kind == "subscription" ? "subscriptions are not served" : "expected query, mutation or fragment, there is `" + o.kind + "`");
        }
        if (begins_name(peek())) o.name = name("a name");
        o.variables = variables();
        directives();
    }
    o.selections = selections();
    return o;
}

Fragment Parser::fragment() {
    Fragment f;
    f.name = name("a fragment's name");
    if (!accept_word("on")) unexpected("`on`");
    f.on = name("a type");
    directives();
    f.selections = selections();
    return f;
}

Document Parser::document() {
    Document d;
    while (at_ < text_.size()) {
        if (accept_word("fragment")) d.fragments.push_back(fragment());
        else d.operations.push_back(operation());
    }
    if (d.operations.empty()) fail("there is no operation");
    return d;
}

}  // namespace

Document parse(std::string_view text) { return Parser(text).document(); }

std::string location(std::string_view text, std::size_t at) {
    std::string_view before = text.substr(0, at);
    std::size_t line = 1 + std::size_t(std::ranges::count(before, '\n')), last = before.rfind('\n');
    return "{\"line\":" + std::to_string(line) + ",\"column\":" + std::to_string(at - (last == before.npos ? 0 : last + 1) + 1) + "}";
}

}  // namespace heddle::wire::graphql
