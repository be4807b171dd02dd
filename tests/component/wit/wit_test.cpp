#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <heddle/wit.hpp>

using namespace heddle;
using namespace heddle::wit;

namespace {

std::string error_of(const std::string& text) {
    auto r = resolve({{"a.wit", text}});
    return r ? "" : r.error().message;
}

Resolve must(std::initializer_list<Source> sources, const Options& options = {}) {
    auto r = resolve(sources, options);
    EXPECT_TRUE(r) << (r ? "" : r.error().message);
    return r ? *r : Resolve{};
}

// Printing and reading again gives the same text.
void round_trips(const std::string& text) {
    Resolve r = must({{"a.wit", text}});
    ASSERT_FALSE(r.packages.empty());
    std::string once = print(r, r.packages[0]);
    Resolve again = must({{"b.wit", once}});
    ASSERT_FALSE(again.packages.empty()) << once;
    EXPECT_EQ(once, print(again, again.packages[0]));
}

}  // namespace

TEST(WitLabel, words_are_all_lower_or_all_upper_case) {
    for (const char* good : {"a", "demo", "TLS-alert", "sha-256", "a1-b2", "x-1"}) EXPECT_TRUE(is_label(good)) << good;
    for (const char* bad : {"", "-a", "a-", "a--b", "1a", "aB", "a_b", "Tls", "a.b"}) EXPECT_FALSE(is_label(bad)) << bad;
}

TEST(WitParser, every_type_form) {
    Resolve r = must({{"a.wit", R"(package demo:app@1.2.3-rc.1;
        interface types {
            record point { x: s32, y: s32 }
            variant shape { circle(f64), box(tuple<f64, f64>), nothing }
            flags rights { read, write }
            enum color { red, green }
            type id = u64;
            type bytes = list<u8>;
            type four = list<u8, 4>;
            resource file { constructor(path: string); read: func(n: u64) -> result<list<u8>, string>; open: static async func() -> file; }
            all: func(a: option<point>, b: result, c: result<_, string>, d: result<u8>, e: map<string, u32>, f: stream<u8>, g: future, h: borrow<file>, i: file,
                      j: error-context, k: list<list<char>>) -> tuple<bool, s8, u16, s64, f32>;
        })"}});
    ASSERT_EQ(r.interfaces.size(), 1u);
    const Interface& i = r.interfaces[0];
    EXPECT_EQ(i.types.size(), 8u);
    ASSERT_EQ(i.functions.size(), 4u);
    EXPECT_EQ(r.canonical_name(i.functions[0]), "[constructor]file");
    EXPECT_EQ(r.canonical_name(i.functions[1]), "[method]file.read");
    EXPECT_EQ(r.canonical_name(i.functions[2]), "[static]file.open");
    EXPECT_TRUE(i.functions[2].async);
    const Function& all = i.functions[3];
    const char* types[] = {"option<point>", "result", "result<_, string>", "result<u8>",      "map<string, u32>", "stream<u8>", "future",
                           "borrow<file>",  "file",   "error-context",     "list<list<char>>"};
    ASSERT_EQ(all.params.size(), std::size(types));
    for (std::size_t n = 0; n < std::size(types); ++n) EXPECT_EQ(r.to_string(all.params[n].type), types[n]);
    EXPECT_EQ(r.to_string(*all.result), "tuple<bool, s8, u16, s64, f32>");
    EXPECT_EQ(r.packages[0].name.to_string(), "demo:app@1.2.3-rc.1");
    EXPECT_EQ(r.interface_name(0), "demo:app/types@1.2.3-rc.1");
}

TEST(WitParser, keywords_are_names_behind_a_percent_sign) {
    Resolve r = must({{"a.wit", "package a:b; interface i { %type: func(%list: list<u8>); record %record { %u8: u8 } }"}});
    EXPECT_EQ(r.interfaces[0].functions[0].name, "type");
    round_trips("package a:b; interface i { %type: func(%list: list<%record>); record %record { %u8: u8 } }");
}

TEST(WitParser, docs_belong_to_the_next_item) {
    Resolve r = must({{"a.wit",
                       "/// The package.\npackage a:b;\n/// An interface.\n/// Two lines.\ninterface i { /** A function. */ f: func(); // not a "
                       "doc\n g: func(); }"}});
    EXPECT_EQ(r.packages[0].docs, "The package.");
    EXPECT_EQ(r.interfaces[0].docs, "An interface.\nTwo lines.");
    EXPECT_EQ(r.interfaces[0].functions[0].docs, "A function.");
    EXPECT_EQ(r.interfaces[0].functions[1].docs, "");
}

TEST(WitParser, errors_say_where_and_what_was_expected) {
    EXPECT_EQ(error_of("package a:b; interface i { f: func( }"), "a.wit:1:37: expected a parameter's name, found `}`");
    EXPECT_EQ(error_of("package a:b;\ninterface i { f: func() -> nope; }"), "a.wit:2:28: type `nope` is not defined");
    EXPECT_EQ(error_of("package a:b; interface i { type a = b; type b = a; }"), "a.wit:1:49: type `a` depends on itself");
    EXPECT_EQ(error_of("interface i {}"), "a.wit:1:1: no package: expected `package namespace:name;` in this file or in another of its folder");
    EXPECT_EQ(error_of("package a:b; interface i { use c:d/e.{f}; }"), "a.wit:1:36: unknown package `c:d` (known: a:b)");
    EXPECT_EQ(error_of("package a:b; interface i {} interface i {}"), "a.wit:1:39: `i` is defined more than once in package a:b");
    EXPECT_EQ(error_of("package a:b; interface i { f: func(); f: func(); }"), "a.wit:1:24: `f` is defined more than once in interface `i`");
    EXPECT_EQ(error_of("package a:b; interface i { f: func(x: map<f32, u8>); }"), "a.wit:1:39: a map's key is bool, an integer, char or string");
    EXPECT_EQ(error_of("package a:b; /* open"), "a.wit:1:14: unterminated block comment");
    EXPECT_EQ(error_of("package a:b@1.2; interface i {}"), "a.wit:1:13: `1.2` is not a version of the form major.minor.patch");
}

TEST(WitParser, deep_nesting_is_an_error_not_a_crash) {
    std::string deep = "u8", chain;
    for (int i = 0; i < 5000; ++i) deep = "list<" + deep + ">";
    EXPECT_NE(error_of("package a:b; interface i { type t = " + deep + "; }").find("nest deeper"), std::string::npos);
    for (int i = 0; i < 5000; ++i) chain += "type t" + std::to_string(i) + " = t" + std::to_string(i + 1) + "; ";
    EXPECT_NE(error_of("package a:b; interface i { " + chain + "type t5000 = u8; }").find("chain of more than"), std::string::npos);
}

TEST(WitResolve, use_crosses_files_and_packages) {
    Resolve r = must({{"app/a.wit", "package demo:app; interface a { use b.{t as u}; f: func(x: u); }"},
                      {"app/b.wit", "use other:lib/types@0.1.0 as lib; interface b { use lib.{t}; }"},
                      {"deps/lib.wit", "package other:lib@0.1.0; interface types { record t { n: u8 } }"}});
    u32 a = *r.find_interface(*r.find_package({"demo", "app", std::nullopt}), "a");
    u32 u = *r.find_type(a, "u");
    EXPECT_TRUE(std::holds_alternative<Record>(r.types[r.resolve_alias(u)].kind));
}

TEST(WitResolve, a_world_imports_what_its_interfaces_use) {
    Resolve r = must({{"a.wit", R"(package a:b;
        interface types { resource r; }
        interface api { use types.{r}; f: func(x: borrow<r>); }
        interface out { use types.{r}; g: func() -> r; }
        world w { import api; export out; }
        world v { export types; export out; })"}});
    const World& w = r.worlds[0];
    ASSERT_EQ(w.imports.size(), 2u);
    EXPECT_EQ(r.interface_name(w.imports[0].index), "a:b/types");
    EXPECT_TRUE(w.imports[0].implied);
    EXPECT_FALSE(w.imports[1].implied);
    EXPECT_TRUE(r.worlds[1].imports.empty());  // both come from the exports
}

TEST(WitResolve, include_unites_worlds_and_renames) {
    Resolve r = must({{"a.wit", R"(package a:b;
        interface i {}
        world base { import i; import log: func(s: string); export run: func(); }
        world w { include base with { log as print }; import i; })"}});
    const World& w = *std::ranges::find(r.worlds, std::string("w"), &World::name);
    ASSERT_EQ(w.imports.size(), 2u);
    EXPECT_EQ(w.imports[1].name, "print");
    EXPECT_EQ(w.exports.size(), 1u);
    EXPECT_NE(error_of("package a:b; world x { import f: func(); } world y { import f: func(); include x; }").find("imported or exported twice"),
              std::string::npos);
}

TEST(WitResolve, unstable_items_need_their_feature) {
    const char* text = "package a:b@1.0.0; interface i { @since(version = 1.0.0) f: func(); @unstable(feature = fancy) g: func(); }";
    EXPECT_EQ(must({{"a.wit", text}}).interfaces[0].functions.size(), 1u);
    EXPECT_EQ(must({{"a.wit", text}}, {{"fancy"}, false}).interfaces[0].functions.size(), 2u);
}

TEST(WitResolve, nested_packages) {
    Resolve r = must({{"a.wit", "package a:b { interface i { use c:d/j.{t}; } } package c:d { interface j { type t = u8; } }"}});
    EXPECT_EQ(r.packages.size(), 2u);
}

TEST(WitPrinter, prints_what_it_reads) {
    round_trips(R"(package demo:app@1.0.0;
        interface types { record p { x: s32 } variant v { a(p), b } flags f { q } enum e { r } type l = list<p>;
            resource file { constructor(path: string); read: func() -> l; open: static func() -> result<file, e>; } }
        interface api { use types.{p, file as handle}; f: async func(a: p, b: borrow<handle>) -> option<handle>; }
        world w { import api; import inline: interface { f: func(); } import other: api; @external-id("x y") import log: func(s: string); use types.{v}; type t = v;
                  export run: func() -> result<_, string>; export types; })");
}

TEST(WitSuites, official_wasi_packages_have_the_known_counts_and_round_trip) {
    const char* suites = std::getenv("HEDDLE_SUITES");
    if (!suites) GTEST_SKIP() << "HEDDLE_SUITES is not set";
    struct {
        const char* version;
        std::size_t interfaces, functions, resources;
    } rows[] = {{"0.2.12", 32, 181, 25}, {"0.3.0", 26, 130, 9}};
    for (const auto& row : rows) {
        std::vector<Source> sources;
        for (const auto& e : std::filesystem::recursive_directory_iterator(std::filesystem::path(suites) / "wit" / row.version)) {
            if (e.path().extension() != ".wit") continue;
            std::stringstream text;
            text << std::ifstream(e.path()).rdbuf();
            sources.push_back({e.path().string(), text.str()});
        }
        auto r = resolve(sources, {{}, true});
        ASSERT_TRUE(r) << r.error().message;
        std::size_t functions = 0, resources = 0;
        std::vector<Source> printed;
        for (const Interface& i : r->interfaces) {
            functions += i.functions.size();
            for (u32 t : i.types) resources += std::holds_alternative<Resource>(r->types[t].kind);
        }
        EXPECT_EQ(r->interfaces.size(), row.interfaces);
        EXPECT_EQ(functions, row.functions);
        EXPECT_EQ(resources, row.resources);
        for (const Package& p : r->packages) printed.push_back({p.name.name + "/p.wit", print(*r, p)});
        auto again = resolve(printed, {{}, true});
        ASSERT_TRUE(again) << again.error().message;
        for (std::size_t i = 0; i < printed.size(); ++i)
            EXPECT_EQ(print(*again, again->packages[*again->find_package(r->packages[i].name)]), printed[i].text);
    }
}
