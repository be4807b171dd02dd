#include "zone.hpp"

#include <algorithm>
#include <array>

#include <heddle/component_driving.hpp>
#include <heddle/component_limits.hpp>
#include <heddle/memory_limit.hpp>
#include <heddle/refusals.hpp>

#include "chain.hpp"
#include "names.hpp"
#include "package.hpp"

namespace heddle::component::plugins {

// ---- accounts -----------------------------------------------------------------------------------------------------------------------------

u64 Account::memory_left() const {
    u64 left = limits.memory_bytes - std::min(limits.memory_bytes, reserved);
    if (!store || memory_limit(*store) == ~u64(0)) return left;
    u64 max = memory_limit(*store), used = store->memory_bytes();
    return std::min(left, max - std::min(max, used));
}

u64 Account::fuel_left() const {
    u64 left = store && store->engine().config().metering ? store->fuel() : ~u64(0);
    return std::min(left, limits.fuel);
}

void Account::reserve(u64 bytes) {
    reserved += bytes;
    if (store && memory_limit(*store) != ~u64(0)) set_memory_limit(*store, memory_limit(*store) - bytes);
}

void Account::release(u64 bytes) {
    reserved -= bytes;
    if (store && memory_limit(*store) != ~u64(0)) set_memory_limit(*store, memory_limit(*store) + bytes);
}

void Account::charge(u64 fuel) {
    if (store && store->engine().config().metering) store->set_fuel(store->fuel() - std::min(fuel, store->fuel()));
}

namespace detail {

// ---- a run of a plug-in's code ------------------------------------------------------------------------------------------------------------

// With the fuel and time that its caller has left; what it used is the caller's cost too.
class Zone::Run {
public:
    explicit Run(Zone& z) : zone_(z), store_(z.world->store), refused_(refused_memory(store_)) {
        zone_.state = Status::Kind::running;
        Account& parent = *zone_.account->parent;
        fuel_ = std::min({zone_.account->limits.fuel, parent.fuel_left(), u64(INT64_MAX)});
        store_.set_fuel(fuel_);
        auto wait = std::chrono::duration_cast<Clock::duration>(std::min(zone_.account->limits.deadline, std::chrono::milliseconds(std::chrono::hours(24 * 365))));
        zone_.account->watched->deadline = std::min((Clock::now() + wait).time_since_epoch().count(), parent.deadline());
        zone_.host->deadlines.wake();
    }
    ~Run() {
        zone_.account->watched->deadline = Watched::never;
        u64 used = fuel_ - std::min(fuel_, store_.fuel());
        zone_.fuel_used += used;
        zone_.account->parent->charge(used);
        if (zone_.state == Status::Kind::running) zone_.state = Status::Kind::ready;
    }
    Run(const Run&) = delete;
    u64 refused_before() const { return refused_; }

private:
    Zone& zone_;
    Store& store_;
    u64 fuel_, refused_;
};

// ---- making one ---------------------------------------------------------------------------------------------------------------------------

namespace {

std::unexpected<LoadError> refuse(LoadError::Kind k, std::string why) { return std::unexpected(LoadError{k, std::move(why)}); }

std::expected<void, LoadError> check_counts(const Account& parent) {
    if (parent.depth + 1 > parent.limits.depth)
        return refuse(LoadError::Kind::limit, "plug-ins in plug-ins may be " + std::to_string(parent.limits.depth) + " deep (plugins::Limits::depth)");
    for (const Account* a = &parent; a; a = a->parent.get())
        if (a->zones >= a->limits.zones)
            return refuse(LoadError::Kind::limit, "there may be " + std::to_string(a->limits.zones) + " plug-ins (plugins::Limits::zones)");
    if (parent.memory_left() == 0) return refuse(LoadError::Kind::limit, "no memory is left for a plug-in (plugins::Limits::memory_bytes)");
    return {};
}

Limits attenuated(const Limits& wanted, const Account& parent) {
    const Limits& has = parent.limits;
    return {.memory_bytes = std::min(wanted.memory_bytes, parent.memory_left()),
            .fuel = std::min(wanted.fuel, has.fuel),
            .deadline = std::min(wanted.deadline, has.deadline),
            .handles = std::min(wanted.handles, has.handles),
            .zones = std::min(wanted.zones, has.zones - std::min(has.zones, parent.zones + 1)),
            .depth = has.depth,
            .copy_bytes = std::min(wanted.copy_bytes, has.copy_bytes),
            .resources = std::min(wanted.resources, has.resources)};
}

void count(Account* a, u32 by) {
    for (; a; a = a->parent.get()) a->zones += by;
}

}  // namespace

std::expected<std::shared_ptr<Zone>, LoadError> Zone::make(const std::shared_ptr<CatalogueData>& host, const Code& code, const Limits& wanted,
                                                           const std::shared_ptr<Account>& parent) {
    if (auto counts = check_counts(*parent); !counts) return std::unexpected(counts.error());
    auto z = std::make_shared<Zone>();
    z->host = host;
    z->account = std::make_shared<Account>(Account{attenuated(wanted, *parent), parent->depth + 1, 0, 0, parent, nullptr, parent->root, std::make_shared<Watched>()});
    z->world = std::make_unique<World>(host->engine);
    parent->reserve(z->account->limits.memory_bytes);
    count(parent.get(), 1);
    z->account->store = &z->world->store;
    if (auto started = z->start(code); !started) return std::unexpected(started.error());
    return z;
}

std::shared_ptr<Zone> Zone::of(std::shared_ptr<CatalogueData> host, std::shared_ptr<Peer> peer) {
    auto z = std::make_shared<Zone>();
    z->host = std::move(host);
    z->peer = std::move(peer);
    return z;
}

std::expected<void, LoadError> Zone::start(const Code& code) {
    Store& store = world->store;
    const Limits& l = account->limits;
    set_memory_limit(store, l.memory_bytes);
    component::Limits more = component::limits(store);
    more.handles = l.handles;
    more.host_copy_bytes = l.copy_bytes;
    set_limits(store, more);
    if (code.imports) {
        auto served = code.imports(world->linker, code.component);
        if (!served) return refuse(LoadError::Kind::unlinkable, served.error().message);
        world->served = std::move(*served);
    }
    runtime::Machine::of(store)->plugins = std::make_shared<Holder>(host, account);
    if (code.may_hold_plugins) {
        try {
            host->link(world->linker, code.component);
        } catch (Error& e) {
            return refuse(LoadError::Kind::unlinkable, e.message);
        }
    }
    Watched& w = *account->watched;
    w.store = &store;
    w.root = account->root;
    w.cancel = world->served.cancel;
    host->deadlines.add(account->watched);
    store.on_interrupt([this](Caller& c) {
        if (!account->watched->is_due()) return Host::done;
        timed_out_ = true;
        return c.fail("the deadline has passed");
    });
    std::optional<Error> failed;
    u64 refused = refused_memory(store);
    {
        Run run(*this);
        auto instance = world->linker.instantiate(store, code.component);
        if (instance) world->instance = *instance;
        else failed = instance.error();
    }
    if (!failed) return {};
    auto kind = failed->kind == Error::Kind::trapped ? LoadError::Kind::trapped
                : failed->kind == Error::Kind::limit ? LoadError::Kind::limit
                                                     : LoadError::Kind::unlinkable;
    if (kind == LoadError::Kind::trapped && (timed_out_ || refused_memory(store) > refused || is_limit(component_trap(store)))) kind = LoadError::Kind::limit;
    std::string message = timed_out_ ? "the deadline passed while it started" : failed->message;
    end(Status::Kind::dead, message);
    return refuse(kind, message);
}

Zone::~Zone() { end(Status::Kind::closed, {}); }

void Zone::end(Status::Kind kind, std::string why_it_did) {
    if (state == Status::Kind::dead || state == Status::Kind::closed) return;
    state = kind;
    why = std::move(why_it_did);
    peer.reset();
    if (!world) return;
    host->deadlines.remove(*account->watched);
    bindings_.clear();
    world.reset();  // and with its Store all plug-ins that it holds
    account->store = nullptr;
    account->parent->release(account->limits.memory_bytes);
    count(account->parent.get(), u32(-1));
}

void Zone::close() {
    if (state == Status::Kind::running) close_later_ = true;
    else end(Status::Kind::closed, {});
}

// ---- functions ----------------------------------------------------------------------------------------------------------------------------

std::vector<ExternInfo> Zone::exports() const {
    if (peer) return peer->exports();
    return world && world->instance ? world->instance->exports() : std::vector<ExternInfo>();
}

namespace {

// Whole numbers and floats of 32 and 64 bits: values that are one core value, any of them.
bool is_word(const ValueType& t) {
    using K = ValueType::Kind;
    constexpr K words[] = {K::s32, K::u32, K::s64, K::u64, K::f32, K::f64};
    return std::ranges::find(words, t.kind()) != std::end(words);
}

Slot to_slot(const Val& v) { return {Val::scalar_bytes(v.kind()) == 4 ? v.bits() & 0xffffffff : v.bits()}; }

Val from_slot(ValueType::Kind k, Slot s) {
    using K = ValueType::Kind;
    switch (k) {
    case K::s32: return Val::s32(s.as<i32>());
    case K::u32: return Val::u32(s.as<u32>());
    case K::s64: return Val::s64(s.as<i64>());
    case K::u64: return Val::u64(s.as<u64>());
    case K::f32: return Val::f32(s.as<f32>());
    default: return Val::f64(s.as<f64>());
    }
}

const ExternInfo* find_func(const std::vector<ExternInfo>& all, const std::string& path) {
    for (const ExternInfo& e : all) {
        if (e.kind == ExternInfo::Kind::func && e.name == path) return &e;
        if (e.kind != ExternInfo::Kind::instance) continue;
        for (const std::string& name : {e.name, e.name.substr(0, e.name.find('@'))})
            if (path.size() > name.size() + 1 && path.starts_with(name) && path[name.size()] == '.')
                if (const ExternInfo* f = find_func(e.exports, path.substr(name.size() + 1))) return f;
    }
    return nullptr;
}

}  // namespace

std::optional<ZoneFunc> Zone::find(const std::string& path) const {
    if (peer) {
        auto all = peer->exports();
        const ExternInfo* f = find_func(all, path);
        return f ? std::optional(ZoneFunc{path, f->func, std::nullopt, false}) : std::nullopt;
    }
    if (!world || !world->instance) return std::nullopt;
    auto f = world->instance->find_func(path);
    if (!f) return std::nullopt;
    FunctionType type = f->type();
    bool words = f->has_words() && (!type.result || is_word(*type.result));
    for (const auto& p : type.params) words = words && is_word(p.type);
    return ZoneFunc{path, std::move(type), f, words};
}

// In the interface itself, in an inline one of its plain name, or in the world.
std::optional<ZoneFunc> Zone::find_target(const Derived& d, const std::string& name) const {
    for (const ExternInfo& e : exports())
        if (e.kind == ExternInfo::Kind::instance && (e.name == d.plain || names_match(d.target, e.name)))
            if (auto f = find(e.name + "." + name)) return f;
    return find(name);
}

std::expected<const Binding*, LoadError> Zone::bind(const std::shared_ptr<const Derived>& d) {
    for (auto& b : bindings_)
        if (b->derived == d) return b.get();
    if (auto refused = refusal()) return refuse(LoadError::Kind::dead, refused->message);
    auto b = std::make_unique<Binding>();
    b->derived = d;
    std::map<u32, u32> resources;
    for (const Method& m : d->methods) {
        auto& to = b->funcs.emplace_back();
        if (m.on == Method::On::bind) continue;
        for (const std::string& name : m.targets)
            if (!to) to = find_target(*d, name);
        std::string wanted = "`" + d->target + "." + m.targets.front() + "` of type " + to_string(m.target_type);
        if (!to) return refuse(LoadError::Kind::wrong_world, wanted + " is not among its exports");
        if (!same_meaning(m.target_type, to->type, resources)) return refuse(LoadError::Kind::wrong_world, wanted + " is " + to_string(to->type) + " here");
        if (peer && !peer->passes_resources() && (m.result_has_handles || std::ranges::find(m.has_handles, true) != m.has_handles.end()))
            return refuse(LoadError::Kind::wrong_world, wanted + " passes resources, which this instance, that runs elsewhere, does not");
    }
    bindings_.push_back(std::move(b));
    return bindings_.back().get();
}

// ---- calls --------------------------------------------------------------------------------------------------------------------------------

std::optional<CallError> Zone::refusal() const {
    switch (state) {
    case Status::Kind::running: return CallError{CallError::Kind::reentrant, "a call of this plug-in is going on"};
    case Status::Kind::dead: return CallError{CallError::Kind::dead, why};
    case Status::Kind::closed: return CallError{CallError::Kind::dead, "it was closed"};
    case Status::Kind::ready: break;
    }
    return std::nullopt;
}

CallError Zone::failure(const Error& e, u64 refused_before) const {
    using enum CallError::Kind;
    if (e.kind != Error::Kind::trapped) return {bad_arguments, e.message};
    const Trap& t = component_trap(world->store);
    if (timed_out_) return {deadline, "it took longer than it may"};
    if (t.code == TrapCode::out_of_fuel) return {fuel, e.message};
    if (refused_memory(world->store) > refused_before) return {memory, "it was refused more memory, and ended with: " + e.message};
    if (is_limit(t) || t.code == TrapCode::heap_limit || t.code == TrapCode::stack_limit || t.code == TrapCode::nesting_limit) return {limit, e.message};
    return {trapped, e.message};
}

namespace {

// Without values of any structure there is no need to make any.
Result<std::optional<Val>> run_words(const ZoneFunc& f, std::span<const Val> args) {
    std::array<Slot, FunctionOf<void()>::max_words> slots{};
    std::ranges::transform(args, slots.begin(), to_slot);
    if (auto done = f.func->call_words(slots); !done) return std::unexpected(done.error());
    return f.type.result ? std::optional(from_slot(f.type.result->kind(), slots[0])) : std::nullopt;
}

Result<std::optional<Val>> run_func(const ZoneFunc& f, std::vector<Val> args) {
    bool as_words = f.words && std::ranges::equal(args, f.type.params, [](const Val& v, const auto& p) { return matches(v, p.type); });
    return as_words ? run_words(f, args) : f.func->call(std::move(args));
}

}  // namespace

CallResult Zone::call(const ZoneFunc& f, std::vector<Val> args) {
    if (auto refused = refusal()) return std::unexpected(*refused);
    auto keep = shared_from_this();
    std::optional<CallError> error;
    CallResult result;
    {
        Run run(*this);
        auto done = run_func(f, std::move(args));
        if (done) result = std::move(*done);
        else error = failure(done.error(), run.refused_before());
    }
    bool dead = is_dead(*world->instance);
    if (dead) end(Status::Kind::dead, error ? error->message : "it trapped");
    else if (close_later_) end(Status::Kind::closed, {});
    if (error) return std::unexpected(std::move(*error));
    return result;
}

void Zone::run_drops() {
    if (state != Status::Kind::ready || !world) return;
    runtime::Machine& machine = *runtime::Machine::of(world->store);  // not kept: it goes with its Store
    if (machine.drops.empty()) return;
    auto keep = shared_from_this();
    {
        Run run(*this);
        machine.run_drops();
    }
    if (is_dead(*world->instance)) end(Status::Kind::dead, "a destructor failed: " + machine.trap.message());
}

// ---- what guests hold ---------------------------------------------------------------------------------------------------------------------

Holder& Holder::of(Store& store, const std::shared_ptr<CatalogueData>& host) {
    auto machine = runtime::Machine::of(store);
    if (!machine->plugins) {
        auto account = std::make_shared<Account>(Account{host->options.limits, 0, 0, 0, nullptr, &store, &store, nullptr});
        machine->plugins = std::make_shared<Holder>(host, std::move(account));
    }
    return *static_cast<Holder*>(machine->plugins.get());
}

Holder::~Holder() {
    clear();
    account->store = nullptr;
}

u64 Holder::add(Held h) {
    if (free_.empty()) {
        held_.push_back(std::move(h));
        return held_.size() - 1;
    }
    u64 rep = free_.back();
    free_.pop_back();
    held_[rep] = std::move(h);
    return rep;
}

void Holder::drop(u64 rep) {
    if (rep >= held_.size()) return;
    Held h = std::exchange(held_[rep], Held());
    free_.push_back(rep);
    if (!h.resource.is_handle()) return;
    --h.zone->resources;
    h.resource = Val();
    h.zone->run_drops();
}

Val Holder::take(const Val& handle) {
    auto* own = dynamic_cast<runtime::OwnedResource*>(handle.handle().get());
    own->held = false;
    Held h = std::exchange(held_[own->rep], Held());
    free_.push_back(own->rep);
    --h.zone->resources;
    return std::move(h.resource);
}

void Holder::clear() {
    auto all = std::exchange(held_, {});
    free_.clear();
}

}  // namespace detail

}  // namespace heddle::component::plugins
