// Errors of the operating system as WASI names them: one table (errno.def) for every layer.
#pragma once
#include <cerrno>
#include <expected>

#include <heddle/types.hpp>

namespace heddle::wasi {

// The values are those of preview 1.
enum class Errno : u16 {
#define ERRNO(name, code, os, text) name = code,
#include "errno.def"
#undef ERRNO
};

// What the operating system gave, or why not.
template <class T>
using Os = std::expected<T, Errno>;

// The error behind an `errno` value; an unknown one is `io`.
Errno errno_of(int os_error);
// "noent"
const char* name(Errno e);
// "no such file or directory"
const char* text(Errno e);

// The error of the system call that just failed.
inline std::unexpected<Errno> last_error() { return std::unexpected(errno_of(errno)); }
inline std::unexpected<Errno> fail(Errno e) { return std::unexpected(e); }

}  // namespace heddle::wasi
