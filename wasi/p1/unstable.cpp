// wasi_unstable, the version before preview 1: its own order of `whence`, a shorter filestat, a longer subscription. All else is the same.
// https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview0/docs.md
#include <iterator>

#include "p1/functions.hpp"

namespace heddle::wasi::p1::unstable {

namespace {

Subscription as_preview1(const UnstableSubscription& s) {
    bool clock = s.tag == u8(EventType::clock);
    return {.userdata = s.userdata, .tag = s.tag, .id_or_fd = clock ? s.id : s.fd, .timeout = s.timeout, .precision = s.precision, .flags = s.flags};
}

}  // namespace

Errno fd_seek(Process& p, GuestMemory m, u32 fd, i64 offset, u32 whence, u32 new_offset) {
    constexpr u32 preview1[] = {1, 2, 0};  // current, end, set
    return p1::fd_seek(p, m, fd, offset, whence < std::size(preview1) ? preview1[whence] : whence, new_offset);
}

Errno fd_filestat_get(Process& p, GuestMemory m, u32 fd, u32 stat) {
    Os<os::Metadata> s = file_metadata(p, fd);
    return s ? m.store(stat, unstable_filestat(*s)) : s.error();
}

Errno path_filestat_get(Process& p, GuestMemory m, u32 fd, u32 flags, u32 path, u32 path_len, u32 stat) {
    Os<os::Metadata> s = path_metadata(p, m, fd, flags, path, path_len);
    return s ? m.store(stat, unstable_filestat(*s)) : s.error();
}

Errno poll_oneoff(Process& p, GuestMemory m, u32 in, u32 out, u32 n, u32 nevents) {
    if (n == 0 || n > p.data().limits.poll_subscriptions) return Errno::inval;
    if (!m.contains(in, u64(n) * sizeof(UnstableSubscription))) return Errno::fault;
    std::vector<Subscription> subscriptions;
    subscriptions.reserve(n);
    for (u32 i = 0; i < n; ++i)
        subscriptions.push_back(as_preview1(*m.load<UnstableSubscription>(in + i * u32(sizeof(UnstableSubscription)))));
    return poll(p, m, subscriptions, out, nevents);
}

}  // namespace heddle::wasi::p1::unstable
