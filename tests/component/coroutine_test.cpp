// Host functions that are coroutines.
#include <heddle/component_async.hpp>

#include <heddle/component_driving.hpp>

#include "support/world.hpp"

namespace heddle::component::testing {
namespace {

// `f` calls the import and returns what it gave; `late` gives the state of the call at first and cancels it.
const std::string asks = R"((component
  (import "host" (instance $host (export "ask" (func async (param "n" u32) (result u32)))))
  (alias export $host "ask" (func $ask))
  (core module $memory (memory (export "mem") 1))
  (core instance $memory (instantiate $memory))
  (core func $ask' (canon lower (func $ask)))
  (core func $begin (canon lower (func $ask) async (memory (core memory $memory "mem"))))
  (core func $cancel (canon subtask.cancel))
  (core func $return (canon task.return (result u32)))
  (core module $m
    (import "" "ask" (func $ask (param i32) (result i32)))
    (import "" "begin" (func $begin (param i32 i32) (result i32)))
    (import "" "cancel" (func $cancel (param i32) (result i32)))
    (import "" "return" (func $return (param i32)))
    (func (export "f") (param i32) (call $return (call $ask (local.get 0))))
    (func (export "cancel") (param i32)
      (call $return (call $cancel (i32.shr_u (call $begin (local.get 0) (i32.const 64)) (i32.const 4))))))
  (core instance $i (instantiate $m (with "" (instance
    (export "ask" (func $ask')) (export "begin" (func $begin)) (export "cancel" (func $cancel)) (export "return" (func $return))))))
  (func (export "f") async (param "n" u32) (result u32) (canon lift (core func $i "f") async))
  (func (export "cancel") async (param "n" u32) (result u32) (canon lift (core func $i "cancel") async))))";

// Counts what lives in coroutines.
struct Counted {
    static inline int alive = 0;
    Counted() { ++alive; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;
    ~Counted() { --alive; }
};

struct Asked {
    Engine engine;
    Store store{engine};
    ComponentLinker imports{engine};
    Pending<u32> first;
    Pending<> second;

    template <class F>
    ComponentInstance make(F f) {
        async_func(imports.interface("host"), "ask", std::move(f));
        return imports.instantiate(store, load(engine, asks)).value();
    }
    // Waits for `first` in another coroutine, then for `second`.
    ComponentInstance make_waiting() {
        return make([this](u32 n) -> Async<u32> {
            Counted counted;
            Async<u32> inner = twice(first);
            u32 m = co_await inner;
            co_await second;
            co_return n + m;
        });
    }
    static Async<u32> twice(Pending<u32> of) {
        Counted counted;
        u32 n = co_await of;
        co_return 2 * n;
    }
    std::string run(const ComponentInstance& i, const char* name = "f") { return text_of(call(i, name, {Val::u32(1)})); }
};

TEST(Coroutine, one_that_does_not_wait_answers_at_once) {
    Asked a;
    EXPECT_EQ(a.run(a.make([](u32 n) -> Async<u32> { co_return n + 41; })), "42");
}

TEST(Coroutine, the_guest_goes_on_when_it_has_ended) {
    Asked a;
    ComponentInstance i = a.make_waiting();
    ComponentCall c = i.find_func("f")->start({Val::u32(1)}).value();
    EXPECT_EQ(Counted::alive, 2);
    a.first.set(20);
    EXPECT_EQ(Counted::alive, 1);
    ComponentScheduler::tick(a.store);
    EXPECT_FALSE(c.is_done());
    a.second.set();
    EXPECT_EQ(text_of(c.wait()), "41");
    EXPECT_EQ(Counted::alive, 0);
}

TEST(Coroutine, a_value_that_came_before_is_taken_at_once) {
    Asked a;
    ComponentInstance i = a.make_waiting();
    a.first.set(2);
    a.second.set();
    EXPECT_EQ(a.run(i), "5");
    EXPECT_EQ(Counted::alive, 0);
}

TEST(Coroutine, a_cancelled_one_is_destroyed_where_it_waits) {
    Asked a;
    ComponentInstance i = a.make_waiting();
    constexpr const char* cancelled_before_returned = "4";
    EXPECT_EQ(a.run(i, "cancel"), cancelled_before_returned);
    EXPECT_EQ(Counted::alive, 0);
    a.first.set(1);  // nobody waits any more
    a.second.set();
    EXPECT_EQ(a.run(i), "3");
}

TEST(Coroutine, it_goes_with_its_store_at_every_point_where_it_waits) {
    for (int sets : {0, 1}) {
        Pending<u32> first;
        {
            Asked a;
            a.first = first;
            ComponentInstance i = a.make_waiting();
            ComponentCall c = i.find_func("f")->start({Val::u32(1)}).value();
            if (sets) a.first.set(3);
            EXPECT_EQ(Counted::alive, 2 - sets);
        }
        EXPECT_EQ(Counted::alive, 0);
        first.set(1);
    }
}

TEST(Coroutine, an_exception_is_a_trap_early_and_late) {
    for (bool late : {false, true}) {
        Asked a;
        ComponentInstance i = a.make([&a, late](u32) -> Async<u32> {
            if (late) co_await a.second;
            throw std::runtime_error("out of ink");
        });
        ComponentCall c = i.find_func("f")->start({Val::u32(1)}).value();
        EXPECT_EQ(c.is_done(), !late);
        a.second.set();
        std::string said = text_of(c.wait());
        EXPECT_NE(said.find("host function failed: out of ink"), std::string::npos) << said;
    }
}

TEST(Coroutine, types_are_checked_when_linked) {
    Asked a;
    async_func(a.imports.interface("host"), "ask", [](std::string) -> Async<> { co_return; });
    auto refused = a.imports.instantiate(a.store, load(a.engine, asks));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Kind::unlinkable);
    Asked b;
    parking_func(b.imports.interface("host"), "ask", [](u32 n) -> Async<u32> { co_return n; });
    EXPECT_FALSE(b.imports.instantiate(b.store, load(b.engine, asks)));
}

TEST(Coroutine, a_parking_one_serves_a_synchronous_import) {
    World w;
    Pending<std::string> word;
    parking_func(w.imports.root(), "word", [word]() -> Async<u32> {
        std::string s = co_await word;
        co_return u32(s.size());
    });
    auto f = w.make(R"((component
      (import "word" (func $word (result u32)))
      (core func $word' (canon lower (func $word)))
      (core module $m (import "" "word" (func $word (result i32))) (func (export "f") (result i32) (i32.mul (call $word) (i32.const 3))))
      (core instance $i (instantiate $m (with "" (instance (export "word" (func $word'))))))
      (func (export "f") (result u32) (canon lift (core func $i "f")))))").func<u32()>("f");
    u32 parked = 0;
    w.store.on_park([&](Store&) {
        if (++parked == 2) word.set("seven..");
        return true;
    });
    EXPECT_EQ((*f)().value(), 21u);
    EXPECT_EQ(parked, 2u);
}

}  // namespace
}  // namespace heddle::component::testing
