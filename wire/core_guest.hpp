// What the two kinds made of core modules share: a Linker with WASI preview 1 under the manifest's grants, and checked access to memory.
#pragma once
#include "guest.hpp"

namespace heddle::wire {

class CoreGuest : public Guest {
public:
    using Guest::Guest;

protected:
    // Imports offered besides WASI.
    virtual void offer(Linker&) {}
    // Links, instantiates, runs the start function and `_initialize`. `ok`, or what went wrong.
    Ended instantiate();
    // A core function to its end: its results are in `slots`, which live until then. `ok`, or the trap.
    Task<Ended> call(const Func& f, std::span<Slot> slots);
    // The same in place: for what makes no host calls that must be waited for.
    Ended call_now(const Func& f, std::span<Slot> slots);
    const Instance& instance() const { return instance_; }

private:
    Result<void> do_save() override;
    Result<void> do_reset() override;
    Instance instance_;
    std::optional<Execution> execution_;
    std::optional<Snapshot> snapshot_;
};

}  // namespace heddle::wire
