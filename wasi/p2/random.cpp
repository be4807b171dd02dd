// wasi:random. The insecure functions are as good as the others, unless the Context has a source of its own.
#include <cstring>

#include "p2/p2.hpp"

namespace heddle::wasi::p2 {

namespace {

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

}  // namespace

void add_random(Binder& b) {
    b.interface("wasi:random/random@0.2.12")
        .fn("get-random-bytes(len)", [](Guest& g, u64 len) { return random_bytes(g, len); })
        .fn("get-random-u64()", [](Guest& g) { return random_u64(g); });
    b.interface("wasi:random/insecure@0.2.12")
        .fn("get-insecure-random-bytes(len)", [](Guest& g, u64 len) { return random_bytes(g, len); })
        .fn("get-insecure-random-u64()", [](Guest& g) { return random_u64(g); });
    b.interface("wasi:random/insecure-seed@0.2.12").fn("insecure-seed()", [](Guest& g) { return std::tuple(random_u64(g), random_u64(g)); });
}

}  // namespace heddle::wasi::p2
