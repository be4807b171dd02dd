// The same host without a receiver and a sender: `host_messages kvcounter.wasm wasmbus_sender.wasm`. The contracts' types say how calls become messages.
#include <cstdio>
#include <fstream>
#include <iterator>

#include <heddle/component.hpp>
#include <heddle/messages.hpp>
#include <heddle/wasi.hpp>

namespace {

using heddle::wire::JsonStyle;

constexpr std::string_view request = R"({"method":"GET","path":"/","query_string":"","header":[["HOST","foobar"]],"body":[]})";

int fail(const std::string& why) { return std::fprintf(stderr, "%s\n", why.c_str()), 1; }

std::vector<heddle::u8> read(const char* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return fail("host_messages KVCOUNTER SENDER");
    heddle::Engine engine;
    heddle::Store store(engine);
    heddle::ComponentLinker imports(engine);
    if (auto added = heddle::wasi::add(imports, heddle::wasi::Context().inherit_stdio()); !added) return fail(added.error().to_string());
    auto application = heddle::Component::load(engine, read(argv[1])), bus = heddle::Component::load(engine, read(argv[2]));
    if (!application || !bus) return fail((application ? bus : application).error().to_string());

    auto sending = imports.instantiate(store, *bus);
    if (!sending) return fail(sending.error().to_string());
    auto send = heddle::wire::sender_of(*sending);  // or any function of yours that takes a message
    if (!send) return fail(send.error().to_string());
    JsonStyle style{.keys = JsonStyle::Keys::snake, .byte_numbers = true};
    heddle::wire::Contract keyvalue{.interface = "demo:kvcounter/keyvalue", .name = "KeyValue", .contract = "wasmcloud:keyvalue", .link = {}, .style = style};
    if (auto served = heddle::wire::send_messages(imports, *application, keyvalue, *send); !served) return fail(served.error().to_string());

    auto counter = imports.instantiate(store, *application);
    if (!counter) return fail(counter.error().to_string());
    auto receiver = heddle::wire::Receiver::of(*counter, {.interface = "demo:kvcounter/httpserver", .name = {}, .contract = {}, .link = {}, .style = style});
    if (!receiver) return fail(receiver.error().to_string());
    auto answer = receiver->receive({"HttpServer.HandleRequest", std::string(request)});
    if (!answer) return fail(answer.error().kind + ": " + answer.error().message);
    std::printf("body: %s\n", answer->c_str());
}
