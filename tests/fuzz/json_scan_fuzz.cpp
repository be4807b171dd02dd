// The JSON scan against a parser: what the scan lets through parses, and means the same when it is written and read again.
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const heddle::u8* data, std::size_t size) {
    using namespace heddle::wire;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    bool accepted = !scan_json(text);
    if (!accepted) return 0;
    Json tree = parse_scanned(text);  // throws, and so ends the program, when the scan let too much through
    std::string again = to_text(tree);
    if (scan_json(again) || parse_scanned(again) != tree) std::abort();
    return 0;
}
