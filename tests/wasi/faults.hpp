// System calls that fail because a test says so, one at a time.
#pragma once
#include <string>

namespace heddle::wasi::faults {

// From begin to end, the system calls of every thread are counted; the one with the number `which` (from 1; 0: none) fails with `error`.
void begin(int which = 0, int error = 0);
// How many there were, and the one that failed, or "".
struct Counted {
    int calls;
    std::string failed;
};
Counted end();

int open_descriptors();

}  // namespace heddle::wasi::faults
