// Many tasks, long streams: what they cost in memory.
#include "support/world.hpp"

#include <fstream>

#include <unistd.h>

#include <heddle/component_limits.hpp>

namespace heddle::component::testing {
namespace {

// Memory of this process that is really there, in bytes.
std::size_t resident() {
    std::size_t all = 0, here = 0;
    std::ifstream("/proc/self/statm") >> all >> here;
    return here * std::size_t(sysconf(_SC_PAGESIZE));
}

TEST(Scale, ten_thousand_tasks_wait_with_stacks_of_their_own) {
    constexpr std::size_t count = 10'000;
    Config config;
    config.max_stacks = count + 100;
    Engine engine(config);
    Store store(engine);
    Limits many;
    many.tasks = many.subtasks = count;
    set_limits(store, many);
    ComponentLinker imports(engine);
    std::vector<Deferred> waiting;
    import_wait(imports, waiting);
    auto instance = imports.instantiate(store, load(engine, R"((component
      (import "wait" (func $wait async (result u32)))
      (canon lower (func $wait) (core func $wait'))
      (canon task.return (result u32) (core func $return))
      (core module $m
        (import "" "wait" (func $wait (result i32)))
        (import "" "return" (func $return (param i32)))
        (func (export "f") (call $return (i32.add (call $wait) (i32.const 1)))))
      (core instance $i (instantiate $m (with "" (instance (export "wait" (func $wait')) (export "return" (func $return))))))
      (func (export "f") async (result u32) (canon lift (core func $i "f") async))))"));
    ASSERT_TRUE(instance) << instance.error().to_string();
    ComponentFunc f = *instance->find_func("f");

    std::size_t before = resident();
    std::vector<ComponentCall> calls;
    for (std::size_t i = 0; i < count; ++i) calls.push_back(f.start({}).value());
    ASSERT_EQ(waiting.size(), count);
    std::size_t each = (resident() - before) / count;
    RecordProperty("bytes_per_task", int(each));
    std::printf("%zu bytes for each waiting task\n", each);
    EXPECT_LT(each, 64u << 10);

    for (std::size_t i = 0; i < count; ++i) waiting[i].resolve(Val::u32(u32(i)));
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(text_of(calls[i].wait()), std::to_string(i + 1));
}

TEST(Scale, a_task_more_than_there_are_stacks_is_a_trap) {
    Config config;
    config.max_stacks = 20;
    Engine engine(config);
    Store store(engine);
    ComponentLinker imports(engine);
    std::vector<Deferred> waiting;
    import_wait(imports, waiting);
    auto instance = imports.instantiate(store, load(engine, waiter));
    ASSERT_TRUE(instance) << instance.error().to_string();
    ComponentFunc f = *instance->find_func("f");
    std::vector<ComponentCall> calls;
    while (waiting.size() == calls.size() && calls.size() < 100) calls.push_back(f.start({}).value());
    EXPECT_LE(calls.size(), 21u);
    EXPECT_NE(text_of(calls.back().result()).find("Config::max_stacks"), std::string::npos) << text_of(calls.back().result());
}

// Makes a stream of a million numbers: 0, 1, 2 … They are written a thousand at a time.
constexpr const char* producer = R"(
  (component $Producer
    (type $numbers (stream u32))
    (core module $Memory (memory (export "mem") 1))
    (core instance $memory (instantiate $Memory))
    (canon stream.new $numbers (core func $new))
    (canon stream.write $numbers (memory (core memory $memory "mem")) (core func $write))
    (canon stream.drop-writable $numbers (core func $drop))
    (canon task.return (result $numbers) (core func $return))
    (core module $m
      (import "" "mem" (memory 1))
      (import "" "new" (func $new (result i64)))
      (import "" "write" (func $write (param i32 i32 i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (import "" "return" (func $return (param i32)))
      (func (export "make")
        (local $ends i64) (local $end i32) (local $sent i32) (local $i i32) (local $at i32) (local $done i32)
        (local.set $ends (call $new))
        (local.set $end (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))))
        (call $return (i32.wrap_i64 (local.get $ends)))
        (loop $more
          (local.set $i (i32.const 0))
          (loop $fill
            (i32.store (i32.mul (local.get $i) (i32.const 4)) (i32.add (local.get $sent) (local.get $i)))
            (local.set $i (i32.add (local.get $i) (i32.const 1)))
            (br_if $fill (i32.lt_u (local.get $i) (i32.const 1000))))
          (local.set $at (i32.const 0))
          (loop $rest
            (local.set $done (i32.shr_u (call $write (local.get $end) (i32.mul (local.get $at) (i32.const 4)) (i32.sub (i32.const 1000) (local.get $at))) (i32.const 4)))
            (local.set $at (i32.add (local.get $at) (local.get $done)))
            (br_if $rest (i32.lt_u (local.get $at) (i32.const 1000))))
          (local.set $sent (i32.add (local.get $sent) (i32.const 1000)))
          (br_if $more (i32.lt_u (local.get $sent) (i32.const 1000000))))
        (call $drop (local.get $end))))
    (core instance $i (instantiate $m (with "" (instance
      (export "mem" (memory $memory "mem")) (export "new" (func $new)) (export "write" (func $write)) (export "drop" (func $drop))
      (export "return" (func $return))))))
    (func (export "make") async (result $numbers) (canon lift (core func $i "make") async)))
  (instance $producer (instantiate $Producer)))";

constexpr u64 million = 1'000'000, sum_of_million = million * (million - 1) / 2;
constexpr std::size_t flat = std::size_t(16) << 20;  // a stream that is kept would be much more

TEST(Scale, a_million_items_go_from_guest_to_host_in_flat_memory) {
    World w;
    ComponentInstance i = w.make("(component " + std::string(producer) + R"((func (export "make") (alias export $producer "make"))))");
    auto readable = call(i, "make");
    ASSERT_TRUE(readable) << readable.error().to_string();
    std::size_t before = resident();
    u64 count = 0, sum = 0;
    bool ended = false;
    auto push = [&](Val items) {
        for (std::size_t k = 0; k < items.size(); ++k) sum += items.at(k).as<u32>(), ++count;
        return true;
    };
    auto reading = read_stream(w.store, **readable, push, [&] { ended = true; });
    ASSERT_TRUE(reading) << reading.error().to_string();
    while (!ended && ComponentScheduler::tick(w.store)) {
    }
    EXPECT_TRUE(ended);
    EXPECT_EQ(count, million);
    EXPECT_EQ(sum, sum_of_million);
    EXPECT_LT(resident() - std::min(before, resident()), flat);
}

TEST(Scale, a_million_items_go_from_guest_to_guest_in_flat_memory) {
    World w;
    ComponentInstance i = w.make("(component " + std::string(producer) + R"(
      (component $Consumer
        (type $numbers (stream u32))
        (import "make" (func $make async (result $numbers)))
        (core module $Memory (memory (export "mem") 1))
        (core instance $memory (instantiate $Memory))
        (canon lower (func $make) (core func $make'))
        (canon stream.read $numbers (memory (core memory $memory "mem")) (core func $read))
        (canon stream.drop-readable $numbers (core func $drop))
        (canon task.return (result u64) (core func $return))
        (core module $m
          (import "" "mem" (memory 1))
          (import "" "make" (func $make (result i32)))
          (import "" "read" (func $read (param i32 i32 i32) (result i32)))
          (import "" "drop" (func $drop (param i32)))
          (import "" "return" (func $return (param i64)))
          (func (export "sum")
            (local $end i32) (local $sum i64) (local $said i32) (local $i i32) (local $n i32)
            (local.set $end (call $make))
            (loop $more
              (local.set $said (call $read (local.get $end) (i32.const 0) (i32.const 3000)))
              (local.set $n (i32.shr_u (local.get $said) (i32.const 4)))
              (local.set $i (i32.const 0))
              (block $added
                (loop $add
                  (br_if $added (i32.ge_u (local.get $i) (local.get $n)))
                  (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (i32.load (i32.mul (local.get $i) (i32.const 4))))))
                  (local.set $i (i32.add (local.get $i) (i32.const 1)))
                  (br $add)))
              (br_if $more (i32.eqz (i32.and (local.get $said) (i32.const 15)))))
            (call $drop (local.get $end))
            (call $return (local.get $sum))))
        (core instance $i (instantiate $m (with "" (instance
          (export "mem" (memory $memory "mem")) (export "make" (func $make')) (export "read" (func $read)) (export "drop" (func $drop))
          (export "return" (func $return))))))
        (func (export "sum") async (result u64) (canon lift (core func $i "sum") async)))
      (instance $consumer (instantiate $Consumer (with "make" (func $producer "make"))))
      (func (export "sum") (alias export $consumer "sum"))))");
    std::size_t before = resident();
    EXPECT_EQ(text_of(call(i, "sum")), std::to_string(sum_of_million));
    EXPECT_LT(resident() - std::min(before, resident()), flat);
}

}  // namespace
}  // namespace heddle::component::testing
