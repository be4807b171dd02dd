// The engine: load WebAssembly, give it host functions, call it. A program in ten lines:
//
//   heddle::Engine engine;
//   heddle::Store store(engine);
//   auto module = heddle::Module::load(engine, bytes);                          // Result<Module>
//   heddle::Linker linker(engine);
//   linker.func("env", "log", [](heddle::Caller& c, heddle::u32 p, heddle::u32 n) { print(c.memory()->text(p, n)); });
//   auto instance = linker.instantiate(store, *module);                         // Result<Instance>
//   auto add = instance->func<heddle::i32(heddle::i32, heddle::i32)>("add");    // type checked once
//   auto sum = (*add)(1, 2);                                                    // Result<i32>: a value, or the trap with its backtrace
//
// Objects of a Store (Func, Memory, Table, Global, Tag, Instance) are small handles: copy them freely, use them while the Store lives.
// One OS thread per Store at a time; Engine and Module are shared by any number of threads.
#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/trap.hpp>
#include <heddle/types.hpp>
#include <heddle/value.hpp>

namespace heddle {

class Caller;
class Execution;
class Store;
struct EngineData;
struct ExecContext;
struct ExecutionData;
struct ExceptionObject;
struct FuncObject;
struct GlobalObject;
struct HostFunc;
struct InstanceObject;
struct MemoryObject;
struct ModuleData;
struct SnapshotData;
struct StoreData;
struct TableObject;
struct TagObject;
struct DomainData;

// ---- configuration ------------------------------------------------------------------------------------------------------------

// What an Engine allows. Limits are per Store unless said otherwise; hitting one is a typed error or trap that names it.
struct Config {
    bool metering = false;                    // count fuel: an instruction, or 64 bytes or 8 elements of a bulk one, costs 1, a host call 20; off costs nothing
    bool eager = false;                       // translate every function at load instead of at its first call
    unsigned threads = 2;                     // used to validate big modules
    unsigned handler_copies = 0;              // of the interpreter's hot handlers; 0: as many as suit this CPU
    bool superinstructions = true;            // off: one instruction at a time, for comparison
    // Counts how often each cell of translated code runs, slowly; gets the counts, as bench/mine reads them, when a module goes away.
    std::function<void(const std::string&)> profile = {};
    u64 max_stack_bytes = u64(1) << 20;       // of one guest stack
    u64 max_stacks = 4096;                    // per Engine, at once
    u64 max_memory_bytes = u64(1) << 32;      // of one linear memory
    u64 max_total_memory_bytes = ~u64(0);     // of all linear memories of a Store
    u64 max_table_elements = 10'000'000;      // of one table
    u64 max_module_bytes = u64(256) << 20;
    u64 max_heap_bytes = u64(1) << 30;        // exceptions, structs and arrays of one Store
    u32 max_nested_runs = 128;                // embedder functions that call guests from inside native calls
    // Proposals that can be refused: all allowed by default.
    bool threads_proposal = true, wide_arithmetic = true, legacy_exceptions = true, custom_page_sizes = true, stack_switching = true,
         custom_descriptors = true, compact_imports = true, gc = true, memory64 = true, multi_memory = true, exceptions = true, tail_call = true,
         simd = true, relaxed_simd = true;
};

class Engine {
public:
    explicit Engine(const Config& config = {});
    const Config& config() const;

    // Defined types, for layers that declare some of their own. In a group handed to intern(), member i of the group itself is written
    // TypeId(own_type + i). Equal groups get equal ids, as those of modules do.
    static constexpr u32 own_type = 0x1000000;
    TypeId intern(std::span<const SubType> group) const;
    TypeId intern(const FuncType& type) const;
    const SubType& type(TypeId id) const;
    // Whether an import of type `wanted` may be satisfied by `given`. https://webassembly.github.io/spec/core/valid/matching.html
    bool matches(const ExternType& given, const ExternType& wanted) const;
    bool matches(ValType given, ValType wanted) const;

    EngineData& data() const { return *data_; }

private:
    friend struct ApiAccess;
    std::shared_ptr<EngineData> data_;
};

// ---- modules ------------------------------------------------------------------------------------------------------------------

struct ImportType {
    std::string module, name;
    ExternType type;
};
struct ExportType {
    std::string name;
    ExternType type;
};
struct CustomSectionView {
    std::string name;
    std::span<const u8> bytes;
    u32 offset;                               // of `bytes`, from the start of the module
};

class Module {
public:
    // Decodes and validates a binary module. The bytes are copied into private memory (or taken over).
    // Errors: malformed, invalid, limit, with the offset and the specification's words.
    static Result<Module> load(const Engine& engine, std::span<const u8> bytes, std::string name = {});
    static Result<Module> load(const Engine& engine, std::vector<u8>&& bytes, std::string name = {});

    std::vector<ImportType> imports() const;
    std::vector<ExportType> exports() const;
    std::vector<CustomSectionView> custom_sections() const;
    const std::string& name() const;
    std::span<const u8> bytes() const;
    // The function type behind an imported or exported function's or tag's TypeId.
    const FuncType& func_type(TypeId type) const;
    // Whether it was loaded for that Engine: only then can it be instantiated in the Engine's Stores.
    bool belongs_to(const Engine& engine) const;
    // "(func (param i32) (result i32))", "(memory 1 2)", …: for messages.
    std::string to_string(const ExternType& type) const;
    ModuleData& data() const { return *data_; }
    std::shared_ptr<ModuleData> shared() const { return data_; }

private:
    friend struct ApiAccess;
    std::shared_ptr<EngineData> engine_;  // before the module: it keeps the module's types
    std::shared_ptr<ModuleData> data_;
};

// ---- leaving and suspending ---------------------------------------------------------------------------------------------------

enum class Exit : u8 {  // why run() came back
    returned,           // results() holds the base call's results
    trapped,            // trap() says why; the Execution is dead
    threw,              // exception() was not caught by any guest frame; the Execution is dead
    blocked,            // a native function said Host::block: other Executions of the Store may run meanwhile
    parked              // Host::park, an empty slice, atomic.wait: NOTHING else in this Store may run before run() is called again
};
enum class Host : u8 { done, trap, threw, call, block, park };  // made by Caller's members below; `done`: results are in slots()

// An exception thrown by a guest (or by Caller::raise). Valid until a guest runs again; an Execution keeps its own.
struct ExnRef {
    ExceptionObject* object = nullptr;
};

// What a native function leaves on the guest stack when it must go on later. Built in place, at most max_bytes.
// It is a barrier: guest exceptions arrive at next() as Exit::threw.
struct HostFrame {
    static constexpr std::size_t max_bytes = 192;
    virtual Host next(Caller& caller, Exit how) = 0;  // returned/threw: the called guest function ended; blocked/parked: run() was called again
    virtual ~HostFrame() = default;                   // also runs when the Execution dies or is abandoned: release, never call a guest
};

// A native function as the engine calls it. Must not throw. Results go to slots() of the Caller.
using RawHostFunction = Host (*)(Caller& caller, void* data);

// A host function whose type is known only at run time. `results` has a zero or null of each result's type: fill it in and say done, or
// end otherwise (fail, park, …). A result of another type, and a thrown exception, are traps `host function failed: …`.
using DynamicHostFunction = std::function<Host(Caller& caller, std::span<const Value> args, std::span<Value> results)>;

// ---- handles into a Store -----------------------------------------------------------------------------------------------------

template <class Signature>
class TypedFunc;
class Func;
class Instance;

class Memory {
public:
    explicit Memory(MemoryObject* o = nullptr) : object_(o) {}
    static Result<Memory> create(Store& store, const MemoryType& type);
    explicit operator bool() const { return object_ != nullptr; }
    MemoryType type() const;
    // All bytes as they are now. Any guest run may grow the memory: ask again after it. The base never moves.
    std::span<u8> bytes() const;
    u64 size_bytes() const;
    u64 pages() const;
    // False when [at, at + n) is not inside.
    bool contains(u64 at, u64 n) const;
    // A view of [at, at + n), or an empty optional when out of bounds.
    std::optional<std::span<u8>> view(u64 at, u64 n) const;
    // The bytes as text; out of bounds gives an empty view.
    std::string_view text(u64 at, u64 n) const;
    bool read(u64 at, void* to, std::size_t n) const;         // false: out of bounds, nothing done
    bool write(u64 at, const void* from, std::size_t n) const;
    template <class T>
    std::optional<T> get(u64 at) const {
        T v;
        return read(at, &v, sizeof v) ? std::optional<T>(v) : std::nullopt;
    }
    template <class T>
    bool set(u64 at, T v) const { return write(at, &v, sizeof v); }
    // The old size in pages, or an error naming the limit.
    Result<u64> grow(u64 delta_pages) const;
    MemoryObject* object() const { return object_; }

private:
    MemoryObject* object_;
};

class Table {
public:
    explicit Table(TableObject* o = nullptr) : object_(o) {}
    static Result<Table> create(Store& store, const TableType& type, Ref initial = {});
    TableType type() const;
    u64 size() const;
    std::optional<Ref> get(u64 index) const;                  // empty: out of bounds
    Result<void> set(u64 index, Ref value) const;
    Result<u64> grow(u64 delta, Ref value) const;
    TableObject* object() const { return object_; }

private:
    TableObject* object_;
};

class Global {
public:
    explicit Global(GlobalObject* o = nullptr) : object_(o) {}
    static Result<Global> create(Store& store, const GlobalType& type, Value initial);
    GlobalType type() const;
    Value get() const;
    Result<void> set(Value v) const;                          // errors: immutable, other type
    GlobalObject* object() const { return object_; }

private:
    GlobalObject* object_;
};

class Tag {
public:
    explicit Tag(TagObject* o = nullptr) : object_(o) {}
    static Tag create(Store& store, const FuncType& type);
    TypeId type() const;
    TagObject* object() const { return object_; }

private:
    TagObject* object_;
};

class Func {
public:
    explicit Func(FuncObject* o = nullptr) : object_(o) {}
    // A host function of that type; `data` is released with `release` when the Store dies. Empty when the Engine's table of types is full.
    static Func create(Store& store, const FuncType& type, RawHostFunction f, void* data, void (*release)(void*) = nullptr);
    static Func create(Store& store, const FuncType& type, DynamicHostFunction f);
    explicit operator bool() const { return object_ != nullptr; }
    const FuncType& type() const;
    TypeId type_id() const;
    // The function as a reference value, and back. A null Ref gives an empty Func.
    Ref ref() const;
    static Func from_ref(Ref r);

    // Calls to the end on a cached Execution. Arguments must match the type (error: usage). A trap is Error::Kind::trapped with the trap's
    // message; trap() of the Store holds the whole. When the guest parks: Store::on_park until ready, without one a trap.
    Result<std::vector<Value>> call(Store& store, std::span<const Value> args) const;
    // The same on raw slots, without a type check: `slots` holds the arguments and gets the results (must be large enough for both).
    Exit call_raw(Store& store, std::span<Slot> slots) const;
    // Checks the signature once: error usage when it differs.
    template <class Signature>
    Result<TypedFunc<Signature>> typed(Store& store) const;
    FuncObject* object() const { return object_; }
    friend bool operator==(const Func&, const Func&) = default;

private:
    FuncObject* object_;
};

// An import or export of any kind.
struct Extern {
    ExternKind kind = ExternKind::func;
    Func func;
    heddle::Table table;
    heddle::Memory memory;
    heddle::Global global;
    heddle::Tag tag;

    Extern() = default;
    Extern(Func f) : kind(ExternKind::func), func(f) {}
    Extern(heddle::Table t) : kind(ExternKind::table), table(t) {}
    Extern(heddle::Memory m) : kind(ExternKind::memory), memory(m) {}
    Extern(heddle::Global g) : kind(ExternKind::global), global(g) {}
    Extern(heddle::Tag t) : kind(ExternKind::tag), tag(t) {}
    ExternType type() const;
};

// Instances that die together: a trap in one makes every later call into the group fail. An instance without a Domain survives its traps,
// as the core specification has it.
class Domain {
public:
    explicit Domain(Store& store);
    bool dead() const;
    const Trap& why() const;
    void kill(const Trap& trap) noexcept;
    DomainData& data() const { return *data_; }

private:
    std::shared_ptr<DomainData> data_;
};

// What an instance was at one moment: see Instance::snapshot. Cheap to copy; outlives instance and Store; any thread may use it.
class Snapshot {
public:
    Snapshot() = default;
    explicit operator bool() const { return data_ != nullptr; }
    u64 memory_bytes() const;                  // of the memories' contents, kept once however many instances map them

private:
    friend class Instance;
    std::shared_ptr<const SnapshotData> data_;
};

class Instance {
public:
    explicit Instance(InstanceObject* o = nullptr) : object_(o) {}
    explicit operator bool() const { return object_ != nullptr; }
    std::optional<Extern> find(std::string_view name) const;
    std::vector<Extern> exports() const;       // in the order of Module::exports()
    std::optional<Func> find_func(std::string_view name) const;
    std::optional<heddle::Memory> find_memory(std::string_view name) const;
    std::optional<heddle::Global> find_global(std::string_view name) const;
    std::optional<heddle::Table> find_table(std::string_view name) const;
    // An exported function with its C++ signature. Errors: no such export (with what there is), another type (both are shown).
    template <class Signature>
    Result<TypedFunc<Signature>> func(std::string_view name) const;
    Store& store() const;
    Module module() const;
    std::optional<Func> start() const;         // the start function, not run by the low-level instantiate()
    void set_domain(Domain& domain) const;
    // Everything that is the instance's own: contents and sizes of its memories and tables, its globals, which segments are dropped. What it
    // imports is not part of it. From then on its memories are mapped copy-on-write from the snapshot. Errors: usage (a call is in progress), limit (an own memory is shared; a global or
    // table holds a reference to an object, which no snapshot can keep; the system gives no room). One with foreign functions fits this instance only.
    Result<Snapshot> snapshot() const;
    // Makes it what it was: as it is after `snapshot` of this instance, or of another of the same Module with the same imports, also in
    // another Store. Costs what was changed since, by pages of memory. Errors: usage (another module, a call in progress), limit.
    Result<void> restore(const Snapshot& snapshot) const;
    InstanceObject* object() const { return object_; }

private:
    InstanceObject* object_;
};

// ---- inside a host function ---------------------------------------------------------------------------------------------------

// Valid during one native call; hold no span of guest memory across call(), leaf(), block() or park().
class Caller {
public:
    Store& store() const;
    Execution& execution() const;
    Instance instance() const;                 // the instance that called; empty when the embedder called directly
    // The calling instance's export named "memory", else its first memory; empty when it has none.
    std::optional<Memory> memory() const;
    std::span<Slot> slots() const;             // arguments in, results out
    template <class F, class... A>
    F& frame(A&&... a) {                       // places an F on the guest stack; then say call, block or park
        static_assert(std::is_base_of_v<HostFrame, F> && sizeof(F) <= HostFrame::max_bytes && alignof(F) <= 16);
        F* f = new (frame_storage()) F(std::forward<A>(a)...);
        set_frame(f);
        return *f;
    }
    Host call(const Func& f, std::span<const Slot> args);  // f runs ABOVE the HostFrame on the same guest stack; no native nesting
    std::span<const Slot> call_results() const;            // in HostFrame::next after Exit::returned: what f gave
    ExnRef exception() const;                              // in HostFrame::next after Exit::threw
    Host block();
    Host park();
    Host fail(Trap trap);
    Host fail(std::string detail);             // TrapCode::host with that detail
    Host exit(i32 code);                       // TrapCode::exited: ends the program
    Host raise(ExnRef e);
    // Natively nested, on the Store's one leaf stack. In it block, park and another leaf are traps, and slices do not end.
    Exit leaf(const Func& f, std::span<const Slot> args, std::span<Slot> results);

private:
    friend struct ApiAccess;
    void* frame_storage();
    void set_frame(HostFrame* f);
    ExecContext* context_ = nullptr;
    InstanceObject* instance_ = nullptr;
    Slot* frame_ = nullptr;
    HostFunc* host_ = nullptr;
};

// ---- one guest computation ----------------------------------------------------------------------------------------------------

class Execution {
public:
    enum class State : u8 { idle, ready, running, below, blocked, parked, dead };  // below: running, but another Execution is on top
    explicit Execution(Store& store);          // takes a guest stack in begin(), returns it when idle or dead
    ~Execution();
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;
    State begin(const Func& f, std::span<const Slot> args);  // idle -> ready; arguments are copied. No stack left: dead, trap() says so
    Exit run();                                // ready, blocked, parked -> running -> …; asserted: one run() per Execution
    std::span<const Slot> results() const;     // until the next begin()
    const Trap& trap() const;
    ExnRef exception() const;
    State state() const;
    void abandon() noexcept;                   // any state but running/below -> dead; HostFrames destroyed top first
    void reset() noexcept;                     // dead -> idle
    void keep_stack(bool keep) noexcept;       // while it is idle or dead, for the next begin(): for those that are used again and again
    u64 tls[2] = {0, 0};                       // two context words for the layer above
    void* owner = nullptr;                     // whatever the layer above hangs here
    ExecutionData& data() const { return *data_; }

private:
    std::unique_ptr<ExecutionData> data_;
};

// What a reference points to; `unknown`: nothing of this Store (or a function).
enum class RefKind : u8 { unknown, null, i31, struct_, array, exception, host, continuation };

// References to structures, arrays, exceptions and continuations stay valid until a guest runs again in their Store: arguments and results of the call
// that runs are safe, as is what tables, globals, guest stacks and objects hold. Whoever keeps one longer holds a Root.
// References to functions and to host values (Store::host_ref) stay valid as long as the Store.
class Store {
public:
    explicit Store(const Engine& engine);
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    Engine& engine() const;
    bool parked() const;                       // then calls of anything else are refused (an error, not UB)
    void interrupt() noexcept;                 // from any OS thread: the next back edge (metered: one within some 50 µs), call or wait asks …
    void on_interrupt(std::function<Host(Caller&)> ask);  // … this: done = go on, fail() = trap, park() = slice over. Default: trap `interrupted`
    void on_park(std::function<bool(Store&)> wait);       // a blocking embedder's answer to `parked`: wait until ready; false: give up (trap)
    bool wait_parked();                        // asks what on_park was given; false without one
    void set_fuel(u64 fuel);                   // only counts when Config::metering is on
    u64 fuel() const;
    // Guests park after about so much fuel, again and again (not in realloc): a turn for others. 0: never. Needs metering.
    void set_slice(u64 fuel);
    const Trap& trap() const;                  // of the last call that ended with Error::Kind::trapped
    // Whether traps leave a core dump, a module with the frames, memories and globals of the instance that trapped.
    // https://github.com/WebAssembly/tool-conventions/blob/main/Coredump.md
    void keep_core_dumps(bool keep);
    std::span<const u8> core_dump() const;     // of the last trap; empty without one
    std::size_t nested_runs() const;           // run() calls on the native stack now; 1 in all ordinary cases
    u64 memory_bytes() const;                  // of all linear memories now
    // An opaque host reference: round-trips through externref and anyref. `host_value` gives the number back.
    Ref host_ref(u64 value);
    std::optional<u64> host_value(Ref r) const;
    // Of a reference that is no function's.
    RefKind kind(Ref r) const;
    // Whether the value may stand where `type` is expected, by what it is and not by the type it says.
    bool accepts(const Value& v, ValType type) const;
    // Frees structures, arrays, exceptions and continuations that nothing reaches, as happens by itself when the heap has grown. False: the Store's
    // on_interrupt refused, or it collects already.
    bool collect_garbage() noexcept;
    u64 heap_bytes() const;                    // of structures, arrays, exceptions and continuations; those that died since the last collection too
    void* user = nullptr;                      // whatever the embedder hangs here
    StoreData& data() const { return *data_; }

private:
    std::unique_ptr<StoreData> data_;

public:
    std::shared_ptr<void> layer;               // whatever the layer above keeps per Store; released before anything of the Store
};

// Keeps what a reference points to. Must not outlive the Store.
class Root {
public:
    Root() = default;
    Root(Store& store, Ref r);
    ~Root();
    Root(Root&& other) noexcept : store_(std::exchange(other.store_, nullptr)), place_(other.place_) {}
    Root& operator=(Root&& other) noexcept {
        std::swap(store_, other.store_);
        std::swap(place_, other.place_);
        return *this;
    }
    Ref get() const;                           // null when empty

private:
    StoreData* store_ = nullptr;
    u32 place_ = 0;
};

// Segments are applied; start is NOT run. `imports` in the order of Module::imports(). Errors: unlinkable, trapped (an active segment out of
// bounds: the effects of earlier segments stay), limit.
Result<Instance> instantiate(Store& store, const Module& module, std::span<const Extern> imports);

// ---- typed calls --------------------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
struct Wasm;  // the value type of a C++ type
template <> struct Wasm<i32> { static constexpr ValType type = i32_type; };
template <> struct Wasm<u32> { static constexpr ValType type = i32_type; };
template <> struct Wasm<i64> { static constexpr ValType type = i64_type; };
template <> struct Wasm<u64> { static constexpr ValType type = i64_type; };
template <> struct Wasm<f32> { static constexpr ValType type = f32_type; };
template <> struct Wasm<f64> { static constexpr ValType type = f64_type; };
template <> struct Wasm<Ref> { static constexpr ValType type = externref_type; };
template <> struct Wasm<Func> { static constexpr ValType type = funcref_type; };

template <class T>
Slot to_slot(T v) {
    if constexpr (std::is_same_v<T, i32>) return Slot{u32(v)};
    else if constexpr (std::is_same_v<T, Ref>) return Slot{v.word};
    else if constexpr (std::is_same_v<T, Func>) return Slot{v.ref().word};
    else return Slot::of(v);
}
template <class T>
T from_slot(Slot s) {
    if constexpr (std::is_same_v<T, Ref>) return Ref{s.bits};
    else if constexpr (std::is_same_v<T, Func>) return Func::from_ref(Ref{s.bits});
    else return s.as<T>();
}

template <class R>
struct Results {
    static constexpr std::size_t count = 1;
    static void types(std::vector<ValType>& t) { t.push_back(Wasm<R>::type); }
    static R read(const Slot* s) { return from_slot<R>(s[0]); }
    static void write(Slot* s, R r) { s[0] = to_slot(r); }
};
template <>
struct Results<void> {
    static constexpr std::size_t count = 0;
    static void types(std::vector<ValType>&) {}
};
template <class... R>
struct Results<std::tuple<R...>> {
    static constexpr std::size_t count = sizeof...(R);
    static void types(std::vector<ValType>& t) { (t.push_back(Wasm<R>::type), ...); }
    static std::tuple<R...> read(const Slot* s) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) { return std::tuple<R...>{from_slot<R>(s[I])...}; }(std::index_sequence_for<R...>{});
    }
    static void write(Slot* s, const std::tuple<R...>& r) {
        std::apply([&](const R&... v) { ((*s++ = to_slot(v)), ...); }, r);
    }
};

// A host function that says itself how it ends (done, trap, park, …) has no typed result.
template <>
struct Results<Host> : Results<void> {};

template <class Signature>
struct SignatureOf;
template <class R, class... A>
struct SignatureOf<R(A...)> {
    using Result = R;
    static FuncType type() {
        FuncType t;
        (t.params.push_back(Wasm<A>::type), ...);
        Results<R>::types(t.results);
        return t;
    }
};

// The error of a call that ended with `how`; the trap is the Store's.
Error call_error(Store& store, Exit how);
Error wrong_signature(const FuncType& wanted, const Func& f);
Error no_such_func(const Instance& instance, std::string_view name);

}  // namespace detail

template <class R, class... A>
class TypedFunc<R(A...)> {
public:
    TypedFunc(Store& s, Func f) : store_(&s), func_(f) {}
    Result<R> operator()(A... args) const {
        constexpr std::size_t n = std::max<std::size_t>({sizeof...(A), detail::Results<R>::count, 1});
        Slot slots[n] = {detail::to_slot(args)...};
        if (Exit how = func_.call_raw(*store_, slots); how != Exit::returned) return std::unexpected(detail::call_error(*store_, how));
        if constexpr (std::is_void_v<R>) return {};
        else return detail::Results<R>::read(slots);
    }
    const Func& func() const { return func_; }

private:
    Store* store_;
    Func func_;
};

template <class Signature>
Result<TypedFunc<Signature>> Func::typed(Store& store) const {
    FuncType wanted = detail::SignatureOf<Signature>::type();
    if (!(type() == wanted)) return std::unexpected(detail::wrong_signature(wanted, *this));
    return TypedFunc<Signature>(store, *this);
}

template <class Signature>
Result<TypedFunc<Signature>> Instance::func(std::string_view name) const {
    auto f = find_func(name);
    if (!f) return std::unexpected(detail::no_such_func(*this, name));
    return f->template typed<Signature>(store());
}

// ---- linking ------------------------------------------------------------------------------------------------------------------

namespace detail {

// Calls a C++ function with arguments read from slots; a thrown C++ exception becomes a trap here and nowhere else.
Host caught(Caller& caller, const char* what) noexcept;

template <class F>
struct HostThunk;

template <class F, class R, class... A>
Host call_host_function(Caller& caller, F& f) noexcept {
    try {
        Slot* s = caller.slots().data();
        auto args = [&]<std::size_t... I>(std::index_sequence<I...>) { return std::tuple<A...>{from_slot<A>(s[I])...}; }(std::index_sequence_for<A...>{});
        auto invoke = [&](auto&... a) -> R {
            if constexpr (std::is_invocable_v<F&, Caller&, A...>) return f(caller, a...);
            else return f(a...);
        };
        if constexpr (std::is_void_v<R>) std::apply(invoke, args);
        else if constexpr (std::is_same_v<R, Host>) return std::apply(invoke, args);
        else Results<R>::write(s, std::apply(invoke, args));
        return Host::done;
    } catch (const std::exception& e) {
        return caught(caller, e.what());
    } catch (...) {
        return caught(caller, "an exception that is not a std::exception");
    }
}

template <class F, class R, class... A>
struct HostThunkOf {
    static FuncType type() {
        FuncType t;
        (t.params.push_back(Wasm<A>::type), ...);
        Results<R>::types(t.results);
        return t;
    }
    static Host call(Caller& c, void* data) { return call_host_function<F, R, A...>(c, *static_cast<F*>(data)); }
};
template <class F, class C, class R, class... A>
HostThunkOf<F, R, A...> thunk_of(R (C::*)(Caller&, A...) const);
template <class F, class C, class R, class... A>
HostThunkOf<F, R, A...> thunk_of(R (C::*)(Caller&, A...));
template <class F, class C, class R, class... A>
HostThunkOf<F, R, A...> thunk_of(R (C::*)(A...) const);
template <class F, class C, class R, class... A>
HostThunkOf<F, R, A...> thunk_of(R (C::*)(A...));

template <class F>
struct HostThunk : decltype(thunk_of<F>(&F::operator())) {};
template <class R, class... A>
struct HostThunk<R (*)(Caller&, A...)> : HostThunkOf<R (*)(Caller&, A...), R, A...> {};
template <class R, class... A>
struct HostThunk<R (*)(A...)> : HostThunkOf<R (*)(A...), R, A...> {};

}  // namespace detail

// Names imports. Definitions are kept as given, so one Linker serves any number of Stores (host functions are made anew in each).
class Linker {
public:
    explicit Linker(const Engine& engine);
    ~Linker();
    Linker(Linker&&) noexcept;
    Linker& operator=(Linker&&) noexcept;

    // A host function declared by its C++ signature: parameters i32 u32 i64 u64 f32 f64 Ref Func (a leading Caller& is optional), result one of
    // them, void, a std::tuple, or Host to say itself how it ends. Called from the Store's thread. An exception it throws becomes a trap `host function failed: …`.
    template <class F>
    Linker& func(std::string module, std::string name, F f) {
        using Fn = std::decay_t<F>;
        using Thunk = detail::HostThunk<Fn>;
        return raw(std::move(module), std::move(name), Thunk::type(), &Thunk::call, std::make_shared<Fn>(std::move(f)));
    }
    // The same with a type known only at run time.
    Linker& func(std::string module, std::string name, const FuncType& type, DynamicHostFunction f);
    // The general form: the native function sees slots and may suspend. A later definition of the same name replaces an earlier one.
    Linker& raw(std::string module, std::string name, FuncType type, RawHostFunction f, std::shared_ptr<void> data);
    // An object of one Store; the Linker then serves only that Store.
    Linker& define(std::string module, std::string name, Extern value);
    // Every export of an instance under `module`.
    Linker& instance(std::string module, const Instance& instance);
    // Asked for what is not defined otherwise; an empty answer means unknown.
    Linker& fallback(std::function<std::optional<Extern>(Store&, const ImportType&)> ask);

    // The imports of `module` in their order. Errors: unlinkable, naming the import, its type and what is there instead.
    Result<std::vector<Extern>> resolve(Store& store, const Module& module) const;
    // resolve, instantiate, and the start function driven to its end.
    Result<Instance> instantiate(Store& store, const Module& module) const;

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

}  // namespace heddle
