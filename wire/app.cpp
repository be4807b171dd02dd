// App: a manifest and everything it names, loaded.
#include "app.hpp"

#include <algorithm>
#include <filesystem>

#include <nlohmann/json.hpp>

namespace heddle::wire {

namespace {

// Materializers with the same artifact and limits share the module; with the same configuration also the instances.
void load_programs(AppData& app) {
    std::map<std::string, Program*> by_identity;
    std::map<std::string, std::shared_ptr<const Artifact>> artifacts;
    for (const MaterializerConfig& m : app.manifest.materializers) {
        const GuestConfig& g = *m.guest;
        Program*& program = by_identity[g.identity];
        if (!program) {
            std::string limits = std::to_string(g.limits.fuel != 0) + " " + std::to_string(g.limits.memory) + " " + std::to_string(g.limits.total_memory) + " " +
                                 std::to_string(g.limits.stack) + " " + to_string(g.kind) + " " + g.sha256 + " " + g.artifact;
            auto& artifact = artifacts[limits];
            if (!artifact) artifact = load_artifact(g);
            app.programs.push_back(std::make_unique<Program>(artifact, m.guest));
            program = app.programs.back().get();
        }
        program->add(&m);
        Op& op = app.ops[m.op];
        op.config = &m;
        op.program = program;
    }
}

void load_hostcalls(AppData& app) {
    for (Hostcall& h : app.options.hostcalls) {
        auto schema = [&](const std::string& text, const char* which) {
            if (text.empty()) return Types::anything;
            if (auto fault = scan_json(text)) throw Error{Error::Kind::syntax, "host call " + h.name + ", " + which + ": " + fault->message};
            return app.manifest.types.compile(parse_scanned(text), "host call " + h.name + ", " + which);
        };
        HostOp& op = app.hostcalls[h.name];
        op.input = schema(h.input, "input");
        op.output = schema(h.output, "output");
        op.call = h;
    }
}

std::shared_ptr<AppData> load(std::string_view text, const std::string& folder, AppOptions options) {
    auto app = std::make_shared<AppData>();
    app->options = std::move(options);
    app->manifest = read_manifest(text, folder);
    app->kv = std::make_unique<Kv>(app->manifest.kv_path);
    load_hostcalls(*app);
    load_programs(*app);
    AppData* data = app.get();
    app->watch.at(Clock::now() + std::chrono::seconds(1), [data] { data->tick(); });
    return app;
}

}  // namespace

void AppData::tick() {
    for (auto& p : programs) p->trim();
    watch.at(Clock::now() + std::chrono::seconds(1), [this] { tick(); });
}

Result<App> App::parse(std::string_view manifest, const std::string& folder, AppOptions options) {
    try {
        return App(heddle::wire::load(manifest, folder, std::move(options)));
    } catch (const Error& e) {
        return std::unexpected(e);
    } catch (const std::exception& e) {
        return std::unexpected(Error{Error::Kind::invalid, e.what()});
    }
}

Result<App> App::load(const std::string& path, AppOptions options) {
    std::string text;
    try {
        text = read_file(path, std::size_t(8) << 20);
    } catch (const Error& e) {
        return std::unexpected(e);
    }
    std::string folder = std::filesystem::path(path).parent_path().string();
    auto app = parse(text, folder.empty() ? "." : folder, std::move(options));
    if (!app) return std::unexpected(Error{app.error().kind, path + ": " + app.error().message, app.error().offset});
    return app;
}

Reply App::call(std::string_view op, std::string_view json, const CallOptions& options) const {
    try {
        CallTree tree;
        tree.app = data_.get();
        tree.user = options.user;
        tree.traceparent = options.traceparent;
        if (!tree.user.empty())
            if (auto fault = scan_json(tree.user)) return failure(Outcome::bad_json, "the user's claims: " + fault->message);
        if (options.on_start) options.on_start([&tree] { tree.cancel(); });
        return run_call(*data_, tree, nullptr, op, json, options.deadline);
    } catch (const std::exception& e) {
        return failure(Outcome::failed, e.what());
    }
}

Result<void> App::warm() const {
    for (auto& p : data_->programs) {
        CallTree tree;
        tree.app = data_.get();
        const MaterializerConfig& m = p->first();
        CallScope scope{tree, nullptr, m, *m.guest, Clock::now() + std::max(m.guest->limits.deadline, Milliseconds(1)), 0, 0, 0, {}, false, {}};
        if (m.guest->limits.fuel) scope.fuel = m.guest->limits.fuel;
        Ended ended = p->warm(scope);
        if (!ended.ok()) return std::unexpected(Error{Error::Kind::invalid, "materializers." + m.op + ": " + ended.text});
    }
    return {};
}

const std::string& App::name() const { return data_->manifest.name; }

std::vector<MaterializerInfo> App::materializers() const {
    std::vector<MaterializerInfo> all;
    const Types& types = data_->manifest.types;
    for (const MaterializerConfig& m : data_->manifest.materializers)
        all.push_back({m.op, m.title, to_string(m.guest->kind), to_string(m.guest->lifetime), to_string(m.effect), types.schema_text(m.input), types.schema_text(m.output), ""});
    return all;
}

}  // namespace heddle::wire
