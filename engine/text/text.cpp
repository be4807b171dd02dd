// The API's border of assembling, and positions in text.
#include <algorithm>

#include "context.hpp"
#include "module_source.hpp"

namespace heddle::text {

static std::vector<u8> assemble_text(std::string_view wat, const AssembleOptions& options) {
    TokenList list = lex(wat);
    Cursor c(list);
    if (!c.at_open("module")) {
        std::vector<u8> bytes = parse_module_fields(c, options, std::nullopt);
        if (!c.done()) c.unexpected();
        return bytes;
    }
    ModuleSource m = parse_module_source(c, options);
    if (!c.done()) c.unexpected();
    if (!m.bytes) throw m.bytes.error();
    return std::move(*m.bytes);
}

Result<std::vector<u8>> assemble(std::string_view wat, const AssembleOptions& options) {
    try {
        return assemble_text(wat, options);
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

ModuleSource parse_module_source(Cursor& c, const AssembleOptions& options) {
    ModuleSource m;
    m.offset = c.offset();
    u32 close = c.after_list() - 1;
    if (c.list().tokens[close].kind != Token::Kind::rparen) syntax_error("unexpected end", c.list().text.size());
    c.expect_open("module");
    c.take_keyword("definition");
    auto id = c.take_id();
    m.name = id.value_or("");
    auto strings = [&] {
        std::string s;
        while (c.at(Token::Kind::string)) s += c.string();
        return s;
    };
    if (c.take_keyword("binary")) {
        m.form = ModuleSource::Form::binary;
        std::string s = strings();
        m.bytes = std::vector<u8>(s.begin(), s.end());
    } else if (c.take_keyword("quote")) {
        m.form = ModuleSource::Form::quote;
        m.text = strings();
        m.bytes = assemble(m.text, options);
    } else {
        Cursor fields(c.list(), c.position(), close);
        try {
            m.bytes = parse_module_fields(fields, options, id);
        } catch (Error& e) {
            m.bytes = std::unexpected(std::move(e));
        }
        c.move_to(close);
    }
    c.expect_close();
    return m;
}

Position line_column(std::string_view text, std::size_t offset) {
    std::string_view before = text.substr(0, std::min(offset, text.size()));
    std::size_t line_start = before.rfind('\n') + 1;   // npos + 1 is 0
    return {1 + std::size_t(std::ranges::count(before, '\n')), 1 + before.size() - line_start};
}

std::string describe(std::string_view text, const Error& error) {
    std::string message = std::string(to_string(error.kind)) + ": " + error.message;
    if (error.offset == Error::no_offset) return message;
    Position p = line_column(text, error.offset);
    return std::to_string(p.line) + ":" + std::to_string(p.column) + ": " + message;
}

}  // namespace heddle::text
