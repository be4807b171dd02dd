// What a guest can wait for: subtasks and the ends of streams and futures, alone or gathered in waitable sets.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#waitable-state
#pragma once
#include <memory>
#include <vector>

#include <heddle/types.hpp>

#include "quota.hpp"

namespace heddle::component::runtime {

class Machine;
struct Thread;
struct WaitableSet;

enum class EventCode : u32 { none, subtask, stream_read, stream_write, future_read, future_write, task_cancelled };

struct Event {
    EventCode code = EventCode::none;
    u32 index = 0, payload = 0;
};

struct Waitable {
    Waitable() = default;
    Waitable(const Waitable&) = delete;
    virtual ~Waitable() {
        if (set) join(nullptr);
    }

    // Evaluates the pending event: what happened since it was set is part of it. Takes it away.
    virtual Event take_event() = 0;
    void set_event(Machine& m);
    void join(WaitableSet* to, Machine* m = nullptr);

    bool has_event = false;
    WaitableSet* set = nullptr;
    Thread* sync_waiter = nullptr;        // waits for this one alone
    u32 index = 0;                        // in the handle table; 0: none yet

protected:
    Event taken(Event e) {
        has_event = false;
        return e;
    }
};

struct WaitableSet {
    explicit WaitableSet(Place p) : place(std::move(p)) {}
    WaitableSet(const WaitableSet&) = delete;
    ~WaitableSet();
    Waitable* first_with_event() const;
    bool has_event() const { return first_with_event() != nullptr; }

    std::vector<Waitable*> members;
    std::vector<Thread*> waiters;
    Place place;
};

}  // namespace heddle::component::runtime
