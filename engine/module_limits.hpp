// How large a module may be: limits of this implementation, far above what compilers emit. Passing one is an Error of kind limit.
#pragma once
#include <string>

#include <heddle/error.hpp>
#include <heddle/types.hpp>

namespace heddle::module_limits {

inline constexpr u32 types = 1'000'000, functions = 1'000'000, imports = 1'000'000, exports = 1'000'000, globals = 1'000'000, tags = 1'000'000;
inline constexpr u32 tables = 100, memories = 100, segments = 100'000, elements = 10'000'000;
inline constexpr u32 params = 1'000, results = 1'000, fields = 10'000, locals = 50'000, body_bytes = 7'654'321, operands = 1'000'000;

[[noreturn]] inline void exceeded(const char* what, u64 value, u64 limit, std::size_t offset) {
    throw Error{Error::Kind::limit, std::string("too many ") + what + ": " + std::to_string(value) + ", the limit is " + std::to_string(limit),
                offset};
}

}  // namespace heddle::module_limits
