#include "trace.hpp"

#include <algorithm>

#include <heddle/wasi_trace.hpp>
#include <heddle/wave.hpp>

#include "context.hpp"

#include "os/clock.hpp"

namespace heddle::wasi {

namespace {

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

}  // namespace

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

namespace {

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

std::string plain_line(const TracedCall& c, const std::string& result) {
    std::string s = c.name + "(";
    for (std::size_t i = 0; i < c.arguments.size(); ++i) s += (i ? ", " : "") + c.arguments[i].first + "=" + c.arguments[i].second;
    return s + ")" + (result.empty() ? "" : " = " + result) + " <" + microseconds(now() - c.began) + " us>";
}
std::string json_line(const TracedCall& c, const std::string& result) {
    std::string s = "{\"call\":" + quoted(c.name) + ",\"arguments\":{";
    for (std::size_t i = 0; i < c.arguments.size(); ++i) s += (i ? "," : "") + quoted(c.arguments[i].first) + ":" + quoted(c.arguments[i].second);
    return s + "},\"result\":" + (result.empty() ? "null" : quoted(result)) + ",\"microseconds\":" + microseconds(now() - c.began) + "}";
}

}  // namespace

void trace(const Context& context, std::function<void(std::string_view)> write, bool json) {
    context.data().tracer = std::make_shared<Tracer>(std::move(write), json);
}

TracedCall Tracer::begin(std::string name) { return {std::move(name), {}, now()}; }

void Tracer::end(const TracedCall& call, const std::string& result) const { write_(json_ ? json_line(call, result) : plain_line(call, result)); }

std::function<void(const std::optional<Val>&)> Tracer::begin(component::HostCall& call) {
    TracedCall c = begin(call.name());
    const auto& type = call.type();
    for (std::size_t i = 0; i < type.params.size(); ++i) c.arguments.emplace_back(type.params[i].name, value_text(call.args()[i], type.params[i].type));
    return [this, c = std::move(c), type = type.result](const std::optional<Val>& result) { end(c, result && type ? value_text(*result, *type) : ""); };
}

}  // namespace heddle::wasi
