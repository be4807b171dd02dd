// Host calls that a component provides, in the place of the built-in store: who reaches it, what becomes of callers when it ends, how it starts anew.
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app.hpp"
#include "support/guests.hpp"
#include "support/protocol_guest.hpp"

namespace heddle::wire::testing {
namespace {

using namespace std::chrono_literals;

const std::string simple_exports = R"(
  (memory (export "memory") 2)
  (func (export "cw_abi") (result i32) (i32.const 1))
  (global $place (mut i32) (i32.const 9216))
  (func (export "cw_alloc") (param i32) (result i32) (global.set $place (i32.xor (global.get $place) (i32.const 8192))) (global.get $place))
  (func (export "cw_free") (param i32 i32))
  (func (export "cw_init") (param i32 i32) (result i32) (i32.const 0)))";

// Asks its host for the op that it is itself, with its own input.
const std::string forwards = R"((module
  (import "cw:host" "result" (func $result (param i32 i32)))
  (import "cw:host" "hostcall" (func $hostcall (param i32 i32 i32 i32) (result i64)))
  (import "cw:host" "take" (func $take (param i32))))" + simple_exports + R"(
  (func (export "cw_handle") (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32)
    (local $r i64)
    (local.set $r (call $hostcall (local.get $op) (local.get $opn) (local.get $in) (local.get $n)))
    (call $take (i32.const 32768))
    (call $result (i32.const 32768) (i32.wrap_i64 (local.get $r)))
    (select (i32.const 3) (i32.const 0) (i32.wrap_i64 (i64.shr_u (local.get $r) (i64.const 32)))))))";

// Whatever it is asked, it says how often it was (100001, 100002, …); it traps at "trap", is in an endless loop at "loop", and takes its time at "slow".
const std::string counts = R"((module
  (import "cw:host" "result" (func $result (param i32 i32))))" + simple_exports + R"(
  (global $count (mut i32) (i32.const 100000))
  (func $has (param $in i32) (param $n i32) (param $word i32) (result i32)
    (loop $more
      (if (i32.lt_s (local.get $n) (i32.const 4)) (then (return (i32.const 0))))
      (if (i32.eq (i32.load (local.get $in)) (local.get $word)) (then (return (i32.const 1))))
      (local.set $in (i32.add (local.get $in) (i32.const 1)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $more))
    unreachable)
  (func (export "cw_handle") (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32)
    (local $i i32) (local $left i32)
    (if (call $has (local.get $in) (local.get $n) (i32.const 0x70617274)) (then unreachable))
    (if (call $has (local.get $in) (local.get $n) (i32.const 0x706f6f6c)) (then (loop $forever (br $forever))))
    (if (call $has (local.get $in) (local.get $n) (i32.const 0x776f6c73)) (then (loop $some (br_if $some (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 6000000))))))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (local.set $left (global.get $count))
    (local.set $i (i32.const 6))
    (loop $digits
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (i32.store8 (i32.add (i32.const 16) (local.get $i)) (i32.add (i32.const 48) (i32.rem_u (local.get $left) (i32.const 10))))
      (local.set $left (i32.div_u (local.get $left) (i32.const 10)))
      (br_if $digits (local.get $i)))
    (call $result (i32.const 16) (i32.const 6))
    (i32.const 0))))";

const std::string caller = R"(
[materializers."kv.increment"]
artifact = "forwards.wat"
lifetime = "pooled"
pool = { max = 100, wait = "60s" }
limits = { deadline = "60s" }
grants = { kv = "write" }
[runtimes.store]
artifact = "counts.wat"
provides = ["kv.*"]
pool = { wait = "60s" }
)";

struct RuntimeApp : TestApp {
    explicit RuntimeApp(const std::string& more, const std::string& manifest = caller) : TestApp({{"forwards.wat", forwards}, {"counts.wat", counts}}, manifest + more) {}
    Reply increment(const char* key, const CallOptions& options = {}) const { return call("kv.increment", std::string(R"({"key":")") + key + "\"}", options); }
    u64 started() const { return app->data().provided.find("kv.increment")->second.program->stats().started; }
};

// What the caller was told: the host call's error, and what happened to the provider.
std::string told(const Reply& r) {
    if (r.ok()) return "ok " + r.json;
    Json error = r.json.empty() ? Json() : parse_scanned(r.json);
    if (!error.is_object() || !error.contains("code")) return said(r);
    return error["code"].get<std::string>() + (error.contains("cause") ? "/" + error["cause"]["code"].get<std::string>() : "") + ": " + error["message"].get<std::string>();
}

TEST(Runtime, a_component_is_asked_in_the_place_of_the_built_in_store) {
    RuntimeApp t("");
    ASSERT_TRUE(t.app && t.app->warm());
    EXPECT_EQ(told(t.increment("a")), "ok 100001");
    EXPECT_EQ(told(t.increment("a")), "ok 100002");
    EXPECT_EQ(t.started(), 1u);
    EXPECT_EQ(said(t.call("kv.get", "null")), "unknown_op: no materializer is called `kv.get`; known are `kv.increment`") << "it is for guests alone";
    EXPECT_NE(metrics_text(t.app->data()).find("heddle_calls_total{op=\"runtimes.store.kv.increment\",outcome=\"ok\"} 2"), std::string::npos);
}

TEST(Runtime, grants_and_prefixes_hold_before_it_is_asked) {
    auto with = [](const char* grants) {
        std::string m = caller;
        return m.replace(m.find("kv = \"write\""), 12, grants);
    };
    RuntimeApp read("", with("kv = \"read\"")), prefixed("", with("kv = \"write\", kv_prefix = \"mine:\""));
    EXPECT_EQ(told(read.increment("a")), "denied: `kv.increment` may not call `kv.increment` (grants.kv)");
    EXPECT_EQ(told(prefixed.increment("a")), "denied: `kv.increment` may only use keys that begin with `mine:` (grants.kv_prefix)");
    EXPECT_EQ(told(prefixed.call("kv.increment", R"({"kye":1})")), "bad_args: unknown key `kye`; did you mean `key`?");
    EXPECT_EQ(told(prefixed.increment("mine:a")), "ok 100001");
}

struct Speaker {
    const char *name, *kind;
    std::string (*text)();
};
class RuntimeOf : public ::testing::TestWithParam<Speaker> {};
std::string no_text() { return {}; }

// The guest asks for the key `k`; what provides it gives its own input back.
TEST_P(RuntimeOf, guests_of_every_kind_reach_it_and_components_of_every_kind_provide_it) {
    const Speaker& s = GetParam();
    std::string kind = s.kind, ask = "name = \"t\"\n[materializers.a]\nartifact = \"a.wat\"\nkind = \"" + kind + "\"\ngrants = { kv = \"read\" }\n";
    std::string guest = kind == "wit" ? wit_guest(ask) : s.text();
    TestApp simple({{"a.wat", guest}, {"s.wat", simple_guest()}}, ask + "[runtimes.store]\nartifact = \"s.wat\"\nprovides = [\"kv.*\"]\n");
    ASSERT_TRUE(simple.app);
    EXPECT_EQ(said(simple.call("a", "\"kv\"")), R"(ok {"key":"k"})");
    if (kind == "wit") return;
    TestApp both({{"a.wat", guest}}, ask + "[runtimes.store]\nartifact = \"a.wat\"\nkind = \"" + kind + "\"\nprovides = [\"kv.*\"]\n");
    ASSERT_TRUE(both.app && both.app->warm());
    EXPECT_EQ(said(both.call("a", "\"kv\"")), R"(ok {"key":"k"})");
}
INSTANTIATE_TEST_SUITE_P(Kinds, RuntimeOf, ::testing::Values(Speaker{"simple", "core-wire", simple_guest}, Speaker{"cabi", "core-wire", cabi_guest}, Speaker{"component", "wit-wire", component_guest}, Speaker{"wit", "wit", no_text}),
                         [](const auto& p) { return p.param.name; });

TEST(Runtime, an_export_of_any_component_provides_a_new_host_call) {
    const std::string sizes = R"((component
      (core module $M (memory (export "mem") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64)) (func (export "size") (param i32 i32) (result i32) (local.get 1)))
      (core instance $m (instantiate $M))
      (func $size (param "text" string) (result u32) (canon lift (core func $m "size") (memory $m "mem") (realloc (func $m "realloc"))))
      (instance $i (export "size" (func $size)))
      (export "demo:app/texts" (instance $i))))";
    TestApp t({{"forwards.wat", forwards}, {"sizes.wat", sizes}}, R"(
[materializers.size-of]
artifact = "forwards.wat"
grants = { host = ["size-of"] }
[materializers.other]
artifact = "forwards.wat"
[runtimes.texts]
artifact = "sizes.wat"
kind = "reflected"
provides = { size-of = { export = "demo:app/texts.size", input = { type = "object", required = ["text"] }, output = { type = "integer" } } }
)");
    ASSERT_TRUE(t.app && t.app->warm());
    EXPECT_EQ(told(t.call("size-of", R"({"text":"four"})")), "ok 4");
    EXPECT_EQ(told(t.call("size-of", R"({"txt":"four"})")).substr(0, 52), "bad_args/invalid_input: `size-of` (runtimes.texts): ");
    EXPECT_TRUE(told(t.call("other", "1")).starts_with("op_404: no host call is named `other`; known are `call`, "));
}

TEST(Runtime, its_own_calls_reach_what_it_replaces) {
    std::string manifest = caller;
    RuntimeApp t("grants = { kv = \"write\" }\n", manifest.replace(manifest.find("counts.wat"), 10, "forwards.wat"));
    ASSERT_TRUE(t.app);
    EXPECT_EQ(told(t.increment("a")), "ok 1");
    EXPECT_EQ(told(t.call("kv.increment", R"({"key":"a","by":41})")), "ok 42");
    EXPECT_EQ(*t.app->data().kv->get("a"), "42");
    t.app->data().kv->set("a", "\"text\"");
    EXPECT_EQ(told(t.increment("a")).substr(0, 10), "bad_args: ") << "the provider's error in its own words";
}

TEST(Runtime, what_it_gives_is_of_the_calls_type) {
    std::string manifest = caller;
    RuntimeApp t("[materializers.\"kv.list\"]\nartifact = \"forwards.wat\"\ngrants = { kv = \"read\" }\n", manifest);
    EXPECT_EQ(told(t.call("kv.list", "{}")).substr(0, 46), "upstream/invalid_output: `kv.list` (runtimes.s");
}

// Many callers, each of which kills it once: each is told so once, in that call, and nobody else is told anything.
TEST(Runtime, each_caller_that_is_in_it_when_it_traps_is_told_once_and_all_others_reach_the_next_instance) {
    constexpr int callers = 48, calls = 30;
    RuntimeApp t("restart = { first = \"1ms\", longest = \"4ms\" }\n");
    ASSERT_TRUE(t.app);
    std::mutex mutex;
    std::map<std::string, int> answers;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i)
        threads.emplace_back([&, i] {
            for (int n = 0; n < calls; ++n) {
                bool kills = n == i % calls;
                std::string got = told(t.increment(kills ? "trap" : "a"));
                wrong += kills != got.starts_with("upstream/trap: `kv.increment` (runtimes.store): the guest trapped: unreachable");
                std::lock_guard lock(mutex);
                ++answers[got];
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    int good = 0, before = callers + 1;
    for (const auto& [answer, times] : answers) {
        if (!answer.starts_with("ok ")) continue;
        EXPECT_LE(times, before) << answer << ": an instance counts without a gap";
        good += times, before = times;
    }
    EXPECT_EQ(good, callers * (calls - 1));
    EXPECT_EQ(answers["upstream/trap: `kv.increment` (runtimes.store): the guest trapped: unreachable"], callers);
    EXPECT_LE(t.started(), u64(callers + 1));
    EXPECT_GE(t.started(), u64(callers));
}

std::chrono::nanoseconds time_of(const std::function<void()>& f) {
    auto start = Clock::now();
    f();
    return Clock::now() - start;
}

TEST(Runtime, it_starts_anew_after_a_pause_that_grows_while_it_dies_young) {
    RuntimeApp t("restart = { first = \"30ms\", longest = \"200ms\" }\n");
    ASSERT_TRUE(t.app);
    for (auto pause : {30ms, 60ms, 120ms}) {
        EXPECT_GE(time_of([&] {
            EXPECT_EQ(t.increment("trap").outcome, Outcome::handler_err);
            EXPECT_EQ(told(t.increment("a")), "ok 100001");
        }), pause);
    }
    std::this_thread::sleep_for(220ms);
    (void)t.increment("trap");
    std::string soon = told(t.increment("a", {.deadline = 1ms}));  // who cannot wait is told; the pause is short again
    if (soon.starts_with("upstream/unavailable")) {
        int ms = std::stoi(soon.substr(soon.find("anew in ") + 8));
        EXPECT_LE(ms, 30) << soon;
    }
    EXPECT_EQ(told(t.increment("a")), "ok 100001");
}

TEST(Runtime, a_loop_ends_at_its_own_deadline_and_the_next_call_gets_a_new_instance) {
    RuntimeApp t("limits = { deadline = \"100ms\" }\nrestart = { first = \"1ms\", longest = \"1ms\" }\n");
    EXPECT_EQ(told(t.increment("a")), "ok 100001");
    EXPECT_EQ(told(t.increment("loop")), "timeout/deadline: `kv.increment` (runtimes.store): the call did not end in time (limits.deadline = 100 ms)");
    EXPECT_EQ(told(t.increment("a")), "ok 100001");
}

TEST(Runtime, it_does_not_die_of_what_a_caller_lacks) {
    RuntimeApp t("");
    EXPECT_EQ(told(t.increment("a")), "ok 100001");
    for (int i = 0; i < 3; ++i) {
        Reply late = t.increment("slow", {.deadline = 2ms});
        EXPECT_TRUE(late.outcome == Outcome::deadline || told(late).starts_with("timeout")) << told(late);
        std::thread stops;
        Reply cancelled = t.increment("slow", {.on_start = [&](std::function<void()> cancel) {
            stops = std::thread([cancel] {
                std::this_thread::sleep_for(3ms);
                cancel();
            });
        }});
        stops.join();
        EXPECT_FALSE(cancelled.ok());
    }
    EXPECT_EQ(t.started(), 1u);
    std::string last = told(t.increment("a"));
    EXPECT_GT(last, "ok 100001") << "it counts on";
}

TEST(Runtime, a_singleton_that_its_caller_gave_too_little_time_does_not_pause) {
    TestApp t({{"counts.wat", counts}}, "[materializers.a]\nartifact = \"counts.wat\"\nlifetime = \"singleton\"\nrestart = { first = \"20s\", longest = \"20s\" }\n");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(t.call("a", "\"loop\"", {.deadline = 20ms}).outcome, Outcome::deadline);
    EXPECT_EQ(said(t.call("a", "1")), "ok 100001");
    EXPECT_EQ(t.call("a", "1", {.deadline = 0ms}).outcome, Outcome::deadline);
    EXPECT_EQ(said(t.call("a", "1")), "ok 100002");
}

TEST(Runtime, a_singleton_of_the_app_pauses_too_and_says_when_to_come_again) {
    TestApp t({{"counts.wat", counts}}, "[materializers.a]\nartifact = \"counts.wat\"\nlifetime = \"singleton\"\nrestart = { first = \"20s\", longest = \"20s\" }\n");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("a", "\"trap\"")), "trap: the guest trapped: unreachable");
    Reply r = t.call("a", "1");
    EXPECT_EQ(r.outcome, Outcome::unavailable) << said(r);
    ASSERT_TRUE(r.retry_after);
    EXPECT_GT(*r.retry_after, 5s);
}

TEST(Runtime, a_manifest_that_cannot_be_is_refused) {
    Folder folder;
    folder.write("counts.wat", counts);
    auto why = [&](const std::string& runtimes, AppOptions options = {}) {
        auto app = App::parse("[materializers.m]\nartifact = \"counts.wat\"\n" + runtimes, folder.path(), std::move(options));
        return app ? std::string() : app.error().message;
    };
    const std::string store = "[runtimes.store]\nartifact = \"counts.wat\"\n";
    EXPECT_EQ(why(store + "provides = [\"kv.*\"]"), "");
    EXPECT_EQ(why(store), "runtimes.store: `provides` is missing: the host calls that guests get from it, [\"kv.*\"]");
    EXPECT_EQ(why(store + "provides = [\"log\"]"), "runtimes.store.provides.log: `log` is the host's own; of the built-in ones those of `kv` can be provided");
    EXPECT_EQ(why(store + "provides = [\"kv.put\"]"), "runtimes.store.provides.kv.put: the key-value store has no such call; did you mean `kv.get`?");
    EXPECT_EQ(why(store + "provides = [\"kv.get\", \"kv.*\"]"), "runtimes.store.provides.kv.get: `store` provides it already");
    EXPECT_EQ(why(store + "provides = { \"kv.get\" = { output = true } }"), "runtimes.store.provides.kv.get: its types are those of the built-in one");
    EXPECT_EQ(why(store + "provides = [\"a*\"]"), "runtimes.store.provides.a*: a host call's name has no spaces, quotes or stars, and at most 200 bytes");
    EXPECT_EQ(why(store + "provides = [\"x\"]\nrestart = { first = \"2s\", longest = \"1s\" }"), "runtimes.store.restart: `first` may be `longest` at most");
    EXPECT_EQ(why(store + "provides = [\"x\"]\nlifetime = \"pooled\"\nrestart = {}"), "runtimes.store.restart: only lifetime `singleton` is one instance that is started anew");
    EXPECT_EQ(why(store + "provides = [\"x\"]\npolicy = [\"m\"]").substr(0, 37), "runtimes.store: unknown key `policy`;");
    AppOptions offers;
    offers.hostcall({.name = "x", .handler = [](const HostcallInfo&, std::string_view) -> HostcallResult { return "1"; }});
    EXPECT_EQ(why(store + "provides = [\"x\"]", std::move(offers)), "runtimes.store.provides.x: the embedder offers a host call of that name");
}

}  // namespace
}  // namespace heddle::wire::testing
