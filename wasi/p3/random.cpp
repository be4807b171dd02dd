// wasi:random: fewer bytes than asked for where that is more than one call gives.
#include <algorithm>

#include "chance.hpp"
#include "p3/p3.hpp"

namespace heddle::wasi::p3 {

namespace {

std::vector<u8> some_bytes(Guest& g, u64 most) {
    constexpr u64 of_one_call = u64(1) << 20;
    return random_bytes(g, std::min({most, of_one_call, g.context().limits.random_bytes}));
}

}  // namespace

void add_random(Binder& b) {
    b.interface("wasi:random/random@0.3.0")
        .fn("get-random-bytes(max-len)", [](Guest& g, u64 most) { return some_bytes(g, most); })
        .fn("get-random-u64()", [](Guest& g) { return random_u64(g); });
    b.interface("wasi:random/insecure@0.3.0")
        .fn("get-insecure-random-bytes(max-len)", [](Guest& g, u64 most) { return some_bytes(g, most); })
        .fn("get-insecure-random-u64()", [](Guest& g) { return random_u64(g); });
    b.interface("wasi:random/insecure-seed@0.3.0").fn("get-insecure-seed()", [](Guest& g) { return std::tuple(random_u64(g), random_u64(g)); });
}

}  // namespace heddle::wasi::p3
