// Running instances of other processes, reached by identity with types.
#include "nats/instances.hpp"

#include <atomic>

#include <gtest/gtest.h>

#include <heddle/app_server.hpp>

#include "app.hpp"
#include "nats/calls.hpp"
#include "support/nats_server.hpp"
#include "support/plugin_guests.hpp"

namespace heddle::wire::testing {
namespace {

using namespace std::chrono_literals;

nats::Message answer(const std::string& at, bool running) { return {"", "", R"({"at":")" + at + R"(","running":)" + (running ? "true" : "false") + R"(,"what":{}})", {}}; }
std::string chosen(const std::vector<nats::Message>& answers, std::string_view key) {
    const nats::Message* m = nats::choose(answers, key);
    return m ? m->data.substr(7, 1) : "none";
}

TEST(NatsInstances, all_choose_the_same_process) {
    std::vector<nats::Message> three{answer("a", false), answer("b", false), answer("c", false)}, turned{three[2], three[0], three[1]};
    std::set<std::string> used;
    for (const char* key : {"ada", "bob", "eve", "joe", "kim", "lee", "may", "zoe"}) {
        EXPECT_EQ(chosen(three, key), chosen(turned, key)) << key;
        used.insert(chosen(three, key));
    }
    EXPECT_GT(used.size(), 1u) << "keys are spread";
    EXPECT_EQ(chosen({three[0], answer("r", true), three[2]}, "ada"), "r") << "one that runs comes first";
    EXPECT_EQ(chosen({}, ""), "none");
    EXPECT_EQ(chosen({{"", "", "{", {}}, {"", "", "7", {}}, {"", "", R"({"at":7,"what":{}})", {}}, three[1]}, ""), "b") << "what is no answer does not count";
}

// A counter whose `next` does this, with its type in the core module and in WIT.
std::string counter(const std::string& body, const std::string& core_type = "i32", const std::string& type = "u32") {
    return "(component (core module $m (func (export \"next\") (result " + core_type + ") " + body + R"())
  (core instance $i (instantiate $m))
  (func $next (result )" + type + R"() (canon lift (core func $i "next")))
  (component $c (import "next" (func $f (result )" + type + R"())) (export "next" (func $f)))
  (instance $counter (instantiate $c (with "next" (func $next))))
  (export "demo:count/counter" (instance $counter))))";
}
const std::string stuck = counter("(loop $l (br $l)) (i32.const 0)"), broken = counter("unreachable"), wider = counter("(i64.const 0)", "i64", "u64");

// Says yes to Ada.
const std::string asks_for_ada = R"((module
  (import "cw:host" "result" (func $result (param i32 i32)))
  (memory (export "memory") 2) (global $n (mut i32) (i32.const 1024))
  (data (i32.const 0) "\"allow\"") (data (i32.const 16) "\"deny\"")
  (func (export "cw_abi") (result i32) (i32.const 1))
  (func (export "cw_alloc") (param i32) (result i32) (global.get $n) (global.set $n (i32.add (global.get $n) (local.get 0))))
  (func (export "cw_free") (param i32 i32))
  (func (export "cw_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "cw_handle") (param $op i32) (param $oplen i32) (param $in i32) (param $inlen i32) (result i32) (local $i i32)
    (block $no (loop $l
      (br_if $no (i32.gt_u (i32.add (local.get $i) (i32.const 3)) (local.get $inlen)))
      (if (i32.eq (i32.and (i32.load (i32.add (local.get $in) (local.get $i))) (i32.const 0xffffff)) (i32.const 0x616441))
        (then (call $result (i32.const 0) (i32.const 7)) (return (i32.const 0))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $l)))
    (call $result (i32.const 16) (i32.const 6)) (i32.const 0))))";

const std::string holds = R"([defaults]
kind = "reflected"
[materializers.bump]
artifact = "holder.wasm"
lifetime = "pooled"
grants = { connect = ["nats:one", "nats:each", "nats:nobody", "nats:pool"] }
[materializers.hold]
artifact = "holder.wasm"
lifetime = "singleton"
grants = { connect = ["nats:one", "nats:each"] }
[materializers.again]
artifact = "holder.wasm"
lifetime = "singleton"
grants = { connect = ["nats:one", "nats:each"] }
)";
std::string counts(const std::string& artifact = "count.wat", const std::string& more = {}) {
    return "[defaults]\nkind = \"reflected\"\n[materializers.one]\nartifact = \"" + artifact + "\"\nexport = \"demo:count/counter.next\"\nlifetime = \"singleton\"\n" + more +
           "[materializers.each]\nartifact = \"count.wat\"\nexport = \"demo:count/counter.next\"\nlifetime = \"keyed\"\nkey = \"/who\"\n"
           "[materializers.pool]\nartifact = \"count.wat\"\nexport = \"demo:count/counter.next\"\nlifetime = \"pooled\"\n";
}

class NatsConnect : public NatsFixture {
protected:
    std::unique_ptr<AppServer> serve(const std::string& manifest) {
        return std::make_unique<AppServer>(serve_with({{"count.wat", count}, {"stuck.wat", stuck}, {"broken.wat", broken}, {"wider.wat", wider}, {"ada.wat", asks_for_ada},
                                                       {"holder.wasm", holder_bytes()}, {"box.wasm", box_component()}, {"keeper.wasm", keeper_component()}},
                                                      manifest));
    }
    static const std::string& holder_bytes() {
        static const std::string bytes = holder_component();
        return bytes;
    }
    static std::string bump(AppServer& s, const std::string& who, CallOptions o = {}) { return said(s.app().call("bump", R"({"who":")" + who + "\"}", o)); }
};

TEST_F(NatsConnect, an_instance_of_another_process_is_reached_by_identity) {
    auto there = serve(counts()), here = serve(holds);
    EXPECT_EQ(said(there->app().call("one", "null")), "ok 1");
    EXPECT_EQ(bump(*here, "one"), "ok 2");
    EXPECT_EQ(said(there->app().call("one", "null")), "ok 3");
    EXPECT_EQ(bump(*here, "each/ada"), "ok 1");
    EXPECT_EQ(bump(*here, "each/bob"), "ok 1");
    EXPECT_EQ(said(there->app().call("each", R"({"who":"ada"})")), "ok 2");
    EXPECT_EQ(bump(*here, "each/ada"), "ok 3");
}

TEST_F(NatsConnect, it_is_always_the_process_that_has_the_instance) {
    auto one = serve(counts()), two = serve(counts()), here = serve(holds);
    EXPECT_EQ(said(two->app().call("each", R"({"who":"ada"})")), "ok 1");
    for (int i = 2; i < 8; ++i) EXPECT_EQ(bump(*here, "each/ada"), "ok " + std::to_string(i));
    EXPECT_EQ(said(one->app().call("each", R"({"who":"ada"})")), "ok 1") << "no call went there";
    for (int i = 1; i < 6; ++i) EXPECT_EQ(bump(*here, "each/new"), "ok " + std::to_string(i)) << "begun by one of them, and found there again";
}

TEST_F(NatsConnect, what_cannot_be_reached_is_a_typed_error) {
    auto there = serve(counts()), here = serve(holds);
    EXPECT_EQ(bump(*here, "nobody"), "ok 1000");    // unknown: nobody listens
    EXPECT_EQ(bump(*here, "pool"), "ok 1000");      // unknown: no such instances
    EXPECT_EQ(bump(*here, "one/ada"), "ok 1000");   // unknown: it has no keys
    EXPECT_EQ(bump(*here, "each"), "ok 1000");      // unknown: which of them?
    EXPECT_EQ(bump(*here, "other"), "ok 1001");     // denied
    EXPECT_EQ(said(here->app().call("hold", R"({"who":"one"})")), "ok 0");
    EXPECT_EQ(said(here->app().call("again", "null")), "ok 1");
    EXPECT_EQ(said(here->app().call("again", "null")), "ok 2");
    there.reset();
    EXPECT_EQ(said(here->app().call("again", "null")), "ok 3010");  // unreachable
    EXPECT_EQ(bump(*here, "one"), "ok 1000");
    auto again = serve(counts());
    EXPECT_EQ(said(here->app().call("again", "null")), "ok 3010") << "a new process has not that instance";
    EXPECT_EQ(bump(*here, "one"), "ok 1");
}

TEST_F(NatsConnect, what_the_other_side_does_is_a_typed_error) {
    auto there = serve(counts("broken.wat")), here = serve(holds);
    EXPECT_EQ(bump(*here, "one"), "ok 3000");       // trapped
    there = serve(counts("stuck.wat", "limits = { deadline = \"200ms\" }\n"));
    EXPECT_EQ(bump(*here, "one"), "ok 3001");       // deadline
    there = serve(counts("wider.wat"));
    EXPECT_EQ(bump(*here, "one"), "ok 2004");       // wrong-world
}

TEST_F(NatsConnect, the_deadline_and_the_user_go_along) {
    auto here = serve(holds);
    auto there = serve(counts("stuck.wat"));
    auto start = Clock::now();
    EXPECT_EQ(here->app().call("bump", R"({"who":"one"})", {.deadline = 2s}).outcome, Outcome::deadline);  // finding the instance takes 200 ms of it
    EXPECT_LT(Clock::now() - start, 10s);
    App held = there->app();
    const CallStats& stats = held.data().ops.find("one")->second.stats;
    while (stats.total() == 0 && Clock::now() - start < 10s) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(stats.count(Outcome::deadline), 1u);
    there = serve(counts("count.wat", "policy = [\"ada\"]\n") + "[materializers.ada]\nartifact = \"ada.wat\"\nkind = \"core-wire\"\nlifetime = \"pooled\"\n");
    EXPECT_EQ(bump(*here, "one", {.user = R"({"name":"Ada"})"}), "ok 1");
    EXPECT_EQ(bump(*here, "one", {.user = R"({"name":"Eve"})"}), "ok 3010");
}

TEST_F(NatsConnect, resources_do_not_cross_and_that_is_said_when_it_is_bound) {
    auto there = serve("[defaults]\nkind = \"reflected\"\n" + box_ops("box-", "lifetime = \"singleton\""));
    auto here = serve("[defaults]\nkind = \"reflected\"\n" + keeper_ops("singleton", "\"nats:box-join\""));
    EXPECT_EQ(said(here->app().call("fill", R"({"who":"box-join","n":5})")), "ok 2004");  // wrong-world
}

TEST_F(NatsConnect, without_nats_nothing_is_elsewhere) {
    use_nats({});
    folders.push_back(std::make_unique<Folder>());
    folders.back()->write("holder.wasm", holder_bytes());
    auto app = App::load(folders.back()->write("app.toml", holds));
    ASSERT_TRUE(app) << app.error().to_string();
    EXPECT_EQ(said(app->call("bump", R"({"who":"one"})")), "ok 1000");
}

}  // namespace
}  // namespace heddle::wire::testing
