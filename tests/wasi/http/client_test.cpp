// The HTTP client against our own server, and against servers that do wrong.
#include "http/client.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <heddle/http.hpp>
#include <thread>

namespace heddle::http {

namespace {

using namespace std::chrono_literals;
using Answer = std::expected<ClientResponse, ErrorCode>;

// A guest's side: its reactor, what it was granted, and the answer when it has come.
struct Guest {
    explicit Guest(u16 port) : port(port) { outbound->rules.push_back(parse_host_rule("http://127.0.0.1:" + std::to_string(port)).value()); }

    ClientRequest request(std::string method, std::string path) {
        ClientRequest r;
        r.to = {"http", "127.0.0.1", port};
        r.authority = "127.0.0.1:" + std::to_string(port);
        r.method = std::move(method);
        r.path = std::move(path);
        return r;
    }
    void begin(ClientRequest r) {
        auto e = send(io, outbound, std::move(r), [this](Answer a) { answer = std::move(a); });
        if (e) exchange = std::move(*e);
        else answer = std::unexpected(e.error());
    }
    bool run_until(auto&& is_so) {
        for (auto end = std::chrono::steady_clock::now() + 10s; !is_so();) {
            if (std::chrono::steady_clock::now() > end) return false;
            io.restart();
            io.run_for(20ms);
        }
        return true;
    }
    // The whole body; the error's case number with a minus if it fails.
    std::string body() {
        std::string all;
        bool ended = false;
        std::function<void(BodyPart)> take = [&](BodyPart p) {
            all += p.bytes;
            trailers = p.trailers;
            ended = p.end || p.error;
            if (p.error) all = "-" + std::to_string((*answer)->body->failure()->what);
            if (!ended) (*answer)->body->read(take);
        };
        (*answer)->body->read(take);
        EXPECT_TRUE(run_until([&] { return ended; }));
        return all;
    }
    std::string fetch(ClientRequest r) {
        answer.reset();
        begin(std::move(r));
        if (!run_until([&] { return answer.has_value(); })) return "no answer";
        if (!*answer) return "error " + std::to_string(answer->error().what);
        return std::to_string((*answer)->status) + " " + body();
    }

    u16 port;
    boost::asio::io_context io;
    std::shared_ptr<Outbound> outbound = std::make_shared<Outbound>();
    ClientExchange exchange;
    std::optional<Answer> answer;
    Fields trailers;
};

Server serve(Handler h) { return std::move(Server::listen({}, std::move(h)).value()); }
// What comes goes back.
void pump(const ExchangePtr& x) {
    x->read([x](BodyPart p) { x->write(p.bytes, [x, p](bool) { p.end || p.error ? x->finish(p.trailers) : pump(x); }); });
}
std::string error(ErrorCode::Case c) { return "error " + std::to_string(c); }

}  // namespace

TEST(HttpClient, asks_and_gets_the_answer) {
    Server s = serve([](ExchangePtr x) { x->respond({.status = 201, .body = x->request().method + " " + x->request().path + " " + x->request().authority}); });
    Guest g(s.port());
    EXPECT_EQ(g.fetch(g.request("GET", "/a?b")), "201 GET /a?b 127.0.0.1:" + std::to_string(s.port()));
    EXPECT_EQ(g.fetch(g.request("HEAD", "/")), "201 ");
    g.answer.reset();
    g.exchange = {};
    EXPECT_TRUE(g.run_until([&] { return g.outbound->open == 0; }));
}

TEST(HttpClient, streams_both_ways_with_trailers) {
    Server s = serve([](ExchangePtr x) { x->start(200, {}), pump(x); });
    Guest g(s.port());
    ClientRequest r = g.request("POST", "/");
    r.has_body = true;
    g.begin(std::move(r));
    std::size_t sent = 0;
    std::function<void(bool)> more = [&](bool ok) {
        if (ok && sent++ < 100) g.exchange.body->write(std::string(10'000, char('a' + sent % 26)), more);
        else g.exchange.body->finish({{"sum", "1000000"}});
    };
    more(true);
    ASSERT_TRUE(g.run_until([&] { return g.answer.has_value(); }));
    ASSERT_TRUE(*g.answer);
    std::string body = g.body();
    ASSERT_EQ(body.size(), 1'000'000u);
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(body[i * 10'000], char('a' + (i + 1) % 26));
    EXPECT_EQ(g.trailers, (Fields{{"sum", "1000000"}}));
}

TEST(HttpClient, follows_no_redirect) {
    Server s = serve([](ExchangePtr x) { x->respond({.status = 302, .fields = {{"location", "/x"}}, .body = "there"}); });
    Guest g(s.port());
    EXPECT_EQ(g.fetch(g.request("GET", "/")), "302 there");
}

TEST(HttpClient, refuses_what_is_not_granted) {
    Server s = serve([](ExchangePtr x) { x->respond({}); });
    Guest g(s.port());
    ClientRequest r = g.request("GET", "/");
    r.to.port = u16(r.to.port + 1);
    EXPECT_EQ(g.fetch(r), error(ErrorCode::http_request_denied));
    r = g.request("GET", "/");
    r.to.scheme = "https";
    EXPECT_EQ(g.fetch(r), error(ErrorCode::http_request_denied));
    // A granted name that leads to this machine.
    g.outbound->rules.push_back(parse_host_rule("http://127.0.0.2:" + std::to_string(s.port())).value());
    g.outbound->rules[0].host = "ip6-localhost";
    r.to = {"http", "ip6-localhost", s.port()};
    std::string said = g.fetch(r);
    EXPECT_TRUE(said == error(ErrorCode::destination_ip_prohibited) || said == error(ErrorCode::destination_not_found)) << said;
}

TEST(HttpClient, so_many_at_once_and_no_more) {
    Server s = serve([](ExchangePtr x) { x->respond({}); });
    Guest g(s.port());
    g.outbound->most = 2;
    std::vector<ClientExchange> held;
    for (int i = 0; i < 2; ++i) held.push_back(send(g.io, g.outbound, g.request("GET", "/"), [](Answer) {}).value());
    auto third = send(g.io, g.outbound, g.request("GET", "/"), [](Answer) {});
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().what, ErrorCode::connection_limit_reached);
    held.clear();
    EXPECT_TRUE(g.run_until([&] { return g.outbound->open == 0; }));
    EXPECT_EQ(g.fetch(g.request("GET", "/")), "200 ");
}

TEST(HttpClient, does_not_wait_for_ever) {
    std::vector<ExchangePtr> held;
    Server s = serve([&](ExchangePtr x) {
        if (x->request().path == "/body") x->start(200, {{"content-length", "5"}}), x->write("abc", [](bool) {});
        held.push_back(x);
    });
    Guest g(s.port());
    ClientRequest r = g.request("GET", "/");
    r.first_byte = 100ms;
    EXPECT_EQ(g.fetch(r), error(ErrorCode::http_response_timeout));
    r = g.request("GET", "/body");
    r.between_bytes = 100ms;
    EXPECT_EQ(g.fetch(r), "200 -" + std::to_string(ErrorCode::connection_read_timeout));
    g.outbound->longest = 100ms;
    r = g.request("GET", "/");
    r.first_byte = 1h;
    EXPECT_EQ(g.fetch(r), error(ErrorCode::http_response_timeout));
    (void)s.drain(0ms);
}

TEST(HttpClient, tells_what_was_wrong_with_the_answer) {
    Server s = serve([](ExchangePtr x) {
        if (x->request().path == "/none") return x->abort();
        x->start(200, {{"content-length", "5"}});
        x->write("abc", [x](bool) { x->abort(); });
    });
    Guest g(s.port());
    EXPECT_EQ(g.fetch(g.request("GET", "/none")), error(ErrorCode::http_response_incomplete));
    EXPECT_EQ(g.fetch(g.request("GET", "/cut")), "200 -" + std::to_string(ErrorCode::http_response_incomplete));
    u16 port = s.port();
    { Server gone = std::move(s); }
    Guest nobody(port);
    EXPECT_EQ(nobody.fetch(nobody.request("GET", "/")), error(ErrorCode::connection_refused));
}

TEST(HttpClient, a_name_that_is_bound_anew_reaches_nothing_that_was_not_granted) {
    auto server = Server::listen({}, [](ExchangePtr x) { x->respond({.body = x->request().authority}); });
    ASSERT_TRUE(server);
    Guest g(server->port());   // which grants 127.0.0.1
    std::string name = "name.test:" + std::to_string(server->port());
    g.outbound->rules.push_back(parse_host_rule("http://" + name).value());
    std::vector<std::vector<std::string>> answers = {{"127.0.0.1"}, {"127.0.0.2"}, {"127.0.0.2", "127.0.0.1"}, {"10.0.0.1", "::1", "169.254.169.254"}, {"::ffff:127.0.0.2"}, {}};
    std::size_t asked = 0;
    g.outbound->resolve = [&](const std::string& host) {
        EXPECT_EQ(host, "name.test");
        return answers.at(asked++);
    };
    auto ask = [&] {
        ClientRequest r = g.request("GET", "/");
        r.to.host = "name.test";
        r.authority = name;
        return g.fetch(std::move(r));
    };
    std::string prohibited = "error " + std::to_string(ErrorCode::destination_ip_prohibited);
    EXPECT_EQ(ask(), "200 " + name);   // an address that is granted itself
    EXPECT_EQ(ask(), prohibited);      // the next answer is another one
    EXPECT_EQ(ask(), "200 " + name);   // the one that is granted is taken
    EXPECT_EQ(ask(), prohibited);
    EXPECT_EQ(ask(), prohibited);
    EXPECT_EQ(ask(), prohibited);
    EXPECT_EQ(asked, answers.size());  // one look-up for each request: what was checked is what is connected to
}

TEST(HttpClient, authorities_that_cannot_be_read_are_told_at_once) {
    EXPECT_TRUE(unusable_authorities("/nowhere/ca.pem"));
    EXPECT_FALSE(unusable_authorities(""));
}

}  // namespace heddle::http
