#include "values.hpp"

#include <bit>
#include <cmath>

#include <fmt/format.h>

#include <heddle/text.hpp>

namespace heddle::cli {

namespace {

std::string_view trim(std::string_view s) {
    constexpr std::string_view space = " \t\r\n";
    std::size_t from = s.find_first_not_of(space);
    return from == s.npos ? std::string_view() : s.substr(from, s.find_last_not_of(space) - from + 1);
}

// The text format's own reader of constants does the work: the literal is read as the argument of an action.
std::expected<Value, std::string> parse_constant(std::string_view text, ValType type) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._: ";
    auto wrong = [&] { return std::unexpected(fmt::format("`{}` is no {}", text, to_string(type))); };
    if (text.empty() || text.find_first_not_of(letters) != text.npos) return wrong();
    auto script = text::parse_script(fmt::format("(invoke \"f\" ({}.const {}))", to_string(type), text));
    if (!script || script->commands.size() != 1 || !script->commands[0].action || script->commands[0].action->arguments.size() != 1) return wrong();
    const text::Argument& argument = script->commands[0].action->arguments[0];
    if (argument.kind != text::Argument::Kind::value || argument.type != type) return wrong();
    return Value{type, argument.bits};
}

std::expected<Value, std::string> parse_reference(std::string_view text, ValType type, Store& store) {
    if (text == "ref.null" || text == "null") {
        if (!type.nullable()) return std::unexpected(fmt::format("{} cannot be null", to_string(type)));
        return Value::ref(type, Ref{});
    }
    constexpr std::string_view host = "ref.extern ";
    bool holds_host_values = !type.is_defined() && (type.heap() == Heap::extern_ || type.heap() == Heap::any);
    if (holds_host_values && text.starts_with(host)) {
        auto number = parse_constant(trim(text.substr(host.size())), i64_type);
        if (number) return Value::ref(type, store.host_ref(number->bits.lo));
    }
    return std::unexpected(
        fmt::format("`{}` is no {}: only ref.null{} can be written", text, to_string(type), holds_host_values ? " and ref.extern N" : ""));
}

// NaNs with their sign and payload, the rest in the fewest digits that read back as the same value.
template <class Float, class Bits>
std::string format_float(Float v, Bits bits, int mantissa) {
    if (!std::isnan(v)) return fmt::format("{}", v);
    Bits payload = bits & ((Bits(1) << mantissa) - 1), canonical = Bits(1) << (mantissa - 1);
    std::string sign = std::signbit(v) ? "-" : "";
    return payload == canonical ? sign + "nan" : fmt::format("{}nan:0x{:x}", sign, payload);
}

std::string join(const std::vector<ValType>& types) {
    std::string s;
    for (ValType t : types) s += (s.empty() ? "" : ", ") + to_string(t);
    return s;
}

}  // namespace

std::expected<CallText, std::string> parse_call(std::string_view text) {
    auto wrong = [&](const char* why) { return std::unexpected(fmt::format("--invoke: {}: write 'name' or 'name(1, 2.5)', not `{}`", why, text)); };
    CallText call;
    std::string_view rest = trim(text);
    if (rest.starts_with('"')) {
        std::size_t close = rest.find('"', 1);
        if (close == rest.npos) return wrong("the quote is not closed");
        call.function = rest.substr(1, close - 1);
        rest = trim(rest.substr(close + 1));
    } else {
        std::size_t open = std::min(rest.find('('), rest.size());
        call.function = trim(rest.substr(0, open));
        rest = rest.substr(open);
        if (call.function.empty()) return wrong("no function is named");
    }
    if (rest.empty()) return call;
    if (!rest.starts_with('(') || !rest.ends_with(')')) return wrong("the arguments stand between parentheses");
    rest = trim(rest.substr(1, rest.size() - 2));
    while (!rest.empty()) {
        std::size_t comma = std::min(rest.find(','), rest.size());
        call.arguments.emplace_back(trim(rest.substr(0, comma)));
        if (call.arguments.back().empty() || comma + 1 == rest.size()) return wrong("an argument is missing");
        rest = rest.substr(std::min(comma + 1, rest.size()));
    }
    return call;
}

std::expected<Value, std::string> parse_value(std::string_view text, ValType type, Store& store) {
    return type.is_ref() ? parse_reference(trim(text), type, store) : parse_constant(trim(text), type);
}

std::string format_number(ValType type, V128 bits) {
    Value v{type, bits};
    switch (type.kind()) {
        case ValType::i32_: return fmt::format("{}", v.i32());
        case ValType::i64_: return fmt::format("{}", v.i64());
        case ValType::f32_: return format_float(v.f32(), u32(bits.lo), 23);
        case ValType::f64_: return format_float(v.f64(), bits.lo, 52);
        case ValType::v128_:
            return fmt::format("i32x4 0x{:08x} 0x{:08x} 0x{:08x} 0x{:08x}", u32(bits.lo), u32(bits.lo >> 32), u32(bits.hi), u32(bits.hi >> 32));
        default: return "?";
    }
}

std::string format_value(const Value& v, const Store& store) {
    if (!v.type.is_ref()) return format_number(v.type, v.bits);
    if (v.ref().is_null()) return "ref.null";
    if (auto number = store.host_value(v.ref())) return fmt::format("ref.extern {}", *number);
    return fmt::format("({})", to_string(v.type));
}

std::string format_signature(const FuncType& type) { return fmt::format("({}) -> ({})", join(type.params), join(type.results)); }

}  // namespace heddle::cli
