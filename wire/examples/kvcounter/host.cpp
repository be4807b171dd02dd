// The host of kvcounter in C++: one request through a composed component, `host composed.wasm`, or through several that are linked now,
// `host wasmbus_sender.wasm sender.wasm kvcounter.wasm receiver.wasm`.
#include <cstdio>
#include <fstream>
#include <iterator>

#include <heddle/component.hpp>
#include <heddle/wasi.hpp>

struct Message {
    std::string method;
    std::vector<heddle::u8> arg;
};
template <>
struct heddle::component::Fields<Message> {
    static constexpr auto list = std::tuple(std::pair("method", &Message::method), std::pair("arg", &Message::arg));
};

namespace {

constexpr std::string_view request = R"({"method":"GET","path":"/","query_string":"","header":[["HOST","foobar"]],"body":[]})";

int fail(const std::string& why) { return std::fprintf(stderr, "%s\n", why.c_str()), 1; }

std::vector<heddle::u8> read(const char* path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

int main(int argc, char** argv) {
    heddle::Engine engine;
    heddle::Store store(engine);
    heddle::ComponentLinker imports(engine);
    if (auto added = heddle::wasi::add(imports, heddle::wasi::Context().inherit_stdio()); !added) return fail(added.error().to_string());
    std::optional<heddle::ComponentInstance> last;
    for (int i = 1; i < argc; ++i) {
        auto component = heddle::Component::load(engine, read(argv[i]));
        if (!component) return fail(argv[i] + (": " + component.error().to_string()));
        auto instance = imports.instantiate(store, *component);
        if (!instance) return fail(argv[i] + (": " + instance.error().to_string()));
        imports.exports_of(*instance);
        last = *instance;
    }
    if (!last) return fail("host COMPONENT…");
    // The error is whatever variant it is: what is called here is checked by its parameters and its result's payload.
    auto receive = last->func<heddle::component::Val(Message)>("demo:kvcounter/wasmbus-receiver.receive");
    if (!receive) return fail(receive.error().to_string());
    auto answer = (*receive)({"HttpServer.HandleRequest", {request.begin(), request.end()}});
    if (!answer) return fail(answer.error().to_string());
    if (answer->case_index() != 0) return fail("the application says no: " + to_string(*answer));
    auto body = heddle::component::As<std::vector<heddle::u8>>::from(*answer->payload());
    std::printf("body: %s\n", std::string(body.begin(), body.end()).c_str());
}
