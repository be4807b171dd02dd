// Clocks and random bytes of the operating system.
#pragma once
#include <span>

#include "os/errno.hpp"

namespace heddle::wasi::os {

// The values are those of preview 1.
enum class ClockId : u8 { realtime, monotonic, process_cpu, thread_cpu };

// Nanoseconds: since 1970, or since an arbitrary moment.
Os<u64> clock_time(ClockId clock);
Os<u64> clock_resolution(ClockId clock);

// Bytes fit for keys.
Os<void> fill_random(std::span<u8> bytes);

}  // namespace heddle::wasi::os
