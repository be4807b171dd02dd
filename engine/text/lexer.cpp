#include "lexer.hpp"

#include "bytes.hpp"

namespace heddle::text {
namespace {

using Kind = Token::Kind;

// https://webassembly.github.io/spec/core/text/values.html#text-idchar
constexpr bool is_idchar(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || std::string_view("!#$%&'*+-./:<=>?@\\^_`|~").contains(c);
}
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr u32 hex_value(char c) { return u32(is_digit(c) ? c - '0' : (c | 32) - 'a' + 10); }

void append_utf8(std::string& out, u32 c) {
    if (c < 0x80) {
        out += char(c);
    } else if (c < 0x800) {
        out += {char(0xc0 | c >> 6), char(0x80 | (c & 0x3f))};
    } else if (c < 0x10000) {
        out += {char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 0x3f)), char(0x80 | (c & 0x3f))};
    } else {
        out += {char(0xf0 | c >> 18), char(0x80 | (c >> 12 & 0x3f)), char(0x80 | (c >> 6 & 0x3f)), char(0x80 | (c & 0x3f))};
    }
}

class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) { out_.text = text; }

    TokenList run() {
        if (text_.size() >= 0xffffffff) throw Error{Error::Kind::limit, "text larger than 4 GiB", 0};
        check_utf8();
        while (skip_space(), at_ != text_.size()) {
            if (text_[at_] == '(' && peek(1) == '@') annotation();
            else add(next(), out_.tokens);
        }
        Token end;
        end.offset = u32(text_.size());
        for (u32 i : open_) out_.tokens[i].match = u32(out_.tokens.size());
        out_.tokens.push_back(end);
        return std::move(out_);
    }

private:
    char peek(std::size_t n = 0) const { return at_ + n < text_.size() ? text_[at_ + n] : '\0'; }
    bool comment_ahead() const { return at_ + 1 < text_.size() && text_[at_] == ';' && text_[at_ + 1] == ';'; }

    void check_utf8() const {
        if (is_utf8(text_)) return;
        std::size_t good = 0, step = text_.size();   // the longest valid prefix of whole halves, for the offset
        while (step > 64 && good < text_.size()) {
            step /= 2;
            if (is_utf8(text_.substr(0, good + step))) good += step;
        }
        syntax_error("malformed UTF-8 encoding", good);
    }

    // Space, line comments (ended by CR, LF or CRLF) and nested block comments.
    void skip_space() {
        for (; at_ != text_.size(); ++at_) {
            char c = text_[at_];
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
            if (comment_ahead()) {
                at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
                if (at_ == text_.size()) return;
            } else if (c == '(' && peek(1) == ';') {
                block_comment();
            } else {
                return;
            }
        }
    }

    void block_comment() {
        std::size_t from = at_;
        u32 depth = 0;
        do {
            if (at_ == text_.size()) syntax_error("unclosed comment", from);
            if (text_[at_] == '(' && peek(1) == ';') ++depth, at_ += 2;
            else if (text_[at_] == ';' && peek(1) == ')') --depth, at_ += 2;
            else ++at_;
        } while (depth != 0);
        --at_;   // on the last character
    }

    Token next() {
        Token t;
        t.offset = u32(at_);
        char c = text_[at_];
        if (c == '(' || c == ')') {
            t.kind = c == '(' ? Kind::lparen : Kind::rparen;
            ++at_;
        } else {
            t.kind = run_of_characters();
        }
        t.length = u32(at_ - t.offset);
        return t;
    }

    // A maximal run of id characters, strings and the reserved punctuation is one token.
    Kind run_of_characters() {
        std::size_t from = at_, strings = 0, first_string_end = 0;
        bool plain = true;   // only id characters outside strings
        for (; at_ != text_.size() && !comment_ahead();) {
            char c = text_[at_];
            if (c == '"') {
                string(from);
                if (++strings == 1) first_string_end = at_;
            } else if (is_idchar(c)) {
                ++at_;
            } else if (std::string_view(",;[]{}").contains(c)) {
                plain = false;
                ++at_;
            } else {
                break;
            }
        }
        if (at_ == from) syntax_error("illegal character", at_);
        if (!plain) return Kind::reserved;
        std::string_view run = text_.substr(from, at_ - from);
        if (strings == 0) return classify(run, from);
        bool whole = strings == 1 && first_string_end == at_;
        if (whole && run[0] == '"') return Kind::string;
        if (whole && run[0] == '$' && run[1] == '"') return check_quoted_id(from + 1), Kind::id;
        return Kind::reserved;
    }

    static Kind classify(std::string_view run, std::size_t from) {
        char c = run[0];
        if (c == '$') {
            if (run.size() == 1) syntax_error("empty identifier", from);
            return Kind::id;
        }
        if (Kind k = classify_number(run); k != Kind::reserved) return k;
        return c >= 'a' && c <= 'z' ? Kind::keyword : Kind::reserved;
    }

    void check_quoted_id(std::size_t quote) {
        std::string id = unescape(text_.substr(quote, at_ - quote));
        if (id.empty()) syntax_error("empty identifier", quote);
        if (!is_utf8(id)) syntax_error("malformed UTF-8 encoding", quote);
    }

    // https://webassembly.github.io/spec/core/text/values.html#strings
    void string(std::size_t token_from) {
        std::size_t from = at_++;
        for (;;) {
            if (at_ == text_.size()) syntax_error("unclosed string", from);
            u8 c = u8(text_[at_]);
            if (c == '"') break;
            if (c < 0x20 || c == 0x7f) {
                // In $"…" and (@"…" the reserved words are about the identifier.
                if (text_[token_from] == '$') syntax_error("empty identifier", from);
                syntax_error(c == '\n' ? "unclosed string" : "illegal control character in string literal", at_);
            }
            if (c == '\\') escape();
            else ++at_;
        }
        ++at_;
    }

    void escape() {
        std::size_t from = at_++;
        char c = peek();
        if (std::string_view("tnr\"'\\").contains(c) && c != '\0') {
            ++at_;
        } else if (is_hex(c) && is_hex(peek(1))) {
            at_ += 2;
        } else if (c == 'u' && peek(1) == '{') {
            at_ += 2;
            unicode_escape(from);
        } else {
            syntax_error("illegal escape", from);
        }
    }

    void unicode_escape(std::size_t from) {
        u32 value = 0;
        bool digit_before = false;
        for (; peek() != '}'; ++at_) {
            char c = peek();
            if (c == '_' ? !digit_before || !is_hex(peek(1)) : !is_hex(c)) syntax_error("illegal escape", from);
            digit_before = c != '_';
            if (c != '_') value = value << 4 | hex_value(c);
            if (value > 0x10ffff) syntax_error("illegal escape", from);
        }
        if (!digit_before || (value >= 0xd800 && value < 0xe000)) syntax_error("illegal escape", from);
        ++at_;
    }

    // https://webassembly.github.io/spec/core/text/lexical.html#annotations
    void annotation() {
        std::size_t from = at_;
        at_ += 2;
        std::string id = annotation_name();
        Annotation a{};
        a.offset = u32(from);
        a.before = u32(out_.tokens.size());
        bool known = true;
        if (id == "custom") a.kind = Annotation::Kind::custom;
        else if (id == "name") a.kind = Annotation::Kind::name;
        else if (id == "metadata.code.branch_hint") a.kind = Annotation::Kind::branch_hint;
        else known = false;
        for (u32 depth = 1;;) {
            skip_space();
            if (at_ == text_.size()) syntax_error("unclosed annotation", from);
            Token t = next_inside_annotation();
            if (t.kind == Kind::lparen) ++depth;
            if (t.kind == Kind::rparen && --depth == 0) break;
            if (known) a.tokens.push_back(t);
        }
        if (known) out_.annotations.push_back(std::move(a));
    }

    // Anything lexical may stand inside, also what would be an empty identifier elsewhere.
    Token next_inside_annotation() {
        if (text_[at_] == '$' && !is_idchar(peek(1)) && peek(1) != '"') {
            Token t;
            t.offset = u32(at_++);
            t.length = 1;
            t.kind = Kind::reserved;
            return t;
        }
        return next();
    }

    std::string annotation_name() {
        std::size_t from = at_;
        if (peek() == '"') {
            std::size_t line = text_.find_first_of("\r\n", at_);
            if (std::size_t close = text_.find('"', at_ + 1); line < close) syntax_error("empty annotation id", from);
            string(from);
            std::string id = unescape(text_.substr(from, at_ - from));
            if (id.empty()) syntax_error("empty annotation id", from);
            if (!is_utf8(id)) syntax_error("malformed UTF-8 encoding", from);
            return id;
        }
        while (at_ != text_.size() && is_idchar(text_[at_])) ++at_;
        if (at_ == from) syntax_error("empty annotation id", from);
        return std::string(text_.substr(from, at_ - from));
    }

    void add(Token t, std::vector<Token>& to) {
        u32 index = u32(to.size());
        if (t.kind == Kind::lparen) open_.push_back(index);
        if (t.kind == Kind::rparen && !open_.empty()) {
            to[open_.back()].match = index;
            open_.pop_back();
        }
        to.push_back(t);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<u32> open_;
    TokenList out_;
};

// Digits with single underscores between them; moves `s` behind them.
bool skip_digits(std::string_view& s, bool hex) {
    auto digit = [&](char c) { return hex ? is_hex(c) : is_digit(c); };
    if (s.empty() || !digit(s[0])) return false;
    while (!s.empty() && (digit(s[0]) || (s[0] == '_' && s.size() > 1 && digit(s[1])))) s.remove_prefix(1);
    return true;
}

}  // namespace

// https://webassembly.github.io/spec/core/text/values.html#integers
// https://webassembly.github.io/spec/core/text/values.html#floating-point
Token::Kind classify_number(std::string_view s) {
    bool sign = s[0] == '+' || s[0] == '-';
    if (sign) s.remove_prefix(1);
    if (s == "inf" || s == "nan") return Kind::float_;
    bool nan = s.starts_with("nan:0x");
    bool hex = nan || s.starts_with("0x");
    if (hex) s.remove_prefix(nan ? 6 : 2);
    if (!skip_digits(s, hex)) return Kind::reserved;
    if (nan) return s.empty() ? Kind::float_ : Kind::reserved;
    if (s.empty()) return sign ? Kind::integer : Kind::natural;
    if (s[0] == '.') {
        s.remove_prefix(1);
        skip_digits(s, hex);
    }
    if (!s.empty() && (s[0] | 32) == (hex ? 'p' : 'e')) {
        s.remove_prefix(1);
        if (!s.empty() && (s[0] == '+' || s[0] == '-')) s.remove_prefix(1);
        if (!skip_digits(s, false)) return Kind::reserved;
    }
    return s.empty() ? Kind::float_ : Kind::reserved;
}

std::string unescape(std::string_view literal) {
    std::string out;
    out.reserve(literal.size());
    for (std::size_t i = 1; i + 1 < literal.size(); ++i) {
        char c = literal[i];
        if (c != '\\') {
            out += c;
            continue;
        }
        c = literal[++i];
        switch (c) {
        case 't': out += '\t'; break;
        case 'n': out += '\n'; break;
        case 'r': out += '\r'; break;
        case '"':
        case '\'':
        case '\\': out += c; break;
        case 'u': {
            u32 value = 0;
            for (i += 2; literal[i] != '}'; ++i)
                if (literal[i] != '_') value = value << 4 | hex_value(literal[i]);
            append_utf8(out, value);
            break;
        }
        default: out += char(hex_value(c) << 4 | hex_value(literal[++i])); break;
        }
    }
    return out;
}

const char* annotation_id(Annotation::Kind k) {
    switch (k) {
    case Annotation::Kind::custom: return "@custom";
    case Annotation::Kind::name: return "@name";
    case Annotation::Kind::branch_hint: return "@metadata.code.branch_hint";
    }
    return "";
}

TokenList lex(std::string_view text) { return Lexer(text).run(); }

}  // namespace heddle::text
