#include "trace.hpp"

#include <algorithm>

#include <heddle/wasi_trace.hpp>
#include <heddle/wave.hpp>

#include "context.hpp"

#include "os/clock.hpp"

namespace heddle::wasi {

namespace {

using component::FunctionType;
using component::Val;
using component::ValueType;

constexpr std::size_t longest_text = 64;

u64 now() { return os::clock_time(os::ClockId::monotonic).value_or(0); }

void cut(std::string& s) {
    if (s.size() <= longest_text) return;
    std::size_t at = longest_text;
    while (at > 0 && (u8(s[at]) & 0xc0) == 0x80) --at;  // not in the middle of a character
    s = s.substr(0, at) + "…";
}

// Bytes as a string with escapes, as strace shows buffers.
std::string bytes_text(std::span<const u8> bytes) {
    std::string s = "\"";
    for (u8 b : bytes.first(std::min(bytes.size(), longest_text / 2))) {
        constexpr char hex[] = "0123456789abcdef";
        if (b == '\n') s += "\\n";
        else if (b == '"' || b == '\\') (s += '\\') += char(b);
        else if (b < 0x20 || b >= 0x7f) ((s += "\\x") += hex[b >> 4]) += hex[b & 15];
        else s += char(b);
    }
    s += '"';
    if (bytes.size() > longest_text / 2) s += "… (" + std::to_string(bytes.size()) + " bytes)";
    return s;
}

std::string value_text(const Val& v, const ValueType& t);

std::string payload_text(const Val& v, const ValueType& t, std::string name) {
    const auto& type = t.members()[v.case_index()].type;
    return v.payload() && type ? name + "(" + value_text(*v.payload(), *type) + ")" : name;
}

std::string members_text(const Val& v, const ValueType& t, char open, char close) {
    std::string s(1, open);
    for (std::size_t i = 0; i < t.members().size(); ++i) {
        if (i) s += ", ";
        if (!t.members()[i].name.empty()) s += t.members()[i].name + ": ";
        s += value_text(v.at(i), *t.members()[i].type);
    }
    return s + close;
}

std::string list_text(const Val& v, const ValueType& t) {
    constexpr std::size_t shown = 8;
    std::string s = "[";
    for (std::size_t i = 0; i < std::min(v.size(), shown); ++i) s += (i ? ", " : "") + value_text(v.at(i), *t.element());
    if (v.size() > shown) s += ", … (" + std::to_string(v.size()) + " items)";
    return s + "]";
}

std::string flags_text(const Val& v, const ValueType& t) {
    std::string s;
    for (std::size_t i = 0; i < t.members().size(); ++i)
        if (v.bits() >> i & 1) s += (s.empty() ? "" : "|") + t.members()[i].name;
    return s.empty() ? "0" : s;
}

// Handles by the host's number for what they stand for.
std::string handle_text(const Val& v) {
    auto rep = resource_rep(v);
    return rep ? "#" + std::to_string(*rep) : to_string(v.kind());
}

std::string value_text(const Val& v, const ValueType& t) {
    using K = ValueType::Kind;
    switch (t.kind()) {
        case K::own:
        case K::borrow:
        case K::stream:
        case K::future: return handle_text(v);
        case K::list:
            if (v.is_packed() && v.packed_kind() == Val::Kind::u8) return bytes_text(v.packed_bytes());
            return t.element() && t.element()->kind() == K::u8 ? "\"\"" : list_text(v, t);
        case K::record: return members_text(v, t, '{', '}');
        case K::tuple: return members_text(v, t, '(', ')');
        case K::flags: return flags_text(v, t);
        case K::option:
        case K::variant:
        case K::enum_:
        case K::result: return payload_text(v, t, t.members()[v.case_index()].name);
        default: {
            std::string s = wave::print(v, t);
            cut(s);
            return s;
        }
    }
}

std::string quoted(std::string_view s) {
    std::string out = "\"";
    for (char c : s) {
        constexpr char hex[] = "0123456789abcdef";
        if (c == '"' || c == '\\') (out += '\\') += c;
        else if (u8(c) < 0x20) ((out += "\\u00") += hex[u8(c) >> 4]) += hex[c & 15];
        else out += c;
    }
    return out + '"';
}

std::string microseconds(u64 ns) { return std::to_string(ns / 1000) + "." + std::to_string(ns / 100 % 10); }

struct Line {
    std::string name;
    FunctionType type;
    std::vector<std::string> arguments;
    u64 began = 0;

    std::string plain(const std::string& result) const {
        std::string s = name + "(";
        for (std::size_t i = 0; i < arguments.size(); ++i) s += (i ? ", " : "") + type.params[i].name + "=" + arguments[i];
        return s + ")" + (result.empty() ? "" : " = " + result) + " <" + microseconds(now() - began) + " us>";
    }
    std::string json(const std::string& result) const {
        std::string s = "{\"call\":" + quoted(name) + ",\"arguments\":{";
        for (std::size_t i = 0; i < arguments.size(); ++i) s += (i ? "," : "") + quoted(type.params[i].name) + ":" + quoted(arguments[i]);
        return s + "},\"result\":" + (result.empty() ? "null" : quoted(result)) + ",\"microseconds\":" + microseconds(now() - began) + "}";
    }
};

}  // namespace

void trace(const Context& context, std::function<void(std::string_view)> write, bool json) {
    context.data().tracer = std::make_shared<Tracer>(std::move(write), json);
}

std::function<void(const std::optional<Val>&)> Tracer::begin(component::HostCall& call) {
    Line line{call.name(), call.type(), {}, now()};
    for (std::size_t i = 0; i < line.type.params.size(); ++i) line.arguments.push_back(value_text(call.args()[i], line.type.params[i].type));
    return [this, line = std::move(line)](const std::optional<Val>& result) {
        std::string text = result && line.type.result ? value_text(*result, *line.type.result) : "";
        write_(json_ ? line.json(text) : line.plain(text));
    };
}

}  // namespace heddle::wasi
