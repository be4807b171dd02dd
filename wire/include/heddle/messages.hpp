// Typed interfaces as messages: a call becomes {method, arg}, and a message becomes a call; for any interface whose types JSON can carry.
//
//   ComponentLinker imports(engine);
//   wire::Contract keyvalue{.interface = "demo:kvcounter/keyvalue", .name = "KeyValue", .contract = "wasmcloud:keyvalue"};
//   auto ok = wire::send_messages(imports, *component, keyvalue, [](const wire::Message& m, const wire::Contract&) -> wire::Answer {
//       return m.method == "KeyValue.Increment" ? wire::Answer("42") : std::unexpected(wire::RpcError{"method-not-handled", m.method});
//   });
//   auto instance = imports.instantiate(store, *component);
//   auto receiver = wire::Receiver::of(*instance, {.interface = "demo:kvcounter/httpserver"});
//   auto answer = receiver->receive({"HttpServer.HandleRequest", R"({"method": "GET", "path": "/"})"});  // expected<std::string, RpcError>
//
// A method is `Interface.Function`, both in PascalCase. Its argument is the JSON of its parameters by their names, or, where the only parameter is
// a record, of that; its answer is the JSON of the result.
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <heddle/component.hpp>

namespace heddle::wire {

// How values are written. Read are all of these ways.
struct JsonStyle {
    enum class Keys : u8 { kebab, snake, camel };  // of record fields and parameters: user-name (as in WIT), user_name, userName
    Keys keys = Keys::kebab;
    bool byte_numbers = false;                     // a list<u8> is an array of numbers, not base64
};

struct Message {
    std::string method, arg;                       // arg: bytes, JSON text
};

// A case of rpc-error, "deser", and what it says.
struct RpcError {
    std::string kind, message;
};
using Answer = std::expected<std::string, RpcError>;  // bytes, JSON text

// An interface, and how it is called in messages.
struct Contract {
    std::string interface = {};                    // "demo:kvcounter/keyvalue", with or without a version
    std::string name = {};                         // in methods; empty: the interface's in PascalCase
    std::string contract = {};                     // what senders are told; empty: `interface`
    std::optional<std::string> link = {};
    JsonStyle style = {};
};

// Gives a message to whoever is to have it. Called on the guest's thread, in the middle of its call.
using Send = std::function<Answer(const Message& message, const Contract& contract)>;

// Serves an interface that `component` imports: each call of it is sent. An error becomes a value of the function's own error type: the case of that
// name, or one that says less (host-error, other), or a text; a function without one traps. Errors: unlinkable (no such import, or one of its
// functions takes or gives what JSON has no form for: which, and where).
Result<void> send_messages(ComponentLinker& linker, const Component& component, Contract contract, Send send);

// The function `send: func(msg: message, contract-name: string, link-name: option<string>) -> result<list<u8>, E>` that an instance exports, wherever.
// The instance may be of the Store whose guest sends; then it must answer without waiting. Errors: unlinkable (it exports none).
Result<Send> sender_of(const ComponentInstance& instance);

// Calls what an instance exports by messages.
class Receiver {
public:
    // Of one interface, or of all that the instance exports where `contract.interface` is empty. Errors: unlinkable, as of send_messages().
    static Result<Receiver> of(const ComponentInstance& instance, const Contract& contract = {});
    // Names are found as JSON's keys are: KeyValue.Increment, keyvalue.increment. Errors: method-not-handled, deser (the argument), ser (the result), what
    // the function itself says (as a case of rpc-error, else actor-handler with its JSON), and host-error when it traps.
    Answer receive(const Message& message) const;

private:
    struct Data;
    explicit Receiver(std::shared_ptr<const Data> d) : data_(std::move(d)) {}
    std::shared_ptr<const Data> data_;
};

}  // namespace heddle::wire
