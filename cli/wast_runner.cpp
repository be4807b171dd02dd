#include "wast_runner.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "source.hpp"
#include "spectest.hpp"
#include "wast_compare.hpp"
#include "wast_components.hpp"
#include "wast_half.hpp"
#include "watchdog.hpp"

namespace heddle::cli {

namespace {

using text::Command;
using Kind = text::Command::Kind;

// Time for one script: when it is over, everything that runs in its Stores is interrupted.
class TimeLimit {
public:
    explicit TimeLimit(std::chrono::milliseconds after) : watchdog_(after, [this] { expire(); }) {}
    bool is_over() const { return over_; }
    void enter(Store& store) {
        std::lock_guard lock(mutex_);
        stores_.push_back(&store);
    }
    void leave(Store& store) {
        std::lock_guard lock(mutex_);
        std::erase(stores_, &store);
    }

private:
    void expire() {
        over_ = true;
        std::lock_guard lock(mutex_);
        for (Store* s : stores_) s->interrupt();
    }

    std::mutex mutex_;
    std::vector<Store*> stores_;
    std::atomic<bool> over_ = false;
    Watchdog watchdog_;
};

// What a script knows by name: an instance, or what another thread's instance shares.
struct Named {
    Instance instance;
    std::map<std::string, Extern, std::less<>> shared;

    std::optional<Extern> find(std::string_view name) const {
        if (instance) return instance.find(name);
        auto it = shared.find(name);
        return it == shared.end() ? std::nullopt : std::optional(it->second);
    }
};

// The core half of a script.
class CoreScript : public WastHalf<CoreScript, Module, Named> {
public:
    CoreScript(const Engine& engine, Store& store) : engine_(engine), store_(store), linker_(engine) {
        define_spectest(linker_, store);
        linker_.fallback([this](Store&, const ImportType& import) -> std::optional<Extern> {
            auto it = registered_.find(import.module);
            return it == registered_.end() ? std::nullopt : it->second.find(import.name);
        });
    }
    CoreScript(const CoreScript&) = delete;
    CoreScript& operator=(const CoreScript&) = delete;
    using WastHalf::add_instance;
    using WastHalf::find_named;
    using WastHalf::unknown_instance;

    static constexpr const char* noun = "module";
    Result<Module> load(const text::ModuleSource& source) const {
        if (!source.bytes) return std::unexpected(source.bytes.error());
        return Module::load(engine_, std::span<const u8>(*source.bytes), source.name);
    }
    Result<Named> make(const Module& module) {
        auto instance = linker_.instantiate(store_, module);
        if (!instance) return std::unexpected(instance.error());
        return Named{*instance, {}};
    }
    void register_as(const std::string& name, const Named& named) { registered_.insert_or_assign(name, named); }
    Result<std::vector<Value>> perform(const text::Action& action);
    std::string difference(const Command& c, const std::vector<Value>& results) const {
        return matches(c.expected, results, store_) ? "" : describe(results, store_);
    }
    const Trap& last_trap() const { return store_.trap(); }

private:
    Result<std::vector<Value>> invoke(const Named& target, const text::Action& action);

    const Engine& engine_;
    Store& store_;
    Linker linker_;
    std::map<std::string, Named, std::less<>> registered_;
};

class ScriptRunner {
public:
    ScriptRunner(const Engine& engine, const ScriptOptions& options, TimeLimit& limit)
        : engine_(engine), options_(options), limit_(limit), store_(engine), core_(engine, store_), components_(engine, store_) {
        if (options.seed) ComponentScheduler::shuffle(store_, *options.seed);
        if (options.slice) {
            store_.set_fuel(~u64(0));
            store_.set_slice(*options.slice);
            store_.on_park([](Store&) { return true; });
        }
        limit_.enter(store_);
    }
    ~ScriptRunner() {
        join_all();
        limit_.leave(store_);
    }
    ScriptRunner(const ScriptRunner&) = delete;
    ScriptRunner& operator=(const ScriptRunner&) = delete;

    std::vector<CommandResult> run(std::span<const Command> commands) {
        for (const Command& c : commands) run_one(c);
        join_all();
        return std::move(results_);
    }

private:
    struct Thread {
        std::string name;
        std::vector<CommandResult> results;
        std::unique_ptr<ScriptRunner> runner;
        std::thread thread;
    };

    void run_one(const Command& c);
    Outcome execute(const Command& c);
    Outcome start_thread(const Command& c);
    Outcome wait_for(const Command& c);
    void join(Thread& t);
    void join_all() {
        for (Thread& t : threads_) join(t);
    }

    const Engine& engine_;
    const ScriptOptions& options_;
    TimeLimit& limit_;
    Store store_;
    CoreScript core_;
    ComponentScript components_;
    std::deque<Thread> threads_;
    std::vector<CommandResult> results_;
};

std::string describe_command(const Command& c) {
    std::string s = to_string(c.kind);
    if (c.action) s += " " + describe(*c.action);
    else if (c.module) s += c.module->name.empty() ? " (module)" : fmt::format(" (module ${})", c.module->name);
    else if (!c.name.empty()) s += " $" + c.name;
    if (c.kind == Kind::register_) s += fmt::format(" \"{}\"", c.field);
    return s;
}

void ScriptRunner::run_one(const Command& c) {
    Outcome o = limit_.is_over() ? Outcome::failure("the script ends in time", "not run: the script's time was over") : execute(c);
    CommandResult r{c.line, c.offset, c.kind, o.passed, o.other_words, {}, std::move(o.expected), std::move(o.got)};
    if (!r.passed || r.other_words) r.what = describe_command(c);
    results_.push_back(std::move(r));
}

Outcome ScriptRunner::execute(const Command& c) {
    if (components_.concerns(c)) return components_.execute(c);
    if (c.kind == Kind::module || c.kind == Kind::module_instance) components_.forget_latest();
    switch (c.kind) {
        case Kind::thread: return start_thread(c);
        case Kind::wait: return wait_for(c);
        default: return core_.execute(c);
    }
}

// ---- actions ------------------------------------------------------------------------------------------------------------------

Error usage(std::string message) { return Error{Error::Kind::usage, std::move(message), Error::no_offset}; }

Result<std::vector<Value>> CoreScript::invoke(const Named& target, const text::Action& action) {
    auto found = target.find(action.field);
    if (!found || found->kind != ExternKind::func) return std::unexpected(usage(fmt::format("no exported function \"{}\"", action.field)));
    const FuncType& type = found->func.type();
    if (type.params.size() != action.arguments.size()) return std::unexpected(usage("wrong number of arguments"));
    std::vector<Value> arguments;
    for (std::size_t i = 0; i < type.params.size(); ++i) {
        auto value = to_value(action.arguments[i], store_);
        if (!value) return std::unexpected(usage("a component value is no argument of a core function"));
        // A reference argument's declared type may be wider or narrower than the parameter's.
        if (value->type.is_ref() && type.params[i].is_ref()) value->type = type.params[i];
        arguments.push_back(*value);
    }
    return found->func.call(store_, arguments);
}

Result<std::vector<Value>> CoreScript::perform(const text::Action& action) {
    const Named* target = find_named(action.module);
    if (!target) return std::unexpected(unknown_instance(action.module));
    if (action.kind == text::Action::Kind::invoke) return invoke(*target, action);
    auto found = target->find(action.field);
    if (!found || found->kind != ExternKind::global) return std::unexpected(usage(fmt::format("no exported global \"{}\"", action.field)));
    return std::vector{found->global.get()};
}

// ---- threads ------------------------------------------------------------------------------------------------------------------

// What of an instance another thread may see: its shared memories. Nothing when it exports anything else.
std::expected<Named, std::string> share(const Named& named) {
    if (!named.instance) return named;
    Named seen;
    for (const ExportType& e : named.instance.module().exports()) {
        auto found = named.find(e.name);
        if (!found || found->kind != ExternKind::memory || !found->memory.type().shared)
            return std::unexpected(fmt::format("the instance exports \"{}\", which is no shared memory", e.name));
        seen.shared.emplace(e.name, *found);
    }
    return seen;
}

Outcome ScriptRunner::start_thread(const Command& c) {
    auto runner = std::make_unique<ScriptRunner>(engine_, options_, limit_);
    for (const std::string& name : c.shared) {
        const Named* named = core_.find_named(name);
        if (!named) return Outcome::failure("an instance to share", CoreScript::unknown_instance(name).message);
        auto seen = share(*named);
        if (!seen) return Outcome::failure("an instance to share", seen.error());
        runner->core_.add_instance(name, std::move(*seen));
    }
    Thread& t = threads_.emplace_back();
    t.name = c.name;
    t.runner = std::move(runner);
    t.thread = std::thread([&t, &c] { t.results = t.runner->run(c.commands); });
    return {};
}

void ScriptRunner::join(Thread& t) {
    if (!t.thread.joinable()) return;
    t.thread.join();
    std::ranges::move(t.results, std::back_inserter(results_));
}

Outcome ScriptRunner::wait_for(const Command& c) {
    auto t = std::ranges::find(threads_, c.name, &Thread::name);
    if (t == threads_.end()) return Outcome::failure("a thread to wait for", "no thread $" + c.name);
    join(*t);
    return {};
}

ScriptResult unreadable(const std::string& path, std::size_t line, std::string why) {
    CommandResult r;
    r.line = line;
    r.passed = false;
    r.what = "script";
    r.expected = "a script";
    r.got = std::move(why);
    return {path, {std::move(r)}, 0};
}

}  // namespace

bool is_assertion(Kind k) {
    switch (k) {
        case Kind::module:
        case Kind::module_definition:
        case Kind::module_instance:
        case Kind::register_:
        case Kind::action:
        case Kind::thread:
        case Kind::wait: return false;
        default: return true;
    }
}

ScriptResult run_script(const Engine& engine, const std::string& path, const ScriptOptions& options) {
    auto bytes = read_file(path);
    if (!bytes) return unreadable(path, 1, bytes.error().message);
    std::string_view source(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    auto start = std::chrono::steady_clock::now();
    auto script = text::parse_script(source);
    if (!script) {
        std::size_t line = script.error().offset == Error::no_offset ? 1 : text::line_column(source, script.error().offset).line;
        return unreadable(path, line, text::describe(source, script.error()));
    }
    TimeLimit limit(options.timeout);
    ScriptResult result{path, ScriptRunner(engine, options, limit).run(script->commands), 0};
    std::ranges::sort(result.commands, {}, &CommandResult::offset);  // threads report when they are waited for
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

}  // namespace heddle::cli
