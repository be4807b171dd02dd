#include "names.hpp"

#include <gtest/gtest.h>

namespace heddle::component {
namespace {

std::string fault(std::string_view name) {
    auto p = parse_extern_name(name);
    return p ? "" : p.error();
}

TEST(Names, labels_are_kebab_case_of_words_and_acronyms) {
    for (auto good : {"a", "a1", "a-1", "a-1-b-2", "B", "B1", "a11-B11-123-ABC-abc", "is-XML"}) EXPECT_TRUE(is_label(good)) << good;
    for (auto bad : {"", "1", "1-a", "a-", "a--b", "-a", "aB", "Ab", "a_b", "a.b", "a/b"}) EXPECT_FALSE(is_label(bad)) << bad;
}

TEST(Names, plain_names_are_taken_apart) {
    auto label = parse_extern_name("get-JSON");
    ASSERT_TRUE(label);
    EXPECT_EQ(label->kind, ParsedName::Kind::label);
    EXPECT_EQ(label->label, "get-JSON");
    EXPECT_FALSE(label->is_annotated());
    auto constructor = parse_extern_name("[constructor]file");
    ASSERT_TRUE(constructor);
    EXPECT_EQ(constructor->kind, ParsedName::Kind::constructor);
    EXPECT_EQ(constructor->resource, "file");
    auto method = parse_extern_name("[method]file.read-all");
    ASSERT_TRUE(method);
    EXPECT_EQ(method->kind, ParsedName::Kind::method);
    EXPECT_EQ(method->resource, "file");
    EXPECT_EQ(method->label, "read-all");
    EXPECT_EQ(parse_extern_name("[static]file.open")->kind, ParsedName::Kind::static_);
}

TEST(Names, interface_names_are_taken_apart) {
    auto p = parse_extern_name("wasi:http/types@0.2.12-rc.1+build");
    ASSERT_TRUE(p);
    EXPECT_EQ(p->kind, ParsedName::Kind::interface);
    EXPECT_EQ(p->package, "wasi:http");
    EXPECT_EQ(p->interface, "types");
    EXPECT_EQ(p->version, "0.2.12-rc.1+build");
    EXPECT_EQ(parse_extern_name("ns-1-a:b-1-c/D-2")->version, "");
    for (auto good : {"a-b:c-d/e-f@123456.7890.488", "a:b/c@0.0.0+abcd-efg", "a:b/c@0.0.0-abcd.1.2+efg.4.ee.5", "a:b/c@1", "a:b/c@0.2"})
        EXPECT_EQ(fault(good), "") << good;
}

TEST(Names, faults_are_said_in_the_suites_words) {
    struct Row {
        const char *name, *words;
    };
    for (auto [name, words] : std::initializer_list<Row>{{"", "`` is not in kebab case"},
                                                         {"aBc", "`aBc` is not in kebab case"},
                                                         {"wasi/http", "`wasi/http` is not in kebab case"},
                                                         {"wasi:", "`` is not in kebab case"},
                                                         {":/", "`` is not in kebab case"},
                                                         {"1:a/b", "`1` is not in kebab case"},
                                                         {"wasi:http/TyPeS", "`TyPeS` is not in kebab case"},
                                                         {"WaSi:http/types", "`WaSi` is not in kebab case"},
                                                         {"A:b/c", "`A` is not in lowercase kebab case"},
                                                         {"ns:pkg-A/b", "`pkg-A` is not in lowercase kebab case"},
                                                         {"foo:bar:baz/qux", "expected `/` after package name"},
                                                         {"foo:bar", "expected `/` after package name"},
                                                         {"foo:bar/baz/qux", "trailing characters found: `/qux`"},
                                                         {"a:b/c@", "empty string, expected a semver version"},
                                                         {"a:b/c@.", "unexpected character '.' while parsing major version number"},
                                                         {"a:b/c@1.", "unexpected end of input while parsing minor version number"},
                                                         {"a:b/c@a.2", "unexpected character 'a' while parsing major version number"},
                                                         {"a:b/c@2.b", "unexpected character 'b' while parsing minor version number"},
                                                         {"a:b/c@2.0x0", "unexpected character 'x' after minor version number"},
                                                         {"a:b/c@2.0.0+", "empty identifier segment in build metadata"},
                                                         {"a:b/c@2.0.0-", "empty identifier segment in pre-release identifier"},
                                                         {"[constructor]", "`` is not in kebab case"},
                                                         {"[method]a", "failed to find `.` character"},
                                                         {"[method]a.", "`` is not in kebab case"},
                                                         {"[static].a", "`` is not in kebab case"},
                                                         {"[method]a.b.c", "`b.c` is not in kebab case"},
                                                         {"[other]a", "`[other]a` is not in kebab case"}})
        EXPECT_EQ(fault(name), words) << name;
}

TEST(Names, versions_follow_semver) {
    auto v = parse_version("1.22.333-alpha.0-x+b.01");
    ASSERT_TRUE(v);
    EXPECT_EQ(v->major, 1u);
    EXPECT_EQ(v->minor, 22u);
    EXPECT_EQ(v->patch, 333u);
    EXPECT_EQ(v->prerelease, "alpha.0-x");
    EXPECT_EQ(v->build, "b.01");
    for (auto bad :
         {"", "1", "1.2", "01.2.3", "1.02.3", "1.2.3-01", "1.2.3-a..b", "1.2.3+", "1.2.3 ", "18446744073709551616.0.0", "1.2.3+a+b", "v1.2.3"})
        EXPECT_FALSE(parse_version(bad)) << bad;
    EXPECT_TRUE(parse_version("18446744073709551615.0.0"));
}

TEST(Names, versions_are_ordered_as_semver_orders_them) {
    const char* ascending[] = {"0.0.1",         "0.2.0-alpha", "0.2.0-alpha.1", "0.2.0-alpha.beta", "0.2.0-beta", "0.2.0-beta.2",
                               "0.2.0-beta.11", "0.2.0-rc.1",  "0.2.0",         "0.2.12",           "1.0.0",      "10.0.0"};
    for (std::size_t i = 0; i + 1 < std::size(ascending); ++i)
        EXPECT_LT(*parse_version(ascending[i]), *parse_version(ascending[i + 1])) << ascending[i];
    EXPECT_EQ(*parse_version("1.0.0+a"), *parse_version("1.0.0+b"));
}

TEST(Names, canonical_versions_end_behind_the_first_number_that_is_not_zero) {
    EXPECT_EQ(canonical_version("1.2.3"), "1");
    EXPECT_EQ(canonical_version("0.2.6-rc.1"), "0.2");
    EXPECT_EQ(canonical_version("0.0.1-alpha"), "0.0.1");
    EXPECT_EQ(canonical_version("0.0.0"), "0.0.0");
    for (auto good : {"1", "20", "0.2", "0.0.1", "0.0.0"}) EXPECT_TRUE(is_canonical_version(good)) << good;
    for (auto bad : {"", "0", "0.0", "01", "1.2", "0.2.1", "0.0.01", "0.0.0.0", "a"}) EXPECT_FALSE(is_canonical_version(bad)) << bad;
}

TEST(Names, strong_uniqueness_ignores_case_and_annotations_but_constructors) {
    EXPECT_EQ(uniqueness_key("foo-BAR"), uniqueness_key("FOO-bar"));
    EXPECT_EQ(uniqueness_key("[method]foo.foo"), uniqueness_key("foo"));
    EXPECT_EQ(uniqueness_key("[static]foo-BAR.FOO-bar"), uniqueness_key("foo-bar"));
    EXPECT_EQ(uniqueness_key("[method]foo.bar"), uniqueness_key("[static]foo.BAR"));
    EXPECT_EQ(uniqueness_key("foo:bar/BAZ"), uniqueness_key("foo:bar/baz"));
    EXPECT_NE(uniqueness_key("[constructor]foo"), uniqueness_key("foo"));
    EXPECT_NE(uniqueness_key("[method]foo.bar"), uniqueness_key("foo"));
}

TEST(Names, interfaces_match_along_their_version_track) {
    EXPECT_TRUE(names_match("wasi:io/streams@0.2.3", "wasi:io/streams@0.2.12"));
    EXPECT_TRUE(names_match("wasi:io/streams@0.2.12", "wasi:io/streams@0.2.3"));
    EXPECT_TRUE(names_match("wasi:io/streams@0.2", "wasi:io/streams@0.2.3"));
    EXPECT_TRUE(names_match("a:b/c@1.0.0", "a:b/c@1.9.0"));
    EXPECT_TRUE(names_match("a:b/c@0.3.0-rc.1", "a:b/c@0.3.0-rc.1"));
    EXPECT_FALSE(names_match("a:b/c@0.3.0-rc.1", "a:b/c@0.3.0"));
    EXPECT_FALSE(names_match("a:b/c@0.2.0", "a:b/c@0.3.0"));
    EXPECT_FALSE(names_match("a:b/c@0.0.1", "a:b/c@0.0.2"));
    EXPECT_FALSE(names_match("a:b/c@1.0.0", "a:b/d@1.0.0"));
    EXPECT_FALSE(names_match("a:b/c", "a:b/c@1.0.0"));
    EXPECT_TRUE(names_match("plain", "plain"));
    EXPECT_FALSE(names_match("plain", "Plain"));
}

}  // namespace
}  // namespace heddle::component
