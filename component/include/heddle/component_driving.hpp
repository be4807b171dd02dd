// For hosts that drive components themselves: many Stores on one thread, guests that wait and hold nothing but memory.
//
//   heddle::component::return_parked(store);
//   heddle::component::on_ready(store, [&] { queue(store); });         // something came for it
//   auto call = function.start(args);                                  // comes back when the guest must wait
//   …
//   while (heddle::ComponentScheduler::tick(store)) {}                 // for each Store in the queue
//   if (call->is_done()) use(call->result());
#pragma once
#include <functional>

#include <heddle/component.hpp>

namespace heddle::component {

// From now on ComponentFunc::start() and ComponentScheduler::tick() come back when a guest must wait in a synchronous function (Store::parked()
// tells), instead of waiting in place; the next ticks go on with it. Until it has ended its Store refuses all other calls. A Store may be dropped
// while it is parked. A tick is false while what is parked stays so.
void return_parked(Store& store);
// Whether a guest that is interrupted now, and parked, would come back so.
bool may_be_left_parked(Store& store);
// `f` is called when something came that the next tick will see: an answer, more of a stream. From the Store's thread, also within a tick; it must
// not run guests.
void on_ready(Store& store, std::function<void()> f);
// `f` is called now and then while ComponentFunc::call() or ComponentCall::wait() run tasks that never wait, so that who answers host functions
// gets its turn.
void on_turn(Store& store, std::function<void()> f);
// Whether a trap ended the instance: it cannot be entered any more.
bool is_dead(const ComponentInstance& instance);

// A stream that the host reads, and may stop reading.
struct StreamReader {
    std::function<void()> more;       // `push` takes more again
    std::function<void()> drop;       // from the next tick on: the writer is told, and neither `push` nor `ended` is called any more
};
// As read_stream().
Result<StreamReader> take_stream(Store& store, const Val& readable, std::function<bool(Val elements)> push, std::function<void()> ended,
                                 u32 max = 65'536);

}  // namespace heddle::component
