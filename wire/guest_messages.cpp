// Kind `messages`: any component; what it exports is called by messages, and the answers are bytes.
#include <nlohmann/json.hpp>

#include "component_guest.hpp"
#include "messages.hpp"
#include "values.hpp"

namespace heddle::wire {

namespace {

class MessagesGuest : public ComponentGuest {
public:
    using ComponentGuest::ComponentGuest;

private:
    Task<Ended> do_start(const InitArgs& args) override;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    Ended outcome(const Method& method, const std::optional<component::Val>& result);
    std::map<std::string, Methods> methods_;  // by the interface
};

Task<Ended> MessagesGuest::do_start(const InitArgs& args) {
    Ended made = instantiate();
    if (!made.ok()) co_return made;
    try {
        auto exports = instance().exports();
        for (const MaterializerConfig* m : args.ops)
            methods_.try_emplace(m->export_name, exports, Contract{.interface = m->export_name, .name = config().messages_name, .style = config().messages_style});
    } catch (const Error& e) {
        made = {Outcome::init_failed, artifact().label + ": " + e.message};
    }
    co_return made;
}

// {"method", "arg"}; or what `receive(msg)` or `send(msg, contract-name, link-name)` takes.
std::expected<Message, std::string> read_message(std::string_view text) {
    using component::ValueType;
    static const ValueType string = ValueType::primitive(ValueType::Kind::string), bytes = ValueType::list(ValueType::primitive(ValueType::Kind::u8));
    static const ValueType message = ValueType::record({{"method", string}, {"arg", bytes}});
    static const ValueType sent = ValueType::record({{"msg", message}, {"contract-name", ValueType::option(string)}, {"link-name", ValueType::option(string)}});
    Json json = parse_scanned(text);
    bool wrapped = json.is_object() && json.contains("msg");
    auto value = to_value(json, wrapped ? sent : message);
    if (!value) return std::unexpected(std::move(value.error()));
    component::Val fields = wrapped ? value->at(0) : std::move(*value);
    auto arg = component::As<std::vector<u8>>::from(fields.at(1));
    return Message{fields.at(0).as_string(), {arg.begin(), arg.end()}};
}

// What the function says about its error is {"deser": "…"}.
Ended failed(const RpcError& e) {
    Ended ended{e.kind == "ser" ? Outcome::invalid_output : Outcome::handler_err, e.message.empty() ? e.kind : e.message};
    ended.cause = "{" + json_string(e.kind) + ":" + json_string(e.message) + "}";
    return ended;
}

Ended MessagesGuest::outcome(const Method& method, const std::optional<component::Val>& result) {
    Answer answer = answer_of(result, method.type, config().messages_style);
    if (!answer) return failed(answer.error());
    return {Outcome::ok, "\"" + base64({reinterpret_cast<const u8*>(answer->data()), answer->size()}) + "\""};
}

Task<Ended> MessagesGuest::do_handle(const MaterializerConfig& op, std::string_view json) {
    auto message = read_message(json);
    if (!message) co_return Ended{Outcome::in_json_err, message.error()};
    const Methods& methods = methods_.at(op.export_name);
    const Method* method = methods.find(message->method);
    if (!method) co_return Ended{Outcome::no_handler, methods.not_handled(message->method).message};
    auto args = read_argument(message->arg, method->type, config().limits.json);
    if (!args) co_return Ended{Outcome::in_json_err, message->method + ": " + args.error()};
    std::optional<component::Val> result;
    Task<Ended> calling = call(*instance().find_func(method->path), std::move(*args), result);
    Ended called = co_await calling;
    co_return called.ok() ? outcome(*method, result) : std::move(called);
}

}  // namespace

std::unique_ptr<Guest> make_messages_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    return std::make_unique<MessagesGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
