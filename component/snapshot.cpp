// What components were at one moment: the core instances' snapshots, and what the canonical ABI keeps beside them. Taken and restored between
// calls only, when no task, thread or stack exists.
#include <heddle/component_snapshot.hpp>

#include <algorithm>

#include "chain.hpp"

namespace heddle::component::runtime {

struct InstanceState {
    Instance* inst = nullptr;
    std::vector<Snapshot> cores;               // in the order of its core instances, without bags of exports
    Table<Handle> handles;
    u32 backpressure = 0;
};

}  // namespace heddle::component::runtime

struct heddle::ComponentSnapshot::Data {
    std::weak_ptr<component::runtime::Machine> machine;
    std::vector<component::runtime::InstanceState> instances;
};

namespace heddle::component::runtime {

namespace {

[[noreturn]] void refuse(std::string why) { throw Error{Error::Kind::usage, std::move(why)}; }

template <class T>
T value_of(Result<T> r) {
    if (!r) throw std::move(r.error());
    if constexpr (!std::is_void_v<T>) return std::move(*r);
}

Group& group_of(const Machine& m, const ComponentInstance& of) {
    Instance* inst = of.data()->of;
    bool known = std::ranges::any_of(m.instances, [&](const auto& i) { return i.get() == inst; });
    if (!known) refuse("a snapshot is of a whole component instance of this Store, not of an interface among its exports");
    return *inst->group;
}

bool is_quiet(const Instance& i) { return i.tasks.empty() && i.gate.empty() && !i.exclusive && !i.num_waiting_to_enter && i.may_enter && i.may_leave; }

void need_quiet(Machine& m, const Group& g) {
    if (g.dead) refuse("the instance has trapped");
    if (m.store.parked() || !m.chain.empty()) refuse("a call is in progress in the instance's Store: snapshots are taken and restored between calls");
    m.run_drops();
    if (!std::ranges::all_of(g.instances, [](const Instance* i) { return is_quiet(*i); })) refuse("a task of the instance is not over yet");
}

template <class F>
void each_core(const Instance& i, F f) {
    for (const CoreInstanceItem& item : i.core_instances)
        if (auto* core = std::get_if<heddle::Instance>(&item)) f(*core);
}

void need_keepable(const Instance& i) {
    i.handles.each([](u32 index, const Handle& h) {
        auto* r = std::get_if<ResourceHandle>(&h);
        bool keepable = r ? r->own && !r->lends : std::holds_alternative<std::shared_ptr<ErrorContext>>(h);
        if (!keepable) refuse("no snapshot can keep handle index " + std::to_string(index) + ": it is no resource that the instance owns");
    });
}

InstanceState state_of(Instance& i) {
    need_keepable(i);
    InstanceState s{&i, {}, i.handles, i.backpressure};
    each_core(i, [&](const heddle::Instance& core) { s.cores.push_back(value_of(core.snapshot())); });
    return s;
}

// ---- resources of the host: known by their types and representations

using HostResources = std::vector<std::pair<std::shared_ptr<ResourceType>, u64>>;

HostResources host_resources(const Table<Handle>& handles) {
    HostResources all;
    handles.each([&](u32, const Handle& h) {
        auto* r = std::get_if<ResourceHandle>(&h);
        if (r && r->own && !r->type->impl) all.emplace_back(r->type, r->rep);
    });
    return all;
}

// What of all is not of the snapshot.
HostResources gained(const Group& g, const std::vector<InstanceState>& was) {
    HostResources now;
    for (const Instance* i : g.instances) std::ranges::move(host_resources(i->handles), std::back_inserter(now));
    for (const InstanceState& s : was)
        for (const auto& kept : host_resources(s.handles)) {
            auto at = std::ranges::find(now, kept);
            if (at == now.end()) refuse("a resource of the host that the snapshot holds was dropped or handed on since");
            now.erase(at);
        }
    return now;
}

void put_back(const InstanceState& s) {
    Instance& i = *s.inst;
    i.handles = s.handles;
    i.handle_bytes.try_resize(i.handles.length() * sizeof(Handle));  // a table never shrinks: there is room
    i.backpressure = s.backpressure;
    ++i.epoch;
    std::size_t next = 0;
    each_core(i, [&](const heddle::Instance& core) { value_of(core.restore(s.cores[next++])); });
}

void put_back(Machine& m, Group& g, const std::vector<InstanceState>& was) {
    HostResources dropped = gained(g, was);
    try {
        for (const InstanceState& s : was) put_back(s);
    } catch (const Error& e) {
        m.kill(g, component_trap("the snapshot could not be restored: " + e.message));
        throw;
    }
    for (auto& [type, rep] : dropped)
        if (type->host_drop) type->host_drop(m.store, type->data.get(), rep);
}

template <class F>
auto caught(F f) -> Result<decltype(f())> {
    try {
        if constexpr (std::is_void_v<decltype(f())>) {
            f();
            return {};
        } else return f();
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    } catch (const std::bad_alloc&) {
        return std::unexpected(Error{Error::Kind::limit, "out of memory"});
    }
}

ComponentSnapshot take(Store& store, const ComponentInstance& instance) {
    std::shared_ptr<Machine> m = Machine::of(store);
    Group& g = group_of(*m, instance);
    need_quiet(*m, g);
    auto data = std::make_shared<ComponentSnapshot::Data>();
    data->machine = m;
    for (Instance* i : g.instances) data->instances.push_back(state_of(*i));
    return ComponentSnapshot(std::move(data));
}

void put_back(Store& store, const ComponentInstance& instance, const ComponentSnapshot& snapshot) {
    if (!snapshot) refuse("an empty ComponentSnapshot cannot be restored");
    std::shared_ptr<Machine> m = Machine::of(store);
    const ComponentSnapshot::Data& was = *snapshot.data();
    if (was.machine.lock() != m) refuse("the snapshot was taken in another Store");
    Group& g = group_of(*m, instance);
    bool same = std::ranges::equal(g.instances, was.instances, {}, {}, &InstanceState::inst);
    if (!same) refuse("the snapshot was taken of another instance, or it has been linked with others since");
    need_quiet(*m, g);
    put_back(*m, g, was.instances);
}

}  // namespace

}  // namespace heddle::component::runtime

namespace heddle {

u64 ComponentSnapshot::memory_bytes() const {
    u64 bytes = 0;
    if (data_)
        for (const auto& instance : data_->instances)
            for (const Snapshot& core : instance.cores) bytes += core.memory_bytes();
    return bytes;
}

Result<ComponentSnapshot> snapshot(Store& store, const ComponentInstance& instance) {
    return component::runtime::caught([&] { return component::runtime::take(store, instance); });
}

Result<void> restore(Store& store, const ComponentInstance& instance, const ComponentSnapshot& snapshot) {
    return component::runtime::caught([&] { component::runtime::put_back(store, instance, snapshot); });
}

}  // namespace heddle
