// Number literals where the grammar wants one, and identifiers as indices.
#include "context.hpp"
#include "number.hpp"

namespace heddle::text {
namespace {

u64 parse_natural(Cursor& c, unsigned bits, const char* message) {
    if (!c.at(Token::Kind::natural)) c.unexpected();
    auto v = parse_unsigned(c.view(), bits);
    if (!v) syntax_error(message, c.offset());
    c.skip();
    return *v;
}

}  // namespace

u32 parse_u32(Cursor& c) { return u32(parse_natural(c, 32, "i32 constant out of range")); }
u64 parse_u64(Cursor& c) { return parse_natural(c, 64, "i64 constant out of range"); }
u8 parse_lane(Cursor& c) { return u8(parse_natural(c, 8, "i8 constant out of range")); }

u64 parse_scalar(Cursor& c, ValType::Kind k) {
    bool is_float = k == ValType::f32_ || k == ValType::f64_;
    Token::Kind t = c.peek().kind;
    bool fits = t == Token::Kind::natural || t == Token::Kind::integer || (is_float && t == Token::Kind::float_);
    if (!fits) c.unexpected();
    std::optional<u64> v;
    switch (k) {
    case ValType::f32_: v = parse_f32(c.view()); break;
    case ValType::f64_: v = parse_f64(c.view()); break;
    case ValType::i8_: v = parse_integer(c.view(), 8); break;
    case ValType::i16_: v = parse_integer(c.view(), 16); break;
    case ValType::i32_: v = parse_integer(c.view(), 32); break;
    default: v = parse_integer(c.view(), 64); break;
    }
    if (!v) syntax_error("constant out of range", c.offset());
    c.skip();
    return *v;
}

const Shape* find_shape(std::string_view name) {
    static constexpr Shape shapes[] = {{"i8x16", 16, ValType::i8_}, {"i16x8", 8, ValType::i16_}, {"i32x4", 4, ValType::i32_},
                                       {"i64x2", 2, ValType::i64_}, {"f32x4", 4, ValType::f32_}, {"f64x2", 2, ValType::f64_}};
    for (const Shape& s : shapes)
        if (s.name == name) return &s;
    return nullptr;
}

u32 IndexSpace::bind(Cursor& c) {
    std::size_t from = c.offset();
    std::optional<std::string> id = c.take_id();
    if (id && !by_name_.emplace(*id, count_).second) syntax_error(std::string("duplicate ") + what_ + " $" + *id, from);
    if (auto name = take_name_annotation(c)) names_.push_back({count_, std::move(*name), true});
    else if (id) names_.push_back({count_, std::move(*id), false});
    return count_++;
}

std::optional<u32> IndexSpace::find(std::string_view name) const {
    auto it = by_name_.find(name);
    return it == by_name_.end() ? std::nullopt : std::optional(it->second);
}

u32 IndexSpace::index(Cursor& c) const {
    if (c.at(Token::Kind::natural)) return parse_u32(c);
    if (!c.at(Token::Kind::id)) c.unexpected();
    std::string_view token = c.view();
    auto found = token[1] == '"' ? find(id_text(token)) : find(token.substr(1));
    if (!found) syntax_error(std::string("unknown ") + what_ + " " + std::string(token), c.offset());
    c.skip();
    return *found;
}

}  // namespace heddle::text
