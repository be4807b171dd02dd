// Texts that the wire layer reads, by the first byte: manifests, schemas with a value, GraphQL documents, crontab lines.
#include <nlohmann/json.hpp>

#include <heddle/error.hpp>

#include "events.hpp"
#include "graphql/document.hpp"
#include "manifest.hpp"

namespace {

using namespace heddle::wire;

void schema(std::string_view text) {
    std::size_t half = text.find('\n');
    std::string_view value = half == text.npos ? "null" : text.substr(half + 1);
    text = text.substr(0, half);
    if (scan_json(text) || scan_json(value)) return;
    Types types;
    Json tree = parse_scanned(text);
    if (tree.is_object() && tree.size() < 50) types.declare(Json{{"T", tree}});
    heddle::u32 type = types.compile(tree, "T");
    (void)types.validate(type, parse_scanned(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const heddle::u8* data, std::size_t size) {
    if (size == 0) return 0;
    std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    try {
        switch (data[0] % 4) {
            case 0: (void)read_manifest(text, "/nonexistent"); break;
            case 1: schema(text); break;
            case 2: (void)graphql::parse(text); break;
            default: (void)Cron(text, "T").next(std::chrono::sys_seconds(std::chrono::seconds(1'700'000'000)));
        }
    } catch (const heddle::Error&) {
    } catch (const graphql::Fault& f) {
        (void)graphql::location(text, f.at);
    }
    return 0;
}
