// A point in time of wasi:clocks 0.3.
#pragma once
#include "bind.hpp"

namespace heddle::wasi::p3 {

struct Instant {
    i64 seconds = 0;
    u32 nanoseconds = 0;
    static Instant of(u64 ns) { return {i64(ns / 1'000'000'000), u32(ns % 1'000'000'000)}; }
};

}  // namespace heddle::wasi::p3

template <>
struct heddle::component::Fields<heddle::wasi::p3::Instant> {
    using T = heddle::wasi::p3::Instant;
    static constexpr auto list = std::tuple(std::pair("seconds", &T::seconds), std::pair("nanoseconds", &T::nanoseconds));
};
