// The HTTP server, spoken to byte by byte.
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <heddle/http.hpp>

#include "client_socket.hpp"

namespace heddle::http {

namespace {

using namespace std::chrono_literals;

Server serve(Handler h, ServerOptions o = {}) {
    auto s = Server::listen(o, std::move(h));
    EXPECT_TRUE(s) << s.error().message;
    return std::move(*s);
}

void echo_target(ExchangePtr x) { x->respond({.body = x->request().path}); }
void echo_body(ExchangePtr x) {
    x->read_all(64 << 20, [x](Result<std::string> body) { x->respond(body ? Response{.body = *body} : problem(413, body.error().message)); });
}

std::string status_line(const std::string& response) { return response.substr(0, response.find("\r\n")); }
std::string body_of(const std::string& response) {
    std::size_t at = response.find("\r\n\r\n");
    return at == response.npos ? "no header: " + response : response.substr(at + 4);
}

std::string ask(const Server& s, std::string_view request) {
    ClientSocket c(s.port());
    c.send(request);
    return c.response();
}

bool soon(auto&& is_so) {
    for (int i = 0; i < 1000; ++i) {
        if (is_so()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

}  // namespace

TEST(HttpServer, answers_and_keeps_the_connection) {
    Server s = serve(echo_target);
    ClientSocket c(s.port());
    for (int i = 0; i < 3; ++i) {
        c.send("GET /x?y=" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        std::string r = c.response();
        EXPECT_EQ(status_line(r), "HTTP/1.1 200 OK");
        EXPECT_EQ(body_of(r), "/x?y=" + std::to_string(i));
        EXPECT_NE(r.find("\r\ndate: "), r.npos);
    }
    EXPECT_EQ(s.counts().total_connections, 1u);
    EXPECT_EQ(s.counts().total_requests, 3u);
}

TEST(HttpServer, pipelined_requests_are_answered_in_order) {
    Server s = serve(echo_target);
    ClientSocket c(s.port());
    std::string all;
    for (int i = 0; i < 200; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    c.send(all);
    for (int i = 0; i < 200; ++i) ASSERT_EQ(body_of(c.response()), "/" + std::to_string(i));
}

TEST(HttpServer, a_request_may_come_byte_by_byte) {
    Server s = serve(echo_body);
    ClientSocket c(s.port());
    for (char b : std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n")) c.send(std::string(1, b));
    EXPECT_EQ(body_of(c.response()), "abcde");
}

TEST(HttpServer, a_last_chunk_may_come_in_any_pieces) {
    Server s = serve(echo_body);
    for (std::string end : {"0\r\n\r\n", "0\r\nA: b\r\n\r\n"}) {
        for (std::size_t first = 1; first < end.size(); ++first) {
            ClientSocket c(s.port());
            c.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
            c.send(end.substr(0, first));
            std::this_thread::sleep_for(2ms);
            c.send(end.substr(first));
            EXPECT_EQ(status_line(c.response()), "HTTP/1.1 200 OK");
        }
    }
}

TEST(HttpServer, request_tells_what_came) {
    Request seen;
    Server s = serve([&](ExchangePtr x) { seen = x->request(), x->respond({}); });
    ask(s, "\r\nPUT http://example.com:81?q HTTP/1.1\r\nhost: other\r\nA: 1\r\na:2 \r\n\r\n");
    EXPECT_EQ(seen.method, "PUT");
    EXPECT_EQ(seen.authority, "example.com:81");
    EXPECT_EQ(seen.path, "/?q");
    EXPECT_EQ(seen.fields, (Fields{{"host", "other"}, {"A", "1"}, {"a", "2"}}));
    EXPECT_EQ(seen.peer.substr(0, 10), "127.0.0.1:");
    ask(s, "OPTIONS * HTTP/1.0\r\n\r\n");
    EXPECT_EQ(seen.path, "*");
    EXPECT_TRUE(seen.http_1_0);
    ask(s, "GET /p HTTP/1.1\r\nHost: name:1\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(seen.authority, "name:1");
    EXPECT_EQ(seen.content_length, 0u);
}

TEST(HttpServer, bad_requests_are_refused_and_the_connection_ends) {
    Server s = serve(echo_body);
    struct { std::string request, status; } cases[] = {
        {"nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"GET / HTTP/2.0\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported"},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
        {"POST / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", "HTTP/1.1 417 Expectation Failed"},
    };
    for (auto& c : cases) {
        ClientSocket client(s.port());
        client.send(c.request);
        client.shutdown_send();
        std::string r = client.to_end();
        EXPECT_EQ(status_line(r), c.status) << c.request;
        EXPECT_NE(r.find("connection: close"), r.npos);
    }
    EXPECT_EQ(s.counts().bad_requests, std::size(cases));
}

TEST(HttpServer, a_bad_chunk_is_an_error_to_the_reader) {
    for (std::string bad : {"x\r\n", "3\r\nabcdef\r\n", "ffffffffffffffffff\r\n"}) {
        std::promise<std::string> error;
        Server s = serve([&](ExchangePtr x) {
            x->read_all(100, [&, x](Result<std::string> b) { error.set_value(b ? "none" : to_string(b.error().kind)), x->respond(problem(400, "bad")); });
        });
        EXPECT_EQ(status_line(ask(s, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + bad)), "HTTP/1.1 400 Bad Request");
        EXPECT_EQ(error.get_future().get(), "malformed") << bad;
    }
}

TEST(HttpServer, limits_hold_at_their_edges) {
    ServerOptions o;
    o.limits.target_bytes = 100;
    o.limits.header_bytes = 1000;
    o.limits.header_fields = 5;
    o.limits.body_bytes = 50;
    Server s = serve(echo_body, o);
    auto target = [&](std::size_t n) { return status_line(ask(s, "GET /" + std::string(n - 1, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n")).substr(9, 3); };
    EXPECT_EQ(target(99), "200");
    EXPECT_EQ(target(100), "200");
    EXPECT_EQ(target(101), "414");
    EXPECT_EQ(target(3000), "414");
    EXPECT_EQ(target(100'000), "414");
    // "Host: h" counts 9 bytes, "x: " and the line's end 5.
    auto header = [&](std::size_t n) { return status_line(ask(s, "GET / HTTP/1.1\r\nHost: h\r\nx: " + std::string(n - 9 - 5, 'v') + "\r\n\r\n")).substr(9, 3); };
    EXPECT_EQ(header(999), "200");
    EXPECT_EQ(header(1000), "200");
    EXPECT_EQ(header(1001), "431");
    EXPECT_EQ(header(100'000), "431");
    auto fields = [&](int n) {
        std::string all = "GET / HTTP/1.1\r\nHost: h\r\n";
        for (int i = 1; i < n; ++i) all += "x: y\r\n";
        return status_line(ask(s, all + "\r\n")).substr(9, 3);
    };
    EXPECT_EQ(fields(4), "200");
    EXPECT_EQ(fields(5), "200");
    EXPECT_EQ(fields(6), "431");
    auto body = [&](std::size_t n) {
        return status_line(ask(s, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(n) + "\r\n\r\n" + std::string(n, 'b'))).substr(9, 3);
    };
    EXPECT_EQ(body(49), "200");
    EXPECT_EQ(body(50), "200");
    EXPECT_EQ(body(51), "413");
    EXPECT_NE(ask(s, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 51\r\n\r\n").find("the request's body has more than 50 bytes"), std::string::npos);
    auto chunks = [&](std::size_t n) {
        std::string all = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (std::size_t i = 0; i < n; ++i) all += "1\r\nb\r\n";
        return status_line(ask(s, all + "0\r\n\r\n")).substr(9, 3);
    };
    EXPECT_EQ(chunks(49), "200");
    EXPECT_EQ(chunks(50), "200");
    EXPECT_EQ(chunks(51), "413");
}

TEST(HttpServer, more_requests_wait_in_a_queue_and_then_503) {
    std::mutex gate;
    std::vector<ExchangePtr> held;
    ServerOptions o;
    o.limits.requests = 2;
    o.limits.queue = 3;
    Server s = serve([&](ExchangePtr x) { std::lock_guard l(gate); held.push_back(std::move(x)); }, o);
    std::vector<std::unique_ptr<ClientSocket>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(std::make_unique<ClientSocket>(s.port()));
        clients.back()->send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        ASSERT_TRUE(soon([&] { return s.counts().requests + s.counts().queued == u64(i) + 1; }));
    }
    EXPECT_EQ(s.counts().queued, 3u);
    std::string refused = ask(s, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(status_line(refused), "HTTP/1.1 503 Service Unavailable");
    EXPECT_NE(refused.find("retry-after: 1"), refused.npos);
    EXPECT_EQ(s.counts().refused, 1u);
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(soon([&] { std::lock_guard l(gate); return !held.empty(); }));
        std::unique_lock l(gate);
        ExchangePtr x = std::move(held.back());
        held.pop_back();
        l.unlock();
        x->respond({.body = "ok"});
    }
    for (auto& c : clients) EXPECT_EQ(body_of(c->response()), "ok");
    EXPECT_TRUE(soon([&] { return s.counts().requests == 0; }));
}

TEST(HttpServer, a_body_nobody_reads_is_not_taken) {
    std::promise<ExchangePtr> exchange;
    ServerOptions o;
    o.limits.body_bytes = u64(1) << 30;
    Server s = serve([&](ExchangePtr x) { exchange.set_value(x); }, o);
    ClientSocket c(s.port());
    const std::size_t all = 64 << 20;
    c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(all) + "\r\n\r\n");
    std::string bytes(all, 'x');
    std::size_t sent = c.send_until_stuck(bytes);
    EXPECT_LT(sent, all);
    ExchangePtr x = exchange.get_future().get();
    std::atomic<std::size_t> got = 0;
    std::function<void(BodyPart)> take = [&](BodyPart p) {
        got += p.bytes.size();
        if (p.end || p.error) return x->respond({.body = std::to_string(got)});
        x->read(take);
    };
    x->read(take);
    c.send(std::string_view(bytes).substr(sent));
    EXPECT_EQ(body_of(c.response()), std::to_string(all));
    x.reset();
}

TEST(HttpServer, a_handler_waits_for_a_client_that_does_not_read) {
    std::atomic<int> written = 0;
    std::function<void(ExchangePtr)> more = [&](ExchangePtr x) {
        if (written == 1000) return x->finish();
        x->write(std::string(64 << 10, char('a' + written++ % 26)), [&, x](bool ok) { if (ok) more(x); });
    };
    Server s = serve([&](ExchangePtr x) { x->start(200, {{"content-length", std::to_string(1000 * (64 << 10))}}), more(x); });
    ClientSocket c(s.port());
    c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    int last = -1;
    ASSERT_TRUE(soon([&] { int now = written; std::this_thread::sleep_for(50ms); return now > 0 && std::exchange(last, now) == now; }));
    EXPECT_LT(written, 200);
    std::string body = body_of(c.response());
    ASSERT_EQ(body.size(), 1000u * (64 << 10));
    for (std::size_t i = 0; i < 1000; ++i) ASSERT_EQ(body[i * (64 << 10)], char('a' + i % 26));
}

TEST(HttpServer, streams_in_chunks_with_trailers) {
    Server s = serve([](ExchangePtr x) {
        x->start(201, {{"x", "y"}, {"connection", "close"}, {"transfer-encoding", "gzip"}});
        x->write("abc", [x](bool) { x->write("", [x](bool) { x->write("0123456789", [x](bool) { x->finish({{"sum", "13"}}); }); }); });
    });
    ClientSocket c(s.port());
    c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.0\r\n\r\n");
    std::string head = c.until("\r\n\r\n");
    EXPECT_EQ(status_line(head), "HTTP/1.1 201 Created");
    EXPECT_EQ(head.find("connection"), head.npos);
    EXPECT_EQ(head.find("gzip"), head.npos);
    EXPECT_EQ(c.until("sum: 13\r\n\r\n"), "3\r\nabc\r\na\r\n0123456789\r\n0\r\nsum: 13\r\n\r\n");
    // A client of HTTP/1.0 knows no chunks.
    std::string old = c.to_end();
    EXPECT_EQ(body_of(old), "abc0123456789");
    EXPECT_NE(old.find("connection: close"), old.npos);
}

TEST(HttpServer, the_end_of_a_body_may_be_told_after_it_has_left) {
    std::promise<ExchangePtr> begun;
    Server s = serve([&](ExchangePtr x) {
        bool has_body = x->request().method == "GET";
        x->start(200, has_body ? Fields{{"content-length", "3"}} : Fields{});
        if (has_body) x->write("abc", [](bool) {});
        begun.set_value(x);
    });
    ClientSocket c(s.port());
    for (std::string method : {"GET", "HEAD", "GET"}) {
        begun = {};
        c.send(method + " / HTTP/1.1\r\nHost: h\r\n\r\n");
        EXPECT_EQ(body_of(c.response()), method == "GET" ? "abc" : "");
        std::this_thread::sleep_for(20ms);   // the server knows that everything has left
        begun.get_future().get()->finish();
    }
    c.close();
    EXPECT_TRUE(s.drain(10s));
}

TEST(HttpServer, responses_without_a_body_have_none) {
    Server s = serve([](ExchangePtr x) {
        if (x->request().path == "/204") return x->respond({.status = 204, .fields = {}, .body = "lost"});
        if (x->request().path == "/304") return x->start(304, {{"content-length", "7"}}), x->write("lost", [](bool) {}), x->finish();
        x->respond({.body = "12345"});
    });
    ClientSocket c(s.port());
    c.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    std::string head = c.until("\r\n\r\n");
    EXPECT_NE(head.find("content-length: 5"), head.npos);
    c.send("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n");
    head = c.until("\r\n\r\n");
    EXPECT_EQ(status_line(head), "HTTP/1.1 204 No Content");
    EXPECT_EQ(head.find("content-length"), head.npos);
    c.send("GET /304 HTTP/1.1\r\nHost: h\r\n\r\n");
    head = c.until("\r\n\r\n");
    EXPECT_EQ(status_line(head), "HTTP/1.1 304 Not Modified");
    EXPECT_NE(head.find("content-length: 7"), head.npos);
    c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(body_of(c.response()), "12345");
}

TEST(HttpServer, expect_continue_is_answered_when_somebody_reads) {
    Server s = serve([](ExchangePtr x) {
        if (x->request().path == "/no") return x->respond(problem(401, "no"));
        echo_body(x);
    });
    ClientSocket c(s.port());
    c.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(c.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    c.send("ab");
    EXPECT_EQ(body_of(c.response()), "ab");
    c.send("POST /no HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    std::string r = c.response();
    EXPECT_EQ(status_line(r), "HTTP/1.1 401 Unauthorized");
    EXPECT_NE(r.find("connection: close"), r.npos);
}

TEST(HttpServer, informational_responses_come_first) {
    Server s = serve([](ExchangePtr x) { x->inform(103, {{"link", "</a>"}}), x->inform(101, {}), x->respond({}), x->inform(103, {}); });
    std::string r = ask(s, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(r, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
}

TEST(HttpServer, a_handler_that_fails_is_500) {
    Server s = serve([](ExchangePtr x) {
        if (x->request().path == "/throw") throw std::runtime_error("x");
        if (x->request().path == "/field") return x->respond({.fields = {{"a b", "c"}}});
        if (x->request().path == "/value") return x->start(200, {{"a", "b\r\nc: d"}});
        if (x->request().path == "/status") return x->start(99, {});
        if (x->request().path == "/length") return x->start(200, {{"content-length", "many"}});
        if (x->request().path == "/finish") return x->finish();
    });
    for (const char* path : {"/throw", "/drop", "/field", "/value", "/status", "/length", "/finish"})
        EXPECT_EQ(status_line(ask(s, "GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n")), "HTTP/1.1 500 Internal Server Error") << path;
}

TEST(HttpServer, an_incomplete_response_cuts_the_connection) {
    Server s = serve([](ExchangePtr x) {
        if (x->request().path == "/drop") return x->start(200, {}), x->write("abc", [x](bool) {});
        if (x->request().path == "/abort") return x->start(200, {}), x->write("abc", [x](bool) { x->abort(); });
        if (x->request().path == "/less") return x->start(200, {{"content-length", "4"}}), x->write("abc", [x](bool) { x->finish(); });
        if (x->request().path == "/more") return x->start(200, {{"content-length", "2"}}), x->write("abc", [x](bool) { x->finish(); });
    });
    for (const char* path : {"/drop", "/abort", "/less", "/more"}) {
        ClientSocket c(s.port());
        c.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        std::string all = c.to_end();
        EXPECT_EQ(all.find("0\r\n\r\n"), all.npos) << path << all;
        EXPECT_EQ(all.find("\r\n\r\nabcd"), all.npos) << path;
    }
}

TEST(HttpServer, the_handler_learns_that_the_client_is_gone) {
    std::promise<void> gone, write_failed;
    Server s = serve([&](ExchangePtr x) {
        x->on_gone([&, x] {
            gone.set_value();
            x->write("x", [&](bool ok) { if (!ok) write_failed.set_value(); });
        });
    });
    ClientSocket c(s.port());
    c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(soon([&] { return s.counts().requests == 1; }));
    c.reset();
    EXPECT_EQ(gone.get_future().wait_for(5s), std::future_status::ready);
    EXPECT_EQ(write_failed.get_future().wait_for(5s), std::future_status::ready);
    EXPECT_TRUE(soon([&] { return s.counts().requests == 0 && s.counts().connections == 0; }));
}

TEST(HttpServer, a_client_that_only_listens_still_gets_its_response) {
    Server s = serve([](ExchangePtr x) { std::thread([x] { std::this_thread::sleep_for(50ms); x->respond({.body = "late"}); }).detach(); });
    ClientSocket c(s.port());
    c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    c.shutdown_send();
    EXPECT_EQ(body_of(c.to_end()), "late");
}

TEST(HttpServer, a_body_that_ends_too_early_is_an_error) {
    std::promise<std::string> error;
    Server s = serve([&](ExchangePtr x) { x->read_all(100, [&, x](Result<std::string> b) { error.set_value(b ? "none" : b.error().message); }); });
    ClientSocket c(s.port());
    c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
    c.shutdown_send();
    EXPECT_EQ(error.get_future().get(), "the connection ended within the message");
}

TEST(HttpServer, an_unread_body_does_not_disturb_the_next_request) {
    Server s = serve(echo_target);
    ClientSocket c(s.port());
    c.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + std::string(100000, 'x') + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(body_of(c.response()), "/a");
    EXPECT_EQ(body_of(c.response()), "/b");
    // A large one ends the connection instead.
    c.send("POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n");
    EXPECT_EQ(body_of(c.response()), "/c");
    c.send_until_stuck(std::string(10'000'000, 'x'));
    EXPECT_EQ(c.to_end(), "");
}

TEST(HttpServer, slow_clients_are_timed_out) {
    ServerOptions o;
    o.limits.idle = o.limits.header_time = o.limits.body_stall = o.limits.write_stall = 200ms;
    std::promise<std::string> body;
    std::promise<void> gone;
    Server s = serve([&](ExchangePtr x) {
        if (x->request().path == "/body") return x->read_all(100, [&, x](Result<std::string> b) { body.set_value(b ? "none" : b.error().message), x->respond({}); });
        x->on_gone([&] { gone.set_value(); });
        x->start(200, {});
        auto more = std::make_shared<std::function<void(bool)>>();
        *more = [x, more](bool ok) { ok ? x->write(std::string(1 << 20, 'x'), *more) : void(*more = nullptr); };
        (*more)(true);
    }, o);
    ClientSocket idle(s.port()), header(s.port()), reading(s.port()), writing(s.port());
    header.send("GET / HT");
    reading.send("POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
    writing.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(idle.to_end(), "");
    EXPECT_EQ(status_line(header.response()), "HTTP/1.1 408 Request Timeout");
    EXPECT_EQ(body.get_future().get(), "the client sends no more of the body");
    EXPECT_EQ(gone.get_future().wait_for(5s), std::future_status::ready);
}

TEST(HttpServer, no_more_connections_than_allowed) {
    ServerOptions o;
    o.limits.connections = 2;
    Server s = serve(echo_target, o);
    ClientSocket a(s.port()), b(s.port()), c(s.port());
    c.send("GET /c HTTP/1.1\r\nHost: h\r\n\r\n");
    a.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(body_of(a.response()), "/a");
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(s.counts().total_requests, 1u);
    a.close();
    EXPECT_EQ(body_of(c.response()), "/c");
}

TEST(HttpServer, drain_finishes_what_was_begun) {
    std::promise<ExchangePtr> exchange;
    Server s = serve([&](ExchangePtr x) { exchange.set_value(std::move(x)); });
    ClientSocket idle(s.port()), busy(s.port());
    busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ExchangePtr x = exchange.get_future().get();
    auto drained = std::async([&] { return s.drain(5s); });
    EXPECT_EQ(idle.to_end(), "");
    EXPECT_FALSE(ClientSocket(s.port()).connected());
    x->respond({.body = "last"});
    x.reset();
    std::string r = busy.to_end();
    busy.close();
    EXPECT_EQ(body_of(r), "last");
    EXPECT_NE(r.find("connection: close"), r.npos);
    EXPECT_TRUE(drained.get());
}

TEST(HttpServer, drain_cuts_what_does_not_end) {
    std::promise<void> gone;
    ExchangePtr held;
    Server s = serve([&](ExchangePtr x) { held = x, x->on_gone([&] { gone.set_value(); }); });
    ClientSocket busy(s.port());
    busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    ASSERT_TRUE(soon([&] { return s.counts().requests == 1; }));
    EXPECT_FALSE(s.drain(50ms));
    EXPECT_EQ(gone.get_future().wait_for(0s), std::future_status::ready);
    held->respond({});     // to nobody
    EXPECT_EQ(busy.to_end(), "");
}

TEST(HttpServer, ends_while_it_is_time_to_look_at_deadlines) {
    std::promise<void> entered;
    {
        Server s = serve([&](ExchangePtr x) {
            entered.set_value();
            std::this_thread::sleep_for(300ms);  // the server's thread is late for the next look, and then finds the end first
            x->respond({});
        });
        ClientSocket c(s.port());
        c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        entered.get_future().wait();
    }
}

TEST(HttpServer, an_exchange_may_outlive_its_server) {
    ExchangePtr held;
    {
        Server s = serve([&](ExchangePtr x) { held = std::move(x); });
        ClientSocket c(s.port());
        c.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        ASSERT_TRUE(soon([&] { return s.counts().requests == 1; }));
    }
    held->read([](BodyPart) {});
    held->respond({});
    EXPECT_EQ(held->request().path, "/");
}

TEST(HttpServer, handlers_may_answer_from_other_threads) {
    ServerOptions o;
    o.threads = 2;
    Server s = serve([](ExchangePtr x) {
        std::thread([x] { x->read_all(1000, [x](Result<std::string> b) { std::thread([x, b] { x->respond({.body = *b}); }).detach(); }); }).detach();
    }, o);
    std::vector<std::thread> clients;
    for (int t = 0; t < 4; ++t)
        clients.emplace_back([&, t] {
            ClientSocket c(s.port());
            for (int i = 0; i < 20; ++i) {
                std::string body = std::to_string(t) + ":" + std::to_string(i);
                c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
                EXPECT_EQ(body_of(c.response()), body);
            }
        });
    for (auto& t : clients) t.join();
    EXPECT_TRUE(soon([&] { return s.counts().requests == 0; }));
}

TEST(HttpServer, access_is_told) {
    std::mutex gate;
    std::vector<std::string> lines;
    ServerOptions o;
    o.access = [&](const Access& a) {
        std::lock_guard l(gate);
        lines.push_back(a.request.method + " " + a.request.target + " " + std::to_string(a.status) + " " + std::to_string(a.body_bytes) + (a.complete ? "" : " cut"));
    };
    Server s = serve([](ExchangePtr x) { x->request().path == "/cut" ? x->abort() : x->respond({.body = "abc"}); }, o);
    ask(s, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    ask(s, "GET /cut HTTP/1.1\r\nHost: h\r\n\r\n");
    ask(s, "GET /b HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(soon([&] { std::lock_guard l(gate); return lines.size() == 3; }));
    EXPECT_EQ(lines[0], "GET /a 200 3");
    EXPECT_EQ(lines[1], "GET /cut 0 0 cut");
    EXPECT_EQ(lines[2].substr(0, 10), "GET /b 400");
}

TEST(HttpServer, addresses_are_told_and_refused) {
    Server s = serve(echo_target);
    EXPECT_EQ(s.address(), "127.0.0.1:" + std::to_string(s.port()));
    auto again = Server::listen({.address = s.address()}, echo_target);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().to_string(), "io: " + s.address() + ": Address already in use");
    for (const char* bad : {"", "x", "127.0.0.1:", "127.0.0.1:65536", "example.com:80", "[::1:80", "127.0.0.1:8x"}) {
        auto r = Server::listen({.address = bad}, echo_target);
        ASSERT_FALSE(r) << bad;
        EXPECT_EQ(r.error().kind, Error::Kind::usage);
    }
}

}  // namespace heddle::http
