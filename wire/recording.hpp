// Record and replay: what a guest was given by its host calls, written down, and given again.
#pragma once
#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include <heddle/wire.hpp>

namespace heddle::wire {

// Of one request. Only the outermost guest's host calls count: on replay the guests it called do not run.
class Recorder {
public:
    Recorder(Recording* record, const Recording* replay) : record_(record), replay_(replay) {}
    bool replays() const { return replay_ != nullptr; }
    // The recorded answer to the guest's next host call; an error object when it asks for something else than it did.
    std::expected<std::string, std::string> answer(std::string_view op, std::string_view json);
    void note(std::string_view op, std::string_view json, const std::expected<std::string, std::string>& result);

private:
    Recording* record_;
    const Recording* replay_;
    std::size_t next_ = 0;
};

}  // namespace heddle::wire
