// The functions of WASI 0.2, called from a guest, with each of their system calls failing in turn: files and sockets.
#include <functional>

#include "attack_world.hpp"
#include "fault_rounds.hpp"
#include "files.hpp"
#include "forwarder.hpp"
#include "sockets.hpp"

namespace heddle::wasi::testing {
namespace {

const std::string d = "wasi:filesystem/types.[method]descriptor.", tcp = "wasi:sockets/tcp.[method]tcp-socket.", udp = "wasi:sockets/udp.[method]udp-socket.";

Val s(const std::string& text) { return Val::string(text); }
Val v4(u16 port) { return Val::variant(0, Val::record({Val::u16(port), Val::record({Val::u8(127), Val::u8(0), Val::u8(0), Val::u8(1)})})); }

// A guest and what it has open, afresh for every attempt.
struct Stage {
    test::TempDir dir{"/dev/shm"};
    std::unique_ptr<Forwarder> g;
    Val root, file, network, socket;

    void fill() {
        for (const auto& e : std::filesystem::directory_iterator(dir / "")) std::filesystem::remove_all(e.path());
        std::filesystem::create_directories(dir / "dir");
        test::write_text(dir / "file", "content");
        test::write_text(dir / "dir" / "inner", "content");
        std::filesystem::create_symlink("file", dir / "link");
    }
    Stage() {
        Context c = Context().dir(dir.string(), "/").allow_net("tcp:connect:127.0.0.1:*").allow_net("udp:connect:127.0.0.1:*").allow_listen("127.0.0.1:0").allow_listen("udp:127.0.0.1:0");
        g = std::make_unique<Forwarder>(c, std::vector<std::string>{"wasi:filesystem", "wasi:sockets", "wasi:io"});
        root = g->call("wasi:filesystem/preopens.get-directories").at(0).at(0);
        network = g->call("wasi:sockets/instance-network.instance-network");
    }
    Val on(const std::string& f, const Val& self, std::vector<Val> args = {}) {
        args.insert(args.begin(), lend(self));
        return g->call(f, std::move(args));
    }
    Val open(const std::string& path, u32 how, u32 flags) { return on(d + "open-at", root, {Val::flags(1), s(path), Val::flags(how), Val::flags(flags)}); }
    Val tcp_socket() { return g->call("wasi:sockets/tcp-create-socket.create-tcp-socket", {Val::variant(0)}); }
    Val udp_socket() { return g->call("wasi:sockets/udp-create-socket.create-udp-socket", {Val::variant(0)}); }
    void no_socket() {}
    void tcp_made() { socket = good(tcp_socket()); }
    void udp_made() { socket = good(udp_socket()); }
    void tcp_bound() {
        tcp_made();
        good(on(tcp + "start-bind", socket, {lend(network), v4(0)}));
        good(on(tcp + "finish-bind", socket));
    }
    void tcp_listens() {
        tcp_bound();
        good(on(tcp + "start-listen", socket));
        good(on(tcp + "finish-listen", socket));
    }
    void udp_bound() {
        udp_made();
        good(on(udp + "start-bind", socket, {lend(network), v4(0)}));
        good(on(udp + "finish-bind", socket));
    }
};

struct Case {
    std::string name;
    std::function<Val(Stage&)> call;
    void (Stage::*before)() = &Stage::no_socket;
};

Val connect(Stage& t) {
    Val there = t.on(tcp + "local-address", t.socket);
    if (there.case_index() == 1) return there;
    Val mine = t.tcp_socket();
    if (mine.case_index() == 1) return mine;
    Val begun = t.on(tcp + "start-connect", *mine.payload(), {lend(t.network), *there.payload()});
    if (begun.case_index() == 1) return begun;
    t.on("wasi:io/poll.[method]pollable.block", t.on(tcp + "subscribe", *mine.payload()));
    Val streams = t.on(tcp + "finish-connect", *mine.payload());
    if (streams.case_index() == 1) return streams;
    Val accepted = t.on(tcp + "accept", t.socket);
    if (accepted.case_index() == 1) return accepted;
    t.on("wasi:io/streams.[method]output-stream.write", streams.payload()->at(1), {bytes("hello")});
    t.on("wasi:io/streams.[method]input-stream.read", streams.payload()->at(0), {Val::u64(10)});
    return t.on(tcp + "shutdown", *mine.payload(), {Val::variant(2)});
}

Val send_to_itself(Stage& t) {
    Val there = t.on(udp + "local-address", t.socket);
    if (there.case_index() == 1) return there;
    Val streams = t.on(udp + "stream", t.socket, {Val::none()});
    if (streams.case_index() == 1) return streams;
    const Val& out = streams.payload()->at(1);
    Val permit = t.on("wasi:sockets/udp.[method]outgoing-datagram-stream.check-send", out);
    if (permit.case_index() == 1) return permit;
    Val sent = t.on("wasi:sockets/udp.[method]outgoing-datagram-stream.send", out, {Val::list({Val::record({bytes("hi"), Val::some(*there.payload())})})});
    if (sent.case_index() == 1) return sent;
    return t.on("wasi:sockets/udp.[method]incoming-datagram-stream.receive", streams.payload()->at(0), {Val::u64(10)});
}

std::vector<Case> cases() {
    auto file = [](std::string f, std::vector<Val> args = {}) {
        return Case{f, [=](Stage& t) { return t.on(d + f, t.file, args); }};
    };
    auto at = [](std::string f, std::vector<Val> args) {
        return Case{f, [=](Stage& t) { return t.on(d + f, t.root, args); }};
    };
    auto option = [](void (Stage::*before)(), std::string kind, std::string f, std::vector<Val> args = {}) {
        return Case{f, [=](Stage& t) { return t.on(kind + f, t.socket, args); }, before};
    };
    Val follow = Val::flags(1), now = Val::variant(1);
    std::vector<Case> all = {
        file("sync"), file("sync-data"), file("set-size", {Val::u64(3)}), file("set-times", {now, now}), file("read", {Val::u64(9), Val::u64(0)}),
        file("write", {bytes("new"), Val::u64(0)}), file("stat"), file("metadata-hash"), file("get-flags"), file("get-type"),
        at("create-directory-at", {s("new")}), at("stat-at", {follow, s("link")}), at("set-times-at", {follow, s("link"), now, now}),
        at("readlink-at", {s("link")}), at("symlink-at", {s("file"), s("new")}), at("unlink-file-at", {s("dir/inner")}), at("metadata-hash-at", {follow, s("file")}),
        {"remove-directory-at", [](Stage& t) { std::filesystem::remove_all(t.dir / "dir/inner"); return t.on(d + "remove-directory-at", t.root, {s("dir")}); }},
        {"link-at", [](Stage& t) { return t.on(d + "link-at", t.root, {Val::flags(0), s("file"), lend(t.root), s("new")}); }},
        {"rename-at", [](Stage& t) { return t.on(d + "rename-at", t.root, {s("dir/inner"), lend(t.root), s("new")}); }},
        {"open-at", [](Stage& t) { return t.open("link", 0, 3); }},
        {"open-at, new", [](Stage& t) { return t.open("new", 1 | 4, 3); }},
        {"open-at, truncating", [](Stage& t) { return t.open("file", 8, 2); }},
        {"open-at of a directory", [](Stage& t) { return t.open("dir", 2, 1); }},
        {"read-directory", [](Stage& t) {
             Val list = t.on(d + "read-directory", t.root);
             return list.case_index() == 1 ? list : t.on("wasi:filesystem/types.[method]directory-entry-stream.read-directory-entry", *list.payload());
         }},
        {"streams of a file", [](Stage& t) {
             Val out = t.on(d + "append-via-stream", t.file);
             if (out.case_index() == 1) return out;
             t.on("wasi:io/streams.[method]output-stream.blocking-write-and-flush", *out.payload(), {bytes("more")});
             Val in = t.on(d + "read-via-stream", t.file, {Val::u64(0)});
             if (in.case_index() == 0) t.on("wasi:io/streams.[method]input-stream.blocking-read", *in.payload(), {Val::u64(9)});
             return in;
         }},
        {"create-tcp-socket", [](Stage& t) { return t.tcp_socket(); }},
        {"create-udp-socket", [](Stage& t) { return t.udp_socket(); }},
        {"start-bind", [](Stage& t) { return t.on(tcp + "start-bind", t.socket, {lend(t.network), v4(0)}); }, &Stage::tcp_made},
        {"start-bind, udp", [](Stage& t) { return t.on(udp + "start-bind", t.socket, {lend(t.network), v4(0)}); }, &Stage::udp_made},
        option(&Stage::tcp_bound, tcp, "start-listen"), option(&Stage::tcp_bound, tcp, "local-address"), option(&Stage::udp_bound, udp, "local-address"),
        {"a connection", connect, &Stage::tcp_listens}, {"a datagram", send_to_itself, &Stage::udp_bound},
    };
    for (const char* f : {"keep-alive-enabled", "keep-alive-idle-time", "keep-alive-interval", "keep-alive-count", "hop-limit", "receive-buffer-size", "send-buffer-size"})
        all.push_back(option(&Stage::tcp_made, tcp, f));
    for (auto [f, v] : {std::pair("set-keep-alive-enabled", Val::boolean(true)), {"set-keep-alive-idle-time", Val::u64(2'000'000'000)}, {"set-keep-alive-count", Val::u32(3)},
                        {"set-hop-limit", Val::u8(9)}, {"set-receive-buffer-size", Val::u64(9999)}, {"set-send-buffer-size", Val::u64(9999)}})
        all.push_back(option(&Stage::tcp_made, tcp, f, {v}));
    for (const char* f : {"unicast-hop-limit", "receive-buffer-size", "send-buffer-size"}) all.push_back(option(&Stage::udp_made, udp, f));
    return all;
}

Ending attempt(Stage& t, const Case& c, int which, int error) {
    t.fill();
    t.file = good(t.open("file", 0, 3));
    (t.*c.before)();
    faults::begin(which, error);
    Val result = c.call(t);
    Ending e{std::move(result), faults::end()};
    t.file = t.socket = Val();
    return e;
}

// "no-entry": the error's name in the type of the function that gave it.
std::string error_of(Stage& t, const std::string& function, const Val& result) {
    for (const ExternInfo& i : t.g->linker.provided())
        for (const ExternInfo& e : i.exports)
            if (i.name.substr(0, i.name.find('@')) + "." + e.name == function) return e.func.result->members()[1].type->members()[result.payload()->case_index()].name;
    return "";
}

TEST(P2Faults, have_every_error_s_name) {
    Stage t;
    Case set_size{"set-size", [](Stage& u) { return u.on(d + "set-size", u.file, {Val::u64(3)}); }};
    Case listen{"start-listen", [](Stage& u) { return u.on(tcp + "start-listen", u.socket); }, &Stage::tcp_bound};
    constexpr int errors[] = {
#define ERRNO(name, code, os, text) os,
#include "errno.def"
#undef ERRNO
    };
    for (int error : errors) {
        if (error == 0 || error == EINTR) continue;
        Ending e = attempt(t, set_size, 1, error);
        EXPECT_EQ(error_of(t, d + "set-size", e.result), filesystem_error(errno_of(error)));
        Ending n = attempt(t, listen, 1, error);
        std::string_view name = error == EPIPE ? "connection-reset" : network_error(errno_of(error));   // 0.3 has a name of its own for it
        EXPECT_EQ(error_of(t, tcp + "start-listen", n.result), name.empty() ? "unknown" : name);
    }
    EXPECT_EQ(attempt(t, set_size, 1, EINTR).result.case_index(), 0u) << "it is done again";
}

TEST(P2Faults, are_errors_of_the_call_and_leak_nothing) { fail_each<Stage>(cases(), attempt, 500); }

}  // namespace
}  // namespace heddle::wasi::testing
