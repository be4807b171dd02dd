// Recordings as JSON, and the two directions.
#include "recording.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "json.hpp"

namespace heddle::wire {

std::string to_json(const Recording& r) {
    Json calls = Json::array();
    for (const Recording::Host& h : r.hostcalls) calls.push_back({{"op", h.op}, {"in", h.json}, {"ok", h.ok}, {"out", h.result}});
    Json wasi = Json::array();
    for (const Recording::Wasi& w : r.wasi) wasi.push_back({w.what, w.value});
    return Json{{"app", r.app}, {"op", r.op}, {"in", r.json}, {"user", r.user}, {"hostcalls", calls}, {"wasi", wasi}, {"outcome", r.outcome}, {"out", r.result}}.dump(2) + "\n";
}

Result<Recording> read_recording(std::string_view text) {
    auto wrong = [](const std::string& message) { return std::unexpected(Error{Error::Kind::syntax, "the recording: " + message}); };
    if (auto fault = scan_json(text, {.bytes = std::size_t(256) << 20})) return wrong(fault->message);
    try {
        Json j = parse_scanned(text);
        Recording r{j.at("app"), j.at("op"), j.at("in"), j.at("user"), {}, {}, j.at("outcome"), j.at("out")};
        for (const Json& h : j.at("hostcalls")) r.hostcalls.push_back({h.at("op"), h.at("in"), h.at("ok"), h.at("out")});
        for (const Json& w : j.value("wasi", Json::array())) r.wasi.push_back({w.at(0), w.at(1)});
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

// On replay: what it was given the last time, if it asks for the same.
std::optional<std::string> Recorder::next_wasi(std::string_view what) {
    bool there = next_wasi_ < replay_->wasi.size() && replay_->wasi[next_wasi_].what == what;
    diverged_ = diverged_ || !there;
    return there ? std::optional(replay_->wasi[next_wasi_++].value) : std::nullopt;
}

u64 Recorder::clock(std::string_view what, const std::function<u64()>& now) {
    if (replay_) {
        u64 n = 0;
        std::string text = next_wasi(what).value_or("0");
        std::from_chars(text.data(), text.data() + text.size(), n);
        return n;
    }
    u64 n = now();
    record_->wasi.push_back({std::string(what), std::to_string(n)});
    return n;
}

void Recorder::random(std::span<u8> bytes, const std::function<void(std::span<u8>)>& fill) {
    constexpr std::string_view digits = "0123456789abcdef";
    if (replay_) {
        std::string hex = next_wasi("random").value_or("");
        diverged_ = diverged_ || hex.size() != 2 * bytes.size();
        for (std::size_t i = 0; i < bytes.size() && 2 * i + 1 < hex.size(); ++i) bytes[i] = u8(digits.find(hex[2 * i]) << 4 | digits.find(hex[2 * i + 1]));
        return;
    }
    fill(bytes);
    std::string hex;
    for (u8 b : bytes) (hex += digits[b >> 4]) += digits[b & 15];
    record_->wasi.push_back({"random", std::move(hex)});
}

}  // namespace heddle::wire
