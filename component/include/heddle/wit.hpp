// WIT: packages of interfaces and worlds, as text and as a resolved model.
//
//   auto resolved = heddle::wit::resolve({{"app.wit", "package demo:app; interface greet { hello: func(name: string) -> string; }"}});
//   std::string text = heddle::wit::print(*resolved, resolved->packages[0]);
//
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/WIT.md
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/types.hpp>

namespace heddle::wit {

enum class Prim : u8 { bool_, s8, u8, s16, u16, s32, u32, s64, u64, f32, f64, char_, string, error_context };

// "bool", "s8", …, "error-context"
std::string_view to_string(Prim p);

// A primitive type, or an index into Resolve::types.
struct Type {
    std::optional<Prim> prim;
    heddle::u32 index = 0;

    static Type of(Prim p) { return {p, 0}; }
    static Type defined(heddle::u32 index) { return {std::nullopt, index}; }
    friend bool operator==(const Type&, const Type&) = default;
};

// @since, @unstable and @deprecated. https://github.com/WebAssembly/component-model/blob/main/design/mvp/WIT.md#feature-gates
struct Gate {
    std::optional<std::string> since, feature, deprecated;
    bool empty() const { return !since && !feature && !deprecated; }
    friend bool operator==(const Gate&, const Gate&) = default;
};

struct Field {
    std::string name, docs;
    Type type;
};
struct Case {
    std::string name, docs;
    std::optional<Type> type;
};
struct Label {  // of flags and enums
    std::string name, docs;
};

struct Record {
    std::vector<Field> fields;
};
struct Flags {
    std::vector<Label> flags;
};
struct Variant {
    std::vector<Case> cases;
};
struct Enum {
    std::vector<Label> cases;
};
struct Tuple {
    std::vector<Type> types;
};
struct Option {
    Type type;
};
struct ResultType {
    std::optional<Type> ok, error;
};
struct List {
    Type type;
    std::optional<u32> length;  // a fixed-length list
};
struct Map {
    Type key, value;
};
struct Stream {
    std::optional<Type> type;
};
struct Future {
    std::optional<Type> type;
};
struct Resource {};
struct Handle {  // own<R> or borrow<R>
    u32 resource = 0;
    bool own = true;
};
struct Alias {
    Type type;
};  // `type a = b;` and names brought in by `use`

struct TypeDef {
    using Kind = std::variant<Record, Flags, Variant, Enum, Tuple, Option, ResultType, List, Map, Stream, Future, Resource, Handle, Alias>;
    enum class Owner : u8 { none, interface, world };

    std::string name;  // empty for anonymous types
    Kind kind;
    Owner owner = Owner::none;
    u32 owner_index = 0;
    bool used = false;  // an Alias made by `use`
    std::string docs;
    Gate gate;
};

struct Param {
    std::string name;
    Type type;
};

struct Function {
    enum class Kind : u8 { freestanding, method, static_, constructor };

    std::string name;  // as in WIT: "read"; the constructor's is empty
    Kind kind = Kind::freestanding;
    u32 resource = 0;  // of methods, statics and constructors: index into Resolve::types
    bool async = false;
    std::vector<Param> params;  // a method's `self` included
    std::optional<Type> result;
    std::string docs;
    Gate gate;
};

struct Interface {
    std::optional<std::string> name;  // none: written inline in a world
    u32 package = 0;
    std::vector<u32> types;  // into Resolve::types, in order
    std::vector<Function> functions;
    std::string docs;
    Gate gate;
};

// What a world imports or exports under a name.
struct WorldItem {
    enum class Kind : u8 { interface, function, type };

    Kind kind = Kind::function;
    std::string name;  // the plain name; empty for an interface under its own full name
    u32 index = 0;     // interface or type
    Function function;
    std::optional<std::string> external_id;
    bool implied = false;  // imported because another interface uses its types, not because the text says so
    Gate gate;
};

struct World {
    std::string name;
    u32 package = 0;
    std::vector<WorldItem> imports, exports;
    std::string docs;
    Gate gate;
};

struct PackageName {
    std::string namespace_, name;
    std::optional<std::string> version;

    std::string to_string() const;                                 // "wasi:io@0.2.12"
    std::string interface_name(std::string_view interface) const;  // "wasi:io/streams@0.2.12"
    friend bool operator==(const PackageName&, const PackageName&) = default;
};

struct Package {
    PackageName name;
    std::vector<u32> interfaces, worlds;
    std::string docs;
};

// Everything that was resolved together. Indices refer to these vectors.
struct Resolve {
    std::vector<TypeDef> types;
    std::vector<Interface> interfaces;
    std::vector<World> worlds;
    std::vector<Package> packages;

    std::optional<u32> find_package(const PackageName& name) const;
    std::optional<u32> find_interface(u32 package, std::string_view name) const;
    std::optional<u32> find_world(u32 package, std::string_view name) const;
    // The named type of an interface.
    std::optional<u32> find_type(u32 interface, std::string_view name) const;
    // "wasi:io/streams@0.2.12", or empty for an inline interface.
    std::string interface_name(u32 interface) const;
    // The type behind aliases.
    u32 resolve_alias(u32 type) const;
    // "list<tuple<string, u32>>" as WIT text, with the names of named types.
    std::string to_string(const Type& type) const;
    // The structure behind a named type: "tuple<string, u32>"; records and the like give just their keyword.
    std::string to_string(const TypeDef::Kind& kind) const;
    // The canonical name of a function in its interface: "[method]input-stream.read".
    std::string canonical_name(const Function& function) const;
};

struct Source {
    std::string path;  // for messages only
    std::string text;
};

struct Options {
    std::vector<std::string> features;  // @unstable features that are turned on
    bool all_features = false;
};

// Parses the files and resolves all packages in them, in whatever order they come: files of one package, its dependencies, nested packages.
// A file without a package declaration belongs to the one package that another of the files declares. Errors: syntax (message starts with
// path:line:column).
Result<Resolve> resolve(std::span<const Source> sources, const Options& options = {});
inline Result<Resolve> resolve(std::initializer_list<Source> sources, const Options& options = {}) {
    return resolve(std::span(sources.begin(), sources.size()), options);
}

// The package that the first of the files with a package declaration is about. Errors: syntax.
Result<PackageName> main_package(std::span<const Source> sources);

// One package as WIT text; resolve(print(…)) gives the same package.
std::string print(const Resolve& resolve, const Package& package);

// One package as it stands inside a file of another: `package a:b { … }`.
std::string print_nested(const Resolve& resolve, const Package& package);

// A name as WIT text: a keyword gets a % before it.
std::string escaped(std::string_view name);

// "demo", "TLS-alert", "sha-256". https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#import-and-export-definitions
bool is_label(std::string_view s);

}  // namespace heddle::wit
