// heddle call, and heddle app: one call of a materializer without a server; a new app; what is wrong with one.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>

#include <unistd.h>

#include <fmt/format.h>

#include <heddle/wire.hpp>

#include "commands.hpp"

namespace heddle::cli {

namespace {

int complain(std::string_view message, int code = failed) {
    fmt::print(stderr, "heddle: {}\n", message);
    return code;
}

// One line per message: "info greet: somebody was greeted".
void print_log(const wire::LogLine& line) {
    static std::mutex mutex;
    std::lock_guard lock(mutex);
    fmt::print(stderr, "{} {}: {}{}{}\n", line.level, line.op, line.message, line.fields.empty() ? "" : " ", line.fields);
}

constexpr const char* recording_name = "call.json";

bool write_recording(const std::string& folder, const wire::Recording& recording) {
    std::error_code ignored;
    std::filesystem::create_directories(folder, ignored);
    std::ofstream file(std::filesystem::path(folder) / recording_name, std::ios::binary);
    return bool(file << wire::to_json(recording));
}

// The result on standard output, an error on standard error; the exit code of either.
int report(const wire::Reply& reply) {
    if (reply.ok()) {
        fmt::print("{}\n", reply.json);
        return ok;
    }
    fmt::print(stderr, "{}\n", reply.error_json());
    if (!reply.backtrace.empty()) fmt::print(stderr, "{}\n", reply.backtrace);
    return wire::exit_code_of(reply.outcome);
}

std::string standard_input() {
    std::string text;
    char buffer[4096];
    while (std::size_t n = std::fread(buffer, 1, sizeof buffer, stdin)) text.append(buffer, n);
    return text;
}

}  // namespace

int call(const CallOptions& o) {
    std::error_code ignored;
    if (!std::filesystem::exists(o.app, ignored)) return complain(o.app + ": no such file", not_found);
    auto app = wire::App::load(o.app, wire::AppOptions{{}, print_log});
    if (!app) return complain(app.error().message);
    wire::CallOptions options;
    options.user = o.user.value_or("");
    if (o.timeout) options.deadline = *o.timeout;
    wire::Recording recording;
    if (o.record) options.record = &recording;
    wire::Reply reply = app->call(o.op, o.json == "-" ? standard_input() : o.json, options);
    if (o.record) {
        recording.app = std::filesystem::absolute(o.app).string();
        if (!write_recording(*o.record, recording)) return complain(*o.record + ": the recording cannot be written");
    }
    return report(reply);
}

int replay(const ReplayOptions& o) {
    std::ifstream file(std::filesystem::path(o.folder) / recording_name, std::ios::binary);
    if (!file) return complain(o.folder + "/" + recording_name + ": no such file", not_found);
    auto recording = wire::read_recording(std::string(std::istreambuf_iterator<char>(file), {}));
    if (!recording) return complain(o.folder + ": " + recording.error().message);
    auto app = wire::App::load(recording->app, wire::AppOptions{{}, print_log});
    if (!app) return complain(app.error().message);
    wire::CallOptions options;
    options.user = recording->user;
    options.replay = &*recording;
    wire::Reply reply = app->call(recording->op, recording->json, options);
    if (wire::code_of(reply.outcome) != recording->outcome || (reply.ok() ? reply.json : reply.message) != recording->result)
        fmt::print(stderr, "heddle: the call ended otherwise than when it was recorded: {}: {}\n", recording->outcome, recording->result);
    return report(reply);
}

int app_init(const AppInitOptions& o) {
    std::error_code error;
    std::filesystem::create_directories(o.folder, error);
    if (error) return complain(o.folder + ": " + error.message());
    auto files = wire::starter_files();
    for (const auto& [name, text] : files)
        if (std::filesystem::exists(std::filesystem::path(o.folder) / name)) return complain(o.folder + "/" + name + ": there is one already, and it is left as it is");
    for (const auto& [name, text] : files) {
        std::ofstream file(std::filesystem::path(o.folder) / name, std::ios::binary);
        if (!(file << text)) return complain(o.folder + "/" + name + ": cannot be written");
    }
    fmt::print("{0}/app.toml: try\n  heddle call {0}/app.toml add --json '{{\"a\": 40, \"b\": 2}}'\n", o.folder);
    return ok;
}

int app_check(const AppCheckOptions& o) {
    auto app = wire::App::load(o.app, wire::AppOptions{{}, print_log});
    if (!app) return complain(app.error().message);
    if (auto warm = app->warm(); !warm) return complain(o.app + ": " + warm.error().message);
    auto all = app->materializers();
    std::ranges::move(app->runtimes(), std::back_inserter(all));
    for (const wire::MaterializerInfo& m : all)
        fmt::print("{}: {}, {}, {}\n  input  {}\n  output {}\n{}", m.op, m.kind, m.effect, m.lifetime, m.input, m.output, m.note.empty() ? "" : "  " + m.note + "\n");
    return ok;
}

}  // namespace heddle::cli
