// Loading, instantiating, resetting and calling, in CPU time where one thread works and in elapsed time where two may.
//
//   build/release/bench/loading [FILE.wasm …]     for each file: validation, translation, memory; then small instances, resets and calls
#include <malloc.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <heddle/engine.hpp>
#include <heddle/text.hpp>

using namespace heddle;

namespace {

template <class T>
T need(Result<T> result) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "loading: %s\n", result.error().message.c_str());
    std::exit(1);
}

f64 cpu_seconds() {
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return f64(t.tv_sec) + f64(t.tv_nsec) * 1e-9;
}

f64 elapsed_seconds() { return std::chrono::duration<f64>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// The best of some rounds of `work` by that clock, in seconds.
template <class F>
f64 best(int rounds, f64 (*clock)(), F work) {
    f64 least = 1e9;
    for (int i = 0; i < rounds; ++i) {
        f64 from = clock();
        work();
        least = std::min(least, clock() - from);
    }
    return least;
}

template <class F>
f64 nanoseconds(int calls, F work) {
    return best(9, cpu_seconds, [&] {
               for (int i = 0; i < calls; ++i) work();
           }) /
           calls * 1e9;
}

void say(const char* what, f64 value, const char* unit) { std::printf("%-58s %10.2f %s\n", what, value, unit); }

// ---- files

std::vector<u8> read_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    std::vector<u8> bytes{std::istreambuf_iterator<char>(file), {}};
    if (bytes.empty()) {
        std::fprintf(stderr, "loading: %s: not there, or empty\n", path);
        std::exit(1);
    }
    return bytes;
}

// The contents of a binary module's code section, in bytes.
std::size_t code_bytes(std::span<const u8> bytes) {
    for (std::size_t at = 8; at < bytes.size();) {
        u8 id = bytes[at++];
        std::size_t size = 0;
        for (u32 shift = 0, more = 1; more; shift += 7) {
            size |= std::size_t(bytes[at] & 0x7f) << shift;
            more = bytes[at++] >> 7;
        }
        if (id == 10) return size;
        at += size;
    }
    return 0;
}

Engine engine_with(unsigned threads, bool eager = false) {
    Config config;
    config.threads = threads;
    config.eager = eager;
    return Engine(config);
}

std::size_t allocated() {
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
}

// The most memory that a process ever has which only loads the file, in bytes.
f64 peak_bytes(const char* path) {
    pid_t child = fork();
    if (child == 0) {
        Engine engine = engine_with(2);
        Module module = need(Module::load(engine, read_file(path)));
        _exit(0);
    }
    rusage usage;
    int status;
    wait4(child, &status, 0, &usage);
    return f64(usage.ru_maxrss) * 1024;
}

// The bytes are taken over, as by `heddle run`: copying them is no part of loading.
Module load(const Engine& engine, std::vector<u8>&& bytes) { return need(Module::load(engine, std::move(bytes))); }

f64 load_seconds(int rounds, f64 (*clock)(), const Engine& engine, const std::vector<u8>& bytes) {
    f64 least = 1e9;
    for (int i = 0; i < rounds; ++i) {
        std::vector<u8> copy = bytes;
        f64 from = clock();
        Module module = load(engine, std::move(copy));
        least = std::min(least, clock() - from);
    }
    return least;
}

void file(const char* path, f64 peak) {
    std::vector<u8> bytes = read_file(path);
    f64 code = f64(code_bytes(bytes));
    std::printf("\n%s: %.2f MB, of which code %.2f MB\n", path, f64(bytes.size()) / 1e6, code / 1e6);
    Engine one = engine_with(1), two = engine_with(2), eager = engine_with(1, true);
    f64 alone = load_seconds(5, cpu_seconds, one, bytes);
    say("decoded and validated, one thread", alone * 1e3, "ms");
    say("  of code", code / alone / 1e6, "MB/s");
    say("two threads, elapsed", load_seconds(5, elapsed_seconds, two, bytes) * 1e3, "ms");
    f64 translated = load_seconds(3, cpu_seconds, eager, bytes) - alone;
    say("translated", code / translated / 1e6, "MB/s");
    std::size_t before = allocated();
    Module lazy = load(one, std::vector<u8>(bytes));
    std::size_t between = allocated();
    Module all = load(eager, std::vector<u8>(bytes));
    say("cells and their tables", (f64(allocated() - between) - f64(between - before)) / code, "bytes per byte of code");
    say("peak memory of a process that loads it", peak / 1e6, "MB");
    say("  of the file", peak / f64(bytes.size()), "×");
}

// ---- instances and calls

constexpr std::string_view small = R"((module
  (import "host" "next" (func $next (param i32) (result i32)))
  (memory (export "memory") 2)
  (table 4 funcref)
  (elem (i32.const 0) $touch)
  (data (i32.const 16) "a data segment")
  (func $touch (export "touch") (param $pages i32)
    (loop $more
      (i32.store (i32.shl (local.get $pages) (i32.const 12)) (local.get $pages))
      (br_if $more (i32.ge_s (local.tee $pages (i32.sub (local.get $pages) (i32.const 1))) (i32.const 0)))))
  (func (export "nothing"))
  (func (export "twice") (param i32) (result i32) (call $next (call $next (local.get 0))))))";

void instances() {
    std::printf("\na small instance: memory, table, two segments\n");
    Engine engine;
    std::vector<u8> bytes = need(text::assemble(small));
    Linker linker(engine);
    linker.func("host", "next", [](i32 x) { return x + 1; });
    say("module loaded", nanoseconds(2'000, [&] { need(Module::load(engine, bytes)); }) / 1e3, "µs");
    Module module = need(Module::load(engine, bytes));
    say("Store and instance", nanoseconds(5'000, [&] {
            Store store(engine);
            need(linker.instantiate(store, module));
        }) / 1e3,
        "µs");
    say("Store, instance and a call", nanoseconds(5'000, [&] {
            Store store(engine);
            need(linker.instantiate(store, module)).func<void()>("nothing").value()().value();
        }) / 1e3,
        "µs");

    Store store(engine);
    Instance instance = need(linker.instantiate(store, module));
    auto touch = need(instance.func<void(i32)>("touch"));
    auto twice = need(instance.func<i32(i32)>("twice"));
    auto nothing = need(instance.func<void()>("nothing"));
    say("host → guest", nanoseconds(200'000, [&] { nothing().value(); }), "ns");
    f64 both = nanoseconds(200'000, [&] { twice(1).value(); });
    say("host → guest → host, twice", both, "ns");
    Snapshot snapshot = need(instance.snapshot());
    for (i32 pages : {0, 1, 4, 16}) {
        f64 ns = nanoseconds(3'000, [&] {
            if (pages) touch(pages - 1).value();
            instance.restore(snapshot).value();
        });
        std::string what = "reset, " + std::to_string(pages) + " pages written (writing them included)";
        say(what.c_str(), ns / 1e3, "µs");
    }
}

// A module with that much in a data segment: its first instance copies it, later ones map it.
void data(u32 kib) {
    std::string text = "(module (memory (export \"memory\") " + std::to_string(kib / 64 + 1) + ") (data (i32.const 0) \"" + std::string(std::size_t(kib) << 10, 'x') +
                       "\") (func (export \"write\") (param $pages i32) (loop $more (i32.store (i32.shl (local.get $pages) (i32.const 12)) (local.get $pages))"
                       " (br_if $more (i32.ge_s (local.tee $pages (i32.sub (local.get $pages) (i32.const 1))) (i32.const 0))))))";
    Engine engine;
    std::vector<u8> bytes = need(text::assemble(text));
    Linker linker(engine);
    auto once = [&](const Module& module) {
        Store store(engine);
        need(need(linker.instantiate(store, module)).func<void(i32)>("write"))(3).value();
    };
    f64 copied = 1e9;
    Module module = need(Module::load(engine, bytes));
    for (int i = 0; i < 30; ++i) {
        module = need(Module::load(engine, bytes));
        f64 from = cpu_seconds();
        once(module);
        copied = std::min(copied, cpu_seconds() - from);
    }
    once(module);
    std::printf("%6u KiB %14.1f µs copied %14.1f µs mapped\n", kib, copied * 1e6, nanoseconds(200, [&] { once(module); }) / 1e3);
}

}  // namespace

int main(int argc, char** argv) {
    // While this process is small: a child's peak begins with what its parent had.
    std::vector<f64> peaks;
    for (int i = 1; i < argc; ++i) peaks.push_back(peak_bytes(argv[i]));
    for (int i = 1; i < argc; ++i) file(argv[i], peaks[std::size_t(i - 1)]);
    instances();
    std::printf("\na new instance by its data, which writes to four pages\n");
    for (u32 kib : {64u, 256u, 1024u, 8192u}) data(kib);
    return 0;
}
