// Kind `wit`: a component built against the WIT of the app's types. JSON becomes typed values at this edge; the guest sees none of it.
#include <nlohmann/json.hpp>

#include "app.hpp"
#include "component_guest.hpp"

namespace heddle::wire {

namespace {

using component::HostCall;
using component::Val;

class WitGuest : public ComponentGuest {
public:
    using ComponentGuest::ComponentGuest;

private:
    void offer(ComponentLinker& linker) override;
    Ended do_start(const InitArgs& args) override;
    Ended do_handle(const MaterializerConfig& op, std::string_view json) override;
    Host call_exposed(HostCall& call, const OpShape& op);
    const AppData& app() const { return *scope().tree.app; }
    std::string path_of(const OpShape& op) const { return wit_package(app().manifest) + "/handlers." + op.name; }
};

void WitGuest::offer(ComponentLinker& linker) {
    linker.interface("metatype:wit-wire/typegate-wire")
        .func("hostcall", [this](std::string op, std::string json) -> std::expected<std::string, std::string> { return hostcall(op, json); });
    auto exposed = linker.interface(wit_package(app().manifest) + "/exposed");
    for (const OpShape& op : app().shapes->ops())
        if (op.config->guest->artifact != config().artifact)
            exposed.raw(op.name, [this, &op](HostCall& call) { return call_exposed(call, op); }, op.exposed());
}

// Another materializer as a typed function: the host call `call`, with its grants and limits.
Host WitGuest::call_exposed(HostCall& call, const OpShape& op) {
    auto failed = [&](std::string code, std::string message) {
        return call.done(Val::error(Val::record({Val::string(std::move(code)), Val::string(std::move(message))})));
    };
    auto input = app().shapes->to_json(op.input, call.args()[0]);
    if (!input) return failed("bad_args", input.error());
    auto answer = hostcall("call", to_text({{"op", op.config->op}, {"in", std::move(*input)}}));
    if (!answer) {
        Json error = parse_scanned(answer.error());
        return failed(error["code"].get<std::string>(), error["message"].get<std::string>());
    }
    auto value = app().shapes->to_value(op.output, parse_scanned(*answer));
    return value ? call.done(Val::ok(std::move(*value))) : failed("unexpected_err", value.error());
}

Ended WitGuest::do_start(const InitArgs& args) {
    if (Ended made = instantiate(); !made.ok()) return made;
    for (const MaterializerConfig* m : args.ops) {
        const OpShape& op = *app().shapes->find(m->op);
        auto f = instance().find_func(path_of(op));
        if (!f) return {Outcome::init_failed, artifact().label + ": kind `wit` needs the export `" + path_of(op) + "`; `heddle gen wit` prints the world"};
        component::FunctionType has = f->type(), wanted = op.handler();
        has.async = false;
        if (!same_shape(has, wanted))
            return {Outcome::init_failed, artifact().label + ": `" + op.name + "` has the type\n  " + to_string(has) + "\nand by the app's types it has\n  " + to_string(wanted)};
    }
    return {};
}

Ended WitGuest::do_handle(const MaterializerConfig& m, std::string_view json) {
    const OpShape& op = *app().shapes->find(m.op);
    auto f = instance().find_func(path_of(op));
    std::vector<Val> args;
    auto input = app().shapes->to_value(op.input, parse_scanned(json));
    if (!input) return {Outcome::in_json_err, "<value>: " + input.error()};
    args.push_back(std::move(*input));
    std::optional<Val> result;
    if (Ended called = call(*f, std::move(args), result); !called.ok()) return called;
    if (result->case_index() == 0) {
        auto output = app().shapes->to_json(op.output, *result->payload());
        return output ? Ended{Outcome::ok, to_text(*output)} : Ended{Outcome::invalid_output, output.error()};
    }
    return handle_error(m, *result->payload());
}

}  // namespace

std::unique_ptr<Guest> make_wit_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    return std::make_unique<WitGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
