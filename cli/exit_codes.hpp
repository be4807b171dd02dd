// How the program ends when it is not the guest that says so. Numbers from 124 up follow timeout(1), env(1) and the shell.
#pragma once

namespace heddle::cli {

enum ExitCode : int {
    ok = 0,
    failed = 1,  // the file is malformed or invalid, an import is missing, something could not be granted, a test failed
    wrong_usage = 2,
    timed_out = 124,
    limit_hit = 125,     // fuel, memory, a limit of the loader
    not_runnable = 126,  // a library: no _start, no wasi:cli/run; a directory, a file that is no WebAssembly
    not_found = 127,
    trapped = 134  // as if by SIGABRT: 128 + 6
};

}  // namespace heddle::cli
