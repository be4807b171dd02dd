// JSON trees: from checked text, and back to text.
#include "json.hpp"

#include <nlohmann/json.hpp>

namespace heddle::wire {

Json parse_scanned(std::string_view text) { return Json::parse(text.begin(), text.end()); }

std::string to_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string json_string(std::string_view text) { return to_text(Json(std::string(text))); }

std::string excerpt(const Json& value) {
    std::string text = to_text(value);
    constexpr std::size_t longest = 60;
    if (text.size() <= longest) return text;
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

}  // namespace heddle::wire
