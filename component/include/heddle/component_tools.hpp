// Components made from core modules, taken apart, and put together. As files:
//
//   auto packages = heddle::wit::resolve({{"app.wit", text}});
//   auto embedded = tools::embed(*packages, world, core_bytes);               // a core module that says which world it is made for
//   auto component = tools::make_component(engine, *embedded);               // a component
//   auto both = tools::compose(engine, *component, {{"demo:app/greet", other}});
//   std::string text = *tools::wit_of(engine, *both);
//
// What the core module has to import and export is said in the folder's README.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <heddle/engine.hpp>
#include <heddle/wit.hpp>

namespace heddle::component::tools {

// ---- WIT out of files -----------------------------------------------------------------------------------------------------------------

// A world or package in binary form, together with the packages that it mentions.
struct WitOf {
    wit::Resolve resolve;
    u32 package = 0;            // the one that the file is about
    std::optional<u32> world;   // of a component, or of a core module made for it; none: the file is a package
};

// Of a component: what it imports and exports, as world `root` of package `root:component`. Of a package in binary form: the package. Of a core
// module: the world that was put into it. Errors: those of loading; invalid for what WIT cannot say; usage for a core module without a world.
Result<WitOf> read_wit(const Engine& engine, std::span<const u8> bytes);

// The package as text, and behind it in braces the others that it mentions.
std::string print(const WitOf& w);
Result<std::string> wit_of(const Engine& engine, std::span<const u8> bytes);

// A package in binary form: a component that exports one type per interface and world.
Result<std::vector<u8>> encode_package(const wit::Resolve& resolve, u32 package);

// The world of that name: "world", "ns:pkg/world@1.0.0", or none, when the package has one only. Errors: usage, with the names there are.
Result<u32> find_world(const wit::Resolve& resolve, u32 package, std::string_view name);

// From the world of a plug-in the package that a component imports which holds several instances of such plug-ins: each exported interface with a
// resource `plugin`, whose functions may fail. Names: package demo:app becomes demo:app-plugin; functions that the world exports itself are in an
// interface called like the world; world `imports` has all. The rules are in the folder's README.
// Errors: invalid (streams, resources that the plug-in imports, names that are taken).
Result<WitOf> derive_plugin(const WitOf& w, u32 world);

// ---- components out of core modules -----------------------------------------------------------------------------------------------------

enum class Encoding : u8 { utf8, utf16, latin1_utf16 };

// The module with the world in a custom section. Errors: malformed (no core module), invalid.
Result<std::vector<u8>> embed(const wit::Resolve& resolve, u32 world, std::span<const u8> module, Encoding encoding = Encoding::utf8);

// A core module that serves imports of the main one by imports of its own world: wasi_snapshot_preview1 by WASI 0.2.
struct Adapter {
    std::string name;  // the module name that the main module imports from
    std::vector<u8> bytes;
};

// The component of a core module with a world in it. Errors: usage (no world in it), unlinkable (the module imports what its world has not, or does
// not export what it has; core types that differ are both shown).
Result<std::vector<u8>> make_component(const Engine& engine, std::span<const u8> module, std::span<const Adapter> adapters = {});

// ---- components taken apart ---------------------------------------------------------------------------------------------------------------

struct CoreModulePart {
    std::string path;  // "0", "2.0": which module of which nested component
    std::string name;  // from its name section, or empty
    std::vector<u8> bytes;
};
// The core modules of a component and of the components in it, in their order. Errors: malformed.
Result<std::vector<CoreModulePart>> unbundle(std::span<const u8> component);

// ---- components put together ----------------------------------------------------------------------------------------------------------------

// A component that serves imports of others. `name`: the interface that it serves ("demo:app/greet@1.0.0", "demo:app/greet" or "greet"), or "*" or
// empty: whatever it exports.
struct Part {
    std::string name;
    std::vector<u8> bytes;
    std::string label;  // for messages: the file
};

// One component: the parts in it, their imports connected with what other parts export, the rest imported from outside, the exports of `main`
// exported. Errors: unlinkable (an import and the export that should serve it have different types, both shown; a part that serves nobody;
// parts that need each other), those of loading.
Result<std::vector<u8>> compose(const Engine& engine, const Part& main, std::span<const Part> parts);

}  // namespace heddle::component::tools
