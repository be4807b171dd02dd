// wasi:clocks: the wall clock, the monotonic clock and pollables of time, time zones.
#include "p2/p2.hpp"
#include "p2/datetime.hpp"

namespace heddle::wasi::p2 {

namespace {

u64 monotonic(Guest& g) { return g.context().time(os::ClockId::monotonic).value_or(0); }
u64 resolution(os::ClockId id) { return os::clock_resolution(id).value_or(1); }

}  // namespace

void add_clocks(Binder& b) {
    b.interface("wasi:clocks/wall-clock@0.2.12")
        .fn("now()", [](Guest& g) { return Datetime::of(g.context().time(os::ClockId::realtime).value_or(0)); })
        .fn("resolution()", [](Guest&) { return Datetime::of(resolution(os::ClockId::realtime)); });

    b.interface("wasi:clocks/monotonic-clock@0.2.12")
        .fn("now()", [](Guest& g) { return monotonic(g); })
        .fn("resolution()", [](Guest&) { return resolution(os::ClockId::monotonic); })
        .fn("subscribe-instant(when)",
            [](Guest& g, u64 when) {
                u64 now = monotonic(g);
                return pollable(timer(g, when > now ? when - now : 0));
            })
        .fn("subscribe-duration(when)", [](Guest& g, u64 when) { return pollable(timer(g, when)); });

    // The guest is told nothing of where it runs: always UTC.
    b.interface("wasi:clocks/timezone@0.2.12")
        .fn("display(when)", [](Guest&, Datetime) { return TimezoneDisplay{0, "UTC", false}; })
        .fn("utc-offset(when)", [](Guest&, Datetime) { return i32(0); });
}

}  // namespace heddle::wasi::p2
