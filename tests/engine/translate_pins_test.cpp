// f64 values in registers beside the accumulator: locals of innermost loops, and an operand. Whatever sets such a local, wherever the loop is
// left or goes on, and whatever stands in it, its value is right.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <string>

#include "support/wasm.hpp"

using namespace heddle;
using namespace heddle::test;

namespace {

// A loop of `n` turns over f64 locals $a, $b, $c, with `body` in it; the result is made of all three.
std::string loop_of(const std::string& body) {
    return R"((module (memory 1) (global $g (mut f64) (f64.const 1.5)) (func $id (param f64) (result f64) (local.get 0))
      (func (export "f") (param $n i32) (result f64) (local $a f64) (local $b f64) (local $c f64)
        (local.set $a (f64.const 1)) (local.set $b (f64.const 2)) (local.set $c (f64.const 3))
        (loop $l )" +
           body + R"(
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (f64.add (f64.mul (local.get $a) (f64.const 10000)) (f64.add (f64.mul (local.get $b) (f64.const 100)) (local.get $c))))))";
}

struct Abc {
    f64 a = 1, b = 2, c = 3, g = 1.5;
    int n = 0;  // turns that are left
    f64 result() const { return a * 10000 + (b * 100 + c); }
};

struct Case {
    const char* name;
    const char* body;
    std::function<void(Abc&)> turn;
};

const Case cases[] = {
    {"arithmetic", "(local.set $a (f64.add (local.get $a) (f64.mul (local.get $b) (local.get $b)))) (local.set $b (f64.sub (local.get $b) (local.get $a)))"
                   "(local.set $b (f64.div (local.get $b) (f64.const 8)))",
     [](Abc& v) {
         v.a = v.a + v.b * v.b;
         v.b = v.b - v.a;
         v.b = v.b / 8;
     }},
    {"a constant", "(local.set $a (f64.add (local.get $a) (local.get $b))) (local.set $c (f64.mul (local.get $a) (local.get $b)))"
                   "(local.set $b (f64.const 0.5)) (local.set $a (f64.mul (local.get $b) (local.get $a)))",
     [](Abc& v) {
         v.a = v.a + v.b;
         v.c = v.a * v.b;
         v.b = 0.5;
         v.a = v.b * v.a;
     }},
    {"another local", "(local.set $a (f64.add (local.get $a) (local.get $b))) (local.set $b (local.get $c)) (local.set $c (f64.sub (local.get $a) (local.get $b)))"
                      "(local.set $a (f64.mul (local.get $b) (f64.const 0.25)))",
     [](Abc& v) {
         v.a = v.a + v.b;
         v.b = v.c;
         v.c = v.a - v.b;
         v.a = v.b * 0.25;
     }},
    {"a swap", "(local.get $a) (local.get $b) (local.set $a) (local.set $b) (local.set $a (f64.mul (local.get $a) (f64.add (local.get $b) (f64.const 0.5))))",
     [](Abc& v) {
         std::swap(v.a, v.b);
         v.a = v.a * (v.b + 0.5);
     }},
    {"the old value on the stack", "(local.get $a) (local.set $a (f64.mul (local.get $a) (local.get $b))) (local.set $c (f64.add (local.get $a)))"
                                   "(local.set $b (f64.mul (local.get $b) (f64.const 0.5)))",
     [](Abc& v) {
         f64 old = v.a;
         v.a = v.a * v.b;
         v.c = old + v.a;
         v.b = v.b * 0.5;
     }},
    {"a load, a root, a global, a select",
     "(f64.store (i32.const 8) (local.get $a)) (local.set $b (f64.add (f64.load (i32.const 8)) (local.get $b))) (local.set $a (f64.load (i32.const 8)))"
     "(local.set $a (f64.sqrt (f64.add (local.get $a) (local.get $b)))) (local.set $b (select (local.get $a) (local.get $c) (f64.lt (local.get $a) (local.get $b))))"
     "(local.set $c (global.get $g)) (global.set $g (f64.mul (local.get $c) (local.get $a)))",
     [](Abc& v) {
         v.b = v.a + v.b;
         v.a = std::sqrt(v.a + v.b);
         v.b = v.a < v.b ? v.a : v.c;
         v.c = v.g;
         v.g = v.c * v.a;
     }},
    {"a tee", "(local.set $c (f64.add (local.tee $a (f64.mul (local.get $a) (local.get $b))) (local.tee $b (f64.sub (local.get $a) (f64.const 0.5)))))"
              "(local.set $b (f64.div (local.get $b) (f64.add (local.get $a) (f64.const 16))))",
     [](Abc& v) {
         v.a = v.a * v.b;
         v.b = v.a - 0.5;
         v.c = v.a + v.b;
         v.b = v.b / (v.a + 16);
     }},
    {"branches", "(if (f64.gt (local.get $a) (f64.const 4)) (then (local.set $a (f64.mul (local.get $a) (f64.const 0.25)))) (else (local.set $a (f64.add (local.get $a) (local.get $b)))))"
                 "(block $out (br_if $out (f64.lt (local.get $b) (local.get $a))) (local.set $b (f64.add (local.get $b) (local.get $a))))"
                 "(local.set $c (f64.add (local.get $a) (f64.add (local.get $b) (local.get $c))))",
     [](Abc& v) {
         if (v.a > 4) v.a = v.a * 0.25;
         else v.a = v.a + v.b;
         if (!(v.b < v.a)) v.b = v.b + v.a;
         v.c = v.a + (v.b + v.c);
     }},
    {"operands that wait", "(local.set $a (f64.div (f64.sub (f64.mul (local.get $a) (local.get $b)) (f64.mul (local.get $b) (local.get $c)))"
                           "(f64.add (f64.mul (local.get $c) (local.get $c)) (f64.add (f64.mul (local.get $a) (local.get $a)) (f64.const 1)))))"
                           "(local.set $b (f64.add (f64.mul (local.get $c) (f64.const 0.125)) (f64.mul (f64.add (local.get $a) (local.get $a)) (f64.add (local.get $b) (local.get $c)))))",
     [](Abc& v) {
         v.a = (v.a * v.b - v.b * v.c) / (v.c * v.c + (v.a * v.a + 1));
         v.b = v.c * 0.125 + (v.a + v.a) * (v.b + v.c);
     }},
    {"a call", "(local.set $a (f64.add (f64.mul (local.get $a) (local.get $b)) (call $id (f64.add (local.get $b) (local.get $a)))))"
               "(local.set $b (f64.sub (local.get $c) (f64.mul (local.get $b) (f64.const 0.75))))",
     [](Abc& v) {
         v.a = v.a * v.b + (v.b + v.a);
         v.b = v.c - v.b * 0.75;
     }},
    {"a table of branches", "(block $out (block $in (br_table $in $out (i32.and (local.get $n) (i32.const 1)))) (local.set $a (f64.add (local.get $a) (local.get $b))))"
                            "(local.set $b (f64.add (local.get $b) (f64.mul (local.get $a) (f64.const 0.5))))",
     [](Abc& v) {
         if (v.n % 2 == 0) v.a = v.a + v.b;
         v.b = v.b + v.a * 0.5;
     }},
    {"a loop inside", "(local.set $a (f64.add (local.get $a) (local.get $b))) (local.set $b (f64.const 0))"
                      "(loop $in (local.set $b (f64.add (local.get $b) (local.get $a))) (br_if $in (f64.lt (local.get $b) (f64.const 30))))"
                      "(local.set $a (f64.mul (local.get $a) (f64.div (local.get $c) (local.get $b))))",
     [](Abc& v) {
         v.a = v.a + v.b;
         v.b = 0;
         do v.b = v.b + v.a;
         while (v.b < 30);
         v.a = v.a * (v.c / v.b);
     }},
};

TEST(Pins, a_local_in_a_register_has_its_value_whatever_the_loop_does) {
    Engine engine;
    for (const Case& c : cases) {
        for (int n : {1, 2, 3, 7}) {
            Store store(engine);
            Instance in = load(store, loop_of(c.body));
            Abc v;
            for (v.n = n; v.n > 0; --v.n) c.turn(v);
            EXPECT_EQ((call<f64>(in, "f", n)), v.result()) << c.name << ", " << n << " turns";
        }
    }
}

// Every turn ends a slice: the machine's registers are lost, and filled again.
TEST(Pins, a_loop_goes_on_with_its_locals_after_each_slice) {
    Engine engine({.metering = true});
    for (const Case& c : cases) {
        Store store(engine);
        int parked = 0;
        store.on_park([&](Store&) { return ++parked != 0; });
        Instance in = load(store, loop_of(c.body));
        store.set_fuel(100'000);
        u64 before = store.fuel();
        f64 at_once = call<f64>(in, "f", 7);
        u64 cost = before - store.fuel();
        store.set_fuel(100'000);
        store.set_slice(1);
        in = load(store, loop_of(c.body));
        before = store.fuel();
        EXPECT_EQ((call<f64>(in, "f", 7)), at_once) << c.name;
        EXPECT_EQ(before - store.fuel(), cost) << c.name;
        EXPECT_GE(parked, 7) << c.name;
    }
}

TEST(Pins, a_loop_goes_on_with_its_locals_after_an_interrupt_that_parks) {
    Engine engine;
    for (const Case& c : cases) {
        Store store(engine);
        Instance in = load(store, loop_of(c.body));
        f64 at_once = call<f64>(in, "f", 7);
        in = load(store, loop_of(c.body));
        int asked = 0;
        store.on_interrupt([&](Caller& caller) {
            if (++asked < 50) store.interrupt();
            return asked % 2 != 0 ? caller.park() : Host::done;
        });
        Slot n = Slot::of(7);
        Execution e(store);
        ASSERT_EQ(e.begin(*in.find_func("f"), {&n, 1}), Execution::State::ready);
        store.interrupt();
        Exit exit = Exit::parked;
        while (exit == Exit::parked) exit = e.run();
        ASSERT_EQ(exit, Exit::returned) << c.name;
        EXPECT_EQ(e.results()[0].as<f64>(), at_once) << c.name;
        EXPECT_GE(asked, 6) << c.name;
    }
}

// How often each kind of cell ran.
std::map<std::string, int> counts_of(const std::string& body, int turns) {
    std::map<std::string, int> counts;
    {
        Engine engine({.profile = [&](const std::string& text) {
            for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
                std::string line = text.substr(at, text.find('\n', at) - at);
                if (line != "f") counts[line.substr(line.rfind(' ') + 1)] += std::stoi(line);
            }
        }});
        Store store(engine);
        call<f64>(load(store, loop_of(body)), "f", turns);
    }
    return counts;
}

TEST(Pins, a_sum_stays_in_its_register) {
    auto counts = counts_of("(local.set $a (f64.add (local.get $a) (f64.mul (f64.load (i32.const 8)) (f64.load (i32.const 16)))))", 10);
    EXPECT_EQ(counts["B(load_pins)"], 1);
    EXPECT_EQ(counts["PIN(f64_add,P,A,P)"], 10);
}

TEST(Pins, an_operand_waits_in_a_register) {
    auto counts = counts_of("(local.set $a (f64.sub (f64.mul (f64.load (i32.const 8)) (f64.const 3)) (f64.mul (f64.load (i32.const 16)) (f64.const 5))))", 10);
    EXPECT_EQ(counts["PIN(f64_mul,A,I,R)"], 10 + 1);  // and once in the result
    EXPECT_EQ(counts["PIN(f64_sub,R,A,S)"] + counts["PIN(f64_sub,R,A,P)"], 10);
}

TEST(Pins, loops_that_call_have_none) {
    EXPECT_EQ(counts_of("(local.set $a (f64.add (local.get $a) (call $id (local.get $a))))", 10)["B(load_pins)"], 0);
}

TEST(Pins, a_trap_in_the_loop_says_where) {
    Engine engine;
    Store store(engine);
    Instance in = load(store, loop_of("(local.set $a (f64.add (local.get $a) (f64.load (i32.mul (local.get $n) (i32.const 100000000)))))"));
    EXPECT_EQ((trap_of<f64>(in, "f", 1)), "out of bounds memory access");
    ASSERT_FALSE(store.trap().backtrace.empty());
    EXPECT_EQ(store.trap().backtrace[0].func_index, 1u);
    EXPECT_GT(store.trap().backtrace[0].func_offset, 0u);
}

}  // namespace
