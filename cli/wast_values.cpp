#include "wast_values.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <heddle/tokens.hpp>
#include <heddle/wave.hpp>

#include "wast_compare.hpp"

namespace heddle::cli {

namespace {

using component::Val;
using component::ValueType;
using Kind = ValueType::Kind;
using text::Cursor;

[[noreturn]] void wrong(std::string message) { throw Error{Error::Kind::usage, std::move(message)}; }

// Recursion is bounded by the type, whose nesting validation bounds.
class Parser {
public:
    explicit Parser(Cursor c) : c_(c) {}
    Val whole(const ValueType& t) {
        Val v = value(t);
        if (!c_.done()) c_.unexpected();
        return v;
    }

private:
    Val value(const ValueType& t) {
        if (!c_.at(text::Token::Kind::lparen)) c_.unexpected();
        c_.skip();
        Val v = contents(t);
        c_.expect_close();
        return v;
    }
    // What stands between the parentheses, or after a field's name.
    Val contents(const ValueType& t);
    void keyword(std::string_view wanted, const ValueType& t) {
        if (!c_.take_keyword(wanted)) wrong(fmt::format("({} …) is no {}", c_.view(), to_string(t)));
    }
    Val scalar(const ValueType& t);
    Val list(const ValueType& t);
    Val record(const ValueType& t);
    Val tuple(const ValueType& t);
    Val flags(const ValueType& t);
    Val named_case(const ValueType& t, const char* word);
    Val option_or_result(const ValueType& t);
    Val with_payload(const ValueType& t, u32 index) {
        const auto& type = t.members()[index].type;
        return type ? Val::variant(index, value(*type)) : Val::variant(index);
    }
    u32 label(const ValueType& t) {
        std::string name = c_.name();
        auto at = std::ranges::find(t.members(), name, &ValueType::Member::name);
        if (at == t.members().end()) wrong(fmt::format("\"{}\" is none of {}", name, to_string(t)));
        return u32(at - t.members().begin());
    }

    Cursor c_;
};

struct Scalar {
    Kind kind;
    const char* word;
    unsigned bits;
    Val (*make)(u64 bits);
};
constexpr Scalar integers[] = {
    {Kind::u8, "u8.const", 8, [](u64 b) { return Val::u8(u8(b)); }},      {Kind::s8, "s8.const", 8, [](u64 b) { return Val::s8(i8(b)); }},
    {Kind::u16, "u16.const", 16, [](u64 b) { return Val::u16(u16(b)); }}, {Kind::s16, "s16.const", 16, [](u64 b) { return Val::s16(i16(b)); }},
    {Kind::u32, "u32.const", 32, [](u64 b) { return Val::u32(u32(b)); }}, {Kind::s32, "s32.const", 32, [](u64 b) { return Val::s32(i32(b)); }},
    {Kind::u64, "u64.const", 64, [](u64 b) { return Val::u64(b); }},      {Kind::s64, "s64.const", 64, [](u64 b) { return Val::s64(i64(b)); }},
};

Val Parser::scalar(const ValueType& t) {
    const auto* found = std::ranges::find(integers, t.kind(), &Scalar::kind);
    if (found == std::end(integers)) wrong("a script cannot write a " + to_string(t));
    keyword(found->word, t);
    auto bits = text::parse_integer(c_.view(), found->bits);
    if (!bits) wrong(fmt::format("{} is no {}", c_.view(), to_string(t)));
    c_.skip();
    return found->make(*bits);
}

Val Parser::list(const ValueType& t) {
    keyword("list.const", t);
    ValueType entry = t.kind() == Kind::map ? ValueType::tuple({*t.members()[0].type, *t.members()[1].type}) : *t.element();
    std::vector<Val> items;
    while (!c_.at_rparen() && !c_.done()) items.push_back(value(entry));
    return Val::list(std::move(items));
}

Val Parser::record(const ValueType& t) {
    keyword("record.const", t);
    std::vector<Val> fields;
    for (const ValueType::Member& m : t.members()) {
        c_.expect_open("field");
        if (std::string name = c_.name(); name != m.name) wrong(fmt::format("field \"{}\" stands where \"{}\" is expected", name, m.name));
        fields.push_back(c_.at(text::Token::Kind::lparen) ? value(*m.type) : contents(*m.type));
        c_.expect_close();
    }
    return Val::record(std::move(fields));
}

Val Parser::tuple(const ValueType& t) {
    keyword("tuple.const", t);
    std::vector<Val> fields;
    for (const ValueType::Member& m : t.members()) fields.push_back(value(*m.type));
    return Val::record(std::move(fields));
}

Val Parser::flags(const ValueType& t) {
    keyword("flags.const", t);
    u32 bits = 0;
    while (c_.at(text::Token::Kind::string)) bits |= u32(1) << label(t);
    return Val::flags(bits);
}

Val Parser::named_case(const ValueType& t, const char* word) {
    keyword(word, t);
    return with_payload(t, label(t));
}

Val Parser::option_or_result(const ValueType& t) {
    const std::string_view words[] = {t.kind() == Kind::option ? "option.none" : "result.ok", t.kind() == Kind::option ? "option.some" : "result.err"};
    bool second = c_.at_keyword(words[1]);
    keyword(words[second], t);
    return with_payload(t, second);
}

Val Parser::contents(const ValueType& t) {
    switch (t.kind()) {
        case Kind::bool_: {
            keyword("bool.const", t);
            bool yes = c_.take_keyword("true");
            if (!yes) c_.expect_keyword("false");
            return Val::boolean(yes);
        }
        case Kind::f32:
        case Kind::f64: {
            keyword(t.kind() == Kind::f32 ? "f32.const" : "f64.const", t);
            std::string_view number = c_.view();
            c_.skip();
            if (t.kind() == Kind::f32)
                if (auto bits = text::parse_f32(number)) return Val::f32(std::bit_cast<f32>(*bits));
            if (t.kind() == Kind::f64)
                if (auto bits = text::parse_f64(number)) return Val::f64(std::bit_cast<f64>(*bits));
            wrong(fmt::format("{} is no {}", number, to_string(t)));
        }
        case Kind::char_: {
            keyword("char.const", t);
            std::string character = c_.name();
            if (character.size() == 1) return Val::character(char32_t(character[0]));
            auto v = wave::parse("'" + character + "'", t);
            if (!v) throw v.error();
            return *v;
        }
        case Kind::string: keyword("str.const", t); return Val::string(c_.name());
        case Kind::list:
        case Kind::map: return list(t);
        case Kind::record: return record(t);
        case Kind::tuple: return tuple(t);
        case Kind::flags: return flags(t);
        case Kind::variant: return named_case(t, "variant.const");
        case Kind::enum_: return named_case(t, "enum.const");
        case Kind::option:
        case Kind::result: return option_or_result(t);
        default: return scalar(t);
    }
}

Val number(ValType type, V128 bits, const ValueType& wanted) {
    if (type == f32_type && wanted.kind() == Kind::f32) return Val::f32(std::bit_cast<f32>(u32(bits.lo)));
    if (type == f64_type && wanted.kind() == Kind::f64) return Val::f64(std::bit_cast<f64>(bits.lo));
    wrong(fmt::format("an {} is no {}", to_string(type), to_string(wanted)));
}

}  // namespace

Result<Val> parse_script_value(const std::string& source, const ValueType& type) {
    try {
        text::TokenList tokens = text::lex(source);
        return Parser(Cursor(tokens)).whole(type);
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

Result<std::vector<Val>> script_arguments(std::span<const text::Argument> arguments, const component::FunctionType& type) {
    if (arguments.size() != type.params.size())
        return std::unexpected(Error{Error::Kind::usage, fmt::format("{} takes {} arguments, not {}", to_string(type), type.params.size(), arguments.size())});
    std::vector<Val> values;
    try {
        for (std::size_t i = 0; i < arguments.size(); ++i) {
            const text::Argument& a = arguments[i];
            if (a.kind != text::Argument::Kind::raw) {
                values.push_back(number(a.type, a.bits, type.params[i].type));
                continue;
            }
            auto v = parse_script_value(a.text, type.params[i].type);
            if (!v) return std::unexpected(v.error());
            values.push_back(std::move(*v));
        }
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
    return values;
}

std::string compare_result(std::span<const text::Expected> expected, const std::optional<Val>& result, const component::FunctionType& type) {
    auto got = [&] { return "got " + describe_result(result, type); };
    if (expected.empty()) return result ? got() : "";
    if (!result || expected.size() != 1) return got();
    const text::Expected& e = expected.front();
    if (e.kind == text::Expected::Kind::raw) {
        auto wanted = parse_script_value(e.text, *type.result);
        if (!wanted) return got() + ": " + wanted.error().message;
        return *wanted == *result ? "" : got();
    }
    bool is_float = (e.type == f32_type && type.result->kind() == Kind::f32) || (e.type == f64_type && type.result->kind() == Kind::f64);
    return is_float && e.kind == text::Expected::Kind::value && e.matches_bits(V128{result->bits(), 0}) ? "" : got();
}

std::string describe_result(const std::optional<Val>& result, const component::FunctionType& type) {
    return result ? wave::print(*result, *type.result) : "nothing";
}

}  // namespace heddle::cli
