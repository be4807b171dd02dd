// Text as tokens, for the parsers of languages that are written like WebAssembly's text format: scripts, components.
//
//     heddle::text::TokenList list = heddle::text::lex("(greet $who \"hello\")");   // throws Error of kind syntax
//     heddle::text::Cursor c(list);
//     c.expect_open("greet");
//     auto who = c.take_id();            // "who"
//     std::string hello = c.string();
//     c.expect_close();
//
// https://webassembly.github.io/spec/core/text/lexical.html
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/types.hpp>

namespace heddle::text {

[[noreturn]] inline void syntax_error(std::string message, std::size_t offset) { throw Error{Error::Kind::syntax, std::move(message), offset}; }

struct Token {
    enum class Kind : u8 { lparen, rparen, keyword, id, string, natural, integer, float_, reserved, end };
    u32 offset = 0, length = 0;
    u32 match = 0;               // lparen: index of its rparen token (of the `end` token when it is never closed)
    Kind kind = Kind::end;
};

// An annotation that means something to us; all others are checked lexically and dropped.
// https://webassembly.github.io/spec/core/appendix/custom.html
struct Annotation {
    enum class Kind : u8 { custom, name, branch_hint };
    Kind kind;
    u32 offset = 0;
    u32 before = 0;              // index of the token it stands before
    std::vector<Token> tokens;   // its contents
    bool used = false;
};

struct TokenList {
    std::string_view text;
    std::vector<Token> tokens;             // ends with one `end` token
    std::vector<Annotation> annotations;   // in order of `before`

    std::string_view view(const Token& t) const { return text.substr(t.offset, t.length); }
};

// Throws syntax errors.
TokenList lex(std::string_view text);

// The bytes a string token stands for; `literal` includes the quotes and has been checked by lex.
std::string unescape(std::string_view literal);

// ---- a place in a token list, with the questions a parser asks there

class Cursor {
public:
    // Parses tokens [from, to) of `list`; beyond `to` there is only its end token.
    Cursor(TokenList& list, u32 from, u32 to) : list_(&list), at_(from), to_(to) {}
    explicit Cursor(TokenList& list) : Cursor(list, 0, u32(list.tokens.size() - 1)) {}

    TokenList& list() const { return *list_; }
    u32 position() const { return at_; }
    u32 end_position() const { return to_; }
    void move_to(u32 position) { at_ = position; }

    const Token& peek(u32 ahead = 0) const { return at_ + ahead < to_ ? list_->tokens[at_ + ahead] : list_->tokens.back(); }
    std::string_view view(u32 ahead = 0) const { return list_->view(peek(ahead)); }
    std::size_t offset() const { return at_ < list_->tokens.size() ? list_->tokens[at_].offset : list_->text.size(); }
    void skip() {
        if (at_ < to_) ++at_;
    }

    bool done() const { return at_ >= to_; }
    bool at(Token::Kind k) const { return peek().kind == k; }
    bool at_rparen() const { return at(Token::Kind::rparen); }
    bool at_keyword(std::string_view k, u32 ahead = 0) const { return peek(ahead).kind == Token::Kind::keyword && view(ahead) == k; }
    // "(" and then the keyword
    bool at_open(std::string_view k) const { return at(Token::Kind::lparen) && at_keyword(k, 1); }
    bool at_index(u32 ahead = 0) const {
        Token::Kind k = peek(ahead).kind;
        return k == Token::Kind::natural || k == Token::Kind::id;
    }
    // The token after the ")" that belongs to the "(" here.
    u32 after_list() const { return std::min(peek().match + 1, to_); }

    bool take_keyword(std::string_view k) {
        bool yes = at_keyword(k);
        if (yes) ++at_;
        return yes;
    }
    bool take_open(std::string_view k) {
        bool yes = at_open(k);
        if (yes) at_ += 2;
        return yes;
    }
    void expect_open(std::string_view k) {
        if (!take_open(k)) unexpected(at(Token::Kind::lparen) ? 1 : 0);
    }
    void expect_keyword(std::string_view k) {
        if (!take_keyword(k)) unexpected();
    }
    void expect_close() {
        if (!at_rparen()) unexpected();
        ++at_;
    }
    std::string string() {
        if (!at(Token::Kind::string)) unexpected();
        std::string s = unescape(view());
        ++at_;
        return s;
    }
    // A string that is UTF-8. https://webassembly.github.io/spec/core/text/values.html#names
    std::string name();
    // An identifier without its "$", if there is one here.
    std::optional<std::string> take_id();

    // "unknown operator" for words nobody knows, else "unexpected token".
    [[noreturn]] void unexpected(u32 ahead = 0) const;

    // The annotation of this kind that stands before the token here and has not been used, if any.
    Annotation* take_annotation(Annotation::Kind k);

private:
    TokenList* list_;
    u32 at_, to_;
};

// "$a" and "$\"a\"" without the dollar.
std::string id_text(std::string_view token);

// ---- numbers to bits and back, exactly. https://webassembly.github.io/spec/core/text/values.html

// An unsigned literal (decimal or 0x…, underscores between digits) as lex classified it; nothing when it needs more than `bits` bits.
std::optional<u64> parse_unsigned(std::string_view s, unsigned bits = 64);

// A literal in the range of either the signed or the unsigned integers of `bits` bits, as two's complement cut to `bits`.
std::optional<u64> parse_integer(std::string_view s, unsigned bits);

// Any number literal as IEEE bits, rounded to nearest even. Nothing when it overflows, or a NaN's payload does not fit.
std::optional<u32> parse_f32(std::string_view s);
std::optional<u64> parse_f64(std::string_view s);

// The shortest text that reads back as the same bits.
std::string print_f32(u32 bits);
std::string print_f64(u64 bits);

}  // namespace heddle::text
