// Requests of the host with whole bodies, against our own server.
#include <gtest/gtest.h>
#include <heddle/fetch.hpp>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;

struct Site {
    std::optional<Server> server;
    std::string url;
    Site() {
        auto made = Server::listen({}, [](ExchangePtr x) {
            std::string path = x->request().path;
            if (path == "/away") return x->respond({302, {{"location", "/echo?moved"}}, ""});
            if (path == "/elsewhere") return x->respond({307, {{"location", "http://example.invalid/"}}, ""});
            if (path == "/around") return x->respond({302, {{"location", "around"}}, ""});
            if (path == "/never") return x->on_gone([x] {});
            x->read_all(1 << 20, [x](Result<std::string> body) { x->respond({200, {}, x->request().method + " " + x->request().path + " " + body.value_or("?")}); });
        });
        server = std::move(*made);
        url = "http://" + server->address();
    }
    std::string get(Fetch f, const std::string& path) const {
        f.url = url + path;
        if (f.allowed.empty()) f.allowed = {url};
        auto r = fetch(f);
        return r ? std::to_string(r->status) + " " + r->body : r.error().message;
    }
};

TEST(Fetch, gives_the_whole_body) {
    Site site;
    EXPECT_EQ(site.get({}, "/echo?a=b#c"), "200 GET /echo?a=b ");
    EXPECT_EQ(site.get({.method = "POST", .body = std::string(100'000, 'x')}, "/echo").size(), 100'015u);
    EXPECT_EQ(site.get({.method = "POST", .body = "abc", .limit = 3}, "/echo"), "the response's body is longer than 3 bytes");
}

TEST(Fetch, follows_redirects_where_it_may) {
    Site site;
    EXPECT_EQ(site.get({}, "/away"), "302 ");
    EXPECT_EQ(site.get({.method = "POST", .body = "b", .redirects = 1}, "/away"), "200 GET /echo?moved ");
    EXPECT_EQ(site.get({.redirects = 3}, "/around"), "302 ");
    EXPECT_EQ(site.get({.redirects = 1}, "/elsewhere"), "no rule allows requests to http://example.invalid");
}

TEST(Fetch, asks_only_where_it_was_allowed_and_not_for_ever) {
    Site site;
    EXPECT_EQ(site.get({.allowed = {"http://127.0.0.1:1"}}, "/echo"), "no rule allows requests to " + site.url);
    EXPECT_EQ(site.get({.time = 50ms}, "/never"), "the request took more than 50 ms");
    EXPECT_EQ(site.get({.given_up = [] { return true; }}, "/never"), "the request was given up");
    EXPECT_EQ(site.get({.allowed = {"nonsense"}}, "/echo").empty(), false);
    for (const char* url : {"", "ftp:/x", "http://", "http://u@127.0.0.1/", "http://a b/"}) EXPECT_EQ(fetch({.url = url}).error().kind, Error::Kind::usage) << url;
    EXPECT_EQ(fetch({.method = "A B", .url = site.url}).error().kind, Error::Kind::usage);
}

}  // namespace
}  // namespace heddle::http
