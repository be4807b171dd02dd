// Every WASI call of a component as a line: its name, its arguments by their names, its result, and how long it took.
#pragma once
#include <functional>
#include <optional>
#include <string>

#include <heddle/component.hpp>

namespace heddle::wasi {

class Tracer {
public:
    // `json`: one JSON object per line.
    Tracer(std::function<void(std::string_view line)> write, bool json) : write_(std::move(write)), json_(json) {}
    // A call begins; what it gives is called with the result.
    std::function<void(const std::optional<component::Val>&)> begin(component::HostCall& call);

private:
    std::function<void(std::string_view)> write_;
    bool json_;
};

}  // namespace heddle::wasi
