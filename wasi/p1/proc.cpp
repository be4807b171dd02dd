// The end of the program, signals to itself, giving up the processor.
#include <thread>

#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

namespace {

// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md#signal
enum Signal : u32 { none = 0, pipe = 13, chld = 16, cont = 17, stop = 18, tstp = 19, ttin = 20, ttou = 21, urg = 22, winch = 27, sys = 30 };

}  // namespace

Outcome proc_exit(Process& p, GuestMemory, u32 rval) {
    p.data().exit_code = i32(rval);
    return {Errno::success, i32(rval)};
}

Outcome proc_raise(Process& p, GuestMemory m, u32 signal) {
    if (signal > sys) return {Errno::inval, std::nullopt};
    switch (signal) {
        case none:
        case Signal::pipe:
        case chld:
        case cont:
        case urg:
        case winch: return {};
        case stop:
        case tstp:
        case ttin:
        case ttou: return {Errno::notsup, std::nullopt};
        default: return proc_exit(p, m, 128 + signal);
    }
}

Errno sched_yield(Process&, GuestMemory) {
    std::this_thread::yield();
    return Errno::success;
}

}  // namespace heddle::wasi::p1
