// How long a collection stops a guest: milliseconds per million objects that live, by how they hang together, and what allocating one costs.
//
//   build/release/bench/gc_pause [MILLIONS]        one line per shape: the median of nine collections
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>
#include <vector>

#include <heddle/engine.hpp>
#include <heddle/text.hpp>

using namespace heddle;

namespace {

// Every `make` leaves n objects alive in $root; `churn` allocates n that die at once.
constexpr std::string_view shapes = R"((module
  (type $node (struct (field i32) (field (mut (ref null $node)))))
  (type $tree (struct (field (ref null $tree)) (field (ref null $tree))))
  (type $refs (array (mut (ref null $node))))
  (type $bytes (array (mut i8)))
  (type $chunks (array (mut (ref null $bytes))))
  (global $root (mut anyref) (ref.null any))

  ;; one after the other, as a guest builds it
  (func (export "list") (param $n i32) (local $l (ref null $node))
    (loop $more
      (local.set $l (struct.new $node (local.get $n) (local.get $l)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.set $root (local.get $l)))

  ;; linked in an order that jumps through memory
  (func (export "scattered") (param $n i32) (local $a (ref $refs)) (local $i i32) (local $at i32) (local $next i32)
    (local.set $a (array.new_default $refs (local.get $n)))
    (loop $more
      (array.set $refs (local.get $a) (local.get $i) (struct.new $node (local.get $i) (ref.null $node)))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $i (i32.const 1))
    (loop $link
      (local.set $next (i32.rem_u (i32.add (local.get $at) (i32.const 611953)) (local.get $n)))
      (struct.set $node 1 (array.get $refs (local.get $a) (local.get $at)) (array.get $refs (local.get $a) (local.get $next)))
      (local.set $at (local.get $next))
      (br_if $link (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (global.set $root (array.get $refs (local.get $a) (i32.const 0))))

  (func $grow (param $n i32) (result (ref null $tree)) (local $half i32)
    (if (i32.eqz (local.get $n)) (then (return (ref.null $tree))))
    (local.set $half (i32.shr_u (i32.sub (local.get $n) (i32.const 1)) (i32.const 1)))
    (struct.new $tree (call $grow (local.get $half)) (call $grow (i32.sub (i32.sub (local.get $n) (i32.const 1)) (local.get $half)))))
  (func (export "tree") (param $n i32) (global.set $root (call $grow (local.get $n))))

  ;; arrays of 100 bytes, held by one array
  (func (export "arrays") (param $n i32) (local $a (ref $chunks)) (local $i i32)
    (local.set $a (array.new_default $chunks (local.get $n)))
    (loop $more
      (array.set $chunks (local.get $a) (local.get $i) (array.new_default $bytes (i32.const 100)))
      (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (global.set $root (local.get $a)))

  (func (export "churn") (param $n i32)
    (loop $more
      (drop (struct.new $node (local.get $n) (ref.null $node)))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
)";

template <class T>
T value(Result<T> r) {
    if (!r) {
        std::fprintf(stderr, "gc_pause: %s\n", r.error().to_string().c_str());
        std::exit(1);
    }
    if constexpr (!std::is_void_v<T>) return std::move(*r);
}

// Of this thread, so that other programs on the machine do not count.
f64 cpu_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return f64(now.tv_sec) * 1e3 + f64(now.tv_nsec) * 1e-6;
}

template <class F>
f64 milliseconds(F f) {
    f64 begin = cpu_milliseconds();
    f();
    return cpu_milliseconds() - begin;
}

f64 median(std::vector<f64> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void call(const Instance& in, std::string_view name, u32 n) { value(value(in.func<void(u32)>(name))(n)); }

}  // namespace

int main(int argc, char** argv) {
    u32 millions = argc > 1 ? u32(std::max(1, std::atoi(argv[1]))) : 4;
    u32 count = millions * 1'000'000;
    Config config;
    config.max_heap_bytes = u64(16) << 30;
    Engine engine(config);
    Module module = value(Module::load(engine, *text::assemble(shapes)));
    std::printf("%u million objects alive\n%-12s %18s %22s\n", millions, "shape", "pause, ms", "ms per million");
    for (std::string_view shape : {"list", "scattered", "tree", "arrays"}) {
        Store store(engine);
        Instance in = value(Linker(engine).instantiate(store, module));
        call(in, shape, count);
        std::vector<f64> pauses;
        for (int i = 0; i < 9; ++i) pauses.push_back(milliseconds([&] { store.collect_garbage(); }));
        f64 pause = median(pauses);
        std::printf("%-12.*s %18.1f %22.2f\n", int(shape.size()), shape.data(), pause, pause / millions);
    }
    Store store(engine);
    Instance in = value(Linker(engine).instantiate(store, module));
    f64 churned = milliseconds([&] { call(in, "churn", count); });
    std::printf("allocated and freed: %.1f ns an object\n", churned * 1e6 / count);
}
