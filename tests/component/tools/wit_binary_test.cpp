#include <heddle/bytes.hpp>

#include "component/tools/support.hpp"

using namespace heddle;
using namespace heddle::component::tools;
using namespace heddle::component::tools::testing;

namespace {

const std::string app = R"(package demo:app@1.2.0;

interface types {
  record point {
    x: s32,
    y: s32,
  }
  variant shape {
    circle(f64),
    path(list<point>),
    nothing,
  }
  flags rights {
    read,
    write,
  }
  enum color {
    red,
    green,
  }
  type id = u64;
  type ids = list<id>;
  resource file {
    constructor(path: string);
    read: func(n: u64) -> result<list<u8>, string>;
    open: static func(path: string) -> file;
  }
  all: func(a: option<point>, b: result, c: result<_, string>, d: tuple<u8, char>, f: stream<u8>, g: future, h: borrow<file>) -> map<string, u32>;
}

interface api {
  use types.{file, point as spot};

  move: async func(p: spot, f: file) -> list<spot>;
}

world plug {
  use types.{color};
  import types;
  import log: func(line: string);
  import extra: interface {
    hi: func();
  }
  export paint: func(c: color);
  export api;
}
)";

// The package of `text` in binary form and back.
std::string round_trip(const std::string& text) {
    Engine engine;
    auto bytes = encode_package(packages(text), 0);
    if (!bytes) return bytes.error().to_string();
    auto back = read_wit(engine, *bytes);
    return back ? wit::print(back->resolve, back->resolve.packages[back->package]) : back.error().to_string();
}

}  // namespace

TEST(WitBinary, a_package_survives_its_binary_form) {
    wit::Resolve r = packages(app);
    EXPECT_EQ(round_trip(app), wit::print(r, r.packages[0]));
}

const std::string documented = R"(/// A package
/// of two lines.
package demo:docs@1.0.0;

/// Types "quoted", with a \\ and \t tab and ä.
@since(version = 0.9.0)
interface types {
  /// A place.
  @since(version = 0.9.1)
  @deprecated(version = 1.0.0)
  record point {
    /// To the right.
    x: s32,
    y: s32,
  }

  /// What it is.
  variant shape {
    /// Round.
    circle(f64),
    nothing,
  }

  flags rights {
    /// May look.
    read,
    write,
  }

  enum color {
    red,
    /// Like grass.
    green,
  }

  /// A file.
  resource file {
    /// Opens it.
    constructor(path: string);
    /// Reads.
    @unstable(feature = fast)
    read: func(n: u64) -> list<u8>;
  }

  /// All of them.
  @unstable(feature = fast)
  @deprecated(version = 1.0.0)
  all: func(p: point);
}

/// Who does it.
@since(version = 1.0.0)
world plug {
  /// For dates.
  type date = u64;
  @since(version = 1.0.0)
  import types;
  /// Writes a line.
  @since(version = 0.9.0)
  import log: func(line: string);
  /// More.
  @unstable(feature = fast)
  import extra: interface {
    /// Greets.
    hi: func();
  }

  /// Greets too.
  export log: func(line: string);
  @unstable(feature = fast)
  export types;
}
)";

TEST(WitBinary, documentation_and_feature_gates_survive_the_binary_form) {
    auto r = wit::resolve({{"docs.wit", documented}}, wit::Options{{}, true});
    ASSERT_TRUE(r) << r.error().to_string();
    EXPECT_EQ(wit::print(*r, r->packages[0]), documented);
    Engine engine;
    auto bytes = encode_package(*r, 0);
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    auto back = read_wit(engine, *bytes);
    ASSERT_TRUE(back) << back.error().to_string();
    EXPECT_EQ(wit::print(back->resolve, back->resolve.packages[back->package]), documented);
}

// Functions' documentation was a string in the first version; what is unknown is read over, what is broken is told.
TEST(WitBinary, other_documentation_sections_are_read) {
    Engine engine;
    auto with = [&](const std::string& section) {
        auto bytes = *encode_package(packages("package a:b;\n\ninterface i {\n  f: func();\n}\n"), 0);
        heddle::Writer w;
        w.name("package-docs");
        w.span({reinterpret_cast<const heddle::u8*>(section.data()), section.size()});
        bytes.push_back(0);
        bytes.push_back(heddle::u8(w.bytes.size()));
        bytes.insert(bytes.end(), w.bytes.begin(), w.bytes.end());
        auto text = wit_of(engine, bytes);
        return text ? *text : text.error().to_string();
    };
    using namespace std::string_literals;
    EXPECT_NE(with("\0{\"interfaces\":{\"i\":{\"funcs\":{\"f\":\"old\",\"g\":\"gone\"}}}}"s).find("  /// old\n  f: func();"), std::string::npos);
    EXPECT_NE(with("\1 { \"later\" : [1, {\"x\": null}, true], \"docs\": \"\\u00e4\\ud83c\\udf70\" } "s).find("/// \xc3\xa4\xf0\x9f\x8d\xb0\npackage a:b;"), std::string::npos);
    for (const std::string& bad : {""s, "\2{}"s, "\1"s, "\1{"s, "\1{\"docs\"}"s, "\1{\"docs\":\"a"s, "\1{} {}"s, "\1{\"docs\":\"\\ud800\"}"s, "\1{\"docs\":\"\\x\"}"s,
                                   "\1" + std::string(120, '[')})
        EXPECT_NE(with(bad).find("malformed"), std::string::npos) << bad << ": " << with(bad);
}

TEST(WitBinary, packages_name_those_they_use) {
    std::string text = "package a:one@0.1.0; interface i { use b:two/t@2.0.0.{r}; f: func(x: r); } world w { import i; }\n"
                       "package b:two@2.0.0 { interface t { record r { n: u8 } } }";
    Engine engine;
    wit::Resolve r = packages(text);
    auto bytes = encode_package(r, *r.find_package({"a", "one", "0.1.0"}));
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    std::string back = *wit_of(engine, *bytes);
    EXPECT_NE(back.find("use b:two/t@2.0.0.{r};"), std::string::npos) << back;
    EXPECT_NE(back.find("package b:two@2.0.0 {\n  interface t {"), std::string::npos) << back;
}

TEST(WitBinary, a_world_in_a_core_module_is_read_back) {
    Engine engine;
    auto w = read_wit(engine, embedded(app, "plug", "(module)", Encoding::utf16));
    ASSERT_TRUE(w) << w.error().to_string();
    ASSERT_TRUE(w->world);
    EXPECT_EQ(w->resolve.worlds[*w->world].name, "plug");
    std::string text = wit::print(w->resolve, w->resolve.packages[w->package]);
    for (const char* part : {"world plug {", "use types.{color};", "import log: func(line: string);", "import extra: interface {", "export api;", "export paint: func(c: color);"})
        EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(WitBinary, attributes_of_names_are_kept) {
    std::string text = "package a:b;\n\ninterface i {\n  f: func();\n}\n\nworld w {\n  import x: i;\n  @external-id(\"some id\")\n  import g: func();\n}\n";
    EXPECT_EQ(round_trip(text), text);
}

TEST(WitBinary, a_resource_keeps_its_functions_beside_an_alias) {
    Engine engine;
    std::string wit = "package a:b; interface i { resource fields { constructor(); get: func() -> u32; } type trailers = fields; f: func(x: trailers); } world w { import i; }";
    auto core = embedded(wit, "w", R"((module (import "a:b/i" "[constructor]fields" (func (result i32))) (import "a:b/i" "f" (func (param i32)))))");
    auto made = make_component(engine, core);
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_NE(wit_of(engine, *made)->find("resource fields {\n      constructor();\n    }"), std::string::npos) << *wit_of(engine, *made);
}

TEST(WitBinary, several_worlds_in_one_module_are_put_together) {
    Engine engine;
    wit::Resolve one = packages("package a:b; world one { import f: func(); }"), two = packages("package a:b; world two { import g: func(x: u8); export h: func(); }");
    std::vector<u8> both = *embed(two, 0, *embed(one, 0, core("(module)")));
    std::string text = *wit_of(engine, both);
    EXPECT_NE(text.find("world one {\n  import f: func();\n  import g: func(x: u8);\n\n  export h: func();\n}"), std::string::npos) << text;
    wit::Resolve other = packages("package a:b; world two { import f: func(x: u8); }");
    auto clash = wit_of(engine, *embed(other, 0, *embed(one, 0, core("(module)"))));
    ASSERT_FALSE(clash);
    EXPECT_NE(clash.error().message.find("`f` of world `one` is two things: `func()` and `func(x: u8)`"), std::string::npos) << clash.error().message;
}

TEST(WitBinary, what_is_no_wit_is_told) {
    Engine engine;
    EXPECT_NE(wit_of(engine, core("(module)")).error().message.find("no world in it"), std::string::npos);
    EXPECT_EQ(wit_of(engine, std::vector<u8>{1, 2, 3}).error().kind, Error::Kind::malformed);
    auto odd = component::assemble("(component (core module $m) (export \"m\" (core module $m)))");
    EXPECT_NE(wit_of(engine, *odd).error().message.find("cannot be written as WIT: `m` is a core module"), std::string::npos);
    EXPECT_EQ(embed(packages("package a:b; world w {}"), 0, *odd).error().kind, Error::Kind::malformed);
}

TEST(WitBinary, worlds_are_found_by_every_name_they_have) {
    wit::Resolve r = packages("package a:b@1.0.0; world one {} world two {}");
    EXPECT_EQ(*find_world(r, 0, "two"), 1u);
    EXPECT_EQ(*find_world(r, 0, "a:b/two@1.0.0"), 1u);
    EXPECT_NE(find_world(r, 0, "three").error().message.find("no world `three`: package a:b@1.0.0 has the worlds one, two"), std::string::npos);
    EXPECT_NE(find_world(r, 0, "").error().message.find("which world?"), std::string::npos);
}

TEST(WitBinary, damaged_sections_are_errors) {
    Engine engine;
    std::vector<u8> good = embedded(app, "plug", "(module)");
    for (std::size_t at = 24; at < good.size(); at += 3) {
        std::vector<u8> bad = good;
        bad[at] ^= 0x55;
        (void)wit_of(engine, bad);
        bad = good;
        bad.resize(at);
        (void)wit_of(engine, bad);
    }
}
