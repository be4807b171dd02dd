// What a call costs, in nanoseconds: host, components and host functions in every combination that a program meets.
//
//   build/release/bench/component_calls [FILTER [PERCENT]]     one line per case: the median of nine rounds of CPU time. PERCENT of the calls:
//                                                              for those who count instructions
//   build/release/bench/component_calls --write FILE           the component
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/component.hpp>
#include <heddle/component_text.hpp>
#include <heddle/text.hpp>

using namespace heddle;
using component::Val;

namespace {

struct Point {
    u32 x = 0;
    f64 y = 0;
    std::string name;
};

// A callee of every kind, and a caller that calls it `n` times in a loop of its own.
constexpr std::string_view components = R"wat((component
  (import "host" (instance $host
    (export "scalars" (func (param "a" u32) (param "b" u32) (result u32)))
    (export "text" (func (param "s" string) (result u32)))))
  (component $callee
    (core module $m
      (import "" "task.return" (func $task.return (param i32)))
      (import "" "memory" (memory 1))
      (func (export "scalars") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "text") (param i32 i32) (result i32) (local.get 1))
      (func (export "echo") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
      (func (export "async") (param i32) (result i32) (call $task.return (local.get 0)) (i32.const 0))
      (func (export "callback") (param i32 i32 i32) (result i32) unreachable))
    (core module $library
      (memory (export "memory") 8)
      (global $next (mut i32) (i32.const 262144))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $next (i32.add (i32.const 262144) (i32.and (i32.add (i32.sub (global.get $next) (i32.const 262144)) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))) (i32.const 0x1ffff))))
        (global.get $next)))
    (core instance $l (instantiate $library))
    (core func $task.return (canon task.return (result u32)))
    (core instance $i (instantiate $m (with "" (instance (export "memory" (memory $l "memory")) (export "task.return" (func $task.return))))))
    (type $point' (record (field "x" u32) (field "y" f64) (field "name" string)))
    (export $point "point" (type $point'))
    (func (export "scalars") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $i "scalars")))
    (func (export "text") (param "s" string) (result u32) (canon lift (core func $i "text") (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (func (export "bytes") (param "b" (list u8)) (result u32) (canon lift (core func $i "text") (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (func (export "echo") (param "s" string) (result string) (canon lift (core func $i "echo") (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (func (export "record") (param "p" (list $point)) (result u32) (canon lift (core func $i "text") (memory (core memory $l "memory")) (realloc (core func $l "realloc"))))
    (func (export "async") async (param "a" u32) (result u32) (canon lift (core func $i "async") async (callback (core func $i "callback")))))
  (instance $callee (instantiate $callee))
  (component $caller
    (import "host" (instance $host
      (export "scalars" (func (param "a" u32) (param "b" u32) (result u32)))
      (export "text" (func (param "s" string) (result u32)))))
    (import "callee" (instance $callee
      (export "scalars" (func (param "a" u32) (param "b" u32) (result u32)))
      (export "text" (func (param "s" string) (result u32)))
      (export "bytes" (func (param "b" (list u8)) (result u32)))
      (export "async" (func async (param "a" u32) (result u32)))))
    (core module $library
      (memory (export "memory") 8)
      (global $next (mut i32) (i32.const 262144))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $next (i32.add (i32.const 262144) (i32.and (i32.add (i32.sub (global.get $next) (i32.const 262144)) (i32.and (i32.add (local.get 3) (i32.const 15)) (i32.const -16))) (i32.const 0x1ffff))))
        (global.get $next)))
  (core instance $l (instantiate $library))
    (core func $scalars (canon lower (func $callee "scalars")))
    (core func $text (canon lower (func $callee "text") (memory (core memory $l "memory"))))
    (core func $bytes (canon lower (func $callee "bytes") (memory (core memory $l "memory"))))
    (core func $async (canon lower (func $callee "async") async (memory (core memory $l "memory"))))
    (core func $host.scalars (canon lower (func $host "scalars")))
    (core func $host.text (canon lower (func $host "text") (memory (core memory $l "memory"))))
    (core module $caller
      (import "" "memory" (memory 1))
      (import "" "scalars" (func $scalars (param i32 i32) (result i32)))
      (import "" "text" (func $text (param i32 i32) (result i32)))
      (import "" "bytes" (func $bytes (param i32 i32) (result i32)))
      (import "" "async" (func $async (param i32 i32) (result i32)))
      (import "" "host.scalars" (func $host.scalars (param i32 i32) (result i32)))
      (import "" "host.text" (func $host.text (param i32 i32) (result i32)))
      (func $core (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
      (func (export "core") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (call $core (local.get $s) (local.get $n)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))
      (func (export "scalars") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (call $scalars (local.get $s) (local.get $n)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))
      (func (export "text") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (call $text (i32.const 1024) (i32.const 32)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))
      (func (export "bytes") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (call $bytes (i32.const 1024) (i32.const 65536)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))
      (func (export "async") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (call $async (local.get $n) (i32.const 64)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))
      (func (export "host-scalars") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (call $host.scalars (local.get $s) (local.get $n)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s))
      (func (export "host-text") (param $n i32) (result i32) (local $s i32)
        (loop $l (local.set $s (call $host.text (i32.const 1024) (i32.const 32)))
          (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))) (local.get $s)))
    (core instance $caller (instantiate $caller (with "" (instance
      (export "memory" (memory $l "memory")) (export "scalars" (func $scalars)) (export "text" (func $text)) (export "bytes" (func $bytes))
      (export "async" (func $async)) (export "host.scalars" (func $host.scalars)) (export "host.text" (func $host.text))))))
    (func (export "core") (param "n" u32) (result u32) (canon lift (core func $caller "core")))
    (func (export "scalars") (param "n" u32) (result u32) (canon lift (core func $caller "scalars")))
    (func (export "text") (param "n" u32) (result u32) (canon lift (core func $caller "text")))
    (func (export "bytes") (param "n" u32) (result u32) (canon lift (core func $caller "bytes")))
    (func (export "async") async (param "n" u32) (result u32) (canon lift (core func $caller "async")))
    (func (export "host-scalars") (param "n" u32) (result u32) (canon lift (core func $caller "host-scalars")))
    (func (export "host-text") (param "n" u32) (result u32) (canon lift (core func $caller "host-text"))))
  (instance $caller (instantiate $caller (with "host" (instance $host)) (with "callee" (instance $callee))))
  (export "callee" (instance $callee))
  (export "loop" (instance $caller))))wat";

template <class T>
T need(Result<T> r) {
    if (r) return std::move(*r);
    std::fprintf(stderr, "component_calls: %s\n", r.error().message.c_str());
    std::exit(1);
}

u32 percent = 100;

double cpu_ns() {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) * 1e9 + double(t.tv_nsec);
}

// For others who would run it.
int write_component(const char* path) {
    std::vector<u8> bytes = need(component::assemble(components));
    std::FILE* f = std::fopen(path, "wb");
    bool done = f && std::fwrite(bytes.data(), 1, bytes.size(), f) == bytes.size();
    if (f && std::fclose(f) != 0) done = false;
    if (!done) std::fprintf(stderr, "component_calls: cannot write %s\n", path);
    return done ? 0 : 1;
}

// Nanoseconds of CPU time per call, `run` making `n` of them.
void report(std::string_view name, std::string_view filter, u32 n, const std::function<void(u32)>& run) {
    if (name.find(filter) == std::string_view::npos) return;
    n = std::max(n * percent / 100, 10u);
    run(n / 10 + 1);
    std::vector<double> rounds;
    for (int i = 0; i < 9; ++i) {
        double begin = cpu_ns();
        run(n);
        rounds.push_back((cpu_ns() - begin) / n);
    }
    std::ranges::sort(rounds);
    std::printf("%-44.*s %9.1f   (%.1f to %.1f)\n", int(name.size()), name.data(), rounds[4], rounds.front(), rounds.back());
}

}  // namespace

template <>
struct heddle::component::Fields<Point> {
    static constexpr auto list = std::tuple(std::pair("x", &Point::x), std::pair("y", &Point::y), std::pair("name", &Point::name));
};

int main(int argc, char** argv) {
    std::string_view filter = argc > 1 ? argv[1] : "";
    if (filter == "--write" && argc > 2) return write_component(argv[2]);
    if (argc > 2) percent = u32(std::atoi(argv[2]));
    Engine engine;
    Store store(engine);
    Component made = need(Component::load(engine, need(component::assemble(components))));
    ComponentLinker linker(engine);
    linker.interface("host").func("scalars", [](u32 a, u32 b) { return a + b; }).func("text", [](std::string s) { return u32(s.size()); });
    ComponentInstance instance = need(linker.instantiate(store, made));

    auto loop = [&](std::string_view name, const char* function, u32 n) {
        auto f = need(instance.func<u32(u32)>(function));
        report(name, filter, n, [&](u32 count) { need(f(count)); });
    };
    auto scalars = need(instance.func<u32(u32, u32)>("callee.scalars"));
    report("host -> component -> host, scalars", filter, 200'000, [&](u32 n) { while (n--) need(scalars(n, 2)); });
    auto text_in = need(instance.func<u32(std::string)>("callee.text"));
    report("host -> component -> host, string of 32", filter, 100'000, [&](u32 n) { while (n--) need(text_in("0123456789abcdef0123456789abcdef")); });
    auto echo = need(instance.func<std::string(std::string)>("callee.echo"));
    report("the same, and a string back", filter, 100'000, [&](u32 n) { while (n--) need(echo("0123456789abcdef0123456789abcdef")); });
    auto record = need(instance.func<u32(std::vector<Point>)>("callee.record"));
    std::vector<Point> one{{1, 2.5, "north"}};
    report("host -> component -> host, list of a record", filter, 100'000, [&](u32 n) { while (n--) need(record(one)); });
    auto async = need(instance.func<u32(u32)>("callee.async"));
    report("host -> component -> host, async, at once", filter, 100'000, [&](u32 n) { while (n--) need(async(n)); });
    loop("core -> core, for comparison", "loop.core", 1'000'000);
    loop("component -> component, scalars", "loop.scalars", 500'000);
    loop("component -> component, string of 32", "loop.text", 200'000);
    loop("component -> component, list<u8> of 64 KiB", "loop.bytes", 20'000);
    loop("component -> component, async, at once", "loop.async", 200'000);
    loop("component -> host, scalars", "loop.host-scalars", 500'000);
    loop("component -> host, string of 32", "loop.host-text", 200'000);
}
