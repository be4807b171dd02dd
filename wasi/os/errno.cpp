#include "os/errno.hpp"

#include <iterator>

namespace heddle::wasi {

namespace {

struct Row {
    Errno code;
    int os;
    const char* name;
    const char* text;
};

constexpr Row rows[] = {
#define ERRNO(name, code, os, text) {Errno::name, os, #name, text},
#include "errno.def"
#undef ERRNO
};

// Rows stand in the order of their codes, so that a code finds its row directly.
constexpr bool in_order() {
    u16 next = 0;
    for (const Row& r : rows)
        if (u16(r.code) != next++) return false;
    return true;
}
static_assert(in_order());

}  // namespace

Errno errno_of(int os_error) {
    for (const Row& r : rows)
        if (r.os == os_error) return r.code;
    return Errno::io;
}

const char* name(Errno e) { return u16(e) < std::size(rows) ? rows[u16(e)].name : "unknown"; }
const char* text(Errno e) { return u16(e) < std::size(rows) ? rows[u16(e)].text : "unknown error"; }

}  // namespace heddle::wasi
