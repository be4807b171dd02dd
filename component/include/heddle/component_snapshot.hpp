// Components as they were: a snapshot after start-up, and back to it between calls, for what it costs to undo what a call has written.
//
//   auto ready = heddle::snapshot(store, *instance);            // Result<ComponentSnapshot>: when all is set up
//   … calls …
//   auto done = heddle::restore(store, *instance, *ready);      // Result<void>; an error: make a new instance
#pragma once
#include <memory>

#include <heddle/component.hpp>

namespace heddle {

// Cheap to copy. Good for the instance it was taken of, while that lives.
class ComponentSnapshot {
public:
    ComponentSnapshot() = default;
    explicit operator bool() const { return data_ != nullptr; }
    u64 memory_bytes() const;                  // of all linear memories' contents

    struct Data;
    explicit ComponentSnapshot(std::shared_ptr<const Data> d) : data_(std::move(d)) {}
    const Data* data() const { return data_.get(); }

private:
    std::shared_ptr<const Data> data_;
};

// Of what an instantiation gave, with everything inside of it and everything it is linked with: memories, tables, globals and handles.
// What the host keeps for its resources is not part of it.
// Errors: usage (a call or a task is going on; the instance has trapped; a handle is no resource of its own), limit (what
// Instance::snapshot cannot keep).
Result<ComponentSnapshot> snapshot(Store& store, const ComponentInstance& instance);

// Makes it what it was. Resources of the host that it has got since are dropped; those the snapshot holds must be there still. Values that hold
// resources, streams or futures of the instance from before are of no use any more: they are refused as arguments, and dropping them does nothing.
// Errors: usage (another instance; a call or a task is going on; the instance has trapped; a resource of the host is gone), and limit: then the
// instance is dead.
Result<void> restore(Store& store, const ComponentInstance& instance, const ComponentSnapshot& snapshot);

}  // namespace heddle
