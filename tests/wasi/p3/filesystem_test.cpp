// wasi:filesystem 0.3, called from a guest: the attack matrix, and system calls that fail under files and sockets.
#include <functional>

#include "fault_rounds.hpp"
#include "file_attacks.hpp"
#include "files.hpp"
#include "p3_guest.hpp"

namespace heddle::wasi::testing {
namespace {

const std::string d = "wasi:filesystem/types.[method]descriptor.", tcp = "wasi:sockets/types.[method]tcp-socket.", udp = "wasi:sockets/types.[method]udp-socket.";

Val s(const std::string& text) { return Val::string(text); }

// A guest with one directory.
struct Files : P3 {
    Val root;
    explicit Files(Context c) : P3(std::move(c), {"wasi:filesystem", "wasi:sockets"}) { root = P3::call("wasi:filesystem/preopens.get-directories").at(0).at(0); }

    Val on(const std::string& f, const Val& self, std::vector<Val> args = {}) {
        args.insert(args.begin(), lend(self));
        return P3::call(f, std::move(args));
    }
    Val call(const std::string& f, const Val& self, std::vector<Val> args = {}) { return on(d + f, self, std::move(args)); }
    Val open_result(const std::string& path, u32 open, u32 flags) { return call("open-at", root, {Val::flags(1), s(path), Val::flags(open), Val::flags(flags)}); }

    // The items of a stream with its end, and how it ended.
    template <class Each>
    Val drain(const Val& stream_and_future, Each each) {
        bool ended = false;
        EXPECT_TRUE(component::read_stream(
            g->store, stream_and_future.at(0),
            [&](Val items) {
                each(items);
                return true;
            },
            [&] { ended = true; }));
        until([&] { return ended; });
        return read_future(stream_and_future.at(1));
    }
    std::string contents(const Val& file) {
        std::string all;
        drain(call("read-via-stream", file, {Val::u64(0)}), [&](const Val& some) { all += text_of(some); });
        return all;
    }
    Val written(const Val& file) { return read_future(call("write-via-stream", file, {stream_of("overwritten"), Val::u64(0)})); }
    void overwrite(const Val& file) { written(file); }
    std::string names(const Val& directory) {
        std::string all;
        drain(call("read-directory", directory), [&](const Val& some) {
            for (std::size_t i = 0; i < some.size(); ++i) all += some.at(i).at(1).as_string() + "\n";
        });
        return all;
    }
};

u64 attacked(Access access) {
    test::World w;
    Files f(Context().dir(w.box.string(), "/", access));
    return run_matrix(f, w, access);
}

TEST(P3Sandbox, nothing_outside_is_seen_or_changed) { EXPECT_GT(attacked(ReadWrite), 10'000u); }
TEST(P3Sandbox, nothing_in_a_read_only_directory_changes) { EXPECT_GT(attacked(ReadOnly), 10'000u); }

// ---- system calls that fail -----------------------------------------------------------------------------------------------------------


Val v4(u16 port) { return Val::variant(0, Val::record({Val::u16(port), Val::record({Val::u8(127), Val::u8(0), Val::u8(0), Val::u8(1)})})); }

struct Stage {
    test::TempDir dir{"/dev/shm"};
    Files f{Context().dir(dir.string(), "/").allow_net("tcp:connect:127.0.0.1:*").allow_net("udp:connect:127.0.0.1:*").allow_listen("127.0.0.1:0").allow_listen("udp:127.0.0.1:0")};
    Val file;

    void fill() {
        for (const auto& e : std::filesystem::directory_iterator(dir / "")) std::filesystem::remove_all(e.path());
        std::filesystem::create_directories(dir / "dir");
        test::write_text(dir / "file", "content");
        std::filesystem::create_symlink("file", dir / "link");
        file = good(f.open_result("file", 0, 3));
    }
};

struct Case {
    std::string name;
    std::function<Val(Stage&)> call;
};

Val datagram(Stage& t) {
    Val made = t.f.P3::call("wasi:sockets/types.[static]udp-socket.create", {Val::variant(0)});
    if (made.case_index() == 1) return made;
    const Val& socket = *made.payload();
    if (Val r = t.f.on(udp + "bind", socket, {v4(0)}); r.case_index() == 1) return r;
    Val there = t.f.on(udp + "get-local-address", socket);
    if (there.case_index() == 1) return there;
    if (Val r = t.f.on(udp + "connect", socket, {*there.payload()}); r.case_index() == 1) return r;
    if (Val r = t.f.on(udp + "send", socket, {bytes("hi"), Val::none()}); r.case_index() == 1) return r;
    return t.f.on(udp + "receive", socket);
}

Val connection(Stage& t) {
    Val server = t.f.P3::call("wasi:sockets/types.[static]tcp-socket.create", {Val::variant(0)});
    if (server.case_index() == 1) return server;
    if (Val r = t.f.on(tcp + "bind", *server.payload(), {v4(0)}); r.case_index() == 1) return r;
    Val incoming = t.f.on(tcp + "listen", *server.payload());
    if (incoming.case_index() == 1) return incoming;
    Val there = t.f.on(tcp + "get-local-address", *server.payload()), client = t.f.P3::call("wasi:sockets/types.[static]tcp-socket.create", {Val::variant(0)});
    if (there.case_index() == 1) return there;
    if (client.case_index() == 1) return client;
    if (Val r = t.f.on(tcp + "connect", *client.payload(), {*there.payload()}); r.case_index() == 1) return r;
    Val sent = t.f.on(tcp + "send", *client.payload(), {t.f.stream_of("hello")});
    return t.f.read_future(sent);
}

std::vector<Case> cases() {
    auto file = [](std::string f, std::vector<Val> args = {}) { return Case{f, [=](Stage& t) { return t.f.call(f, t.file, args); }}; };
    auto at = [](std::string f, std::vector<Val> args) { return Case{f, [=](Stage& t) { return t.f.call(f, t.f.root, args); }}; };
    Val follow = Val::flags(1), now = Val::variant(1);
    return {
        file("sync"), file("sync-data"), file("set-size", {Val::u64(3)}), file("set-times", {now, now}), file("stat"), file("metadata-hash"), file("get-type"),
        at("create-directory-at", {s("new")}), at("stat-at", {follow, s("link")}), at("set-times-at", {follow, s("link"), now, now}), at("readlink-at", {s("link")}),
        at("symlink-at", {s("file"), s("new")}), at("unlink-file-at", {s("file")}), at("remove-directory-at", {s("dir")}), at("metadata-hash-at", {follow, s("file")}),
        {"link-at", [](Stage& t) { return t.f.call("link-at", t.f.root, {Val::flags(0), s("file"), lend(t.f.root), s("new")}); }},
        {"rename-at", [](Stage& t) { return t.f.call("rename-at", t.f.root, {s("file"), lend(t.f.root), s("new")}); }},
        {"open-at", [](Stage& t) { return t.f.open_result("link", 0, 3); }},
        {"open-at, new", [](Stage& t) { return t.f.open_result("new", 1 | 4, 3); }},
        {"read-via-stream", [](Stage& t) { return t.f.drain(t.f.call("read-via-stream", t.file, {Val::u64(0)}), [](const Val&) {}); }},
        {"write-via-stream", [](Stage& t) { return t.f.written(t.file); }},
        {"append-via-stream", [](Stage& t) { return t.f.read_future(t.f.call("append-via-stream", t.file, {t.f.stream_of("end")})); }},
        {"read-directory", [](Stage& t) { return t.f.drain(t.f.call("read-directory", t.f.root), [](const Val&) {}); }},
        {"a datagram", datagram},
        {"a connection", connection},
    };
}

Ending attempt(Stage& t, const Case& c, int which, int error) {
    t.fill();
    faults::begin(which, error);
    Val result = c.call(t);
    Ending e{std::move(result), faults::end()};
    t.file = Val();
    return e;
}

TEST(P3Faults, are_errors_of_the_call_and_leak_nothing) { fail_each<Stage>(cases(), attempt, 300); }

}  // namespace
}  // namespace heddle::wasi::testing
