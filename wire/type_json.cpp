#include "type_json.hpp"

#include <nlohmann/json.hpp>

namespace heddle::wire {

using component::FunctionType;
using component::ValueType;

namespace {

using K = ValueType::Kind;
constexpr u32 deepest = 64;

struct Word {
    const char* name;
    K kind;
};
constexpr Word primitives[] = {{"bool", K::bool_}, {"s8", K::s8},   {"u8", K::u8},   {"s16", K::s16},    {"u16", K::u16},       {"s32", K::s32},       {"u32", K::u32},
                               {"s64", K::s64},    {"u64", K::u64}, {"f32", K::f32}, {"f64", K::f64},    {"char", K::char_},    {"string", K::string}, {"error-context", K::error_context}};
constexpr Word compounds[] = {{"record", K::record}, {"variant", K::variant}, {"list", K::list}, {"tuple", K::tuple},   {"flags", K::flags},   {"enum", K::enum_}, {"option", K::option},
                              {"result", K::result}, {"own", K::own},         {"borrow", K::borrow}, {"stream", K::stream}, {"future", K::future}, {"map", K::map}};

const char* name_of(K kind) {
    for (const Word& w : primitives)
        if (w.kind == kind) return w.name;
    for (const Word& w : compounds)
        if (w.kind == kind) return w.name;
    return "";
}

Json maybe(const std::optional<ValueType>& t) { return t ? type_json(*t) : Json(); }
Json maybe(const ValueType* t) { return t ? type_json(*t) : Json(); }

// Names, types, or pairs of both.
Json members(const ValueType& t) {
    Json all = Json::array();
    for (const ValueType::Member& m : t.members()) {
        switch (t.kind()) {
        case K::flags:
        case K::enum_: all.push_back(m.name); break;
        case K::tuple:
        case K::map:
        case K::result: all.push_back(maybe(m.type)); break;
        default: all.push_back(Json::array({m.name, maybe(m.type)}));
        }
    }
    return all;
}

struct Wrong {
    std::string why;
};
[[noreturn]] void wrong(const std::string& why) { throw Wrong{why}; }

class Reader {
public:
    ValueType type(const Json& json) {
        if (json.is_string()) return primitive(json.get<std::string>());
        if (!json.is_object() || json.empty()) wrong("no type: " + excerpt(json));
        if (++depth_ > deepest) wrong("a type is deeper than " + std::to_string(deepest));
        for (const Word& w : compounds) {
            if (!json.contains(w.name)) continue;
            ValueType t = compound(w.kind, json[w.name], json);
            --depth_;
            return t;
        }
        wrong("no type: " + excerpt(json));
    }
    FunctionType function(const Json& json) {
        if (!json.is_object() || !json.contains("params")) wrong("no type of a function: " + excerpt(json));
        FunctionType f;
        f.async = json.contains("async") && json["async"] == true;
        for (const Json& p : list(json["params"], 0, 1'000, "parameters")) f.params.push_back({name(pair(p)[0]), type(p[1])});
        if (json.contains("result")) f.result = type(json["result"]);
        return f;
    }

private:
    static ValueType primitive(const std::string& name) {
        for (const Word& w : primitives)
            if (name == w.name) return ValueType::primitive(w.kind);
        wrong("no type is called `" + name.substr(0, 60) + "`");
    }
    static const Json& list(const Json& json, std::size_t least, std::size_t most, const std::string& what) {
        if (!json.is_array()) wrong("expected a list of " + what + ", there is " + excerpt(json));
        if (json.size() < least || json.size() > most)
            wrong("there may be " + std::to_string(least) + " to " + std::to_string(most) + " " + what + ", there are " + std::to_string(json.size()));
        return json;
    }
    static std::string name(const Json& json) {
        if (!json.is_string()) wrong("expected a name, there is " + excerpt(json));
        return json.get<std::string>();
    }
    static const Json& pair(const Json& json) { return list(json, 2, 2, "parts of a name and a type"); }
    std::optional<ValueType> maybe(const Json& json) { return json.is_null() ? std::nullopt : std::optional(type(json)); }

    static constexpr std::size_t most = 10'000;
    std::vector<ValueType::Member> members(const Json& json, const char* what, bool may_lack) {
        std::vector<ValueType::Member> all;
        for (const Json& m : list(json, 1, most, what)) all.push_back({name(pair(m)[0]), may_lack ? maybe(m[1]) : type(m[1])});
        return all;
    }
    static std::vector<std::string> labels(const Json& json, std::size_t most_labels) {
        std::vector<std::string> all;
        for (const Json& l : list(json, 1, most_labels, "labels")) all.push_back(name(l));
        return all;
    }
    static u32 resource(const Json& json) {
        if (!json.is_number_unsigned() || json.get<u64>() > 0xffffffff) wrong("expected a resource's number, there is " + excerpt(json));
        return json.get<u32>();
    }
    ValueType list_type(const Json& element, const Json& whole) {
        if (!whole.contains("length")) return ValueType::list(type(element));
        const Json& length = whole["length"];
        if (!length.is_number_unsigned() || length.get<u64>() == 0 || length.get<u64>() > 0xffffffff) wrong("expected a length, there is " + excerpt(length));
        return ValueType::list(type(element), length.get<u32>());
    }
    ValueType compound(K kind, const Json& json, const Json& whole) {
        switch (kind) {
        case K::record: return ValueType::record(members(json, "fields", false));
        case K::variant: return ValueType::variant(members(json, "cases", true));
        case K::list: return list_type(json, whole);
        case K::tuple: {
            std::vector<ValueType> all;
            for (const Json& t : list(json, 1, most, "types")) all.push_back(type(t));
            return ValueType::tuple(std::move(all));
        }
        case K::flags: return ValueType::flags(labels(json, 32));
        case K::enum_: return ValueType::enumeration(labels(json, most));
        case K::option: return ValueType::option(type(json));
        case K::result: {
            auto ok = maybe(list(json, 2, 2, "types of a result")[0]);
            return ValueType::result(std::move(ok), maybe(json[1]));
        }
        case K::map: {
            ValueType key = type(list(json, 2, 2, "types of a map")[0]);
            return ValueType::map(std::move(key), type(json[1]));
        }
        case K::stream: return ValueType::stream(maybe(json));
        case K::future: return ValueType::future(maybe(json));
        case K::own: return ValueType::own(resource(json));
        default: return ValueType::borrow(resource(json));
        }
    }

    u32 depth_ = 0;
};

}  // namespace

Json type_json(const ValueType& t) {
    const char* name = name_of(t.kind());
    switch (t.kind()) {
    case K::list: {
        Json list{{name, type_json(*t.element())}};
        if (t.length()) list["length"] = *t.length();
        return list;
    }
    case K::stream:
    case K::future: return {{name, maybe(t.element())}};
    case K::option: return {{name, type_json(*t.members()[1].type)}};
    case K::own:
    case K::borrow: return {{name, t.resource()}};
    default: break;
    }
    if (t.members().empty()) return name;
    return {{name, members(t)}};
}

Json type_json(const FunctionType& t) {
    Json json{{"params", Json::array()}};
    for (const auto& p : t.params) json["params"].push_back(Json::array({p.name, type_json(p.type)}));
    if (t.result) json["result"] = type_json(*t.result);
    if (t.async) json["async"] = true;
    return json;
}

std::expected<ValueType, std::string> value_type_of(const Json& json) {
    try {
        return Reader().type(json);
    } catch (Wrong& w) {
        return std::unexpected(std::move(w.why));
    }
}

std::expected<FunctionType, std::string> function_type_of(const Json& json) {
    try {
        return Reader().function(json);
    } catch (Wrong& w) {
        return std::unexpected(std::move(w.why));
    }
}

}  // namespace heddle::wire
