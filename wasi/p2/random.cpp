// wasi:random. The insecure functions are as good as the others, unless the Context has a source of its own.
#include "chance.hpp"
#include "p2/p2.hpp"

namespace heddle::wasi::p2 {

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
