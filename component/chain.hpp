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
    void release_lock(Instance& inst);
    void open_gate(Instance& inst);
    void retire(std::unique_ptr<Thread> t) { retired.push_back(std::move(t)); }
    // https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#canon-subtaskcancel; true: a thread was pushed
    bool request_cancellation(Task& task, Instance* caller);

    std::unique_ptr<Execution> take_execution() {
        if (executions.empty()) return new_execution();
        auto e = std::move(executions.back());
        executions.pop_back();
        return e;
    }
    void give_back(std::unique_ptr<Execution> e);

    // ---- leaving run(), for native functions
    enum class Action : u8 { none, pushed, block, switched, finished };
    Host leave(Caller& c, Action a, Thread* to = nullptr);
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

    std::shared_ptr<void> host_data;              // first: it goes last
    std::shared_ptr<void> plugins;                // what its guests hold of plug-ins: plugins::Holder
    Store& store;
    Quota quota;
    Func entry;                                   // the base of every Execution: run_body()
    std::vector<Activation> chain;
    std::list<Thread*> ready;
    Caller* caller = nullptr;                     // of the native function that runs now
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
    std::vector<std::unique_ptr<Thread>> retired; // ended while their native code still ran
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
    Step after_block();
    Step after_finish();
    Step choose_next(Activation& a);
    void make_thread(Activation& a);
    bool begin(Thread& t);
    void give_back(Thread& t);
    void end_trapped(std::size_t base, Trap t);
    void drop_now();
    std::unique_ptr<Execution> new_execution();
    bool begin(RootCall& call);
    Thread* take_ready(const Instance* of);
    static bool may_run_in_sync_scope(const Thread& t, const Instance& of);
    std::vector<Task*> tasks_of(Group& g);
    Execution* parked_in_ = nullptr;
};

// Marks which Caller serves leaf calls while a native function runs.
class NativeScope {
public:
    NativeScope(Machine& m, Caller& c) : machine_(m), outer_(std::exchange(m.caller, &c)) {}
    ~NativeScope() { machine_.caller = outer_; }
    NativeScope(const NativeScope&) = delete;

private:
    Machine& machine_;
    Caller* outer_;
};

// The trap of a component rule.
Trap component_trap(std::string message);
Host fail(Caller& c, abi::TrapPtr t);
Host fail(Caller& c, std::string message);
// An exception that reached a component's border.
Host fail_thrown(Caller& c);

}  // namespace heddle::component::runtime
