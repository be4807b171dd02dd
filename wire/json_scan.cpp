// The scan of a JSON text: no recursion, no tree, memory only for the keys of the objects that are open.
// https://www.rfc-editor.org/rfc/rfc8259
#include <algorithm>
#include <charconv>
#include <vector>

#include "json.hpp"

namespace heddle::wire {

namespace {

struct Fault {
    std::size_t at;
    std::string message;
    bool too_large = false;
};

class Scanner {
public:
    Scanner(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}
    void document();

private:
    struct Open {
        bool object;
        std::size_t first_key;  // in keys_
    };
    struct Key {
        std::string text;
        std::size_t at;
    };

    [[noreturn]] void fail(std::string message) const { throw Fault{at_, std::move(message)}; }
    [[noreturn]] void limit(std::string what, std::size_t value) const { throw Fault{at_, what + ": the limit is " + std::to_string(value), true}; }
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool at_end() const { return at_ == text_.size(); }
    std::string found() const;
    void skip_space();
    void expect(char c, const char* after);
    void open(bool object);
    void close();
    bool value();              // false: a bracket was opened
    bool after_value();        // false: the document is complete
    void key();
    void check_keys(std::size_t first);
    void string(std::string* decoded);
    void escape(std::string* decoded);
    u32 hex4();
    void utf8(std::string* decoded);
    void number();
    void digits();
    void literal(std::string_view word);

    std::string_view text_;
    const JsonLimits& limits_;
    std::size_t at_ = 0, key_count_ = 0;
    std::vector<Open> open_;
    std::vector<Key> keys_;
};

std::string Scanner::found() const {
    if (at_end()) return "the text ends";
    unsigned char c = static_cast<unsigned char>(peek());
    if (c > 0x20 && c < 0x7f) return std::string("there is `") + char(c) + "`";
    constexpr char hex[] = "0123456789abcdef";
    return std::string("there is the byte 0x") + hex[c >> 4] + hex[c & 15];
}

void Scanner::skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
}

void Scanner::expect(char c, const char* after) {
    skip_space();
    if (peek() != c || at_end()) fail(std::string("expected `") + c + "` after " + after + ", " + found());
    ++at_;
}

void Scanner::open(bool object) {
    if (open_.size() >= limits_.depth) limit("nested too deeply", limits_.depth);
    open_.push_back({object, keys_.size()});
    ++at_;
}

// Equal keys stand beside each other when they are sorted; the later one in the text is reported.
void Scanner::check_keys(std::size_t first) {
    auto begin = keys_.begin() + std::ptrdiff_t(first);
    std::sort(begin, keys_.end(), [](const Key& a, const Key& b) { return a.text != b.text ? a.text < b.text : a.at < b.at; });
    auto twice = std::adjacent_find(begin, keys_.end(), [](const Key& a, const Key& b) { return a.text == b.text; });
    if (twice == keys_.end()) return;
    at_ = (twice + 1)->at;
    fail("two keys of one object are called `" + twice->text.substr(0, 60) + "`");
}

void Scanner::close() {
    if (open_.back().object) {
        check_keys(open_.back().first_key);
        keys_.resize(open_.back().first_key);
    }
    open_.pop_back();
    ++at_;
}

void Scanner::key() {
    skip_space();
    if (peek() != '"') fail("expected a key in double quotes, " + found());
    if (++key_count_ > limits_.keys) limit("too many keys", limits_.keys);
    Key k{{}, at_};
    string(&k.text);
    keys_.push_back(std::move(k));
    expect(':', "a key");
}

u32 Scanner::hex4() {
    u32 code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
        char c = peek();
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0) fail("expected four hexadecimal digits after \\u, " + found());
        code = code * 16 + u32(digit);
    }
    return code;
}

void append_utf8(std::string& to, u32 c) {
    if (c < 0x80) to += char(c);
    else if (c < 0x800) to += {char(0xc0 | c >> 6), char(0x80 | (c & 63))};
    else if (c < 0x10000) to += {char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
    else to += {char(0xf0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
}

void Scanner::escape(std::string* decoded) {
    std::size_t start = at_++;
    char c = peek();
    constexpr std::string_view plain = "\"\\/bfnrt", meaning = "\"\\/\b\f\n\r\t";
    if (std::size_t i = plain.find(c); i != plain.npos && !at_end()) {
        ++at_;
        if (decoded) *decoded += meaning[i];
        return;
    }
    if (c != 'u') fail("expected an escape (\\n, \\u0041, …), " + found());
    ++at_;
    u32 code = hex4();
    if (code >= 0xd800 && code < 0xdc00 && text_.substr(at_, 2) == "\\u") {
        at_ += 2;
        u32 low = hex4();
        if (low >= 0xdc00 && low < 0xe000) code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code >= 0xd800 && code < 0xe000) {
        at_ = start;
        fail("half of a surrogate pair stands alone");
    }
    if (decoded) append_utf8(*decoded, code);
}

// One character of more than one byte: shortest form, no surrogates, at most U+10FFFF.
void Scanner::utf8(std::string* decoded) {
    auto byte = [&](std::size_t i) { return at_ + i < text_.size() ? static_cast<unsigned char>(text_[at_ + i]) : 0u; };
    u32 lead = byte(0);
    std::size_t n = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    bool good = n != 0;
    for (std::size_t i = 1; i < n; ++i) good = good && (byte(i) & 0xc0) == 0x80;
    u32 second = byte(1);
    if (lead == 0xe0) good = good && second >= 0xa0;
    if (lead == 0xed) good = good && second < 0xa0;
    if (lead == 0xf0) good = good && second >= 0x90;
    if (lead == 0xf4) good = good && second < 0x90;
    if (!good) fail("a string is not UTF-8");
    if (decoded) decoded->append(text_.substr(at_, n));
    at_ += n;
}

void Scanner::string(std::string* decoded) {
    std::size_t start = ++at_;
    for (;;) {
        std::size_t run = at_;
        while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && static_cast<unsigned char>(text_[at_]) - 0x20u < 0x60u) ++at_;
        if (decoded) decoded->append(text_.substr(run, at_ - run));
        if (at_ - start > limits_.string_bytes) limit("a string is too long", limits_.string_bytes);
        if (at_end()) fail("a string has no closing quote");
        char c = text_[at_];
        if (c == '"') break;
        if (c == '\\') escape(decoded);
        else if (c == 0x7f) ++at_, decoded ? decoded->push_back(c) : void();
        else if (static_cast<unsigned char>(c) < 0x20) fail("a control character in a string must be escaped");
        else utf8(decoded);
    }
    ++at_;
}

void Scanner::digits() {
    if (!(peek() >= '0' && peek() <= '9')) fail("expected a digit, " + found());
    while (peek() >= '0' && peek() <= '9') ++at_;
}

// A number that would change when it is read is refused: integers beyond 64 bits, fractions beyond a double.
void Scanner::number() {
    std::size_t start = at_;
    if (peek() == '-') ++at_;
    if (peek() == '0') ++at_;
    else digits();
    bool integer = true;
    if (peek() == '.') ++at_, digits(), integer = false;
    if (peek() == 'e' || peek() == 'E') {
        ++at_;
        if (peek() == '+' || peek() == '-') ++at_;
        digits();
        integer = false;
    }
    const char *first = text_.data() + start, *last = text_.data() + at_;
    bool fits = false;
    if (i64 s = 0; integer && *first == '-') fits = std::from_chars(first, last, s).ec == std::errc();
    else if (u64 u = 0; integer) fits = std::from_chars(first, last, u).ec == std::errc();
    else if (double d = 0; !integer) fits = std::from_chars(first, last, d).ec == std::errc();
    if (fits) return;
    at_ = start;
    fail(integer ? "an integer does not fit into 64 bits" : "a number is outside the range of a double");
}

void Scanner::literal(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) fail("expected a JSON value, " + found());
    at_ += word.size();
}

bool Scanner::value() {
    skip_space();
    switch (peek()) {
        case '{':
            open(true);
            skip_space();
            if (peek() != '}') return key(), false;
            close();
            return true;
        case '[':
            open(false);
            skip_space();
            if (peek() != ']') return false;
            close();
            return true;
        case '"': string(nullptr); return true;
        case 't': literal("true"); return true;
        case 'f': literal("false"); return true;
        case 'n': literal("null"); return true;
        case '-':
        case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9': number(); return true;
        default: fail("expected a JSON value, " + found());
    }
}

// Brackets that end here; or the comma before the next value.
bool Scanner::after_value() {
    for (;;) {
        skip_space();
        if (open_.empty()) return false;
        bool object = open_.back().object;
        if (peek() == (object ? '}' : ']') && !at_end()) {
            close();
            continue;
        }
        if (peek() != ',' || at_end()) fail(std::string("expected `,` or `") + (object ? '}' : ']') + "`, " + found());
        ++at_;
        if (object) key();
        return true;
    }
}

void Scanner::document() {
    if (text_.size() > limits_.bytes) limit("longer than allowed (" + std::to_string(text_.size()) + " bytes)", limits_.bytes);
    do {
        while (!value()) {}
    } while (after_value());
    if (!at_end()) fail("expected the end after the value, " + found());
}

std::string position(std::string_view text, std::size_t at) {
    std::string_view before = text.substr(0, at);
    std::size_t line = 1 + std::size_t(std::count(before.begin(), before.end(), '\n'));
    std::size_t last = before.rfind('\n');
    return std::to_string(line) + ":" + std::to_string(at - (last == before.npos ? 0 : last + 1) + 1);
}

}  // namespace

std::optional<JsonFault> scan_json(std::string_view text, const JsonLimits& limits) {
    try {
        Scanner(text, limits).document();
        return std::nullopt;
    } catch (const Fault& f) {
        return JsonFault{position(text, f.at) + ": " + f.message, f.too_large && text.size() > limits.bytes};
    }
}

}  // namespace heddle::wire
