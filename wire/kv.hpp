// The key-value store that guests reach through `kv.*`: SQLite, in a file or in memory.
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
    // An empty path: in memory. Throws Error (kind io).
    explicit Kv(const std::string& path);
    ~Kv();
    Kv(const Kv&) = delete;

    template <class T>
    using Or = std::expected<T, std::string>;  // what the database says went wrong
    // Values are JSON text. Every function is one transaction; any thread may call.
    Or<std::optional<std::string>> get(std::string_view key);
    Or<void> set(std::string_view key, std::string_view json);
    Or<bool> erase(std::string_view key);                                       // whether it was there
    Or<std::vector<std::string>> list(std::string_view prefix, u32 limit, std::string_view after);
    // Adds to a number (a missing one is 0) and gives the sum; an error when it is no integer or the sum has no room in 64 bits.
    Or<i64> increment(std::string_view key, i64 by);
    // Sets when the value is `expected` (nothing: when there is none). False: it was something else.
    Or<bool> compare_and_set(std::string_view key, std::optional<std::string_view> expected, std::string_view json);

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace heddle::wire
