// Tokens, references and names of component text.
#include "text/parser.hpp"

#include <heddle/bytes.hpp>

#include "decode.hpp"

namespace heddle::component {

Parser::Nesting::Nesting(Parser& p) : parser(p) {
    // Twice or thrice per level that counts for max_nesting.
    if (parser.depth_ >= 3 * max_nesting) throw Error{Error::Kind::limit, "nesting too deep", parser.c_.offset()};
    ++parser.depth_;
}

void Parser::unexpected(u32 ahead) const {
    const Token& t = c_.peek(ahead);
    if (t.kind == Token::Kind::end) syntax_error("unexpected end", t.offset);
    syntax_error("unexpected token " + std::string(c_.list().view(t).substr(0, 60)), t.offset);
}

void Parser::open(std::string_view word) {
    if (!c_.take_open(word)) unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
}

void Parser::close() {
    if (!c_.at_rparen()) unexpected();
    c_.skip();
}

std::string_view Parser::name() {
    if (!c_.at(Token::Kind::string)) unexpected();
    return storage_.keep(c_.name());
}

u64 Parser::number64() {
    if (!c_.at(Token::Kind::natural)) unexpected();
    auto v = text::parse_unsigned(c_.view());
    if (!v) syntax_error("i64 constant out of range", c_.offset());
    c_.skip();
    return *v;
}

u32 Parser::number() {
    std::size_t at = c_.offset();
    u64 v = number64();
    if (v > 0xffffffff) syntax_error("i32 constant out of range", at);
    return u32(v);
}

// ---- references

u32 Parser::plain_ref(Sort s) {
    Ref r{s, {}, {}, {}, c_.offset()};
    if (c_.at(Token::Kind::natural)) r.number = number();
    else if (c_.at(Token::Kind::id)) r.id = id();
    else unexpected();
    return scopes_.pending(std::move(r));
}

u32 Parser::ref_body(Sort s) {
    u32 r = plain_ref(s);
    while (c_.at(Token::Kind::string)) scopes_.ref(r).names.push_back(name());
    return r;
}

static std::string_view sort_word(Sort s) {
    std::string_view word = to_string(s);
    return is_core(s) ? word.substr(5) : word;
}

u32 Parser::ref(Sort s) {
    if (c_.at_index()) return plain_ref(s);
    if (!c_.at(Token::Kind::lparen)) unexpected();
    u32 core = is_core(s) && at_word("core", 1);
    if (!at_word(sort_word(s), 1 + core)) unexpected(1 + core);
    c_.move_to(c_.position() + 2 + core);
    u32 r = ref_body(s);
    close();
    return r;
}

Sort Parser::sort(bool in_core) {
    bool core = in_core || c_.take_keyword("core");
    for (std::size_t i = core ? 0 : std::size_t(Sort::func); i < (core ? std::size_t(Sort::func) : sort_count); ++i)
        if (c_.take_keyword(sort_word(Sort(i)))) return Sort(i);
    unexpected();
}

SortIdx Parser::any_ref(bool in_core) {
    if (!c_.at(Token::Kind::lparen)) unexpected();
    c_.skip();
    SortIdx r;
    r.sort = sort(in_core);
    r.index = ref_body(r.sort);
    close();
    return r;
}

bool Parser::at_type_ref() const {
    if (!c_.at_open("type") || !c_.at_index(2)) return false;
    u32 n = 3;
    while (c_.peek(n).kind == Token::Kind::string) ++n;
    return c_.peek(n).kind == Token::Kind::rparen;
}

// ---- names

// A string, or `(interface "…")`, and attributes, each at most once.
ExternName Parser::extern_name() {
    ExternName n;
    bool wrapped = take_open("interface");
    n.name = name();
    if (wrapped) close();
    static constexpr std::string_view words[] = {"implements", "versionsuffix", "external-id"};
    bool seen[std::size(words)] = {};
    for (bool more = true; more;) {
        more = false;
        for (std::size_t i = 0; i < std::size(words); ++i) {
            if (!c_.at_open(words[i])) continue;
            if (seen[i]) unexpected(1);
            seen[i] = more = true;
            open(words[i]);
            n.attributes.push_back({Attribute::Kind(i), name()});
            close();
        }
    }
    n.form = n.attributes.empty() ? 0 : 2;
    return n;
}

// `(export "a")` names the definition it stands in; `(export "a" (func …))` is another one.
bool Parser::at_inline(std::string_view word) const {
    if (!c_.at_open(word)) return false;
    auto skip_list = [&](u32 n) { return c_.peek(n).match + 1 - c_.position(); };
    u32 n = 2;
    if (c_.peek(n).kind == Token::Kind::lparen && at_word("interface", n + 1)) n = skip_list(n);
    else if (c_.peek(n).kind == Token::Kind::string) ++n;
    else return false;
    while (c_.peek(n).kind == Token::Kind::lparen &&
           (at_word("implements", n + 1) || at_word("versionsuffix", n + 1) || at_word("external-id", n + 1)))
        n = skip_list(n);
    return c_.peek(n).kind == Token::Kind::rparen;
}

std::vector<ExternName> Parser::inline_exports() {
    std::vector<ExternName> names;
    while (at_inline("export")) {
        open("export");
        names.push_back(extern_name());
        close();
    }
    return names;
}

std::optional<ExternName> Parser::inline_import() {
    if (!at_inline("import")) return std::nullopt;
    open("import");
    ExternName n = extern_name();
    close();
    return n;
}

// Inline exports come after all other definitions of their component.
void Parser::put_exports(const std::vector<ExternName>& names, Sort s, u32 index) {
    for (const ExternName& n : names) scopes_.top().exports.push_back({n, {s, index}, std::nullopt});
}

}  // namespace heddle::component
