// JSON ⇄ component values, by a shape: what is JSON on one side is typed on the other.
#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "shapes.hpp"
#include "values.hpp"

namespace heddle::wire {

namespace {

using component::Val;
using K = Shape::Kind;
using Made = std::expected<Val, std::string>;
using Written = std::expected<Json, std::string>;

std::unexpected<std::string> wanted(const char* what, const Json& found) { return std::unexpected(std::string("expected ") + what + ", there is " + excerpt(found)); }

// Names the place of a fault that lies deeper.
template <class T>
T at(const std::string& step, T made) {
    if (!made) return std::unexpected(made.error().starts_with("expected ") ? step + ": " + made.error() : step + "." + made.error());
    return made;
}

Made scalar(const Shape& s, const Json& j) {
    switch (s.kind) {
        case K::boolean: return j.is_boolean() ? Made(Val::boolean(j.get<bool>())) : wanted("true or false", j);
        case K::number: return j.is_number() ? Made(Val::f64(j.get<double>())) : wanted("a number", j);
        case K::string: return j.is_string() ? Made(Val::string(j.get<std::string>())) : wanted("a string", j);
        case K::integer: {
            if (j.is_number_unsigned() && j.get<u64>() > u64(INT64_MAX)) return wanted("an integer of 64 bits with a sign", j);
            if (j.is_number_integer()) return Val::s64(j.get<i64>());
            bool whole = j.is_number() && std::abs(j.get<double>()) <= 9007199254740992.0 && j.get<double>() == std::floor(j.get<double>());
            return whole ? Made(Val::s64(i64(j.get<double>()))) : wanted("an integer", j);
        }
        case K::bytes: {
            auto bytes = j.is_string() ? from_base64(j.get_ref<const std::string&>()) : std::nullopt;
            return bytes ? Made(Val::bytes(*bytes)) : wanted("base64 text", j);
        }
        default: return Val::string(to_text(j));
    }
}

Made record_value(const Shapes& all, const Shape& s, const Json& j) {
    if (!j.is_object()) return wanted("an object", j);
    std::vector<Val> fields;
    for (const Shape::Part& p : s.parts) {
        auto value = j.find(p.json);
        if (value == j.end() && p.required) return wanted(("the key `" + p.json + "`").c_str(), j);
        Made v = value == j.end() ? Made(Val::none()) : at(p.json, all.to_value(p.shape, *value));
        if (!v) return v;
        fields.push_back(std::move(*v));
    }
    return Val::record(std::move(fields));
}

Made sequence(const Shapes& all, const Shape& s, const Json& j) {
    bool fixed = s.kind == K::tuple;
    if (!j.is_array() || (fixed && j.size() != s.parts.size())) return wanted("an array of the right length", j);
    std::vector<Val> items;
    for (std::size_t i = 0; i < j.size(); ++i) {
        Made v = at(std::to_string(i), all.to_value(s.parts[fixed ? i : 0].shape, j[i]));
        if (!v) return v;
        items.push_back(std::move(*v));
    }
    return fixed ? Val::record(std::move(items)) : Val::list(std::move(items));
}

Made map_value(const Shapes& all, const Shape& s, const Json& j) {
    if (!j.is_object()) return wanted("an object", j);
    std::vector<Val> pairs;
    for (const auto& [key, value] : j.items()) {
        Made v = at(key, all.to_value(s.parts[0].shape, value));
        if (!v) return v;
        pairs.push_back(Val::record({Val::string(key), std::move(*v)}));
    }
    return Val::list(std::move(pairs));
}

Written record_json(const Shapes& all, const Shape& s, const Val& v) {
    Json object = Json::object();
    for (std::size_t i = 0; i < s.parts.size(); ++i) {
        Val field = v.at(i);
        if (!s.parts[i].required && field.case_index() == 0) continue;
        Written w = all.to_json(s.parts[i].shape, field);
        if (!w) return w;
        object[s.parts[i].json] = std::move(*w);
    }
    return object;
}

Written array_json(const Shapes& all, const Shape& s, const Val& v) {
    Json array = Json::array();
    for (std::size_t i = 0; i < v.size(); ++i) {
        Written w = all.to_json(s.parts[s.kind == K::tuple ? i : 0].shape, v.at(i));
        if (!w) return w;
        array.push_back(std::move(*w));
    }
    return array;
}

Written map_json(const Shapes& all, const Shape& s, const Val& v) {
    Json object = Json::object();
    for (const Val& pair : v.items()) {
        Written w = all.to_json(s.parts[0].shape, pair.at(1));
        if (!w) return w;
        if (!object.emplace(pair.at(0).as_string(), std::move(*w)).second) return std::unexpected("the key " + json_string(pair.at(0).as_string()) + " comes twice");
    }
    return object;
}

Written bytes_json(const Val& v) {
    if (v.is_packed()) return Json(base64(v.packed_bytes()));
    return Json("");
}

Written text_json(const std::string& text) {
    if (auto fault = scan_json(text)) return std::unexpected("JSON text was expected: " + fault->message);
    return parse_scanned(text);
}

}  // namespace

Made Shapes::to_value(u32 shape, const Json& j) const {
    const Shape& s = shapes_[shape];
    switch (s.kind) {
        case K::option: {
            if (j.is_null()) return Val::none();
            Made v = to_value(s.parts[0].shape, j);
            return v ? Made(Val::some(std::move(*v))) : v;
        }
        case K::list:
        case K::tuple: return sequence(*this, s, j);
        case K::map: return map_value(*this, s, j);
        case K::record: return record_value(*this, s, j);
        case K::enumeration:
            for (u32 i = 0; i < s.parts.size(); ++i)
                if (j == s.parts[i].json) return Val::variant(i);
            return wanted("one of the listed strings", j);
        case K::variant:
            for (u32 i = 0; i < s.parts.size(); ++i) {
                if (types_.validate(s.parts[i].type, j)) continue;
                Made v = to_value(s.parts[i].shape, j);
                return v ? Made(Val::variant(i, std::move(*v))) : v;
            }
            return wanted("one of the alternatives", j);
        default: return scalar(s, j);
    }
}

Written Shapes::to_json(u32 shape, const Val& v) const {
    const Shape& s = shapes_[shape];
    switch (s.kind) {
        case K::boolean: return Json(v.as<bool>());
        case K::integer: return Json(v.as<i64>());
        case K::number: return std::isfinite(v.as<double>()) ? Written(Json(v.as<double>())) : std::unexpected("a number is not finite, and JSON has no such number");
        case K::string: return Json(v.as_string());
        case K::bytes: return bytes_json(v);
        case K::option: return v.payload() ? to_json(s.parts[0].shape, *v.payload()) : Written(Json());
        case K::list:
        case K::tuple: return array_json(*this, s, v);
        case K::map: return map_json(*this, s, v);
        case K::record: return record_json(*this, s, v);
        case K::enumeration: return Json(s.parts[v.case_index()].json);
        case K::variant: return to_json(s.parts[v.case_index()].shape, *v.payload());
        default: return text_json(v.as_string());
    }
}

}  // namespace heddle::wire
