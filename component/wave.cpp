#include <heddle/wave.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "abi/strings.hpp"

namespace heddle::wave {

using component::FunctionType;
using component::Val;
using component::ValueType;
using Kind = ValueType::Kind;

namespace {

constexpr std::array<std::string_view, 8> keywords = {"true", "false", "inf", "nan", "some", "none", "ok", "err"};
bool is_keyword(std::string_view s) { return std::ranges::find(keywords, s) != keywords.end(); }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_label_char(char c) { return is_letter(c) || is_digit(c) || c == '-'; }

void append_utf8(std::string& s, u32 c) {
    std::array<u8, 4> from = {u8(c), u8(c >> 8), 0, 0}, to{};
    std::size_t n = 2;
    if (c >= 0x10000) {
        u32 high = 0xd800 | (c - 0x10000) >> 10, low = 0xdc00 | ((c - 0x10000) & 0x3ff);
        from = {u8(high), u8(high >> 8), u8(low), u8(low >> 8)};
        n = 4;
    }
    auto done = component::abi::transcode(component::abi::Units::utf16, std::span(from).first(n), component::abi::Units::utf8, to);
    s.append(reinterpret_cast<const char*>(to.data()), done.written);
}

// One code point of text that is valid utf-8.
u32 code_point(std::string_view s, std::size_t& at) {
    u8 lead = u8(s[at++]);
    if (lead < 0x80) return lead;
    u32 more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3, c = lead & (0x3fu >> more);
    for (; more > 0; --more) c = c << 6 | (u8(s[at++]) & 0x3f);
    return c;
}

bool can_be_flat(const ValueType& payload) { return payload.kind() != Kind::option && payload.kind() != Kind::result; }

// Where the text of a multi-line string ends and how far its lines are indented.
struct MultiLine {
    std::string_view body;  // without the first and the last line break
    std::size_t indent = 0, end = 0;
};

// Recursion follows the type, whose depth validation bounds. Errors are thrown, and caught at the four functions of the header.
class Parser {
public:
    explicit Parser(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {
        if (auto bad = component::abi::find_invalid_utf8({reinterpret_cast<const u8*>(text.data()), text.size()}))
            error_at(*bad, "the text is not valid utf-8");
    }

    Val value(const ValueType& t) {
        skip_space();
        switch (t.kind()) {
            case Kind::bool_: return boolean();
            case Kind::s8: return Val::s8(integer<i8>("s8"));
            case Kind::u8: return Val::u8(integer<u8>("u8"));
            case Kind::s16: return Val::s16(integer<i16>("s16"));
            case Kind::u16: return Val::u16(integer<u16>("u16"));
            case Kind::s32: return Val::s32(integer<i32>("s32"));
            case Kind::u32: return Val::u32(integer<u32>("u32"));
            case Kind::s64: return Val::s64(integer<i64>("s64"));
            case Kind::u64: return Val::u64(integer<u64>("u64"));
            case Kind::f32: return Val::f32(floating<f32>("f32"));
            case Kind::f64: return Val::f64(floating<f64>("f64"));
            case Kind::char_: return character();
            case Kind::string: return Val::string(string());
            case Kind::record: return record(t);
            case Kind::variant: return variant(t);
            case Kind::enum_: return variant(t);
            case Kind::option: return option(t);
            case Kind::result: return result(t);
            case Kind::list: return list(t);
            case Kind::tuple: return tuple(t.members());
            case Kind::flags: return flags(t);
            case Kind::map: return map(t);
            default: error("a value with a text form (" + to_string(t) + " has none)");
        }
    }

    void end() {
        skip_space();
        if (at_ < text_.size()) error("the end");
    }

    std::vector<Val> arguments(const FunctionType& f) {
        expect('(');
        std::vector<Val> args;
        while (!accept(')')) {
            if (args.size() == f.params.size()) error("`)`: the function has " + std::to_string(args.size()) + " parameters");
            args.push_back(value(f.params[args.size()].type));
            if (!accept(',')) {
                expect(')');
                break;
            }
        }
        end();
        fill_in_none(args, f, at_);
        return args;
    }

    static void fill_in_none(std::vector<Val>& args, const FunctionType& f, std::size_t at) {
        for (std::size_t i = args.size(); i < f.params.size(); ++i) {
            if (f.params[i].type.kind() != Kind::option) error_at(at, "missing argument `" + f.params[i].name + "`: " + to_string(f.params[i].type));
            args.push_back(Val::none());
        }
    }

    // The name before the arguments, up to `(`, space or the end.
    std::string_view callee() {
        skip_space();
        std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] != '(' && !is_space(text_[at_])) ++at_;
        if (at_ == begin) error("the name of a function");
        return text_.substr(begin, at_ - begin);
    }
    std::size_t offset() {
        skip_space();
        return at_;
    }
    bool at_end() const { return at_ == text_.size(); }
    [[noreturn]] void error(const std::string& expected) const { error_at(at_, "expected " + expected + ", found " + found()); }
    [[noreturn]] static void error_at(std::size_t at, std::string message) { throw Error{Error::Kind::syntax, std::move(message), at}; }

private:
    static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
    std::string_view rest() const { return text_.substr(at_); }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    std::string found() const {
        if (at_ >= text_.size()) return "the end";
        std::size_t n = at_;
        if (is_label_char(text_[n])) {
            while (n < text_.size() && n - at_ < 40 && is_label_char(text_[n])) ++n;
        } else {
            code_point(text_, n);
        }
        return "`" + std::string(text_.substr(at_, n - at_)) + "`";
    }

    void skip_space() {
        while (at_ < text_.size()) {
            if (is_space(text_[at_])) ++at_;
            else if (rest().starts_with("//")) at_ = std::min(text_.find('\n', at_), text_.size());
            else return;
        }
    }
    bool accept(char c) {
        skip_space();
        if (peek() != c || at_ >= text_.size()) return false;
        ++at_;
        return true;
    }
    void expect(char c) {
        if (!accept(c)) error(std::string("`") + c + "`");
    }
    // One of a sequence that ends with `close`: false when it has ended. A comma may stand before the end.
    bool next(char close, bool& first) {
        if (!first && !accept(',')) {
            if (!accept(close)) error(std::string("`,` or `") + close + "`");
            return false;
        }
        first = false;
        return !accept(close);
    }

    // ---- labels ---------------------------------------------------------------------------------------------------------------------

    struct Label {
        std::string_view name;
        bool escaped = false;
        std::size_t at = 0;
    };
    // An empty name: there is none here.
    Label peek_label() const {
        Label l{{}, peek() == '%', at_};
        std::size_t begin = at_ + l.escaped, end = begin;
        if (begin < text_.size() && is_letter(text_[begin]))
            while (end < text_.size() && is_label_char(text_[end])) ++end;
        l.name = text_.substr(std::min(begin, text_.size()), end - begin);
        return l;
    }
    Label label(const char* what) {
        skip_space();
        Label l = peek_label();
        if (l.name.empty()) error(what);
        at_ += l.name.size() + l.escaped;
        return l;
    }
    bool accept_keyword(std::string_view word) {
        Label l = peek_label();
        if (l.escaped || l.name != word) return false;
        at_ += word.size();
        return true;
    }
    static std::size_t index_of(std::span<const ValueType::Member> members, const Label& l, const char* what) {
        auto it = std::ranges::find(members, l.name, &ValueType::Member::name);
        if (it == members.end()) error_at(l.at, "unknown " + std::string(what) + " `" + std::string(l.name) + "`; there " + choices(members));
        return std::size_t(it - members.begin());
    }
    static std::string choices(std::span<const ValueType::Member> members) {
        constexpr std::size_t shown = 12;
        std::string s = members.size() == 1 ? "is only " : "are ";
        for (std::size_t i = 0; i < std::min(members.size(), shown); ++i) s += (i ? ", `" : "`") + members[i].name + "`";
        return members.size() > shown ? s + ", …" : s;
    }

    // ---- scalars --------------------------------------------------------------------------------------------------------------------

    Val boolean() {
        if (accept_keyword("true")) return Val::boolean(true);
        if (accept_keyword("false")) return Val::boolean(false);
        error("`true` or `false`");
    }

    // A JSON number; an integer has neither fraction nor exponent.
    std::string_view number(bool integer, const char* name) {
        std::size_t n = at_;
        auto digits = [&] {
            if (n >= text_.size() || !is_digit(text_[n])) error(name);
            while (n < text_.size() && is_digit(text_[n])) ++n;
        };
        if (n < text_.size() && text_[n] == '-') ++n;
        std::size_t first = n;
        digits();
        if (text_[first] == '0' && n > first + 1) error_at(at_, std::string("expected ") + name + ", found leading zeros");
        if (!integer && n < text_.size() && text_[n] == '.') {
            ++n;
            digits();
        }
        if (!integer && n < text_.size() && (text_[n] == 'e' || text_[n] == 'E')) {
            ++n;
            if (n < text_.size() && (text_[n] == '+' || text_[n] == '-')) ++n;
            digits();
        }
        if (n < text_.size() && (is_label_char(text_[n]) || text_[n] == '.')) error(name);
        return text_.substr(at_, n - at_);
    }

    template <class T>
    T integer(const char* name) {
        std::string_view s = number(true, name);
        T v{};
        std::string_view digits = s == "-0" ? "0" : s;
        auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), v);
        if (code != std::errc() || end != digits.data() + digits.size())
            error_at(at_, "out of range for " + std::string(name) + ": " + std::string(s.substr(0, 40)));
        at_ += s.size();
        return v;
    }

    template <class T>
    T floating(const char* name) {
        if (accept_keyword("nan")) return std::numeric_limits<T>::quiet_NaN();
        if (accept_keyword("inf")) return std::numeric_limits<T>::infinity();
        if (peek() == '-' && rest().substr(1).starts_with("inf") && (at_ + 4 >= text_.size() || !is_label_char(text_[at_ + 4]))) {
            at_ += 4;
            return -std::numeric_limits<T>::infinity();
        }
        std::string_view s = number(false, name);
        T v{};
        auto [end, code] = std::from_chars(s.data(), s.data() + s.size(), v);
        if (code == std::errc::result_out_of_range) v = out_of_range<T>(s, name);
        at_ += s.size();
        return v;
    }
    // Too small is zero, too big an error.
    template <class T>
    T out_of_range(std::string_view s, const char* name) {
        std::size_t e = s.find_first_of("eE");
        std::string_view mantissa = s.substr(0, e);
        i64 exponent = 0;
        if (e != s.npos) {
            std::string_view digits = s.substr(e + 1);
            if (digits.starts_with('+')) digits.remove_prefix(1);
            auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
            if (code != std::errc()) exponent = digits.starts_with('-') ? -1'000'000'000 : 1'000'000'000;
        }
        std::size_t point = std::min(mantissa.find('.'), mantissa.size()), digit = mantissa.find_first_of("123456789");
        if (digit == mantissa.npos) return s.starts_with('-') ? T(-0.0) : T(0);
        i64 magnitude = digit < point ? i64(point - digit) : i64(point) - i64(digit) + 1;
        if (std::clamp<i64>(exponent, -1'000'000'000, 1'000'000'000) + magnitude > 0)
            error_at(at_, "out of range for " + std::string(name) + ": " + std::string(s.substr(0, 40)));
        return s.starts_with('-') ? T(-0.0) : T(0);
    }

    // After the backslash.
    u32 escape() {
        std::size_t begin = at_ - 1;
        char c = peek();
        if (at_ < text_.size()) ++at_;
        switch (c) {
            case '\'':
            case '"':
            case '\\': return u32(c);
            case 't': return '\t';
            case 'n': return '\n';
            case 'r': return '\r';
            case 'u': break;
            default: error_at(begin, "unknown escape");
        }
        if (peek() != '{') error_at(begin, "expected `\\u{…}` with a hexadecimal number");
        std::size_t close = text_.find('}', at_);
        u32 v = 0;
        const char* first = text_.data() + at_ + 1;
        const char* last = text_.data() + std::min(close, text_.size());
        auto [end, code] = std::from_chars(first, std::max(first, last), v, 16);
        if (close == text_.npos || first == last || code != std::errc() || end != last)
            error_at(begin, "expected `\\u{…}` with a hexadecimal number");
        if (!component::abi::is_scalar_value(v)) error_at(begin, "not a Unicode scalar value");
        at_ = close + 1;
        return v;
    }

    Val character() {
        if (peek() != '\'') error("a character in single quotes");
        std::size_t begin = at_++;
        if (peek() == '\'' || peek() == '\n' || at_ >= text_.size()) error_at(begin, "expected one character between the quotes");
        u32 c = 0;
        if (peek() == '\\') {
            ++at_;
            c = escape();
        } else {
            c = code_point(text_, at_);
        }
        if (peek() != '\'') error_at(begin, "expected one character between the quotes");
        ++at_;
        return Val::character(char32_t(c));
    }

    std::string string() {
        if (peek() != '"') error("a string");
        if (rest().starts_with("\"\"\"")) return multi_line();
        std::size_t begin = at_++;
        std::string s;
        while (true) {
            std::size_t stop = text_.find_first_of("\"\\\n", at_);
            if (stop == text_.npos) error_at(begin, "the string does not end");
            s += text_.substr(at_, stop - at_);
            at_ = stop + 1;
            if (text_[stop] == '"') return s;
            if (text_[stop] == '\n') error_at(stop, "a line break in a string is written \\n, or the string in \"\"\"");
            append_utf8(s, escape());
        }
    }

    // ---- """ strings """ --------------------------------------------------------------------------------------------------------------

    MultiLine find_multi_line() {
        std::size_t begin = at_, body = at_ + 3;
        if (text_.substr(body).starts_with("\r\n")) body += 2;
        else if (text_.substr(body).starts_with('\n')) body += 1;
        else error_at(begin, "expected a line break after \"\"\"");
        std::size_t close = body;
        while (!text_.substr(close).starts_with("\"\"\"")) {
            if (close >= text_.size()) error_at(begin, "the string does not end");
            close += text_[close] == '\\' ? 2 : 1;
            close = std::min(close, text_.size());
        }
        std::size_t line = close;
        while (line > body && text_[line - 1] == ' ') --line;
        if (text_[line - 1] != '\n') error_at(close, "expected only spaces before the closing \"\"\"");
        MultiLine m{{}, close - line, close + 3};
        if (line > body) {  // the last line break is not part of it
            std::size_t end = line - 1;
            if (end > body && text_[end - 1] == '\r') --end;
            m.body = text_.substr(body, end - body);
        } else {
            m.body = text_.substr(body, 0);
        }
        return m;
    }

    std::string multi_line() {
        MultiLine m = find_multi_line();
        std::string s;
        at_ = std::size_t(m.body.data() - text_.data());
        std::size_t end = at_ + m.body.size();
        while (at_ < end) {
            dedent(m.indent, end);
            while (at_ < end && peek() != '\n') {
                if (peek() == '\\') {
                    ++at_;
                    append_utf8(s, escape());
                } else if (peek() != '\r' || at_ + 1 >= text_.size() || text_[at_ + 1] != '\n') {
                    s += text_[at_++];
                } else {
                    ++at_;  // of "\r\n"
                }
            }
            if (at_ < end) {
                s += '\n';
                ++at_;
            }
        }
        at_ = m.end;
        return s;
    }
    // A line that is all empty needs no indent.
    void dedent(std::size_t indent, std::size_t end) {
        for (std::size_t i = 0; i < indent; ++i) {
            if (at_ >= end || peek() == '\n' || rest().starts_with("\r\n")) return;
            if (peek() != ' ') error_at(at_, "a line is indented less than the closing \"\"\"");
            ++at_;
        }
    }

    // ---- structures -----------------------------------------------------------------------------------------------------------------

    Val list(const ValueType& t) {
        expect('[');
        std::vector<Val> items;
        for (bool first = true; next(']', first);) items.push_back(value(*t.element()));
        if (t.length() && *t.length() != items.size())
            error_at(at_ - 1, "expected " + std::to_string(*t.length()) + " elements, found " + std::to_string(items.size()));
        return Val::list(std::move(items));
    }

    Val tuple(std::span<const ValueType::Member> members) {
        expect('(');
        std::vector<Val> items;
        for (bool first = true; next(')', first);) {
            if (items.size() == members.size()) error("`)`: the tuple has " + std::to_string(members.size()) + " members");
            items.push_back(value(*members[items.size()].type));
        }
        if (items.size() < members.size())
            error_at(at_ - 1, "expected " + std::to_string(members.size()) + " members, found " + std::to_string(items.size()));
        return Val::record(std::move(items));
    }

    Val map(const ValueType& t) {
        std::vector<Val> items;
        if (peek() == '[') {
            ++at_;
            for (bool first = true; next(']', first);) {
                skip_space();
                items.push_back(tuple(t.members()));
            }
            return Val::list(std::move(items));
        }
        expect('{');
        for (bool first = true; next('}', first);) {
            Val key = value(*t.members()[0].type);
            expect(':');
            Val entry = value(*t.members()[1].type);
            std::vector<Val> pair;
            pair.push_back(std::move(key));
            pair.push_back(std::move(entry));
            items.push_back(Val::record(std::move(pair)));
        }
        return Val::list(std::move(items));
    }

    Val record(const ValueType& t) {
        std::size_t begin = at_;
        std::span<const ValueType::Member> members = t.members();
        std::vector<std::optional<Val>> fields(members.size());
        expect('{');
        if (accept(':')) {
            expect('}');
        } else {
            for (bool first = true; next('}', first);) {
                Label l = label("a field");
                std::size_t i = index_of(members, l, "field");
                if (fields[i]) error_at(l.at, "field `" + std::string(l.name) + "` is given twice");
                expect(':');
                fields[i] = value(*members[i].type);
            }
        }
        std::vector<Val> values;
        for (std::size_t i = 0; i < members.size(); ++i) {
            if (!fields[i] && members[i].type->kind() != Kind::option)
                error_at(begin, "missing field `" + members[i].name + "`: " + to_string(*members[i].type));
            values.push_back(fields[i] ? std::move(*fields[i]) : Val::none());
        }
        return Val::record(std::move(values));
    }

    Val flags(const ValueType& t) {
        expect('{');
        u32 bits = 0;
        for (bool first = true; next('}', first);) {
            Label l = label("a flag");
            u32 bit = u32(1) << (index_of(t.members(), l, "flag") & 31);
            if (bits & bit) error_at(l.at, "flag `" + std::string(l.name) + "` is given twice");
            bits |= bit;
        }
        return Val::flags(bits);
    }

    // The payload of case `index`, in parentheses.
    Val with_payload(std::span<const ValueType::Member> cases, std::size_t index) {
        if (!cases[index].type) {
            skip_space();
            if (peek() == '(') error("no payload for `" + cases[index].name + "`");
            return Val::variant(u32(index));
        }
        expect('(');
        Val payload = value(*cases[index].type);
        expect(')');
        return Val::variant(u32(index), std::move(payload));
    }

    Val variant(const ValueType& t) {
        Label l = label(t.kind() == Kind::enum_ ? "a case of an enum" : "a case of a variant");
        if (!l.escaped && is_keyword(l.name)) error_at(l.at, "a case with the name of a keyword is written `%" + std::string(l.name) + "`");
        return with_payload(t.members(), index_of(t.members(), l, "case"));
    }

    Val option(const ValueType& t) {
        if (accept_keyword("none")) return Val::none();
        if (accept_keyword("some")) return with_payload(t.members(), 1);
        const ValueType& payload = *t.members()[1].type;
        if (!can_be_flat(payload)) error("`some(…)` or `none`");
        return Val::some(value(payload));
    }

    Val result(const ValueType& t) {
        if (accept_keyword("ok")) return with_payload(t.members(), 0);
        if (accept_keyword("err")) return with_payload(t.members(), 1);
        const auto& payload = t.members()[0].type;
        if (!payload || !can_be_flat(*payload)) error("`ok` or `err`");
        return Val::ok(value(*payload));
    }

    std::string_view text_;
    std::size_t at_;
};

// ---- printing ---------------------------------------------------------------------------------------------------------------------------

class Printer {
public:
    std::string out;

    void value(const Val& v, const ValueType& t) {
        switch (t.kind()) {
            case Kind::bool_: out += v.bits() ? "true" : "false"; return;
            case Kind::f32: return floating(v.as<f32>());
            case Kind::f64: return floating(v.as<f64>());
            case Kind::char_: return character(v);
            case Kind::string: return string(v.as_string());
            case Kind::record: return record(v, t.members());
            case Kind::tuple: return tuple(v, t.members());
            case Kind::list: return list(v, *t.element());
            case Kind::map: return map(v, t.members());
            case Kind::flags: return flags(u32(v.bits()), t.members());
            case Kind::variant:
            case Kind::enum_:
            case Kind::option:
            case Kind::result: return variant(v, t);
            case Kind::s8:
            case Kind::s16:
            case Kind::s32:
            case Kind::s64: return number(i64(v.bits()));
            case Kind::u8:
            case Kind::u16:
            case Kind::u32:
            case Kind::u64: return number(v.bits());
            default: out += '<' + std::string(to_string(v.kind())) + '>';
        }
    }

private:
    template <class T>
    void number(T v) {
        std::array<char, 64> buffer;
        out.append(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), v).ptr);
    }
    template <class T>
    void floating(T v) {
        if (std::isnan(v)) out += "nan";
        else if (std::isinf(v)) out += v < 0 ? "-inf" : "inf";
        else number(v);
    }
    void code(u32 c) {
        switch (c) {
            case '\t': out += "\\t"; return;
            case '\n': out += "\\n"; return;
            case '\r': out += "\\r"; return;
            case '\\':
            case '\'':
            case '"': out += '\\'; break;
            default: break;
        }
        if (c >= 0x20 && (c < 0x7f || c > 0x9f)) return append_utf8(out, c);
        std::array<char, 8> hex;
        out += "\\u{";
        out.append(hex.data(), std::to_chars(hex.data(), hex.data() + hex.size(), c, 16).ptr);
        out += '}';
    }
    void character(const Val& v) {
        out += '\'';
        code(u32(v.bits()));
        out += '\'';
    }
    void string(std::string_view s) {
        out += '"';
        for (std::size_t i = 0; i < s.size();) code(code_point(s, i));
        out += '"';
    }
    void separator(bool& first) {
        if (!first) out += ", ";
        first = false;
    }
    void record(const Val& v, std::span<const ValueType::Member> members) {
        bool first = true;
        out += '{';
        for (std::size_t i = 0; i < members.size(); ++i) {
            const Val& field = v.items()[i];
            if (members[i].type->kind() == Kind::option && field.case_index() == 0) continue;
            separator(first);
            out += members[i].name + ": ";
            value(field, *members[i].type);
        }
        out += first ? ":}" : "}";
    }
    void tuple(const Val& v, std::span<const ValueType::Member> members) {
        bool first = true;
        out += '(';
        for (std::size_t i = 0; i < members.size(); ++i) {
            separator(first);
            value(v.items()[i], *members[i].type);
        }
        out += ')';
    }
    void list(const Val& v, const ValueType& element) {
        bool first = true;
        out += '[';
        for (std::size_t i = 0; i < v.size(); ++i) {
            separator(first);
            if (v.is_packed()) value(v.at(i), element);
            else value(v.items()[i], element);
        }
        out += ']';
    }
    void map(const Val& v, std::span<const ValueType::Member> members) {
        bool first = true;
        out += '{';
        for (const Val& pair : v.items()) {
            separator(first);
            value(pair.items()[0], *members[0].type);
            out += ": ";
            value(pair.items()[1], *members[1].type);
        }
        out += '}';
    }
    void flags(u32 bits, std::span<const ValueType::Member> members) {
        bool first = true;
        out += '{';
        for (std::size_t i = 0; i < members.size() && i < 32; ++i) {
            if (!(bits >> i & 1)) continue;
            separator(first);
            out += members[i].name;
        }
        out += '}';
    }
    void variant(const Val& v, const ValueType& t) {
        const ValueType::Member& c = t.members()[v.case_index()];
        if ((t.kind() == Kind::variant || t.kind() == Kind::enum_) && is_keyword(c.name)) out += '%';
        out += c.name;
        if (!c.type) return;
        out += '(';
        value(*v.payload(), *c.type);
        out += ')';
    }
};

template <class F>
auto caught(F f) -> Result<decltype(f())> {
    try {
        return f();
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace

Result<Val> parse(std::string_view text, const ValueType& type) {
    return caught([&] {
        Parser p(text);
        Val v = p.value(type);
        p.end();
        return v;
    });
}

std::string print(const Val& value, const ValueType& type) {
    Printer p;
    p.value(value, type);
    return std::move(p.out);
}

Result<Call> parse_call(std::string_view text) {
    return caught([&] {
        Parser p(text);
        std::string_view name = p.callee();
        Call call{{}, std::string(name), std::string(text), p.offset()};
        if (p.at_end()) call.arguments = std::string::npos;
        else if (text[call.arguments] != '(') p.error("`(` or the end");
        std::size_t dot = name.starts_with('[') ? name.npos : std::min(name.rfind(".["), name.rfind('.'));
        if (dot == name.npos) return call;
        call.interface = name.substr(0, dot);
        call.function = name.substr(dot + 1);
        if (call.interface.empty() || call.function.empty()) Parser::error_at(dot, "expected the name of a function after the interface");
        return call;
    });
}

Result<std::vector<Val>> parse_arguments(const Call& call, const FunctionType& type) {
    return caught([&] {
        if (call.arguments != std::string::npos) return Parser(call.text, call.arguments).arguments(type);
        std::vector<Val> args;
        Parser::fill_in_none(args, type, call.text.size());
        return args;
    });
}

std::string call_name(std::string_view interface, std::string_view function) {
    return (interface.empty() ? "" : std::string(interface) + ".") + std::string(function);
}

}  // namespace heddle::wave
