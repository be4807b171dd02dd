// Preview 1 through the engine: small programs in WAT, linked and run.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include <heddle/engine.hpp>
#include <heddle/text.hpp>
#include <heddle/wasi.hpp>

#include "guest.hpp"

namespace heddle::wasi::test {

namespace {

// A program and everything around it.
struct Program {
    Engine engine;
    Store store{engine};
    Linker linker{engine};
    Context context;
    std::optional<Instance> instance;
    std::string problem;

    // Links `wat`; problem says why not.
    bool link(const std::string& wat) {
        auto fail = [&](const Error& e) {
            problem = e.to_string();
            return false;
        };
        auto bytes = text::assemble(wat);
        if (!bytes) return fail(bytes.error());
        auto module = Module::load(engine, std::move(*bytes));
        if (!module) return fail(module.error());
        if (auto added = add(linker, context); !added) return fail(added.error());
        auto made = linker.instantiate(store, *module);
        if (!made) return fail(made.error());
        instance = *made;
        return true;
    }
    Result<void> start() {
        auto f = instance->func<void()>("_start");
        if (!f) return std::unexpected(f.error());
        return (*f)();
    }
};

// An import of every function of a module.
std::string imports(const char* module, const std::vector<std::pair<const char*, const char*>>& functions) {
    std::string wat = "(module";
    for (auto [name, type] : functions) wat += std::string(" (import \"") + module + "\" \"" + name + "\" (func " + type + "))";
    return wat + ")";
}

#define I "i32 "
#define L "i64 "
#define P(types) "(param " types ") (result i32)"

// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/witx/wasi_snapshot_preview1.witx
const std::vector<std::pair<const char*, const char*>> functions = {{"args_get", P(I I)},
                                                                    {"args_sizes_get", P(I I)},
                                                                    {"environ_get", P(I I)},
                                                                    {"environ_sizes_get", P(I I)},
                                                                    {"clock_res_get", P(I I)},
                                                                    {"clock_time_get", P(I L I)},
                                                                    {"fd_advise", P(I L L I)},
                                                                    {"fd_allocate", P(I L L)},
                                                                    {"fd_close", P(I)},
                                                                    {"fd_datasync", P(I)},
                                                                    {"fd_fdstat_get", P(I I)},
                                                                    {"fd_fdstat_set_flags", P(I I)},
                                                                    {"fd_fdstat_set_rights", P(I L L)},
                                                                    {"fd_filestat_get", P(I I)},
                                                                    {"fd_filestat_set_size", P(I L)},
                                                                    {"fd_filestat_set_times", P(I L L I)},
                                                                    {"fd_pread", P(I I I L I)},
                                                                    {"fd_prestat_get", P(I I)},
                                                                    {"fd_prestat_dir_name", P(I I I)},
                                                                    {"fd_pwrite", P(I I I L I)},
                                                                    {"fd_read", P(I I I I)},
                                                                    {"fd_readdir", P(I I I L I)},
                                                                    {"fd_renumber", P(I I)},
                                                                    {"fd_seek", P(I L I I)},
                                                                    {"fd_sync", P(I)},
                                                                    {"fd_tell", P(I I)},
                                                                    {"fd_write", P(I I I I)},
                                                                    {"path_create_directory", P(I I I)},
                                                                    {"path_filestat_get", P(I I I I I)},
                                                                    {"path_filestat_set_times", P(I I I I L L I)},
                                                                    {"path_link", P(I I I I I I I)},
                                                                    {"path_open", P(I I I I I L L I I)},
                                                                    {"path_readlink", P(I I I I I I)},
                                                                    {"path_remove_directory", P(I I I)},
                                                                    {"path_rename", P(I I I I I I)},
                                                                    {"path_symlink", P(I I I I I)},
                                                                    {"path_unlink_file", P(I I I)},
                                                                    {"poll_oneoff", P(I I I I)},
                                                                    {"proc_exit", "(param i32)"},
                                                                    {"proc_raise", P(I)},
                                                                    {"sched_yield", "(result i32)"},
                                                                    {"random_get", P(I I)},
                                                                    {"sock_recv", P(I I I I I I)},
                                                                    {"sock_send", P(I I I I I)},
                                                                    {"sock_shutdown", P(I I)},
                                                                    {"sock_accept", P(I I I)}};

#undef I
#undef L
#undef P

// Says "hello", then exits with 3.
const char* hello = R"((module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\10\00\00\00\06\00\00\00")
  (data (i32.const 16) "hello\n")
  (func (export "_start")
    (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
    (if (then unreachable))
    (call $exit (i32.const 3))
    unreachable)))";

// Waits for an hour, again and again.
const char* sleeper = R"((module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\01\00\00\00")
  (func (export "_start")
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (loop $again
      (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
      (br $again)))))";

}  // namespace

TEST(EndToEnd, preview_1_has_46_functions_of_the_right_types) {
    EXPECT_EQ(functions.size(), 46u);
    Program run;
    EXPECT_TRUE(run.link(imports("wasi_snapshot_preview1", functions))) << run.problem;
}

TEST(EndToEnd, the_unstable_version_has_all_but_accept) {
    Program run;
    EXPECT_TRUE(run.link(imports("wasi_unstable", {functions.begin(), functions.end() - 1}))) << run.problem;
    Program other;
    EXPECT_FALSE(other.link(imports("wasi_unstable", functions)));
}

TEST(EndToEnd, a_program_writes_and_exits_with_its_code) {
    Program run;
    run.context.capture_stdout();
    ASSERT_TRUE(run.link(hello)) << run.problem;
    Result<void> r = run.start();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind, Error::Kind::trapped);
    EXPECT_EQ(run.store.trap().code, TrapCode::exited);
    EXPECT_EQ(run.store.trap().exit_code, 3);
    EXPECT_EQ(run.context.exit_code(), 3);
    EXPECT_EQ(run.context.captured_stdout(), "hello\n");
}

TEST(EndToEnd, a_program_reads_a_granted_file_and_nothing_else) {
    TempDir dir;
    write_text(dir / "f", "from a file");
    for (auto [path, expected] : {std::pair{"f", 0u}, {"x", 44u}, {"../f", 63u}}) {
        Program run;
        run.context.capture_stdout().dir(dir.string(), "/", ReadOnly);
        std::string name = path;
        ASSERT_TRUE(run.link(R"((module
          (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) ")" +
                             name + R"(")
          (data (i32.const 32) "\00\01\00\00\40\00\00\00")
          (func (export "run") (result i32) (local $e i32)
            (local.set $e (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const )" +
                             std::to_string(name.size()) + R"()
                                      (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16)))
            (if (local.get $e) (then (return (local.get $e))))
            (if (call $read (i32.load (i32.const 16)) (i32.const 32) (i32.const 1) (i32.const 36)) (then (return (i32.const -1))))
            (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 48)))))"))
            << run.problem;
        auto f = run.instance->func<u32()>("run");
        ASSERT_TRUE(f);
        auto r = (*f)();
        ASSERT_TRUE(r) << r.error().message;
        EXPECT_EQ(*r, expected);
        EXPECT_EQ(run.context.captured_stdout(), expected == 0 ? "from a file" : "");
    }
}

TEST(EndToEnd, a_program_without_memory_gets_fault) {
    Program run;
    ASSERT_TRUE(run.link(R"((module
      (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
      (func (export "run") (result i32) (call $random (i32.const 0) (i32.const 1)))))"))
        << run.problem;
    EXPECT_EQ((*run.instance->func<u32()>("run"))(), 21u);
}

TEST(EndToEnd, a_sleeping_program_is_interrupted_within_10_ms) {
    Program run;
    ASSERT_TRUE(run.link(sleeper)) << run.problem;
    std::chrono::steady_clock::time_point interrupted;
    std::thread other([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        interrupted = std::chrono::steady_clock::now();
        run.store.interrupt();
        run.context.cancel();
    });
    Result<void> r = run.start();
    auto now = std::chrono::steady_clock::now();
    other.join();
    ASSERT_FALSE(r);
    EXPECT_EQ(run.store.trap().code, TrapCode::interrupted);
    EXPECT_LT(now - interrupted, std::chrono::milliseconds(100)) << "10 ms, with room for a busy machine";
}

TEST(EndToEnd, an_exception_of_the_embedders_clock_is_an_error_of_the_guest) {
    Program run;
    run.context.wall_clock([]() -> u64 { throw std::runtime_error("no time"); });
    ASSERT_TRUE(run.link(R"((module
      (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "run") (result i32) (call $time (i32.const 0) (i64.const 0) (i32.const 0)))))"))
        << run.problem;
    EXPECT_EQ((*run.instance->func<u32()>("run"))(), 29u);
}

TEST(EndToEnd, add_reports_what_is_wrong_with_the_context) {
    Engine engine;
    Linker linker(engine);
    auto r = add(linker, Context().dir("/nonexistent-heddle", "/"));
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind, Error::Kind::io);
    EXPECT_EQ(r.error().message, "/nonexistent-heddle: no such file or directory");
    Limits limits;
    limits.open_files = 3;
    EXPECT_TRUE(add(linker, Context().limits(limits)));
    auto full = add(linker, Context().limits(limits).dir("/tmp", "/"));
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().kind, Error::Kind::limit);
}

}  // namespace heddle::wasi::test
