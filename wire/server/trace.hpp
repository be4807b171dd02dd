// W3C trace context: the request's trace goes on in what it calls. https://www.w3.org/TR/trace-context/#traceparent-header
#pragma once
#include <string>
#include <string_view>

namespace heddle::wire {

// The same trace with a new span of our own; a new trace when the header is none or malformed.
std::string continued_trace(std::string_view traceparent);

}  // namespace heddle::wire
