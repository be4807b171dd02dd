// The public API over the runtime: the one place that catches what building from input throws.
#include <heddle/component.hpp>
#include <heddle/component_driving.hpp>

#include <algorithm>

#include "canon_call.hpp"
#include "link.hpp"
#include "val.hpp"

namespace heddle {

using namespace component::runtime;
using component::ExternInfo;

namespace component {

const char* to_string(ExternInfo::Kind k) {
    constexpr const char* names[] = {"core module", "func", "value", "type", "resource", "component", "instance"};
    return names[std::size_t(k)];
}

}  // namespace component

namespace {

// Of validated types, whose nesting validation bounds.
ExternInfo describe(component::Describer& describer, const component::types::Types& types, const std::string& name,
                    const component::types::Entity& e) {
    namespace t = component::types;
    using component::Sort;
    ExternInfo info;
    info.name = name;
    switch (e.sort) {
    case Sort::core_module: info.kind = ExternInfo::Kind::module; break;
    case Sort::component: info.kind = ExternInfo::Kind::component; break;
    case Sort::func: info.func = describer(types[t::FuncId(e.id)]); break;
    case Sort::value:
        info.kind = ExternInfo::Kind::value;
        info.value = describer(e.value);
        break;
    case Sort::instance:
        info.kind = ExternInfo::Kind::instance;
        for (const auto& [n, x] : types[t::InstanceId(e.id)].exports) info.exports.push_back(describe(describer, types, n, x));
        break;
    default:
        info.kind = e.type.kind == t::Type::Kind::resource ? ExternInfo::Kind::resource : ExternInfo::Kind::type;
        if (e.type.kind == t::Type::Kind::defined) info.value = describer(t::ValType{{}, e.type.defined()});
    }
    return info;
}

std::vector<ExternInfo> describe(const ComponentData& d, const component::types::Named& items) {
    component::Describer describer(d.types());
    std::vector<ExternInfo> all;
    for (const auto& [name, e] : items) all.push_back(describe(describer, d.types(), name, e));
    return all;
}

ExternInfo describe(const std::string& name, const Item& i) {
    using component::Sort;
    ExternInfo info;
    info.name = name;
    switch (i.sort) {
    case Sort::core_module: info.kind = ExternInfo::Kind::module; break;
    case Sort::component: info.kind = ExternInfo::Kind::component; break;
    case Sort::func: info.func = component::Describer(i.func->view.types())(i.func->func_type()); break;
    case Sort::value: info.kind = ExternInfo::Kind::value; break;
    case Sort::instance:
        info.kind = ExternInfo::Kind::instance;
        for (const auto& [n, x] : i.instance->items) info.exports.push_back(describe(n, x));
        break;
    default: info.kind = i.resource ? ExternInfo::Kind::resource : ExternInfo::Kind::type;
    }
    return info;
}

// Begun calls and ticks leave a parked guest alone where that was asked for; all other ways to run guests wait in place.
class ParkedScope {
public:
    explicit ParkedScope(Machine& m) : machine_(m), outer_(std::exchange(m.returns_parked, m.left_parked)) {}
    ~ParkedScope() { machine_.returns_parked = outer_; }
    ParkedScope(const ParkedScope&) = delete;

private:
    Machine& machine_;
    bool outer_;
};

Error gone() { return {Error::Kind::usage, "the Store of this component is gone"}; }

}  // namespace

// ---- components -------------------------------------------------------------------------------------------------------------------------

Result<Component> Component::load(const Engine& engine, std::span<const u8> bytes) { return load(engine, std::vector<u8>(bytes.begin(), bytes.end())); }

Result<Component> Component::load(const Engine& engine, std::vector<u8>&& bytes) {
    try {
        auto shared = std::make_shared<const std::vector<u8>>(std::move(bytes));
        Component c;
        c.data_ = std::make_shared<const ComponentData>(engine, component::validate(engine, std::move(shared)));
        return c;
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

std::vector<ExternInfo> Component::imports() const { return describe(*data_, data_->types()[data_->validated->root.type].imports); }
std::vector<ExternInfo> Component::exports() const { return describe(*data_, data_->types()[data_->validated->root.type].exports); }

// ---- functions --------------------------------------------------------------------------------------------------------------------------

struct ComponentCall::Data {
    std::weak_ptr<Machine> machine;
    std::shared_ptr<Function> func;
    std::shared_ptr<HostCaller> call;
};

namespace {

const component::FunctionType& type_of(const Function& f) {
    if (!f.described) f.described = std::make_shared<const component::FunctionType>(component::Describer(f.view.types())(f.func_type()));
    return *f.described;
}

Result<std::optional<component::Val>> result_of(HostCaller& c) {
    if (c.trap) return std::unexpected(Error{Error::Kind::trapped, c.trap->message()});
    if (c.was_cancelled) return std::unexpected(Error{Error::Kind::usage, "the call was cancelled"});
    if (!c.done) return std::unexpected(Error{Error::Kind::usage, "the call is still going on"});
    if (c.results.empty()) return std::optional<component::Val>();
    return std::optional(c.results.front());
}

}  // namespace

component::FunctionType ComponentFunc::type() const { return type_of(*func_); }

Result<std::shared_ptr<Machine>> ComponentFunc::ready_for(std::span<const component::Val> args) const {
    auto usage = [](std::string why) { return std::unexpected(Error{Error::Kind::usage, std::move(why)}); };
    auto m = machine_.lock();
    if (!m) return std::unexpected(gone());
    if (m->store.parked()) return usage("busy: another call of this Store is parked");
    const component::FunctionType& t = type_of(*func_);
    if (args.size() != t.params.size()) return usage("the function takes " + std::to_string(t.params.size()) + " arguments, given " + std::to_string(args.size()));
    for (std::size_t i = 0; i < args.size(); ++i)
        if (!matches(args[i], t.params[i].type))
            return usage("argument `" + t.params[i].name + "` is " + to_string(args[i]) + ", which is no " + to_string(t.params[i].type));
    return m;
}

Result<ComponentCall> ComponentFunc::start(std::vector<component::Val> args) const {
    auto m = ready_for(args);
    if (!m) return std::unexpected(m.error());
    ParkedScope scope(**m);
    auto call = start_call(**m, func_, std::move(args));
    return ComponentCall(std::make_shared<ComponentCall::Data>(ComponentCall::Data{*m, func_, std::move(call)}));
}

Result<std::optional<component::Val>> ComponentFunc::call(std::vector<component::Val> args) const {
    auto m = ready_for(args);
    if (!m) return std::unexpected(m.error());
    auto call = start_call(**m, func_, std::move(args));
    if (!call->done) finish_call(**m, *func_->inst, *call);
    if (call->done && !call->trap && !call->was_cancelled && !call->results.empty()) return std::optional(std::move(call->results.front()));
    return result_of(*call);
}

bool ComponentFunc::has_words() const { return component::runtime::has_words(*func_); }

Result<void> ComponentFunc::call_words(std::span<Slot> slots) const {
    if (machine_.expired()) [[unlikely]] return std::unexpected(gone());
    Machine& m = func_->inst->machine;
    if (m.store.parked()) [[unlikely]] return std::unexpected(Error{Error::Kind::usage, "busy: another call of this Store is parked"});
    if (m.call_words(func_, slots.data())) [[likely]] return {};
    return std::unexpected(Error{Error::Kind::trapped, m.trap.message()});
}

bool ComponentCall::is_done() const { return data_->call->done; }
Result<std::optional<component::Val>> ComponentCall::result() const { return result_of(*data_->call); }

Result<std::optional<component::Val>> ComponentCall::wait() const {
    auto m = data_->machine.lock();
    if (!m) return std::unexpected(gone());
    if (m->store.parked()) return std::unexpected(Error{Error::Kind::usage, "busy: another call of this Store is parked"});
    if (!data_->call->done) finish_call(*m, *data_->func->inst, *data_->call);
    return result_of(*data_->call);
}

void ComponentCall::cancel() const {
    auto m = data_->machine.lock();
    auto task = data_->call->task.lock();
    if (!m || !task || data_->call->done || !m->chain.empty() || m->store.parked()) return;
    bool can = task->state == Task::State::initial || task->state == Task::State::started;
    if (can && m->request_cancellation(*task, nullptr)) m->drive(0);
}

// ---- instances --------------------------------------------------------------------------------------------------------------------------

std::vector<ExternInfo> ComponentInstance::exports() const {
    std::vector<ExternInfo> all;
    for (const auto& [name, item] : exports_->items) all.push_back(describe(name, item));
    return all;
}

namespace {

// How much of `path` names that interface, with or without its version; 0: nothing.
std::size_t prefix(std::string_view path, std::string_view name) {
    for (std::string_view n : {name, name.substr(0, name.find('@'))})
        if (path.size() > n.size() && path.starts_with(n) && path[n.size()] == '.') return n.size() + 1;
    return 0;
}

const Item* find_item(const Exports& e, std::string_view path, component::Sort sort, int depth = 0) {
    if (const Item* i = e.find(path); i && i->sort == sort) return i;
    if (depth > 16) return nullptr;
    const Item* best = nullptr;
    std::size_t best_size = 0;
    for (const auto& [name, item] : e.items) {
        std::size_t n = item.sort == component::Sort::instance ? prefix(path, name) : 0;
        if (n <= best_size) continue;
        if (const Item* i = find_item(*item.instance, path.substr(n), sort, depth + 1)) {
            best = i;
            best_size = n;
        }
    }
    return best;
}

}  // namespace

std::optional<ComponentFunc> ComponentInstance::find_func(std::string_view path) const {
    const Item* i = find_item(*exports_, path, component::Sort::func);
    auto m = machine_.lock();
    if (!i || !m) return std::nullopt;
    return ComponentFunc(m, i->func);
}

std::optional<ComponentInstance> ComponentInstance::find_instance(std::string_view name) const {
    auto m = machine_.lock();
    if (!m) return std::nullopt;
    for (const auto& [n, item] : exports_->items)
        if (item.sort == component::Sort::instance && (n == name || std::string_view(n).substr(0, n.find('@')) == name)) return ComponentInstance(m, item.instance);
    return std::nullopt;
}

Error ComponentInstance::no_such_func(std::string_view path) const {
    std::string all;
    for (const auto& [name, item] : exports_->items) {
        if (item.sort == component::Sort::func) all += (all.empty() ? "" : ", ") + name;
        else if (item.sort == component::Sort::instance)
            for (const auto& [n, x] : item.instance->items)
                if (x.sort == component::Sort::func) all += (all.empty() ? "" : ", ") + name + "." + n;
    }
    return {Error::Kind::usage, "no exported function `" + std::string(path) + "`; there is: " + (all.empty() ? "none" : all)};
}

Error detail::wrong_component_signature(const component::FunctionType& wanted, const component::FunctionType& has) {
    return {Error::Kind::usage, "the function is " + to_string(has) + ", not " + to_string(wanted)};
}

const Trap& component_trap(Store& store) { return Machine::of(store)->trap; }

bool ComponentScheduler::tick(Store& store) {
    auto m = Machine::of(store);
    ParkedScope scope(*m);
    return m->tick();
}

void component::return_parked(Store& store) { Machine::of(store)->left_parked = true; }
bool component::may_be_left_parked(Store& store) { return Machine::of(store)->returns_parked; }
void component::on_ready(Store& store, std::function<void()> f) { Machine::of(store)->on_ready = std::move(f); }
void component::on_turn(Store& store, std::function<void()> f) { Machine::of(store)->on_turn = std::move(f); }
bool component::is_dead(const ComponentInstance& instance) { return instance.data()->of && instance.data()->of->dead(); }

void ComponentScheduler::shuffle(Store& store, u64 seed) {
    auto m = Machine::of(store);
    m->shuffles = true;
    m->random.seed(seed);
}

// ---- host resources -----------------------------------------------------------------------------------------------------------------------

std::shared_ptr<component::runtime::ResourceType> component::make_resource_type(std::function<void(Store&, u64)> drop) {
    using Drop = std::function<void(Store&, u64)>;
    auto t = std::make_shared<component::runtime::ResourceType>();
    t->data = std::make_shared<Drop>(std::move(drop));
    t->host_drop = [](Store& store, void* data, u64 rep) {
        if (auto& f = *static_cast<Drop*>(data)) f(store, rep);
    };
    return t;
}

std::shared_ptr<void>& component::host_data(Store& store) { return Machine::of(store)->host_data; }

component::Val new_resource(Store& store, const ComponentLinker::Interface& interface, std::string_view name, u64 rep) {
    return new_resource(store, interface.resource_type(name), rep);
}

component::Val new_resource(Store& store, const std::shared_ptr<component::runtime::ResourceType>& type, u64 rep) {
    return component::Val::handle(component::Val::Kind::own, std::make_shared<OwnedResource>(Machine::of(store)->weak_from_this(), type, rep));
}

std::optional<u64> resource_rep(const component::Val& handle) {
    if (handle.kind() != component::Val::Kind::own && handle.kind() != component::Val::Kind::borrow) return std::nullopt;
    if (auto* own = dynamic_cast<const OwnedResource*>(handle.handle().get())) return own->rep;
    if (auto* borrowed = dynamic_cast<const BorrowedResource*>(handle.handle().get())) return borrowed->rep;
    return std::nullopt;
}

}  // namespace heddle
