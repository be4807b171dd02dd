// Calls that wait for their host: no thread is theirs meanwhile.
#include <atomic>
#include <latch>
#include <thread>

#include "server/workers.hpp"
#include "support/guests.hpp"
#include "support/plugin_guests.hpp"
#include "support/protocol_guest.hpp"

namespace heddle::wire::testing {
namespace {

using namespace std::chrono_literals;

// What guests have asked of the embedder, to be answered when the test wants.
struct Asked {
    std::mutex mutex;
    std::vector<std::function<void(HostcallResult)>> open;
    std::size_t count() {
        std::lock_guard lock(mutex);
        return open.size();
    }
    AppOptions options() {
        AppOptions o;
        o.hostcall({.name = "no.such", .begin = [this](const HostcallInfo&, std::string_view, std::function<void(HostcallResult)> done) {
            std::lock_guard lock(mutex);
            open.push_back(std::move(done));
        }});
        return o;
    }
};

std::string manifest(const std::string& kind, const std::string& more = "") {
    return "name = \"t\"\n[materializers.a]\nartifact = \"g.wat\"\nkind = \"" + kind + "\"\npool = { max = 1000 }\ngrants = { host = [\"no.such\"] }\n" + more;
}

struct WaitingCase {
    const char *name, *kind;
    std::string text;
};
class WaitingCalls : public ::testing::TestWithParam<WaitingCase> {
protected:
    std::string guest() const { return std::string(GetParam().kind) == "wit" ? wit_guest(manifest("wit")) : GetParam().text; }
};

TEST_P(WaitingCalls, hold_no_thread) {
    constexpr int calls = 200;
    Asked asked;
    TestApp t({{"g.wat", guest()}}, manifest(GetParam().kind), asked.options());
    ASSERT_TRUE(t.app);
    std::atomic<int> good = 0;
    std::latch done(calls);
    Workers w(1, calls);
    for (int i = 0; i < calls; ++i)
        ASSERT_TRUE(w.add([&] {
            t.app->begin("a", "\"xx\"", {}, w.go_on(), [&](Reply r) {
                good += said(r) == "ok 7";
                done.count_down();
            });
        }));
    while (asked.count() < calls) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(w.threads(), 1u);
    EXPECT_EQ(good, 0);
    for (auto& answer : asked.open) answer("7");
    done.wait();
    EXPECT_EQ(good, calls);
    EXPECT_EQ(w.threads(), 1u);
}

TEST_P(WaitingCalls, end_with_their_deadline_and_when_they_are_cancelled) {
    Asked asked;
    TestApp t({{"g.wat", guest()}}, manifest(GetParam().kind, "limits = { deadline = \"80ms\" }\n"), asked.options());
    ASSERT_TRUE(t.app);
    Reply r = t.call("a", "\"xx\"");
    EXPECT_TRUE(r.outcome == Outcome::handler_err || r.outcome == Outcome::deadline) << said(r);
    EXPECT_GE(r.took, 80ms);
    EXPECT_LT(r.took, 5s);
    asked.open[0]("7");  // too late
    std::function<void()> cancel;
    std::thread other([&] {
        while (asked.count() < 2) std::this_thread::sleep_for(1ms);
        cancel();
    });
    r = t.call("a", "\"xx\"", {.deadline = 60s, .on_start = [&](std::function<void()> c) { cancel = std::move(c); }});
    other.join();
    EXPECT_FALSE(r.ok());
    EXPECT_EQ(said(t.call("a", "\"echo\"")), "ok \"echo\"");
}

INSTANTIATE_TEST_SUITE_P(Kinds, WaitingCalls,
                         ::testing::Values(WaitingCase{"cabi", "core-wire", cabi_guest()}, WaitingCase{"simple", "core-wire", simple_guest()},
                                           WaitingCase{"component", "wit-wire", component_guest()}, WaitingCase{"typed", "wit", ""}),
                         [](const auto& info) { return info.param.name; });

TEST(Waiting, a_component_asks_again_after_each_answer) {
    TestApp t({{"count.wat", count}, {"thrice.wat", R"((component
  (import "demo:count/counter" (instance $c (export "next" (func (result u32)))))
  (core func $next (canon lower (func $c "next")))
  (core module $m (import "" "next" (func $next (result i32)))
    (func (export "thrice") (result i32) (i32.add (i32.add (call $next) (call $next)) (call $next))))
  (core instance $i (instantiate $m (with "" (instance (export "next" (func $next))))))
  (func (export "thrice") (result u32) (canon lift (core func $i "thrice")))))"}}, R"(
[defaults]
kind = "reflected"
[materializers.next]
artifact = "count.wat"
export = "demo:count/counter.next"
lifetime = "singleton"
[materializers.thrice]
artifact = "thrice.wat"
imports = { "demo:count/counter.next" = "next" }
)");
    ASSERT_TRUE(t.app);
    EXPECT_EQ(said(t.call("thrice", "null")), "ok 6");
    EXPECT_EQ(said(t.call("thrice", "null")), "ok 15");
}

TEST(Waiting, a_thousand_parents_call_back_into_their_own_set_on_two_threads) {
    constexpr int calls = 1000;
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
    std::atomic<u32> most = 0;
    std::latch done(calls);
    Workers w(2, calls);
    for (int i = 0; i < calls; ++i)
        ASSERT_TRUE(w.add([&] {
            t.app->begin("parent", "\"other\"", {}, w.go_on(), [&](Reply r) {
                good += r.json == "\"echo\"";
                most = std::max<u32>(most, w.threads());
                done.count_down();
            });
        }));
    done.wait();
    EXPECT_EQ(good, calls);
    EXPECT_LE(most, 2u);
}

// All parents are in the middle of their guest, at a host call, before the first is answered; then each calls back.
TEST(Waiting, a_thousand_parents_in_the_middle_of_their_guests) {
    constexpr int calls = 1000;
    Asked asked;
    TestApp t({{"g.wat", cabi_guest()}}, manifest("core-wire", "lifetime = \"pooled\"\nlimits = { deadline = \"60s\", memory = \"2MiB\" }\n"), asked.options());
    ASSERT_TRUE(t.app);
    std::atomic<int> good = 0;
    std::latch done(calls);
    Workers w(2, calls);
    for (int i = 0; i < calls; ++i)
        ASSERT_TRUE(w.add([&] {
            t.app->begin("a", "\"xx\"", {}, w.go_on(), [&](Reply r) {
                good += r.ok();
                done.count_down();
            });
        }));
    while (asked.count() < calls) std::this_thread::sleep_for(1ms);
    EXPECT_LE(w.threads(), 2u);
    for (auto& answer : asked.open) answer("7");
    done.wait();
    EXPECT_EQ(good, calls);
}

TEST(Waiting, graphql_is_begun_as_calls_are) {
    Asked asked;
    TestApp t({{"g.wat", cabi_guest()}}, manifest("core-wire"), asked.options());
    ASSERT_TRUE(t.app);
    Workers w(1, 10);
    std::latch done(1);
    std::string json;
    t.app->begin_graphql(R"({"query":"{ one: a(input: \"xx\") two: a(input: \"xx\") }"})", {}, w.go_on(), [&](Reply r) {
        json = r.json;
        done.count_down();
    });
    for (std::size_t i = 0; i < 2; ++i) {
        while (asked.count() <= i) std::this_thread::sleep_for(1ms);
        std::function<void(HostcallResult)> answer;
        {
            std::lock_guard lock(asked.mutex);
            answer = asked.open[i];
        }
        answer(std::to_string(i));
    }
    done.wait();
    EXPECT_EQ(json, R"({"data":{"one":0,"two":1}})");
}

}  // namespace
}  // namespace heddle::wire::testing
