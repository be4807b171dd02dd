// For layers that link instances by native functions: borders between instances that the interpreter crosses by itself, and calls that cost little.
#pragma once
#include <heddle/engine.hpp>

namespace heddle {

// While both flags are true, a call goes on in `target` within the interpreter, for little more than the price of a call: `may_enter` is
// false meanwhile, and true again when the target has returned. Otherwise the native function `closed` is called.
// A passage stands for a native function that leaves a HostFrame and says Caller::call, and what that frame would see is not missed: `frame`
// makes it, in storage of HostFrame::max_bytes, as soon as anybody may look, that is before a native function is called inside of the target, and
// when the target throws. Then HostFrame::next goes on in place of the interpreter, and sets the flag itself. Frames are made outermost first.
struct Passage {
    Func target;
    const bool* may_leave = nullptr;
    bool* may_enter = nullptr;
    RawHostFunction closed = nullptr;
    HostFrame* (*frame)(Caller& caller, void* storage, void* data) = nullptr;  // must not call, nor place other frames
    void* data = nullptr;                                                      // of both
};

// A function of the target's type. `passage.data` must live as long as the Store. Empty when the Engine's table of types is full.
Func create_passage(Store& store, const Passage& passage);

// Execution::begin and run in one, for calls that mostly end at once: when it returned, the results lie in `slots`, which must have room for
// arguments and for results.
Exit call_on(Execution& execution, const Func& f, Slot* slots) noexcept;

// Caller::leaf for whoever has no Caller: also when no guest runs.
Exit call_leaf(Store& store, const Func& f, std::span<const Slot> args, std::span<Slot> results);

}  // namespace heddle
