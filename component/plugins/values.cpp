// heddle:plugins/values, as host functions: calls with arguments as text, or as lists of nodes.
#include <heddle/wave.hpp>

#include "errors.hpp"
#include "package.hpp"
#include "trees.hpp"
#include "zone.hpp"

namespace heddle::component::plugins::detail {

namespace {

using K = ValueType::Kind;

ValueType text() { return ValueType::primitive(K::string); }

void list_functions(const std::vector<ExternInfo>& all, const std::string& before, std::vector<Val>& into) {
    for (const ExternInfo& e : all) {
        if (e.kind == ExternInfo::Kind::func) into.push_back(Val::record({Val::string(before + e.name), Val::string(to_string(e.func))}));
        if (e.kind == ExternInfo::Kind::instance) list_functions(e.exports, before + e.name + ".", into);
    }
}

Host functions(HostCall& c, Holder& h) {
    std::vector<Val> all;
    list_functions(h.at(*resource_rep(c.args()[0])).zone->exports(), {}, all);
    return c.done(Val::list(std::move(all)));
}

// How arguments and a result are written.
struct Form {
    std::function<Result<std::vector<Val>>(const Val& arguments, const FunctionType& type)> arguments;
    std::function<Result<Val>(const std::optional<Val>& result, const FunctionType& type)> result;
    const char* what_has_none;  // for functions that pass resources
};

Result<std::vector<Val>> wave_arguments(const Val& text, const FunctionType& type) {
    auto call = wave::parse_call("f" + text.as_string());
    if (!call) return std::unexpected(call.error());
    return wave::parse_arguments(*call, type);
}
Result<Val> wave_result(const std::optional<Val>& result, const FunctionType& type) { return Val::string(result ? wave::print(*result, *type.result) : std::string()); }

Form json_form(const Json& json) {
    auto read = [&](const Val& text, const FunctionType& type) { return json.arguments(text.as_string(), type); };
    auto write = [print = json.result](const std::optional<Val>& result, const FunctionType& type) -> Result<Val> {
        auto text = print(result, type);
        if (!text) return std::unexpected(text.error());
        return Val::string(std::move(*text));
    };
    return {read, write, "text"};
}

bool passes_handles(const FunctionType& t) {
    for (const auto& p : t.params)
        if (has_handles(p.type)) return true;
    return t.result && has_handles(*t.result);
}

CallError unfit(const Error& e, const char* what) {
    return {e.kind == Error::Kind::limit ? CallError::Kind::limit : CallError::Kind::bad_arguments, what + e.message};
}

Host call(HostCall& c, Holder& h, const Form& form) {
    auto zone = h.at(*resource_rep(c.args()[0])).zone;
    const std::string& name = c.args()[1].as_string();
    auto fail = [&](CallError e) { return c.done(Val::error(to_val(e))); };
    if (zone->state == Status::Kind::dead || zone->state == Status::Kind::closed) return fail({CallError::Kind::dead, zone->why.empty() ? "it was closed" : zone->why});
    auto f = zone->find(name);
    if (!f) return fail({CallError::Kind::unknown_function, "no exported function `" + name + "`"});
    if (passes_handles(f->type))
        return fail({CallError::Kind::bad_arguments, "`" + name + "` of type " + to_string(f->type) + " passes resources, which have no " + form.what_has_none});
    auto args = form.arguments(c.args()[2], f->type);
    if (!args) return fail(unfit(args.error(), ""));
    auto to_value = [type = f->type, write = form.result](CallResult r) {
        if (!r) return Val::error(to_val(r.error()));
        auto written = write(*r, type);
        return written ? Val::ok(std::move(*written)) : Val::error(to_val(unfit(written.error(), "the result: ")));
    };
    if (zone->peer) return ask(c, *zone->peer, *f, std::move(*args), to_value);
    return c.done(to_value(zone->call(*f, std::move(*args))));
}

Host call_json(HostCall& c, Holder& h) {
    if (h.host->options.json.arguments) return call(c, h, json_form(h.host->options.json));
    return c.done(Val::error(to_val(CallError{CallError::Kind::unknown_function, "this host has no JSON: use call-wave"})));
}
Host call_wave(HostCall& c, Holder& h) { return call(c, h, {wave_arguments, wave_result, "text"}); }
Host call_tree(HostCall& c, Holder& h) { return call(c, h, {arguments_from_tree, tree_from_result, "nodes"}); }

}  // namespace

void add_values(ComponentLinker& linker, const std::shared_ptr<CatalogueData>& host) {
    auto values = linker.interface(std::string(values_name));
    ValueType instance = ValueType::borrow(0);
    ValueType info = ValueType::record({{"name", text()}, {"signature", text()}});
    auto call = [&](const ValueType& form) { return FunctionType{false, {{"i", instance}, {"name", text()}, {"arguments", form}}, ValueType::result(form, call_error_type())}; };
    auto add = [&](const char* name, Host (*run)(HostCall&, Holder&), FunctionType type) {
        values.raw(name, [host, run](HostCall& c) { return run(c, Holder::of(c.store(), host)); }, std::move(type));
    };
    add("functions", functions, {false, {{"i", instance}}, ValueType::list(info)});
    add("call-json", call_json, call(text()));
    add("call-wave", call_wave, call(text()));
    add("call-tree", call_tree, call(ValueType::list(node_type())));
}

}  // namespace heddle::component::plugins::detail
