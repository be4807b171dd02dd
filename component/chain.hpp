// The driver: who called whom in a Store, which thread runs, and what happens when it blocks, ends or traps.
//
//   chain:  tick │ async │ sync │ sync …      one Activation per call that is going on, the innermost last
//   ready:  threads whose condition came true, first come first served
//
// A native function never waits in place: it sets `action` and leaves run(); drive() does the rest.
#pragma once
#include <functional>
#include <list>
#include <memory>
#include <random>
#include <unordered_map>
#include <vector>

#include <heddle/engine.hpp>

#include "block_pool.hpp"
#include "instance.hpp"

namespace heddle::component::runtime {

struct SharedCopy;

// What happens when the running thread blocks.
enum class Scope : u8 {
    tick,    // it leaves the chain, nobody waits
    async,   // it leaves the chain, its caller goes on
    cancel,  // likewise
    sync     // it stays: another thread of this instance may run, else it is a deadlock
};

struct RootCall;
struct SyncCall;

struct Activation {
    Scope scope = Scope::tick;
    Thread* thread = nullptr;     // null: that of `call`, which has none yet
    Task* task = nullptr;         // sync: whose end ends the scope
    Instance* inst = nullptr;
    Instance* caller = nullptr;
    SyncCall* call = nullptr;     // sync
    bool by_host = false;         // it is a RootCall
};

class Machine : public std::enable_shared_from_this<Machine> {
public:
    static std::shared_ptr<Machine> of(Store& store);
    explicit Machine(Store& s);
    ~Machine();

    // ---- the chain
    void push(const Activation& a) {
        a.inst->set_entered(a.caller, true);
        chain.push_back(a);
        if (a.thread) a.thread->state = Thread::State::running;
    }
    // A call of the host.
    void push_root(SyncCall& call, Instance& to) {
        to.set_entered_by_host(true);
        chain.push_back({Scope::sync, nullptr, nullptr, &to, nullptr, &call, true});
    }
    void pop_root(Instance& to) {
        chain.pop_back();
        to.set_entered_by_host(false);
    }
    void pop() {
        Instance *inst = chain.back().inst, *from = chain.back().caller;
        chain.pop_back();
        inst->set_entered(from, false);
    }
    Thread& current() {
        if (!chain.back().thread) [[unlikely]] make_thread(chain.back());
        return *chain.back().thread;
    }
    u64* tls() { return tls_override ? tls_override : current().tls; }
    // Runs the chain down to `base` activations, or until it is parked, if that is wanted. False: trapped, and `trap` says why.
    bool drive(std::size_t base);
    // Runs a synchronous call of the host to its end, or of an instance in which no guest runs. False: trapped.
    bool call_root(RootCall& call, Instance* from);
    // The same of a function whose core values are the host's own: `slots` holds the arguments, and then the result in its first.
    bool call_words(const std::shared_ptr<Function>& f, Slot* slots);
    // Runs one ready thread, or goes on with a parked chain. False: there is none, or it is parked still.
    bool tick();
    // Whether what runs in this scope may come back parked.
    bool is_left_parked() const { return !chain.empty() && store.parked(); }
    // For the next tick.
    void later(std::function<void()> completion) {
        completions.push_back(std::move(completion));
        if (on_ready) on_ready();
    }
    // Ticks until `done`; a deadlock traps the group of `of`. False: trapped.
    bool run_until(const bool& done, Instance& of);
    bool may_block();

    // ---- threads
    // Starts waiting. False: no need to, the wait is over (thread.cancelled says how).
    bool wait(Thread& t, const Condition& c, bool cancellable);
    void suspend_in(Thread& t, bool cancellable);
    void stop_waiting(Thread& t);
    void resume_later(Thread& t);
    void wake(Thread& t);
    void wake_all(const std::vector<Thread*>& threads);
    void release_lock(Instance& inst) {
        inst.exclusive = nullptr;
        if (!inst.lock_waiters.empty() || !inst.gate.empty()) wake_after_lock(inst);
    }
    void open_gate(Instance& inst);
    // https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canon-subtaskcancel; true: a thread was pushed
    bool request_cancellation(Task& task, Instance* caller);

    // A Task or the like.
    template <class T, class... A>
    std::shared_ptr<T> make(A&&... args) {
        return std::allocate_shared<T>(PoolAllocator<T>(*blocks), std::forward<A>(args)...);
    }
    std::unique_ptr<Execution> take_execution() {
        if (executions.empty()) [[unlikely]] return new_execution();
        std::unique_ptr<Execution> e(executions.back().release());
        executions.pop_back();
        return e;
    }
    void give_back(std::unique_ptr<Execution> e) {
        if (e->state() != Execution::State::idle) [[unlikely]] make_idle(*e);
        keep_idle(std::move(e));
    }

    // ---- leaving run(), for native functions
    enum class Action : u8 { none, pushed, block, switched, trapped };
    Host leave(Caller& c, Action a, Thread* to = nullptr);
    // Runs what a native function has just pushed, inside of it, until it is over (it ended, or left the chain and waits), or trapped, or has more
    // to do than that: then the native function leaves run() with Action::pushed, or Action::trapped.
    enum class Inner : u8 { over, goes_on, trapped };
    Inner run_inner();
    abi::Checked<u64> leaf(const Func& f, std::span<const Slot> args);

    // ---- ends
    void kill(Group& g, const Trap& t);
    void unite(Instance& a, Instance& b);
    // Runs a native function on a guest stack of its own, as a synchronous call of `inst`.
    bool run_native(Instance& inst, Host (*f)(Caller&, Thread&), void* data);
    bool run_core_start(Instance& inst, const Func& f);
    void drop_later(std::shared_ptr<ResourceType> type, u64 rep);
    void run_drops() {
        if (!drops.empty()) drop_now();
    }

    BlockPool::Owner blocks = BlockPool::make();
    std::shared_ptr<void> host_data;              // before all that is a guest's: it goes last
    std::shared_ptr<void> plugins;                // what its guests hold of plug-ins: plugins::Holder
    Store& store;
    Quota quota;
    Func entry;                                   // the base of an Execution that runs a native function: run_native_body()
    std::vector<Activation> chain;
    std::list<Thread*> ready;
    u64* tls_override = nullptr;                  // in realloc
    Action action = Action::none;
    Thread* action_thread = nullptr;
    Trap trap;
    u64 pending_host = 0;                         // host operations that will complete
    std::vector<std::function<void()>> completions;  // applied by tick
    std::function<void()> on_ready, on_turn;      // for who drives: something came; a call goes on and on
    bool left_parked = false;                     // the embedder wants: ticks and calls that are begun come back when the guest parks
    bool returns_parked = false;                  // that is so now
    std::function<void(bool)> after_parked;       // of a synchronous call that parked: what is left to do when it ended, or trapped (false)
    std::vector<std::shared_ptr<SharedCopy>> host_reads;  // kept while the guest's end lives
    std::unordered_map<u64, std::shared_ptr<void>> in_transit;  // streams and the like between lift and lower
    u64 next_transit = 1;
    std::vector<std::unique_ptr<Execution>> executions;
    std::vector<std::unique_ptr<Instance>> instances;
    std::vector<std::pair<std::shared_ptr<ResourceType>, u64>> drops;
    std::vector<std::shared_ptr<void>> keep;
    bool shuffles = false;
    std::mt19937_64 random;

private:
    enum class Step : u8 { go_on, trapped, parked };
    Step step(bool may_stay_parked);
    Step after_run(Execution& e, Exit how, bool may_stay_parked);
    void go_on_parked();
    Step after_root_call(RootCall& call);
    Step after_thread_call(Thread& t);
    Step after_block();
    Step after_end(Thread& t);
    void keep_trap(abi::TrapPtr t);
    Step step_trapped(abi::TrapPtr t);
    Step choose_next(Activation& a);
    void make_thread(Activation& a);
    bool begin(Thread& t);
    void give_back(Thread& t) {
        if (!t.own) return;
        give_back(std::move(t.own));
        t.exec = nullptr;
    }
    void wake_after_lock(Instance& inst);
    void end_trapped(std::size_t base, Trap t);
    void drop_now();
    std::unique_ptr<Execution> new_execution();
    static void make_idle(Execution& e);
    void keep_idle(std::unique_ptr<Execution> e) {
        if (executions.size() < max_idle_executions) [[likely]] executions.push_back(std::move(e));
    }
    // Each keeps its stack; more are made when more calls wait in the middle of a guest.
    static constexpr std::size_t max_idle_executions = 16;
    bool begin(RootCall& call);
    bool go_on(RootCall& call, std::size_t base, Exit how);
    bool go_on_with_words(RootCall& call, std::unique_ptr<Execution> execution, std::size_t base, Exit how);
    bool refuse_to_enter();
    bool call_async_words(const std::shared_ptr<Function>& f, Slot* slots);
    Thread* take_ready(const Instance* of);
    static bool may_run_in_sync_scope(const Thread& t, const Instance& of);
    std::vector<Task*> tasks_of(Group& g);
    Execution* parked_in_ = nullptr;
    bool parked_inside_ = false;   // of run_inner(), and nobody has been told yet
    u32 inner_runs_ = 0;
    const u32 max_nested_runs_;
    // How many callees run within each other's native functions; a longer row leaves run() for each.
    static constexpr u32 max_inner_runs = 4;
};

// ---- of tasks: their threads in the instance's table

inline abi::Checked<void> Task::register_thread(Thread& t) {
    u32 limit = inst->machine.quota.limits.threads;
    auto i = inst->threads.add(&t, limit);
    if (!i) [[unlikely]] return limit_trap(limit, "threads in one component instance", "threads");
    t.index = *i;
    ++registered;
    return {};
}
inline abi::Checked<void> Task::unregister_thread(Thread& t) {
    if (--registered == 0 && func && state != State::resolved) [[unlikely]] return abi::trap("async-lifted export failed to produce a result");
    inst->threads.remove(t.index);
    t.index = 0;
    return {};
}
// The gate is behind it.
inline abi::Checked<void> Task::enter_implicit_thread() {
    if (needs_exclusive()) inst->exclusive = implicit;
    return register_thread(*implicit);
}
inline abi::Checked<void> Task::exit_implicit_thread() {
    auto done = unregister_thread(*implicit);
    if (done && inst->exclusive == implicit) inst->machine.release_lock(*inst);
    return done;
}

// The trap of a component rule.
Trap component_trap(std::string message);
Host fail(Caller& c, abi::TrapPtr t);
Host fail(Caller& c, std::string message);
// An exception that reached a component's border.
Host fail_thrown(Caller& c);

}  // namespace heddle::component::runtime
