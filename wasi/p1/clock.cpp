// Clocks.
#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

namespace {

constexpr u32 clocks = 4;

}  // namespace

Errno clock_res_get(Process&, GuestMemory m, u32 id, u32 resolution) {
    if (id >= clocks) return Errno::inval;
    Os<u64> r = os::clock_resolution(os::ClockId(id));
    return r ? m.store(resolution, *r) : r.error();
}

Errno clock_time_get(Process& p, GuestMemory m, u32 id, u64, u32 time) {
    if (id >= clocks) return Errno::inval;
    Os<u64> t = p.data().time(os::ClockId(id));
    return t ? m.store(time, *t) : t.error();
}

}  // namespace heddle::wasi::p1
