// The running world of components: instances with their index spaces and handle tables, component functions, and what exports hold.
//
//   Group ─ Instances that die together ─┬ index spaces          what the definitions gave, in order
//                                        ├ handles, threads      tables that the guest indexes
//                                        └ flags                 may_enter, may_leave, backpressure, the lock of exclusive tasks
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#component-instances
#pragma once
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include <heddle/component.hpp>

#include "abi/context.hpp"
#include "abi/layout.hpp"
#include "handles.hpp"
#include "task.hpp"
#include "validate.hpp"

namespace heddle::component::runtime {

class Machine;
struct Instance;

// A loaded component: immutable, shared by threads.
struct ComponentData {
    Engine engine;
    std::unique_ptr<const ValidatedComponent> validated;
    abi::Layouts layouts;
    ComponentData(const Engine& e, std::unique_ptr<const ValidatedComponent> v) : engine(e), validated(std::move(v)), layouts(validated->types) {}
    const types::Types& types() const { return validated->types; }
};

using ResourceMap = std::unordered_map<u32, std::shared_ptr<ResourceType>>;  // by identity

// Types as one instance sees them: the component's types, and which resources they mean there.
struct View {
    std::shared_ptr<const ComponentData> component;
    std::shared_ptr<ResourceMap> resources;
    const types::Types& types() const { return component->types(); }
    std::shared_ptr<ResourceType> resource(types::ResourceId r) const;
};

// The same type, seen from two sides?
bool same_type(const View& a, const types::ValType& x, const View& b, const types::ValType& y);
bool same_type(const View& a, const std::optional<types::ValType>& x, const View& b, const std::optional<types::ValType>& y);

// The options of a canonical definition, with their indices resolved.
struct CanonOptions {
    abi::StringEncoding encoding = abi::StringEncoding::utf8;
    heddle::Memory memory;
    abi::PtrType pointer = abi::PtrType::i32;
    Func realloc, post_return, callback;
    bool async = false;
};

// A component function: a core function lifted in an instance, or a function of the host.
struct Function {
    View view;
    types::FuncId type{};
    abi::Tuple params, result;    // as the callee's side sees them
    Instance* inst = nullptr;     // lifted; null: the host's
    Func core;
    CanonOptions options;
    std::shared_ptr<const HostFunction> host;
    std::shared_ptr<const WordFunction> host_words;  // null: it has none
    bool is_async = false;        // its type is
    bool exclusive = false;       // its tasks want their instance for themselves: of an async type, and one stack per instance
    std::string name;             // for messages
    mutable std::shared_ptr<const FunctionType> described;  // made when first asked for
    const types::Func& func_type() const { return view.types()[type]; }
};

struct Exports;
// A component with the instance whose definition it is.
struct Closure {
    std::shared_ptr<const ComponentData> component;
    const component::Component* model = nullptr;
    const Validated* validated = nullptr;
    Instance* outer = nullptr;    // null: the outermost component
};

// Whatever can be imported or exported.
struct Item {
    Sort sort = Sort::func;
    std::shared_ptr<Function> func;
    std::shared_ptr<Exports> instance;
    std::shared_ptr<Closure> component;
    std::optional<heddle::Module> module;
    std::shared_ptr<const Val> value;
    std::shared_ptr<ResourceType> resource;  // sort type: when it is one
    View view;                               // of the type below; without a component: the host's, and any type will do
    types::Entity entity;                    // sort type: what the exporter says it is
};

struct Exports {
    std::vector<std::pair<std::string, Item>> items;
    const Item* find(std::string_view name) const;
    Instance* of = nullptr;       // whose exports they are; null: a bag
};

// Instances that die together.
struct Group {
    explicit Group(Store& s) : domain(s) {}
    Domain domain;
    bool dead = false;
    std::vector<Instance*> instances;
};

using CoreExports = std::map<std::string, Extern, std::less<>>;
using CoreInstanceItem = std::variant<heddle::Instance, CoreExports>;

struct Instance {
    Instance(Machine& m, const Closure& c, Instance* parent);

    Machine& machine;
    Closure component;
    Instance* parent;
    std::shared_ptr<Group> group;
    View view;

    // ---- index spaces
    std::vector<Func> core_funcs;
    std::vector<heddle::Table> core_tables;
    std::vector<heddle::Memory> core_memories;
    std::vector<heddle::Global> core_globals;
    std::vector<heddle::Tag> core_tags;
    std::vector<heddle::Module> core_modules;
    std::vector<CoreInstanceItem> core_instances;
    std::vector<std::shared_ptr<Function>> funcs;
    std::vector<std::shared_ptr<Exports>> instances;
    std::vector<std::shared_ptr<Closure>> components;
    std::vector<std::shared_ptr<const Val>> values;
    std::shared_ptr<Exports> exports = std::make_shared<Exports>();

    // ---- run-time state
    Table<Handle> handles;
    Charge handle_bytes;                            // of the table
    Table<Thread*> threads;
    bool may_enter = true, may_leave = true;
    u32 backpressure = 0, num_waiting_to_enter = 0;
    u32 epoch = 0;                                  // how often it was made what it had been: handles the host holds from before are dead
    Thread* exclusive = nullptr;
    std::deque<Thread*> gate;                       // tasks that wait to start, first come first served
    std::vector<Thread*> lock_waiters;              // woken, but the lock was held
    TaskSet tasks;                                  // that have threads, or wait to start
    std::vector<std::shared_ptr<void>> keep;        // the data of this instance's built-ins

    bool dead() const { return group->dead; }
    bool is_self_or_descendant_of(const Instance* other) const {
        for (const Instance* i = this; i; i = i->parent)
            if (i == other) return true;
        return false;
    }
    // Then a call enters this instance alone.
    bool is_sibling(const Instance* caller) const { return caller && caller != this && caller->parent == parent; }
    // The entering set: this instance and its ancestors without those of the caller. The ancestors of a caller are the caller's own: where the
    // two lines meet, the set ends.
    bool may_enter_from(const Instance* caller) const {
        if (is_sibling(caller)) return may_enter;
        for (const Instance* i = this; i; i = i->parent) {
            if (caller && caller->is_self_or_descendant_of(i)) return true;
            if (!i->may_enter) return false;
        }
        return true;
    }
    void set_entered_by_host(bool entered) {
        for (Instance* i = this; i; i = i->parent) i->may_enter = !entered && !i->dead();
    }
    void set_entered(const Instance* caller, bool entered) {
        if (is_sibling(caller)) {
            may_enter = !entered && !dead();
            return;
        }
        for (Instance* i = this; i; i = i->parent) {
            if (caller && caller->is_self_or_descendant_of(i)) return;
            i->may_enter = !entered && !i->dead();
        }
    }

    Item type_item(types::Type t) const;
};

// What lifting and lowering needs of one side of a call.
class InstanceContext final : public abi::Context {
public:
    // `lender`: collects what is lent to the callee. `scope`: the task that borrows; null: the current one.
    InstanceContext(Instance& inst, const CanonOptions& o, abi::Partner partner, std::vector<std::pair<Instance*, u32>>* lenders, Task* scope);

    abi::Checked<u64> realloc(u64 old, u64 old_size, u64 alignment, u64 new_size) override;
    abi::Checked<abi::Token> lift_own(u32 index, types::ResourceId type) override;
    abi::Checked<abi::Token> lift_borrow(u32 index, types::ResourceId type) override;
    abi::Checked<abi::Token> lift_stream(u32 index, const std::optional<types::ValType>& element) override;
    abi::Checked<abi::Token> lift_future(u32 index, const std::optional<types::ValType>& element) override;
    abi::Checked<abi::Token> lift_error_context(u32 index) override;
    abi::Checked<u32> lower_own(abi::Token token, types::ResourceId type) override;
    abi::Checked<u32> lower_borrow(abi::Token token, types::ResourceId type) override;
    abi::Checked<u32> lower_stream(abi::Token token, const std::optional<types::ValType>& element) override;
    abi::Checked<u32> lower_future(abi::Token token, const std::optional<types::ValType>& element) override;
    abi::Checked<u32> lower_error_context(abi::Token token) override;
    abi::Checked<std::shared_ptr<HostHandle>> to_host(abi::Token token, const abi::HandleType& type) override;
    abi::Checked<abi::Token> from_host(const std::shared_ptr<HostHandle>& handle, const abi::HandleType& type) override;

private:
    abi::Checked<abi::Token> lift_end(u32 index, const std::optional<types::ValType>& element, bool stream);
    abi::Checked<u32> lower_end(abi::Token token, const std::optional<types::ValType>& element);

    Instance& inst_;
    const CanonOptions& options_;
    std::vector<std::pair<Instance*, u32>>* lenders_;
    Task* scope_;
};

// ---- of tasks and threads
inline bool Task::is_async_type() const { return func && func->is_async; }
inline bool Task::needs_exclusive() const { return func && func->exclusive; }
inline const CanonOptions& Task::options() const { return func->options; }
inline bool Task::has_backpressure() const { return inst->backpressure > 0 || (inst->exclusive && needs_exclusive()); }
inline bool Task::must_wait_to_enter() const { return inst->num_waiting_to_enter > 0 || has_backpressure(); }

// ---- handles of an instance, with the traps a wrong one is
abi::Checked<u32> add_handle(Instance& inst, Handle h);
abi::Checked<ResourceHandle*> find_resource(Instance& inst, u32 index, const ResourceType& type);
abi::Checked<Handle*> find_handle(Instance& inst, u32 index);
template <class T>
abi::Checked<std::shared_ptr<T>> find(Instance& inst, u32 index, const char* expected);
std::unexpected<abi::TrapPtr> wrong_handle(u32 index, const std::string& expected, const Handle& found);

// A resource that the host holds. Dropping it runs its destructor, at the next call or tick when a guest is running now.
class OwnedResource final : public HostHandle {
public:
    OwnedResource(std::weak_ptr<Machine> m, std::shared_ptr<ResourceType> t, u64 r)
        : type(std::move(t)), rep(r), machine_(std::move(m)), epoch_(type->impl ? type->impl->epoch : 0) {}
    ~OwnedResource() override;
    // Of an instance that was restored since. While the Store lives.
    bool is_stale() const { return type->impl && type->impl->epoch != epoch_; }
    std::shared_ptr<ResourceType> type;
    u64 rep;
    bool held = true;

private:
    std::weak_ptr<Machine> machine_;
    u32 epoch_;
};
class BorrowedResource final : public HostHandle {
public:
    BorrowedResource(std::shared_ptr<ResourceType> t, u64 r) : type(std::move(t)), rep(r) {}
    std::shared_ptr<ResourceType> type;
    u64 rep;
};
class HeldErrorContext final : public HostHandle {
public:
    explicit HeldErrorContext(std::shared_ptr<ErrorContext> e) : error(std::move(e)) {}
    std::shared_ptr<ErrorContext> error;
};

template <class T>
abi::Checked<std::shared_ptr<T>> find(Instance& inst, u32 index, const char* expected) {
    auto h = find_handle(inst, index);
    if (!h) return std::unexpected(std::move(h.error()));
    if (auto* p = std::get_if<std::shared_ptr<T>>(*h)) return *p;
    return wrong_handle(index, expected, **h);
}

}  // namespace heddle::component::runtime
