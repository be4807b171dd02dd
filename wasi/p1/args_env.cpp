// Arguments and environment: a list of strings, as counts and as bytes.
#include <vector>

#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

namespace {

u64 total_size(const std::vector<std::string>& strings) {
    u64 n = 0;
    for (const std::string& s : strings) n += s.size() + 1;
    return n;
}

Errno sizes(GuestMemory m, const std::vector<std::string>& strings, u32 count, u32 size) {
    u64 total = total_size(strings);
    if (total > ~u32(0) || strings.size() > ~u32(0)) return Errno::overflow;
    if (!m.contains(count, 4) || !m.contains(size, 4)) return Errno::fault;
    m.store(count, u32(strings.size()));
    return m.store(size, u32(total));
}

//  pointers: | p0 | p1 | …        bytes: | first \0 | second \0 | …
Errno get(GuestMemory m, const std::vector<std::string>& strings, u32 pointers, u32 bytes) {
    if (!m.contains(pointers, u64(strings.size()) * 4) || !m.contains(bytes, total_size(strings))) return Errno::fault;
    for (const std::string& s : strings) {
        m.store(pointers, bytes);
        std::span<u8> to = *m.view(bytes, s.size() + 1);
        std::memcpy(to.data(), s.c_str(), to.size());
        pointers += 4;
        bytes += u32(to.size());
    }
    return Errno::success;
}

std::vector<std::string> entries(const Process& p) {
    std::vector<std::string> all;
    for (const auto& [name, value] : p.data().env) all.push_back(name + "=" + value);
    return all;
}

}  // namespace

Errno args_get(Process& p, GuestMemory m, u32 argv, u32 argv_buf) { return get(m, p.data().args, argv, argv_buf); }
Errno args_sizes_get(Process& p, GuestMemory m, u32 argc, u32 size) { return sizes(m, p.data().args, argc, size); }
Errno environ_get(Process& p, GuestMemory m, u32 pointers, u32 buf) { return get(m, entries(p), pointers, buf); }
Errno environ_sizes_get(Process& p, GuestMemory m, u32 count, u32 size) { return sizes(m, entries(p), count, size); }

}  // namespace heddle::wasi::p1
