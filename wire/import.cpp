// A component by others as an app: its functions become materializers of kind `reflected`, and their types JSON Schemas.
#include <algorithm>
#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "guest.hpp"
#include "shapes.hpp"
#include "values.hpp"

namespace heddle::wire {

namespace {

using component::ExternInfo;
using component::FunctionType;
using component::ValueType;
using K = ValueType::Kind;

Json integer(double lowest, double highest) { return {{"type", "integer"}, {"minimum", i64(lowest)}, {"maximum", i64(highest)}}; }

Json schema(const ValueType& t);

Json object(std::span<const ValueType::Member> members) {
    Json properties = Json::object(), required = Json::array();
    for (const auto& m : members) {
        properties[m.name] = schema(*m.type);
        if (m.type->kind() != K::option) required.push_back(m.name);
    }
    return {{"type", "object"}, {"required", required}, {"properties", properties}, {"additionalProperties", false}};
}

// "case", or {"case": payload}.
Json cases(std::span<const ValueType::Member> members) {
    Json all = Json::array();
    for (const auto& m : members) {
        if (m.type) all.push_back({{"type", "object"}, {"required", Json::array({m.name})}, {"properties", {{m.name, schema(*m.type)}}}, {"additionalProperties", false}});
        else all.push_back({{"const", m.name}});
    }
    return {{"anyOf", all}};
}

Json labels(std::span<const ValueType::Member> members) {
    Json all = Json::array();
    for (const auto& m : members) all.push_back(m.name);
    return {{"enum", all}};
}

Json list(const ValueType& t) {
    if (t.element()->kind() == K::u8) return {{"type", "string"}, {"format", "byte"}};
    Json s{{"type", "array"}, {"items", schema(*t.element())}};
    if (t.length()) s["minItems"] = s["maxItems"] = *t.length();
    return s;
}

Json tuple(const ValueType& t) {
    Json parts = Json::array();
    for (const auto& m : t.members()) parts.push_back(schema(*m.type));
    return {{"type", "array"}, {"prefixItems", parts}, {"items", false}, {"minItems", parts.size()}};
}

Json option(const ValueType& some) {
    if (some.kind() == K::option) return {{"anyOf", {object({{{"some", some}}}), {{"type", "null"}}}}};
    return {{"anyOf", {schema(some), {{"type", "null"}}}}};
}

Json map(const ValueType& t) {
    const ValueType &key = *t.members()[0].type, &value = *t.members()[1].type;
    if (key.kind() == K::string) return {{"type", "object"}, {"additionalProperties", schema(value)}};
    return {{"type", "array"}, {"items", tuple(ValueType::tuple({key, value}))}};
}

Json schema(const ValueType& t) {
    switch (t.kind()) {
        case K::bool_: return {{"type", "boolean"}};
        case K::s8: return integer(-128, 127);
        case K::u8: return integer(0, 255);
        case K::s16: return integer(-32768, 32767);
        case K::u16: return integer(0, 65535);
        case K::s32: return integer(-2147483648.0, 2147483647);
        case K::u32: return integer(0, 4294967295.0);
        case K::s64: return {{"type", "integer"}};
        case K::u64: return {{"type", "integer"}, {"minimum", 0}};
        case K::f32:
        case K::f64: return {{"type", "number"}};
        case K::char_: return {{"type", "string"}, {"minLength", 1}, {"maxLength", 1}};
        case K::list: return list(t);
        case K::tuple: return tuple(t);
        case K::record: return object(t.members());
        case K::variant:
        case K::result: return cases(t.members());
        case K::enum_: return labels(t.members());
        case K::flags: return {{"type", "array"}, {"items", labels(t.members())}, {"uniqueItems", true}};
        case K::option: return option(*t.members()[1].type);
        case K::map: return map(t);
        default: return {{"type", "string"}};
    }
}

Json input_of(const FunctionType& f) {
    if (f.params.empty()) return {{"type", {"null", "object"}}};
    std::vector<ValueType::Member> members;
    for (const auto& p : f.params) members.push_back({p.name, p.type});
    return object(members);
}

Json output_of(const FunctionType& f) {
    std::optional<ValueType> result = f.result;
    if (result && result->kind() == K::result) {
        auto ok = result->members()[0].type;
        result = ok;
    }
    return result ? schema(*result) : Json{{"type", "null"}};
}

std::string toml(const Json& v) {
    if (v.is_array()) {
        std::string text;
        for (const Json& each : v) text += (text.empty() ? "" : ", ") + toml(each);
        return "[" + text + "]";
    }
    if (!v.is_object()) return to_text(v);
    std::string text;
    for (const auto& [key, value] : v.items()) {
        bool bare = !key.empty() && key.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == key.npos;
        text += (text.empty() ? " " : ", ") + (bare ? key : json_string(key)) + " = " + toml(value);
    }
    return text.empty() ? "{}" : "{" + text + " }";
}

struct Imported {
    std::string text;
    std::set<std::string> names;
    u32 made = 0;
};

void add(const std::string& path, const std::string& name, const FunctionType& f, Imported& to) {
    if (without_json(f)) return void(to.text += "\n# " + path + " takes or gives handles, for which JSON has no form: " + to_string(f) + "\n");
    std::string op = kebab(name, to.names);
    std::ranges::replace(op, '-', '_');  // GraphQL's fields have no dashes
    to.text += "\n[materializers." + op + "]\ntitle = " + json_string(to_string(f)) + "\nexport = " + json_string(path) + "\ninput = " + toml(input_of(f)) + "\noutput = " + toml(output_of(f)) + "\n";
    ++to.made;
}

void add_all(const std::vector<ExternInfo>& exports, const std::string& prefix, Imported& to) {
    for (const ExternInfo& e : exports) {
        if (e.kind == ExternInfo::Kind::instance && prefix.empty()) add_all(e.exports, e.name + ".", to);
        if (e.kind == ExternInfo::Kind::func && e.name.starts_with('[')) to.text += "\n# " + prefix + e.name + " belongs to a resource, for which JSON has no form\n";
        else if (e.kind == ExternInfo::Kind::func) add(prefix + e.name, e.name, e.func, to);
    }
}

}  // namespace

Result<std::string> import_manifest(const std::string& artifact, const std::string& from) {
    try {
        GuestConfig config;
        config.artifact = artifact;
        config.kind = Kind::reflected;
        auto loaded = load_artifact(config);
        Imported all;
        add_all(loaded->component->exports(), "", all);
        if (all.made == 0) throw Error{Error::Kind::usage, artifact + ": exports no function that JSON can call"};
        return "# Made from the exports of " + loaded->label + ". Effects, limits and grants are yours to say: all are `read` and nothing is granted.\nname = " +
               json_string(std::filesystem::path(artifact).stem().string()) + "\n\n[defaults]\nartifact = " + json_string(from) + "\nkind = \"reflected\"\n" + all.text;
    } catch (const Error& e) {
        return std::unexpected(e);
    }
}

}  // namespace heddle::wire
