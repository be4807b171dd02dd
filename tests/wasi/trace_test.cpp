#include <heddle/wasi_trace.hpp>

#include "forwarder.hpp"
#include "guest.hpp"
#include "p1/call_text.hpp"

namespace heddle::wasi::testing {
namespace {

struct Traced {
    std::vector<std::string> lines;
    Context context;
    std::unique_ptr<Forwarder> g;
    explicit Traced(bool json) {
        context.args({"tool", "x"}).stdin_bytes("hello\n\x01").capture_stdout();
        trace(context, [this](std::string_view l) { lines.emplace_back(l); }, json);
        g = std::make_unique<Forwarder>(context, std::vector<std::string>{"wasi:cli", "wasi:io"});
    }
};

TEST(Trace, shows_names_arguments_and_results) {
    Traced t(false);
    t.g->call("wasi:cli/environment.get-arguments");
    Val in = t.g->call("wasi:cli/stdin.get-stdin");
    t.g->call("wasi:io/streams.[method]input-stream.read", {lend(in), Val::u64(100)});
    t.g->call("wasi:io/streams.[method]input-stream.read", {lend(in), Val::u64(100)});
    ASSERT_EQ(t.lines.size(), 4u);
    EXPECT_TRUE(t.lines[0].starts_with("wasi:cli/environment@0.2.12.get-arguments() = [\"tool\", \"x\"] <")) << t.lines[0];
    EXPECT_TRUE(t.lines[2].starts_with("wasi:io/streams@0.2.12.[method]input-stream.read(self=#1, len=100) = ok(\"hello\\n\\x01\") <")) << t.lines[2];
    EXPECT_NE(t.lines[3].find(" = err(closed) <"), std::string::npos) << t.lines[3];
}

TEST(Trace, shows_json) {
    Traced t(true);
    t.g->call("wasi:cli/environment.get-arguments");
    ASSERT_EQ(t.lines.size(), 1u);
    EXPECT_TRUE(t.lines[0].starts_with(R"({"call":"wasi:cli/environment@0.2.12.get-arguments","arguments":{},"result":"[\"tool\", \"x\"]","microseconds":)")) << t.lines[0];
}

// ---- preview 1

struct TracedGuest {
    test::TempDir dir;
    test::Guest g{Context().dir(dir.string(), "/").args({"tool"})};

    std::string arguments(const char* function, std::vector<u64> words, bool unstable = false) {
        TracedCall c;
        p1::tell_arguments(c, function, unstable, g.memory(), words);
        std::string s;
        for (auto& [name, value] : c.arguments) s += (s.empty() ? "" : ", ") + name + "=" + value;
        return s;
    }
    std::string result(const char* function, std::vector<u64> words, Errno e = Errno::success, bool unstable = false) {
        return p1::result_text(function, unstable, g.memory(), words, e);
    }
};

TEST(TraceP1, tells_what_a_guest_passes) {
    TracedGuest t;
    auto path = t.g.text("dir/\n");
    EXPECT_EQ(t.arguments("path_open", {3, 1, path.at, path.size, 9, 2 | 64, (1 << 30) - 1, 5, 0}),
              "fd=3, dirflags=symlink_follow, path=\"dir/\\n\", oflags=creat|trunc, base=fd_read|fd_write, inheriting=all, fdflags=append|nonblock");
    EXPECT_EQ(t.arguments("fd_write", {1, t.g.vectors({t.g.text("ab"), t.g.text(""), t.g.text("c")}), 3, 0}), "fd=1, bytes=\"abc\"");
    EXPECT_EQ(t.arguments("fd_write", {1, t.g.vectors({t.g.text(std::string(1000, 'x'))}), 1, 0}), "fd=1, bytes=\"" + std::string(32, 'x') + "\"… (1000 bytes)");
    EXPECT_EQ(t.arguments("fd_seek", {4, u64(-2), 2, 0}), "fd=4, offset=-2, whence=end");
    EXPECT_EQ(t.arguments("fd_seek", {4, u64(-2), 2, 0}, true), "fd=4, offset=-2, whence=set");
    EXPECT_EQ(t.arguments("fd_seek", {4, 0, 9, 0}), "fd=4, offset=0, whence=9");
    EXPECT_EQ(t.arguments("fd_advise", {4, 0, 9, 3}), "fd=4, offset=0, len=9, advice=willneed");
    EXPECT_EQ(t.arguments("sock_shutdown", {4, 3 | 8}), "fd=4, how=rd|wr|8");
    EXPECT_EQ(t.arguments("sched_yield", {}), "");
    p1::Subscription all[2];
    all[0].timeout = 5, all[0].id_or_fd = 1;
    all[1].tag = 1, all[1].id_or_fd = 7;
    u32 at = t.g.put(all[0]);
    t.g.memory().store(at + 48, all[1]);
    EXPECT_EQ(t.arguments("poll_oneoff", {at, 0, 2, 0}), "in=[monotonic in 5 ns, read 7], nsubscriptions=2");
    // Pointers that lead nowhere are told as they are.
    EXPECT_EQ(t.arguments("path_unlink_file", {3, 0xffff'fff0, 100}), "fd=3, path=0xfffffff0");
    EXPECT_EQ(t.arguments("fd_write", {1, 0xffff'fff0, 1, 0}), "fd=1, bytes=0xfffffff0");
    EXPECT_EQ(t.arguments("no_function", {1}), "");
}

TEST(TraceP1, tells_what_a_guest_gets) {
    TracedGuest t;
    test::write_text(t.dir / "file", "content");
    u32 number = t.g.put(u32(4));
    auto buffer = t.g.text("content");
    EXPECT_EQ(t.result("path_open", {3, 0, 0, 0, 0, 0, 0, 0, number}), "success(opened=4)");
    EXPECT_EQ(t.result("path_open", {3, 0, 0, 0, 0, 0, 0, 0, number}, Errno::noent), "noent");
    EXPECT_EQ(t.result("fd_read", {4, t.g.vectors({buffer}), 1, number}), "success(bytes=\"cont\", nread=4)");
    EXPECT_EQ(t.result("path_readlink", {3, 0, 0, buffer.at, buffer.size, number}), "success(contents=\"cont\", used=4)");
    EXPECT_EQ(t.result("fd_close", {4}), "success");
    u32 stat = t.g.room(64);
    ASSERT_EQ(p1::fd_fdstat_get(t.g.process, t.g.memory(), 3, stat), Errno::success);
    EXPECT_TRUE(t.result("fd_fdstat_get", {3, stat}).starts_with("success(stat={directory, flags: 0, rights: ")) << t.result("fd_fdstat_get", {3, stat});
    auto path = t.g.text("file");
    ASSERT_EQ(p1::path_filestat_get(t.g.process, t.g.memory(), 3, 0, path.at, path.size, stat), Errno::success);
    EXPECT_TRUE(t.result("path_filestat_get", {3, 0, 0, 0, stat}).starts_with("success(stat={regular_file, size: 7, links: 1, modified: "));
    ASSERT_EQ(p1::unstable::path_filestat_get(t.g.process, t.g.memory(), 3, 0, path.at, path.size, stat), Errno::success);
    EXPECT_TRUE(t.result("path_filestat_get", {3, 0, 0, 0, stat}, Errno::success, true).starts_with("success(stat={regular_file, size: 7, links: 1, modified: "));
    u32 entries = t.g.room(1000);
    ASSERT_EQ(p1::fd_readdir(t.g.process, t.g.memory(), 3, entries, 1000, 0, number), Errno::success);
    std::string names = t.result("fd_readdir", {3, entries, 1000, 0, number});
    EXPECT_NE(names.find("\"file\""), names.npos) << names;
    u32 prestat = t.g.room(8);
    ASSERT_EQ(p1::fd_prestat_get(t.g.process, t.g.memory(), 3, prestat), Errno::success);
    EXPECT_EQ(t.result("fd_prestat_get", {3, prestat}), "success(prestat={directory, name: 1 bytes})");
    u32 event = t.g.put(p1::Event{.error = 8, .type = 1}), one = t.g.put(u32(1));
    EXPECT_EQ(t.result("poll_oneoff", {0, event, 1, one}), "success(out=[read badf], nevents=1)");
    EXPECT_EQ(t.result("path_open", {3, 0, 0, 0, 0, 0, 0, 0, test::Guest::outside}), "success(opened=0xfffff)");
}

TEST(TraceP1, every_function_is_known) {
    // add() compares the parameters with the functions' types.
    Context c;
    std::vector<std::string> lines;
    trace(c, [&](std::string_view l) { lines.emplace_back(l); });
    Engine engine;
    Linker linker(engine);
    EXPECT_TRUE(add(linker, c));
    EXPECT_EQ(p1::words_of("path_open", false), 9u);
    EXPECT_EQ(p1::words_of("poll_oneoff", true), 4u);
}

}  // namespace
}  // namespace heddle::wasi::testing
