// What the versions of wasi:filesystem have in common as WIT types.
#pragma once
#include "bind.hpp"
#include "files.hpp"

template <>
struct heddle::component::Fields<heddle::wasi::MetadataHash> {
    using T = heddle::wasi::MetadataHash;
    static constexpr auto list = std::tuple(std::pair("lower", &T::lower), std::pair("upper", &T::upper));
};

namespace heddle::wasi {

template <>
struct FlagLabels<PathFlags> {
    static constexpr auto list = std::to_array<std::string_view>({"symlink-follow"});
};
template <>
struct FlagLabels<OpenFlags> {
    static constexpr auto list = std::to_array<std::string_view>({"create", "directory", "exclusive", "truncate"});
};
template <>
struct FlagLabels<DescriptorFlags> {
    static constexpr auto list = std::to_array<std::string_view>(
        {"read", "write", "file-integrity-sync", "data-integrity-sync", "requested-write-sync", "mutate-directory"});
};
template <>
struct Labels<Advice> {
    static constexpr auto list = std::to_array<std::string_view>({"normal", "sequential", "random", "will-need", "dont-need", "no-reuse"});
};

}  // namespace heddle::wasi
