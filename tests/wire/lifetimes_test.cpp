// Pools under nested calls, policies, breakers, recordings: what needs more than one call.
#include <atomic>
#include <thread>

#include "app.hpp"
#include "support/guests.hpp"
#include "support/protocol_guest.hpp"

namespace heddle::wire::testing {
namespace {

using namespace std::chrono_literals;

TEST(Lifetimes, a_thousand_parents_that_call_back_into_their_own_set_do_not_deadlock) {
    TestApp t({{"g.wat", cabi_guest()}}, R"(
[defaults]
artifact = "g.wat"
lifetime = "pooled"
pool = { max = 2, wait = "60s" }
limits = { deadline = "60s" }
grants = { call = ["other"] }
[materializers.parent]
[materializers.other]
)");
    ASSERT_TRUE(t.app);
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 1000; ++i) threads.emplace_back([&] { good += t.call("parent", "\"other\"").json == "\"echo\""; });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(good, 1000);
}

TEST(Lifetimes, a_snapshot_serves_many_calls_with_one_instance) {
    TestApp t({{"g.wat", cabi_guest()}}, "[materializers.a]\nartifact = \"g.wat\"\n");
    ASSERT_TRUE(t.app);
    for (int i = 0; i < 2000; ++i) ASSERT_EQ(said(t.call("a", "\"count\"")), "ok 1");
    EXPECT_EQ(t.app->materializers()[0].note, "snapshot: an instance is reset after every call");
}

u64 started(const TestApp& t, const char* op) { return t.app->data().ops.find(op)->second.program->stats().started; }

TEST(Lifetimes, components_are_reset_too) {
    for (bool typed : {false, true}) {
        std::string manifest = std::string("name = \"t\"\n[materializers.a]\nartifact = \"g.wat\"\nkind = \"") + (typed ? "wit" : "wit-wire") + "\"\n";
        TestApp t({{"g.wat", typed ? wit_guest(manifest) : component_guest()}}, manifest);
        ASSERT_TRUE(t.app);
        for (int i = 0; i < 500; ++i) ASSERT_EQ(said(t.call("a", "\"count\"")), "ok 1");
        EXPECT_EQ(t.app->materializers()[0].note, "snapshot: an instance is reset after every call");
        EXPECT_EQ(started(t, "a"), 1u);
        EXPECT_EQ(t.call("a", "\"trap\"").outcome, Outcome::trap);
        EXPECT_EQ(said(t.call("a", "\"count\"")), "ok 1");
        EXPECT_EQ(started(t, "a"), 2u);
    }
}

// Opens a file and leaves it open; gives its descriptor.
const std::string opener = R"((module
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "app.toml")
  (global $calls (mut i32) (i32.const 0))
  (func $open (export "open") (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 8) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)) (then unreachable))
    (i32.add (i32.load (i32.const 0)) (i32.mul (global.get $calls) (i32.const 100))))
  INIT))";

std::string with_init(std::string text, const char* init) { return text.replace(text.find("INIT"), 4, init); }

TEST(Lifetimes, files_that_a_call_left_open_are_closed_for_the_next_one) {
    TestApp t({{"o.wat", with_init(opener, "")}}, "[materializers.open]\nartifact = \"o.wat\"\nkind = \"core\"\ndirs = { \"/\" = \".\" }\n");
    ASSERT_TRUE(t.app);
    for (int i = 0; i < 500; ++i) ASSERT_EQ(said(t.call("open", "null")), "ok 104");
    EXPECT_EQ(started(t, "open"), 1u);
}

TEST(Lifetimes, a_guest_that_holds_an_open_file_gets_a_new_instance_and_is_told_why) {
    TestApp t({{"o.wat", with_init(opener, "(func (export \"_initialize\") (drop (call $open)))")}}, "[materializers.open]\nartifact = \"o.wat\"\nkind = \"core\"\ndirs = { \"/\" = \".\" }\n");
    ASSERT_TRUE(t.app);
    for (int i = 0; i < 10; ++i) ASSERT_EQ(said(t.call("open", "null")), "ok 205");
    EXPECT_EQ(started(t, "open"), 10u);
    EXPECT_EQ(t.app->materializers()[0].note,
              "snapshot: every call gets a new instance, because no snapshot can keep what the guest holds: descriptor 4, a file or connection that it has opened");
}

// Writes a word all over its memory, into a global and a table; and looks for it.
const std::string canary = R"((module
  (memory (export "memory") 4 64)
  (global $kept (mut i32) (i32.const 0))
  (table $t 4 funcref)
  (elem declare func $f)
  (func $f)
  (func (export "put") (param $word i32) (result i32)
    (local $at i32)
    (drop (memory.grow (i32.const 3)))
    (loop $more
      (i32.store (local.get $at) (local.get $word))
      (local.set $at (i32.add (local.get $at) (i32.const 2048)))
      (br_if $more (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
    (global.set $kept (local.get $word))
    (table.set $t (i32.const 1) (ref.func $f))
    (memory.size))
  (func (export "find") (param $word i32) (result i32)
    (local $at i32) (local $found i32)
    (loop $more
      (local.set $found (i32.add (local.get $found) (i32.eq (i32.load (local.get $at)) (local.get $word))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $more (i32.lt_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))))
    (i32.add (local.get $found) (i32.add (i32.eq (global.get $kept) (local.get $word)) (i32.add (i32.sub (memory.size) (i32.const 4)) (i32.eqz (ref.is_null (table.get $t (i32.const 1))))))))))";

TEST(Lifetimes, what_a_call_wrote_is_nowhere_for_the_next_one) {
    for (const char* lifetime : {"snapshot", "request"}) {
        TestApp t({{"c.wat", canary}}, std::string("[defaults]\nartifact = \"c.wat\"\nkind = \"core\"\nlifetime = \"") + lifetime + "\"\n[materializers.put]\n[materializers.find]\n");
        ASSERT_TRUE(t.app);
        for (int i = 0; i < 100; ++i) {
            ASSERT_EQ(said(t.call("put", "305419896")), "ok 7");
            ASSERT_EQ(said(t.call("find", "305419896")), "ok 0") << lifetime;
        }
    }
}

// Memories' address space is used again by whoever comes next.
TEST(Lifetimes, what_another_instance_wrote_is_nowhere_for_a_new_one) {
    std::string trap = canary;
    trap.replace(trap.find("(table.set"), 0, "(if (i32.eqz (local.get $word)) (then unreachable)) ");
    TestApp a({{"c.wat", trap}}, "[defaults]\nartifact = \"c.wat\"\nkind = \"core\"\n[materializers.put]\n[materializers.find]\n");
    TestApp b({{"c.wat", canary}}, "[defaults]\nartifact = \"c.wat\"\nkind = \"core\"\nlifetime = \"request\"\n[materializers.find]\n[materializers.put]\n");
    ASSERT_TRUE(a.app && b.app);
    for (int i = 0; i < 50; ++i) {
        ASSERT_EQ(said(b.call("put", "305419896")), "ok 7");
        ASSERT_EQ(a.call("put", "0").outcome, Outcome::trap);  // so that its instance goes
        ASSERT_EQ(said(a.call("find", "305419896")), "ok 0");
        ASSERT_EQ(said(a.call("put", "305419896")), "ok 7");
        ASSERT_EQ(said(b.call("find", "305419896")), "ok 0");
    }
}

TEST(Lifetimes, a_full_pool_is_waited_for_in_order_and_not_for_ever) {
    TestApp t({{"g.wat", cabi_guest()}}, R"(
[defaults]
artifact = "g.wat"
pool = { max = 1, wait = "30ms" }
limits = { deadline = "400ms" }
[materializers.a]
)");
    ASSERT_TRUE(t.app);
    std::thread slow([&] { EXPECT_EQ(t.call("a", "\"loop\"").outcome, Outcome::deadline); });
    std::this_thread::sleep_for(100ms);
    Reply r = t.call("a", "\"echo\"");
    slow.join();
    EXPECT_EQ(r.outcome, Outcome::overloaded) << said(r);
    EXPECT_TRUE(r.retry_after);
    EXPECT_EQ(said(t.call("a", "\"echo\"")), "ok \"echo\"");
}

TEST(Lifetimes, a_singleton_that_calls_itself_is_refused_and_lives_on) {
    TestApp t({{"g.wat", cabi_guest()}}, R"(
[materializers.other]
artifact = "g.wat"
lifetime = "singleton"
grants = { call = ["other"] }
)");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("other", "\"other\"")), "handler_err: the call came back to an instance that is still in the call that made it");
    EXPECT_EQ(said(t.call("other", "\"echo\"")), "ok \"echo\"");
}

TEST(Lifetimes, a_breaker_opens_after_failures_and_closes_after_success) {
    TestApp t({{"g.wat", cabi_guest()}}, R"(
[materializers.a]
artifact = "g.wat"
breaker = { failures = 2, open = "1s" }
)");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(t.call("a", "\"trap\"").outcome, Outcome::trap);
    EXPECT_EQ(t.call("a", "\"trap\"").outcome, Outcome::trap);
    Reply r = t.call("a", "\"echo\"");
    EXPECT_EQ(r.outcome, Outcome::unavailable);
    EXPECT_TRUE(r.retry_after && r.retry_after->count() <= 1000);
    std::this_thread::sleep_for(1050ms);
    EXPECT_EQ(said(t.call("a", "\"echo\"")), "ok \"echo\"");
}

TEST(Lifetimes, a_guest_that_cannot_start_is_left_alone_for_a_while) {
    TestApp t({{"a.wat", "(module (func $s unreachable) (start $s) (func (export \"a\")))"}}, "[materializers.a]\nartifact = \"a.wat\"\nkind = \"core\"\n");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(t.call("a", "null").outcome, Outcome::trap);
    int tries = 0;  // each try that fails doubles the pause
    while (t.call("a", "null").outcome != Outcome::unavailable && tries < 20) ++tries;
    EXPECT_LT(tries, 20);
}

TEST(Lifetimes, a_loop_anywhere_ends_with_its_deadline) {
    const char* loop = "(loop $l (br $l))";
    std::string start = std::string("(module (func $s ") + loop + ") (start $s) (func (export \"a\")))";
    std::string init = std::string("(module (func (export \"_initialize\") ") + loop + ") (func (export \"a\")))";
    std::string body = std::string("(module (func (export \"a\") ") + loop + "))";
    for (const std::string& module : {start, init, body}) {
        TestApp t({{"a.wat", module}}, "[materializers.a]\nartifact = \"a.wat\"\nkind = \"core\"\nlimits = { deadline = \"50ms\" }\n");
        ASSERT_TRUE(t.app);
        Reply r = t.call("a", "null");
        EXPECT_EQ(r.outcome, Outcome::deadline) << said(r);
        EXPECT_GE(r.took, 50ms);
    }
}

// The policy's guest answers by the first letter of the *input's* text, which stands in its question; so each is a module of its own.
std::string policy(const std::string& answer) {
    std::string escaped;
    for (char c : answer) escaped += c == '"' ? "\\\"" : std::string(1, c);
    return R"((module (import "cw:host" "result" (func $r (param i32 i32))) (memory (export "memory") 1) (data (i32.const 0) ")" + escaped + R"(")
      (func (export "cw_abi") (result i32) (i32.const 1)) (func (export "cw_alloc") (param i32) (result i32) (i32.const 4096)) (func (export "cw_free") (param i32 i32))
      (func (export "cw_init") (param i32 i32) (result i32) (i32.const 0))
      (func (export "cw_handle") (param i32 i32 i32 i32) (result i32) )" + (answer == "trap" ? "unreachable" : "(call $r (i32.const 0) (i32.const " + std::to_string(answer.size()) + ")) (i32.const 0)") + "))";
}

TEST(Policies, the_first_that_decides_decides_and_nobody_means_no) {
    TestApp t({{"g.wat", cabi_guest()}, {"allow.wat", policy("\"allow\"")}, {"deny.wat", policy(R"({"decision":"deny","reason":"not yours"})")}, {"pass.wat", policy("\"pass\"")},
               {"trap.wat", policy("trap")}, {"odd.wat", policy("7")}},
              R"(
[defaults]
artifact = "g.wat"
[materializers]
allow = { artifact = "allow.wat" }
deny = { artifact = "deny.wat" }
pass = { artifact = "pass.wat" }
trap = { artifact = "trap.wat" }
odd = { artifact = "odd.wat" }
a = { policy = ["pass", "allow", "deny"] }
b = { policy = ["pass", "deny", "allow"] }
c = { policy = ["pass"] }
d = { policy = ["trap", "allow"] }
e = { policy = ["odd"] }
)");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("a", "\"echo\"")), "ok \"echo\"");
    EXPECT_EQ(said(t.call("b", "\"echo\"")), "denied: not yours");
    EXPECT_EQ(said(t.call("c", "\"echo\"")), "denied: no policy allows it");
    EXPECT_EQ(said(t.call("d", "\"echo\"")), "denied: the policy `trap` failed: the guest trapped: unreachable");
    EXPECT_EQ(said(t.call("e", "\"echo\"")), "denied: the policy `odd` gave neither allow, deny nor pass");
}

TEST(Recordings, a_replay_ends_as_the_call_did_without_its_host) {
    TestApp t({{"g.wat", cabi_guest()}}, "[materializers.a]\nartifact = \"g.wat\"\n");
    ASSERT_TRUE(t.app);
    Recording recording;
    Reply first = t.call("a", "\"random\"", {.record = &recording});
    ASSERT_TRUE(first.ok()) << said(first);
    ASSERT_EQ(recording.hostcalls.size(), 1u);
    auto read = read_recording(to_json(recording));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(said(t.call("a", "\"random\"", {.replay = &*read})), said(first));
    EXPECT_EQ(said(t.call("a", "\"kv\"", {.replay = &*read})), "handler_err: replay: the guest calls `kv.get` with other words than the recorded `random`");
    EXPECT_FALSE(read_recording("{}"));
}

// Adds what the clock, random bytes and its own start's clock gave; "more" asks for the clock once more.
const std::string gambler = R"((module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_initialize") (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 16))))
  (func $draw (export "draw") (result i64)
    (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 0))) (drop (call $random (i32.const 8) (i32.const 8)))
    (i64.and (i64.add (i64.load (i32.const 0)) (i64.add (i64.load (i32.const 8)) (i64.load (i32.const 16)))) (i64.const 0x7fffffffffffffff)))
  (func (export "more") (result i64) (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 24))) (call $draw))))";

TEST(Recordings, clocks_and_random_bytes_are_given_again) {
    TestApp t({{"g.wat", gambler}}, "[defaults]\nartifact = \"g.wat\"\nkind = \"core\"\n[materializers.draw]\n[materializers.more]\n");
    ASSERT_TRUE(t.app);
    EXPECT_TRUE(t.call("draw", "null").ok());
    Recording recording;
    Reply first = t.call("draw", "null", {.record = &recording});
    ASSERT_TRUE(first.ok()) << said(first);
    ASSERT_EQ(recording.wasi.size(), 3u);  // the instance's start included
    auto read = read_recording(to_json(recording));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(said(t.call("draw", "null", {.replay = &*read})), said(first));
    EXPECT_NE(said(t.call("draw", "null")), said(first));
    EXPECT_EQ(said(t.call("more", "null", {.replay = &*read})), "failed: replay: the guest reads its clocks, or draws random bytes, otherwise than it did");
}

TEST(Limits, of_components_are_options) {
    TestApp t({{"g.wat", component_guest()}}, "[materializers.a]\nartifact = \"g.wat\"\nkind = \"wit-wire\"\nlimits = { host_copy = \"1KiB\", handles = 10, tasks = 10, host_memory = \"1MiB\" }\n");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("a", "\"echo\"")), "ok \"echo\"");
    Reply r = t.call("a", "\"e" + std::string(4000, 'x') + "\"");
    EXPECT_EQ(r.outcome, Outcome::memory) << said(r);
    EXPECT_NE(r.message.find("1024"), std::string::npos) << said(r);
}

}  // namespace
}  // namespace heddle::wire::testing
