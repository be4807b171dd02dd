// Tasks, threads and subtasks: one call of a component function seen by the callee, what runs for it, and the same call seen by the caller.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#tasks
#pragma once
#include <algorithm>
#include <array>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <heddle/engine.hpp>

#include "abi/context.hpp"
#include "quota.hpp"
#include "waitable.hpp"

namespace heddle::component::runtime {

class InstanceContext;
class Machine;
struct CanonOptions;
struct Function;
struct Instance;
struct LoweredFunc;
struct Task;

// When a waiting thread is ready.
struct Condition {
    enum class Kind : u8 { none, always, event, set, gate, resolved };
    Kind kind = Kind::none;         // none: suspended, only another thread resumes it
    bool lock = false;              // and the instance's lock must be free
    Waitable* waitable = nullptr;   // event; resolved: a Subtask
    WaitableSet* set = nullptr;
};

struct Thread {
    enum class State : u8 { suspended, waiting, running };
    // What run_body() has to do next on a thread with an Execution of its own.
    enum class Phase : u8 { start, call, post_return, callback, callback_call, spawned, core_start, native };

    Thread(Task* t, Instance& i) : task(t), inst(&i) {}
    Thread(const Thread&) = delete;
    ~Thread();

    bool is_suspended() const { return state == State::suspended; }
    bool is_ready() const;
    bool is_implicit() const;

    Task* task;
    Instance* inst;
    u32 index = 0;                  // in the instance's table of threads; 0: not registered
    State state = State::suspended;
    Phase phase = Phase::start;
    Condition condition;
    bool cancellable = false;
    bool cancelled = false;         // what the last wait gave
    bool queued = false;
    bool at_gate = false;           // waits to enter its instance
    WaitableSet* waited = nullptr;  // callback: the set it waits for; null: it yields
    std::list<Thread*>::iterator place;
    std::unique_ptr<Execution> own; // null while it waits without a stack
    Execution* exec = nullptr;      // own, or that of a synchronous call's caller
    u64 tls[2] = {0, 0};
    Func start;                     // spawned, core_start: what it calls
    Slot argument;                  // spawned
    Host (*native)(Caller&, Thread&) = nullptr;
    void* native_data = nullptr;
    Thread* next = nullptr;         // of the same task, younger
};

// The threads of a task, the oldest first. Most have one, which lies in the list itself.
class ThreadList {
public:
    class Iterator {
    public:
        explicit Iterator(Thread* t) : at_(t) {}
        Thread& operator*() const { return *at_; }
        Iterator& operator++() {
            at_ = at_->next;
            return *this;
        }
        bool operator==(const Iterator&) const = default;

    private:
        Thread* at_;
    };
    ThreadList() = default;
    ThreadList(const ThreadList&) = delete;
    ThreadList& operator=(const ThreadList&) = delete;
    ~ThreadList() {
        while (first_) remove(*first_);
    }
    // Once.
    Thread& add_first(Task* t, Instance& i) { return append(own_.emplace(t, i)); }
    Thread& add(std::unique_ptr<Thread> t) { return append(*t.release()); }
    void remove(Thread& t) {
        Thread* before = nullptr;
        for (Thread* at = first_; at != &t; at = at->next) before = at;
        (before ? before->next : first_) = t.next;
        if (last_ == &t) last_ = before;
        if (own_ && &*own_ == &t) own_.reset();
        else delete &t;
    }
    bool empty() const { return !first_; }
    Iterator begin() const { return Iterator(first_); }
    Iterator end() const { return Iterator(nullptr); }

private:
    Thread& append(Thread& t) {
        (last_ ? last_->next : first_) = &t;
        return *(last_ = &t);
    }
    std::optional<Thread> own_;
    Thread *first_ = nullptr, *last_ = nullptr;
};

// Who called: where arguments come from and results go to.
class CallSource {
public:
    virtual ~CallSource() = default;
    // The callee starts: arguments are lifted now, and lowered to the callee's flat values.
    virtual abi::Checked<void> start(InstanceContext& callee, const Function& f, std::span<Slot> flat) = 0;
    // The callee's flat results, of which up to max_flat stand for themselves.
    virtual abi::Checked<void> resolve(InstanceContext& callee, const Function& f, std::span<const Slot> flat, u32 max_flat) = 0;
    // The same where core values are handed on as they are. False: nothing was done, types must be walked.
    virtual bool start_words(std::span<Slot> /*flat*/) { return false; }
    virtual bool resolve_words(std::span<const Slot> /*flat*/) { return false; }
    virtual void cancelled() {}
    virtual void killed(const Trap&) {}
};

struct Task : std::enable_shared_from_this<Task> {
    enum class State : u8 { initial, started, pending_cancel, cancel_delivered, resolved };

    Task(std::shared_ptr<Function> f, Instance& i, CallSource* s) : func(std::move(f)), inst(&i), source(s) {}
    bool is_async_type() const;
    bool needs_exclusive() const;     // async type, and one stack per instance
    bool is_resolved() const { return state == State::resolved; }
    const CanonOptions& options() const;

    Thread& make_implicit_thread();
    bool has_stack() const {
        for (const Thread& t : threads)
            if (t.own) return true;
        return false;
    }
    abi::Checked<void> register_thread(Thread& t);
    // Of a synchronous call that runs already: there are never more than calls nest, so the table's limit does not count.
    void adopt_thread(Thread& t);
    abi::Checked<void> unregister_thread(Thread& t);
    // True: it waits at the gate.
    bool must_wait_to_enter() const;
    bool has_backpressure() const;
    abi::Checked<void> enter_implicit_thread();
    abi::Checked<void> exit_implicit_thread();
    bool deliver_pending_cancel(bool cancellable);
    abi::Checked<void> return_(std::span<const Slot> flat, u32 max_flat);
    abi::Checked<void> cancel();

    std::shared_ptr<Function> func;   // null: a core start function, or other work of the instance
    Instance* inst;
    CallSource* source;               // kept alive by source_owner, or the frame of a synchronous call
    std::shared_ptr<CallSource> source_owner;
    State state = State::initial;
    u32 num_borrows = 0;
    u32 registered = 0;               // threads in the instance's table
    Place place;                      // of an `async` function's
    Thread* implicit = nullptr;
    ThreadList threads;
    std::size_t in_set = 0;           // in its instance's TaskSet, from 1; 0: not there
};

inline bool Thread::is_implicit() const { return task && task->implicit == this; }

// The tasks of an instance, in no order.
class TaskSet {
public:
    void insert(std::shared_ptr<Task> t) {
        if (t->in_set) return;
        t->in_set = tasks_.size() + 1;
        tasks_.push_back(std::move(t));
    }
    // Gives what it held; null: it was not there.
    std::shared_ptr<Task> erase(Task& t) {
        if (!t.in_set) return nullptr;
        tasks_.back()->in_set = t.in_set;
        std::size_t at = std::exchange(t.in_set, 0) - 1;
        std::swap(tasks_[at], tasks_.back());
        std::shared_ptr<Task> erased = std::move(tasks_.back());
        tasks_.pop_back();
        return erased;
    }
    template <class F>
    void erase_if(F f) {
        for (std::size_t i = tasks_.size(); i-- > 0;)
            if (f(*tasks_[i])) erase(*tasks_[i]);
    }
    bool empty() const { return tasks_.empty(); }
    auto begin() const { return tasks_.begin(); }
    auto end() const { return tasks_.end(); }

private:
    std::vector<std::shared_ptr<Task>> tasks_;
};

// The core arguments of a call, kept beyond it.
class FlatArguments {
public:
    explicit FlatArguments(std::span<const Slot> from) : size_(std::min(from.size(), slots_.size())) { std::copy_n(from.begin(), size_, slots_.begin()); }
    operator std::span<const Slot>() const { return std::span(slots_).first(size_); }

private:
    std::array<Slot, abi::max_flat_params + 1> slots_;
    std::size_t size_;
};

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#subtask-state
struct Subtask final : Waitable, CallSource {
    enum class State : u8 { starting, started, returned, cancelled_before_started, cancelled_before_returned };

    Subtask(Machine& m, const LoweredFunc& f, std::span<const Slot> args);
    ~Subtask() override;
    bool is_resolved() const { return state >= State::returned; }
    void deliver_resolve();
    // Only a subtask that has a handle tells of its progress.
    void progress() {
        if (index || waiter) tell_progress();
    }
    void tell_progress();

    Event take_event() override;
    abi::Checked<void> start(InstanceContext& callee, const Function& f, std::span<Slot> flat) override;
    abi::Checked<void> resolve(InstanceContext& callee, const Function& f, std::span<const Slot> flat, u32 max_flat) override;
    bool start_words(std::span<Slot> flat) override;
    bool resolve_words(std::span<const Slot> flat) override;
    void cancelled() override;

    Machine& machine;
    const LoweredFunc& func;
    State state = State::starting;
    bool cancellation_requested = false, delivered = false;
    FlatArguments args;
    Slot result;
    std::vector<std::pair<Instance*, u32>> lenders;
    std::weak_ptr<Task> callee;
    Thread* waiter = nullptr;         // of a synchronous lower
    Place place;
    // A host callee: how to cancel it.
    std::function<void()> cancel_host;
};

// Gives lent handles back.
void release_lenders(std::vector<std::pair<Instance*, u32>>& lenders);

}  // namespace heddle::component::runtime
