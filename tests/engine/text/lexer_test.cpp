#include "text/lexer.hpp"

#include <gtest/gtest.h>

namespace heddle::text {
namespace {

using Kind = Token::Kind;

std::vector<Kind> kinds(std::string_view text) {
    std::vector<Kind> out;
    for (const Token& t : lex(text).tokens) out.push_back(t.kind);
    out.pop_back();   // the end
    return out;
}

std::string error(std::string_view text) {
    try {
        lex(text);
        return "fine";
    } catch (const Error& e) {
        return e.message;
    }
}

TEST(Lexer, each_kind_of_token_is_told_apart) {
    using enum Token::Kind;
    EXPECT_EQ(kinds("(module $m \"s\" 12 0x1f -3 +0 1.5 0x1p4 inf -nan nan:0x7f ) 8q #x"),
              (std::vector<Kind>{lparen, keyword, id, string, natural, natural, integer, integer, float_, float_, float_, float_, float_, rparen, reserved, reserved}));
}

TEST(Lexer, a_token_is_a_maximal_run_of_id_characters_and_strings) {
    EXPECT_EQ(kinds("0$a"), (std::vector{Kind::reserved}));
    EXPECT_EQ(kinds("\"a\"\"b\""), (std::vector{Kind::reserved}));
    EXPECT_EQ(kinds("$a\"b\""), (std::vector{Kind::reserved}));
    EXPECT_EQ(kinds("a,b"), (std::vector{Kind::reserved}));
    EXPECT_EQ(kinds("a(;c;)b"), (std::vector{Kind::keyword, Kind::keyword}));
    EXPECT_EQ(kinds("nop;;c\nnop"), (std::vector{Kind::keyword, Kind::keyword}));
}

TEST(Lexer, digits_and_underscores_must_alternate) {
    for (std::string_view good : {"1_000", "0x1_f", "1_0.0_1e1_0", "0x1_0.f_fp1_0", "1.", "0x1.p1"}) EXPECT_NE(kinds(good)[0], Kind::reserved) << good;
    for (std::string_view bad : {"1__0", "1_", "0x_1", "1._0", "1e", "0x1p", "0x", "1e_1", "+-1", "1x"}) EXPECT_EQ(kinds(bad)[0], Kind::reserved) << bad;
}

TEST(Lexer, comments_nest_and_lines_end_with_cr_lf_or_both) {
    EXPECT_EQ(kinds("(; a (; b ;) \" ;) x ;; (\ry ;; \r\nz"), (std::vector{Kind::keyword, Kind::keyword, Kind::keyword}));
    EXPECT_EQ(error("(; (; ;)"), "unclosed comment");
}

TEST(Lexer, parentheses_know_their_partners) {
    TokenList list = lex("(a (b) c) (");
    EXPECT_EQ(list.tokens[0].match, 6u);
    EXPECT_EQ(list.tokens[2].match, 4u);
    EXPECT_EQ(list.tokens[7].match, 8u);   // never closed: the end token
}

TEST(Lexer, strings_are_unescaped) {
    EXPECT_EQ(unescape(R"("\t\n\r\"\'\\\41\u{20ac}\u{1_F600}")"), "\t\n\r\"'\\A\xe2\x82\xac\xf0\x9f\x98\x80");
    EXPECT_EQ(unescape(R"("\ff\00")"), std::string("\xff\0", 2));
}

TEST(Lexer, bad_characters_are_refused) {
    EXPECT_EQ(error("\"a"), "unclosed string");
    EXPECT_EQ(error("\"a\nb\""), "unclosed string");
    EXPECT_EQ(error("\"\\q\""), "illegal escape");
    EXPECT_EQ(error("\"\\u{d800}\""), "illegal escape");
    EXPECT_EQ(error("\"\\u{110000}\""), "illegal escape");
    EXPECT_EQ(error("\"\\u{}\""), "illegal escape");
    EXPECT_EQ(error("\x01"), "illegal character");
    EXPECT_EQ(error("ü"), "illegal character");
    EXPECT_EQ(error("\"\xff\""), "malformed UTF-8 encoding");
    EXPECT_EQ(error("$"), "empty identifier");
    EXPECT_EQ(error("$\"\""), "empty identifier");
    EXPECT_EQ(error("$\"\\ff\""), "malformed UTF-8 encoding");
}

TEST(Lexer, unknown_annotations_vanish_and_known_ones_are_kept) {
    TokenList list = lex("(module (@a (x \")\" ;; )\n)) (@name \"n\") (@\"custom\" \"c\") nop)");
    EXPECT_EQ(list.tokens.size(), 5u);   // ( module nop ) end
    ASSERT_EQ(list.annotations.size(), 2u);
    EXPECT_EQ(list.annotations[0].kind, Annotation::Kind::name);
    EXPECT_EQ(list.annotations[0].before, 2u);
    EXPECT_EQ(list.annotations[1].kind, Annotation::Kind::custom);
    EXPECT_EQ(error("(@)"), "empty annotation id");
    EXPECT_EQ(error("(@ x)"), "empty annotation id");
    EXPECT_EQ(error("(@\"\")"), "empty annotation id");
    EXPECT_EQ(error("(@x (y)"), "unclosed annotation");
    EXPECT_EQ(error("(@x \")"), "unclosed string");
}

}  // namespace
}  // namespace heddle::text
