// Execution: the root fields are calls, what lies beneath is chosen from what they gave. A field that fails is null, with an error beside it.
// https://spec.graphql.org/October2021/#sec-Execution
#include <algorithm>

#include <nlohmann/json.hpp>

#include "document.hpp"
#include "graphql.hpp"
#include "near.hpp"

namespace heddle::wire::graphql {

namespace {

class Executor {
public:
    Executor(AppData& app, CallTree& tree, CallScope* outer, std::string_view text, Document document)
        : app_(app), tree_(tree), outer_(outer), text_(text), document_(std::move(document)) {}
    Task<std::string> run(std::string operation_name, Json variables);

private:
    struct Field {
        std::string key;
        std::vector<const Selection*> parts;   // the same key may be selected several times
    };
    static constexpr std::size_t most_bytes = std::size_t(8) << 20, most_fields = 100'000, most_calls = 1'000;
    static constexpr u32 deepest = 64;

    const Operation& choose(const std::string& name) const;
    void set_variables(const Operation& o, const Json& given);
    Json evaluate(const Value& v) const;
    bool included(const std::vector<Directive>& directives) const;
    void collect(const std::vector<Selection>& selections, std::string_view type, std::vector<Field>& to, u32 depth);
    std::vector<Field> fields_of(const Field* parent, const std::vector<Selection>* root, std::string_view type);
    Task<std::string> root_object(const Operation& o);
    const Op* root_field(const Field& f, bool reads, std::string& to);
    Task<Done> call(const Field& f, const Op& op, std::string& to);
    Json input_of(const Selection& s, const MaterializerConfig& m) const;
    void complete(const Json& value, const Field& f, std::optional<u32> type, const std::string& path, u32 depth, std::string& to);
    void complete_object(const Json& value, const Field& f, std::optional<u32> type, const std::string& path, u32 depth, std::string& to);
    void introspect(const Field& f, const std::string& path, std::string& to);
    const Json* whole_type(const Json& value) const;
    void error(const std::string& message, std::size_t at, const std::string& path, const std::string& code = {});

    AppData& app_;
    CallTree& tree_;
    CallScope* outer_;
    std::string_view text_;
    Document document_;
    Json variables_ = Json::object();
    Json schema_;                              // of introspection, while it is completed
    std::string errors_;
    std::size_t fields_done_ = 0, calls_done_ = 0;
    std::vector<std::string> open_fragments_;
};

void Executor::error(const std::string& message, std::size_t at, const std::string& path, const std::string& code) {
    errors_ += (errors_.empty() ? "" : ",") + std::string("{\"message\":") + json_string(message) + ",\"locations\":[" + location(text_, at) + "],\"path\":[" + path + "]" +
               (code.empty() ? "" : ",\"extensions\":{\"code\":" + json_string(code) + "}") + "}";
}

const Operation& Executor::choose(const std::string& name) const {
    if (name.empty()) {
        if (document_.operations.size() > 1) throw Fault{"there are several operations: `operationName` must choose one", 0};
        return document_.operations[0];
    }
    std::vector<std::string> names;
    for (const Operation& o : document_.operations) {
        if (o.name == name) return o;
        names.push_back(o.name);
    }
    throw Fault{"no operation is called `" + name + "`" + suggestion(name, names), 0};
}

void Executor::set_variables(const Operation& o, const Json& given) {
    std::vector<std::string> names;
    for (const Variable& v : o.variables) {
        names.push_back(v.name);
        auto i = given.find(v.name);
        if (i != given.end()) variables_[v.name] = *i;
        else if (v.otherwise) variables_[v.name] = evaluate(*v.otherwise);
        if (v.type.ends_with("!") && (!variables_.contains(v.name) || variables_[v.name].is_null())) throw Fault{"the variable `$" + v.name + "` of type " + v.type + " has no value", 0};
    }
    for (const auto& [name, ignored] : given.items())
        if (std::ranges::find(names, name) == names.end()) throw Fault{"the operation has no variable `$" + name + "`" + suggestion(name, names), 0};
}

Json Executor::evaluate(const Value& v) const {
    switch (v.kind) {
        case Value::Kind::variable: {
            auto i = variables_.find(v.text);
            return i == variables_.end() ? Json() : *i;
        }
        case Value::Kind::list: {
            Json all = Json::array();
            for (const Value& each : v.items) all.push_back(evaluate(each));
            return all;
        }
        case Value::Kind::object: {
            Json all = Json::object();
            for (const auto& [key, each] : v.fields)
                if (each.kind != Value::Kind::variable || variables_.contains(each.text)) all[key] = evaluate(each);
            return all;
        }
        default: return parse_scanned(v.text);
    }
}

bool Executor::included(const std::vector<Directive>& directives) const {
    for (const Directive& d : directives) {
        if (d.name != "skip" && d.name != "include") throw Fault{"unknown directive `@" + d.name + "`; known are @skip and @include", 0};
        if (d.arguments.size() != 1 || d.arguments[0].first != "if") throw Fault{"`@" + d.name + "` needs the argument `if`", 0};
        Json condition = evaluate(d.arguments[0].second);
        if (!condition.is_boolean()) throw Fault{"`@" + d.name + "(if:)` must be true or false", 0};
        if (condition.get<bool>() == (d.name == "skip")) return false;
    }
    return true;
}

// Fragments on other types select nothing. https://spec.graphql.org/October2021/#CollectFields()
void Executor::collect(const std::vector<Selection>& selections, std::string_view type, std::vector<Field>& to, u32 depth) {
    if (depth > deepest) throw Fault{"fragments are nested too deeply", 0};
    for (const Selection& s : selections) {
        if (++fields_done_ > most_fields) throw Fault{"the query selects more than 100000 fields", s.at};
        if (!included(s.directives)) continue;
        if (s.kind == Selection::Kind::field) {
            auto same = std::ranges::find(to, s.key(), &Field::key);
            if (same == to.end()) to.push_back({s.key(), {&s}});
            else if (same->parts[0]->name != s.name) throw Fault{"`" + s.key() + "` names two different fields", s.at};
            else same->parts.push_back(&s);
            continue;
        }
        if (s.kind == Selection::Kind::inline_fragment) {
            if (s.name.empty() || type.empty() || s.name == type) collect(s.selections, type, to, depth + 1);
            continue;
        }
        auto f = std::ranges::find(document_.fragments, s.name, &Fragment::name);
        if (f == document_.fragments.end()) throw Fault{"no fragment is called `" + s.name + "`", s.at};
        if (std::ranges::find(open_fragments_, s.name) != open_fragments_.end()) throw Fault{"the fragment `" + s.name + "` contains itself", s.at};
        open_fragments_.push_back(s.name);
        if (type.empty() || f->on == type) collect(f->selections, type, to, depth + 1);
        open_fragments_.pop_back();
    }
}

std::vector<Executor::Field> Executor::fields_of(const Field* parent, const std::vector<Selection>* root, std::string_view type) {
    std::vector<Field> all;
    if (root) collect(*root, type, all, 0);
    else
        for (const Selection* part : parent->parts) collect(part->selections, type, all, 0);
    return all;
}

// A type within another is a reference by its name; what a query chooses from it may be any of the whole type's fields.
const Json* Executor::whole_type(const Json& value) const {
    if (schema_.is_null() || value.size() != 3 || !value.contains("ofType") || !value.contains("name") || !value["name"].is_string()) return nullptr;
    for (const Json& t : schema_["types"])
        if (t["name"] == value["name"]) return &t;
    return nullptr;
}

void Executor::complete_object(const Json& given, const Field& f, std::optional<u32> type, const std::string& path, u32 depth, std::string& to) {
    const Json* whole = whole_type(given);
    const Json& value = whole ? *whole : given;
    const TypeNode* t = type ? &app_.manifest.types.resolved(*type) : nullptr;
    std::string name = t && !t->name.empty() ? t->name : value.contains("__typename") && value["__typename"].is_string() ? value["__typename"].get<std::string>() : "";
    to += '{';
    bool first = true;
    for (const Field& each : fields_of(&f, nullptr, name)) {
        const std::string& field = each.parts[0]->name;
        to += (std::exchange(first, false) ? "" : ",") + json_string(each.key) + ":";
        std::string inner = path + "," + json_string(each.key);
        auto found = value.find(field);
        std::optional<u32> field_type;
        std::vector<std::string> names;
        if (t)
            for (const Property& p : t->properties) {
                names.push_back(p.name);
                if (p.name == field) field_type = p.type;
            }
        if (field == "__typename" && found == value.end()) to += name.empty() ? "\"Object\"" : json_string(name);
        else if (t && !names.empty() && !field_type && found == value.end()) {
            error("`" + (name.empty() ? std::string("the object") : name) + "` has no field `" + field + "`" + suggestion(field, names), each.parts[0]->at, inner);
            to += "null";
        } else complete(found == value.end() ? Json() : *found, each, field_type, inner, depth + 1, to);
    }
    to += '}';
}

void Executor::complete(const Json& value, const Field& f, std::optional<u32> type, const std::string& path, u32 depth, std::string& to) {
    if (to.size() > most_bytes) throw Fault{"the response is larger than 8 MiB", f.parts[0]->at};
    bool selects = std::ranges::any_of(f.parts, [](const Selection* s) { return !s->selections.empty(); });
    if (value.is_null() || depth > 128) return void(to += "null");
    if (!selects) {
        if (type && value.is_object() && !app_.manifest.types.resolved(*type).properties.empty()) {
            error("`" + f.parts[0]->name + "` is an object: choose its fields with { … }", f.parts[0]->at, path);
            return void(to += "null");
        }
        return void(to += to_text(value));
    }
    if (value.is_array()) {
        std::optional<u32> element = type ? app_.manifest.types.resolved(*type).items : std::nullopt;
        to += '[';
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (i) to += ',';
            complete(value[i], f, element, path + "," + std::to_string(i), depth + 1, to);
        }
        return void(to += ']');
    }
    if (value.is_object()) return complete_object(value, f, type, path, depth, to);
    error("`" + f.parts[0]->name + "` has no fields to choose from", f.parts[0]->at, path);
    to += "null";
}

Json Executor::input_of(const Selection& s, const MaterializerConfig& m) const {
    std::vector<std::string> names;
    bool properties = takes_properties(app_.manifest.types, m.input);
    if (properties)
        for (const Property& p : app_.manifest.types.resolved(m.input).properties) names.push_back(p.name);
    else names.push_back("input");
    Json all = Json::object();
    for (const auto& [name, value] : s.arguments) {
        if (std::ranges::find(names, name) == names.end()) throw Fault{"`" + m.op + "` has no argument `" + name + "`" + suggestion(name, names), s.at};
        if (value.kind == Value::Kind::variable && !variables_.contains(value.text)) continue;
        all[name] = evaluate(value);
    }
    return properties ? all : all.contains("input") ? all["input"] : Json();
}

Task<Done> Executor::call(const Field& f, const Op& op, std::string& to) {
    const Selection& s = *f.parts[0];
    std::string path = json_string(f.key), input;
    if (++calls_done_ > most_calls) throw Fault{"the operation makes more than 1000 calls", s.at};
    try {
        input = to_text(input_of(s, *op.config));
    } catch (const Fault& fault) {
        error(fault.message, fault.at, path, "bad_args");
        to += "null";
        co_return Done{};
    }
    Task<Reply> call = run_call(app_, tree_, outer_, op.config->op, input);
    Reply r = co_await call;
    if (r.ok()) complete(parse_scanned(r.json), f, op.config->output == Types::anything ? std::nullopt : std::optional(op.config->output), path, 0, to);
    else {
        error(r.message, s.at, path, code_of(r.outcome));
        to += "null";
    }
    co_return Done{};
}

void Executor::introspect(const Field& f, const std::string& path, std::string& to) {
    const Selection& s = *f.parts[0];
    schema_ = introspection(app_);
    if (s.name == "__schema") complete(schema_, f, std::nullopt, path, 0, to);
    else {
        Json reference{{"kind", nullptr}, {"name", s.arguments.empty() ? Json() : evaluate(s.arguments[0].second)}, {"ofType", nullptr}};
        const Json* found = whole_type(reference);
        complete(found ? *found : Json(), f, std::nullopt, path, 0, to);
    }
    schema_ = Json();
}

// What is not to be called is completed at once; otherwise: what is.
const Op* Executor::root_field(const Field& f, bool reads, std::string& to) {
    const Selection& s = *f.parts[0];
    std::string path = json_string(f.key);
    if (s.name == "__typename") return to += reads ? "\"Query\"" : "\"Mutation\"", nullptr;
    if (reads && (s.name == "__schema" || s.name == "__type")) return introspect(f, path, to), nullptr;
    std::vector<std::string> names;
    for (const auto& [name, op] : app_.ops) {
        bool fits = (op.config->effect == Effect::read) == reads;
        if (fits && name == s.name) return &op;
        if (fits) names.push_back(name);
    }
    error(std::string(reads ? "Query" : "Mutation") + " has no field `" + s.name + "`" + suggestion(s.name, names), s.at, path, "op_404");
    to += "null";
    return nullptr;
}

Task<std::string> Executor::root_object(const Operation& o) {
    bool reads = o.kind == "query";
    std::string data = "{";
    std::vector<Field> fields = fields_of(nullptr, &o.selections, reads ? "Query" : "Mutation");
    for (const Field& f : fields) {
        if (data.size() > 1) data += ',';
        data += json_string(f.key) + ":";
        const Op* op = root_field(f, reads, data);
        if (!op) continue;
        Task<Done> calling = call(f, *op, data);
        co_await calling;
    }
    data += '}';
    co_return data;
}

Task<std::string> Executor::run(std::string operation_name, Json variables) {
    const Operation& o = choose(operation_name);
    set_variables(o, variables);
    Task<std::string> object = root_object(o);
    std::string data = co_await object;
    co_return "{\"data\":" + data + (errors_.empty() ? "" : ",\"errors\":[" + errors_ + "]") + "}";
}

std::string only_error(std::string_view text, const Fault& f) {
    return "{\"errors\":[{\"message\":" + json_string(f.message) + ",\"locations\":[" + location(text, f.at) + "]}]}";
}

}  // namespace

Task<std::string> run(AppData& app, CallTree& tree, CallScope* outer, Json request) {
    std::string query;
    try {
        if (!request.is_object() || !request.contains("query") || !request["query"].is_string()) throw Fault{"the request must be {\"query\": …, \"variables\": …}", 0};
        query = request["query"].get<std::string>();
        Json variables = request.contains("variables") && !request["variables"].is_null() ? request["variables"] : Json::object();
        if (!variables.is_object()) throw Fault{"`variables` must be an object", 0};
        std::string name = request.contains("operationName") && request["operationName"].is_string() ? request["operationName"].get<std::string>() : "";
        Executor executor(app, tree, outer, query, parse(query));
        Task<std::string> all = executor.run(std::move(name), std::move(variables));
        co_return co_await all;
    } catch (const Fault& f) {
        co_return only_error(query, f);
    }
}

}  // namespace heddle::wire::graphql
