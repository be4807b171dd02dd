// Guests call the host: arguments become values, the host function answers now or later, its result is lowered.
#pragma once
#include "canon_call.hpp"

namespace heddle::component {

struct Deferred::Data {
    std::weak_ptr<runtime::Machine> machine;
    std::optional<std::vector<Val>> answer;
    std::string failure;
    bool failed = false, cancelled = false;
    std::function<void()> on_cancel;
    std::weak_ptr<runtime::Subtask> subtask;  // of an asynchronous call
    bool is_done() const { return answer || failed; }
    void cancel();
};

}  // namespace heddle::component

namespace heddle::component::runtime {

struct HostCallData {
    Machine& machine;
    Caller* caller;
    const LoweredFunc& func;
    std::vector<Val> args;
    std::vector<Val> results;
    std::shared_ptr<Deferred::Data> deferred;
};

// A function whose core values are the C++ function's own.
Host call_host_words(Caller& c, const LoweredFunc& f);
Host call_host(Caller& c, Machine& m, const LoweredFunc& f);
// A start function of the host, called with values by an instance that is being built. It must answer at once.
void call_host_now(Instance& from, const std::shared_ptr<Function>& f, HostCaller& call);

}  // namespace heddle::component::runtime
