// What materializers cost: a call in every lifetime, a reset by dirtied pages, a new instance; whether memory stays flat over 100,000 resets; and how
// late calls end that never would.
//
//   build/release/bench/materializers [FOLDER]      CPU time of this thread, the best of nine rounds; the guests are written into FOLDER (/tmp)
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <unistd.h>

#include <heddle/wire.hpp>

using namespace heddle;
using namespace std::chrono_literals;

namespace {

// The canonical ABI's core module: the input back. A number n in the input (`1234`): so many pages of 4 KiB are written. `-1`: for ever.
constexpr const char* echo = R"((module
  (memory (export "memory") 33)
  (global $heap (mut i32) (i32.const 8192))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (i32.const 8192) (i32.and (i32.sub (i32.add (local.get $at) (local.get 3)) (i32.const 8192)) (i32.const 0xfff))))
    (local.get $at))
  (func (export "metatype:wit-wire/mat-wire#init") (param i32 i32 i32 i32) (result i32)
    (i32.store8 (i32.const 4) (i32.const 1)) INIT (i32.const 0))
  (func (export "metatype:wit-wire/mat-wire#handle") (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32)
    (local $i i32) (local $pages i32)
    (block $done (loop $digit
      (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
      (if (i32.eq (i32.load8_u (i32.add (local.get $in) (local.get $i))) (i32.const 45)) (then (loop $forever (br $forever))))
      (br_if $done (i32.gt_u (i32.sub (i32.load8_u (i32.add (local.get $in) (local.get $i))) (i32.const 48)) (i32.const 9)))
      (local.set $pages (i32.add (i32.mul (local.get $pages) (i32.const 10)) (i32.sub (i32.load8_u (i32.add (local.get $in) (local.get $i))) (i32.const 48))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $digit)))
    (loop $more
      (if (local.get $pages) (then
        (i32.store (i32.add (i32.const 65536) (i32.mul (local.get $pages) (i32.const 4096))) (i32.const 1))
        (local.set $pages (i32.sub (local.get $pages) (i32.const 1)))
        (br $more))))
    (i32.store (i32.const 16) (i32.const 0)) (i32.store (i32.const 20) (local.get $in)) (i32.store (i32.const 24) (local.get $n)) (i32.const 16)) START))";

constexpr const char* small_component = R"((component
  (core module $m (memory (export "memory") 1)
    (func (export "echo") (param i64) (result i64) (local.get 0)))
  (core instance $i (instantiate $m))
  (func (export "echo") (param "n" s64) (result s64) (canon lift (core func $i "echo")))))";

constexpr const char* manifest = R"(
[defaults]
artifact = "echo.wat"
kind = "core-wire"
limits = { memory = "8MiB" }
[materializers.snapshot]
[materializers.pooled]
lifetime = "pooled"
[materializers.request]
lifetime = "request"
[materializers.typed]
lifetime = "pooled"
input = { type = "object", required = ["name", "age"], properties = { name = { type = "string", maxLength = 20 }, age = { type = "integer", minimum = 0 } } }
output = { type = "object" }
[materializers.component]
artifact = "component.wat"
kind = "reflected"
lifetime = "request"
export = "echo"
[materializers.component_snapshot]
artifact = "component.wat"
kind = "reflected"
export = "echo"
[materializers.component_pooled]
artifact = "component.wat"
kind = "reflected"
lifetime = "pooled"
export = "echo"
[materializers.handle]
limits = { deadline = "50ms" }
[materializers.init]
artifact = "init.wat"
limits = { deadline = "50ms" }
[materializers.start]
artifact = "start.wat"
limits = { deadline = "50ms" }
)";

std::string guest(std::string init, std::string start) {
    std::string text = echo;
    text.replace(text.find("INIT"), 4, init);
    text.replace(text.find("START"), 5, start);
    return text;
}

double cpu_seconds() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

// Nanoseconds of one.
double cost(int n, const std::function<void()>& one) {
    double best = 1e9;
    for (int round = 0; round < 9; ++round) {
        double start = cpu_seconds();
        for (int i = 0; i < n; ++i) one();
        best = std::min(best, (cpu_seconds() - start) / n);
    }
    return best * 1e9;
}

long resident_kilobytes() {
    std::ifstream f("/proc/self/statm");
    long all = 0, resident = 0;
    f >> all >> resident;
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

void print(const char* what, double ns) { std::printf("%-58s %10.2f us\n", what, ns / 1000); }

bool must(bool good, const std::string& message) {
    if (!good) std::fprintf(stderr, "%s\n", message.c_str());
    return good;
}

// How late a thread that does nothing else wakes from 50 ms of sleep, at most: what the system adds to every deadline.
double late_sleep(int times) {
    double worst = 0;
    for (int i = 0; i < times; ++i) {
        auto until = std::chrono::steady_clock::now() + 50ms;
        std::this_thread::sleep_until(until);
        worst = std::max(worst, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - until).count());
    }
    return worst;
}

// Milliseconds after its deadline of 50 ms, at most, of so many calls; others go on meanwhile.
void overrun(const wire::App& app, const char* op, const char* input, int calls) {
    std::atomic<bool> stop = false;
    std::atomic<u64> others = 0;
    std::thread other([&] {
        while (!stop) others += app.call("pooled", "1").ok();
    });
    double worst = 0, worst_sleep = 0;
    for (int i = 0; i < calls; ++i) {
        std::thread sleeper([&] { worst_sleep = std::max(worst_sleep, late_sleep(1)); });
        auto start = std::chrono::steady_clock::now();
        wire::Reply r = app.call(op, input);
        double late = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start - 50ms).count();
        if (r.outcome == wire::Outcome::deadline) worst = std::max(worst, late);
        sleeper.join();
        if (r.retry_after) std::this_thread::sleep_for(*r.retry_after);
    }
    stop = true;
    other.join();
    std::printf("an endless loop in %-39s %10.2f ms late at most (a sleeping thread: %.2f); meanwhile %lu other calls\n", op, worst, worst_sleep,
                static_cast<unsigned long>(others.load()));
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    std::filesystem::path folder = argc > 1 ? argv[1] : "/tmp/heddle-bench-materializers";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "echo.wat") << guest("", "");
    std::ofstream(folder / "init.wat") << guest("(loop $l (br $l))", "");
    std::ofstream(folder / "start.wat") << guest("", "(func $s (loop $l (br $l))) (start $s)");
    std::ofstream(folder / "component.wat") << small_component;
    std::ofstream(folder / "app.toml") << manifest;
    auto app = wire::App::load((folder / "app.toml").string());
    if (!must(app.has_value(), app ? "" : app.error().message)) return 1;
    auto call = [&](const char* op, const char* json) {
        return [&, op, json] {
            wire::Reply r = app->call(op, json);
            if (!r.ok()) std::fprintf(stderr, "%s: %s\n", op, r.message.c_str()), std::exit(1);
        };
    };
    print("handle, echo of a number (pooled)", cost(2'000, call("pooled", "1")));
    print("handle, echo of a typed object (pooled)", cost(2'000, call("typed", R"({"age":36,"name":"Ada"})")));
    double none = cost(2'000, call("snapshot", "0"));
    print("handle and reset (snapshot), no page beside the call's", none);
    for (int pages : {1, 16, 64, 256}) {
        std::string input = std::to_string(pages);
        double ns = cost(pages > 16 ? 200 : 1'000, call("snapshot", input.c_str()));
        std::printf("%-58s %10.2f us: %.2f us a page\n", ("handle and reset, " + input + " pages dirtied").c_str(), ns / 1000, (ns - none) / 1000 / pages);
    }
    print("a new instance of a core module with its init, and handle", cost(500, call("request", "1")));
    print("a call of a component's export (pooled)", cost(2'000, call("component_pooled", "7")));
    print("the same and reset (snapshot)", cost(2'000, call("component_snapshot", "7")));
    print("a new instance of a small component, and a call", cost(500, call("component", "7")));
    long before = resident_kilobytes();
    for (int i = 0; i < 100'000; ++i) call("snapshot", "16")();
    std::printf("%-58s %10ld KB before, %ld KB after\n", "memory of the process over 100,000 resets", before, resident_kilobytes());
    overrun(*app, "handle", "-1", 20);
    overrun(*app, "init", "1", 8);  // a guest that cannot start is left alone for longer and longer
    overrun(*app, "start", "1", 8);
}
