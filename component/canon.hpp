// The table of canonical definitions, read from canon.def.
#pragma once
#include <span>

#include "model.hpp"

namespace heddle::component {

enum class CanonImmediates : u8 {
    Lift,
    Lower,
    None,
    Type,
    Options,
    TypeOpts,
    Async,
    TypeAsync,
    Cancel,
    Wait,
    Result,
    Slot,
    Indirect,
    Shared,
    SpawnRef,
    Spawn
};

struct CanonRow {
    CanonKind kind;
    u8 code;
    std::string_view text;  // "stream.read"
    CanonImmediates immediates;
    std::string_view signature;  // as canon.def explains
};

// In the order of CanonKind.
std::span<const CanonRow> canon_rows();
inline const CanonRow& canon_row(CanonKind k) { return canon_rows()[std::size_t(k)]; }
const CanonRow* find_canon(u8 code);
const CanonRow* find_canon(std::string_view text);

}  // namespace heddle::component
