// WIT's tokens. https://github.com/WebAssembly/component-model/blob/main/design/mvp/WIT.md#lexical-structure
#pragma once
#include <heddle/wit.hpp>

namespace heddle::wit {

enum class TokenKind : u8 { end, identifier, keyword, integer, string, operator_ };

struct Token {
    TokenKind kind = TokenKind::end;
    std::string_view text;    // identifiers without their leading %
    u32 offset = 0, end = 0;  // in the source
    std::string docs;         // the doc comments that stand before it
};

// All tokens of a file, an `end` token last. Throws Error (kind syntax) with path:line:column in the message.
std::vector<Token> lex(const Source& source);

// Throws a syntax error that begins with path:line:column.
[[noreturn]] void fail(const Source& source, std::size_t offset, const std::string& message);

}  // namespace heddle::wit
