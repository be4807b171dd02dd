// wasi:config, wasi:logging and wasi:keyvalue, called from a guest.
#include <gtest/gtest.h>

#include <heddle/wasi_drafts.hpp>

#include "attack_world.hpp"
#include "drafts/drafts.hpp"
#include "forwarder.hpp"

namespace heddle::wasi::testing {
namespace {

using test::TempDir;

Result<void> first_draft(ComponentLinker& linker, const Context& context) {
    Binder b(linker, context);
    add_keyvalue_draft(b);
    return {};
}
Result<void> second_draft(ComponentLinker& linker, const Context& context) {
    Binder b(linker, context);
    add_keyvalue_draft2(b);
    return {};
}

Val text(const char* s) { return Val::string(s); }
std::string words(const Val& error) { return error.payload()->payload() ? error.payload()->payload()->as_string() : "case " + std::to_string(error.payload()->case_index()); }

TEST(Drafts, configuration_is_what_the_context_says) {
    Context c;
    config(c, "greeting", "hello");
    config(c, "greeting", "good morning");
    config(c, "empty", "");
    Forwarder g(c, {"wasi:config"}, &add_drafts);
    EXPECT_EQ(good(g.call("wasi:config/store.get", {text("greeting")})).payload()->as_string(), "good morning");
    EXPECT_EQ(good(g.call("wasi:config/store.get", {text("empty")})).payload()->as_string(), "");
    EXPECT_EQ(good(g.call("wasi:config/store.get", {text("other")})).case_index(), 0u);
    EXPECT_EQ(good(g.call("wasi:config/store.get-all")).size(), 2u);
    Forwarder none(Context(), {"wasi:config"}, &add_drafts);
    EXPECT_EQ(good(none.call("wasi:config/store.get", {text("greeting")})).case_index(), 0u);
    EXPECT_EQ(good(none.call("wasi:config/store.get-all")).size(), 0u);
}

TEST(Drafts, log_lines_arrive_with_their_level_and_are_cut_at_the_limit) {
    Context c;
    std::vector<std::string> lines;
    on_log(c, [&](LogLevel level, std::string_view context, std::string_view message) {
        lines.push_back(std::string(to_string(level)) + " " + std::string(context) + ": " + std::string(message));
    });
    Forwarder g(c, {"wasi:logging"}, &add_drafts);
    g.call("wasi:logging/logging.log", {Val::variant(3), text("disk"), text("nearly full")});
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0], "warn disk: nearly full");
    for (std::size_t n : {log_bytes - 1, log_bytes, log_bytes + 1}) {
        g.call("wasi:logging/logging.log", {Val::variant(5), text(""), Val::string(std::string(n, 'x'))});
        EXPECT_EQ(lines.back().size(), std::min(n, log_bytes) + std::string("critical : ").size());
    }
    Forwarder(Context(), {"wasi:logging"}, &add_drafts).call("wasi:logging/logging.log", {Val::variant(0), text(""), text("")});
}

struct Store {
    explicit Store(std::shared_ptr<KeyValue> kv, Forwarder::Register add = &second_draft) {
        Context c;
        keyvalue(c, "data", std::move(kv));
        g = std::make_unique<Forwarder>(c, std::vector<std::string>{}, add);
        bucket = good(call("store.open", {text("data")}));
    }
    Val call(const std::string& f, std::vector<Val> args) { return g->call("wasi:keyvalue/" + f, std::move(args)); }
    Val on(const std::string& f, std::vector<Val> args) {
        args.insert(args.begin(), lend(bucket));
        return call(f, std::move(args));
    }
    std::string get(const char* key) {
        Val v = good(on("store.[method]bucket.get", {text(key)}));
        return v.payload() ? text_of(*v.payload()) : "none";
    }
    void set(const char* key, std::string_view value) { good(on("store.[method]bucket.set", {text(key), bytes(value)})); }
    std::unique_ptr<Forwarder> g;
    Val bucket;
};

void everything(const std::shared_ptr<KeyValue>& kv) {
    Store s(kv);
    EXPECT_EQ(s.get("a"), "none");
    s.set("a", "1");
    s.set("a", std::string("\0\xff", 2));
    s.set("b", "");
    EXPECT_EQ(s.get("a"), std::string("\0\xff", 2));
    EXPECT_EQ(s.get("b"), "");
    EXPECT_TRUE(good(s.on("store.[method]bucket.exists", {text("b")})).as<bool>());
    good(s.on("store.[method]bucket.delete", {text("b")}));
    good(s.on("store.[method]bucket.delete", {text("b")}));
    EXPECT_FALSE(good(s.on("store.[method]bucket.exists", {text("b")})).as<bool>());
    EXPECT_EQ(good(s.on("atomics.increment", {text("n"), Val::s64(5)})).as<i64>(), 5);
    EXPECT_EQ(good(s.on("atomics.increment", {text("n"), Val::s64(-7)})).as<i64>(), -2);
    EXPECT_EQ(s.get("n"), "-2");
    EXPECT_NE(words(s.on("atomics.increment", {text("a"), Val::s64(1)})).find("no number"), std::string::npos);
    good(s.on("atomics.increment", {text("m"), Val::s64(INT64_MAX)}));
    EXPECT_NE(words(s.on("atomics.increment", {text("m"), Val::s64(1)})).find("64 bits"), std::string::npos);
    good(s.on("batch.set-many", {Val::list({Val::record({text("x"), bytes("1")}), Val::record({text("y"), bytes("2")})})}));
    Val many = good(s.on("batch.get-many", {Val::list({text("y"), text("nothing"), text("x")})}));
    ASSERT_EQ(many.size(), 3u);
    EXPECT_EQ(text_of(many.at(0).payload()->at(1)), "2");
    EXPECT_EQ(many.at(1).case_index(), 0u);
    good(s.on("batch.delete-many", {Val::list({text("x"), text("m"), text("n")})}));
    EXPECT_EQ(good(s.on("store.[method]bucket.list-keys", {Val::none()})).at(0).size(), 2u);
    EXPECT_EQ(good(kv->compare_and_set("c", std::nullopt, {1}) ? Val::ok() : Val::error()).case_index(), 0u);
}

TEST(KeyValue, holds_what_it_was_given_in_memory) { everything(KeyValue::in_memory()); }

TEST(KeyValue, holds_what_it_was_given_in_a_file_and_keeps_it) {
    TempDir dir;
    everything(*KeyValue::open((dir / "data.db")));
    auto again = KeyValue::open((dir / "data.db"));
    ASSERT_TRUE(again);
    EXPECT_TRUE((*again)->get("a")->has_value());
    EXPECT_EQ(KeyValue::open((dir / "none/data.db")).error().kind, Error::Kind::io);
}

TEST(KeyValue, a_swap_happens_only_if_nobody_changed_the_value) {
    auto kv = KeyValue::in_memory();
    Store s(kv);
    s.set("k", "old");
    Val cas = good(s.on("atomics.[static]cas.new", {text("k")}));
    EXPECT_EQ(text_of(*good(s.call("atomics.[method]cas.current", {lend(cas)})).payload()), "old");
    s.set("k", "other");
    Val refused = s.call("atomics.swap", {cas, bytes("new")});
    ASSERT_EQ(refused.case_index(), 1u);
    ASSERT_EQ(refused.payload()->case_index(), 1u);
    EXPECT_EQ(s.get("k"), "other");
    Val again = *refused.payload()->payload();
    EXPECT_EQ(text_of(*good(s.call("atomics.[method]cas.current", {lend(again)})).payload()), "other");
    good(s.call("atomics.swap", {again, bytes("new")}));
    EXPECT_EQ(s.get("k"), "new");
}

TEST(KeyValue, a_store_that_was_not_granted_does_not_exist) {
    Store s(KeyValue::in_memory());
    EXPECT_EQ(words(s.call("store.open", {text("other")})), "case 0");
}

TEST(KeyValue, lists_come_in_pages) {
    for (bool first : {true, false}) {
        auto kv = KeyValue::in_memory();
        for (int i = 0; i < 2'500; ++i) ASSERT_TRUE(kv->set("key" + std::to_string(i), {}));
        Store s(kv, first ? &first_draft : &second_draft);
        std::size_t all = 0, pages = 0;
        Val cursor = Val::none();
        do {
            Val page = good(s.on("store.[method]bucket.list-keys", {cursor}));
            all += page.at(0).size();
            ++pages;
            cursor = page.at(1);
        } while (cursor.case_index() != 0);
        EXPECT_EQ(all, 2'500u);
        EXPECT_EQ(pages, 3u);
        if (!first) continue;
        EXPECT_NE(words(s.on("store.[method]bucket.list-keys", {Val::some(Val::u64(77))})).find("cursor"), std::string::npos);
        EXPECT_EQ(good(s.on("atomics.increment", {text("n"), Val::u64(4)})).as<u64>(), 4u);
    }
}

TEST(KeyValue, limits_hold_at_their_edges) {
    KeyValueLimits l{.key_bytes = 10, .value_bytes = 20, .total_bytes = 60, .batch = 3};
    auto kv = KeyValue::in_memory(l);
    auto fits = [&](std::size_t key, std::size_t value) { return kv->set(std::string(key, 'k'), std::vector<u8>(value)).has_value(); };
    EXPECT_TRUE(fits(9, 1));
    EXPECT_TRUE(fits(10, 1));
    EXPECT_FALSE(fits(11, 1));
    EXPECT_TRUE(fits(1, 19));
    EXPECT_TRUE(fits(1, 20));
    EXPECT_FALSE(fits(1, 21));
    // 10 + 11 + 21 bytes are used: 18 are left.
    EXPECT_FALSE(fits(2, 17));
    EXPECT_TRUE(fits(2, 16));
    EXPECT_FALSE(fits(3, 0));
    EXPECT_TRUE(fits(2, 1));
    Store s(kv);
    auto keys = [&](std::size_t n) {
        std::vector<Val> all(n, text("k"));
        return s.on("batch.get-many", {Val::list(all)}).case_index();
    };
    EXPECT_EQ(keys(2), 0u);
    EXPECT_EQ(keys(3), 0u);
    EXPECT_EQ(keys(4), 1u);
}

}  // namespace
}  // namespace heddle::wasi::testing
