// heddle:plugins/values, as host functions: calls with arguments as text.
#include <heddle/wave.hpp>

#include "errors.hpp"
#include "package.hpp"
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

Result<std::vector<Val>> wave_arguments(const std::string& text, const FunctionType& type) {
    auto call = wave::parse_call("f" + text);
    if (!call) return std::unexpected(call.error());
    return wave::parse_arguments(*call, type);
}
Result<std::string> wave_result(const std::optional<Val>& result, const FunctionType& type) { return result ? wave::print(*result, *type.result) : std::string(); }

bool passes_handles(const FunctionType& t) {
    for (const auto& p : t.params)
        if (has_handles(p.type)) return true;
    return t.result && has_handles(*t.result);
}

Host call(HostCall& c, Holder& h, const Json& as) {
    auto zone = h.at(*resource_rep(c.args()[0])).zone;
    const std::string &name = c.args()[1].as_string(), &words = c.args()[2].as_string();
    auto fail = [&](CallError::Kind k, std::string why) { return c.done(Val::error(to_val(CallError{k, std::move(why)}))); };
    if (zone->state == Status::Kind::dead || zone->state == Status::Kind::closed) return fail(CallError::Kind::dead, zone->why.empty() ? "it was closed" : zone->why);
    auto f = zone->find(name);
    if (!f) return fail(CallError::Kind::unknown_function, "no exported function `" + name + "`");
    if (passes_handles(f->type)) return fail(CallError::Kind::bad_arguments, "`" + name + "` of type " + to_string(f->type) + " passes resources, which have no text");
    auto args = as.arguments(words, f->type);
    if (!args) return fail(CallError::Kind::bad_arguments, args.error().message);
    auto to_text = [type = f->type, print = as.result](CallResult r) {
        if (!r) return Val::error(to_val(r.error()));
        auto text = print(*r, type);
        return text ? Val::ok(Val::string(std::move(*text))) : Val::error(to_val(CallError{CallError::Kind::bad_arguments, "the result: " + text.error().message}));
    };
    if (zone->peer) return ask(c, *zone->peer, *f, std::move(*args), to_text);
    return c.done(to_text(zone->call(*f, std::move(*args))));
}

Host call_json(HostCall& c, Holder& h) {
    if (h.host->options.json.arguments) return call(c, h, h.host->options.json);
    return c.done(Val::error(to_val(CallError{CallError::Kind::unknown_function, "this host has no JSON: use call-wave"})));
}
Host call_wave(HostCall& c, Holder& h) { return call(c, h, {wave_arguments, wave_result}); }

}  // namespace

void add_values(ComponentLinker& linker, const std::shared_ptr<CatalogueData>& host) {
    auto values = linker.interface(std::string(values_name));
    ValueType instance = ValueType::borrow(0);
    ValueType info = ValueType::record({{"name", text()}, {"signature", text()}});
    FunctionType call{false, {{"i", instance}, {"name", text()}, {"arguments", text()}}, ValueType::result(text(), call_error_type())};
    auto add = [&](const char* name, Host (*run)(HostCall&, Holder&), FunctionType type) {
        values.raw(name, [host, run](HostCall& c) { return run(c, Holder::of(c.store(), host)); }, std::move(type));
    };
    add("functions", functions, {false, {{"i", instance}}, ValueType::list(info)});
    add("call-json", call_json, call);
    add("call-wave", call_wave, call);
}

}  // namespace heddle::component::plugins::detail
