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
    Task<Ended> do_start(const InitArgs& args) override;
    Ended check(const InitArgs& args) const;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    Host call_exposed(HostCall& call, const OpShape& op);
    const AppData& app() const { return *scope().tree.app; }
    std::string path_of(const OpShape& op) const { return wit_package(app().manifest) + "/handlers." + op.name; }
};

void WitGuest::offer(ComponentLinker& linker) {
    offer_hostcall(linker);
    auto exposed = linker.interface(wit_package(app().manifest) + "/exposed");
    for (const OpShape& op : app().shapes->ops())
        if (op.config->guest->artifact != config().artifact)
            exposed.raw(op.name, [this, &op](HostCall& call) { return call_exposed(call, op); }, op.exposed());
}

// Another materializer as a typed function: the host call `call`, with its grants and limits.
Host WitGuest::call_exposed(HostCall& call, const OpShape& op) {
    auto failed = [](std::string code, std::string message) { return std::optional(Val::error(Val::record({Val::string(std::move(code)), Val::string(std::move(message))}))); };
    auto input = app().shapes->to_json(op.input, call.args()[0]);
    if (!input) return call.done(std::move(*failed("bad_args", input.error())));
    return ask(call, "call", to_text({{"op", op.config->op}, {"in", std::move(*input)}}), [this, failed, &op](HostAnswer answer) {
        if (!answer) {
            Json error = parse_scanned(answer.error());
            return failed(error["code"].get<std::string>(), error["message"].get<std::string>());
        }
        auto value = app().shapes->to_value(op.output, parse_scanned(*answer));
        return value ? std::optional(Val::ok(std::move(*value))) : failed("unexpected_err", value.error());
    });
}

Task<Ended> WitGuest::do_start(const InitArgs& args) {
    Ended made = instantiate();
    co_return made.ok() ? check(args) : std::move(made);
}

Ended WitGuest::check(const InitArgs& args) const {
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

Task<Ended> WitGuest::do_handle(const MaterializerConfig& m, std::string_view json) {
    const OpShape& op = *app().shapes->find(m.op);
    auto f = instance().find_func(path_of(op));
    auto input = app().shapes->to_value(op.input, parse_scanned(json));
    if (!input) co_return Ended{Outcome::in_json_err, "<value>: " + input.error()};
    std::vector<Val> args;
    args.push_back(std::move(*input));
    std::optional<Val> result;
    Task<Ended> calling = call(*f, std::move(args), result);
    Ended called = co_await calling;
    if (!called.ok()) co_return called;
    if (result->case_index() == 1) co_return handle_error(m, *result->payload());
    auto output = app().shapes->to_json(op.output, *result->payload());
    co_return output ? Ended{Outcome::ok, to_text(*output)} : Ended{Outcome::invalid_output, output.error()};
}

}  // namespace

std::unique_ptr<Guest> make_wit_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    return std::make_unique<WitGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
