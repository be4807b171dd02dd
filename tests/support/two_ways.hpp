// Runs a random module three times: as it is, in slices, at whose ends all registers are lost, and with so many locals that its frame needs wide
// cells, where nothing is folded, fused or kept in registers. All must say the same.
#pragma once
#include <cmath>
#include <cstring>
#include <heddle/engine.hpp>
#include <optional>

#include "random_module.hpp"

namespace heddle::test {

// All that can be seen of a run.
struct Outcome {
    std::string said;  // an error, or "returned"
    u64 first = 0;
    u32 second = 0;
    f64 third = 0;
    u64 global = 0, memory = 0, fuel = 0;
    friend bool operator==(const Outcome& a, const Outcome& b) {
        bool same_float = a.third == b.third || (std::isnan(a.third) && std::isnan(b.third));
        return a.said == b.said && a.first == b.first && a.second == b.second && same_float && a.global == b.global && a.memory == b.memory && a.fuel == b.fuel;
    }
};

inline std::string describe(const Outcome& o) {
    return o.said + " " + std::to_string(o.first) + " " + std::to_string(o.second) + " " + std::to_string(o.third) + " global " + std::to_string(o.global) +
           " memory " + std::to_string(o.memory) + " fuel " + std::to_string(o.fuel);
}

inline Engine& metered_engine() {
    static Engine engine = [] {
        Config c;
        c.metering = true;
        c.max_stack_bytes = 4 << 20;
        return Engine(c);
    }();
    return engine;
}

// No value: the module was refused, which is a fault of its maker; `why` says what was wrong.
inline std::optional<Outcome> outcome(const std::vector<u8>& bytes, std::string& why, u64 slice = 0) {
    Engine& engine = metered_engine();
    auto module = Module::load(engine, bytes);
    if (!module) {
        why = module.error().to_string();
        return {};
    }
    Store store(engine);
    store.set_fuel(3000);
    store.set_slice(slice);
    store.on_park([](Store&) { return true; });
    auto in = Linker(engine).instantiate(store, *module);
    if (!in) {
        why = in.error().to_string();
        return {};
    }
    Outcome o;
    Slot slots[4] = {Slot::of(u32(-5)), Slot::of(u64(1) << 40), Slot::of(f32(2.5)), Slot::of(-1.75)};
    Exit exit = in->find_func("f")->call_raw(store, slots);
    o.said = exit == Exit::returned ? "returned" : exit == Exit::threw ? "threw" : message(store.trap().code);
    if (exit == Exit::returned) {
        o.first = slots[0].bits;
        o.second = slots[1].as<u32>();
        o.third = slots[2].as<f64>();
    }
    o.global = in->find_global("g")->get().bits.lo;
    for (u8 b : in->find_memory("m")->bytes()) o.memory = o.memory * 31 + b;
    o.fuel = store.fuel();
    return o;
}

// Empty when both ways agree.
inline std::string difference(std::span<const u8> choices) {
    RandomModule m(choices);
    std::string why;
    auto near = outcome(m.bytes(0), why);
    if (!near) return "refused: " + why;
    auto sliced = outcome(m.bytes(0), why, 3);
    if (!sliced) return "refused in slices: " + why;
    if (*near != *sliced) return "at once: " + describe(*near) + "\nin slices: " + describe(*sliced);
    auto wide = outcome(m.bytes(33000), why);
    if (!wide) return "refused: " + why;
    return *near == *wide ? "" : "near: " + describe(*near) + "\nwide: " + describe(*wide);
}

}  // namespace heddle::test
