// Programs: the instances of one artifact under one configuration, and how long each lives.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "guest.hpp"
#include "shared_instance.hpp"
#include "turnstile.hpp"

namespace heddle::wire {

// Instances that are started too often in vain, or trap too often, are left alone for a while.
class Backoff {
public:
    explicit Backoff(const BreakerConfig& breaker) : breaker_(breaker) {}
    // How long to wait before the next try; nothing: now.
    std::optional<Milliseconds> closed_for();
    void started(bool ok);             // an instance's init
    void ended(Outcome outcome);       // a call

private:
    const BreakerConfig& breaker_;
    std::mutex mutex_;
    u32 starts_failed_ = 0, calls_failed_ = 0;
    Clock::time_point not_before_{};
};

struct ProgramStats {
    std::atomic<u64> started{0}, start_failed{0}, discarded{0}, restored{0};
    std::atomic<i64> live{0};
};

class Program {
public:
    Program(std::shared_ptr<const Artifact> artifact, std::shared_ptr<const GuestConfig> config);
    ~Program();
    void add(const MaterializerConfig* m) { ops_.ops.push_back(m); }
    const MaterializerConfig& first() const { return *ops_.ops.front(); }

    // One call on an instance as the lifetime has it. `key`: of lifetime keyed.
    Task<Ended> call(CallScope& scope, std::string_view json, const std::string& key, std::optional<Milliseconds>& retry_after);
    // Whether a call is inside of that instance (of lifetime singleton or keyed) because it, or one around it, was made by it.
    bool is_inside(const CallScope& scope, const std::string& key);
    // Whether there is that instance (of lifetime singleton or keyed) now. From any thread.
    bool is_running(const std::string& key) const;
    // Starts an instance now, so that faults show before the first call.
    Task<Ended> warm(CallScope& scope);
    // Lets go of instances that nobody used for the configured time.
    void trim();
    const GuestConfig& config() const { return *config_; }
    const Artifact& artifact() const { return *artifact_; }
    const ProgramStats& stats() const { return stats_; }
    std::size_t idle() const;
    // Lifetime snapshot: why instances cannot be brought back to what they were, or empty; known after the first has started.
    std::string why_not_reset() const;
    std::size_t waiting() const { return turnstile_.waiting(); }

private:
    // An instance that serves one call at a time, and keeps its state.
    struct Cell {
        Turnstile turn{1};
        std::unique_ptr<Guest> guest;
        std::atomic<bool> running = false;   // there is a guest, as others may see it
        Clock::time_point last_used = Clock::now();
        Clock::time_point started{}, not_before{};  // of the instance; of the next one, after it ended by itself
        u32 ended_young = 0;           // in a row
        u32 users = 0;                 // calls that hold the cell or wait for it; guarded by mutex_
    };
    Task<Ended> start(CallScope& scope, std::unique_ptr<Guest>& to);
    Task<Ended> call_pool(CallScope& scope, std::string_view json);
    std::shared_ptr<SharedInstance> shared() const;
    Task<Ended> call_by_lifetime(CallScope& scope, std::string_view json, const std::string& key, std::optional<Milliseconds>& retry_after);
    Task<std::optional<Ended>> call_shared(CallScope& scope, std::string_view json);
    std::shared_ptr<SharedInstance> share(std::unique_ptr<Guest>& guest, const CallScope& scope);
    Task<Ended> call_new(CallScope& scope, std::string_view json, std::unique_ptr<Guest>& guest);
    bool may_share(const CallScope& scope) const;
    Task<Ended> call_cell(CallScope& scope, std::string_view json, Cell& cell, std::optional<Milliseconds>& retry_after);
    Task<Ended> call_held(CallScope& scope, std::string_view json, Cell& cell, std::optional<Milliseconds>& retry_after);
    Task<Ended> restart(CallScope& scope, Cell& cell, std::optional<Milliseconds>& retry_after);
    void let_go(Cell& cell, Outcome outcome, Clock::time_point entered);
    Task<Ended> call_keyed(CallScope& scope, std::string_view json, const std::string& key, std::optional<Milliseconds>& retry_after);
    std::unique_ptr<Guest> take_idle();
    void give_back(std::unique_ptr<Guest> guest);
    void discard(std::unique_ptr<Guest> guest);
    Clock::time_point patience(const CallScope& scope) const;
    Task<bool> wait_for(Turnstile& turn, CallScope& scope) const;

    std::shared_ptr<const Artifact> artifact_;
    std::shared_ptr<const GuestConfig> config_;
    InitArgs ops_;
    ProgramStats stats_;
    Backoff backoff_;
    Turnstile turnstile_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Guest>> idle_;
    std::string why_not_reset_;
    Cell single_;
    std::shared_ptr<SharedInstance> shared_;   // pooled, of a guest whose function is asynchronous
    std::map<std::string, std::unique_ptr<Cell>> keyed_;
};

}  // namespace heddle::wire
