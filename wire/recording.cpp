// Recordings as JSON, and the two directions.
#include "recording.hpp"

#include <nlohmann/json.hpp>

#include "json.hpp"

namespace heddle::wire {

std::string to_json(const Recording& r) {
    Json calls = Json::array();
    for (const Recording::Host& h : r.hostcalls) calls.push_back({{"op", h.op}, {"in", h.json}, {"ok", h.ok}, {"out", h.result}});
    return Json{{"app", r.app}, {"op", r.op}, {"in", r.json}, {"user", r.user}, {"hostcalls", calls}, {"outcome", r.outcome}, {"out", r.result}}.dump(2) + "\n";
}

Result<Recording> read_recording(std::string_view text) {
    auto wrong = [](const std::string& message) { return std::unexpected(Error{Error::Kind::syntax, "the recording: " + message}); };
    if (auto fault = scan_json(text, {.bytes = std::size_t(256) << 20})) return wrong(fault->message);
    try {
        Json j = parse_scanned(text);
        Recording r{j.at("app"), j.at("op"), j.at("in"), j.at("user"), {}, j.at("outcome"), j.at("out")};
        for (const Json& h : j.at("hostcalls")) r.hostcalls.push_back({h.at("op"), h.at("in"), h.at("ok"), h.at("out")});
        return r;
    } catch (const Json::exception& e) {
        return wrong(e.what());
    }
}

std::expected<std::string, std::string> Recorder::answer(std::string_view op, std::string_view json) {
    auto other = [](const std::string& message) { return std::unexpected(error_object("unexpected_err", "replay: " + message)); };
    if (next_ >= replay_->hostcalls.size()) return other("the guest makes one more host call, `" + std::string(op) + "`, than were recorded");
    const Recording::Host& h = replay_->hostcalls[next_];
    if (h.op != op || h.json != json) return other("the guest calls `" + std::string(op) + "` with other words than the recorded `" + h.op + "`");
    ++next_;
    if (h.ok) return h.result;
    return std::unexpected(h.result);
}

void Recorder::note(std::string_view op, std::string_view json, const std::expected<std::string, std::string>& result) {
    if (record_) record_->hostcalls.push_back({std::string(op), std::string(json), result.has_value(), result ? *result : result.error()});
}

}  // namespace heddle::wire
