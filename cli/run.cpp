// heddle run: a program from its first byte to its exit code.
#include <atomic>
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include <heddle/inspect.hpp>
#include <heddle/wasi.hpp>

#include "commands.hpp"
#include "missing_imports.hpp"
#include "grants.hpp"
#include "program.hpp"
#include "source.hpp"
#include "values.hpp"
#include "watchdog.hpp"

namespace heddle::cli {

namespace {

// The export that the program begins with.
struct Entry {
    std::optional<std::string> function;  // empty: the module's own start function is the whole program
    std::optional<CallText> call;         // of --invoke
    bool initialize = false;              // a reactor: `_initialize` comes first
};

std::string exported_functions(const Module& module) {
    std::string list;
    std::size_t count = 0;
    constexpr std::size_t shown = 20;
    for (const ExportType& e : module.exports())
        if (e.type.kind == ExternKind::func && ++count <= shown)
            list += fmt::format("\n  {}{}", e.name, format_signature(module.func_type(e.type.type)));
    if (count == 0) return "; it exports no function";
    if (count > shown) list += fmt::format("\n  … and {} more", count - shown);
    return "; it exports:" + list;
}

const ExportType* find_function(const std::vector<ExportType>& exports, std::string_view name) {
    for (const ExportType& e : exports)
        if (e.type.kind == ExternKind::func && e.name == name) return &e;
    return nullptr;
}

Or<Entry> invoked_entry(const Source& source, const Module& module, const std::string& text) {
    auto call = parse_call(text);
    if (!call) return fail(wrong_usage, call.error());
    auto exports = module.exports();
    const ExportType* function = find_function(exports, call->function);
    if (!function) return fail(failed, fmt::format("{}: no exported function {}{}", source.label, call->function, exported_functions(module)));
    const FuncType& type = module.func_type(function->type.type);
    if (type.params.size() != call->arguments.size())
        return fail(wrong_usage, fmt::format("--invoke: {}{} takes {} arguments, not {}", call->function, format_signature(type), type.params.size(),
                                             call->arguments.size()));
    bool reactor = find_function(exports, "_initialize") && call->function != "_initialize";
    return Entry{call->function, std::move(*call), reactor};
}

Or<Entry> find_entry(const Source& source, const Module& module, const RunOptions& options) {
    if (options.invoke) return invoked_entry(source, module, *options.invoke);
    auto exports = module.exports();
    if (const ExportType* start = find_function(exports, "_start")) {
        const FuncType& type = module.func_type(start->type.type);
        if (type == FuncType()) return Entry{"_start", std::nullopt, false};
        return fail(not_runnable,
                    fmt::format("{}: its _start has the type {}; a program's takes and gives nothing", source.label, format_signature(type)));
    }
    if (summarize(module).start) return Entry{};
    const char* kind = find_function(exports, "_initialize") ? "is a library (a reactor with _initialize)" : "has no _start function";
    return fail(not_runnable,
                fmt::format("{}: {}: call one of its functions with --invoke 'name(1, 2)'{}", source.label, kind, exported_functions(module)));
}

// One run of one program.
class Program {
public:
    Program(const RunOptions& options, const Engine& engine, const Source& source, Module module)
        : options_(options), engine_(engine), source_(source), module_(std::move(module)), store_(engine), linker_(engine) {
        if (options.fuel) store_.set_fuel(*options.fuel);
        keep_core_dumps(store_, options);
    }

    // The guest's exit code, or what stopped it.
    Or<int> run(const Entry& entry);
    // From any thread: what runs ends soon.
    void stop() {
        timed_out_ = true;
        wasi_.cancel();
        store_.interrupt();
    }

private:
    Or<void> grant();
    Or<Instance> instantiate();
    Or<int> start(const Instance& instance);
    Or<int> invoke(const Instance& instance, const Entry& entry);
    Or<int> call(const Func& function, std::span<const Value> arguments, std::vector<Value>* results = nullptr);
    Or<int> ended(const Error& error);

    const RunOptions& options_;
    const Engine& engine_;
    const Source& source_;
    Module module_;
    Store store_;
    Linker linker_;
    wasi::Context wasi_;
    std::atomic<bool> timed_out_ = false;
};

Or<void> Program::grant() {
    cli::grant(wasi_, options_, source_.label);
    grant_more(wasi_, options_, {});
    if (auto added = wasi::add(linker_, wasi_); !added) return fail(failed, added.error().message);
    announce_ports(wasi_, options_);
    return raise_wall(wasi_, options_, false, other_files(options_));
}

// Everything up to the first instruction of the guest.
Or<Instance> Program::instantiate() {
    auto imports = linker_.resolve(store_, module_);
    if (!imports) {
        std::string missing = describe_missing_imports(engine_, module_);
        return fail(failed, fmt::format("{}: {}", source_.label, missing.empty() ? imports.error().to_string() : missing));
    }
    auto instance = heddle::instantiate(store_, module_, *imports);
    if (instance) return *instance;
    auto end = ended(instance.error());
    return std::unexpected(end ? Failure{failed, source_.label + ": ended while it was instantiated"} : end.error());
}

Or<int> Program::ended(const Error& error) {
    if (error.kind != Error::Kind::trapped) return std::unexpected(load_failure(source_.label, error));
    write_core_dump(store_, options_);
    return cli::ended(source_.label, store_.trap(), options_, timed_out_);
}

Or<int> Program::call(const Func& function, std::span<const Value> arguments, std::vector<Value>* results) {
    auto called = function.call(store_, arguments);
    if (!called) return ended(called.error());
    if (results) *results = std::move(*called);
    return ok;
}

Or<int> Program::start(const Instance& instance) {
    auto function = instance.start();
    return function ? call(*function, {}) : ok;
}

Or<int> Program::invoke(const Instance& instance, const Entry& entry) {
    auto function = instance.find_func(*entry.function);
    if (!function) return fail(failed, fmt::format("{}: no exported function {}", source_.label, *entry.function));
    if (!entry.call) return call(*function, {});
    const FuncType& type = function->type();
    std::vector<Value> arguments, results;
    for (std::size_t i = 0; i < type.params.size(); ++i) {
        auto value = parse_value(entry.call->arguments[i], type.params[i], store_);
        if (!value)
            return fail(wrong_usage, fmt::format("--invoke: argument {} of {}{}: {}", i + 1, *entry.function, format_signature(type), value.error()));
        arguments.push_back(*value);
    }
    if (entry.initialize)
        if (auto done = call(*instance.find_func("_initialize"), {}); !done || *done != ok) return done;
    auto code = call(*function, arguments, &results);
    for (const Value& v : results) fmt::print("{}\n", format_value(v, store_));
    std::fflush(stdout);
    return code;
}

Or<int> Program::run(const Entry& entry) {
    if (auto granted = grant(); !granted) return std::unexpected(granted.error());
    auto instance = instantiate();
    if (!instance) return std::unexpected(instance.error());
    auto code = start(*instance);
    if (!code || *code != ok || !entry.function) return code;
    return invoke(*instance, entry);
}

Or<Source> read_program(const RunOptions& options) {
    auto source = read_source(options.file, options.config.max_module_bytes);
    if (!source && source.error().code == not_found && options.file.find_first_of("./") == options.file.npos)
        source.error().message += ", and no command either: `heddle --help` lists the commands";
    return source;
}

// What was asked for that core modules do not have, or nothing.
std::string_view for_components_only(const RunOptions& o) {
    if (!o.links.empty()) return "--link serves imports of components";
    if (o.message) return "--message calls what a component exports";
    if (!o.sends.empty()) return "--send serves imports of components";
    if (!o.plugins.empty() || o.plugin_bytes) return "components load plug-ins (--plugin, --plugin-bytes)";
    return {};
}

Or<int> run_program(const RunOptions& options) {
    auto source = read_program(options);
    if (!source) return std::unexpected(source.error());
    Engine engine(options.config);
    if (is_component(source->form)) return run_component(options, engine, std::move(*source));
    if (auto asked = for_components_only(options); !asked.empty()) return fail(wrong_usage, fmt::format("{}: is a core module; {}", source->label, asked));
    auto module = Module::load(engine, std::move(source->bytes), std::filesystem::path(source->label).filename().string());
    if (!module) return std::unexpected(load_failure(source->label, module.error()));
    auto entry = find_entry(*source, *module, options);
    if (!entry) return std::unexpected(entry.error());
    Program program(options, engine, *source, *module);
    std::optional<Watchdog> watchdog;
    if (options.timeout) watchdog.emplace(*options.timeout, [&program] { program.stop(); });
    return program.run(*entry);
}

}  // namespace

int run(const RunOptions& options) {
    // Loading, too, ends in time; and a guest that cannot be interrupted does not outlive its time by more than this.
    constexpr std::chrono::milliseconds grace{1000};
    std::optional<Watchdog> last_resort;
    if (options.timeout) {
        last_resort.emplace(*options.timeout + grace, [&options] {
            fmt::print(stderr, "heddle: {}: stopped: --timeout {} ms passed\n", label_of(options.file), options.timeout->count());
            _exit(timed_out);
        });
    }
    auto code = run_program(options);
    return code ? *code : report(code.error());
}

}  // namespace heddle::cli
