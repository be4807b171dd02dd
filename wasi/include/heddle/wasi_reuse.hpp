// For hosts that use a guest again and again, brought back by a snapshot to what it was: what WASI keeps for it outside of its memory.
//
//   auto held = heddle::wasi::Held::note(store, context);           // Result<Held>: after start-up; an error says what no snapshot can keep
//   auto ready = heddle::snapshot(store, *instance);                // or Instance::snapshot
//   … calls …
//   bool good = heddle::restore(store, *instance, *ready).has_value();
//   held->put_back();
#pragma once
#include <memory>

#include <heddle/wasi.hpp>

namespace heddle::wasi {

// The resources and open files that a guest has got of its host, at one moment between calls.
class Held {
public:
    // Of the components in `store`, and of the programs that were linked with preview 1 of `context`. Errors: limit (the guest holds something that
    // has a state of its own: an open file, a stream, a socket, a timer).
    static Result<Held> note(Store& store, const Context& context);
    // Preview 1: descriptors are what they were. Resources of components come back with the component's own snapshot.
    void put_back() const;

    struct Data;

private:
    std::shared_ptr<const Data> data_;
};

// What was written to a captured stream (1 or 2) since this was asked last; it counts no more against Limits::captured_bytes.
std::string take_captured(const Context& context, int stream);

}  // namespace heddle::wasi
