// Text as tokens. https://webassembly.github.io/spec/core/text/lexical.html
#pragma once
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
const char* annotation_id(Annotation::Kind k);

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

// What kind of token a run of characters is when it begins like a number, inf or nan; reserved when it is none.
Token::Kind classify_number(std::string_view run);

}  // namespace heddle::text
