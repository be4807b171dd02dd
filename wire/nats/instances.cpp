#include "nats/instances.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include <heddle/error.hpp>

#include "app.hpp"
#include "nats/connection.hpp"

namespace heddle::wire::nats {

namespace {

struct Answer {
    std::string at;
    bool running = false;
};

// Nothing: what came is no answer.
std::optional<Answer> read(const Message& m) {
    if (m.nobody || scan_json(m.data)) return std::nullopt;
    Json json = parse_scanned(m.data);
    if (!json.is_object() || !json.contains("at") || !json["at"].is_string() || !json.contains("what")) return std::nullopt;
    return Answer{json["at"].get<std::string>(), json.contains("running") && json["running"] == true};
}

// FNV-1a: the same in all processes.
u64 mixed(std::string_view key, std::string_view process) {
    u64 h = 0xcbf29ce484222325;
    for (std::string_view part : {key, std::string_view("\0", 1), process})
        for (char c : part) h = (h ^ u8(c)) * 0x100000001b3;
    return h;
}

}  // namespace

std::string where_subject(std::string_view app, std::string_view op) { return "heddle." + token_of(app) + ".where." + token_of(op); }
std::string at_subject(std::string_view app, std::string_view process, std::string_view op) {
    return "heddle." + token_of(app) + ".at." + token_of(process) + "." + token_of(op);
}

std::string new_name() {
    u8 bytes[12];
    fill_random(bytes);
    std::string name;
    for (u8 b : bytes) name += {"0123456789abcdef"[b >> 4], "0123456789abcdef"[b & 15]};
    return name;
}

const Message* choose(const std::vector<Message>& answers, std::string_view key) {
    const Message* best = nullptr;
    std::pair<bool, u64> most;
    for (const Message& m : answers) {
        auto a = read(m);
        if (!a) continue;
        std::pair<bool, u64> worth(a->running, mixed(key, a->at));
        if (best && worth <= most) continue;
        best = &m;
        most = worth;
    }
    return best;
}

std::expected<std::string, NotFound> find_instance(const AppData& app, CallScope& scope, std::string_view op, const std::string& key) {
    std::shared_ptr<Connection> nats;
    try {
        nats = connection();
    } catch (const Error& e) {
        return std::unexpected(NotFound{"upstream", e.message});
    }
    if (!nats) return std::unexpected(NotFound{"op_404", "no materializer is called `" + std::string(op) + "` here, and this process uses no NATS"});
    Wait wait(scope.tree);
    Survey survey(*nats, where_subject(app.manifest.name, op), key, {});
    if (survey.unsent()) return std::unexpected(NotFound{"upstream", "NATS: " + *survey.unsent()});
    auto decided = [](const std::vector<Message>& all) {
        auto answer = read(all.back());
        return all.front().nobody || (answer && answer->running);
    };
    auto answers = survey.wait(std::min(scope.deadline, Clock::now() + survey_time), decided);
    if (const Message* m = choose(answers, key)) return m->data;
    return std::unexpected(NotFound{"op_404", "no materializer is called `" + std::string(op.substr(0, 100)) + "` here, and no process on NATS has instances of it that can be reached (" +
                                                  where_subject(app.manifest.name, op).substr(0, 200) + ")"});
}

}  // namespace heddle::wire::nats
