// Random sequences of operations on resources, streams, futures and waitable sets, each held against a model written from the specification:
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#stream-state
// A guest offers every built-in as a function; the model says what each call gives, or that it traps.
#include "support/world.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <random>

namespace heddle::component::testing {
namespace {

constexpr u32 blocked = 0xffff'ffff;
enum Result : u32 { completed, dropped, cancelled };
constexpr u32 memory_size = 4096;  // of it the guest uses this much

// Built-ins with their core types, and how to call them from outside.
struct BuiltIn {
    const char *name, *canon, *params;  // params: one i32 each
    bool has_result, is_wide;           // wide: an i64
};
constexpr const char* memory_option = " (memory (core memory $memory \"mem\"))";
const BuiltIn built_ins[] = {
    {"stream-new", "stream.new $stream", "", true, true},
    {"stream-read", "stream.read $stream async", "abc", true, false},
    {"stream-write", "stream.write $stream async", "abc", true, false},
    {"stream-cancel-read", "stream.cancel-read $stream async", "a", true, false},
    {"stream-cancel-write", "stream.cancel-write $stream async", "a", true, false},
    {"stream-drop-readable", "stream.drop-readable $stream", "a", false, false},
    {"stream-drop-writable", "stream.drop-writable $stream", "a", false, false},
    {"future-new", "future.new $future", "", true, true},
    {"future-read", "future.read $future async", "ab", true, false},
    {"future-write", "future.write $future async", "ab", true, false},
    {"future-cancel-read", "future.cancel-read $future async", "a", true, false},
    {"future-cancel-write", "future.cancel-write $future async", "a", true, false},
    {"future-drop-readable", "future.drop-readable $future", "a", false, false},
    {"future-drop-writable", "future.drop-writable $future", "a", false, false},
    {"set-new", "waitable-set.new", "", true, false},
    {"set-drop", "waitable-set.drop", "a", false, false},
    {"join", "waitable.join", "ab", false, false},
    {"resource-new", "resource.new $R", "a", true, false},
    {"resource-rep", "resource.rep $R", "a", true, false},
    {"resource-drop", "resource.drop $R", "a", false, false},
};

std::string guest() {
    std::string canons, imports, given, exports, lifts;
    for (const BuiltIn& b : built_ins) {
        std::string name = b.name, canon = b.canon, params, gets, words;
        if (canon.contains(" async") && !canon.contains("cancel")) canon += memory_option;
        canons += "(canon " + canon + " (core func $" + name + "'))\n";
        std::string result = !b.has_result ? "" : b.is_wide ? "(result i64)" : "(result i32)";
        for (std::size_t i = 0; i < std::string(b.params).size(); ++i) {
            params += "(param i32)";
            gets += "(local.get " + std::to_string(i) + ")";
            words += " (param \"" + std::string(1, b.params[i]) + "\" u32)";
        }
        imports += "(import \"\" \"" + name + "\" (func $" + name + " " + params + result + "))\n";
        exports += "(func (export \"" + name + "\") " + params + result + " (call $" + name + gets + "))\n";
        given += "(export \"" + name + "\" (func $" + name + "'))\n";
        lifts += "(func (export \"" + name + "\") " + words + (b.has_result ? b.is_wide ? " (result u64)" : " (result u32)" : "") + " (canon lift (core func $i \"" + name + "\")))\n";
    }
    return R"((component
      (core module $Memory (memory (export "mem") 1))
      (core instance $memory (instantiate $Memory))
      (core module $Dtor (global $dropped (mut i32) (i32.const 0))
        (func (export "drop") (param i32) (global.set $dropped (i32.add (global.get $dropped) (local.get 0))))
        (func (export "dropped") (result i32) (global.get $dropped)))
      (core instance $dtor (instantiate $Dtor))
      (type $R (resource (rep i32) (dtor (core func $dtor "drop"))))
      (type $stream (stream u8))
      (type $future (future u8))
      )" + canons + "(canon waitable-set.poll" + memory_option + R"( (core func $poll'))
      (core module $m
        (import "" "mem" (memory 1))
        (import "" "poll" (func $poll (param i32 i32) (result i32)))
        )" + imports + exports + R"(
        ;; code, index and payload in 64 bits: 8, 24 and 32
        (func (export "poll") (param i32) (result i64) (local $code i32)
          (i64.store (i32.const 8192) (i64.const 0))
          (local.set $code (call $poll (local.get 0) (i32.const 8192)))
          (i64.or (i64.extend_i32_u (local.get $code))
            (i64.or (i64.shl (i64.extend_i32_u (i32.load (i32.const 8192))) (i64.const 8)) (i64.shl (i64.load32_u (i32.const 8196)) (i64.const 32)))))
        ;; byte i becomes start + 7 i
        (func (export "fill") (param $at i32) (param $n i32) (param $start i32)
          (block $done (loop $l (br_if $done (i32.eqz (local.get $n)))
            (i32.store8 (local.get $at) (local.get $start))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (local.set $start (i32.add (local.get $start) (i32.const 7)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br $l))))
        (func (export "sum") (result i32) (local $i i32) (local $sum i32)
          (loop $l
            (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 31)) (i32.load8_u (local.get $i))))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))
          (local.get $sum)))
      (core instance $i (instantiate $m (with "" (instance (export "mem" (memory $memory "mem")) (export "poll" (func $poll')) )" + given + R"())))
      )" + lifts + R"(
      (func (export "poll") (param "set" u32) (result u64) (canon lift (core func $i "poll")))
      (func (export "fill") (param "at" u32) (param "n" u32) (param "start" u32) (canon lift (core func $i "fill")))
      (func (export "sum") (result u32) (canon lift (core func $i "sum")))
      (func (export "dropped") (result u32) (canon lift (core func $dtor "dropped")))))";
}

// ---- the model ----------------------------------------------------------------------------------------------------------------------------

struct Set;
struct Shared;
struct End {
    enum class State { idle, copying, done } state = State::idle;
    std::shared_ptr<Shared> shared;
    bool readable = false;
    u32 ptr = 0, length = 0, progress = 0, index = 0;
    bool has_event = false, reclaim = false;
    Result result = completed;
    Set* set = nullptr;
    u32 remain() const { return length - progress; }
};
struct Shared {
    bool stream = true, dropped = false;
    End* pending = nullptr;
};
struct Set {
    std::vector<End*> members;
};
struct Resource {
    u32 rep = 0;
};

// What a call gives; empty: a trap.
using Said = std::optional<u64>;

class Model {
public:
    std::map<u32, std::shared_ptr<End>> ends;
    std::map<u32, std::shared_ptr<Set>> sets;
    std::map<u32, Resource> resources;
    std::vector<u8> memory = std::vector<u8>(memory_size);
    u32 dropped_sum = 0;

    void made(bool stream, u64 indices) {
        auto shared = std::make_shared<Shared>();
        shared->stream = stream;
        for (bool readable : {true, false}) {
            auto e = std::make_shared<End>();
            e->shared = shared;
            e->readable = readable;
            e->index = readable ? u32(indices) : u32(indices >> 32);
            ends[e->index] = e;
        }
    }

    Said copy(bool stream, bool reads, u32 index, u32 ptr, u32 n) {
        End* e = find(stream, reads, index);
        if (!e || e->state != End::State::idle) return {};
        e->ptr = ptr, e->length = n, e->progress = 0;
        e->state = End::State::copying;
        Shared& s = *e->shared;
        if (s.dropped) done(*e, dropped);
        else if (!s.pending) s.pending = e;
        else if (stream) copy_stream(s, *e, reads);
        else copy_future(s, *e, reads);
        return e->has_event ? take(*e) : blocked;
    }

    Said cancel(bool stream, bool reads, u32 index) {
        End* e = find(stream, reads, index);
        if (!e || e->state != End::State::copying) return {};
        bool partly = e->has_event && e->reclaim && e->remain() > 0 && e->shared->pending == e;
        if (!e->has_event || partly) {
            e->shared->pending = nullptr;
            done(*e, cancelled);
        }
        return take(*e);
    }

    Said drop(bool stream, bool readable, u32 index) {
        End* e = find(stream, readable, index);
        if (!e || e->state == End::State::copying || (!stream && !readable && e->state != End::State::done)) return {};
        leave(*e);
        Shared& s = *e->shared;
        s.dropped = true;
        if (End* other = std::exchange(s.pending, nullptr)) done(*other, dropped);
        ends.erase(index);
        return 0;
    }

    Said join(u32 waitable, u32 set) {
        auto e = ends.find(waitable);
        if (e == ends.end() || (set && !sets.contains(set))) return {};
        leave(*e->second);
        if (set) {
            e->second->set = sets[set].get();
            sets[set]->members.push_back(e->second.get());
        }
        return 0;
    }

    Said poll(u32 set) {
        auto s = sets.find(set);
        if (s == sets.end()) return {};
        for (End* e : s->second->members)
            if (e->has_event) {
                u32 code = (e->shared->stream ? 2 : 4) + (e->readable ? 0 : 1), index = e->index;
                return u64(take(*e)) << 32 | u64(index) << 8 | code;
            }
        return 0;
    }

    Said drop_set(u32 set) {
        auto s = sets.find(set);
        if (s == sets.end() || !s->second->members.empty()) return {};
        sets.erase(s);
        return 0;
    }

    u32 sum() const {
        u32 v = 0;
        for (u8 b : memory) v = v * 31 + b;
        return v;
    }

private:
    End* find(bool stream, bool readable, u32 index) {
        auto e = ends.find(index);
        return e != ends.end() && e->second->shared->stream == stream && e->second->readable == readable ? e->second.get() : nullptr;
    }
    static void leave(End& e) {
        if (e.set) std::erase(e.set->members, &e);
        e.set = nullptr;
    }
    static void done(End& e, Result r) {
        e.result = r;
        e.has_event = true;
        e.reclaim = false;
    }
    static u32 take(End& e) {
        if (e.reclaim && e.shared->pending == &e) e.shared->pending = nullptr;
        e.has_event = e.reclaim = false;
        e.state = e.result == dropped || (!e.shared->stream && e.result == completed) ? End::State::done : End::State::idle;
        return e.result | (e.shared->stream ? e.progress << 4 : 0);
    }
    void move(End& from, End& to, u32 n) {
        auto at = memory.begin() + from.ptr + from.progress;
        std::vector<u8> moved(at, at + n);  // the two places may overlap
        std::ranges::copy(moved, memory.begin() + to.ptr + to.progress);
        from.progress += n;
        to.progress += n;
    }
    void copy_stream(Shared& s, End& e, bool reads) {
        End& p = *s.pending;
        if (p.remain() > 0) {
            if (u32 n = std::min(p.remain(), e.remain())) {
                reads ? move(p, e, n) : move(e, p, n);
                p.result = completed;
                p.has_event = p.reclaim = true;
            }
            done(e, completed);
        } else if (!reads && e.length == 0 && p.length == 0) {
            done(e, completed);
        } else {
            done(p, completed);
            s.pending = &e;
        }
    }
    void copy_future(Shared& s, End& e, bool reads) {
        End& p = *std::exchange(s.pending, nullptr);
        reads ? move(p, e, 1) : move(e, p, 1);
        done(p, completed);
        done(e, completed);
    }
};

// ---- guest and model side by side ---------------------------------------------------------------------------------------------------------

class Both {
public:
    explicit Both(u32 seed) : random_(seed), component_(load(world_.engine, guest())) { restart(); }

    // One operation, most of the time one that does not trap.
    void step() {
        u32 choice = below(100);
        if (choice < 8) make(below(2) == 0);
        else if (choice < 52) copy();
        else if (choice < 60) cancel();
        else if (choice < 68) drop();
        else if (choice < 76) join();
        else if (choice < 88) poll();
        else if (choice < 91) sets();
        else resource();
    }
    void compare_memory() {
        EXPECT_EQ(raw("sum", {}), Said(model_.sum())) << log_;
        EXPECT_EQ(raw("dropped", {}), Said(model_.dropped_sum)) << log_;
    }
    u32 traps() const { return traps_; }

private:
    u32 below(u32 n) { return u32(random_() % n); }
    // Mostly one that is there; now and then any number.
    template <class Map>
    u32 any(const Map& map) {
        if (map.empty() || below(60) == 0) return below(12);
        return std::next(map.begin(), below(u32(map.size())))->first;
    }
    // An end that fits the operation, mostly.
    u32 end_for(bool stream, bool readable) {
        std::vector<u32> fitting;
        for (const auto& [i, e] : model_.ends)
            if (e->shared->stream == stream && e->readable == readable && (e->state == End::State::idle || below(30) == 0)) fitting.push_back(i);
        return fitting.empty() || below(60) == 0 ? any(model_.ends) : fitting[below(u32(fitting.size()))];
    }
    u32 copying_end(bool stream, bool readable) {
        for (const auto& [i, e] : model_.ends)
            if (e->shared->stream == stream && e->readable == readable && e->state == End::State::copying && below(2)) return i;
        return 0;
    }

    void restart() {
        instance_ = world_.imports.instantiate(world_.store, component_).value();
        model_ = Model();
        log_.clear();
    }
    Said raw(const std::string& f, std::vector<u32> args) {
        std::vector<Val> values;
        for (u32 a : args) values.push_back(Val::u32(a));
        auto r = call(*instance_, f, std::move(values));
        if (!r) {
            why_ = r.error().to_string();
            return {};
        }
        return *r ? (*r)->bits() : 0;
    }
    void note(const std::string& f, const std::vector<u32>& args) {
        log_ += f + "(";
        for (u32 a : args) log_ += std::to_string(a) + " ";
        log_ += ")\n";
    }
    // Calls the guest and compares.
    Said both(const std::string& f, std::vector<u32> args, Said expected) {
        note(f, args);
        Said said = raw(f, std::move(args));
        EXPECT_EQ(said.has_value(), expected.has_value()) << log_ << why_;
        if (said && expected) {
            EXPECT_EQ(*said, *expected) << log_;
        }
        if (!said || !expected) {
            ++traps_;
            restart();
        }
        return said;
    }

    void make(bool stream) {
        if (model_.ends.size() > 12) return;
        const char* f = stream ? "stream-new" : "future-new";
        note(f, {});
        Said said = raw(f, {});
        ASSERT_TRUE(said) << log_ << why_;
        model_.made(stream, *said);
    }
    void copy() {
        bool stream = below(3) > 0, reads = below(2) == 0;
        u32 end = end_for(stream, reads), n = stream ? below(4) == 0 ? 0 : below(20) : 1, at = below(memory_size - 32);
        if (!reads) {
            u32 start = below(256);
            both("fill", {at, n, start}, 0);
            for (u32 i = 0; i < n; ++i) model_.memory[at + i] = u8(start + 7 * i);
        }
        std::string f = std::string(stream ? "stream" : "future") + (reads ? "-read" : "-write");
        std::vector<u32> args{end, at};
        if (stream) args.push_back(n);
        both(f, args, model_.copy(stream, reads, end, at, n));
    }
    void cancel() {
        bool stream = below(3) > 0, reads = below(2) == 0;
        u32 end = copying_end(stream, reads);
        if (!end && below(20)) return;
        both(std::string(stream ? "stream" : "future") + "-cancel-" + (reads ? "read" : "write"), {end}, model_.cancel(stream, reads, end));
    }
    void drop() {
        bool stream = below(3) > 0, readable = below(2) == 0;
        u32 end = end_for(stream, readable);
        auto e = model_.ends.find(end);
        bool would_trap = e == model_.ends.end() || (!stream && !readable && e->second->state != End::State::done);
        if (would_trap && below(20)) return;
        both(std::string(stream ? "stream" : "future") + "-drop-" + (readable ? "readable" : "writable"), {end}, model_.drop(stream, readable, end));
    }
    void join() {
        u32 end = any(model_.ends), set = below(4) == 0 ? 0 : any(model_.sets);
        if ((!model_.ends.contains(end) || (set && !model_.sets.contains(set))) && below(20)) return;
        both("join", {end, set}, model_.join(end, set));
    }
    void poll() {
        u32 set = any(model_.sets);
        if (!model_.sets.contains(set) && below(20)) return;
        both("poll", {set}, model_.poll(set));
    }
    void sets() {
        if (model_.sets.size() < 3) {
            note("set-new", {});
            Said said = raw("set-new", {});
            ASSERT_TRUE(said) << log_ << why_;
            model_.sets[u32(*said)] = std::make_shared<Set>();
            return;
        }
        u32 set = any(model_.sets);
        auto s = model_.sets.find(set);
        if ((s == model_.sets.end() || !s->second->members.empty()) && below(20)) return;
        both("set-drop", {set}, model_.drop_set(set));
    }
    void resource() {
        u32 what = below(3), handle = any(model_.resources);
        auto r = model_.resources.find(handle);
        bool known = r != model_.resources.end();
        if (what == 0 && model_.resources.size() < 10) {
            u32 rep = below(1000);
            note("resource-new", {rep});
            Said said = raw("resource-new", {rep});
            ASSERT_TRUE(said) << log_ << why_;
            model_.resources[u32(*said)] = {rep};
        } else if (!known && below(20)) {
            return;
        } else if (what == 1) {
            both("resource-rep", {handle}, known ? Said(r->second.rep) : Said());
        } else {
            u32 rep = known ? r->second.rep : 0;
            if (known) model_.resources.erase(r);
            model_.dropped_sum += rep;
            both("resource-drop", {handle}, known ? Said(0) : Said());
        }
    }

    std::mt19937 random_;
    World world_;
    heddle::Component component_;
    std::optional<ComponentInstance> instance_;
    Model model_;
    std::string log_, why_;
    u32 traps_ = 0;
};

class Operations : public ::testing::TestWithParam<u32> {};

TEST_P(Operations, do_what_the_model_does) {
    Both both(GetParam());
    for (int i = 0; i < 600 && !HasFailure(); ++i) {
        both.step();
        if (i % 20 == 0) both.compare_memory();
    }
    both.compare_memory();
    EXPECT_GT(both.traps(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Operations, ::testing::Range(0u, 16u));

}  // namespace
}  // namespace heddle::component::testing
