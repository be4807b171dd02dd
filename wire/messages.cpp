// The contract of messages: method names, arguments, answers, errors; served imports and the Receiver.
#include "messages.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include <heddle/wire.hpp>

#include "near.hpp"
#include "values.hpp"

namespace heddle::wire {

using component::ExternInfo;
using component::FunctionType;
using component::ValueType;
using K = ValueType::Kind;

namespace {

[[noreturn]] void unlinkable(std::string message) { throw Error{Error::Kind::unlinkable, std::move(message)}; }

// The cases of rpc-error.
constexpr std::string_view rpc_errors[] = {"deadline-exceeded", "not-initialized", "method-not-handled", "not-implemented",   "host-error",    "deser",         "ser",
                                           "rpc",               "nats",            "invalid-parameter",  "actor-handler",     "provider-init", "timeout",       "other"};
bool is_rpc_error(std::string_view name) { return std::ranges::find(rpc_errors, name) != std::end(rpc_errors); }
bool is_text(const std::optional<ValueType>& t) { return t && t->kind() == K::string; }

// "http-request" and "httpRequest" as HttpRequest.
std::string pascal(std::string_view name) {
    std::string text = key_name(name, JsonStyle::Keys::camel);
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = char(text[0] - 32);
    return text;
}

// "store" of "demo:app/store@1.0.0".
std::string_view last_part(std::string_view interface) {
    interface = interface.substr(0, interface.find('@'));
    return interface.substr(interface.find_last_of("/:") + 1);
}

bool takes_a_record(const FunctionType& t) { return t.params.size() == 1 && t.params[0].type.kind() == K::record; }

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> all;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = std::min(text.size(), text.find(' ', at));
        all.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return all;
}

const ValueType* error_type(const FunctionType& t) {
    bool may_fail = t.result && t.result->kind() == K::result;
    return may_fail && t.result->members()[1].type ? &*t.result->members()[1].type : nullptr;
}

}  // namespace

// ---- names --------------------------------------------------------------------------------------------------------------------------------

Contract completed(Contract c) {
    if (c.name.empty()) c.name = pascal(last_part(c.interface));
    if (c.contract.empty()) c.contract = c.interface;
    return c;
}

std::string method_name(const Contract& c, std::string_view function) { return (c.name.empty() ? pascal(last_part(c.interface)) : c.name) + "." + pascal(function); }

bool names(std::string_view wanted, std::string_view extern_name) { return wanted == extern_name || wanted == extern_name.substr(0, extern_name.find('@')); }

const ExternInfo& find_contract(const std::vector<ExternInfo>& all, const Contract& c, const char* imports_or_exports) {
    std::vector<std::string> there;
    for (const ExternInfo& e : all) {
        if (e.kind != ExternInfo::Kind::instance) continue;
        there.push_back(c.interface.find('@') == c.interface.npos ? e.name.substr(0, e.name.find('@')) : e.name);
        if (!names(c.interface, e.name)) continue;
        for (const ExternInfo& f : e.exports)
            if (auto without = f.kind == ExternInfo::Kind::func ? without_json(f.func) : std::nullopt) unlinkable(e.name + "." + f.name + ": " + *without);
        return e;
    }
    unlinkable(std::string("it ") + imports_or_exports + " no interface `" + c.interface + "`" + suggestion(c.interface, there));
}

Methods::Methods(const std::vector<ExternInfo>& exports, const Contract& contract) {
    if (!contract.interface.empty()) add(find_contract(exports, contract, "exports"), contract);
    for (const ExternInfo& e : exports) {
        if (!contract.interface.empty() || e.kind != ExternInfo::Kind::instance) continue;
        Contract each = contract;
        each.interface = e.name;
        add(find_contract(exports, each, "exports"), each);
    }
    if (by_name_.empty()) unlinkable("it exports no function of an interface");
}

void Methods::add(const ExternInfo& interface, const Contract& contract) {
    for (const ExternInfo& f : interface.exports) {
        if (f.kind != ExternInfo::Kind::func) continue;
        std::string name = method_name(contract, f.name);
        auto [at, is_new] = by_name_.emplace(name, Method{interface.name + "." + f.name, f.func});
        if (!is_new) unlinkable("two functions are the method " + name + ": " + at->second.path + " and " + interface.name + "." + f.name);
    }
}

const Method* Methods::find(std::string_view name) const {
    if (auto exact = by_name_.find(name); exact != by_name_.end()) return &exact->second;
    std::string plain = plain_name(name);
    const Method* found = nullptr;
    for (const auto& [each, method] : by_name_) {
        if (plain_name(each) != plain) continue;
        if (found) return nullptr;
        found = &method;
    }
    return found;
}

RpcError Methods::not_handled(std::string_view name) const {
    std::vector<std::string> there;
    for (const auto& [each, ignored] : by_name_) there.push_back(each);
    return {"method-not-handled", "no method is called `" + std::string(name.substr(0, 100)) + "`" + suggestion(name, there)};
}

// ---- arguments and answers ------------------------------------------------------------------------------------------------------------------

std::expected<std::string, std::string> argument_text(std::span<const Val> args, const FunctionType& type, const JsonStyle& style) {
    if (takes_a_record(type)) return to_text(args[0], type.params[0].type, style);
    return to_text(Val::record({args.begin(), args.end()}), parameters(type), style);
}

std::expected<std::vector<Val>, std::string> read_argument(std::string_view arg, const FunctionType& type, const JsonLimits& limits) {
    bool nothing = arg.empty() && type.params.empty();
    if (auto fault = nothing ? std::nullopt : scan_json(arg, limits)) return std::unexpected("the argument is no JSON: " + fault->message);
    Json json = nothing ? Json() : parse_scanned(arg);
    if (type.params.empty() && json.is_null()) return std::vector<Val>();
    bool whole = takes_a_record(type);
    auto value = to_value(json, whole ? type.params[0].type : parameters(type), "<argument>");
    if (!value) return std::unexpected(std::move(value.error()));
    if (whole) return std::vector<Val>{std::move(*value)};
    auto fields = value->items();
    return std::vector<Val>(fields.begin(), fields.end());
}

namespace {

// A case of rpc-error that says a text or nothing is that; whatever else a function's error is, is said as JSON.
RpcError rpc_error_of(const Val& error, const ValueType& type, const JsonStyle& style) {
    if (type.kind() == K::string) return {"actor-handler", error.as_string()};
    if (type.is_variant()) {
        const ValueType::Member& m = type.members()[error.case_index()];
        if (is_rpc_error(m.name) && (!m.type || is_text(m.type))) return {m.name, error.payload() ? error.payload()->as_string() : std::string()};
    }
    auto json = to_text(error, type, style);
    return json ? RpcError{"actor-handler", std::move(*json)} : RpcError{"ser", json.error()};
}

// {"deser": "…"}, or "not-implemented": an rpc-error that was said as JSON.
std::optional<RpcError> read_rpc_error(const Json& json) {
    if (json.is_string() && is_rpc_error(json.get<std::string>())) return RpcError{json.get<std::string>(), {}};
    if (!json.is_object() || json.size() != 1 || !is_rpc_error(json.begin().key()) || !json.begin()->is_string()) return std::nullopt;
    return RpcError{json.begin().key(), json.begin()->get<std::string>()};
}

// The way back of what rpc_error_of() says as JSON.
std::optional<Val> read_error(const ValueType& type, const RpcError& e) {
    if (e.kind != "actor-handler" || type.kind() == K::string || scan_json(e.message)) return std::nullopt;
    auto value = to_value(parse_scanned(e.message), type);
    if (!value || (type.kind() == K::variant && is_rpc_error(type.members()[value->case_index()].name) && is_text(type.members()[value->case_index()].type))) return std::nullopt;
    return std::move(*value);
}

}  // namespace

std::optional<Val> error_value(const ValueType& type, std::string_view kinds, const std::string& message) {
    if (type.kind() == K::string) return Val::string(message);
    if (type.kind() != K::variant && type.kind() != K::enum_) return std::nullopt;
    auto members = type.members();
    auto all = words(kinds);
    all.insert(all.end(), {"host-error", "other"});
    for (std::string_view name : all)
        for (u32 i = 0; i < members.size(); ++i)
            if (members[i].name == name && (!members[i].type || is_text(members[i].type))) return members[i].type ? Val::variant(i, Val::string(message)) : Val::variant(i);
    return std::nullopt;
}

Answer answer_of(const std::optional<Val>& result, const FunctionType& type, const JsonStyle& style) {
    if (!result) return "null";
    bool may_fail = type.result->kind() == K::result;
    if (may_fail && result->case_index() == 1) {
        const ValueType* error = error_type(type);
        return std::unexpected(error ? rpc_error_of(*result->payload(), *error, style) : RpcError{"actor-handler", "the function failed"});
    }
    const Val* value = may_fail ? result->payload() : &*result;
    if (!value) return "null";
    auto text = to_text(*value, may_fail ? *type.result->members()[0].type : *type.result, style);
    if (!text) return std::unexpected(RpcError{"ser", std::move(text.error())});
    return std::move(*text);
}

namespace {

// Bytes that are no UTF-8 become U+FFFD.
std::string as_text(const std::string& message) { return parse_scanned(json_string(message)).get<std::string>(); }

std::expected<std::optional<Val>, std::string> failed(const RpcError& e, const FunctionType& type) {
    if (type.result && type.result->kind() == K::result && !type.result->members()[1].type) return Val::error();
    const ValueType* error = error_type(type);
    auto value = error ? read_error(*error, e) : std::nullopt;
    if (error && !value) value = error_value(*error, e.kind, as_text(e.message));
    if (value) return Val::error(std::move(*value));
    return std::unexpected(e.message.empty() ? e.kind : e.message);
}

}  // namespace

std::expected<std::optional<Val>, std::string> failed_call(const std::string& hostcall_error, const FunctionType& type) {
    Json error = parse_scanned(hostcall_error);
    std::string code = error["code"].get<std::string>(), message = error["message"].get<std::string>();
    Json reply = error.value("cause", Json()), said = reply.is_object() ? reply.value("cause", Json()) : Json();
    if (auto rpc = read_rpc_error(said)) return failed(*rpc, type);
    if (const ValueType* own = said.is_null() ? nullptr : error_type(type))
        if (auto value = to_value(said, *own)) return Val::error(std::move(*value));
    auto outcome = reply.is_object() && reply.contains("code") && reply["code"].is_string() ? outcome_of(reply["code"].get<std::string>()) : std::nullopt;
    for (std::size_t i = std::size_t(Outcome::failed); !outcome && i > 0; --i)
        if (code == hostcall_code_of(Outcome(i))) outcome = Outcome(i);
    return failed({rpc_errors_of(outcome.value_or(Outcome::failed)), std::move(message)}, type);
}

std::expected<std::optional<Val>, std::string> result_of(const Answer& answer, const FunctionType& type) {
    if (!answer) return failed(answer.error(), type);
    bool gives = type.result && (type.result->kind() != K::result || type.result->members()[0].type);
    if (!gives) return to_result(Json(), type);
    if (auto fault = scan_json(*answer)) return failed({"deser", "the answer is no JSON: " + fault->message}, type);
    auto value = to_result(parse_scanned(*answer), type);
    return value ? std::move(value) : failed({"deser", "the answer is not of the function's type: " + value.error()}, type);
}

// ---- the public functions ---------------------------------------------------------------------------------------------------------------------

namespace {

Host send_call(component::HostCall& call, const std::string& method, const Contract& contract, const Send& send) {
    FunctionType type = call.type();
    auto arg = argument_text(call.args(), type, contract.style);
    Answer answer = arg ? send({method, std::move(*arg)}, contract) : std::unexpected(RpcError{"ser", std::move(arg.error())});
    auto result = result_of(answer, type);
    if (!result) return call.fail(call.name() + ", sent as " + method + ": " + result.error());
    return *result ? call.done(std::move(**result)) : call.done();
}

// Of a function that takes a message, the names of its contract and its link.
bool is_send(const ExternInfo& f) {
    if (f.kind != ExternInfo::Kind::func || f.name != "send") return false;
    const FunctionType& t = f.func;
    ValueType text = ValueType::primitive(K::string), bytes = ValueType::list(ValueType::primitive(K::u8));
    if (t.params.size() != 3 || t.params[0].type.kind() != K::record || t.params[0].type.members().size() != 2 || !t.result || t.result->kind() != K::result) return false;
    auto message = t.params[0].type.members();
    return *message[0].type == text && *message[1].type == bytes && t.params[1].type == text && t.params[2].type == ValueType::option(text) &&
           t.result->members()[0].type == bytes;
}

std::optional<ComponentFunc> find_send(const ComponentInstance& instance) {
    for (const ExternInfo& e : instance.exports()) {
        if (is_send(e)) return instance.find_func(e.name);
        if (e.kind != ExternInfo::Kind::instance) continue;
        for (const ExternInfo& f : e.exports)
            if (is_send(f)) return instance.find_func(e.name + "." + f.name);
    }
    return std::nullopt;
}

Answer send_to(const ComponentFunc& f, const Message& m, const Contract& c) {
    Val bytes = component::As<std::vector<u8>>::to({m.arg.begin(), m.arg.end()});
    Val message = Val::record({Val::string(m.method), std::move(bytes)});
    auto called = f.call({std::move(message), Val::string(c.contract), c.link ? Val::some(Val::string(*c.link)) : Val::none()});
    if (!called) return std::unexpected(RpcError{"host-error", called.error().message});
    const Val& result = **called;
    FunctionType type = f.type();
    if (result.case_index() == 1) return answer_of(result, type, {});
    auto answer = component::As<std::vector<u8>>::from(*result.payload());
    return std::string(answer.begin(), answer.end());
}

}  // namespace

Result<void> send_messages(ComponentLinker& linker, const Component& component, Contract contract, Send send) {
    try {
        auto imports = component.imports();
        const ExternInfo& interface = find_contract(imports, contract, "imports");
        auto shared = std::make_shared<const std::pair<Contract, Send>>(completed(std::move(contract)), std::move(send));
        for (const ExternInfo& f : interface.exports)
            if (f.kind == ExternInfo::Kind::func)
                linker.interface(interface.name).raw(f.name, [shared, method = method_name(shared->first, f.name)](component::HostCall& call) {
                    return send_call(call, method, shared->first, shared->second);
                });
    } catch (const Error& e) {
        return std::unexpected(e);
    }
    return {};
}

Result<Send> sender_of(const ComponentInstance& instance) {
    auto f = find_send(instance);
    if (!f) return std::unexpected(Error{Error::Kind::unlinkable, "it exports no function send(msg: record { method: string, arg: list<u8> }, contract-name: string, link-name: option<string>) -> result<list<u8>, …>"});
    return [f = std::move(*f)](const Message& m, const Contract& c) { return send_to(f, m, c); };
}

struct Receiver::Data {
    ComponentInstance instance;
    JsonStyle style;
    Methods methods;
};

Result<Receiver> Receiver::of(const ComponentInstance& instance, const Contract& contract) {
    try {
        return Receiver(std::make_shared<const Data>(Data{instance, contract.style, Methods(instance.exports(), contract)}));
    } catch (const Error& e) {
        return std::unexpected(e);
    }
}

Answer Receiver::receive(const Message& message) const {
    const Method* m = data_->methods.find(message.method);
    if (!m) return std::unexpected(data_->methods.not_handled(message.method));
    auto args = read_argument(message.arg, m->type);
    if (!args) return std::unexpected(RpcError{"deser", std::move(args.error())});
    auto called = data_->instance.find_func(m->path)->call(std::move(*args));
    if (!called) return std::unexpected(RpcError{"host-error", called.error().message});
    return answer_of(*called, m->type, data_->style);
}

}  // namespace heddle::wire
