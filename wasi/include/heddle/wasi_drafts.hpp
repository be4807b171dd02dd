// WASI's drafts that programs use already: wasi:config, wasi:logging, wasi:keyvalue. Components import them beside 0.2 or 0.3:
//
//   heddle::wasi::Context wasi;
//   heddle::wasi::config(wasi, "greeting", "hello");
//   heddle::wasi::on_log(wasi, [](heddle::wasi::LogLevel l, std::string_view context, std::string_view message) { … });
//   auto store = heddle::wasi::KeyValue::open("data.db");                          // Result; or in memory: KeyValue::in_memory()
//   heddle::wasi::keyvalue(wasi, "default", *store);
//   heddle::wasi::add_drafts(linker, wasi);
//
// Without these calls a program finds no configuration and no store, and its log leads nowhere.
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/wasi.hpp>

namespace heddle::wasi {

// A value of wasi:config/store; a later one of the same name replaces an earlier one.
void config(Context& context, std::string key, std::string value);

enum class LogLevel : u8 { trace, debug, info, warn, error, critical };
const char* to_string(LogLevel level);
// Called on the guest's thread. Context and message are at most `log_bytes` long each: longer ones are cut.
inline constexpr std::size_t log_bytes = std::size_t(64) << 10;
void on_log(Context& context, std::function<void(LogLevel, std::string_view context, std::string_view message)> f);

struct KeyValueLimits {
    std::size_t key_bytes = 1024;
    std::size_t value_bytes = std::size_t(1) << 20;
    u64 total_bytes = u64(1) << 30;          // of keys and values in memory
    std::size_t batch = 1024;                // keys of one call
};

// A store: bytes by key. Any thread may use it, and any number of Contexts may share it. Errors are words for the guest.
class KeyValue {
public:
    using Bytes = std::vector<u8>;
    template <class T>
    using Or = std::expected<T, std::string>;

    static std::shared_ptr<KeyValue> in_memory(const KeyValueLimits& limits = {});
    // A SQLite database, made when it is not there. Errors: io.
    static Result<std::shared_ptr<KeyValue>> open(const std::string& path, const KeyValueLimits& limits = {});
    virtual ~KeyValue() = default;

    virtual Or<std::optional<Bytes>> get(const std::string& key) = 0;
    virtual Or<void> set(const std::string& key, const Bytes& value) = 0;
    virtual Or<void> erase(const std::string& key) = 0;
    // In their order, those behind `after`.
    virtual Or<std::vector<std::string>> keys(const std::optional<std::string>& after, std::size_t most) = 0;
    // Adds to a number, written in decimal digits (a missing one is 0), and gives the sum.
    Or<i64> increment(const std::string& key, i64 by);
    // Sets when the value is `expected` (nothing: when there is none). False: it was something else.
    Or<bool> compare_and_set(const std::string& key, const std::optional<Bytes>& expected, const Bytes& value);
    // Tells what exceeds a limit.
    Or<void> check(const std::string& key, const Bytes& value) const;

    const KeyValueLimits limits;

protected:
    explicit KeyValue(const KeyValueLimits& l) : limits(l) {}
    // Runs f as one step that nobody else's calls fall into; its error undoes what it did.
    virtual Or<void> as_one_step(const std::function<Or<void>()>& f) = 0;
};

// What a program opens by that name.
void keyvalue(Context& context, std::string name, std::shared_ptr<KeyValue> store);

// Registers wasi:config/store@0.2.0-rc.1, wasi:logging/logging@0.1.0-draft, and wasi:keyvalue/{store,atomics,batch}@0.2.0-draft and -draft2.
Result<void> add_drafts(ComponentLinker& linker, const Context& context);

}  // namespace heddle::wasi
