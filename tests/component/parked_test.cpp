// Calls that come back while the guest is parked: many Stores on one thread.
#include <heddle/component_driving.hpp>

#include "support/world.hpp"

namespace heddle::component::testing {
namespace {

// `f` asks the host twice, in a synchronous function; `spin` yields for ever.
const std::string asks = R"((component
  (import "ask" (func $ask (param "n" u32) (result u32)))
  (core func $ask' (canon lower (func $ask)))
  (core func $yield (canon thread.yield))
  (core module $m
    (import "" "ask" (func $ask (param i32) (result i32)))
    (import "" "yield" (func $yield (result i32)))
    (func (export "f") (result i32) (call $ask (call $ask (i32.const 1))))
    (func (export "spin") (loop $again (drop (call $yield)) (br $again)))
    (func (export "trap") (result i32) (drop (call $ask (i32.const 1))) unreachable))
  (core instance $i (instantiate $m (with "" (instance (export "ask" (func $ask')) (export "yield" (func $yield))))))
  (func (export "f") (result u32) (canon lift (core func $i "f")))
  (func (export "trap") (result u32) (canon lift (core func $i "trap")))
  (func (export "spin") async (canon lift (core func $i "spin")))))";

struct Parking {
    explicit Parking(const Engine& engine) : store(engine), imports(engine) {
        imports.root().raw("ask", [this](HostCall& c) {
            asked = c.args()[0].as<u32>();
            answers.push_back(c.defer());
            return c.wait();
        });
        instance = imports.instantiate(store, load(engine, asks)).value();
        return_parked(store);
        on_ready(store, [this] { ++woken; });
    }
    ComponentCall start(std::string_view f) { return instance->find_func(f)->start({}).value(); }
    std::vector<Deferred> answers;
    u32 asked = 0, woken = 0;
    Store store;
    ComponentLinker imports;
    std::optional<ComponentInstance> instance;
};

TEST(Parked, a_call_comes_back_and_ticks_go_on_with_it) {
    Engine engine;
    Parking p(engine);
    ComponentCall c = p.start("f");
    EXPECT_TRUE(p.store.parked());
    EXPECT_FALSE(c.is_done());
    EXPECT_FALSE(ComponentScheduler::tick(p.store));
    EXPECT_EQ(p.instance->find_func("f")->call({}).error().kind, Error::Kind::usage);
    p.answers[0].resolve(Val::u32(5));
    EXPECT_EQ(p.woken, 1u);
    EXPECT_FALSE(ComponentScheduler::tick(p.store));
    EXPECT_EQ(p.asked, 5u);
    p.answers[1].resolve(Val::u32(9));
    EXPECT_TRUE(ComponentScheduler::tick(p.store));
    ASSERT_TRUE(c.is_done());
    EXPECT_EQ(text_of(c.result()), "9");
    EXPECT_FALSE(p.store.parked());
    EXPECT_FALSE(p.start("f").is_done());
}

TEST(Parked, a_trap_after_parking_ends_the_call) {
    Engine engine;
    Parking p(engine);
    ComponentCall c = p.start("trap");
    p.answers[0].resolve(Val::u32(5));
    ComponentScheduler::tick(p.store);
    ASSERT_TRUE(c.is_done());
    EXPECT_EQ(c.result().error().kind, Error::Kind::trapped);
    ComponentCall failing = Parking(engine).start("f");
    EXPECT_TRUE(failing.wait().error().message.find("gone") != std::string::npos);
}

TEST(Parked, a_failing_answer_is_a_trap) {
    Engine engine;
    Parking p(engine);
    ComponentCall c = p.start("f");
    p.answers[0].fail("no such luck");
    ComponentScheduler::tick(p.store);
    ASSERT_TRUE(c.is_done());
    EXPECT_NE(c.result().error().message.find("no such luck"), std::string::npos);
}

TEST(Parked, a_hundred_stores_wait_on_one_thread_and_may_be_dropped) {
    Engine engine;
    std::vector<std::unique_ptr<Parking>> all;
    std::vector<ComponentCall> calls;
    for (u32 i = 0; i < 100; ++i) {
        all.push_back(std::make_unique<Parking>(engine));
        calls.push_back(all.back()->start("f"));
    }
    bool cancelled = false;
    all[50]->answers[0].on_cancel([&] { cancelled = true; });
    all[50].reset();
    EXPECT_TRUE(cancelled);
    for (u32 i = 0; i < 50; ++i) {
        for (u32 n = 0; n < 2; ++n) {
            all[i]->answers[n].resolve(Val::u32(i));
            ComponentScheduler::tick(all[i]->store);
        }
        EXPECT_EQ(text_of(calls[i].result()), std::to_string(i));
    }
}

TEST(Parked, a_task_that_only_yields_leaves_turns_for_others) {
    Engine engine;
    Parking p(engine);
    u32 turns = 0;
    on_turn(p.store, [&] {
        if (++turns == 10) p.store.interrupt();
    });
    auto r = p.instance->find_func("spin")->call({});
    EXPECT_FALSE(r);
    EXPECT_EQ(turns, 10u);
}

}  // namespace
}  // namespace heddle::component::testing
