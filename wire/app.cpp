// App: a manifest and everything it names, loaded.
#include "app.hpp"
#include "graphql/graphql.hpp"
#include "messages.hpp"
#include "recording.hpp"

#include <algorithm>
#include <filesystem>
#include <mutex>

#include <nlohmann/json.hpp>

namespace heddle::wire {

namespace {

std::string place_of(const MaterializerConfig& m) { return m.runtime.empty() ? "materializers." + m.op : "runtimes." + m.runtime; }

// Interfaces that go as messages are there, and JSON has a form for what they take and give.
void check_messages(const MaterializerConfig& m, const Program& program) {
    const GuestConfig& g = *m.guest;
    const Component* component = program.artifact().component ? &*program.artifact().component : nullptr;
    std::string where = place_of(m) + ".imports";
    try {
        for (const SentImport& to : g.sent) (void)find_contract(component->imports(), to.contract, "imports");
        where = place_of(m) + ".export";
        if (g.kind == Kind::messages) Methods(component->exports(), {.interface = m.export_name, .name = g.messages_name});
    } catch (const Error& e) {
        throw Error{e.kind, where + ": " + e.message};
    }
}

// Materializers with the same artifact and limits share the module; with the same configuration also the instances.
class Loader {
public:
    explicit Loader(AppData& app) : app_(app) {}
    void load(const MaterializerConfig& m, std::map<std::string, Op, std::less<>>& to) {
        Program*& program = by_identity_[m.runtime + " " + m.guest->identity];
        if (!program) {
            app_.programs.push_back(std::make_unique<Program>(artifact(*m.guest), m.guest));
            program = app_.programs.back().get();
        }
        check_messages(m, *program);
        program->add(&m);
        Op& op = to[m.op];
        op.config = &m;
        op.program = program;
    }

private:
    std::shared_ptr<const Artifact> artifact(const GuestConfig& g) {
        std::string limits = std::to_string(g.limits.fuel != 0) + " " + std::to_string(g.limits.memory) + " " + std::to_string(g.limits.total_memory) + " " +
                             std::to_string(g.limits.stack) + " " + to_string(g.kind) + " " + g.sha256 + " " + g.artifact;
        for (const PluginConfig& plugin : g.plugins) limits += " plug-in " + plugin.name;  // what it may load goes with the artifact
        if (!g.grants.connect.empty()) limits += " connects";
        auto& artifact = artifacts_[limits];
        if (!artifact) artifact = load_artifact(g);
        return artifact;
    }
    AppData& app_;
    std::map<std::string, Program*> by_identity_;
    std::map<std::string, std::shared_ptr<const Artifact>> artifacts_;
};

void load_programs(AppData& app) {
    Loader loader(app);
    for (const MaterializerConfig& m : app.manifest.materializers) loader.load(m, app.ops);
    for (const MaterializerConfig& m : app.manifest.provided) {
        if (app.hostcalls.contains(m.op)) throw Error{Error::Kind::usage, "runtimes." + m.runtime + ".provides." + m.op + ": the embedder offers a host call of that name"};
        loader.load(m, app.provided);
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
    app->shapes = std::make_unique<Shapes>(app->manifest);
    app->kv = open_kv(app->manifest.kv_path);
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

namespace {

// A way to end a request that may be kept longer than the request lasts.
struct Canceller {
    std::mutex mutex;
    CallTree* tree;
};
struct Open {
    std::shared_ptr<Canceller> canceller;
    ~Open() {
        std::lock_guard lock(canceller->mutex);
        canceller->tree = nullptr;
    }
};

// What a request has beside its call: its tree, the way to cancel it, what is recorded of it.
class Request {
public:
    Request(AppData& app, const CallOptions& options, GoOn go_on) : recorder_(options.record, options.replay), open_{std::make_shared<Canceller>()} {
        tree.app = &app;
        tree.user = options.user;
        tree.traceparent = options.traceparent;
        tree.on_wait = options.on_wait;
        tree.depth = options.depth;
        tree.go_on = std::move(go_on);
        if (options.record || options.replay) tree.recorder = &recorder_;
        open_.canceller->tree = &tree;
        if (!options.on_start) return;
        options.on_start([canceller = open_.canceller] {
            std::lock_guard lock(canceller->mutex);
            if (canceller->tree) canceller->tree->cancel();
        });
    }
    std::optional<Reply> fault() const {
        auto wrong = tree.user.empty() ? std::nullopt : scan_json(tree.user);
        return wrong ? std::optional(failure(Outcome::bad_json, "the user's claims: " + wrong->message)) : std::nullopt;
    }
    bool diverged() const { return recorder_.diverged(); }
    CallTree tree;

private:
    Recorder recorder_;
    Open open_;
};

void finish_recording(const CallOptions& options, std::string_view op, std::string_view json, const Reply& r) {
    Recording* record = options.record;
    if (!record) return;
    record->op = op;
    record->json = json;
    record->user = options.user;
    record->outcome = code_of(r.outcome);
    record->result = r.ok() ? r.json : r.message;
}

// Every request ends so, also with all exceptions.
Task<Reply> call_request(AppData& app, std::string_view op, std::string_view json, const CallOptions& options, GoOn go_on, Route* route = nullptr) {
    Reply r;
    try {
        Request request(app, options, std::move(go_on));
        if (auto fault = request.fault()) co_return std::move(*fault);
        request.tree.route = route;
        Task<Reply> call = run_call(app, request.tree, nullptr, op, json, options.deadline);
        r = co_await call;
        if (request.diverged()) r = failure(Outcome::failed, "replay: the guest reads its clocks, or draws random bytes, otherwise than it did");
    } catch (const std::exception& e) {
        r = failure(Outcome::failed, e.what());
    }
    finish_recording(options, op, json, r);
    co_return r;
}

Task<Reply> graphql_request(AppData& app, std::string_view json, const CallOptions& options, GoOn go_on) {
    try {
        Request request(app, options, std::move(go_on));
        if (auto fault = request.fault()) co_return std::move(*fault);
        if (auto fault = scan_json(json)) co_return failure(fault->too_large ? Outcome::too_large : Outcome::bad_json, fault->message);
        Task<std::string> all = graphql::run(app, request.tree, nullptr, parse_scanned(json));
        Reply r;
        r.json = co_await all;
        co_return r;
    } catch (const std::exception& e) {
        co_return failure(Outcome::failed, e.what());
    }
}

// What a begun request needs, until it has ended.
struct Begun {
    std::shared_ptr<AppData> app;
    std::string op, json;
    CallOptions options;
    std::function<void(Reply)> done;
    std::shared_ptr<Route> route = nullptr;
};

Detached run_begun(std::unique_ptr<Begun> b, Task<Reply> task) {
    Reply r = co_await task;
    b->done(std::move(r));
}

}  // namespace

Reply App::call(std::string_view op, std::string_view json, const CallOptions& options) const {
    Loop loop;
    return loop.run(call_request(*data_, op, json, options, loop.go_on()), options.on_wait);
}

Reply App::graphql(std::string_view json, const CallOptions& options) const {
    Loop loop;
    return loop.run(graphql_request(*data_, json, options, loop.go_on()), options.on_wait);
}

void App::begin(std::string op, std::string json, CallOptions options, GoOn go_on, std::function<void(Reply)> done) const {
    auto b = std::make_unique<Begun>(data_, std::move(op), std::move(json), std::move(options), std::move(done));
    Task<Reply> task = call_request(*data_, b->op, b->json, b->options, std::move(go_on));
    run_begun(std::move(b), std::move(task));
}

void begin_route(const App& app, std::string op, std::string json, CallOptions options, std::shared_ptr<Route> route, GoOn go_on, std::function<void(Reply)> done) {
    std::shared_ptr<AppData> data = app.shared_data();
    auto b = std::make_unique<Begun>(data, std::move(op), std::move(json), std::move(options), std::move(done), std::move(route));
    Task<Reply> task = call_request(*data, b->op, b->json, b->options, std::move(go_on), b->route.get());
    run_begun(std::move(b), std::move(task));
}

void App::begin_graphql(std::string json, CallOptions options, GoOn go_on, std::function<void(Reply)> done) const {
    auto b = std::make_unique<Begun>(data_, std::string(), std::move(json), std::move(options), std::move(done));
    Task<Reply> task = graphql_request(*data_, b->json, b->options, std::move(go_on));
    run_begun(std::move(b), std::move(task));
}

Result<void> App::warm() const {
    for (auto& p : data_->programs) {
        CallTree tree;
        tree.app = data_.get();
        const MaterializerConfig& m = p->first();
        CallScope scope{tree, nullptr, m, *m.guest, Clock::now() + std::max(m.guest->limits.deadline, Milliseconds(1)), 0, 0, 0, {}, false, {}};
        if (m.guest->limits.fuel) scope.fuel = m.guest->limits.fuel;
        Ended ended = wait_here(tree, p->warm(scope));
        if (!ended.ok()) return std::unexpected(Error{Error::Kind::invalid, place_of(m) + ": " + ended.text});
    }
    return {};
}

namespace {

std::string note_of(const Program& p) {
    if (p.config().lifetime != Lifetime::snapshot || p.stats().started == 0) return "";
    std::string why = p.why_not_reset();
    return why.empty() ? "snapshot: an instance is reset after every call" : "snapshot: every call gets a new instance, because " + why;
}

}  // namespace

const std::string& App::name() const { return data_->manifest.name; }

namespace {

MaterializerInfo info_of(const AppData& app, std::string name, const Op& op) {
    const MaterializerConfig& m = *op.config;
    const Types& types = app.manifest.types;
    return {std::move(name), m.title, to_string(m.guest->kind), to_string(m.guest->lifetime), to_string(m.effect), types.schema_text(m.input), types.schema_text(m.output), note_of(*op.program)};
}

}  // namespace

std::vector<MaterializerInfo> App::materializers() const {
    std::vector<MaterializerInfo> all;
    for (const MaterializerConfig& m : data_->manifest.materializers) all.push_back(info_of(*data_, m.op, data_->ops.find(m.op)->second));
    return all;
}

std::vector<MaterializerInfo> App::runtimes() const {
    std::vector<MaterializerInfo> all;
    for (const MaterializerConfig& m : data_->manifest.provided) all.push_back(info_of(*data_, m.full_name(), data_->provided.find(m.op)->second));
    return all;
}

}  // namespace heddle::wire
