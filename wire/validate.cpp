// Values held against their types: the first fault, with the path to it.
#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include "near.hpp"
#include "schema.hpp"

namespace heddle::wire {

namespace {

// One step of the way to a value, on the native stack: paths are written only when something is wrong.
struct Path {
    const Path* outer = nullptr;
    std::string_view key = {};
    std::size_t index = 0;

    std::string text() const {
        if (!outer) return "<value>";
        if (key.data()) return outer->text() + "." + std::string(key.substr(0, 100));
        return outer->text() + "[" + std::to_string(index) + "]";
    }
};

using Wrong = std::optional<std::string>;

u32 kind_of(const Json& v) {
    switch (v.type()) {
        case Json::value_t::null: return kinds::null;
        case Json::value_t::boolean: return kinds::boolean;
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned: return kinds::integer;
        case Json::value_t::number_float: {
            double d = v.get<double>();
            return d == std::floor(d) && std::isfinite(d) ? kinds::integer | kinds::number : kinds::number;
        }
        case Json::value_t::string: return kinds::string;
        case Json::value_t::array: return kinds::array;
        default: return kinds::object;
    }
}

std::string words(u32 allowed) {
    static constexpr std::pair<u32, const char*> names[] = {{kinds::object, "an object"}, {kinds::array, "an array"},     {kinds::string, "a string"},
                                                            {kinds::number, "a number"},  {kinds::integer, "an integer"}, {kinds::boolean, "a boolean"},
                                                            {kinds::null, "null"}};
    std::string text;
    if (allowed & kinds::number) allowed &= ~kinds::integer;
    for (auto [bit, name] : names)
        if (allowed & bit) text += (text.empty() ? "" : " or ") + std::string(name);
    return text;
}

long double number_of(const Json& v) {
    if (v.is_number_unsigned()) return (long double)(v.get<u64>());
    return v.is_number_integer() ? (long double)(v.get<i64>()) : (long double)(v.get<double>());
}

std::string number_text(long double v) {
    if (v == std::floor(v) && std::abs(v) < 1e19L) return v < 0 ? std::to_string(i64(v)) : std::to_string(u64(v));
    return to_text(Json(double(v)));
}

std::size_t characters(std::string_view text) {
    return std::size_t(std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

class Validation {
public:
    explicit Validation(const Types& types) : types_(types) {}
    Wrong check(u32 type, const Json& v, const Path& path);

private:
    Wrong number(const TypeNode& t, const Json& v, const Path& path) const;
    Wrong string(const TypeNode& t, const Json& v, const Path& path) const;
    Wrong array(const TypeNode& t, const Json& v, const Path& path);
    Wrong object(const TypeNode& t, const Json& v, const Path& path);
    Wrong choices(const TypeNode& t, const Json& v, const Path& path);
    Wrong all(const TypeNode& t, const Json& v, const Path& path);

    const Types& types_;
    u32 depth_ = 0, steps_ = 0;
};

Wrong wrong(const Path& path, const std::string& message) { return path.text() + ": " + message; }

Wrong Validation::number(const TypeNode& t, const Json& v, const Path& path) const {
    long double n = number_of(v);
    auto is = [&] { return ", there is " + excerpt(v); };
    if (t.minimum && n < *t.minimum) return wrong(path, "must be at least " + number_text(*t.minimum) + is());
    if (t.maximum && n > *t.maximum) return wrong(path, "must be at most " + number_text(*t.maximum) + is());
    if (t.above && n <= *t.above) return wrong(path, "must be more than " + number_text(*t.above) + is());
    if (t.below && n >= *t.below) return wrong(path, "must be less than " + number_text(*t.below) + is());
    if (t.multiple_of && std::fmod(n, *t.multiple_of) != 0) return wrong(path, "must be a multiple of " + number_text(*t.multiple_of) + is());
    return {};
}

Wrong Validation::string(const TypeNode& t, const Json& v, const Path& path) const {
    const std::string& text = v.get_ref<const std::string&>();
    if (t.min_length || t.max_length) {
        std::size_t n = characters(text);
        if (t.min_length && n < *t.min_length) return wrong(path, "must have at least " + std::to_string(*t.min_length) + " characters, it has " + std::to_string(n));
        if (t.max_length && n > *t.max_length) return wrong(path, "may have at most " + std::to_string(*t.max_length) + " characters, it has " + std::to_string(n));
    }
    if (t.pattern && !re2::RE2::PartialMatch(text, *t.pattern)) return wrong(path, "must match the pattern " + t.pattern_text + ", there is " + excerpt(v));
    if (t.format != Format::none && !has_format(t.format, text)) return wrong(path, std::string("must be in the format ") + to_string(t.format) + ", there is " + excerpt(v));
    return {};
}

Wrong Validation::array(const TypeNode& t, const Json& v, const Path& path) {
    std::size_t n = v.size(), first = t.prefix_items.size();
    if (t.min_items && n < *t.min_items) return wrong(path, "must have at least " + std::to_string(*t.min_items) + " elements, it has " + std::to_string(n));
    if (t.max_items && n > *t.max_items) return wrong(path, "may have at most " + std::to_string(*t.max_items) + " elements, it has " + std::to_string(n));
    if (!t.more_items && n > first) return wrong(path, "may have at most " + std::to_string(first) + " elements, it has " + std::to_string(n));
    for (std::size_t i = 0; i < n; ++i) {
        if (i >= first && !t.items) break;
        if (auto w = check(i < first ? t.prefix_items[i] : *t.items, v[i], Path{&path, {}, i})) return w;
    }
    if (t.unique_items) {
        std::vector<std::string> texts;
        for (const Json& e : v) texts.push_back(canonical_text(e));
        std::ranges::sort(texts);
        if (auto twice = std::ranges::adjacent_find(texts); twice != texts.end()) return wrong(path, "may hold each value once, there is " + twice->substr(0, 60) + " twice");
    }
    return {};
}

Wrong Validation::object(const TypeNode& t, const Json& v, const Path& path) {
    if (t.min_properties && v.size() < *t.min_properties) return wrong(path, "must have at least " + std::to_string(*t.min_properties) + " keys");
    if (t.max_properties && v.size() > *t.max_properties) return wrong(path, "may have at most " + std::to_string(*t.max_properties) + " keys");
    std::size_t known = 0;
    for (const Property& p : t.properties) {
        auto value = v.find(p.name);
        if (value == v.end()) {
            if (p.required) return wrong(path, "the key `" + p.name + "` is missing");
            continue;
        }
        ++known;
        if (auto w = check(p.type, *value, Path{&path, p.name})) return w;
    }
    if (known == v.size() || (t.more_properties && !t.additional)) return {};
    for (const auto& [key, value] : v.items()) {
        if (std::ranges::find(t.properties, key, &Property::name) != t.properties.end()) continue;
        if (!t.additional) {
            std::vector<std::string> names;
            for (const Property& p : t.properties) names.push_back(p.name);
            return wrong(path, "unknown key `" + key.substr(0, 100) + "`" + suggestion(key, names));
        }
        if (auto w = check(*t.additional, value, Path{&path, key})) return w;
    }
    return {};
}

Wrong Validation::choices(const TypeNode& t, const Json& v, const Path& path) {
    const std::vector<u32>& of = t.any_of.empty() ? t.one_of : t.any_of;
    u32 fits = 0;
    std::string faults;
    for (u32 i = 0; i < of.size(); ++i) {
        Wrong w = check(of[i], v, path);
        if (!w) ++fits;
        else if (faults.size() < 1000) faults += "\n  " + std::to_string(i + 1) + ". " + *w;
        if (fits && !t.any_of.empty()) return {};
    }
    if (fits == 1) return {};
    if (fits > 1) return wrong(path, "fits " + std::to_string(fits) + " of the alternatives, and must fit exactly one");
    return wrong(path, "fits none of the " + std::to_string(of.size()) + " alternatives:" + faults);
}

Wrong Validation::all(const TypeNode& t, const Json& v, const Path& path) {
    u32 kind = kind_of(v);
    if (!(kind & t.allowed)) return wrong(path, "expected " + words(t.allowed) + ", there is " + excerpt(v));
    if (!t.values.empty() && std::ranges::find(t.values, canonical_text(v)) == t.values.end()) {
        std::string list;
        for (std::size_t i = 0; i < std::min<std::size_t>(t.values.size(), 10); ++i) list += (i ? ", " : "") + t.values[i].substr(0, 60);
        return wrong(path, "must be one of " + list + (t.values.size() > 10 ? ", …" : "") + ", there is " + excerpt(v));
    }
    Wrong w;
    if (v.is_number()) w = number(t, v, path);
    else if (v.is_string()) w = string(t, v, path);
    else if (v.is_array()) w = array(t, v, path);
    else if (v.is_object()) w = object(t, v, path);
    if (w) return w;
    for (u32 each : t.all_of)
        if (auto x = check(each, v, path)) return x;
    return t.any_of.empty() && t.one_of.empty() ? Wrong() : choices(t, v, path);
}

Wrong Validation::check(u32 type, const Json& v, const Path& path) {
    constexpr u32 deepest = 1000, most = 10'000'000;  // alternatives that refer to themselves; alternatives of alternatives
    if (++depth_ > deepest || ++steps_ > most) return wrong(path, "the type asks for too many comparisons");
    Wrong w = all(types_.resolved(type), v, path);
    --depth_;
    return w;
}

}  // namespace

std::optional<std::string> Types::validate(u32 type, const Json& value) const { return Validation(*this).check(type, value, Path{}); }

std::string canonical_text(const Json& value) {
    if (value.is_number_float()) {
        double d = value.get<double>();
        if (d == std::floor(d) && std::abs(d) < 9e18) return std::to_string(i64(d));
    }
    if (value.is_array() || value.is_object()) {
        std::string text(1, value.is_array() ? '[' : '{');
        for (const auto& [key, v] : value.items()) {
            if (text.size() > 1) text += ',';
            if (value.is_object()) text += json_string(key) + ":";
            text += canonical_text(v);
        }
        return text + (value.is_array() ? ']' : '}');
    }
    return to_text(value);
}

}  // namespace heddle::wire
