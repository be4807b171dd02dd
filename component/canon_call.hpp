// Calls between components, the host and core code: canon lift and canon lower.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canon-lift
#pragma once
#include "chain.hpp"

namespace heddle::component::runtime {

// A function as a core module imports it.
struct LoweredFunc {
    Instance* inst = nullptr;             // the caller's
    std::shared_ptr<Function> callee;
    types::FuncId type{};                 // as the caller sees it
    abi::Tuple params, result;
    CanonOptions options;
    bool related = false;                 // caller and callee are one instance, or one contains the other
    bool siblings = false;                // a call enters the callee's instance alone
    bool words_in = false;                // the core arguments of one side are those of the other
    // Of a synchronous call: the same, and of results.
    bool same_params = false, same_result = false;
    // Of a call of an `async` function: its result is one core value, any of so many bytes, or nothing (0).
    std::optional<u8> word_bytes;
    u8 out_position = 0;                  // of the out pointer among the arguments
    u32 max_flat_params() const { return options.async ? abi::max_flat_async_params : abi::max_flat_params; }
    u32 max_flat_results() const { return options.async ? 0 : abi::max_flat_results; }
};

// The core function of a canon lower.
Func lower(Instance& inst, std::shared_ptr<Function> callee, types::FuncId type, CanonOptions options, const heddle::FuncType& core);

// Lifts the arguments of a lowered call and lowers them to the callee's flat values.
abi::Checked<void> lift_arguments(const LoweredFunc& f, std::span<const Slot> args, std::vector<std::pair<Instance*, u32>>& lenders,
                                  InstanceContext& callee, const Function& to, std::span<Slot> flat);
// Lifts the callee's results and lowers them for the caller: into `results`, or where its out pointer says.
abi::Checked<void> lower_results(const LoweredFunc& f, std::span<const Slot> args, InstanceContext& callee, const Function& from,
                                 std::span<const Slot> flat, u32 max_flat, std::span<Slot> results);

// The same of a result that is one core value, or nothing. False: it is not, or the out pointer is wrong; nothing was done.
bool give_word(const LoweredFunc& f, std::span<const Slot> args, std::span<const Slot> flat, Slot& result);

// A call of a function that is not `async`. Its task and thread are made when somebody asks for them, which most calls never do.
struct SyncCall : CallSource {
    SyncCall(Machine& m, Execution& e, const std::shared_ptr<Function>& f) : machine(m), execution(e), callee(f) {}
    void make_thread(Activation& a);
    // What Task::return_ does, with a task or without.
    abi::Checked<void> return_(std::span<const Slot> flat);
    // What the end of the implicit thread does.
    abi::Checked<void> end();

    Machine& machine;
    Execution& execution;
    const std::shared_ptr<Function>& callee;      // null: a destructor. Outlives the call
    std::shared_ptr<Task> task;
    std::unique_ptr<Thread> thread;
    bool post_return = false;
};

// The caller goes on when the subtask is resolved, or at once with its state: as the options of the lower say.
Host await_subtask(Caller& c, Machine& m, const LoweredFunc& f, std::shared_ptr<Subtask> subtask);

// What a thread with an Execution of its own does: begins the next call on it. A trap, or the Execution may have one.
abi::Checked<void> begin_body(Thread& t);
// That call returned.
enum class After : u8 { begun, waits, ended };
abi::Checked<After> after_body(Thread& t);
// The base function of a thread that runs a native function.
Host run_native_body(Caller& c, void*);
Host run_destructor(Caller& c, Thread& t);

inline constexpr const char* cannot_enter_words = "cannot enter component instance";
// Can the host, or an unrelated instance, call into it now?
inline bool can_enter(const Instance& callee, const Instance* caller) { return !callee.dead() && callee.may_enter_from(caller); }

// The host calls a component function.
class HostCaller final : public CallSource {
public:
    explicit HostCaller(std::vector<Val> a) : args(std::move(a)) {}
    abi::Checked<void> start(InstanceContext& callee, const Function& f, std::span<Slot> flat) override;
    abi::Checked<void> resolve(InstanceContext& callee, const Function& f, std::span<const Slot> flat, u32 max_flat) override;
    void cancelled() override { done = was_cancelled = true; }
    void killed(const Trap& t) override {
        trap = t;
        done = true;
    }

    std::vector<Val> args;
    std::vector<Val> results;
    bool done = false, was_cancelled = false;
    std::optional<Trap> trap;
    std::weak_ptr<Task> task;
};

// A call by the host, with an Execution of its own, at the bottom of which is the guest's function itself.
struct RootCall final : SyncCall {
    RootCall(Machine& m, Execution& e, const std::shared_ptr<Function>& f, CallSource& c) : SyncCall(m, e, f), caller(&c) {}
    // Of a function whose core values are the host's own: arguments in, and the result in the first.
    RootCall(Machine& m, Execution& e, const std::shared_ptr<Function>& f, Slot* w) : SyncCall(m, e, f), words(w) {}
    abi::Checked<void> start(InstanceContext& to, const Function& f, std::span<Slot> flat) override { return caller->start(to, f, flat); }
    abi::Checked<void> resolve(InstanceContext& to, const Function& f, std::span<const Slot> flat, u32 max_flat) override {
        if (caller) return caller->resolve(to, f, flat, max_flat);
        give_words(flat);
        return {};
    }
    bool is_over_with_words() const { return !caller && !task && !callee->options.post_return; }
    void give_words(std::span<const Slot> flat) {
        if (!flat.empty()) words[0] = flat[0];
    }
    abi::Checked<void> begin();
    // The function has ended, or its post-return. True: there is nothing more to run.
    abi::Checked<bool> returned();
    CallSource* caller = nullptr;
    Slot* words = nullptr;
};

// Begins a call. A function of a synchronous type is done then, and so is one that trapped. `from`: an instance that is being built calls its start
// function, which may be the host's; null: the host calls.
std::shared_ptr<HostCaller> start_call(Machine& m, const std::shared_ptr<Function>& f, std::vector<Val> args, Instance* from = nullptr);
// Whether Machine::call_words can call it: its core values are the host's own.
bool has_words(const Function& f);
// Runs the Store until the call is done.
void finish_call(Machine& m, Instance& callee, HostCaller& call);

// resource.drop of an own handle whose destructor is guest code.
Host call_destructor(Caller& c, Instance& from, const ResourceType& type, u64 rep);

}  // namespace heddle::component::runtime
