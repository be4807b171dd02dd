// JSON Schemas compiled: every keyword is known and has the right type, every reference leads somewhere.
#include "schema.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>
#include <re2/re2.h>

#include <heddle/error.hpp>

#include "near.hpp"

namespace heddle::wire {

namespace {

constexpr std::string_view known_keywords[] = {
    "$ref",     "$defs",     "$schema",       "$id",           "$comment",         "title",         "description",   "default",
    "examples", "deprecated", "readOnly",     "writeOnly",     "type",             "enum",          "const",         "anyOf",
    "oneOf",    "allOf",     "minimum",       "maximum",       "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
    "maxLength", "pattern",  "format",        "items",         "prefixItems",      "minItems",      "maxItems",      "uniqueItems",
    "properties", "required", "additionalProperties", "minProperties", "maxProperties"};

struct Named {
    std::string_view name;
    u32 bit;
};
constexpr Named kind_names[] = {{"null", kinds::null},     {"boolean", kinds::boolean}, {"integer", kinds::integer}, {"number", kinds::number | kinds::integer},
                                {"string", kinds::string}, {"array", kinds::array},     {"object", kinds::object}};
struct FormatName {
    std::string_view name;
    Format format;
};
constexpr FormatName format_names[] = {{"uuid", Format::uuid}, {"email", Format::email}, {"uri", Format::uri},   {"date", Format::date},
                                       {"date-time", Format::date_time}, {"time", Format::time}, {"ipv4", Format::ipv4}, {"ipv6", Format::ipv6},
                                       {"hostname", Format::hostname}, {"byte", Format::byte}};

template <class Range>
std::vector<std::string_view> names_of(const Range& rows) {
    std::vector<std::string_view> all;
    for (const auto& r : rows) all.push_back(r.name);
    return all;
}

}  // namespace

const char* to_string(Format f) {
    for (const FormatName& n : format_names)
        if (n.format == f) return n.name.data();
    return "";
}

// Compiles one schema and those inside it.
class SchemaReader {
public:
    SchemaReader(Types& types, std::string where, const Json* root, std::string file) : types_(types), where_(std::move(where)), root_(root), file_(std::move(file)) {}
    u32 read(const Json& schema) {
        u32 at = types_.add();
        fill(at, schema);
        return at;
    }
    void fill(u32 at, const Json& schema);

private:
    [[noreturn]] void fail(const std::string& message) const { throw Error{Error::Kind::invalid, where_ + ": " + message}; }
    u32 inside(const Json& schema, const std::string& step) {
        if (++depth_ > 100) fail("types are nested too deeply (100)");
        std::string outer = std::exchange(where_, where_ + "." + step);
        u32 at = read(schema);
        where_ = std::move(outer);
        --depth_;
        return at;
    }
    std::vector<u32> list(const Json& schemas, const std::string& keyword);
    void keyword(TypeNode& node, const std::string& word, const Json& value);
    void reference(u32 at, const Json& value);
    u32 find_reference(const std::string& target);
    u32 pointed(const Json& root, const std::string& file, const std::string& pointer);
    void object_keywords(TypeNode& node, const Json& schema);
    u32 kind(const Json& name) const;
    std::string text(const Json& v, const char* word) const {
        if (!v.is_string()) fail(std::string("`") + word + "` must be a string, there is " + excerpt(v));
        return v.get<std::string>();
    }
    long double number(const Json& v, const std::string& word) const {
        if (!v.is_number()) fail("`" + word + "` must be a number, there is " + excerpt(v));
        return v.is_number_unsigned() ? (long double)(v.get<u64>()) : v.is_number_integer() ? (long double)(v.get<i64>()) : (long double)(v.get<double>());
    }
    u64 count(const Json& v, const std::string& word) const {
        if (!v.is_number_integer() || (!v.is_number_unsigned() && v.get<i64>() < 0)) fail("`" + word + "` must be a whole number from 0, there is " + excerpt(v));
        return v.get<u64>();
    }
    bool flag(const Json& v, const std::string& word) const {
        if (!v.is_boolean()) fail("`" + word + "` must be true or false, there is " + excerpt(v));
        return v.get<bool>();
    }

    Types& types_;
    std::string where_;
    const Json* root_;   // what "#/…" refers to
    std::string file_;   // and where it came from
    int depth_ = 0;
};

u32 SchemaReader::kind(const Json& name) const {
    std::string word = text(name, "type");
    for (const Named& k : kind_names)
        if (k.name == word) return k.bit;
    fail("unknown type `" + word + "`" + suggestion(word, names_of(kind_names)));
}

std::vector<u32> SchemaReader::list(const Json& schemas, const std::string& word) {
    if (!schemas.is_array() || schemas.empty()) fail("`" + word + "` must be a list of at least one schema");
    std::vector<u32> all;
    for (std::size_t i = 0; i < schemas.size(); ++i) all.push_back(inside(schemas[i], word + "[" + std::to_string(i) + "]"));
    return all;
}

u32 SchemaReader::pointed(const Json& root, const std::string& file, const std::string& pointer) {
    std::string key = file + "#" + pointer;
    if (auto known = types_.file_types_.find(key); known != types_.file_types_.end()) return known->second;
    const Json* target = nullptr;
    try {
        Json::json_pointer path(pointer);
        if (root.contains(path)) target = &root.at(path);
    } catch (const Json::exception&) {
    }
    if (!target) fail("`$ref` leads nowhere: there is no `" + pointer + "`" + (file.empty() ? "" : " in " + file));
    u32 at = types_.add();
    types_.file_types_[key] = at;
    types_.nodes_[at].name = pointer.substr(pointer.rfind('/') + 1);
    SchemaReader(types_, where_ + " -> " + key, &root, file).fill(at, *target);
    return at;
}

// "Name", "#/types/Name", "#/$defs/Name" (of this schema), "file.json", "file.json#/pointer".
u32 SchemaReader::find_reference(const std::string& target) {
    if (auto known = types_.find(target)) return *known;
    std::size_t hash = target.find('#');
    std::string file = target.substr(0, hash), pointer = hash == target.npos ? "" : target.substr(hash + 1);
    if (hash == 0) {
        if (pointer.starts_with("/types/"))
            if (auto known = types_.find(pointer.substr(7))) return *known;
        if (root_) return pointed(*root_, file_, pointer);
        fail("`$ref`: no type is called `" + target + "`" + suggestion(target, types_.names()));
    }
    if (file.find_first_of("./") == file.npos) fail("no type is called `" + target + "`" + suggestion(target, types_.names()));
    if (!types_.read_file_) fail("`$ref` names a file, and none can be read here: " + file);
    auto document = std::make_shared<Json>(types_.read_file_(file));
    return pointed(*document, file, pointer);
}

void SchemaReader::reference(u32 at, const Json& value) {
    u32 target = find_reference(text(value, "$ref"));
    types_.nodes_[at].ref = target;
}

void SchemaReader::keyword(TypeNode& n, const std::string& word, const Json& v) {
    if (word == "title") n.title = text(v, "title");
    else if (word == "description") n.description = text(v, "description");
    else if (word == "default") n.default_text = to_text(v);
    else if (word == "type") {
        n.allowed = 0;
        if (v.is_array()) for (const Json& k : v) n.allowed |= kind(k);
        else n.allowed = kind(v);
    } else if (word == "enum") {
        if (!v.is_array() || v.empty()) fail("`enum` must be a list of at least one value");
        for (const Json& each : v) n.values.push_back(canonical_text(each));
    } else if (word == "const") n.values = {canonical_text(v)};
    else if (word == "anyOf") n.any_of = list(v, word);
    else if (word == "oneOf") n.one_of = list(v, word);
    else if (word == "allOf") n.all_of = list(v, word);
    else if (word == "minimum") n.minimum = number(v, word);
    else if (word == "maximum") n.maximum = number(v, word);
    else if (word == "exclusiveMinimum") n.above = number(v, word);
    else if (word == "exclusiveMaximum") n.below = number(v, word);
    else if (word == "multipleOf") {
        n.multiple_of = number(v, word);
        if (*n.multiple_of <= 0) fail("`multipleOf` must be more than 0");
    } else if (word == "minLength") n.min_length = count(v, word);
    else if (word == "maxLength") n.max_length = count(v, word);
    else if (word == "minItems") n.min_items = count(v, word);
    else if (word == "maxItems") n.max_items = count(v, word);
    else if (word == "minProperties") n.min_properties = count(v, word);
    else if (word == "maxProperties") n.max_properties = count(v, word);
    else if (word == "uniqueItems") n.unique_items = flag(v, word);
    else if (word == "pattern") {
        n.pattern_text = text(v, "pattern");
        re2::RE2::Options quiet;
        quiet.set_log_errors(false);
        auto compiled = std::make_shared<re2::RE2>(n.pattern_text, quiet);
        if (!compiled->ok()) fail("`pattern` is no regular expression (RE2): " + compiled->error());
        n.pattern = compiled;
    } else if (word == "format") {
        std::string name = text(v, "format");
        auto row = std::ranges::find(format_names, std::string_view(name), &FormatName::name);
        if (row == std::end(format_names)) fail("unknown format `" + name + "`" + suggestion(name, names_of(format_names)));
        n.format = row->format;
    } else if (word == "prefixItems") n.prefix_items = list(v, word);
    else if (word == "items") {
        if (v.is_boolean()) n.more_items = v.get<bool>();
        else n.items = inside(v, word);
    }
}

void SchemaReader::object_keywords(TypeNode& n, const Json& schema) {
    std::vector<std::string> required;
    if (auto r = schema.find("required"); r != schema.end()) {
        if (!r->is_array()) fail("`required` must be a list of names");
        for (const Json& name : *r) required.push_back(text(name, "required"));
    }
    auto properties = schema.find("properties");
    if (properties != schema.end() && !properties->is_object()) fail("`properties` must be a table from names to schemas");
    auto add = [&](const std::string& name, bool needed) {
        bool described = properties != schema.end() && properties->contains(name);
        n.properties.push_back({name, described ? inside((*properties)[name], "properties." + name) : Types::anything, needed});
    };
    for (const std::string& name : required)
        if (std::ranges::find(n.properties, name, &Property::name) == n.properties.end()) add(name, true);
    if (properties != schema.end())
        for (const auto& [name, ignored] : properties->items())
            if (std::ranges::find(required, name) == required.end()) add(name, false);
    if (auto more = schema.find("additionalProperties"); more != schema.end()) {
        if (more->is_boolean()) n.more_properties = more->get<bool>();
        else n.additional = inside(*more, "additionalProperties");
    }
}

void SchemaReader::fill(u32 at, const Json& schema) {
    types_.schemas_[at] = to_text(schema);
    if (schema.is_string()) return reference(at, schema);
    if (schema.is_boolean() && schema.get<bool>()) return;
    if (!schema.is_object()) fail("a type is a name or a schema {type = …}, there is " + excerpt(schema));
    for (const auto& [word, ignored] : schema.items())
        if (std::ranges::find(known_keywords, word) == std::end(known_keywords)) fail("unknown keyword `" + word + "`" + suggestion(word, known_keywords));
    const Json* outer_root = root_;
    if (schema.contains("$defs") && !root_) root_ = &schema;
    if (auto ref = schema.find("$ref"); ref != schema.end()) reference(at, *ref);
    else {
        TypeNode node;
        node.name = types_.nodes_[at].name;
        for (const auto& [word, value] : schema.items()) keyword(node, word, value);
        if (schema.contains("properties") || schema.contains("required") || schema.contains("additionalProperties")) {
            object_keywords(node, schema);
            if (!schema.contains("type")) node.allowed = kinds::object;
        }
        types_.nodes_[at] = std::move(node);
    }
    root_ = outer_root;
}

Types::Types() { add(); }

u32 Types::add() {
    if (nodes_.size() >= 100'000) throw Error{Error::Kind::limit, "an app may have 100000 types"};
    nodes_.emplace_back();
    schemas_.push_back("true");
    return u32(nodes_.size() - 1);
}

void Types::declare(const Json& schemas) {
    for (const auto& [name, ignored] : schemas.items()) {
        u32 at = add();
        nodes_[at].name = name;
        names_[name] = at;
    }
    for (const auto& [name, schema] : schemas.items()) {
        u32 at = names_.find(name)->second;
        SchemaReader(*this, "types." + name, nullptr, "").fill(at, schema);
        if (nodes_[at].name.empty()) nodes_[at].name = name;
    }
    for (const auto& [name, at] : names_) resolve(at);
}

u32 Types::compile(const Json& schema, const std::string& where) {
    u32 at = SchemaReader(*this, where, nullptr, "").read(schema);
    resolve(at);
    return at;
}

u32 Types::resolve(u32 type) const {
    for (u32 steps = 0; nodes_[type].ref; type = *nodes_[type].ref)
        if (++steps > nodes_.size()) throw Error{Error::Kind::invalid, "types." + nodes_[type].name + ": refers to itself and nothing else"};
    return type;
}

std::optional<u32> Types::find(std::string_view name) const {
    auto i = names_.find(name);
    return i == names_.end() ? std::nullopt : std::optional(i->second);
}

std::vector<std::string> Types::names() const {
    std::vector<std::string> all;
    for (const auto& [name, ignored] : names_) all.push_back(name);
    return all;
}

}  // namespace heddle::wire
