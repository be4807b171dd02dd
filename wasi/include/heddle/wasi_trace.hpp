// What a program asks of WASI, call by call.
//
//     heddle::wasi::trace(context, [](std::string_view line) { std::cerr << line << '\n'; });
//     // wasi:cli/environment@0.2.3.get-arguments() = ["tool"] <3.1 us>
//     // wasi_snapshot_preview1.fd_write(fd=1, bytes="hello\n") = success(nwritten=6) <12.0 us>
#pragma once
#include <functional>
#include <string_view>

#include <heddle/wasi.hpp>

namespace heddle::wasi {

// Every call of a WASI function, when it has its result: arguments by their names, buffers as the strings they begin with, handles as the
// host's numbers. `json`: an object per line with the members call, arguments, result, microseconds.
// Of preview 1 only what is registered by add() afterwards is traced.
void trace(const Context& context, std::function<void(std::string_view line)> write, bool json = false);

}  // namespace heddle::wasi
