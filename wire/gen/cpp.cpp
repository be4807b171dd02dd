// Guests in C++: the standard library's types, and overloads that read and write them as JSON.
#include "gen/generate.hpp"

namespace heddle::wire::gen {

namespace {

using K = Shape::Kind;

constexpr const char* header_text = R"(#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace cw {

// JSON text that is not looked into.
struct Json {
    std::string text = "null";
};
using Bytes = std::vector<std::uint8_t>;

// How a handler fails: no_handler, in_json_err or handler_err, in words or as JSON.
struct Failure {
    enum Kind { no_handler = 1, in_json_err, handler_err } kind = handler_err;
    std::string text;
};
// A value, or why there is none.
template <class T>
using Result = std::variant<T, Failure>;

// A host call by name: its JSON, or the error object's.
std::pair<bool, std::string> hostcall(std::string_view op, std::string_view json);

}  // namespace cw
)";

constexpr const char* source_text = R"(
#include <charconv>
#include <cstdlib>

namespace cw {

extern "C" {
__attribute__((import_module("cw:host"), import_name("result"))) void cw_give(const char* at, std::uint32_t bytes);
__attribute__((import_module("cw:host"), import_name("hostcall"))) std::uint64_t cw_ask(const char* op, std::uint32_t op_bytes, const char* json, std::uint32_t bytes);
__attribute__((import_module("cw:host"), import_name("take"))) void cw_take(char* to);
}

std::pair<bool, std::string> hostcall(std::string_view op, std::string_view json) {
    std::uint64_t answer = cw_ask(op.data(), std::uint32_t(op.size()), json.data(), std::uint32_t(json.size()));
    std::string text(std::uint32_t(answer), '\0');
    cw_take(text.data());
    return {answer >> 32 == 0, std::move(text)};
}

// JSON that the host has checked.
struct Reader {
    const char *at, *end;
    char peek() {
        while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
        return at < end ? *at : '\0';
    }
    bool eat(char c) { return peek() == c && (++at, true); }
    bool word(std::string_view w) {
        peek();
        if (!std::string_view(at, std::size_t(end - at)).starts_with(w)) return false;
        at += w.size();
        return true;
    }
};
struct Writer {
    std::string text;
    Writer& operator+=(std::string_view more) { return text += more, *this; }
    Writer& operator+=(char more) { return text += more, *this; }
};

[[maybe_unused]] bool skip(Reader& r);
template <class T> bool read(Reader& r, std::optional<T>& to);
template <class T> bool read(Reader& r, std::vector<T>& to);
template <class T> bool read(Reader& r, std::map<std::string, T>& to);
template <class... T> bool read(Reader& r, std::tuple<T...>& to);
template <class T> void write(Writer& w, const std::optional<T>& v);
template <class T> void write(Writer& w, const std::vector<T>& v);
template <class T> void write(Writer& w, const std::map<std::string, T>& v);
template <class... T> void write(Writer& w, const std::tuple<T...>& v);

[[maybe_unused]] static void append_utf8(std::string& to, std::uint32_t c) {
    if (c < 0x80) to += char(c);
    else if (c < 0x800) to += {char(0xc0 | c >> 6), char(0x80 | (c & 63))};
    else if (c < 0x10000) to += {char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
    else to += {char(0xf0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
}
static std::uint32_t hex(Reader& r) {
    std::uint32_t n = 0;
    std::from_chars(r.at, r.at + (r.end - r.at < 4 ? r.end - r.at : 4), n, 16);
    r.at += r.end - r.at < 4 ? r.end - r.at : 4;
    return n;
}
[[maybe_unused]] static bool read(Reader& r, std::string& to) {
    if (!r.eat('"')) return false;
    to.clear();
    while (r.at < r.end && *r.at != '"') {
        char c = *r.at++;
        if (c != '\\' || r.at == r.end) {
            to += c;
            continue;
        }
        constexpr std::string_view letters = "ntrbf", bytes = "\n\t\r\b\f";
        c = *r.at++;
        if (std::size_t i = letters.find(c); i != letters.npos) to += bytes[i];
        else if (c != 'u') to += c;
        else {
            std::uint32_t code = hex(r);
            if (code >> 10 == 0x36 && r.end - r.at >= 6) r.at += 2, code = 0x10000 + ((code & 0x3ff) << 10 | (hex(r) & 0x3ff));
            append_utf8(to, code);
        }
    }
    return r.eat('"');
}
bool skip(Reader& r) {
    char c = r.peek(), close = c == '{' ? '}' : ']';
    std::string ignored;
    if (c == '"') return read(r, ignored);
    if (c != '{' && c != '[') {
        const char* from = r.at;
        while (r.at < r.end && std::string_view(",]} \n\r\t").find(*r.at) == std::string_view::npos) ++r.at;
        return r.at > from;
    }
    for (++r.at; !r.eat(close);) {
        if (c == '{' && (!skip(r) || !r.eat(':'))) return false;
        if (!skip(r) || (!r.eat(',') && r.peek() != close)) return false;
    }
    return true;
}
[[maybe_unused]] static bool read(Reader& r, Json& to) {
    r.peek();
    const char* from = r.at;
    bool good = skip(r);
    to.text.assign(from, r.at);
    return good;
}
[[maybe_unused]] static bool read(Reader& r, bool& to) { return (to = r.word("true")) || r.word("false"); }
[[maybe_unused]] static bool read(Reader& r, double& to) {
    Json text;
    if (!read(r, text) || !(text.text[0] == '-' || (text.text[0] >= '0' && text.text[0] <= '9'))) return false;
    to = std::strtod(text.text.c_str(), nullptr);
    return true;
}
[[maybe_unused]] static bool read(Reader& r, std::int64_t& to) {
    r.peek();
    auto [end, error] = std::from_chars(r.at, r.end, to);
    if (error != std::errc()) return false;
    r.at = end;
    if (r.at < r.end && *r.at == '.')
        for (++r.at; r.at < r.end && *r.at == '0';) ++r.at;
    return r.at == r.end || std::string_view("0123456789eE").find(*r.at) == std::string_view::npos;
}
[[maybe_unused]] constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
[[maybe_unused]] static bool read(Reader& r, Bytes& to) {
    std::string text;
    if (!read(r, text)) return false;
    std::uint32_t held = 0, bits = 0;
    to.clear();
    for (char c : text) {
        std::size_t digit = digits.find(c);
        if (c == '=') break;
        if (digit == digits.npos) return false;
        held = held << 6 | std::uint32_t(digit), bits += 6;
        if (bits >= 8) bits -= 8, to.push_back(std::uint8_t(held >> bits));
    }
    return true;
}
template <class T>
bool read(Reader& r, std::optional<T>& to) {
    to.reset();
    return r.word("null") || read(r, to.emplace());
}
template <class T>
bool read(Reader& r, std::vector<T>& to) {
    to.clear();
    if (!r.eat('[')) return false;
    while (!r.eat(']')) {
        T item{};
        if (!read(r, item) || (!r.eat(',') && r.peek() != ']')) return false;
        to.push_back(std::move(item));
    }
    return true;
}
template <class T>
bool read(Reader& r, std::map<std::string, T>& to) {
    to.clear();
    if (!r.eat('{')) return false;
    for (std::string key; !r.eat('}');)
        if (!read(r, key) || !r.eat(':') || !read(r, to[key]) || (!r.eat(',') && r.peek() != '}')) return false;
    return true;
}
template <class... T>
bool read(Reader& r, std::tuple<T...>& to) {
    bool first = true;
    return r.eat('[') && std::apply([&](T&... part) { return (((std::exchange(first, false) || r.eat(',')) && read(r, part)) && ...); }, to) && r.eat(']');
}

[[maybe_unused]] static void write(Writer& w, const std::string& v) {
    w += '"';
    for (char c : v) {
        if (c == '"' || c == '\\') w += '\\', w += c;
        else if (static_cast<unsigned char>(c) < 32) w += "\\u00", w += char('0' + (c >> 4)), w += "0123456789abcdef"[c & 15];
        else w += c;
    }
    w += '"';
}
[[maybe_unused]] static void write(Writer& w, const Json& v) { w += v.text; }
[[maybe_unused]] static void write(Writer& w, const bool& v) { w += v ? "true" : "false"; }
[[maybe_unused]] static void write(Writer& w, const std::int64_t& v) { w += std::to_string(v); }
[[maybe_unused]] static void write(Writer& w, const double& v) {
    char text[40];
    auto [end, error] = std::to_chars(text, text + sizeof text, v);
    w += v - v == 0 ? std::string_view(text, std::size_t(end - text)) : std::string_view("null");
}
[[maybe_unused]] static void write(Writer& w, const Bytes& v) {
    w += '"';
    for (std::size_t i = 0; i < v.size(); i += 3) {
        std::size_t left = v.size() - i;
        std::uint32_t group = std::uint32_t(v[i]) << 16 | (left > 1 ? std::uint32_t(v[i + 1]) << 8 : 0) | (left > 2 ? v[i + 2] : 0);
        for (std::uint32_t k = 0; k < 4; ++k) w += k <= left ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    w += '"';
}
template <class T>
void write(Writer& w, const std::optional<T>& v) {
    if (v) write(w, *v);
    else w += "null";
}
template <class T>
void write(Writer& w, const std::vector<T>& v) {
    w += '[';
    for (std::size_t i = 0; i < v.size(); ++i) {
        const T& item = v[i];
        write(w += i ? "," : "", item);
    }
    w += ']';
}
template <class T>
void write(Writer& w, const std::map<std::string, T>& v) {
    bool first = true;
    w += '{';
    for (const auto& [key, value] : v) write(w += std::exchange(first, false) ? "" : ",", key), write(w += ':', value);
    w += '}';
}
template <class... T>
void write(Writer& w, const std::tuple<T...>& v) {
    bool first = true;
    w += '[';
    std::apply([&](const T&... part) { (write(w += std::exchange(first, false) ? "" : ",", part), ...); }, v);
    w += ']';
}

}  // namespace cw
)";

constexpr const char* exports_text = R"(
extern "C" {
__attribute__((export_name("cw_abi"))) int cw_abi() { return 1; }
__attribute__((export_name("cw_alloc"))) void* cw_alloc(std::uint32_t bytes) { return std::malloc(bytes); }
__attribute__((export_name("cw_free"))) void cw_free(void* at, std::uint32_t) { std::free(at); }
__attribute__((export_name("cw_init"))) int cw_init(const char*, std::uint32_t) { return 0; }
}

static int cw_end(int status, std::string_view text) {
    cw::cw_give(text.data(), std::uint32_t(text.size()));
    return status;
}
)";

class Cpp {
public:
    explicit Cpp(const Target& t) : t_(t) {}
    std::string type(u32 i) const;
    std::string header() const;
    std::string source() const;
    std::string stubs() const;

private:
    std::string definition(const Shape& s) const;
    std::string functions(const Shape& s) const;
    std::string handler(const OpShape& op) const { return "cw::Result<" + type(op.output) + "> handle_" + snake(op.name) + "(const " + type(op.input) + "& input)"; }
    std::string call(const OpShape& op) const { return "cw::Result<" + type(op.output) + "> call_" + snake(op.name) + "(const " + type(op.input) + "& input)"; }
    static std::string label(const Shape::Part& p) { return snake(p.name); }

    const Target& t_;
};

std::string Cpp::type(u32 i) const {
    const Shape& s = t_.shapes[i];
    auto part = [&](std::size_t k) { return type(s.parts[k].shape); };
    switch (s.kind) {
        case K::json: return "cw::Json";
        case K::boolean: return "bool";
        case K::integer: return "std::int64_t";
        case K::number: return "double";
        case K::string: return "std::string";
        case K::bytes: return "cw::Bytes";
        case K::option: return "std::optional<" + part(0) + ">";
        case K::list: return "std::vector<" + part(0) + ">";
        case K::map: return "std::map<std::string, " + part(0) + ">";
        case K::tuple: {
            std::string all;
            for (std::size_t k = 0; k < s.parts.size(); ++k) all += (k ? ", " : "") + part(k);
            return "std::tuple<" + all + ">";
        }
        default: return pascal(s.name);
    }
}

std::string Cpp::definition(const Shape& s) const {
    std::string text = s.title.empty() ? "" : "// " + s.title + "\n";
    if (s.kind == K::enumeration) {
        text += "enum class " + pascal(s.name) + " {";
        for (std::size_t k = 0; k < s.parts.size(); ++k) text += (k ? ", " : " ") + label(s.parts[k]);
        return text + " };\n";
    }
    if (s.kind == K::variant) {
        // Cases may have the same type: which one is told by the index.
        text += "using " + pascal(s.name) + " = std::variant<";
        for (std::size_t k = 0; k < s.parts.size(); ++k) text += (k ? ", " : "") + type(s.parts[k].shape);
        return text + ">;\n";
    }
    if (s.kind != K::record) return "";
    text += "struct " + pascal(s.name) + " {\n";
    for (const auto& p : s.parts) text += "    " + type(p.shape) + " " + label(p) + "{};\n";
    return text + "};\n";
}

std::string Cpp::functions(const Shape& s) const {
    std::string name = pascal(s.name), read = "[[maybe_unused]] static bool read(Reader& r, " + name + "& to) {\n", write = "[[maybe_unused]] static void write(Writer& w, const " + name + "& v) {\n";
    if (s.kind == K::enumeration) {
        read += "    std::string label;\n    if (!read(r, label)) return false;\n";
        write += "    switch (v) {\n";
        for (const auto& p : s.parts) {
            read += "    if (label == " + literal(p.json) + ") return to = " + name + "::" + label(p) + ", true;\n";
            write += "        case " + name + "::" + label(p) + ": w += " + literal(literal(p.json)) + "; break;\n";
        }
        return read + "    return false;\n}\n" + write + "    }\n}\n";
    }
    if (s.kind == K::variant) {
        read += "    Reader start = r;\n";
        write += "    switch (v.index()) {\n";
        for (std::size_t k = 0; k < s.parts.size(); ++k) {
            read += "    if (read(r = start, to.emplace<" + std::to_string(k) + ">())) return true;\n";
            write += "        case " + std::to_string(k) + ": write(w, std::get<" + std::to_string(k) + ">(v)); break;\n";
        }
        return read + "    return false;\n}\n" + write + "    }\n}\n";
    }
    if (s.kind != K::record) return "";
    std::string all = "true";
    read += "    std::string key;\n    bool seen[" + std::to_string(s.parts.size()) + "] = {};\n    if (!r.eat('{')) return false;\n    while (!r.eat('}')) {\n        if (!read(r, key) || !r.eat(':')) return false;\n";
    write += "    bool first = true;\n    auto key = [&](std::string_view k) { w += std::exchange(first, false) ? \"\" : \",\", w += k; };\n    w += '{';\n";
    for (std::size_t k = 0; k < s.parts.size(); ++k) {
        const auto& p = s.parts[k];
        read += std::string(k ? "        else " : "        ") + "if (key == " + literal(p.json) + ") {\n            if (!(seen[" + std::to_string(k) + "] = read(r, to." + label(p) + "))) return false;\n        }\n";
        if (p.required) all += " && seen[" + std::to_string(k) + "]";
        write += std::string(p.required ? "    " : "    if (v." + label(p) + ") ") + "key(" + literal(literal(p.json) + ":") + "), write(w, v." + label(p) + ");\n";
    }
    return read + "        else if (!skip(r)) return false;\n        if (!r.eat(',') && r.peek() != '}') return false;\n    }\n    return " + all + ";\n}\n" + write + "    w += '}';\n}\n";
}

std::string Cpp::header() const {
    std::string text = std::string("// ") + glue_note + "\n" + header_text + "\n// ---- the app's types\n\n";
    for (u32 i : t_.used) text += definition(t_.shapes[i]);
    text += "\n// ---- what this guest gives\n\n";
    for (const OpShape* op : t_.own) text += (op->config->title.empty() ? "" : "// " + op->config->title + "\n") + handler(*op) + ";\n";
    if (!t_.others.empty()) text += "\n// ---- the app's other materializers; a failure holds the error object. They need the grant `call`.\n\n";
    for (const OpShape* op : t_.others) text += call(*op) + ";\n";
    return text;
}

std::string Cpp::source() const {
    std::string text = std::string("// ") + glue_note + "\n#include \"" + t_.name + ".hpp\"\n" + source_text + "\nnamespace cw {\n\n";
    for (u32 i : t_.used) text += functions(t_.shapes[i]);
    text += "\n}  // namespace cw\n" + std::string(exports_text);
    for (const OpShape* op : t_.others)
        text += "\n" + call(*op) + " {\n    cw::Writer w{" + literal("{\"op\":" + literal(op->config->op) + ",\"in\":") + "};\n    cw::write(w, input);\n    auto [good, json] = cw::hostcall(\"call\", (w += '}').text);\n    cw::Reader r{json.data(), json.data() + json.size()};\n    " +
                type(op->output) + " output{};\n    if (!good || !cw::read(r, output)) return cw::Failure{cw::Failure::handler_err, json};\n    return cw::Result<" + type(op->output) + ">(std::in_place_index<0>, std::move(output));\n}\n";
    text += "\nextern \"C\" __attribute__((export_name(\"cw_handle\"))) int cw_handle(const char* op, std::uint32_t op_bytes, const char* in, std::uint32_t bytes) {\n    std::string_view name(op, op_bytes);\n    cw::Reader r{in, in + bytes};\n    cw::Writer w;\n";
    for (const OpShape* op : t_.own)
        text += "    if (name == " + literal(op->config->op) + ") {\n        " + type(op->input) + " input{};\n        if (!cw::read(r, input)) return cw_end(2, \"the input is not of the type that this guest was made for\");\n        auto output = handle_" + snake(op->name) +
                "(input);\n        if (auto* failure = std::get_if<1>(&output)) return cw_end(failure->kind, failure->text);\n        cw::write(w, std::get<0>(output));\n        return cw_end(0, w.text);\n    }\n";
    return text + "    return cw_end(1, \"\");\n}\n";
}

std::string Cpp::stubs() const {
    std::string text = "// Yours: `heddle gen` writes this file once. To build:\n//   clang++ --target=wasm32-wasi -mexec-model=reactor -std=c++20 -fno-exceptions -O2 -Wl,-s " + t_.name + ".cpp " + t_.name + "_glue.cpp -o " + t_.name + ".wasm\n#include \"" + t_.name + ".hpp\"\n";
    for (const OpShape* op : t_.own) text += "\n" + handler(*op) + " {\n    (void)input;\n    return cw::Failure{cw::Failure::handler_err, \"not written yet\"};\n}\n";
    return text;
}

}  // namespace

std::vector<GenFile> cpp_files(const Target& t) {
    Cpp c(t);
    return {{t.name + ".hpp", c.header(), false}, {t.name + "_glue.cpp", c.source(), false}, {t.name + ".cpp", c.stubs(), true}};
}

}  // namespace heddle::wire::gen
