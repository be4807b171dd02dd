#include "wit/lexer.hpp"

#include <algorithm>
#include <array>

namespace heddle::wit {
namespace {

constexpr std::string_view keywords[] = {"as",  "async",  "bool",   "borrow",  "char",   "constructor", "enum",    "export",    "f32",
                                         "f64", "flags",  "from",   "func",    "future", "import",      "include", "interface", "list",
                                         "map", "option", "own",    "package", "record", "resource",    "result",  "s16",       "s32",
                                         "s64", "s8",     "static", "stream",  "string", "tuple",       "type",    "u16",       "u32",
                                         "u64", "u8",     "use",    "variant", "with",   "world"};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_name_char(char c) { return is_letter(c) || is_digit(c) || c == '-'; }

class Lexer {
public:
    explicit Lexer(const Source& s) : source_(s), text_(s.text) {}

    std::vector<Token> run() {
        for (;;) {
            skip_space();
            tokens_.push_back(next());
            if (tokens_.back().kind == TokenKind::end) return std::move(tokens_);
        }
    }

private:
    char at(std::size_t i) const { return i < text_.size() ? text_[i] : '\0'; }

    void skip_space() {
        docs_.clear();
        while (at_ < text_.size()) {
            if (is_space(text_[at_])) ++at_;
            else if (text_.substr(at_, 2) == "//") line_comment();
            else if (text_.substr(at_, 2) == "/*") block_comment();
            else return;
        }
    }

    void line_comment() {
        std::size_t end = std::min(text_.find('\n', at_), text_.size());
        std::string_view line = text_.substr(at_, end - at_);
        if (line.starts_with("///") && !line.starts_with("////")) add_doc(line.substr(3));
        at_ = end;
    }

    // Block comments nest.
    void block_comment() {
        std::size_t from = at_;
        int depth = 0;
        do {
            if (at_ >= text_.size()) fail(source_, from, "unterminated block comment");
            if (text_.substr(at_, 2) == "/*") ++depth, at_ += 2;
            else if (text_.substr(at_, 2) == "*/") --depth, at_ += 2;
            else ++at_;
        } while (depth != 0);
        std::string_view body = text_.substr(from, at_ - from);
        if (body.starts_with("/**") && body.size() > 4) add_doc(body.substr(3, body.size() - 5));
    }

    void add_doc(std::string_view line) {
        while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
        while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
        if (!docs_.empty()) docs_ += '\n';
        docs_ += line;
    }

    Token make(TokenKind kind, std::size_t from, std::size_t text_from) {
        return {kind, text_.substr(text_from, at_ - text_from), u32(from), u32(at_), std::move(docs_)};
    }

    Token next() {
        std::size_t from = at_;
        if (at_ == text_.size()) return make(TokenKind::end, from, from);
        char c = text_[at_];
        if (c == '%' || is_letter(c)) return word(from);
        if (is_digit(c)) {
            while (is_digit(at(at_))) ++at_;
            return make(TokenKind::integer, from, from);
        }
        if (c == '"') return string(from);
        if (text_.substr(at_, 2) == "->") {
            at_ += 2;
            return make(TokenKind::operator_, from, from);
        }
        if (std::string_view("=,:;(){}<>*/.@-+_").find(c) != std::string_view::npos) {
            ++at_;
            return make(TokenKind::operator_, from, from);
        }
        fail(source_, at_, std::string("unexpected character `") + c + "`");
    }

    Token word(std::size_t from) {
        bool escaped = text_[at_] == '%';
        if (escaped) ++at_;
        std::size_t text_from = at_;
        while (is_name_char(at(at_)) && text_.substr(at_, 2) != "->") ++at_;
        Token t = make(TokenKind::identifier, from, text_from);
        if (!escaped && std::ranges::find(keywords, t.text) != std::end(keywords)) t.kind = TokenKind::keyword;
        else if (!is_label(t.text) && t.text != "_") fail(source_, from, "`" + std::string(t.text) + "` is not a kebab-case identifier");
        return t;
    }

    Token string(std::size_t from) {
        for (++at_; at(at_) != '"'; ++at_) {
            if (at_ >= text_.size() || text_[at_] == '\n') fail(source_, from, "unterminated string");
            if (text_[at_] == '\\') ++at_;
        }
        ++at_;
        return make(TokenKind::string, from, from);
    }

    const Source& source_;
    std::string_view text_;
    std::size_t at_ = 0;
    std::string docs_;
    std::vector<Token> tokens_;
};

// Control codes and bidirectional overrides are refused: they make text read other than it is.
void check_characters(const Source& s) {
    for (std::size_t i = 0; i < s.text.size(); ++i) {
        unsigned char c = static_cast<unsigned char>(s.text[i]);
        if ((c < 0x20 && !is_space(s.text[i])) || c == 0x7f) fail(s, i, "control code in text");
        std::string_view rest = std::string_view(s.text).substr(i, 3);
        bool bidi = rest.size() == 3 && c == 0xe2 &&
                    ((rest[1] == '\x80' && rest[2] >= '\xaa' && rest[2] <= '\xae') || (rest[1] == '\x81' && rest[2] >= '\xa6' && rest[2] <= '\xa9'));
        if (bidi) fail(s, i, "bidirectional override in text");
    }
}

}  // namespace

void fail(const Source& source, std::size_t offset, const std::string& message) {
    std::size_t line = 1, column = 1;
    for (std::size_t i = 0; i < offset && i < source.text.size(); ++i) {
        if (source.text[i] == '\n') ++line, column = 1;
        else ++column;
    }
    throw Error{Error::Kind::syntax, source.path + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message, offset};
}

std::vector<Token> lex(const Source& source) {
    check_characters(source);
    return Lexer(source).run();
}

std::string escaped(std::string_view name) { return (std::ranges::find(keywords, name) != std::end(keywords) ? "%" : "") + std::string(name); }

bool is_label(std::string_view s) {
    bool first = true;
    while (true) {
        std::string_view word = s.substr(0, s.find('-'));
        if (word.empty() || (first && !is_letter(word[0]))) return false;
        bool lower = std::ranges::all_of(word, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z'); });
        bool upper = std::ranges::all_of(word, [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); });
        if (!lower && !upper) return false;
        if (word.size() == s.size()) return true;
        s.remove_prefix(word.size() + 1);
        first = false;
    }
}

}  // namespace heddle::wit
