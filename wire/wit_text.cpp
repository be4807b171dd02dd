// Shapes as WIT: what a guest of kind `wit` is built against.
#include <algorithm>

#include <heddle/error.hpp>
#include <heddle/wit.hpp>

#include "shapes.hpp"

namespace heddle::wire {

namespace {

using K = Shape::Kind;

std::string type_text(const Shapes& all, u32 shape) {
    const Shape& s = all[shape];
    auto part = [&](std::size_t i) { return type_text(all, s.parts[i].shape); };
    switch (s.kind) {
        case K::boolean: return "bool";
        case K::integer: return "s64";
        case K::number: return "f64";
        case K::string: return "string";
        case K::bytes: return "list<u8>";
        case K::option: return "option<" + part(0) + ">";
        case K::list: return "list<" + part(0) + ">";
        case K::map: return "list<tuple<string, " + part(0) + ">>";
        case K::tuple: {
            std::string text;
            for (std::size_t i = 0; i < s.parts.size(); ++i) text += (i ? ", " : "") + part(i);
            return "tuple<" + text + ">";
        }
        case K::json: return "json-text";
        default: return wit::escaped(s.name);
    }
}

std::string definition(const Shapes& all, const Shape& s) {
    std::string text = s.title.empty() ? "" : "  /// " + s.title + "\n";
    text += std::string("  ") + (s.kind == K::record ? "record " : s.kind == K::variant ? "variant " : "enum ") + wit::escaped(s.name) + " {\n";
    for (const Shape::Part& p : s.parts) {
        text += "    " + wit::escaped(p.name);
        if (s.kind == K::record) text += ": " + type_text(all, p.shape);
        if (s.kind == K::variant) text += "(" + type_text(all, p.shape) + ")";
        text += ",\n";
    }
    return text + "  }\n";
}

bool has_definition(const Shape& s) { return s.kind == K::record || s.kind == K::variant || s.kind == K::enumeration; }

// `use types.{…}` of every type that functions may mention.
std::string uses(const Shapes& all, const char* error) {
    std::string text = std::string("  use types.{json-text, ") + error;
    for (u32 i = 0; i < all.size(); ++i)
        if (has_definition(all[i])) text += ", " + wit::escaped(all[i].name);
    return text + "};\n";
}

std::string function(const Shapes& all, const OpShape& op, const char* error) {
    std::string doc = op.config->title.empty() ? "" : "  /// " + op.config->title + "\n";
    return doc + "  " + wit::escaped(op.name) + ": func(input: " + type_text(all, op.input) + ") -> result<" + type_text(all, op.output) + ", " + error + ">;\n";
}

}  // namespace

std::string wit_package(const Manifest& manifest) {
    std::set<std::string> none;
    return "app:" + kebab(manifest.name, none);
}

std::string wit_text(const Manifest& manifest, const Shapes& shapes, const GuestConfig& guest) {
    std::string handlers, exposed;
    for (const OpShape& op : shapes.ops())
        (op.config->guest->artifact == guest.artifact ? handlers : exposed) += function(shapes, op, op.config->guest->artifact == guest.artifact ? "handler-error" : "call-error");
    if (handlers.empty()) throw Error{Error::Kind::invalid, guest.artifact + ": no materializer is its"};
    std::string text = "// Made from the app's types by `heddle gen wit`.\npackage " + wit_package(manifest) + ";\n\ninterface types {\n";
    text += "  /// The text of any JSON value.\n  type json-text = string;\n";
    text += "  variant handler-error {\n    no-handler,\n    in-json-err(string),\n    handler-err(string),\n  }\n";
    text += "  record call-error {\n    code: string,\n    message: string,\n  }\n";
    for (u32 i = 0; i < shapes.size(); ++i)
        if (has_definition(shapes[i])) text += definition(shapes, shapes[i]);
    text += "}\n\n/// What the guest gives.\ninterface handlers {\n" + uses(shapes, "handler-error") + handlers + "}\n";
    if (!exposed.empty()) text += "\n/// The app's other materializers.\ninterface exposed {\n" + uses(shapes, "call-error") + exposed + "}\n";
    text += "\nworld guest {\n  import metatype:wit-wire/typegate-wire;\n" + std::string(exposed.empty() ? "" : "  import exposed;\n") + "  export handlers;\n}\n";
    return text + "\npackage metatype:wit-wire {\n  /// Host calls by name.\n  interface typegate-wire {\n    hostcall: func(op-name: string, json: string) -> result<string, string>;\n  }\n}\n";
}

}  // namespace heddle::wire
