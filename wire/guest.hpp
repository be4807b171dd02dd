// A guest: one instance of an artifact in a Store of its own, started by `init` and asked by `handle`. One file per kind.
#pragma once
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/component.hpp>
#include <heddle/engine.hpp>
#include <heddle/wasi.hpp>
#include <heddle/wasi_reuse.hpp>

#include "hostcall.hpp"
#include "scope.hpp"
#include "task.hpp"

namespace heddle::component::plugins {
class Catalogue;
}

namespace heddle::wire {

// The file of a guest, loaded and validated: shared by all its instances and threads.
struct Artifact {
    explicit Artifact(const Config& config) : engine(config) {}
    Engine engine;
    std::optional<Module> module;
    std::optional<Component> component;
    std::shared_ptr<const component::plugins::Catalogue> plugins;  // null: it holds none
    std::string label;                        // for messages
    u64 bytes = 0;
};
// Throws Error: no such file, another sha256, malformed, or not of the kind the manifest says.
std::shared_ptr<const Artifact> load_artifact(const GuestConfig& config);

// How a step of a guest ended.
struct Ended {
    Outcome outcome = Outcome::ok;
    std::string text = {};                    // ok: JSON text. Otherwise the message
    std::string cause = {};                   // what the guest said about its error, when it is JSON
    std::string backtrace = {};

    bool ok() const { return outcome == Outcome::ok; }
};

// What `init` is told.
struct InitArgs {
    std::vector<const MaterializerConfig*> ops;
};
inline constexpr const char* protocol_version = "0.5.1";

class Guest {
public:
    Guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);
    virtual ~Guest();
    Guest(const Guest&) = delete;

    // Instantiates and initialises. A guest that failed here is not used again.
    Task<Ended> start(CallScope& scope, const InitArgs& args);
    // One call. After a trap or a limit the guest is dead.
    Task<Ended> handle(CallScope& scope, std::string_view json);
    // Whether many calls may be in it at once; known after start(). Such a call is begun, goes on with all others, and is finished when it is done.
    virtual bool shares() const { return false; }
    Ended begin(CallScope& scope, std::string_view json, std::optional<ComponentCall>& call);
    // Runs what is ready; when nothing is, waits for what `call` waits for.
    void go_on(CallScope& scope, const ComponentCall& call);
    Ended finish(CallScope& scope, const ComponentCall& call);
    // Keeps what the guest is now, after init. An error says why this guest cannot be brought back to it.
    Result<void> save();
    // Makes the guest what it was at save(). False: it cannot be used again.
    bool reset();
    // Ends what runs, from any thread.
    void interrupt();
    bool dead() const { return dead_; }
    Store& store() { return store_; }
    const Artifact& artifact() const { return *artifact_; }
    const GuestConfig& config() const { return config_; }
    // The call that runs now; host functions act in its name.
    CallScope& scope() const { return *scope_; }
    // A host call by the guest. Nothing: somebody must be waited for, so the guest has to leave; `then` gets the answer before it goes on.
    std::optional<HostAnswer> hostcall(std::string_view op, std::string_view json, std::function<void(HostAnswer)> then);
    // The same of `call`, with resources beside the JSON.
    std::optional<HostAnswer> call_passing(std::string op, std::string in, std::shared_ptr<Passed> passed, std::function<void(HostAnswer)> then);

    // The same, waited for in place.
    HostAnswer hostcall_here(std::string_view op, std::string_view json);

    u64 uses = 0;
    Clock::time_point last_used = Clock::now();

protected:
    virtual Task<Ended> do_start(const InitArgs& args) = 0;
    virtual Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) = 0;

    virtual Result<void> do_save() = 0;
    virtual Result<void> do_reset() = 0;
    virtual Ended do_begin(const MaterializerConfig& op, std::string_view json, std::optional<ComponentCall>& call);
    virtual Ended do_finish(const MaterializerConfig& op, std::optional<component::Val> result);

    // For what runs a guest that has left: whether it waits for an answer, and the answer given to it. Only between these two may it leave for one.
    class Driving;
    class Waiting;
    bool awaits_answer() const { return !asked_.empty(); }
    Task<bool> give_answer();
    // Waits in place for what WASI waits for. False: it was interrupted.
    bool wait_for_wasi();
    // WASI under what the manifest grants.
    wasi::Context& wasi() { return wasi_; }
    Ended trapped(const Trap& trap);
    // An error of the engine or the component library, while something was called or instantiated.
    Ended broken(const Error& error, const Trap& trap);

    std::shared_ptr<const Artifact> artifact_;

private:
    struct Asked {
        Task<HostAnswer> answer;
        std::function<void(HostAnswer)> then;
    };
    Task<Ended> run(CallScope& scope, Task<Ended> step);
    std::optional<HostAnswer> answer(std::variant<HostAnswer, Task<HostAnswer>> begun, std::function<void(HostAnswer)> then);
    void log_output();
    void offer_time_and_chance();
    Recorder* recorder() const;
    const GuestConfig& config_;
    Store store_;
    wasi::Context wasi_;
    CallScope* scope_ = nullptr;
    std::optional<wasi::Held> held_;      // of the host, at save()
    u64 refused_ = 0;                     // memory, before the step that runs
    bool dead_ = false;
    bool may_leave_ = false;              // what runs the guest now waits for answers without a thread
    std::deque<Asked> asked_;
};

// While it lives, host calls are waited for in place.
class Guest::Waiting {
public:
    explicit Waiting(Guest& g) : guest_(g), outer_(std::exchange(g.may_leave_, false)) {}
    ~Waiting() { guest_.may_leave_ = outer_; }
    Waiting(const Waiting&) = delete;

private:
    Guest& guest_;
    bool outer_;
};

class Guest::Driving {
public:
    explicit Driving(Guest& g) : guest_(g) { guest_.may_leave_ = true; }
    ~Driving() {
        guest_.may_leave_ = false;
        guest_.asked_.clear();
    }
    Driving(const Driving&) = delete;

private:
    Guest& guest_;
};

// A new instance of the kind that the manifest names; not yet started.
std::unique_ptr<Guest> make_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);
std::unique_ptr<Guest> make_core_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);
std::unique_ptr<Guest> make_core_wire_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);
std::unique_ptr<Guest> make_wit_wire_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);
std::unique_ptr<Guest> make_wit_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);
std::unique_ptr<Guest> make_http_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);
std::unique_ptr<Guest> make_messages_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);
std::unique_ptr<Guest> make_reflected_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config);

// What a guest says about its error, as it is handed on: the message, and the cause when it said JSON.
Ended said(Outcome outcome, std::string text);
// The protocol's errors by the number of their case: handle-err = no-handler | in-json-err(text) | handler-err(text),
// init-error = version-mismatch(text) | unexpected-mat(its name) | other(text).
Ended handle_error(const MaterializerConfig& op, u32 which, std::string text);
Ended handle_error(const MaterializerConfig& op, const component::Val& error);
Ended init_error(u32 which, const std::string& text);
// Init's arguments as JSON with the WIT's field names, for guests without a canonical ABI.
std::string init_args_json(const InitArgs& args);

}  // namespace heddle::wire
