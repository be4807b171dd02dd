// Record and replay: what a guest was given by its host calls, written down, and given again.
#pragma once
#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <span>
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
    // A reading of a clock, or random bytes, of the outermost guest: `now` gives it, unless it is replayed.
    u64 clock(std::string_view what, const std::function<u64()>& now);
    void random(std::span<u8> bytes, const std::function<void(std::span<u8>)>& fill);
    // On replay: the guest has asked for other ones than it did.
    bool diverged() const { return diverged_; }

private:
    std::optional<std::string> next_wasi(std::string_view what);
    Recording* record_;
    const Recording* replay_;
    std::size_t next_ = 0, next_wasi_ = 0;
    bool diverged_ = false;
};

}  // namespace heddle::wire
