// What `heddle wit derive` makes of a plug-in's world.
#include <gtest/gtest.h>

#include <heddle/component_tools.hpp>

#include "support.hpp"

namespace heddle::component::tools {
namespace {

Result<WitOf> derive(const std::string& text, std::string_view world = "") {
    auto r = wit::resolve({{"world.wit", text}});
    if (!r) return std::unexpected(r.error());
    auto package = r->find_package(*wit::main_package(std::vector<wit::Source>{{"world.wit", text}}));
    auto w = find_world(*r, *package, world);
    if (!w) return std::unexpected(w.error());
    return derive_plugin({*r, *package, std::nullopt}, *w);
}

std::string package_of(const std::string& text, std::string_view world = "") {
    auto w = derive(text, world);
    return w ? wit::print(w->resolve, w->resolve.packages[w->package]) : w.error().message;
}

const char* const codec = R"(package demo:plug@1.2.0;

/// Makes text shorter.
interface codec {
  record stats { calls: u32, bytes: u64 }
  variant mode { plain, keyed(string) }
  resource session {
    constructor(key: string);
    open: static func(m: mode) -> result<session, string>;
    feed: func(s: string) -> u32;
    merge: func(other: session, plugin: borrow<session>) -> stats;
    is-empty: static func(plugin: u8) -> bool;
  }
  sum: func(s: string) -> u32;
  reset: func();
  check: func(s: string) -> result<stats, string>;
  later: async func(s: list<session>) -> option<session>;
}
world plug { export codec; }
)";

TEST(Derive, functions_become_methods_of_the_plugin_and_may_fail) {
    EXPECT_EQ(package_of(codec), R"(/// Plug-ins by handles, derived from demo:plug/plug@1.2.0.
package demo:plug-plugin@1.2.0;

/// Makes text shorter.
interface codec {
  use heddle:plugins/loader@0.1.0.{instance, load-error, call-error};

  /// One plug-in, as what it can do.
  resource plugin {
    /// The instance must export all of this interface.
    bind: static func(i: borrow<instance>) -> result<plugin, load-error>;
    sum: func(s: string) -> result<u32, call-error>;
    reset: func() -> result<_, call-error>;
    check: func(s: string) -> result<result<stats, string>, call-error>;
    later: async func(s: list<session>) -> result<option<session>, call-error>;
  }

  record stats {
    calls: u32,
    bytes: u64,
  }

  variant mode {
    plain,
    keyed(string),
  }

  resource session {
    new: static func(plugin: borrow<plugin>, key: string) -> result<session, call-error>;
    open: static func(plugin: borrow<plugin>, m: mode) -> result<result<session, string>, call-error>;
    feed: func(s: string) -> result<u32, call-error>;
    merge: func(other: session, plugin: borrow<session>) -> result<stats, call-error>;
    is-empty: static func(the-plugin: borrow<plugin>, plugin: u8) -> result<bool, call-error>;
  }
}

/// What a component imports that holds such plug-ins: `include` it.
world imports {
  import heddle:plugins/loader@0.1.0;
  import codec;
}
)");
}

TEST(Derive, what_it_mentions_comes_along_and_parses_again) {
    auto w = derive(codec);
    ASSERT_TRUE(w) << w.error().message;
    std::string text = print(*w);
    auto again = wit::resolve({{"derived.wit", text}});
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(print(WitOf{*again, *again->find_package({"demo", "plug-plugin", "1.2.0"}), std::nullopt}), text);
    EXPECT_NE(text.find("package heddle:plugins@0.1.0 {"), text.npos);
    EXPECT_EQ(text.find("package demo:plug@"), text.npos);
}

TEST(Derive, functions_of_the_world_itself_are_in_an_interface_of_its_name) {
    EXPECT_EQ(package_of(R"(package demo:plug;
interface kinds { enum kind { a, b } record unused { k: kind } }
world simple {
  use kinds.{kind, unused as other};
  import log: func(s: string);
  export run: func(k: kind) -> string;
}
)"),
              R"(/// Plug-ins by handles, derived from demo:plug/simple.
package demo:plug-plugin;

interface simple {
  use heddle:plugins/loader@0.1.0.{instance, load-error, call-error};
  use demo:plug/kinds.{kind};

  /// One plug-in, as what it can do.
  resource plugin {
    /// The instance must export all of this interface.
    bind: static func(i: borrow<instance>) -> result<plugin, load-error>;
    run: func(k: kind) -> result<string, call-error>;
  }
}

/// What a component imports that holds such plug-ins: `include` it.
world imports {
  import heddle:plugins/loader@0.1.0;
  import simple;
}
)");
}

TEST(Derive, resources_of_one_interface_are_used_in_another) {
    std::string text = package_of(R"(package demo:plug;
interface a { use b.{item}; take: func(i: item) -> borrowed; record borrowed { items: list<item> } }
interface b { resource item { name: func() -> string; } }
world both { export a; export b; export extra: interface { use b.{item}; look: func(i: borrow<item>); } }
)");
    EXPECT_NE(text.find("interface a {\n  use heddle:plugins/loader@0.1.0.{instance, load-error, call-error};\n  use b.{item};"), text.npos) << text;
    EXPECT_NE(text.find("take: func(i: item) -> result<borrowed, call-error>;"), text.npos) << text;
    EXPECT_NE(text.find("interface extra {"), text.npos) << text;
    EXPECT_NE(text.find("look: func(i: borrow<item>) -> result<_, call-error>;"), text.npos) << text;
}

TEST(Derive, interfaces_of_other_packages_are_derived_beside) {
    auto w = derive("package demo:plug; world w { export other:lib/x@2.0.0; } package other:lib@2.0.0 { interface x { f: func(); } }");
    ASSERT_TRUE(w) << w.error().message;
    EXPECT_NE(print(*w).find("package other:lib-plugin@2.0.0 {"), std::string::npos) << print(*w);
}

TEST(Derive, what_cannot_cross_is_refused_with_words) {
    const std::pair<const char*, const char*> cases[] = {
        {"package a:b; interface i { f: func() -> stream<u8>; } world w { export i; }", "a stream cannot go from one zone to another"},
        {"package a:b; interface i { f: func(x: option<future>); } world w { export i; }", "a future cannot go from one zone to another"},
        {"package a:b; interface i { f: func(x: error-context); } world w { export i; }", "an error-context cannot go"},
        {"package a:b; interface io { resource r; } interface i { use io.{r}; f: func(x: r); } world w { import io; export i; }",
         "resource r is none of the plug-in's exports"},
        {"package a:b; interface i { type instance = u8; f: func(x: instance); } world w { export i; }",
         "a:b-plugin/i: a type is called instance, a name that plug-ins' interfaces need"},
        {"package a:b; interface i { bind: func(); } world w { export i; }", "a function is called bind"},
        {"package a:b; interface i { resource r { constructor(); new: static func(); } } world w { export i; }", "a function is called new"},
        {"package a:b; interface i { f: func(); } world w { import i; }", "world w exports nothing"},
        {"package a:b; interface w { f: func(); } world v { export w: interface { f: func(); } export w; }", "two exports are called w"},
    };
    for (auto [text, words] : cases) {
        auto w = derive(text);
        ASSERT_FALSE(w) << text;
        EXPECT_NE(w.error().message.find(words), std::string::npos) << text << "\n" << w.error().message;
    }
}

}  // namespace
}  // namespace heddle::component::tools
