// The API's border of assembling.
#include "encode.hpp"
#include "text/parser.hpp"

namespace heddle::component {

static std::vector<u8> assemble_text(std::string_view text, const text::AssembleOptions& options) {
    text::TokenList list = text::lex(text);
    Cursor c(list);
    Storage storage;
    if (!c.at_open("component")) return encode(Parser(c, storage, options).whole({}));
    c.expect_open("component");
    c.take_keyword("definition");
    std::string_view name = storage.keep(c.take_id().value_or(""));
    bool binary = c.take_keyword("binary"), quote = !binary && c.take_keyword("quote");
    u32 close = c.list().tokens[0].match;
    if (close + 1 != c.end_position() || !(list.tokens[close].kind == Token::Kind::rparen)) {
        const Token& t = list.tokens[std::min(close + 1, c.end_position())];
        syntax_error(t.kind == Token::Kind::end ? "unexpected end" : "unexpected token " + std::string(list.view(t)), t.offset);
    }
    if (!binary && !quote) return encode(Parser(Cursor(list, c.position(), close), storage, options).whole(name));
    std::string s;
    while (c.at(Token::Kind::string)) s += c.string();
    c.expect_close();
    if (quote) return assemble_text(s, options);
    return std::vector<u8>(s.begin(), s.end());
}

Result<std::vector<u8>> assemble(std::string_view text, const text::AssembleOptions& options) {
    try {
        return assemble_text(text, options);
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

bool is_component(std::span<const u8> bytes) {
    static constexpr u8 magic[] = {0x00, 0x61, 0x73, 0x6d};
    return bytes.size() >= 8 && std::equal(magic, magic + 4, bytes.begin()) && (bytes[6] | bytes[7] << 8) == 1;
}

}  // namespace heddle::component
