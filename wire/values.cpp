// The mapping, one row per kind of component type:
//
//   bool, integers, floats, string     themselves, integers checked for their range        char        a string of one character
//   list<u8>                           base64                                              list, tuple arrays
//   record                             an object; options that are none may be missing     enum        a string
//   option                             null or the value; an option in it: {"some": …}     flags       an array of strings
//   variant                            "case", or {"case": payload}                        result      {"ok": …} or {"err": …}
//   map<string, T>                     an object                                           map         an array of pairs
#include "values.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <nlohmann/json.hpp>

#include "near.hpp"

namespace heddle::wire {

using component::Val;
using component::ValueType;

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
using Made = std::expected<Val, std::string>;

std::unexpected<std::string> expected_a(const std::string& path, const std::string& what, const Json& found) {
    return std::unexpected(path + ": expected " + what + ", there is " + excerpt(found));
}

template <class T>
Made integer(const Json& j, const std::string& path, const char* name, Val (*make)(T)) {
    bool fits = false;
    T value = 0;
    if (j.is_number_unsigned()) fits = j.get<u64>() <= u64(std::numeric_limits<T>::max()), value = T(j.get<u64>());
    else if (j.is_number_integer()) {
        i64 n = j.get<i64>();
        fits = n >= 0 ? u64(n) <= u64(std::numeric_limits<T>::max()) : std::is_signed_v<T> && n >= i64(std::numeric_limits<T>::min());
        value = T(n);
    }
    if (!fits) return expected_a(path, std::string("a number of type ") + name, j);
    return make(value);
}

Made character(const Json& j, const std::string& path) {
    if (!j.is_string()) return expected_a(path, "a string of one character", j);
    const std::string& s = j.get_ref<const std::string&>();
    auto byte = [&](std::size_t i) { return u32(static_cast<unsigned char>(s[i])); };
    std::size_t n = s.size();
    if (n == 1 && byte(0) < 0x80) return Val::character(byte(0));
    if (n == 2 && byte(0) >> 5 == 6) return Val::character((byte(0) & 31) << 6 | (byte(1) & 63));
    if (n == 3 && byte(0) >> 4 == 14) return Val::character((byte(0) & 15) << 12 | (byte(1) & 63) << 6 | (byte(2) & 63));
    if (n == 4 && byte(0) >> 3 == 30) return Val::character((byte(0) & 7) << 18 | (byte(1) & 63) << 12 | (byte(2) & 63) << 6 | (byte(3) & 63));
    return expected_a(path, "a string of one character", j);
}

Made elements(const Json& j, const std::string& path, const ValueType& element) {
    std::vector<Val> items;
    for (std::size_t i = 0; i < j.size(); ++i) {
        auto v = to_value(j[i], element, path + "[" + std::to_string(i) + "]");
        if (!v) return v;
        items.push_back(std::move(*v));
    }
    return Val::list(std::move(items));
}

Made list(const Json& j, const std::string& path, const ValueType& type) {
    if (type.element()->kind() == ValueType::Kind::u8 && j.is_string()) {
        auto bytes = from_base64(j.get_ref<const std::string&>());
        if (!bytes) return expected_a(path, "base64 text", j);
        if (type.length() && bytes->size() != *type.length()) return expected_a(path, std::to_string(*type.length()) + " bytes as base64", j);
        return Val::bytes(*bytes);
    }
    if (!j.is_array()) return expected_a(path, "an array", j);
    if (type.length() && j.size() != *type.length()) return std::unexpected(path + ": expected " + std::to_string(*type.length()) + " elements, there are " + std::to_string(j.size()));
    return elements(j, path, *type.element());
}

Made tuple(const Json& j, const std::string& path, const ValueType& type) {
    if (!j.is_array() || j.size() != type.members().size()) return expected_a(path, "an array of " + std::to_string(type.members().size()), j);
    std::vector<Val> fields;
    for (std::size_t i = 0; i < j.size(); ++i) {
        auto v = to_value(j[i], *type.members()[i].type, path + "[" + std::to_string(i) + "]");
        if (!v) return v;
        fields.push_back(std::move(*v));
    }
    return Val::record(std::move(fields));
}

const Json* field_of(const Json& object, std::string_view name) {
    for (JsonStyle::Keys keys : {JsonStyle::Keys::kebab, JsonStyle::Keys::snake, JsonStyle::Keys::camel})
        if (auto i = object.find(key_name(name, keys)); i != object.end()) return &*i;
    for (const auto& [key, value] : object.items())
        if (plain_name(key) == plain_name(name)) return &value;
    return nullptr;
}

Made record(const Json& j, const std::string& path, const ValueType& type) {
    if (!j.is_object()) return expected_a(path, "an object", j);
    std::vector<Val> fields;
    std::vector<std::string> names;
    for (const ValueType::Member& m : type.members()) {
        names.push_back(m.name);
        const Json* value = field_of(j, m.name);
        if (!value && m.type->kind() != ValueType::Kind::option) return std::unexpected(path + ": the key `" + m.name + "` is missing");
        auto v = value ? to_value(*value, *m.type, path + "." + m.name) : Made(Val::none());
        if (!v) return v;
        fields.push_back(std::move(*v));
    }
    for (const auto& [key, ignored] : j.items())
        if (std::ranges::none_of(names, [&](const std::string& n) { return plain_name(n) == plain_name(key); }))
            return std::unexpected(path + ": unknown key `" + key.substr(0, 100) + "`" + suggestion(key, names));
    return Val::record(std::move(fields));
}

std::optional<u32> index_of(const ValueType& type, std::string_view name) {
    auto members = type.members();
    for (u32 i = 0; i < members.size(); ++i)
        if (members[i].name == name) return i;
    for (u32 i = 0; i < members.size(); ++i)
        if (plain_name(members[i].name) == plain_name(name)) return i;
    return std::nullopt;
}

std::string case_names(const ValueType& type) {
    std::string text;
    for (const auto& m : type.members()) text += (text.empty() ? "\"" : ", \"") + m.name + "\"";
    return text;
}

Made variant(const Json& j, const std::string& path, const ValueType& type) {
    bool wrapped = j.is_object() && j.size() == 1;
    if (!wrapped && !j.is_string()) return expected_a(path, "a case, as \"name\" or {\"name\": …}, of " + case_names(type), j);
    std::string name = wrapped ? j.begin().key() : j.get<std::string>();
    auto index = index_of(type, name);
    if (!index) return expected_a(path, "one of " + case_names(type), j);
    const auto& payload = type.members()[*index].type;
    if (!payload) return wrapped && !j.begin()->is_null() ? expected_a(path, "\"" + name + "\" without a value", j) : Made(Val::variant(*index));
    if (!wrapped) return expected_a(path, "{\"" + name + "\": …}", j);
    auto v = to_value(*j.begin(), *payload, path + "." + name);
    if (!v) return v;
    return Val::variant(*index, std::move(*v));
}

Made option(const Json& j, const std::string& path, const ValueType& type) {
    if (j.is_null()) return Val::none();
    const ValueType& some = *type.members()[1].type;
    bool nested = some.kind() == ValueType::Kind::option;
    if (nested && !(j.is_object() && j.size() == 1 && j.contains("some"))) return expected_a(path, "null or {\"some\": …}", j);
    auto v = to_value(nested ? j["some"] : j, some, path);
    if (!v) return v;
    return Val::some(std::move(*v));
}

Made flags(const Json& j, const std::string& path, const ValueType& type) {
    if (!j.is_array()) return expected_a(path, "an array of " + case_names(type), j);
    u32 bits = 0;
    for (const Json& each : j) {
        auto index = each.is_string() ? index_of(type, each.get<std::string>()) : std::nullopt;
        if (!index) return expected_a(path, "one of " + case_names(type), each);
        bits |= u32(1) << *index;
    }
    return Val::flags(bits);
}

Made map(const Json& j, const std::string& path, const ValueType& type) {
    const ValueType &key = *type.members()[0].type, &value = *type.members()[1].type;
    if (!j.is_object() || key.kind() != ValueType::Kind::string) {
        if (!j.is_array()) return expected_a(path, "an array of pairs", j);
        return elements(j, path, ValueType::tuple({key, value}));
    }
    std::vector<Val> pairs;
    for (const auto& [name, each] : j.items()) {
        auto v = to_value(each, value, path + "." + name);
        if (!v) return v;
        pairs.push_back(Val::record({Val::string(name), std::move(*v)}));
    }
    return Val::list(std::move(pairs));
}

// ---- and back, as text: fields in the order of their type

class Writer {
public:
    explicit Writer(const JsonStyle& style) : style_(style) {}
    std::string text;
    // What is wrong, or empty.
    std::string write(const Val& v, const ValueType& type);

private:
    std::string number(double d);
    std::string bytes(const Val& v);
    std::string list(const Val& v, const ValueType& element);
    std::string fields(const Val& v, const ValueType& type);
    std::string record(const Val& v, const ValueType& type);
    std::string case_of(const Val& v, const ValueType& type);
    std::string option(const Val& v, const ValueType& some);
    std::string flags(const Val& v, const ValueType& type);
    std::string map(const Val& v, const ValueType& type);
    std::string literal(std::string_view json) { return text += json, std::string(); }
    void key(std::string_view name) { (text += text.ends_with('{') ? "" : ",") += json_string(name) + ":"; }
    const JsonStyle& style_;
};

std::string Writer::number(double d) {
    if (!std::isfinite(d)) return "a number is not finite, and JSON has no such number";
    return literal(to_text(Json(d)));
}

std::string utf8(char32_t c) {
    std::string s;
    if (c < 0x80) s += char(c);
    else if (c < 0x800) s += {char(0xc0 | c >> 6), char(0x80 | (c & 63))};
    else if (c < 0x10000) s += {char(0xe0 | c >> 12), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
    else s += {char(0xf0 | c >> 18), char(0x80 | (c >> 12 & 63)), char(0x80 | (c >> 6 & 63)), char(0x80 | (c & 63))};
    return s;
}

std::string Writer::bytes(const Val& v) {
    std::vector<u8> copy;
    for (std::size_t i = 0; !v.is_packed() && i < v.size(); ++i) copy.push_back(v.at(i).as<u8>());
    auto all = v.is_packed() ? v.packed_bytes() : std::span<const u8>(copy);
    if (!style_.byte_numbers) return literal("\"" + base64(all) + "\"");
    text += '[';
    for (std::size_t i = 0; i < all.size(); ++i) (text += i ? "," : "") += std::to_string(all[i]);
    return literal("]");
}

std::string Writer::list(const Val& v, const ValueType& element) {
    if (element.kind() == ValueType::Kind::u8) return bytes(v);
    text += '[';
    for (std::size_t i = 0; i < v.size(); ++i) {
        text += i ? "," : "";
        if (auto wrong = write(v.at(i), element); !wrong.empty()) return wrong;
    }
    return literal("]");
}

std::string Writer::fields(const Val& v, const ValueType& type) {
    text += '[';
    for (std::size_t i = 0; i < v.size(); ++i) {
        text += i ? "," : "";
        if (auto wrong = write(v.at(i), *type.members()[i].type); !wrong.empty()) return wrong;
    }
    return literal("]");
}

std::string Writer::record(const Val& v, const ValueType& type) {
    text += '{';
    for (std::size_t i = 0; i < v.size(); ++i) {
        key(key_name(type.members()[i].name, style_.keys));
        if (auto wrong = write(v.at(i), *type.members()[i].type); !wrong.empty()) return wrong;
    }
    return literal("}");
}

std::string Writer::case_of(const Val& v, const ValueType& type) {
    const ValueType::Member& m = type.members()[v.case_index()];
    if (!v.payload() && type.kind() != ValueType::Kind::result) return literal(json_string(m.name));
    text += "{" + json_string(m.name) + ":";
    if (auto wrong = v.payload() ? write(*v.payload(), *m.type) : literal("null"); !wrong.empty()) return wrong;
    return literal("}");
}

std::string Writer::option(const Val& v, const ValueType& some) {
    if (!v.payload()) return literal("null");
    if (some.kind() != ValueType::Kind::option) return write(*v.payload(), some);
    text += "{\"some\":";
    if (auto wrong = write(*v.payload(), some); !wrong.empty()) return wrong;
    return literal("}");
}

std::string Writer::flags(const Val& v, const ValueType& type) {
    text += '[';
    for (u32 i = 0; i < type.members().size(); ++i)
        if (v.bits() >> i & 1) (text += text.ends_with('[') ? "" : ",") += json_string(type.members()[i].name);
    return literal("]");
}

std::string Writer::map(const Val& v, const ValueType& type) {
    const ValueType &key_type = *type.members()[0].type, &value = *type.members()[1].type;
    if (key_type.kind() != ValueType::Kind::string) return list(v, ValueType::tuple({key_type, value}));
    std::set<std::string> seen;
    text += '{';
    for (const Val& pair : v.items()) {
        std::string name = pair.at(0).as_string();
        if (!seen.insert(name).second) return "two keys of a map are " + json_string(name.substr(0, 100)) + ", and a JSON object has each once";
        key(name);
        if (auto wrong = write(pair.at(1), value); !wrong.empty()) return wrong;
    }
    return literal("}");
}

std::string Writer::write(const Val& v, const ValueType& type) {
    using K = ValueType::Kind;
    switch (type.kind()) {
        case K::bool_: return literal(v.bits() != 0 ? "true" : "false");
        case K::s8:
        case K::s16:
        case K::s32:
        case K::s64: return literal(std::to_string(i64(v.bits())));
        case K::u8:
        case K::u16:
        case K::u32:
        case K::u64: return literal(std::to_string(v.bits()));
        case K::f32: return number(v.as<f32>());
        case K::f64: return number(v.as<f64>());
        case K::char_: return literal(json_string(utf8(v.as<char32_t>())));
        case K::string: return literal(json_string(v.as_string()));
        case K::list: return list(v, *type.element());
        case K::tuple: return fields(v, type);
        case K::record: return record(v, type);
        case K::variant:
        case K::enum_:
        case K::result: return case_of(v, type);
        case K::option: return option(v, *type.members()[1].type);
        case K::flags: return flags(v, type);
        case K::map: return map(v, type);
        default: return "a value of type " + to_string(type) + " cannot become JSON";
    }
}

}  // namespace

std::expected<std::optional<component::Val>, std::string> to_result(const Json& json, const component::FunctionType& type) {
    if (!type.result) return std::nullopt;
    bool may_fail = type.result->kind() == component::ValueType::Kind::result;
    const auto& wanted = may_fail ? type.result->members()[0].type : type.result;
    if (!wanted) return component::Val::ok();
    auto value = to_value(json, *wanted);
    if (!value) return std::unexpected(std::move(value.error()));
    return may_fail ? component::Val::ok(std::move(*value)) : std::move(*value);
}

std::string plain_name(std::string_view name) {
    std::string plain;
    for (char c : name)
        if (c != '-' && c != '_') plain += c >= 'A' && c <= 'Z' ? char(c + 32) : c;
    return plain;
}

std::string key_name(std::string_view name, JsonStyle::Keys keys) {
    if (keys == JsonStyle::Keys::kebab) return std::string(name);
    std::string text;
    for (std::size_t i = 0; i < name.size(); ++i) {
        bool after = i > 0 && name[i - 1] == '-';
        if (name[i] != '-') text += after && keys == JsonStyle::Keys::camel && name[i] >= 'a' && name[i] <= 'z' ? char(name[i] - 32) : name[i];
        else if (keys == JsonStyle::Keys::snake) text += '_';
    }
    return text;
}

std::string base64(std::span<const u8> bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
        u32 group = u32(bytes[i]) << 16 | (n > 1 ? u32(bytes[i + 1]) << 8 : 0) | (n > 2 ? bytes[i + 2] : 0);
        for (u32 k = 0; k < 4; ++k) text += k <= n ? alphabet[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

std::optional<std::vector<u8>> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::vector<u8> bytes;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::size_t pad = i + 4 == text.size() ? (text[i + 3] == '=') + (text[i + 2] == '=' && text[i + 3] == '=') : 0;
        u32 group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            std::size_t digit = k >= 4 - pad ? 0 : alphabet.find(text[i + k]);
            if (digit == alphabet.npos) return std::nullopt;
            group = group << 6 | u32(digit);
        }
        for (std::size_t k = 0; k < 3 - pad; ++k) bytes.push_back(u8(group >> (16 - 8 * k)));
    }
    return bytes;
}

Made to_value(const Json& j, const ValueType& type, const std::string& path) {
    using K = ValueType::Kind;
    switch (type.kind()) {
        case K::bool_: return j.is_boolean() ? Made(Val::boolean(j.get<bool>())) : expected_a(path, "true or false", j);
        case K::s8: return integer<i8>(j, path, "s8", Val::s8);
        case K::u8: return integer<heddle::u8>(j, path, "u8", Val::u8);
        case K::s16: return integer<i16>(j, path, "s16", Val::s16);
        case K::u16: return integer<heddle::u16>(j, path, "u16", Val::u16);
        case K::s32: return integer<i32>(j, path, "s32", Val::s32);
        case K::u32: return integer<heddle::u32>(j, path, "u32", Val::u32);
        case K::s64: return integer<i64>(j, path, "s64", Val::s64);
        case K::u64: return integer<heddle::u64>(j, path, "u64", Val::u64);
        case K::f32: {
            bool fits = j.is_number() && std::abs(j.get<double>()) <= std::numeric_limits<float>::max();
            return fits ? Made(Val::f32(j.get<float>())) : expected_a(path, j.is_number() ? "a number of type f32" : "a number", j);
        }
        case K::f64: return j.is_number() ? Made(Val::f64(j.get<double>())) : expected_a(path, "a number", j);
        case K::char_: return character(j, path);
        case K::string: return j.is_string() ? Made(Val::string(j.get<std::string>())) : expected_a(path, "a string", j);
        case K::list: return list(j, path, type);
        case K::tuple: return tuple(j, path, type);
        case K::record: return record(j, path, type);
        case K::variant:
        case K::enum_:
        case K::result: return variant(j, path, type);
        case K::option: return option(j, path, type);
        case K::flags: return flags(j, path, type);
        case K::map: return map(j, path, type);
        default: return std::unexpected(path + ": a value of type " + to_string(type) + " cannot come from JSON");
    }
}

std::expected<std::string, std::string> to_text(const Val& v, const ValueType& type, const JsonStyle& style) {
    Writer w(style);
    auto wrong = w.write(v, type);
    return wrong.empty() ? std::expected<std::string, std::string>(std::move(w.text)) : std::unexpected(std::move(wrong));
}

std::optional<std::string> without_json(const ValueType& type, const std::string& path) {
    using K = ValueType::Kind;
    for (K k : {K::own, K::borrow, K::stream, K::future, K::error_context})
        if (type.kind() == k) return path + ": a value of type " + to_string(type) + " has no form in JSON";
    if (type.kind() == K::list) return without_json(*type.element(), path + "[]");
    for (std::size_t i = 0; i < type.members().size(); ++i) {
        const ValueType::Member& m = type.members()[i];
        if (auto found = m.type ? without_json(*m.type, path + "." + (m.name.empty() ? std::to_string(i) : m.name)) : std::nullopt) return found;
    }
    return std::nullopt;
}

ValueType parameters(const component::FunctionType& type) {
    std::vector<ValueType::Member> members;
    for (const auto& p : type.params) members.push_back({p.name, p.type});
    return ValueType::record(std::move(members));
}

std::optional<std::string> without_json(const component::FunctionType& type) {
    for (const auto& p : type.params)
        if (auto found = without_json(p.type, "parameter " + p.name)) return found;
    return type.result ? without_json(*type.result, "result") : std::nullopt;
}

}  // namespace heddle::wire
