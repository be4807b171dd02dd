// The names of imports and exports: labels, plain names with annotations, interface names with versions, and which names match.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#import-and-export-definitions
#pragma once
#include <compare>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include <heddle/types.hpp>
#include <heddle/wit.hpp>

namespace heddle::component {

// "demo", "TLS-alert", "sha-256"
inline bool is_label(std::string_view s) { return wit::is_label(s); }

// A version as https://semver.org says; pre-release and build without their "-" and "+".
struct Version {
    u64 major = 0, minor = 0, patch = 0;
    std::string_view prerelease, build;

    // By precedence; builds do not count.
    friend std::weak_ordering operator<=>(const Version& a, const Version& b);
    friend bool operator==(const Version& a, const Version& b) { return (a <=> b) == 0; }
};

// Why a name is none: "`Foo` is not in kebab case".
template <class T>
using Parsed = std::expected<T, std::string>;

Parsed<Version> parse_version(std::string_view s);

// "1", "0.2", "0.0.1" or "0.0.0": a version cut behind its first number that is not zero.
bool is_canonical_version(std::string_view s);
// How much of a valid version is its canonical version: of "1.2.3" the "1", of "0.2.6-rc.1" the "0.2".
std::string_view canonical_version(std::string_view version);

// The name of an import or export, taken apart. All views point into the name.
struct ParsedName {
    enum class Kind : u8 { label, constructor, method, static_, interface };
    Kind kind = Kind::label;
    std::string_view resource;   // constructor, method, static_: the resource's label
    std::string_view label;      // label: the name; method, static_: the label behind the dot
    std::string_view package;    // interface: "wasi:io"
    std::string_view interface;  // interface: "streams"
    std::string_view version;    // interface: "0.2.12", empty without one

    // Of a resource's function?
    bool is_annotated() const { return kind == Kind::constructor || kind == Kind::method || kind == Kind::static_; }
};

Parsed<ParsedName> parse_extern_name(std::string_view name);

// Two names of one scope must differ in this.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#name-uniqueness
std::string uniqueness_key(std::string_view name);

// The name under which compatible interfaces meet: "wasi:io/streams@0.2" of "wasi:io/streams@0.2.3". All else, pre-releases too, only
// meets itself.
std::string matching_key(std::string_view name);
// Can an export named `offered` serve an import named `wanted`? They are equal, or versions of one interface on the same track.
bool names_match(std::string_view wanted, std::string_view offered);

}  // namespace heddle::component
