// The five lifetimes over two shapes: a pool of interchangeable instances, and cells that each keep one.
#include "lifetimes.hpp"

#include <algorithm>

namespace heddle::wire {

std::optional<Milliseconds> Backoff::closed_for() {
    std::lock_guard lock(mutex_);
    auto left = not_before_ - Clock::now();
    return left.count() > 0 ? std::optional(std::chrono::ceil<Milliseconds>(left)) : std::nullopt;
}

void Backoff::started(bool ok) {
    constexpr Milliseconds first{100}, longest{30'000};
    std::lock_guard lock(mutex_);
    if (ok) return void(starts_failed_ = 0);
    not_before_ = Clock::now() + std::min(longest, first * (1 << std::min(starts_failed_, 10u)));
    ++starts_failed_;
}

void Backoff::ended(Outcome o) {
    bool broken = o == Outcome::trap || o == Outcome::fuel || o == Outcome::memory || o == Outcome::deadline;
    std::lock_guard lock(mutex_);
    calls_failed_ = broken ? calls_failed_ + 1 : 0;
    if (breaker_.failures == 0 || calls_failed_ < breaker_.failures) return;
    not_before_ = Clock::now() + breaker_.open;
    calls_failed_ = breaker_.failures - 1;  // then one call may try, and opens it again when it fails
}

Program::Program(std::shared_ptr<const Artifact> artifact, std::shared_ptr<const GuestConfig> config)
    : artifact_(std::move(artifact)), config_(std::move(config)), backoff_(config_->breaker), turnstile_(config_->pool.max) {}

Program::~Program() = default;

Clock::time_point Program::patience(const CallScope& scope) const { return std::min(scope.deadline, Clock::now() + config_->pool.wait); }

Task<bool> Program::wait_for(Turnstile& turn, CallScope& scope) const {
    Turnstile::Waiter me;
    Task<Done> pause = pause_until(scope.tree, patience(scope), [&](Wake wake) {
        me.wake = std::move(wake);
        turn.wait(me);
    });
    co_await pause;
    co_return turn.stop_waiting(me);
}

std::size_t Program::idle() const {
    std::lock_guard lock(mutex_);
    return idle_.size();
}

Task<Ended> Program::start(CallScope& scope, std::unique_ptr<Guest>& to) {
    auto guest = make_guest(artifact_, *config_);
    ++stats_.started;
    ++stats_.live;
    Task<Ended> starting = guest->start(scope, ops_);
    Ended ended = co_await starting;
    if (ended.outcome != Outcome::cancelled) backoff_.started(ended.ok());
    if (ended.ok()) {
        if (config_->lifetime == Lifetime::snapshot) {
            auto saved = guest->save();
            std::lock_guard lock(mutex_);
            why_not_reset_ = saved ? "" : saved.error().message;
        }
        to = std::move(guest);
        co_return ended;
    }
    ++stats_.start_failed;
    --stats_.live;
    co_return ended;
}

std::string Program::why_not_reset() const {
    std::lock_guard lock(mutex_);
    return why_not_reset_;
}

std::unique_ptr<Guest> Program::take_idle() {
    std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    auto guest = std::move(idle_.back());
    idle_.pop_back();
    return guest;
}

void Program::discard(std::unique_ptr<Guest> guest) {
    ++stats_.discarded;
    --stats_.live;
    guest.reset();
}

void Program::give_back(std::unique_ptr<Guest> guest) {
    bool used_up = config_->pool.max_uses != 0 && guest->uses >= config_->pool.max_uses;
    bool fresh = guest->uses == 0;
    if (guest->dead() || used_up) return discard(std::move(guest));
    if (!fresh && config_->lifetime == Lifetime::snapshot && guest->reset()) ++stats_.restored;
    else if (!fresh && config_->lifetime != Lifetime::pooled) return discard(std::move(guest));
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(guest));
}

std::shared_ptr<SharedInstance> Program::shared() const {
    std::lock_guard lock(mutex_);
    return shared_;
}

// Fuel and recordings are of one call.
bool Program::may_share(const CallScope& scope) const { return config_->lifetime == Lifetime::pooled && !scope.fuel && !scope.tree.recorder; }

// Among others in an instance of a guest whose function is asynchronous. Nothing: there is none that takes it.
Task<std::optional<Ended>> Program::call_shared(CallScope& scope, std::string_view json) {
    auto together = may_share(scope) ? shared() : nullptr;
    if (!together || together->ended()) co_return std::nullopt;
    Task<std::optional<Ended>> call = together->call(scope, json);
    co_return co_await call;
}

// An instance of its own: also for others, unless there is one for others already that does not take this call.
Task<Ended> Program::call_new(CallScope& scope, std::string_view json, std::unique_ptr<Guest>& guest) {
    if (guest->shares() && may_share(scope)) {
        Task<std::optional<Ended>> joining = call_shared(scope, json);  // another may have been first
        std::optional<Ended> joined = co_await joining;
        if (joined) co_return std::move(*joined);
        if (auto together = share(guest, scope)) {
            Task<std::optional<Ended>> call = together->call(scope, json);
            joined = co_await call;
            co_return std::move(*joined);
        }
    }
    Task<Ended> call = guest->handle(scope, json);
    co_return co_await call;
}

// The instance becomes the one for others. Null: there is another.
std::shared_ptr<SharedInstance> Program::share(std::unique_ptr<Guest>& guest, const CallScope& scope) {
    std::unique_lock lock(mutex_);
    if (shared_ && !shared_->ended()) return nullptr;
    auto together = std::make_shared<SharedInstance>(std::move(guest), scope.tree.user);
    auto old = std::exchange(shared_, together);
    lock.unlock();
    if (old) ++stats_.discarded, --stats_.live;
    return together;
}

Task<Ended> Program::call_pool(CallScope& scope, std::string_view json) {
    if (config_->lifetime == Lifetime::pooled) {
        Task<std::optional<Ended>> together = call_shared(scope, json);
        std::optional<Ended> ended = co_await together;
        if (ended) co_return std::move(*ended);
    }
    // Calls made by guests never wait for a place: those who hold the places may be waiting for them.
    bool entered = turnstile_.try_enter(scope.depth > 0);
    if (!entered) {
        Task<bool> wait = wait_for(turnstile_, scope);
        entered = co_await wait;
    }
    if (!entered) co_return Ended{scope.late() ? Outcome::deadline : Outcome::overloaded, "no instance became free in time (pool.max = " + std::to_string(config_->pool.max) + ")"};
    auto guest = scope.tree.recorder ? nullptr : take_idle();  // what is recorded begins with the instance's start
    Ended ended;
    if (!guest) {
        Task<Ended> starting = start(scope, guest);
        ended = co_await starting;
    }
    if (guest) {
        Task<Ended> call = call_new(scope, json, guest);
        ended = co_await call;
    }
    if (guest) give_back(std::move(guest));
    turnstile_.leave();
    co_return ended;
}

bool Program::is_inside(const CallScope& scope, const std::string& key) {
    const Cell* cell = &single_;
    if (config_->lifetime == Lifetime::keyed) {
        std::lock_guard lock(mutex_);
        auto found = keyed_.find(key);
        cell = found == keyed_.end() ? nullptr : found->second.get();
    }
    return cell && std::ranges::find(scope.held, static_cast<const void*>(cell)) != scope.held.end();
}

bool Program::is_running(const std::string& key) const {
    if (config_->lifetime == Lifetime::singleton) return single_.running;
    std::lock_guard lock(mutex_);
    auto found = keyed_.find(key);
    return found != keyed_.end() && found->second->running;
}

Task<Ended> Program::call_cell(CallScope& scope, std::string_view json, Cell& cell, std::optional<Milliseconds>& retry_after) {
    if (std::ranges::find(scope.held, static_cast<const void*>(&cell)) != scope.held.end())
        co_return Ended{Outcome::depth, "the call came back to an instance that is still in the call that made it"};
    bool entered = cell.turn.try_enter(false);
    if (!entered) {
        Task<bool> wait = wait_for(cell.turn, scope);
        entered = co_await wait;
    }
    if (!entered) co_return Ended{scope.late() ? Outcome::deadline : Outcome::overloaded, "the instance did not become free in time"};
    scope.held.push_back(&cell);
    Task<Ended> call = call_held(scope, json, cell, retry_after);
    Ended ended = co_await call;
    scope.held.pop_back();
    cell.last_used = Clock::now();
    cell.turn.leave();
    co_return ended;
}

// The call whose turn it is.
Task<Ended> Program::call_held(CallScope& scope, std::string_view json, Cell& cell, std::optional<Milliseconds>& retry_after) {
    Ended ended;
    if (!cell.guest) {
        Task<Ended> starting = restart(scope, cell, retry_after);
        ended = co_await starting;
    }
    cell.running = bool(cell.guest);
    if (!cell.guest) co_return ended;
    auto entered = Clock::now();
    Task<Ended> call = cell.guest->handle(scope, json);
    ended = co_await call;
    let_go(cell, ended.outcome, entered);
    cell.running = bool(cell.guest);
    co_return ended;
}

// An instance, after the pause that the end of the last one asks for. Who cannot wait so long is told when to come again.
Task<Ended> Program::restart(CallScope& scope, Cell& cell, std::optional<Milliseconds>& retry_after) {
    if (auto now = Clock::now(); now < cell.not_before) {
        retry_after = std::chrono::ceil<Milliseconds>(cell.not_before - now);
        Ended not_yet{Outcome::unavailable, "the instance ended by itself, and starts anew in " + std::to_string(retry_after->count()) + " ms"};
        if (patience(scope) < cell.not_before) co_return not_yet;
        Task<Done> pause = pause_until(scope.tree, cell.not_before, [](Wake) {});
        co_await pause;
        if (scope.tree.cancelled()) co_return Ended{Outcome::cancelled, "the call was cancelled"};
        retry_after.reset();
    }
    cell.started = Clock::now();
    Task<Ended> starting = start(scope, cell.guest);
    Ended ended = co_await starting;
    co_return ended;
}

// Of an instance that has ended, or was used often enough. It did not end by itself where its caller went away, or gave it less time than it may have.
void Program::let_go(Cell& cell, Outcome outcome, Clock::time_point entered) {
    bool ended = cell.guest->dead();
    if (!ended && !(config_->pool.max_uses && cell.guest->uses >= config_->pool.max_uses)) return;
    discard(std::move(cell.guest));
    auto now = Clock::now();
    bool of_caller = outcome == Outcome::cancelled || (outcome == Outcome::deadline && now - entered < config_->limits.deadline);
    if (!ended || of_caller || config_->lifetime != Lifetime::singleton) return;
    const RestartConfig& r = config_->restart;
    if (now - cell.started > r.longest) cell.ended_young = 0;
    cell.not_before = now + std::min(r.longest, r.first * (1 << std::min(cell.ended_young, 20u)));
    ++cell.ended_young;
}

Task<Ended> Program::call_keyed(CallScope& scope, std::string_view json, const std::string& key, std::optional<Milliseconds>& retry_after) {
    Cell* cell = nullptr;
    {
        std::lock_guard lock(mutex_);
        auto found = keyed_.find(key);
        if (found == keyed_.end()) {
            if (keyed_.size() >= config_->pool.keys) co_return Ended{Outcome::overloaded, "there are " + std::to_string(keyed_.size()) + " keys already (pool.keys)"};
            found = keyed_.emplace(key, std::make_unique<Cell>()).first;
        }
        cell = found->second.get();
        ++cell->users;
    }
    Task<Ended> call = call_cell(scope, json, *cell, retry_after);
    Ended ended = co_await call;
    std::lock_guard lock(mutex_);
    --cell->users;
    co_return ended;
}

Task<Ended> Program::call_by_lifetime(CallScope& scope, std::string_view json, const std::string& key, std::optional<Milliseconds>& retry_after) {
    if (config_->lifetime == Lifetime::singleton) return call_cell(scope, json, single_, retry_after);
    return config_->lifetime == Lifetime::keyed ? call_keyed(scope, json, key, retry_after) : call_pool(scope, json);
}

Task<Ended> Program::call(CallScope& scope, std::string_view json, const std::string& key, std::optional<Milliseconds>& retry_after) {
    if (auto closed = backoff_.closed_for()) {
        retry_after = closed;
        co_return Ended{Outcome::unavailable, "the guest failed too often; it is tried again in " + std::to_string(closed->count()) + " ms"};
    }
    Task<Ended> call = call_by_lifetime(scope, json, key, retry_after);
    Ended ended = co_await call;
    if (ended.outcome == Outcome::overloaded) retry_after = Milliseconds(1000);
    else if (ended.outcome != Outcome::cancelled) backoff_.ended(ended.outcome);
    co_return ended;
}

Task<Ended> Program::warm(CallScope& scope) {
    std::unique_ptr<Guest> guest;
    Task<Ended> starting = start(scope, guest);
    Ended ended = co_await starting;
    if (!guest) co_return ended;
    if (config_->lifetime == Lifetime::singleton && !single_.guest) {
        single_.started = Clock::now();
        single_.guest = std::move(guest);
        single_.running = true;
    }
    else if (config_->lifetime == Lifetime::keyed) discard(std::move(guest));
    else give_back(std::move(guest));
    co_return ended;
}

void Program::trim() {
    std::vector<std::unique_ptr<Guest>> gone;
    std::vector<std::unique_ptr<Cell>> cells;
    auto before = Clock::now() - config_->pool.idle;
    {
        std::lock_guard lock(mutex_);
        for (auto& g : idle_)
            if (g->last_used < before && idle_.size() - gone.size() > config_->pool.min) gone.push_back(std::move(g));
        std::erase(idle_, nullptr);
        for (auto i = keyed_.begin(); i != keyed_.end();) {
            bool old = i->second->users == 0 && i->second->last_used < before;
            if (old) cells.push_back(std::move(i->second));
            i = old ? keyed_.erase(i) : std::next(i);
        }
    }
    for (auto& g : gone) discard(std::move(g));
    for (auto& c : cells)
        if (c->guest) discard(std::move(c->guest));
}

}  // namespace heddle::wire
