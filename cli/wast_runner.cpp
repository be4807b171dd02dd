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

class ScriptRunner {
public:
    ScriptRunner(const Engine& engine, const ScriptOptions& options, TimeLimit& limit)
        : engine_(engine), options_(options), limit_(limit), store_(engine), linker_(engine), components_(engine, store_) {
        if (options.seed) ComponentScheduler::shuffle(store_, *options.seed);
        if (options.slice) {
            store_.set_fuel(~u64(0));
            store_.set_slice(*options.slice);
            store_.on_park([](Store&) { return true; });
        }
        define_spectest(linker_, store_);
        linker_.fallback([this](Store&, const ImportType& import) -> std::optional<Extern> {
            auto it = registered_.find(import.module);
            return it == registered_.end() ? std::nullopt : it->second.find(import.name);
        });
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

    Result<Module> load(const text::ModuleSource& source) const {
        if (!source.bytes) return std::unexpected(source.bytes.error());
        return Module::load(engine_, std::span<const u8>(*source.bytes), source.name);
    }
    Outcome define(const Command& c);
    Outcome instantiate(const Module& module, const std::string& name);
    Outcome module_command(const Command& c);
    Outcome instance_command(const Command& c);
    Outcome register_command(const Command& c);

    const Named* find_named(const std::string& name) const;
    Result<std::vector<Value>> perform(const text::Action& action);
    Result<std::vector<Value>> invoke(const Named& target, const text::Action& action);
    Result<void> run_what_is_asserted(const Command& c);
    Outcome assert_return(const Command& c);
    Outcome assert_ends_with(const Command& c, const char* class_name);
    Outcome assert_refused(const Command& c, const char* class_name);
    Outcome assert_unlinkable(const Command& c);

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
    Linker linker_;
    ComponentScript components_;
    std::map<std::string, Module, std::less<>> definitions_;
    std::optional<Module> latest_definition_;
    std::map<std::string, Named, std::less<>> instances_, registered_;
    std::optional<Named> latest_;
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
        case Kind::module: return module_command(c);
        case Kind::module_definition: return define(c);
        case Kind::module_instance: return instance_command(c);
        case Kind::register_: return register_command(c);
        case Kind::action: {
            auto results = perform(*c.action);
            return results ? Outcome{} : Outcome::failure("the action returns", results.error().to_string());
        }
        case Kind::assert_return: return assert_return(c);
        case Kind::assert_trap: return assert_ends_with(c, "trap");
        case Kind::assert_exhaustion: return assert_ends_with(c, "exhaustion");
        case Kind::assert_exception: return assert_ends_with(c, "exception");
        case Kind::assert_suspension: return assert_ends_with(c, "suspension");
        case Kind::assert_invalid:
        case Kind::assert_invalid_custom: return assert_refused(c, "invalid");
        case Kind::assert_malformed:
        case Kind::assert_malformed_custom: return assert_refused(c, "malformed");
        case Kind::assert_unlinkable: return assert_unlinkable(c);
        case Kind::thread: return start_thread(c);
        case Kind::wait: return wait_for(c);
    }
    return Outcome::failure("a known command", "unknown command");
}

// ---- modules ------------------------------------------------------------------------------------------------------------------

Outcome ScriptRunner::define(const Command& c) {
    latest_definition_.reset();
    if (!c.module->name.empty()) definitions_.erase(c.module->name);
    auto module = load(*c.module);
    if (!module) return Outcome::failure("the module loads", module.error().to_string());
    latest_definition_ = *module;
    if (!c.module->name.empty()) definitions_.insert_or_assign(c.module->name, *module);
    return {};
}

Outcome ScriptRunner::instantiate(const Module& module, const std::string& name) {
    auto instance = linker_.instantiate(store_, module);
    if (!instance) return Outcome::failure("the module is instantiated", instance.error().to_string());
    latest_ = Named{*instance, {}};
    if (!name.empty()) instances_.insert_or_assign(name, *latest_);
    return {};
}

// What follows a module that failed must not run against an older one.
Outcome ScriptRunner::module_command(const Command& c) {
    latest_.reset();
    if (!c.module->name.empty()) instances_.erase(c.module->name);
    Outcome o = define(c);
    return o.passed ? instantiate(*latest_definition_, c.module->name) : o;
}

Outcome ScriptRunner::instance_command(const Command& c) {
    latest_.reset();
    if (!c.name.empty()) instances_.erase(c.name);
    std::optional<Module> module = latest_definition_;
    if (!c.target.empty()) {
        auto it = definitions_.find(c.target);
        module = it == definitions_.end() ? std::nullopt : std::optional(it->second);
    }
    if (!module) return Outcome::failure("a module to instantiate", fmt::format("no module definition ${}", c.target));
    return instantiate(*module, c.name);
}

Outcome ScriptRunner::register_command(const Command& c) {
    const Named* named = find_named(c.name);
    if (!named)
        return Outcome::failure("an instance to register", c.name.empty() ? "no module before it was instantiated" : "no instance $" + c.name);
    registered_.insert_or_assign(c.field, *named);
    return {};
}

const Named* ScriptRunner::find_named(const std::string& name) const {
    if (name.empty()) return latest_ ? &*latest_ : nullptr;
    auto it = instances_.find(name);
    return it == instances_.end() ? nullptr : &it->second;
}

// ---- actions ------------------------------------------------------------------------------------------------------------------

Error usage(std::string message) { return Error{Error::Kind::usage, std::move(message), Error::no_offset}; }

Result<std::vector<Value>> ScriptRunner::invoke(const Named& target, const text::Action& action) {
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

Result<std::vector<Value>> ScriptRunner::perform(const text::Action& action) {
    const Named* target = find_named(action.module);
    if (!target) return std::unexpected(usage(action.module.empty() ? "no module before it was instantiated" : "no instance $" + action.module));
    if (action.kind == text::Action::Kind::invoke) return invoke(*target, action);
    auto found = target->find(action.field);
    if (!found || found->kind != ExternKind::global) return std::unexpected(usage(fmt::format("no exported global \"{}\"", action.field)));
    return std::vector{found->global.get()};
}

// ---- assertions ---------------------------------------------------------------------------------------------------------------

Outcome ScriptRunner::assert_return(const Command& c) {
    auto results = perform(*c.action);
    if (!results) return Outcome::failure(describe(c.expected), results.error().to_string());
    if (matches(c.expected, *results, store_)) return {};
    return Outcome::failure(describe(c.expected), describe(*results, store_));
}

// The action, or the instantiation of the module, which is expected to fail.
Result<void> ScriptRunner::run_what_is_asserted(const Command& c) {
    if (c.action) {
        auto results = perform(*c.action);
        if (!results) return std::unexpected(results.error());
        return {};
    }
    auto module = load(*c.module);
    if (!module) return std::unexpected(module.error());
    auto instance = linker_.instantiate(store_, *module);
    if (!instance) return std::unexpected(instance.error());
    return {};
}

Outcome ScriptRunner::assert_ends_with(const Command& c, const char* class_name) {
    auto done = run_what_is_asserted(c);
    return judge_end(class_name, c.message, done ? nullptr : &done.error(), store_.trap());
}

Outcome ScriptRunner::assert_refused(const Command& c, const char* class_name) {
    auto module = load(*c.module);
    return judge_refusal(class_name, c.message, module ? nullptr : &module.error());
}

Outcome ScriptRunner::assert_unlinkable(const Command& c) {
    auto module = load(*c.module);
    if (!module) return Outcome::failure("unlinkable: " + c.message, module.error().to_string());
    auto instance = linker_.instantiate(store_, *module);
    return judge_refusal("unlinkable", c.message, instance ? nullptr : &instance.error());
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
        const Named* named = find_named(name);
        if (!named) return Outcome::failure("an instance to share", "no instance $" + name);
        auto seen = share(*named);
        if (!seen) return Outcome::failure("an instance to share", seen.error());
        runner->instances_.insert_or_assign(name, std::move(*seen));
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
