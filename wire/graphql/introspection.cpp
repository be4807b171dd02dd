// What __schema and __type say: the app's types under GraphQL's names. Schemas that GraphQL cannot say (unions, maps, anything) are the scalar JSON.
#include <nlohmann/json.hpp>

#include "graphql.hpp"

namespace heddle::wire::graphql {

namespace {

Json named(const char* kind, const std::string& name) { return {{"kind", kind}, {"name", name}, {"ofType", nullptr}}; }
Json wrapped(const char* kind, Json of) { return {{"kind", kind}, {"name", nullptr}, {"ofType", std::move(of)}}; }

std::string graphql_name(std::string_view name) {
    std::string text;
    for (char c : name) text += (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ? c : '_';
    return text.empty() || (text[0] >= '0' && text[0] <= '9') ? "_" + text : text;
}

class Describer {
public:
    explicit Describer(const AppData& app) : app_(app), types_(app.manifest.types) {}
    Json schema();

private:
    Json type(u32 id, const std::string& suggested, bool input);
    Json object(u32 id, const std::string& name, bool input);
    Json value(const std::string& name, const std::string& description, Json type) {
        return {{"name", name}, {"description", description.empty() ? Json() : Json(description)}, {"type", std::move(type)}, {"defaultValue", nullptr}, {"isDeprecated", false}, {"deprecationReason", nullptr}};
    }
    Json field(const std::string& name, const std::string& description, Json type, Json args) {
        return {{"name", name}, {"description", description.empty() ? Json() : Json(description)}, {"args", std::move(args)}, {"type", std::move(type)}, {"isDeprecated", false}, {"deprecationReason", nullptr}};
    }
    Json full(const char* kind, const std::string& name, const std::string& description) {
        return {{"kind", kind}, {"name", name}, {"description", description.empty() ? Json() : Json(description)}, {"fields", nullptr}, {"inputFields", nullptr}, {"interfaces", nullptr},
                {"enumValues", nullptr}, {"possibleTypes", nullptr}, {"specifiedByURL", nullptr}};
    }
    Json arguments(const MaterializerConfig& m);
    void root(const char* name, bool reads);

    const AppData& app_;
    const Types& types_;
    std::map<std::string, Json> known_;
};

Json Describer::object(u32 id, const std::string& name, bool input) {
    if (!known_.contains(name)) {
        const TypeNode& t = types_[id];
        known_[name] = Json();  // types may contain themselves
        Json all = Json::array();
        for (const Property& p : t.properties) {
            Json of = type(p.type, name + "_" + graphql_name(p.name), input);
            if (p.required && input) of = wrapped("NON_NULL", std::move(of));
            const std::string& description = types_.resolved(p.type).description;
            all.push_back(input ? value(graphql_name(p.name), description, std::move(of)) : field(graphql_name(p.name), description, std::move(of), Json::array()));
        }
        Json about = full(input ? "INPUT_OBJECT" : "OBJECT", name, t.description);
        about[input ? "inputFields" : "fields"] = std::move(all);
        if (!input) about["interfaces"] = Json::array();
        known_[name] = std::move(about);
    }
    return named(input ? "INPUT_OBJECT" : "OBJECT", name);
}

Json Describer::type(u32 id, const std::string& suggested, bool input) {
    u32 at = types_.resolve(id);
    const TypeNode& t = types_[at];
    u32 kind = t.allowed & ~kinds::null;
    bool plain = t.any_of.empty() && t.one_of.empty() && t.all_of.empty();
    if (plain && kind == kinds::object && !t.properties.empty()) return object(at, (t.name.empty() ? suggested : graphql_name(t.name)) + (input ? "Input" : ""), input);
    if (plain && kind == kinds::array && t.items) return wrapped("LIST", type(*t.items, suggested + "_item", input));
    if (plain && kind == kinds::integer) return named("SCALAR", "Int");
    if (plain && kind == (kinds::number | kinds::integer)) return named("SCALAR", "Float");
    if (plain && kind == kinds::string) return named("SCALAR", "String");
    if (plain && kind == kinds::boolean) return named("SCALAR", "Boolean");
    return named("SCALAR", "JSON");
}

Json Describer::arguments(const MaterializerConfig& m) {
    Json all = Json::array();
    if (takes_properties(types_, m.input)) {
        for (const Property& p : types_.resolved(m.input).properties) {
            Json of = type(p.type, graphql_name(m.op) + "_" + graphql_name(p.name), true);
            all.push_back(value(graphql_name(p.name), types_.resolved(p.type).description, p.required ? wrapped("NON_NULL", std::move(of)) : std::move(of)));
        }
    } else all.push_back(value("input", "", type(m.input, graphql_name(m.op) + "_input", true)));
    return all;
}

void Describer::root(const char* name, bool reads) {
    Json fields = Json::array();
    for (const MaterializerConfig& m : app_.manifest.materializers)
        if ((m.effect == Effect::read) == reads) fields.push_back(field(graphql_name(m.op), m.title, type(m.output, graphql_name(m.op) + "_output", false), arguments(m)));
    if (fields.empty() && !reads) return;
    Json about = full("OBJECT", name, "");
    about["fields"] = std::move(fields);
    about["interfaces"] = Json::array();
    known_[name] = std::move(about);
}

Json Describer::schema() {
    for (const char* scalar : {"Int", "Float", "String", "Boolean", "JSON"})
        known_[scalar] = full("SCALAR", scalar, scalar == std::string_view("Int") ? "An integer of 64 bits." : scalar == std::string_view("JSON") ? "Any JSON value." : "");
    root("Query", true);
    root("Mutation", false);
    Json types = Json::array(), directives = Json::array();
    for (auto& [name, about] : known_) types.push_back(about);
    for (const char* name : {"skip", "include"})
        directives.push_back({{"name", name}, {"description", nullptr}, {"locations", {"FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"}}, {"isRepeatable", false},
                              {"args", Json::array({value("if", "", wrapped("NON_NULL", named("SCALAR", "Boolean")))})}});
    return {{"description", app_.manifest.name}, {"queryType", {{"name", "Query"}}}, {"mutationType", known_.contains("Mutation") ? Json{{"name", "Mutation"}} : Json()},
            {"subscriptionType", nullptr}, {"types", std::move(types)}, {"directives", std::move(directives)}};
}

}  // namespace

bool takes_properties(const Types& types, u32 input) {
    const TypeNode& t = types.resolved(input);
    return t.allowed == kinds::object && !t.properties.empty() && t.any_of.empty() && t.one_of.empty();
}

Json introspection(const AppData& app) { return Describer(app).schema(); }

}  // namespace heddle::wire::graphql
