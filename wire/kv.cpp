// Key-value over SQLite: one connection behind a mutex, prepared statements, write-ahead log.
#include "kv.hpp"

#include <charconv>
#include <filesystem>
#include <map>
#include <mutex>

#include <sqlite3.h>

#include <heddle/error.hpp>

#include "nats/streams.hpp"

namespace heddle::wire {

namespace {

struct Database {
    std::mutex mutex;
    sqlite3* db = nullptr;
    std::map<std::string, sqlite3_stmt*> statements;

    ~Database() {
        for (auto& [sql, s] : statements) sqlite3_finalize(s);
        sqlite3_close(db);
    }
    sqlite3_stmt* prepare(const std::string& sql) {
        sqlite3_stmt*& s = statements[sql];
        if (!s) sqlite3_prepare_v2(db, sql.c_str(), -1, &s, nullptr);
        else sqlite3_reset(s);
        return s;
    }
    std::string error() const { return std::string("the key-value store: ") + sqlite3_errmsg(db); }
};

void bind(sqlite3_stmt* s, int at, std::string_view text) { sqlite3_bind_text(s, at, text.data(), int(text.size()), SQLITE_TRANSIENT); }

std::string column(sqlite3_stmt* s, int at) {
    auto text = reinterpret_cast<const char*>(sqlite3_column_text(s, at));
    return std::string(text ? text : "", std::size_t(sqlite3_column_bytes(s, at)));
}

// A prepared statement in use: its arguments are bound, and afterwards it holds no lock.
class Statement {
public:
    Statement(sqlite3_stmt* s, std::initializer_list<std::string_view> args) : s_(s) {
        int at = 0;
        for (std::string_view a : args) bind(s_, ++at, a);
    }
    ~Statement() {
        if (s_) sqlite3_reset(s_), sqlite3_clear_bindings(s_);
    }
    Statement(const Statement&) = delete;
    int step() { return s_ ? sqlite3_step(s_) : SQLITE_ERROR; }
    sqlite3_stmt* get() const { return s_; }

private:
    sqlite3_stmt* s_;
};

class SqliteKv final : public Kv {
public:
    explicit SqliteKv(const std::string& path);
    Or<std::optional<std::string>> get(std::string_view key) override;
    Or<void> set(std::string_view key, std::string_view json) override;
    Or<bool> erase(std::string_view key) override;
    Or<std::vector<std::string>> list(std::string_view prefix, u32 limit, std::string_view after) override;
    Or<i64> increment(std::string_view key, i64 by) override;
    Or<bool> compare_and_set(std::string_view key, std::optional<std::string_view> expected, std::string_view json) override;

private:
    Database data_;
};

SqliteKv::SqliteKv(const std::string& path) {
    if (path.empty()) {
        if (sqlite3_open(":memory:", &data_.db) != SQLITE_OK) throw Error{Error::Kind::io, data_.error()};
    } else if (sqlite3_open(path.c_str(), &data_.db) != SQLITE_OK) throw Error{Error::Kind::io, path + ": " + data_.error()};
    sqlite3_busy_timeout(data_.db, 5'000);
    char* message = nullptr;
    const char* setup = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; CREATE TABLE IF NOT EXISTS kv (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";
    if (sqlite3_exec(data_.db, setup, nullptr, nullptr, &message) != SQLITE_OK) {
        std::string why = message ? message : "cannot be opened";
        sqlite3_free(message);
        throw Error{Error::Kind::io, path + ": the key-value store: " + why};
    }
}

Kv::Or<std::optional<std::string>> SqliteKv::get(std::string_view key) {
    std::lock_guard lock(data_.mutex);
    Statement s(data_.prepare("SELECT value FROM kv WHERE key = ?1"), {key});
    int end = s.step();
    if (end == SQLITE_DONE) return std::nullopt;
    if (end != SQLITE_ROW) return std::unexpected(data_.error());
    return column(s.get(), 0);
}

Kv::Or<void> SqliteKv::set(std::string_view key, std::string_view json) {
    std::lock_guard lock(data_.mutex);
    Statement s(data_.prepare("INSERT INTO kv VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value"), {key, json});
    if (s.step() != SQLITE_DONE) return std::unexpected(data_.error());
    return {};
}

Kv::Or<bool> SqliteKv::erase(std::string_view key) {
    std::lock_guard lock(data_.mutex);
    Statement s(data_.prepare("DELETE FROM kv WHERE key = ?1"), {key});
    if (s.step() != SQLITE_DONE) return std::unexpected(data_.error());
    return sqlite3_changes(data_.db) > 0;
}

Kv::Or<std::vector<std::string>> SqliteKv::list(std::string_view prefix, u32 limit, std::string_view after) {
    std::lock_guard lock(data_.mutex);
    Statement s(data_.prepare("SELECT key FROM kv WHERE key >= ?1 AND key > ?2 AND substr(key, 1, length(?1)) = ?1 ORDER BY key LIMIT ?3"), {prefix, after});
    sqlite3_bind_int64(s.get(), 3, limit);
    std::vector<std::string> keys;
    int end;
    while ((end = s.step()) == SQLITE_ROW) keys.push_back(column(s.get(), 0));
    if (end != SQLITE_DONE) return std::unexpected(data_.error());
    return keys;
}

// One statement, so that processes which share the file do not lose each other's sums.
Kv::Or<i64> SqliteKv::increment(std::string_view key, i64 by) {
    std::lock_guard lock(data_.mutex);
    Statement s(data_.prepare("INSERT INTO kv VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + ?3 "
                               "WHERE CAST(CAST(value AS INTEGER) AS TEXT) = value AND typeof(CAST(value AS INTEGER) + ?3) = 'integer' RETURNING value"),
                {key, std::to_string(by)});
    sqlite3_bind_int64(s.get(), 3, by);
    int end = s.step();
    if (end == SQLITE_DONE) return std::unexpected("the value is no integer, or the sum does not fit into 64 bits");
    if (end != SQLITE_ROW) return std::unexpected(data_.error());
    std::string text = column(s.get(), 0);
    s.step();
    i64 sum = 0;
    std::from_chars(text.data(), text.data() + text.size(), sum);
    return sum;
}

Kv::Or<bool> SqliteKv::compare_and_set(std::string_view key, std::optional<std::string_view> expected, std::string_view json) {
    std::lock_guard lock(data_.mutex);
    const char* sql = expected ? "UPDATE kv SET value = ?2 WHERE key = ?1 AND value = ?3" : "INSERT INTO kv VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";
    Statement s(data_.prepare(sql), {key, json});
    if (expected) bind(s.get(), 3, *expected);
    if (s.step() != SQLITE_DONE) return std::unexpected(data_.error());
    return sqlite3_changes(data_.db) > 0;
}

}  // namespace

std::unique_ptr<Kv> open_kv(const std::string& path) {
    constexpr std::string_view on_nats = "nats:";
    if (path.starts_with(on_nats)) return nats::bucket_kv(path.substr(on_nats.size()));
    return std::make_unique<SqliteKv>(path);
}

}  // namespace heddle::wire
