// Host calls as a guest would make them: what is granted, what is refused, and in which words.
#include "hostcall.hpp"

#include <nlohmann/json.hpp>

#include <heddle/http.hpp>

#include "app.hpp"
#include "support/guests.hpp"

namespace heddle::wire::testing {
namespace {

struct Asking {
    TestApp app;
    CallTree tree;
    CallScope scope;
    explicit Asking(const std::string& grants)
        : app({{"a.wat", "(module (func (export \"a\")))"}}, "[materializers.a]\nartifact = \"a.wat\"\nkind = \"core\"\ngrants = { " + grants + " }\n"),
          scope{tree, nullptr, app.app->data().manifest.materializers[0], *app.app->data().manifest.materializers[0].guest, Clock::now() + std::chrono::seconds(20), 0, 0, 0, {}, false, {}} {
        tree.app = &app.app->data();
    }
    std::string ask(const std::string& op, const std::string& json) {
        auto begun = begin_hostcall(scope, op, json);
        if (auto* later = std::get_if<Task<HostAnswer>>(&begun)) begun = wait_here(tree, std::move(*later));
        auto& r = std::get<HostAnswer>(begun);
        if (r) return *r;
        Json error = parse_scanned(r.error());
        return error["code"].get<std::string>() + ": " + error["message"].get<std::string>();
    }
};

TEST(HttpFetch, asks_granted_hosts_alone) {
    auto server = http::Server::listen({}, [](http::ExchangePtr x) {
        x->read_all(1 << 20, [x](Result<std::string> body) {
            x->respond({x->request().path == "/bytes" ? u16(201) : u16(200), {{"x-a", "b"}}, x->request().path == "/bytes" ? std::string("\xff\0", 2) : x->request().method + *body});
        });
    });
    ASSERT_TRUE(server);
    std::string url = "http://" + server->address();
    Asking a("http = [\"" + url + "\"]");
    Json r = parse_scanned(a.ask("http.fetch", R"({"url":")" + url + R"(/x","method":"POST","body":"hi","headers":{"content-type":"text/plain"}})"));
    EXPECT_EQ(r["status"], 200);
    EXPECT_EQ(r["body"], "POSThi");
    EXPECT_NE(std::find(r["headers"].begin(), r["headers"].end(), Json::array({"x-a", "b"})), r["headers"].end()) << r;
    r = parse_scanned(a.ask("http.fetch", R"({"url":")" + url + "/bytes\"}"));
    EXPECT_EQ(r["status"], 201);
    EXPECT_EQ(r["bodyBase64"], "/wA=");
    EXPECT_EQ(a.ask("http.fetch", R"({"url":"http://127.0.0.1:1/"})"), "denied: `a`: no rule allows requests to http://127.0.0.1:1 (grants.http)");
    EXPECT_EQ(a.ask("http.fetch", R"({"url":"gopher:x"})"), "bad_args: `gopher:x` is no URL of scheme http or https");
    EXPECT_EQ(a.ask("http.fetch", R"({"url":")" + url + R"(","headers":{"a b":"c"}})"), "bad_args: the header `a b` is none");
    EXPECT_EQ(a.ask("http.fetch", R"({"url":")" + url + R"(","redirects":11})"), "bad_args: `redirects` must be from 0 to 10");
    EXPECT_EQ(Asking("log = true").ask("http.fetch", R"({"url":")" + url + "\"}"), "denied: `a` may not call `http.fetch` (grants.http)");
}

TEST(HttpFetch, ends_with_the_calls_deadline) {
    std::vector<http::ExchangePtr> kept;
    auto server = http::Server::listen({}, [&](http::ExchangePtr x) { kept.push_back(x); });
    std::string url = "http://" + server->address();
    Asking a("http = [\"" + url + "\"]");
    a.scope.deadline = Clock::now() + std::chrono::milliseconds(50);
    int waits = 0;
    a.tree.on_wait = [&](bool begins) { waits += begins ? 1 : 10; };
    EXPECT_EQ(a.ask("http.fetch", R"({"url":")" + url + "\"}").substr(0, 8), "timeout:");
    EXPECT_EQ(waits, 11);
}

}  // namespace
}  // namespace heddle::wire::testing
