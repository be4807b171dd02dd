// Random bytes.
#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

Errno random_get(Process& p, GuestMemory m, u32 buf, u32 buf_len) {
    Os<std::span<u8>> bytes = m.view(buf, buf_len);
    if (!bytes) return bytes.error();
    if (buf_len > p.data().limits.random_bytes) return Errno::inval;
    Os<void> r = p.data().fill_random(*bytes);
    return r ? Errno::success : r.error();
}

}  // namespace heddle::wasi::p1
