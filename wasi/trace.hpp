// Every WASI call as a line: its name, its arguments by their names, its result, and how long it took.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <heddle/component.hpp>

namespace heddle::wasi {

// Bytes as a string with escapes, as strace shows buffers: the first of them, and how many there are.
std::string bytes_text(std::span<const u8> bytes);

// A call that has begun, in words.
struct TracedCall {
    std::string name;
    std::vector<std::pair<std::string, std::string>> arguments;   // name, value
    u64 began = 0;                                                // nanoseconds
};

class Tracer {
public:
    // `json`: one JSON object per line.
    Tracer(std::function<void(std::string_view line)> write, bool json) : write_(std::move(write)), json_(json) {}
    // A call begins; what it gives is called with the result.
    std::function<void(const std::optional<component::Val>&)> begin(component::HostCall& call);
    // The same for other callers, in two steps: begins to count the time, and writes the line. An empty result: there is none.
    static TracedCall begin(std::string name);
    void end(const TracedCall& call, const std::string& result) const;

private:
    std::function<void(std::string_view)> write_;
    bool json_;
};

}  // namespace heddle::wasi
