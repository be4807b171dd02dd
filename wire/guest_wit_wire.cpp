// Kind `wit-wire`: a component with world metatype:wit-wire/wit-wire. JSON text crosses as strings; the component library does the rest.
#include "component_guest.hpp"

namespace heddle::wire {

namespace {

using component::Val;

constexpr const char* init_type =
    "func(args: record { metatype-version: string, expected-ops: list<record { op-name: string, mat-title: string, mat-hash: string, mat-data-json: string }> }) -> "
    "result<record { ok: bool }, variant { version-mismatch(string), unexpected-mat(record { op-name: string, mat-title: string, mat-hash: string, mat-data-json: "
    "string }), other(string) }>";
constexpr const char* handle_type =
    "func(req: record { op-name: string, in-json: string }) -> result<string, variant { no-handler, in-json-err(string), handler-err(string) }>";

Ended init_outcome(const Val& result) {
    if (result.case_index() == 0) return result.payload()->at(0).as<bool>() ? Ended() : Ended{Outcome::init_failed, "the guest's init says it is not ok"};
    const Val& error = *result.payload();
    const Val& payload = *error.payload();
    return init_error(error.case_index(), error.case_index() == 1 ? payload.at(0).as_string() : payload.as_string());
}

class WitWireGuest : public ComponentGuest {
public:
    using ComponentGuest::ComponentGuest;

private:
    void offer(ComponentLinker& linker) override;
    Task<Ended> do_start(const InitArgs& args) override;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    bool shares() const override { return handle_ && handle_->type().async; }
    Ended do_begin(const MaterializerConfig& op, std::string_view json, std::optional<ComponentCall>& call) override;
    Ended do_finish(const MaterializerConfig& op, std::optional<Val> result) override;
    Ended find(std::string_view name, std::string_view type, std::optional<ComponentFunc>& to) const;

    std::optional<ComponentFunc> handle_;
};

void WitWireGuest::offer(ComponentLinker& linker) {
    offer_hostcall(linker);
}

Ended WitWireGuest::find(std::string_view name, std::string_view type, std::optional<ComponentFunc>& to) const {
    to = instance().find_func("metatype:wit-wire/mat-wire." + std::string(name));
    if (!to) return {Outcome::init_failed, artifact().label + ": kind `wit-wire` needs the export `metatype:wit-wire/mat-wire` with `" + std::string(name) + "`"};
    std::string has = to_string(to->type());  // the parameter's name is the guest's own business, and so is being async
    if (has.substr(has.find(": ")) != type.substr(type.find(": ")))
        return {Outcome::init_failed, artifact().label + ": `" + std::string(name) + "` has the type\n  " + has + "\nand must have\n  " + std::string(type)};
    return {};
}

Task<Ended> WitWireGuest::do_start(const InitArgs& args) {
    std::optional<ComponentFunc> init;
    Ended ended = instantiate();
    if (ended.ok()) ended = find("init", init_type, init);
    if (ended.ok()) ended = find("handle", handle_type, handle_);
    if (!ended.ok()) co_return ended;
    std::vector<Val> ops, values;
    for (const MaterializerConfig* m : args.ops) ops.push_back(Val::record({Val::string(m->op), Val::string(m->title), Val::string(m->hash), Val::string(m->data_json)}));
    values.push_back(Val::record({Val::string(protocol_version), Val::list(std::move(ops))}));
    std::optional<Val> result;
    Task<Ended> calling = call(*init, std::move(values), result);
    ended = co_await calling;
    co_return ended.ok() ? init_outcome(*result) : std::move(ended);
}

std::vector<Val> request(const MaterializerConfig& op, std::string_view json) {
    std::vector<Val> values;
    values.push_back(Val::record({Val::string(op.op), Val::string(std::string(json))}));
    return values;
}

Task<Ended> WitWireGuest::do_handle(const MaterializerConfig& op, std::string_view json) {
    std::optional<Val> result;
    Task<Ended> calling = call(*handle_, request(op, json), result);
    Ended called = co_await calling;
    co_return called.ok() ? do_finish(op, std::move(result)) : std::move(called);
}

Ended WitWireGuest::do_begin(const MaterializerConfig& op, std::string_view json, std::optional<ComponentCall>& call) {
    return begin_call(*handle_, request(op, json), call);
}

Ended WitWireGuest::do_finish(const MaterializerConfig& op, std::optional<Val> result) {
    if (result->case_index() == 0) return {Outcome::ok, result->payload()->as_string()};
    return handle_error(op, *result->payload());
}

}  // namespace

std::unique_ptr<Guest> make_wit_wire_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    return std::make_unique<WitWireGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
