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

bool Program::enter(Turnstile& turn, const CallScope& scope, bool burst) const {
    if (turn.try_enter(burst)) return true;
    Wait wait(scope.tree);
    scope.tree.wake_with([&turn] { turn.look_up(); });
    bool entered = turn.enter(patience(scope), [&] { return scope.tree.cancelled(); });
    scope.tree.wake_with({});
    return entered;
}

std::size_t Program::idle() const {
    std::lock_guard lock(mutex_);
    return idle_.size();
}

Ended Program::start(CallScope& scope, std::unique_ptr<Guest>& to) {
    auto guest = make_guest(artifact_, *config_);
    ++stats_.started;
    ++stats_.live;
    Ended ended = guest->start(scope, ops_);
    if (ended.outcome != Outcome::cancelled) backoff_.started(ended.ok());
    if (ended.ok()) {
        if (config_->lifetime == Lifetime::snapshot) {
            auto saved = guest->save();
            std::lock_guard lock(mutex_);
            why_not_reset_ = saved ? "" : saved.error().message;
        }
        return to = std::move(guest), ended;
    }
    ++stats_.start_failed;
    --stats_.live;
    return ended;
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

Ended Program::call_pool(CallScope& scope, std::string_view json) {
    if (auto together = may_share(scope) ? shared() : nullptr)
        if (auto ended = together->call(scope, json)) return std::move(*ended);
    // Calls made by guests never wait for a place: those who hold the places may be waiting for them.
    if (!enter(turnstile_, scope, scope.depth > 0))
        return {scope.late() ? Outcome::deadline : Outcome::overloaded, "no instance became free in time (pool.max = " + std::to_string(config_->pool.max) + ")"};
    auto guest = take_idle();
    Ended ended;
    if (!guest) ended = start(scope, guest);
    if (guest && guest->shares() && may_share(scope)) {
        auto together = shared();
        std::optional<Ended> joined = together && !together->ended() ? together->call(scope, json) : std::nullopt;  // another was first
        if (!joined && (!together || together->ended())) {
            together = std::make_shared<SharedInstance>(std::move(guest), scope.tree.user);
            std::unique_lock lock(mutex_);
            auto old = std::exchange(shared_, together);
            lock.unlock();
            if (old) ++stats_.discarded, --stats_.live;
            joined = together->call(scope, json);
        }
        if (joined) ended = std::move(*joined);
        else if (guest) ended = guest->handle(scope, json);
        if (guest) give_back(std::move(guest));
    } else if (guest) {
        ended = guest->handle(scope, json);
        give_back(std::move(guest));
    }
    turnstile_.leave();
    return ended;
}

Ended Program::call_cell(CallScope& scope, std::string_view json, Cell& cell) {
    if (std::ranges::find(scope.held, static_cast<const void*>(&cell)) != scope.held.end())
        return {Outcome::depth, "the call came back to an instance that is still in the call that made it"};
    if (!enter(cell.turn, scope, false))
        return {scope.late() ? Outcome::deadline : Outcome::overloaded, "the instance did not become free in time"};
    Ended ended;
    scope.held.push_back(&cell);
    if (!cell.guest) ended = start(scope, cell.guest);
    if (cell.guest) ended = cell.guest->handle(scope, json);
    if (cell.guest && (cell.guest->dead() || (config_->pool.max_uses && cell.guest->uses >= config_->pool.max_uses))) discard(std::move(cell.guest));
    scope.held.pop_back();
    cell.last_used = Clock::now();
    cell.turn.leave();
    return ended;
}

Ended Program::call_keyed(CallScope& scope, std::string_view json, const std::string& key) {
    Cell* cell = nullptr;
    {
        std::lock_guard lock(mutex_);
        auto found = keyed_.find(key);
        if (found == keyed_.end()) {
            if (keyed_.size() >= config_->pool.keys) return {Outcome::overloaded, "there are " + std::to_string(keyed_.size()) + " keys already (pool.keys)"};
            found = keyed_.emplace(key, std::make_unique<Cell>()).first;
        }
        cell = found->second.get();
        ++cell->users;
    }
    Ended ended = call_cell(scope, json, *cell);
    std::lock_guard lock(mutex_);
    --cell->users;
    return ended;
}

Ended Program::call(CallScope& scope, std::string_view json, const std::string& key, std::optional<Milliseconds>& retry_after) {
    if (auto closed = backoff_.closed_for()) {
        retry_after = closed;
        return {Outcome::unavailable, "the guest failed too often; it is tried again in " + std::to_string(closed->count()) + " ms"};
    }
    Ended ended = config_->lifetime == Lifetime::singleton ? call_cell(scope, json, single_)
                  : config_->lifetime == Lifetime::keyed   ? call_keyed(scope, json, key)
                                                           : call_pool(scope, json);
    if (ended.outcome == Outcome::overloaded) retry_after = Milliseconds(1000);
    else if (ended.outcome != Outcome::cancelled) backoff_.ended(ended.outcome);
    return ended;
}

Ended Program::warm(CallScope& scope) {
    std::unique_ptr<Guest> guest;
    Ended ended = start(scope, guest);
    if (!guest) return ended;
    if (config_->lifetime == Lifetime::singleton && !single_.guest) single_.guest = std::move(guest);
    else if (config_->lifetime == Lifetime::keyed) discard(std::move(guest));
    else give_back(std::move(guest));
    return ended;
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
