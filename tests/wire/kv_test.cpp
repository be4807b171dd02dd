#include "kv.hpp"

#include <gtest/gtest.h>

#include "support/guests.hpp"

namespace heddle::wire {
namespace {

TEST(Kv, values_are_set_read_listed_and_erased) {
    auto store = open_kv("");
    Kv& kv = *store;
    EXPECT_EQ(kv.get("a").value(), std::nullopt);
    EXPECT_TRUE(kv.set("a/1", "{\"x\":1}"));
    EXPECT_TRUE(kv.set("a/2", "2"));
    EXPECT_TRUE(kv.set("b", "3"));
    EXPECT_EQ(kv.get("a/1").value(), "{\"x\":1}");
    EXPECT_EQ(kv.list("a/", 10, "").value(), (std::vector<std::string>{"a/1", "a/2"}));
    EXPECT_EQ(kv.list("a/", 10, "a/1").value(), (std::vector<std::string>{"a/2"}));
    EXPECT_EQ(kv.list("", 2, "").value().size(), 2u);
    EXPECT_EQ(kv.erase("a/1").value(), true);
    EXPECT_EQ(kv.erase("a/1").value(), false);
}

TEST(Kv, increments_are_exact_or_refused) {
    auto store = open_kv("");
    Kv& kv = *store;
    EXPECT_EQ(kv.increment("n", 5).value(), 5);
    EXPECT_EQ(kv.increment("n", -7).value(), -2);
    EXPECT_TRUE(kv.set("text", "\"x\""));
    EXPECT_FALSE(kv.increment("text", 1));
    EXPECT_TRUE(kv.set("max", "9223372036854775807"));
    EXPECT_FALSE(kv.increment("max", 1));
    EXPECT_EQ(kv.get("max").value(), "9223372036854775807");
}

TEST(Kv, compare_and_set_sees_what_is_there) {
    auto store = open_kv("");
    Kv& kv = *store;
    EXPECT_EQ(kv.compare_and_set("k", std::nullopt, "1").value(), true);
    EXPECT_EQ(kv.compare_and_set("k", std::nullopt, "2").value(), false);
    EXPECT_EQ(kv.compare_and_set("k", "2", "3").value(), false);
    EXPECT_EQ(kv.compare_and_set("k", "1", "3").value(), true);
    EXPECT_EQ(kv.get("k").value(), "3");
}

TEST(Kv, a_file_keeps_what_was_set) {
    testing::Folder folder;
    {
        auto store = open_kv(folder.path() + "/kv.db");
        Kv& kv = *store;
        EXPECT_TRUE(kv.set("k", "1"));
    }
    EXPECT_EQ(open_kv(folder.path() + "/kv.db")->get("k").value(), "1");
    EXPECT_ANY_THROW(open_kv("/nowhere/at/all/kv.db"));
}

}  // namespace
}  // namespace heddle::wire
