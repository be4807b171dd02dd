// wasi:clocks.
#include "p3/instant.hpp"
#include "p3/p3.hpp"

namespace heddle::wasi::p3 {

namespace {

u64 monotonic(Guest& g) { return g.context().time(os::ClockId::monotonic).value_or(0); }
u64 resolution(os::ClockId id) { return os::clock_resolution(id).value_or(1); }

void wait_for(Guest& g, const Reply<void>& reply, u64 nanoseconds) {
    if (nanoseconds == 0) return reply();
    reply.keep(g.reactor().after(nanoseconds, [reply] { reply(); }));
}

}  // namespace

void add_clocks(Binder& b) {
    b.interface("wasi:clocks/monotonic-clock@0.3.0")
        .fn("now()", [](Guest& g) { return monotonic(g); })
        .fn("get-resolution()", [](Guest&) { return resolution(os::ClockId::monotonic); })
        .async_fn("wait-until(when)",
                  [](Guest& g, Reply<void> reply, u64 when) {
                      u64 now = monotonic(g);
                      wait_for(g, reply, when > now ? when - now : 0);
                  })
        .async_fn("wait-for(how-long)", [](Guest& g, Reply<void> reply, u64 how_long) { wait_for(g, reply, how_long); });
    b.interface("wasi:clocks/system-clock@0.3.0")
        .fn("now()", [](Guest& g) { return Instant::of(g.context().time(os::ClockId::realtime).value_or(0)); })
        .fn("get-resolution()", [](Guest&) { return resolution(os::ClockId::realtime); });
    // The guest is told nothing of where it runs: always UTC.
    b.interface("wasi:clocks/timezone@0.3.0")
        .fn("iana-id()", [](Guest&) { return std::optional<std::string>("UTC"); })
        .fn("utc-offset(when)", [](Guest&, Instant) { return std::optional<i64>(0); })
        .fn("to-debug-string()", [](Guest&) { return std::string("UTC"); });
}

}  // namespace heddle::wasi::p3
