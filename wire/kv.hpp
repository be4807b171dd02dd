// The key-value store that guests reach through `kv.*`: SQLite in a file or in memory, or a bucket on NATS.
#pragma once
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/types.hpp>

namespace heddle::wire {

class Kv {
public:
    Kv() = default;
    virtual ~Kv() = default;
    Kv(const Kv&) = delete;

    template <class T>
    using Or = std::expected<T, std::string>;  // what the database says went wrong
    // Values are JSON text. Every function is one transaction; any thread may call.
    virtual Or<std::optional<std::string>> get(std::string_view key) = 0;
    virtual Or<void> set(std::string_view key, std::string_view json) = 0;
    virtual Or<bool> erase(std::string_view key) = 0;                                       // whether it was there
    virtual Or<std::vector<std::string>> list(std::string_view prefix, u32 limit, std::string_view after) = 0;
    // Adds to a number (a missing one is 0) and gives the sum; an error when it is no integer or the sum has no room in 64 bits.
    virtual Or<i64> increment(std::string_view key, i64 by) = 0;
    // Sets when the value is `expected` (nothing: when there is none). False: it was something else.
    virtual Or<bool> compare_and_set(std::string_view key, std::optional<std::string_view> expected, std::string_view json) = 0;
    // Whether it is on another machine, so that each call waits for an answer.
    virtual bool is_remote() const { return false; }
};

// Of a file, or in memory where the path is empty; "nats:BUCKET" is a bucket of the process's NATS. Throws Error (kind io, usage).
std::unique_ptr<Kv> open_kv(const std::string& path);

}  // namespace heddle::wire
