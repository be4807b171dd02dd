// The shapes that an app's types take where values are typed: in WIT, and in what `heddle gen` writes. One table, from which kind `wit` converts
// values and all generators read.
//
//     string, and its formats        string          object with properties     record (names in kebab case)
//     string of format byte          list<u8>        object of one type         list<tuple<string, T>>
//     integer, number, boolean       s64, f64, bool  enum of strings            enum
//     array; of fixed length         list; tuple     anyOf, oneOf               variant (cases named by title, else case-1 …)
//     T or null, or not required     option<T>       recursive, anything else   string with JSON text
#pragma once
#include <expected>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/component_values.hpp>

#include "manifest.hpp"

namespace heddle::wire {

struct Shape {
    enum class Kind : u8 { json, boolean, integer, number, string, bytes, option, list, tuple, record, enumeration, variant, map };
    struct Part {
        std::string json, name;          // as a key, label or title in JSON; in kebab case
        u32 shape = 0;                   // none for labels
        u32 type = Types::anything;      // that a variant's case is chosen by
        bool required = true;            // a record's: absent otherwise, when it is none
    };
    Kind kind = Kind::json;
    std::string name;                    // records, enumerations, variants: "person"
    std::string title;
    std::vector<Part> parts;             // option, list, map: one; tuple, record, variant, enumeration: each
};

struct OpShape {
    const MaterializerConfig* config = nullptr;
    std::string name;                    // "say-hello"
    u32 input = 0, output = 0;
    component::FunctionType handler() const;  // func(input: T) -> result<U, handler-error>
    component::FunctionType exposed() const;  // func(input: T) -> result<U, call-error>
    const class Shapes* shapes = nullptr;
};

class Shapes {
public:
    // Of the inputs and outputs of all materializers.
    explicit Shapes(const Manifest& manifest);
    Shapes(const Shapes&) = delete;

    const Shape& operator[](u32 shape) const { return shapes_[shape]; }
    u32 size() const { return u32(shapes_.size()); }  // a shape comes after those it is made of
    const std::vector<OpShape>& ops() const { return ops_; }
    const OpShape* find(std::string_view op) const;
    // "types.Tree: refers to itself, so it crosses as JSON text"
    const std::vector<std::string>& warnings() const { return warnings_; }

    component::ValueType value_type(u32 shape) const;
    std::expected<component::Val, std::string> to_value(u32 shape, const Json& json) const;
    std::expected<Json, std::string> to_json(u32 shape, const component::Val& value) const;

private:
    u32 of(u32 type, const std::string& hint);
    Shape build(const TypeNode& node, const std::string& name);
    Shape alternatives(const TypeNode& node, const std::string& name);
    Shape labels(const TypeNode& node, const std::string& name);
    Shape array(const TypeNode& node, const std::string& name);
    Shape object(const TypeNode& node, const std::string& name);
    Shape simple(const TypeNode& node, u32 allowed) const;
    u32 add(Shape shape);
    Shape named(Shape::Kind kind, const std::string& name);
    Shape optional(Shape some);

    const Types& types_;
    std::vector<Shape> shapes_;
    std::vector<OpShape> ops_;
    std::vector<std::string> warnings_;
    std::map<u32, u32> known_;           // of types
    std::set<u32> open_;                 // types that are being looked at
    std::set<std::string> names_;
};

// "userName", "User name" -> "user-name"; always a label of WIT that is not in `taken`, to which it is added.
std::string kebab(std::string_view name, std::set<std::string>& taken);

// The package of an app: its types, the functions of one guest to export, those of all others to import. Throws Error: the guest has no functions.
std::string wit_text(const Manifest& manifest, const Shapes& shapes, const GuestConfig& guest);
// "app:shop"
std::string wit_package(const Manifest& manifest);

}  // namespace heddle::wire
