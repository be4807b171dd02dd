// wasi:keyvalue, in its two drafts: cursors and counters are numbers in the one, a string and signed in the other, which has compare-and-swap too.
// https://github.com/WebAssembly/wasi-keyvalue
#include "drafts/drafts.hpp"

namespace heddle::wasi {

struct KeyValueError : std::variant<std::monostate, Nothing<1>, std::string> {};
template <>
struct Cases<KeyValueError> {
    static constexpr auto list = std::to_array<std::string_view>({"no-such-store", "access-denied", "other"});
};

class Bucket final : public Resource {
public:
    static constexpr const char* wit_name = "bucket";
    explicit Bucket(std::shared_ptr<KeyValue> s) : store(std::move(s)) {}
    std::shared_ptr<KeyValue> store;
    // draft: a cursor is a number, and stands for the key it was given with.
    std::map<u64, std::string> cursors;
    u64 next_cursor = 1;
};

// What a value was when it was read, for a swap that happens only if it is so still.
class Cas final : public Resource {
public:
    static constexpr const char* wit_name = "cas";
    std::shared_ptr<KeyValue> store;
    std::string key;
    std::optional<std::vector<u8>> seen;
};

template <class Cursor>
struct KeyResponse {
    std::vector<std::string> keys;
    std::optional<Cursor> cursor;
};
struct CasError : std::variant<KeyValueError, Own<Cas>> {};
template <>
struct Cases<CasError> {
    static constexpr auto list = std::to_array<std::string_view>({"store-error", "cas-failed"});
};

}  // namespace heddle::wasi

template <class Cursor>
struct heddle::component::Fields<heddle::wasi::KeyResponse<Cursor>> {
    using T = heddle::wasi::KeyResponse<Cursor>;
    static constexpr auto list = std::tuple(std::pair("keys", &T::keys), std::pair("cursor", &T::cursor));
};

namespace heddle::wasi {

namespace {

template <class T>
using Kv = std::expected<T, KeyValueError>;
using Self = Borrow<Bucket>;
using Bytes = std::vector<u8>;
using Found = std::vector<std::optional<std::tuple<std::string, Bytes>>>;

constexpr std::size_t page = 1000;          // keys of one list-keys
constexpr std::size_t most_cursors = 1024;  // of one bucket

KeyValueError other(std::string why) {
    KeyValueError e;
    e.emplace<2>(std::move(why));
    return e;
}
template <class T>
Kv<T> kv(KeyValue::Or<T> r) {
    if (!r) return std::unexpected(other(r.error()));
    if constexpr (std::is_void_v<T>) return {};
    else return std::move(*r);
}

Kv<Own<Bucket>> open(Guest& g, const std::string& name) {
    auto& drafts = g.context().drafts;
    if (!drafts || !drafts->stores.contains(name)) return std::unexpected(KeyValueError());
    return Own<Bucket>(std::make_shared<Bucket>(drafts->stores.at(name)));
}

Kv<KeyResponse<std::string>> list_after(Bucket& b, const std::optional<std::string>& after) {
    auto found = b.store->keys(after, page);
    if (!found) return std::unexpected(other(found.error()));
    std::optional<std::string> last = found->size() == page ? std::optional(found->back()) : std::nullopt;
    return KeyResponse<std::string>{std::move(*found), std::move(last)};
}

Kv<KeyResponse<u64>> list_by_number(Bucket& b, const std::optional<u64>& cursor) {
    std::optional<std::string> after;
    if (cursor && *cursor != 0) {
        auto at = b.cursors.find(*cursor);
        if (at == b.cursors.end()) return std::unexpected(other("no list-keys of this bucket gave that cursor, or it is too old"));
        after = at->second;
    }
    auto keys = list_after(b, after);
    if (!keys) return std::unexpected(keys.error());
    KeyResponse<u64> r{std::move(keys->keys), std::nullopt};
    if (!keys->cursor) return r;
    if (b.cursors.size() >= most_cursors) b.cursors.erase(b.cursors.begin());
    b.cursors[b.next_cursor] = *keys->cursor;
    r.cursor = b.next_cursor++;
    return r;
}

Kv<void> batch_fits(const Bucket& b, std::size_t n) {
    if (n <= b.store->limits.batch) return {};
    return std::unexpected(other("a call takes at most " + std::to_string(b.store->limits.batch) + " keys, this has " + std::to_string(n)));
}

Kv<Found> get_many(const Bucket& b, const std::vector<std::string>& keys) {
    if (auto ok = batch_fits(b, keys.size()); !ok) return std::unexpected(ok.error());
    Found all;
    for (const std::string& k : keys) {
        auto v = b.store->get(k);
        if (!v) return std::unexpected(other(v.error()));
        all.push_back(*v ? std::optional(std::tuple(k, std::move(**v))) : std::nullopt);
    }
    return all;
}

Kv<void> set_many(const Bucket& b, const std::vector<std::tuple<std::string, Bytes>>& all) {
    if (auto ok = batch_fits(b, all.size()); !ok) return ok;
    for (const auto& [key, value] : all)
        if (auto ok = b.store->set(key, value); !ok) return kv(ok);
    return {};
}

Kv<void> delete_many(const Bucket& b, const std::vector<std::string>& keys) {
    if (auto ok = batch_fits(b, keys.size()); !ok) return ok;
    for (const std::string& k : keys)
        if (auto ok = b.store->erase(k); !ok) return kv(ok);
    return {};
}

Kv<u64> increment_unsigned(const Bucket& b, const std::string& key, u64 by) {
    if (by > u64(INT64_MAX)) return std::unexpected(other("the sum has no room in 63 bits"));
    auto sum = b.store->increment(key, i64(by));
    if (!sum) return std::unexpected(other(sum.error()));
    return u64(*sum);
}

Kv<Own<Cas>> new_cas(const Bucket& b, const std::string& key) {
    auto now = b.store->get(key);
    if (!now) return std::unexpected(other(now.error()));
    auto c = std::make_shared<Cas>();
    c->store = b.store;
    c->key = key;
    c->seen = std::move(*now);
    return Own<Cas>(std::move(c));
}

std::expected<void, CasError> swap(const std::shared_ptr<Cas>& c, const Bytes& value) {
    CasError e;
    auto done = c->store->compare_and_set(c->key, c->seen, value);
    if (done && *done) return {};
    auto now = done ? c->store->get(c->key) : KeyValue::Or<std::optional<Bytes>>();
    if (!done || !now) {
        e.emplace<0>(other(done ? now.error() : done.error()));
        return std::unexpected(std::move(e));
    }
    c->seen = std::move(*now);
    e.emplace<1>(Own<Cas>(c));
    return std::unexpected(std::move(e));
}

void add_common(Binder& b, Binder::Interface& store, const std::string& version) {
    store.resource<Bucket>()
        .fn("open(identifier)", [](Guest& g, std::string name) { return open(g, name); })
        .fn("[method]bucket.get(self, key)", [](Guest&, Self self, std::string key) { return kv(self->store->get(key)); })
        .fn("[method]bucket.set(self, key, value)", [](Guest&, Self self, std::string key, Bytes value) { return kv(self->store->set(key, value)); })
        .fn("[method]bucket.delete(self, key)", [](Guest&, Self self, std::string key) { return kv(self->store->erase(key)); })
        .fn("[method]bucket.exists(self, key)", [](Guest&, Self self, std::string key) -> Kv<bool> {
            auto v = self->store->get(key);
            if (!v) return std::unexpected(other(v.error()));
            return v->has_value();
        });
    b.interface("wasi:keyvalue/batch@" + version)
        .fn("get-many(bucket, keys)", [](Guest&, Self bucket, std::vector<std::string> keys) { return get_many(*bucket, keys); })
        .fn("set-many(bucket, key-values)",
            [](Guest&, Self bucket, std::vector<std::tuple<std::string, Bytes>> all) { return set_many(*bucket, all); })
        .fn("delete-many(bucket, keys)", [](Guest&, Self bucket, std::vector<std::string> keys) { return delete_many(*bucket, keys); });
}

}  // namespace

void add_keyvalue_draft(Binder& b) {
    auto store = b.interface("wasi:keyvalue/store@0.2.0-draft");
    add_common(b, store, "0.2.0-draft");
    store.fn("[method]bucket.list-keys(self, cursor)", [](Guest&, Self self, std::optional<u64> cursor) { return list_by_number(*self, cursor); });
    b.interface("wasi:keyvalue/atomics@0.2.0-draft").fn("increment(bucket, key, delta)", [](Guest&, Self bucket, std::string key, u64 by) {
        return increment_unsigned(*bucket, key, by);
    });
}

void add_keyvalue_draft2(Binder& b) {
    auto store = b.interface("wasi:keyvalue/store@0.2.0-draft2");
    add_common(b, store, "0.2.0-draft2");
    store.fn("[method]bucket.list-keys(self, cursor)", [](Guest&, Self self, std::optional<std::string> cursor) { return list_after(*self, cursor); });
    b.interface("wasi:keyvalue/atomics@0.2.0-draft2")
        .resource<Cas>()
        .fn("increment(bucket, key, delta)", [](Guest&, Self bucket, std::string key, i64 by) { return kv(bucket->store->increment(key, by)); })
        .fn("[static]cas.new(bucket, key)", [](Guest&, Self bucket, std::string key) { return new_cas(*bucket, key); })
        .fn("[method]cas.current(self)", [](Guest&, Borrow<Cas> self) { return Kv<std::optional<Bytes>>(self->seen); })
        .fn("swap(cas, value)", [](Guest&, Own<Cas> cas, Bytes value) { return swap(cas, value); });
}

}  // namespace heddle::wasi
