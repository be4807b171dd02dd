// wasi:http/types of both versions, called from a guest: fields, requests, responses and options, as long as nothing is sent.
#include "p3_guest.hpp"

namespace heddle::wasi::testing {
namespace {

Val s(const std::string& text) { return Val::string(text); }
Val none() { return Val::none(); }
constexpr u32 invalid_syntax = 0, forbidden = 1, immutable = 2;
u32 error(const Val& r) { return r.case_index() == 1 ? r.payload()->case_index() : ~0u; }
bool failed(const Val& r) { return r.case_index() == 1; }
Val entry(const std::string& name, const std::string& value) { return Val::record({s(name), bytes(value)}); }

// What both versions say in the same words.
template <class G>
struct Http {
    G& g;
    std::string types = "wasi:http/types.";

    Val make(const std::string& what, std::vector<Val> args = {}) { return g.call(types + "[constructor]" + what, std::move(args)); }
    Val on(const std::string& method, const Val& self, std::vector<Val> args = {}) {
        args.insert(args.begin(), lend(self));
        return g.call(types + "[method]" + method, std::move(args));
    }
    Val fields_of(std::vector<Val> entries) { return g.call(types + "[static]fields.from-list", {Val::list(std::move(entries))}); }

    void check_fields(const std::string& list) {
        Val f = make("fields");
        good(on("fields.append", f, {s("x-one"), bytes("1")}));
        good(on("fields.append", f, {s("X-One"), bytes("2")}));
        EXPECT_EQ(on("fields.get", f, {s("x-ONE")}).size(), 2u);
        EXPECT_TRUE(on("fields.has", f, {s("X-one")}).template as<bool>());
        EXPECT_FALSE(on("fields.has", f, {s("x-two")}).template as<bool>());
        good(on("fields.set", f, {s("x-two"), Val::list({bytes("a"), bytes("b")})}));
        EXPECT_EQ(on("fields." + list, f).size(), 4u);
        Val copy = on("fields.clone", f);
        good(on("fields.delete", copy, {s("x-two")}));
        EXPECT_EQ(on("fields." + list, copy).size(), 2u);
        EXPECT_EQ(on("fields." + list, f).size(), 4u) << "a clone is its own";
        EXPECT_EQ(error(on("fields.append", f, {s("no name"), bytes("1")})), invalid_syntax);
        EXPECT_EQ(error(on("fields.append", f, {s("name"), bytes("a\nb")})), invalid_syntax);
        EXPECT_EQ(error(on("fields.append", f, {s("Host"), bytes("h")})), forbidden);
        EXPECT_EQ(error(on("fields.set", f, {s("connection"), Val::list({bytes("close")})})), forbidden);
        EXPECT_EQ(error(on("fields.delete", f, {s("bad name")})), invalid_syntax);
        Val made = good(fields_of({entry("a", "1"), entry("b", "2"), entry("a", "3")}));
        EXPECT_EQ(on("fields." + list, made).size(), 3u);
        EXPECT_EQ(text_of(on("fields." + list, made).at(2).at(1)), "3");
        EXPECT_EQ(error(fields_of({entry("a b", "1")})), invalid_syntax);
        EXPECT_EQ(error(fields_of({entry("transfer-encoding", "chunked")})), forbidden);
    }
    // `get`: what the version puts before a property's name.
    void check_options(const std::string& get) {
        Val o = make("request-options");
        for (const char* t : {"connect-timeout", "first-byte-timeout", "between-bytes-timeout"}) {
            EXPECT_EQ(on("request-options." + get + t, o).case_index(), 0u) << t;
            good(on(std::string("request-options.set-") + t, o, {Val::some(Val::u64(7))}));
            EXPECT_EQ(on("request-options." + get + t, o).payload()->template as<u64>(), 7u) << t;
        }
    }
    void check_request(const Val& r, const std::string& kind, const std::string& get) {
        EXPECT_EQ(on(kind + get + "method", r).case_index(), 0u) << "get";
        good(on(kind + "set-method", r, {Val::variant(2)}));
        EXPECT_EQ(on(kind + get + "method", r).case_index(), 2u);
        good(on(kind + "set-method", r, {Val::variant(9, s("PURGE"))}));
        EXPECT_EQ(on(kind + get + "method", r).payload()->as_string(), "PURGE");
        EXPECT_TRUE(failed(on(kind + "set-method", r, {Val::variant(9, s("no method"))})));
        EXPECT_EQ(on(kind + get + "path-with-query", r).case_index(), 0u);
        good(on(kind + "set-path-with-query", r, {Val::some(s("/a?b"))}));
        EXPECT_EQ(on(kind + get + "path-with-query", r).payload()->as_string(), "/a?b");
        EXPECT_TRUE(failed(on(kind + "set-path-with-query", r, {Val::some(s("/a b"))})));
        EXPECT_EQ(on(kind + get + "scheme", r).case_index(), 0u);
        good(on(kind + "set-scheme", r, {Val::some(Val::variant(1))}));
        EXPECT_EQ(on(kind + get + "scheme", r).payload()->case_index(), 1u);
        EXPECT_EQ(on(kind + get + "authority", r).case_index(), 0u);
        good(on(kind + "set-authority", r, {Val::some(s("example.com:81"))}));
        EXPECT_EQ(on(kind + get + "authority", r).payload()->as_string(), "example.com:81");
        EXPECT_TRUE(failed(on(kind + "set-authority", r, {Val::some(s("a b"))})));
        good(on(kind + "set-authority", r, {none()}));
        EXPECT_EQ(on(kind + get + "authority", r).case_index(), 0u);
        Val headers = on(kind + get + "headers", r);
        EXPECT_EQ(error(on("fields.append", headers, {s("x"), bytes("1")})), immutable);
    }
    void check_status(const Val& r, const std::string& kind, const std::string& get) {
        EXPECT_EQ(on(kind + get + "status-code", r).template as<u16>(), 200u);
        good(on(kind + "set-status-code", r, {Val::u16(404)}));
        EXPECT_EQ(on(kind + get + "status-code", r).template as<u16>(), 404u);
        EXPECT_TRUE(failed(on(kind + "set-status-code", r, {Val::u16(9)})));
        Val headers = on(kind + get + "headers", r);
        EXPECT_TRUE(on("fields.has", headers, {s("x-one")}).template as<bool>());
        EXPECT_EQ(error(on("fields.delete", headers, {s("x-one")})), immutable);
    }
};

TEST(P2HttpTypes, are_made_and_told) {
    Context c;
    c.limits({.captured_bytes = 3}).capture_stdout();
    Forwarder g(c, {"wasi:http/types", "wasi:io", "wasi:cli/stdout"});
    Http<Forwarder> h{g};
    h.check_fields("entries");
    h.check_options("");
    Val request = h.make("outgoing-request", {good(h.fields_of({entry("x-one", "1")}))});
    h.check_request(request, "outgoing-request.", "");
    Val body = good(h.on("outgoing-request.body", request));
    EXPECT_TRUE(failed(h.on("outgoing-request.body", request))) << "it is taken once";
    Val stream = good(h.on("outgoing-body.write", body));
    EXPECT_TRUE(failed(h.on("outgoing-body.write", body)));
    stream = Val();
    good(g.call("wasi:http/types.[static]outgoing-body.finish", {body, none()}));
    Val response = h.make("outgoing-response", {good(h.fields_of({entry("x-one", "1")}))});
    h.check_status(response, "outgoing-response.", "");
    good(h.on("outgoing-response.body", response));
    EXPECT_TRUE(failed(h.on("outgoing-response.body", response)));
    // An error of another stream is none of HTTP.
    Val full = g.call("wasi:io/streams.[method]output-stream.blocking-write-and-flush", {lend(g.call("wasi:cli/stdout.get-stdout")), bytes("four")});
    ASSERT_EQ(full.payload()->case_index(), 0u);
    EXPECT_EQ(g.call("wasi:http/types.http-error-code", {lend(*full.payload()->payload())}).case_index(), 0u);
}

TEST(P3HttpTypes, are_made_and_told) {
    P3 p(Context(), {"wasi:http/types"});
    Http<P3> h{p};
    h.check_fields("copy-all");
    h.check_options("get-");
    Val f = good(h.fields_of({entry("a", "1"), entry("b", "2"), entry("A", "3")}));
    EXPECT_EQ(good(h.on("fields.get-and-delete", f, {s("a")})).size(), 2u);
    EXPECT_EQ(h.on("fields.copy-all", f).size(), 1u);
    Val o = h.make("request-options");
    good(h.on("request-options.set-connect-timeout", o, {Val::some(Val::u64(3))}));
    EXPECT_EQ(h.on("request-options.get-connect-timeout", h.on("request-options.clone", o)).payload()->as<u64>(), 3u);

    auto no_trailers = [&] { return component::make_future(p.g->store, [] { return std::optional(Val::ok(Val::none())); }).readable; };
    auto accepted = [&] { return component::make_future(p.g->store, [] { return std::optional(Val::ok()); }).readable; };
    Val made = p.call("wasi:http/types.[static]request.new", {good(h.fields_of({entry("x-one", "1")})), Val::some(p.stream_of("body")), no_trailers(), Val::some(o)});
    Val request = made.at(0);
    h.check_request(request, "request.", "get-");
    Val options = h.on("request.get-options", request);
    ASSERT_EQ(options.case_index(), 1u);
    EXPECT_EQ(error(h.on("request-options.set-connect-timeout", *options.payload(), {none()})), 1u) << "immutable";
    Val taken = p.call("wasi:http/types.[static]request.consume-body", {request, accepted()});
    EXPECT_EQ(p.read_all(taken.at(0)), "body");
    EXPECT_EQ(good(p.read_future(taken.at(1))).case_index(), 0u) << "no trailers";

    Val response = p.call("wasi:http/types.[static]response.new", {good(h.fields_of({entry("x-one", "1")})), none(), no_trailers()}).at(0);
    h.check_status(response, "response.", "get-");
    taken = p.call("wasi:http/types.[static]response.consume-body", {response, accepted()});
    EXPECT_EQ(p.read_all(taken.at(0)), "");
}

}  // namespace
}  // namespace heddle::wasi::testing
