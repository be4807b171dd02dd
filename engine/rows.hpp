// What rows of opcodes.def compute, found by the instruction at compile time: the handlers' semantics as types.
#pragma once
#include "handler.hpp"
#include "simd.hpp"

namespace heddle {

template <Op op>
struct PureRow;
template <Op op>
struct LaneRow;
template <Op op>
struct LoadRow;
template <Op op>
struct VectorLoadRow;
template <Op op>
struct LaneAccessRow;

template <char letter>
using Letter = std::conditional_t<letter == 'i', u32, std::conditional_t<letter == 'l', u64, std::conditional_t<letter == 'f', f32, f64>>>;

#define PURE(name, code, text, signature, ...)              \
    template <>                                             \
    struct PureRow<Op::name> {                              \
        using Row = Semantics<&__VA_ARGS__>;                \
    };
#define LANE(name, code, text, count, signature, ...)       \
    template <>                                             \
    struct LaneRow<Op::name> {                              \
        using Row = Semantics<&__VA_ARGS__>;                \
    };
#define LOAD(name, code, text, letter, type)                \
    template <>                                             \
    struct LoadRow<Op::name> {                              \
        using Result = Letter<*#letter>;                    \
        using Type = type;                                  \
    };
#define VLOAD(name, code, text, access_bytes, ...)          \
    template <>                                             \
    struct VectorLoadRow<Op::name> {                        \
        static constexpr u32 bytes = access_bytes;          \
        static constexpr auto function = &__VA_ARGS__;      \
    };
#define LOADLANE(name, code, text, type)                    \
    template <>                                             \
    struct LaneAccessRow<Op::name> {                        \
        static constexpr bool loads = true;                 \
        using Type = type;                                  \
    };
#define STORELANE(name, code, text, type)                   \
    template <>                                             \
    struct LaneAccessRow<Op::name> {                        \
        static constexpr bool loads = false;                \
        using Type = type;                                  \
    };
#include "opcodes.def"

}  // namespace heddle
