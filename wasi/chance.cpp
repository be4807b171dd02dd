#include "chance.hpp"

#include <cstring>

namespace heddle::wasi {

std::vector<u8> random_bytes(Guest& g, u64 len) {
    u64 most = g.context().limits.random_bytes;
    if (len > most) throw GuestFault(std::to_string(len) + " random bytes in one call; at most " + std::to_string(most) + " (Limits::random_bytes)");
    Charge held = g.charge(len);
    std::vector<u8> bytes(len);
    if (auto ok = g.context().fill_random(bytes); !ok) throw GuestFault(std::string("no random bytes: ") + text(ok.error()));
    return bytes;
}

u64 random_u64(Guest& g) {
    u64 v = 0;
    std::memcpy(&v, random_bytes(g, sizeof v).data(), sizeof v);
    return v;
}

}  // namespace heddle::wasi
