// What all kinds of guests share: limits set before and looked at after each step, output captured, traps turned into outcomes.
#include "guest.hpp"

#include <ctime>

#include <heddle/component_limits.hpp>
#include <nlohmann/json.hpp>

#include <heddle/plugins.hpp>
#include <heddle/refusals.hpp>

#include "app.hpp"
#include "hostcall.hpp"
#include "recording.hpp"

namespace heddle::wire {

void CallTree::cancel() {
    cancelled_ = true;
    std::lock_guard lock(mutex_);
    for (Guest* g : running_) g->interrupt();
    if (wake_) wake_();
}

void CallTree::enter(Guest& guest) {
    std::lock_guard lock(mutex_);
    running_.insert(&guest);
    if (cancelled_) guest.interrupt();
}

void CallTree::leave(Guest& guest) {
    std::lock_guard lock(mutex_);
    running_.erase(&guest);
}

Guest::Guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config)
    : artifact_(std::move(artifact)), config_(config), store_(artifact_->engine) {
    store_.user = this;
    wasi_.arg(artifact_->label).capture_stdout().capture_stderr();
    offer_time_and_chance();
    for (const auto& [name, value] : config.env) wasi_.env(name, value);
    for (const std::string& host : config.grants.http) wasi_.allow_host(host);
    if (config.net) wasi_.inherit_network();
    for (const DirEntry& d : config.dirs) wasi_.dir(d.host, d.guest, d.read_only ? wasi::ReadOnly : wasi::ReadWrite);
}

Guest::~Guest() = default;

Recorder* Guest::recorder() const { return scope_ && scope_->depth == 0 ? scope_->tree.recorder : nullptr; }

// The system's, and what is recorded or replayed of them.
void Guest::offer_time_and_chance() {
    auto clock = [this](const char* what, clockid_t id) {
        auto now = [id] {
            timespec t{};
            clock_gettime(id, &t);
            return u64(t.tv_sec) * 1'000'000'000 + u64(t.tv_nsec);
        };
        return [this, what, now] { return recorder() ? recorder()->clock(what, now) : now(); };
    };
    wasi_.wall_clock(clock("wall", CLOCK_REALTIME));
    wasi_.monotonic_clock(clock("monotonic", CLOCK_MONOTONIC));
    wasi_.random([this](std::span<u8> bytes) { recorder() ? recorder()->random(bytes, fill_random) : fill_random(bytes); });
}

void Guest::interrupt() {
    wasi_.cancel();
    store_.interrupt();
    if (artifact_->plugins) artifact_->plugins->interrupt(store_);
}

Result<void> Guest::save() {
    auto held = wasi::Held::note(store_, wasi_);
    if (!held) return std::unexpected(held.error());
    held_ = std::move(*held);
    return do_save();
}

bool Guest::reset() {
    if (!held_ || !do_reset()) return false;
    held_->put_back();
    return true;
}

// Guest output since the last look, line by line, up to the limit of the call.
void Guest::log_output() {
    for (int stream : {1, 2}) {
        std::string text = wasi::take_captured(wasi_, stream);
        std::string_view fresh = text;
        while (!fresh.empty()) {
            std::size_t end = fresh.find('\n');
            write_log(*scope_, "info", fresh.substr(0, end), stream == 1 ? "stdout" : "stderr", {});
            fresh = end == fresh.npos ? "" : fresh.substr(end + 1);
        }
    }
}

Task<Ended> Guest::run(CallScope& scope, Task<Ended> step) {
    if (scope.tree.cancelled()) co_return Ended{Outcome::cancelled, "the call was cancelled"};
    if (scope.late()) co_return Ended{Outcome::deadline, "the deadline passed before the guest was called"};
    if (scope.is_runtime()) scope.deadline = Clock::now() + config_.limits.time();
    CallScope* outer = std::exchange(scope_, &scope);
    if (scope.fuel) store_.set_fuel(*scope.fuel);
    refused_ = refused_memory(store_);
    if (!scope.is_runtime()) scope.tree.enter(*this);
    auto ticket = scope.tree.app->watch.at(scope.deadline, [this] { interrupt(); });
    Ended ended = co_await step;
    scope.tree.app->watch.cancel(ticket);
    scope.tree.leave(*this);
    if (scope.fuel) scope.fuel = store_.fuel();
    log_output();
    scope_ = outer;
    if (scope.late() || scope.cancelled()) dead_ = true;  // an interruption may still be pending in it
    co_return ended;
}

Task<Ended> Guest::start(CallScope& scope, const InitArgs& args) {
    Task<Ended> all = run(scope, do_start(args));
    Ended ended = co_await all;
    if (!ended.ok()) dead_ = true;
    if (ended.outcome == Outcome::failed) ended.outcome = Outcome::init_failed;  // unlinkable: the artifact's fault
    co_return ended;
}

Task<Ended> Guest::handle(CallScope& scope, std::string_view json) {
    if (dead_ && scope.cancelled()) co_return Ended{Outcome::cancelled, "the call was cancelled"};
    if (dead_ && scope.late()) co_return Ended{Outcome::deadline, "the deadline passed before the guest was called"};  // while it started
    if (dead_) co_return Ended{Outcome::failed, "the instance has ended"};
    ++uses;
    Task<Ended> all = run(scope, do_handle(scope.materializer, json));
    Ended ended = co_await all;
    last_used = Clock::now();
    co_return ended;
}

Ended Guest::do_begin(const MaterializerConfig&, std::string_view, std::optional<ComponentCall>&) { return {Outcome::failed, "calls of this kind are not begun"}; }
Ended Guest::do_finish(const MaterializerConfig&, std::optional<component::Val>) { return {Outcome::failed, "calls of this kind are not begun"}; }

Ended Guest::begin(CallScope& scope, std::string_view json, std::optional<ComponentCall>& call) {
    if (dead_) return {Outcome::unavailable, "the instance ended with another call that was in it"};
    if (scope.tree.cancelled()) return {Outcome::cancelled, "the call was cancelled"};
    ++uses;
    scope_ = &scope;
    refused_ = refused_memory(store_);
    Ended ended = do_begin(scope.materializer, json, call);
    log_output();
    scope_ = nullptr;
    return ended;
}

void Guest::go_on(CallScope& scope, const ComponentCall& call) {
    scope_ = &scope;
    if (!ComponentScheduler::tick(store_)) {
        Wait wait(scope.tree);
        if (!store_.parked()) (void)call.wait();
        else if (!store_.wait_parked()) dead_ = true;  // interrupted, in the middle of a synchronous function
    }
    log_output();
    scope_ = nullptr;
}

Ended Guest::finish(CallScope& scope, const ComponentCall& call) {
    scope_ = &scope;
    auto result = call.result();
    Ended ended = result ? do_finish(scope.materializer, std::move(*result)) : broken(result.error(), component_trap(store_));
    scope_ = nullptr;
    last_used = Clock::now();
    if (scope.late()) dead_ = true;  // an interruption may still be pending in it
    return ended;
}

std::optional<HostAnswer> Guest::hostcall(std::string_view op, std::string_view json, std::function<void(HostAnswer)> then) {
    if (scope_->fuel) scope_->fuel = store_.fuel();
    return answer(begin_hostcall(*scope_, op, json), std::move(then));
}

std::optional<HostAnswer> Guest::call_passing(std::string op, std::string in, std::shared_ptr<Passed> passed, std::function<void(HostAnswer)> then) {
    if (scope_->fuel) scope_->fuel = store_.fuel();
    return answer(begin_call(*scope_, std::move(op), std::move(in), std::move(passed)), std::move(then));
}

std::optional<HostAnswer> Guest::answer(std::variant<HostAnswer, Task<HostAnswer>> begun, std::function<void(HostAnswer)> then) {
    if (auto* later = std::get_if<Task<HostAnswer>>(&begun)) {
        if (may_leave_) return asked_.push_back({std::move(*later), std::move(then)}), std::nullopt;
        begun = wait_here(scope_->tree, std::move(*later));
    }
    if (scope_->fuel) store_.set_fuel(*scope_->fuel);
    return std::get<HostAnswer>(std::move(begun));
}

HostAnswer Guest::hostcall_here(std::string_view op, std::string_view json) {
    Waiting waiting(*this);
    return *hostcall(op, json, {});
}

Task<bool> Guest::give_answer() {
    Asked asked = std::move(asked_.front());
    asked_.pop_front();
    HostAnswer answer = co_await asked.answer;
    if (scope_->fuel) store_.set_fuel(*scope_->fuel);
    asked.then(std::move(answer));
    co_return true;
}

bool Guest::wait_for_wasi() {
    Wait wait(scope_->tree);
    return store_.wait_parked();
}

Ended Guest::trapped(const Trap& trap) {
    dead_ = true;
    std::string backtrace = trap.to_string();
    auto with = [&](Outcome o, std::string message) { return Ended{o, std::move(message), {}, backtrace}; };
    switch (trap.code) {
        case TrapCode::out_of_fuel: return with(Outcome::fuel, "the guest used up its fuel (limits.fuel = " + std::to_string(config_.limits.fuel) + ")");
        case TrapCode::heap_limit: return with(Outcome::memory, "the guest's managed heap is full: " + trap.message());
        case TrapCode::allocation_failure: return with(Outcome::memory, trap.message());
        default: break;
    }
    if (component::is_limit(trap)) return with(Outcome::memory, trap.message());
    if (scope_->cancelled()) return with(Outcome::cancelled, "the call was cancelled");
    if (trap.code == TrapCode::interrupted && !scope_->late()) return with(Outcome::unavailable, "the instance ended with another call that was in it");
    if (trap.code == TrapCode::interrupted || scope_->late())
        return with(Outcome::deadline, "the call did not end in time (limits.deadline = " + std::to_string(config_.limits.deadline.count()) + " ms)");
    if (trap.code == TrapCode::exited) return with(Outcome::trap, "the guest ended its program with exit code " + std::to_string(trap.exit_code));
    // Allocators that are given no more memory end so.
    if (refused_memory(store_) > refused_)
        return with(Outcome::memory, "the guest was refused more memory (limits.memory = " + std::to_string(config_.limits.memory) + ") and trapped: " + trap.message());
    return with(Outcome::trap, "the guest trapped: " + trap.message());
}

Ended Guest::broken(const Error& error, const Trap& trap) {
    dead_ = true;
    if (error.kind == Error::Kind::trapped) return trapped(trap);
    if (error.kind == Error::Kind::limit) return {Outcome::memory, artifact_->label + ": " + error.to_string() + " (limits.memory)"};
    return {Outcome::failed, artifact_->label + ": " + error.to_string()};
}

std::unique_ptr<Guest> make_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    switch (config.kind) {
        case Kind::core: return make_core_guest(std::move(artifact), config);
        case Kind::core_wire: return make_core_wire_guest(std::move(artifact), config);
        case Kind::wit_wire: return make_wit_wire_guest(std::move(artifact), config);
        case Kind::wit: return make_wit_guest(std::move(artifact), config);
        case Kind::http: return make_http_guest(std::move(artifact), config);
        case Kind::messages: return make_messages_guest(std::move(artifact), config);
        case Kind::reflected: break;
    }
    return make_reflected_guest(std::move(artifact), config);
}

Ended said(Outcome outcome, std::string text) {
    Ended ended{outcome, text};
    if (scan_json(text)) return ended;
    Json tree = parse_scanned(text);
    if (tree.is_object() && tree.contains("message") && tree["message"].is_string()) ended.text = tree["message"].get<std::string>();
    else if (tree.is_string()) ended.text = tree.get<std::string>();
    ended.cause = std::move(text);
    return ended;
}

Ended handle_error(const MaterializerConfig& op, u32 which, std::string text) {
    if (which == 0) return {Outcome::no_handler, "the guest has no handler for `" + op.op + "`"};
    return said(which == 1 ? Outcome::in_json_err : Outcome::handler_err, std::move(text));
}

Ended handle_error(const MaterializerConfig& op, const component::Val& error) {
    return handle_error(op, error.case_index(), error.payload() ? error.payload()->as_string() : "");
}

Ended init_error(u32 which, const std::string& text) {
    if (which == 0) return {Outcome::init_failed, "the guest does not speak version " + std::string(protocol_version) + " of the protocol: " + text};
    if (which == 1) return {Outcome::init_failed, "the guest has no function for the materializer `" + text + "`"};
    return {Outcome::init_failed, "the guest's init failed: " + text};
}

std::string init_args_json(const InitArgs& args) {
    Json ops = Json::array();
    for (const MaterializerConfig* m : args.ops)
        ops.push_back({{"op-name", m->op}, {"mat-title", m->title}, {"mat-hash", m->hash}, {"mat-data-json", m->data_json}});
    return to_text({{"metatype-version", protocol_version}, {"expected-ops", ops}});
}

}  // namespace heddle::wire
