// Records of wasi:clocks 0.2.
#pragma once
#include "bind.hpp"

namespace heddle::wasi::p2 {

struct Datetime {
    u64 seconds = 0;
    u32 nanoseconds = 0;
    static Datetime of(u64 ns) { return {ns / 1'000'000'000, u32(ns % 1'000'000'000)}; }
};
struct TimezoneDisplay {
    i32 utc_offset = 0;
    std::string name;
    bool in_daylight_saving_time = false;
};

}  // namespace heddle::wasi::p2

template <>
struct heddle::component::Fields<heddle::wasi::p2::Datetime> {
    using T = heddle::wasi::p2::Datetime;
    static constexpr auto list = std::tuple(std::pair("seconds", &T::seconds), std::pair("nanoseconds", &T::nanoseconds));
};
template <>
struct heddle::component::Fields<heddle::wasi::p2::TimezoneDisplay> {
    using T = heddle::wasi::p2::TimezoneDisplay;
    static constexpr auto list = std::tuple(std::pair("utc-offset", &T::utc_offset), std::pair("name", &T::name),
                                            std::pair("in-daylight-saving-time", &T::in_daylight_saving_time));
};
