#include "tools/json.hpp"

#include <algorithm>
#include <utility>

#include <heddle/bytes.hpp>

namespace heddle::component::tools {

namespace {

constexpr int max_depth = 64;

class Parser {
public:
    explicit Parser(std::string_view text) : text_(text) {}
    Json document() {
        Json j = value(0);
        if (!at_end()) fail("text behind the value");
        return j;
    }

private:
    [[noreturn]] void fail(const char* what) const { malformed(std::string("JSON: ") + what, at_); }
    bool at_end() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").contains(text_[at_])) ++at_;
        return at_ == text_.size();
    }
    char peek() { return at_end() ? '\0' : text_[at_]; }
    bool take(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
    }

    Json value(int depth) {
        if (depth > max_depth) fail("nested too deeply");
        switch (peek()) {
        case '{': return object(depth);
        case '[': return array(depth);
        case '"': return Json(string());
        default: return word();
        }
    }
    Json object(int depth) {
        JsonObject members;
        take('{');
        if (take('}')) return Json(std::move(members));
        do {
            if (peek() != '"') fail("expected a member's name");
            std::string name = string();
            if (!take(':')) fail("expected `:`");
            members.push_back({std::move(name), value(depth + 1)});
        } while (take(','));
        if (!take('}')) fail("expected `,` or `}`");
        return Json(std::move(members));
    }
    Json array(int depth) {
        take('[');
        if (take(']')) return {};
        do value(depth + 1);
        while (take(','));
        if (!take(']')) fail("expected `,` or `]`");
        return {};
    }
    // null, true, false or a number.
    Json word() {
        std::size_t from = at_;
        while (at_ < text_.size() && (std::string_view("+-.").contains(text_[at_]) || is_alphanumeric(text_[at_]))) ++at_;
        if (from == at_) fail("expected a value");
        return {};
    }
    static bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

    std::string string() {
        std::string s;
        for (++at_;;) {
            if (at_ >= text_.size() || u8(text_[at_]) < 0x20) fail("a string that does not end");
            char c = text_[at_++];
            if (c == '"') return s;
            if (c == '\\') escape(s);
            else s += c;
        }
    }
    void escape(std::string& s) {
        constexpr std::string_view from = "\"\\/bfnrt", to = "\"\\/\b\f\n\r\t";
        if (at_ >= text_.size()) fail("a string that does not end");
        char c = text_[at_++];
        if (c == 'u') return put(s, code_point());
        std::size_t i = from.find(c);
        if (i == from.npos) fail("an unknown escape");
        s += to[i];
    }
    u32 code_unit() {
        u32 v = 0;
        for (int i = 0; i < 4; ++i) {
            char c = at_ < text_.size() ? text_[at_++] : '\0';
            u32 digit = c >= '0' && c <= '9' ? u32(c - '0') : c >= 'a' && c <= 'f' ? u32(c - 'a' + 10) : c >= 'A' && c <= 'F' ? u32(c - 'A' + 10) : 16;
            if (digit == 16) fail("expected four hexadecimal digits");
            v = v << 4 | digit;
        }
        return v;
    }
    u32 code_point() {
        u32 high = code_unit();
        if (high < 0xd800 || high > 0xdfff) return high;
        if (high > 0xdbff || !text_.substr(at_).starts_with("\\u")) fail("half a surrogate pair");
        at_ += 2;
        u32 low = code_unit();
        if (low < 0xdc00 || low > 0xdfff) fail("half a surrogate pair");
        return 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
    }
    static void put(std::string& s, u32 c) {
        if (c < 0x80) s += char(c);
        else if (c < 0x800) s += {char(0xc0 | c >> 6), char(0x80 | (c & 0x3f))};
        else if (c < 0x10000) s += {char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 0x3f)), char(0x80 | (c & 0x3f))};
        else s += {char(0xf0 | c >> 18), char(0x80 | (c >> 12 & 0x3f)), char(0x80 | (c >> 6 & 0x3f)), char(0x80 | (c & 0x3f))};
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::string quoted(std::string_view s) {
    constexpr std::string_view hex = "0123456789abcdef";
    std::string out = "\"";
    for (char c : s)
        if (c == '"' || c == '\\') out += {'\\', c};
        else if (c == '\n') out += "\\n";
        else if (u8(c) < 0x20) out += {'\\', 'u', '0', '0', hex[u8(c) >> 4], hex[u8(c) & 15]};
        else out += c;
    return out + "\"";
}

}  // namespace

Json::Json(std::string s) : kind_(Kind::string), text_(std::move(s)) {}
Json::Json(JsonObject o) : kind_(Kind::object), members_(std::move(o)) {}
Json::Json(const Json&) = default;
Json::Json(Json&&) noexcept = default;
Json::~Json() = default;
Json& Json::operator=(Json o) noexcept {
    std::swap(kind_, o.kind_);
    text_.swap(o.text_);
    members_.swap(o.members_);
    return *this;
}

const Json* Json::find(std::string_view name) const {
    auto at = std::ranges::find(members_, name, &JsonMember::name);
    return at == members_.end() ? nullptr : &at->value;
}

Json parse_json(std::string_view text) { return Parser(text).document(); }

std::string to_string(const Json& j) {
    if (const std::string* s = j.string()) return quoted(*s);
    if (!j.is_object()) return "null";
    std::string out = "{";
    for (const auto& [name, value] : j.members()) out += (out.size() == 1 ? "" : ",") + quoted(name) + ":" + to_string(value);
    return out + "}";
}

}  // namespace heddle::component::tools
