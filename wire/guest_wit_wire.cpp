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

class WitWireGuest : public ComponentGuest {
public:
    using ComponentGuest::ComponentGuest;

private:
    void offer(ComponentLinker& linker) override;
    Ended do_start(const InitArgs& args) override;
    Ended do_handle(const MaterializerConfig& op, std::string_view json) override;
    bool shares() const override { return handle_ && handle_->type().async; }
    Ended do_begin(const MaterializerConfig& op, std::string_view json, std::optional<ComponentCall>& call) override;
    Ended do_finish(const MaterializerConfig& op, std::optional<Val> result) override;
    Ended find(std::string_view name, std::string_view type, std::optional<ComponentFunc>& to) const;

    std::optional<ComponentFunc> handle_;
};

void WitWireGuest::offer(ComponentLinker& linker) {
    linker.interface("metatype:wit-wire/typegate-wire")
        .func("hostcall", [this](std::string op, std::string json) -> std::expected<std::string, std::string> { return hostcall(op, json); });
}

Ended WitWireGuest::find(std::string_view name, std::string_view type, std::optional<ComponentFunc>& to) const {
    to = instance().find_func("metatype:wit-wire/mat-wire." + std::string(name));
    if (!to) return {Outcome::init_failed, artifact().label + ": kind `wit-wire` needs the export `metatype:wit-wire/mat-wire` with `" + std::string(name) + "`"};
    std::string has = to_string(to->type());  // the parameter's name is the guest's own business, and so is being async
    if (has.substr(has.find(": ")) != type.substr(type.find(": ")))
        return {Outcome::init_failed, artifact().label + ": `" + std::string(name) + "` has the type\n  " + has + "\nand must have\n  " + std::string(type)};
    return {};
}

Ended WitWireGuest::do_start(const InitArgs& args) {
    if (Ended made = instantiate(); !made.ok()) return made;
    std::optional<ComponentFunc> init;
    if (Ended found = find("init", init_type, init); !found.ok()) return found;
    if (Ended found = find("handle", handle_type, handle_); !found.ok()) return found;
    std::vector<Val> ops;
    for (const MaterializerConfig* m : args.ops) ops.push_back(Val::record({Val::string(m->op), Val::string(m->title), Val::string(m->hash), Val::string(m->data_json)}));
    std::vector<Val> values;
    values.push_back(Val::record({Val::string(protocol_version), Val::list(std::move(ops))}));
    std::optional<Val> result;
    if (Ended called = call(*init, std::move(values), result); !called.ok()) return called;
    if (result->case_index() == 0) {
        if (!result->payload()->at(0).as<bool>()) return {Outcome::init_failed, "the guest's init says it is not ok"};
        return {};
    }
    const Val& error = *result->payload();
    const Val& payload = *error.payload();
    return init_error(error.case_index(), error.case_index() == 1 ? payload.at(0).as_string() : payload.as_string());
}

std::vector<Val> request(const MaterializerConfig& op, std::string_view json) {
    std::vector<Val> values;
    values.push_back(Val::record({Val::string(op.op), Val::string(std::string(json))}));
    return values;
}

Ended WitWireGuest::do_handle(const MaterializerConfig& op, std::string_view json) {
    std::optional<Val> result;
    if (Ended called = call(*handle_, request(op, json), result); !called.ok()) return called;
    return do_finish(op, std::move(result));
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
