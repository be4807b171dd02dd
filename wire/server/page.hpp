// The small page at `/`.
#pragma once
#include <string_view>

namespace heddle::wire {

// Lists the materializers with their types, calls one, shows latencies and recent errors; reads /app.json.
extern const std::string_view page_html;

}  // namespace heddle::wire
