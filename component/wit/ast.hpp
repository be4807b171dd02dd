// WIT as written: names not yet looked up. parse() makes it from one file, resolve() turns all files into the model.
#pragma once
#include <memory>

#include "wit/lexer.hpp"

namespace heddle::wit::ast {

struct Name {
    std::string_view text;
    u32 offset = 0;
};

// `id` of this package or file, or `ns:package/id@version`.
struct Path {
    std::optional<PackageName> package;
    Name name;
};

struct TypeExpr {
    enum class Kind : u8 { prim, name, list, option, result, tuple, own, borrow, stream, future, map };

    Kind kind = Kind::prim;
    Prim prim = Prim::bool_;
    Name name;  // name, own, borrow
    std::vector<TypeExpr> args;
    bool has_ok = false, has_error = false;  // result: which of args are there
    std::optional<u32> length;               // list
    u32 offset = 0;
};

struct Func {
    Name name;
    Function::Kind kind = Function::Kind::freestanding;
    bool async = false;
    std::vector<std::pair<Name, TypeExpr>> params;
    std::optional<TypeExpr> result;
    std::string docs;
    Gate gate;
};

struct Member {  // of a record, variant, flags or enum
    Name name;
    std::optional<TypeExpr> type;
    std::string docs;
};

struct TypeDecl {
    enum class Kind : u8 { record, flags, variant, enum_, resource, alias };

    Kind kind = Kind::alias;
    Name name;
    std::vector<Member> members;
    std::vector<Func> functions;   // resource
    std::optional<TypeExpr> type;  // alias
    std::string docs;
    Gate gate;
};

struct Use {
    Path from;
    std::vector<std::pair<Name, Name>> names;  // name, name here
    Gate gate;
};

struct Interface {
    Name name;  // empty when inline
    std::vector<std::variant<Use, TypeDecl, Func>> items;
    std::string docs;
    Gate gate;
};

struct ImportExport {
    bool import = true;
    Name name;  // empty for a bare path
    std::variant<Func, Interface, Path> what;
    std::optional<std::string> external_id;
    std::string docs;
    Gate gate;
};

struct Include {
    Path world;
    std::vector<std::pair<Name, Name>> renames;
    Gate gate;
};

struct World {
    Name name;
    std::vector<std::variant<Use, TypeDecl, ImportExport, Include>> items;
    std::string docs;
    Gate gate;
};

struct TopUse {
    Path path;
    Name as;
};

// The items between a package declaration and the end of the file, or inside the braces of a nested package.
struct PackageItems {
    const Source* source = nullptr;
    std::optional<PackageName> package;  // none: the file says nothing
    std::string docs;
    std::vector<TopUse> uses;
    std::vector<Interface> interfaces;
    std::vector<World> worlds;
};

// The file itself first, then its nested packages. Views point into the source's text.
std::vector<PackageItems> parse(const Source& source);

}  // namespace heddle::wit::ast
