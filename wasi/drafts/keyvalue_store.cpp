// Stores of bytes by key: in memory, and in SQLite.
#include <charconv>
#include <map>
#include <mutex>

#include <sqlite3.h>

#include <heddle/wasi_drafts.hpp>

namespace heddle::wasi {

namespace {

template <class T>
using Or = KeyValue::Or<T>;
using Bytes = KeyValue::Bytes;

// ---- in memory ----------------------------------------------------------------------------------------------------------------------------

class InMemory final : public KeyValue {
public:
    explicit InMemory(const KeyValueLimits& l) : KeyValue(l) {}
    Or<std::optional<Bytes>> get(const std::string& key) override {
        std::lock_guard lock(mutex_);
        auto at = all_.find(key);
        return at == all_.end() ? std::nullopt : std::optional(at->second);
    }
    Or<void> set(const std::string& key, const Bytes& value) override {
        if (auto ok = check(key, value); !ok) return ok;
        std::lock_guard lock(mutex_);
        auto at = all_.find(key);
        u64 before = at == all_.end() ? 0 : key.size() + at->second.size();
        u64 after = used_ - before + key.size() + value.size();
        if (after > limits.total_bytes) return std::unexpected("the store is full: " + std::to_string(limits.total_bytes) + " bytes");
        used_ = after;
        all_[key] = value;
        return {};
    }
    Or<void> erase(const std::string& key) override {
        std::lock_guard lock(mutex_);
        auto at = all_.find(key);
        if (at == all_.end()) return {};
        used_ -= key.size() + at->second.size();
        all_.erase(at);
        return {};
    }
    Or<std::vector<std::string>> keys(const std::optional<std::string>& after, std::size_t most) override {
        std::lock_guard lock(mutex_);
        std::vector<std::string> found;
        for (auto at = after ? all_.upper_bound(*after) : all_.begin(); at != all_.end() && found.size() < most; ++at) found.push_back(at->first);
        return found;
    }

private:
    Or<void> as_one_step(const std::function<Or<void>()>& f) override {
        std::lock_guard lock(mutex_);
        return f();
    }
    std::recursive_mutex mutex_;
    std::map<std::string, Bytes> all_;
    u64 used_ = 0;
};

// ---- in a file ----------------------------------------------------------------------------------------------------------------------------

class InFile final : public KeyValue {
public:
    explicit InFile(const KeyValueLimits& l) : KeyValue(l) {}
    ~InFile() override { sqlite3_close(db_); }

    std::optional<std::string> open(const std::string& path) {
        constexpr const char* setup =
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE IF NOT EXISTS keyvalue (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";
        if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) return error();
        sqlite3_busy_timeout(db_, busy_milliseconds);
        if (sqlite3_exec(db_, setup, nullptr, nullptr, nullptr) != SQLITE_OK) return error();
        return std::nullopt;
    }
    Or<std::optional<Bytes>> get(const std::string& key) override {
        std::optional<Bytes> found;
        auto ok = run("SELECT value FROM keyvalue WHERE key = ?1", {&key, nullptr, 0}, [&](sqlite3_stmt* s) {
            auto data = static_cast<const u8*>(sqlite3_column_blob(s, 0));
            found = Bytes(data, data + sqlite3_column_bytes(s, 0));
        });
        if (!ok) return std::unexpected(ok.error());
        return found;
    }
    Or<void> set(const std::string& key, const Bytes& value) override {
        if (auto ok = check(key, value); !ok) return ok;
        return run("INSERT INTO keyvalue VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2", {&key, &value, 0});
    }
    Or<void> erase(const std::string& key) override { return run("DELETE FROM keyvalue WHERE key = ?1", {&key, nullptr, 0}); }
    Or<std::vector<std::string>> keys(const std::optional<std::string>& after, std::size_t most) override {
        std::vector<std::string> found;
        auto take = [&](sqlite3_stmt* s) {
            found.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(s, 0)), std::size_t(sqlite3_column_bytes(s, 0)));
        };
        Args args{after ? &*after : nullptr, nullptr, i64(most)};
        auto ok = after ? run("SELECT key FROM keyvalue WHERE key > ?1 ORDER BY key LIMIT ?3", args, take)
                        : run("SELECT key FROM keyvalue ORDER BY key LIMIT ?3", args, take);
        if (!ok) return std::unexpected(ok.error());
        return found;
    }

private:
    static constexpr int busy_milliseconds = 5'000;
    struct Args {
        const std::string* key;
        const Bytes* value;
        i64 number;
    };
    std::string error() const { return std::string("the key-value store: ") + sqlite3_errmsg(db_); }

    Or<void> run(const char* sql, Args args, const std::function<void(sqlite3_stmt*)>& row = {}) {
        std::lock_guard lock(mutex_);
        sqlite3_stmt* s = nullptr;
        if (sqlite3_prepare_v2(db_, sql, -1, &s, nullptr) != SQLITE_OK) return std::unexpected(error());
        if (args.key) sqlite3_bind_text(s, 1, args.key->data(), int(args.key->size()), SQLITE_STATIC);
        if (args.value) sqlite3_bind_blob(s, 2, args.value->empty() ? "" : reinterpret_cast<const char*>(args.value->data()), int(args.value->size()), SQLITE_STATIC);
        if (args.number) sqlite3_bind_int64(s, 3, args.number);
        int how = SQLITE_ROW;
        while ((how = sqlite3_step(s)) == SQLITE_ROW)
            if (row) row(s);
        Or<void> done;
        if (how != SQLITE_DONE) done = std::unexpected(error());
        sqlite3_finalize(s);
        return done;
    }
    // Other processes' calls stay out, too.
    Or<void> as_one_step(const std::function<Or<void>()>& f) override {
        std::lock_guard lock(mutex_);
        if (auto ok = run("BEGIN IMMEDIATE", {}); !ok) return ok;
        Or<void> done = f();
        auto ended = run(done ? "COMMIT" : "ROLLBACK", {});
        return done ? ended : done;
    }
    std::recursive_mutex mutex_;
    sqlite3* db_ = nullptr;
};

std::optional<i64> number_in(const Bytes& b) {
    auto text = reinterpret_cast<const char*>(b.data());
    i64 n = 0;
    auto [end, error] = std::from_chars(text, text + b.size(), n);
    return error == std::errc() && end == text + b.size() ? std::optional(n) : std::nullopt;
}

}  // namespace

std::shared_ptr<KeyValue> KeyValue::in_memory(const KeyValueLimits& limits) { return std::make_shared<InMemory>(limits); }

Result<std::shared_ptr<KeyValue>> KeyValue::open(const std::string& path, const KeyValueLimits& limits) {
    auto store = std::make_shared<InFile>(limits);
    if (auto wrong = store->open(path)) return std::unexpected(Error{Error::Kind::io, path + ": " + *wrong});
    return store;
}

KeyValue::Or<void> KeyValue::check(const std::string& key, const Bytes& value) const {
    if (key.size() > limits.key_bytes) return std::unexpected("a key has at most " + std::to_string(limits.key_bytes) + " bytes, this has " + std::to_string(key.size()));
    if (value.size() > limits.value_bytes)
        return std::unexpected("a value has at most " + std::to_string(limits.value_bytes) + " bytes, this has " + std::to_string(value.size()));
    return {};
}

KeyValue::Or<i64> KeyValue::increment(const std::string& key, i64 by) {
    i64 sum = 0;
    auto done = as_one_step([&]() -> Or<void> {
        auto now = get(key);
        if (!now) return std::unexpected(now.error());
        auto n = *now ? number_in(**now) : std::optional<i64>(0);
        if (!n) return std::unexpected("the value of `" + key + "` is no number in decimal digits");
        if (__builtin_add_overflow(*n, by, &sum)) return std::unexpected("the sum has no room in 64 bits");
        std::string text = std::to_string(sum);
        return set(key, Bytes(text.begin(), text.end()));
    });
    if (!done) return std::unexpected(done.error());
    return sum;
}

KeyValue::Or<bool> KeyValue::compare_and_set(const std::string& key, const std::optional<Bytes>& expected, const Bytes& value) {
    bool same = false;
    auto done = as_one_step([&]() -> Or<void> {
        auto now = get(key);
        if (!now) return std::unexpected(now.error());
        same = *now == expected;
        return same ? set(key, value) : Or<void>();
    });
    if (!done) return std::unexpected(done.error());
    return same;
}

}  // namespace heddle::wasi
