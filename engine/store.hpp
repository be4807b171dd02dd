// What an Engine and a Store own: the objects that handles and machine registers point at, in storage that does not move.
//
//   EngineData ─ TypeTable, StackPool
//   StoreData ─┬ ExecContext            what running guest code shares
//              ├ instances              each with its own functions and globals
//              ├ memories, tables, globals, tags, host functions
//              ├ ObjectHeap             structures, arrays, exceptions; and host references
//              └ Executions             those kept for Func::call, and a list of all
#pragma once
#include <array>
#include <cassert>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <vector>

#include <heddle/engine.hpp>
#include <heddle/passage.hpp>

#include "heap.hpp"
#include "interpreter.hpp"
#include "memory.hpp"
#include "runtime.hpp"
#include "stack.hpp"
#include "type_table.hpp"

namespace heddle {

struct EngineData {
    Config config;
    TypeTable types;
    StackPool stacks;
    explicit EngineData(const Config& c) : config(c), stacks(c.max_stack_bytes, c.max_stacks) {}
    Features features() const;
};

// A host function of one Store.
struct HostFunc {
    FuncCode code;
    FuncObject object;
    RawHostFunction call = nullptr;
    void* data = nullptr;
    void (*release)(void*) = nullptr;
    std::shared_ptr<void> keep;  // a Linker's function object, used in place of `release`
    u32 slots = 0;               // of arguments or results, whichever are more
    Passage passage;             // without a target: it is none

    HostFunc() = default;
    HostFunc(const HostFunc&) = delete;
    HostFunc& operator=(const HostFunc&) = delete;
    ~HostFunc() {
        if (release) release(data);
    }
};

// What lies above a host function's frame record once it has placed a HostFrame; the frame of a function it calls lies above that.
//
//   frame -> arguments, results | record: 3 slots | (alignment) HostRecord | called function's frame …
struct alignas(16) HostRecord {
    HostRecord* below = nullptr;  // the Execution's next one
    HostFrame* object = nullptr;  // null: of a Passage, not made yet; such records are the innermost ones
    Slot* frame = nullptr;  // of the host function
    HostFunc* host = nullptr;
    InstanceObject* caller = nullptr;
    const FuncObject* callee = nullptr;  // set by Caller::call, taken by the driver
    u32 results = 0;                     // slots the last called function gave
    alignas(16) std::byte storage[HostFrame::max_bytes];

    Slot* called_frame() { return reinterpret_cast<Slot*>(this + 1); }
};

inline HostRecord* record_at(Slot* frame, const FuncCode& code) {
    u64 at = reinterpret_cast<u64>(frame + code.record + record_slots);
    return reinterpret_cast<HostRecord*>((at + alignof(HostRecord) - 1) & ~u64(alignof(HostRecord) - 1));
}

// A host function that takes and gives Values: the data of its RawHostFunction.
struct DynamicHost {
    FuncType type;
    DynamicHostFunction call;
};
Host call_dynamic(Caller& caller, void* data) noexcept;

struct DomainData : std::enable_shared_from_this<DomainData> {
    StoreData* store = nullptr;
    bool dead = false;
    Trap why;
};

struct InstanceData : InstanceObject {
    Module owner;  // keeps the module; empty for the host instance
    std::unique_ptr<GlobalObject[]> global_storage;
    std::vector<GlobalObject*> global_space;
    std::vector<TableObject*> table_space;
    std::vector<MemoryObject*> memory_space;
    std::vector<TagObject*> tag_space;
    std::vector<FuncObject*> imported_func_space;
    std::unique_ptr<FuncObject[]> func_storage;
    std::vector<std::vector<u64>> elem_values;  // of segments given as expressions; empty for the others
    std::shared_ptr<DomainData> domain_owner;
    MemoryObject* main_memory = nullptr;  // exported as "memory", else the first

    // Element i of a segment that has not been dropped.
    Ref element(u32 segment, u64 i) const {
        const ElemSegment& e = module->elems[segment];
        if (!e.funcs.empty()) return Ref{reinterpret_cast<u64>(func(e.funcs[std::size_t(i)]))};
        return Ref{elem_values[segment][std::size_t(i)]};
    }
    u64 element_count(u32 segment) const { return dropped_elems[segment] ? 0 : module->elems[segment].size(); }
};
inline InstanceData& data(InstanceObject& in) { return static_cast<InstanceData&>(in); }

struct ExecutionData {
    Execution* handle = nullptr;
    StoreData* store = nullptr;
    Execution::State state = Execution::State::idle;
    bool cached = false;  // of Func::call: keeps its stack
    bool leaf = false;    // realloc and the like: must not suspend
    Stack stack;
    struct StackLink* stacks = nullptr;  // above its own, the innermost (continuation.hpp)
    HostRecord* top = nullptr;         // the innermost host frame
    const FuncObject* func = nullptr;  // the base call's
    const Word* pc = nullptr;          // where to go on
    Slot* frame = nullptr;
    InstanceObject* instance = nullptr;
    u32 result_slots = 0;
    std::vector<Slot> results;  // kept when the stack is given back
    Trap trap;
    ExnRef exception;
    ExceptionObject* pending = nullptr;  // what it was throwing when a native function called a guest again
    std::size_t place = 0;  // in StoreData::executions

    ExecutionData(StoreData& s, Execution* h);
    ~ExecutionData();
    Slot* bottom() const { return reinterpret_cast<Slot*>(stack.base); }
};

struct StoreData {
    Store* handle = nullptr;
    Engine engine;
    ExecContext context;
    std::shared_ptr<MemoryBudget> budget;

    InstanceData host_instance;  // what host functions belong to
    std::deque<HostFunc> host_funcs;
    std::deque<GlobalObject> globals;  // made by the embedder; instances own theirs
    std::deque<TableObject> tables;
    std::deque<TagObject> tags;
    std::vector<Mapping*> memories;  // a share of each
    std::vector<std::unique_ptr<InstanceData>> instances;
    std::unordered_map<u64, std::unique_ptr<HostReference>> host_refs;  // by value
    std::unordered_map<u64, u64> host_values;                           // word -> value
    // Functions made for a Linker's definitions; the definition is kept so that its address stays its own.
    std::unordered_map<const void*, std::pair<std::shared_ptr<const void>, FuncObject*>> linked;
    ObjectHeap heap;

    std::vector<ExecutionData*> executions;
    std::vector<std::unique_ptr<Execution>> calls;  // for Func::call: one per depth of nesting, kept with its stack
    std::size_t call_depth = 0;
    std::unique_ptr<Execution> leaf;
    std::vector<struct ContObject*> suspended;  // the continuations that own stacks
    std::array<Stack, 16> warm;                 // stacks of continuations that ended, for the next ones
    u32 warm_count = 0;
    ExecutionData* parked = nullptr;
    u32 nested = 0;
    const u32 max_nested_runs = config().max_nested_runs;

    std::function<Host(Caller&)> ask;
    std::function<bool(Store&)> wait;
    i64 slice = 0;             // fuel until a guest parks by itself; 0: never
    i64 fuel_after_slice = 0;
    i64 fuel_in_slice = 0;     // what is left of the slice, or of all, beyond the context's portion
    bool interrupt_again = false;  // an interrupt wanted to park where nothing can: asked again later
    Trap raised;                   // what a native function gave to fail()
    bool raised_ends = false;      // and it ends the run that is on
    Trap last_trap;
    bool keeps_core_dumps = false;
    std::vector<u8> core_dump;     // of the last trap
    std::optional<Error> refused;  // a call was not made at all
    ExceptionObject* last_exception = nullptr;

    StoreData(Store* s, const Engine& e);
    ~StoreData();
    StoreData(const StoreData&) = delete;
    StoreData& operator=(const StoreData&) = delete;
    const Config& config() const { return engine.config(); }
    TypeTable& types() const { return engine.data().types; }
};

// The store's half of what handles offer (store.cpp).
HostFunc& new_host_func(StoreData& s, TypeId type, RawHostFunction f, void* data);
TableObject& new_table(StoreData& s, const TableType& type, Ref initial);  // throws limit (table.cpp)
u64 grow_table(TableObject& t, u64 delta, Ref value) noexcept;             // the old size, or ~0
MemoryObject& new_memory(StoreData& s, const MemoryType& type);            // throws limit
void keep_memory(StoreData& s, MemoryObject& shared);                      // another Store's shared memory
u32 slot_count(std::span<const ValType> types);
void write_values(std::span<const Value> values, Slot* to);
std::vector<Value> read_values(std::span<const ValType> types, const Slot* from);
// What a reference that is no function's points to.
RefKind kind_of(const StoreData& s, u64 word);
// May a value of unknown type be stored where `type` is expected? Follows function references to their type.
bool fits(StoreData& s, Value v, ValType type);

// Calls (execution.cpp).
// Calls compare with another stack's limit from here on.
inline void raise_limit(ExecContext& c) {
    // The limit word is lowered by interrupt() after it raised the flag; so whoever raises the limit looks at the flag afterwards.
    c.limit.store(c.true_limit);
    if (c.interrupt.load()) c.limit.store(0);
}
inline void use_stack(ExecContext& c, u64 true_limit) {
    if (c.true_limit == true_limit) return;
    c.true_limit = true_limit;
    raise_limit(c);
}
void interrupt(StoreData& s) noexcept;
// Runs `f` on a cached Execution to its end; `slots` holds arguments, gets results. Exit::trapped with StoreData::refused set: not called.
Exit call_to_end(StoreData& s, const FuncObject& f, std::span<Slot> slots) noexcept;
Error error_of(StoreData& s, Exit how);
void kill_domain(DomainData& d, const Trap& why) noexcept;
// Asks the Store in the middle of a long instruction: true, go on; false, context.trap is set.
bool poll_in_bulk(InstanceObject& in) noexcept;
// After it: an interrupt that wanted to park is asked again at the next poll.
void end_bulk(InstanceObject& in) noexcept;

// Constant expressions (const_expr.cpp): the slots of the value. Throws limit and trapped errors.
V128 evaluate(InstanceData& in, const ConstExpr& e);

// What an object is now, its size as the minimum.
ExternType type_of(const Extern& e);
// "(func (param i32))", "(memory 1 2)" …
std::string describe(const TypeTable& types, const ExternType& type);
std::string describe(const FuncType& type);

// Instantiation (instantiate.cpp); throws unlinkable, limit, trapped.
InstanceData& instantiate(StoreData& s, const Module& module, std::span<const Extern> imports);

// What building throws becomes a Result. Used by the functions of the public API and nowhere else.
template <class F>
auto caught(F build) -> Result<decltype(build())> {
    try {
        if constexpr (std::is_void_v<decltype(build())>) {
            build();
            return {};
        } else {
            return build();
        }
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    } catch (const std::bad_alloc&) {
        return std::unexpected(Error{Error::Kind::limit, "out of memory"});
    } catch (const std::length_error&) {
        return std::unexpected(Error{Error::Kind::limit, "out of memory"});
    }
}

// Reaches what handles keep private.
struct ApiAccess {
    static std::shared_ptr<EngineData> engine(const Engine& e);
    static Module module(std::shared_ptr<EngineData> engine, std::shared_ptr<ModuleData> m);
    static Caller caller(ExecContext& c, InstanceObject* in, Slot* frame, HostFunc* host);
};

}  // namespace heddle
