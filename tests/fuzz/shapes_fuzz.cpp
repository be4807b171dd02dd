// Types and values: the first line is a JSON Schema, the rest a value. What crosses has the type that is said of it, and the WIT of the type resolves.
#include <cstdlib>

#include <nlohmann/json.hpp>

#include <heddle/error.hpp>
#include <heddle/wit.hpp>

#include "shapes.hpp"

extern "C" int LLVMFuzzerTestOneInput(const heddle::u8* data, std::size_t size) {
    using namespace heddle::wire;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    std::size_t line = text.find('\n');
    if (line == text.npos || scan_json(text.substr(0, line)) || scan_json(text.substr(line + 1))) return 0;
    Json value = parse_scanned(text.substr(line + 1));
    Manifest manifest;
    try {
        Json app{{"materializers", {{"op", {{"artifact", "a.wasm"}, {"kind", "wit"}, {"input", parse_scanned(text.substr(0, line))}}}}}};
        manifest = read_manifest(to_text(app), ".");
    } catch (const heddle::Error&) {
        return 0;
    }
    Shapes shapes(manifest);
    const OpShape& op = shapes.ops()[0];
    if (!heddle::wit::resolve({{"app.wit", wit_text(manifest, shapes, *manifest.materializers[0].guest)}})) std::abort();
    auto typed = shapes.to_value(op.input, value);
    if (!typed) return 0;
    if (!matches(*typed, shapes.value_type(op.input))) std::abort();
    (void)shapes.to_json(op.input, *typed);
    return 0;
}
