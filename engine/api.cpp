// The public handles over the world behind them. Nothing here has logic of its own; what building throws is caught here (and in the
// Linker) and given as a Result.
#include <algorithm>
#include <cstring>

#include "code.hpp"
#include "hot.hpp"
#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

namespace {

std::unexpected<Error> usage(std::string message) { return std::unexpected(Error{Error::Kind::usage, std::move(message)}); }

std::string type_list(const char* word, std::span<const ValType> types) {
    if (types.empty()) return {};
    std::string text = std::string(" (") + word;
    for (ValType t : types) text += " " + to_string(t);
    return text + ")";
}

std::string limits_text(const Limits& l, bool is64) {
    return (is64 ? " i64 " : " ") + std::to_string(l.min) + (l.max ? " " + std::to_string(*l.max) : "");
}

}  // namespace

std::string describe(const FuncType& t) { return "(func" + type_list("param", t.params) + type_list("result", t.results) + ")"; }

std::string describe(const TypeTable& types, const ExternType& t) {
    switch (t.kind) {
    case ExternKind::func: return describe(types.func(t.type));
    case ExternKind::table: return "(table" + limits_text(t.table.limits, t.table.is64) + " " + to_string(t.table.element) + ")";
    case ExternKind::memory:
        return "(memory" + limits_text(t.memory.limits, t.memory.is64) + (t.memory.shared ? " shared" : "") +
               (t.memory.page_log2 == 16 ? "" : " (pagesize " + std::to_string(u64(1) << t.memory.page_log2) + ")") + ")";
    case ExternKind::global:
        return t.global.mutable_ ? "(global (mut " + to_string(t.global.type) + "))" : "(global " + to_string(t.global.type) + ")";
    case ExternKind::tag: return "(tag" + type_list("param", types.func(t.type).params) + ")";
    }
    return {};
}

// ---- Engine and Module ------------------------------------------------------------------------------------------------------------

Engine::Engine(const Config& config) : data_(std::make_shared<EngineData>(config)) {}
const Config& Engine::config() const { return data_->config; }
static_assert(Engine::own_type == TypeTable::self);
TypeId Engine::intern(std::span<const SubType> group) const { return data_->types.intern(group); }
TypeId Engine::intern(const FuncType& type) const { return data_->types.intern(type); }
const SubType& Engine::type(TypeId id) const { return data_->types[id]; }
bool Engine::matches(const ExternType& given, const ExternType& wanted) const { return data_->types.is_subtype(given, wanted); }
bool Engine::matches(ValType given, ValType wanted) const { return data_->types.is_subtype(given, wanted); }

Module ApiAccess::module(std::shared_ptr<EngineData> engine, std::shared_ptr<ModuleData> m) {
    Module module;
    module.engine_ = std::move(engine);
    module.data_ = std::move(m);
    return module;
}

std::shared_ptr<EngineData> ApiAccess::engine(const Engine& e) { return e.data_; }

namespace {

CodeOptions code_options(const Config& c) {
    u32 copies = c.handler_copies == 0 ? suitable_copies() : std::min(c.handler_copies, hot_copies());
    return {.metering = c.metering, .superinstructions = c.superinstructions && copies > 0, .copies = copies, .profile = c.profile};
}

Module load_module(const Engine& engine, std::vector<u8>&& bytes, std::string name) {
    const Config& config = engine.config();
    if (bytes.size() > config.max_module_bytes)
        throw Error{Error::Kind::limit, "a module of " + std::to_string(bytes.size()) + " bytes is over the limit of " + std::to_string(config.max_module_bytes) +
                                            " bytes (Config::max_module_bytes)"};
    Features features = engine.data().features();
    std::shared_ptr<ModuleData> m =
        decode_module(std::make_shared<const std::vector<u8>>(std::move(bytes)), engine.data().types, features);
    m->type_table = &engine.data().types;
    if (m->name.empty()) m->name = std::move(name);
    validate_module(*m, features, std::max(config.threads, 1u));
    prepare(*m, code_options(config));
    if (config.eager) translate_all(*m);
    return ApiAccess::module(ApiAccess::engine(engine), std::move(m));
}

}  // namespace

Result<Module> Module::load(const Engine& engine, std::span<const u8> bytes, std::string name) {
    return caught([&] { return load_module(engine, std::vector<u8>(bytes.begin(), bytes.end()), std::move(name)); });
}

Result<Module> Module::load(const Engine& engine, std::vector<u8>&& bytes, std::string name) {
    return caught([&] { return load_module(engine, std::move(bytes), std::move(name)); });
}

namespace {

ExternType export_type(const ModuleData& m, const Export& e) {
    ExternType t;
    t.kind = e.kind;
    switch (e.kind) {
    case ExternKind::func: t.type = m.funcs[e.index]; break;
    case ExternKind::table: t.table = m.tables[e.index]; break;
    case ExternKind::memory: t.memory = m.memories[e.index]; break;
    case ExternKind::global: t.global = m.globals[e.index]; break;
    case ExternKind::tag: t.type = m.tags[e.index]; break;
    }
    return t;
}

}  // namespace

std::vector<ImportType> Module::imports() const {
    std::vector<ImportType> all;
    for (const Import& i : data_->imports) all.push_back({std::string(i.module), std::string(i.name), i.type});
    return all;
}

std::vector<ExportType> Module::exports() const {
    std::vector<ExportType> all;
    for (const Export& e : data_->exports) all.push_back({std::string(e.name), export_type(*data_, e)});
    return all;
}

std::vector<CustomSectionView> Module::custom_sections() const {
    std::vector<CustomSectionView> all;
    for (const CustomSection& c : data_->customs) all.push_back({std::string(c.name), c.bytes, c.offset});
    return all;
}

const std::string& Module::name() const { return data_->name; }
std::span<const u8> Module::bytes() const { return data_->span(); }
bool Module::belongs_to(const Engine& engine) const { return engine_.get() == &engine.data(); }
const FuncType& Module::func_type(TypeId type) const { return engine_->types.func(type); }
std::string Module::to_string(const ExternType& type) const { return describe(engine_->types, type); }

// ---- Memory -----------------------------------------------------------------------------------------------------------------------

Result<Memory> Memory::create(Store& store, const MemoryType& type) {
    return caught([&] { return Memory(&new_memory(store.data(), type)); });
}

MemoryType Memory::type() const {
    MemoryType t = object_->type;
    t.limits.min = pages();
    return t;
}

u64 Memory::size_bytes() const { return object_->bytes.load(std::memory_order_acquire); }
u64 Memory::pages() const { return size_bytes() >> object_->type.page_log2; }
std::span<u8> Memory::bytes() const { return {object_->base.load(std::memory_order_relaxed), std::size_t(size_bytes())}; }

bool Memory::contains(u64 at, u64 n) const {
    u64 size = size_bytes();
    return n <= size && at <= size - n;
}

std::optional<std::span<u8>> Memory::view(u64 at, u64 n) const {
    if (!contains(at, n)) return std::nullopt;
    return bytes().subspan(std::size_t(at), std::size_t(n));
}

std::string_view Memory::text(u64 at, u64 n) const {
    auto v = view(at, n);
    return v ? std::string_view(reinterpret_cast<const char*>(v->data()), v->size()) : std::string_view();
}

bool Memory::read(u64 at, void* to, std::size_t n) const {
    auto v = view(at, n);
    if (v && n) std::memcpy(to, v->data(), n);
    return v.has_value();
}

bool Memory::write(u64 at, const void* from, std::size_t n) const {
    auto v = view(at, n);
    if (v && n) std::memcpy(v->data(), from, n);
    return v.has_value();
}

Result<u64> Memory::grow(u64 delta_pages) const {
    u64 old_pages = 0;
    auto limit = [](std::string message) { return std::unexpected(Error{Error::Kind::limit, std::move(message)}); };
    switch (grow_memory(*object_, delta_pages, old_pages)) {
    case Grow::done: return old_pages;
    case Grow::type_limit: return limit("the memory's type allows no more than " + std::to_string(std::min(object_->type.limits.max.value_or(~u64(0)), max_pages(object_->type))) + " pages");
    case Grow::byte_limit: return limit("a memory may have " + std::to_string(object_->max_bytes) + " bytes (Config::max_memory_bytes)");
    case Grow::total_limit: return limit("all memories may have " + std::to_string(object_->mapping->budget->max) + " bytes (Config::max_total_memory_bytes)");
    case Grow::system: break;
    }
    return limit("the system gave no more memory");
}

// ---- Table ------------------------------------------------------------------------------------------------------------------------

Result<Table> Table::create(Store& store, const TableType& type, Ref initial) {
    if (initial.is_null() && !type.element.nullable()) return usage("a table of " + to_string(type.element) + " needs an initial value");
    return caught([&] { return Table(&new_table(store.data(), type, initial)); });
}

TableType Table::type() const {
    TableType t = object_->type;
    t.limits.min = object_->size;
    return t;
}

u64 Table::size() const { return object_->size; }

std::optional<Ref> Table::get(u64 index) const {
    if (index >= object_->size) return std::nullopt;
    return Ref{object_->elements[index]};
}

Result<void> Table::set(u64 index, Ref value) const {
    if (index >= object_->size) return usage("element " + std::to_string(index) + " is not in a table of " + std::to_string(object_->size));
    if (value.is_null() && !object_->type.element.nullable()) return usage("a table of " + to_string(object_->type.element) + " holds no null");
    object_->elements[index] = value.word;
    return {};
}

Result<u64> Table::grow(u64 delta, Ref value) const {
    if (value.is_null() && !object_->type.element.nullable()) return usage("a table of " + to_string(object_->type.element) + " holds no null");
    u64 old = grow_table(*object_, delta, value);
    if (old == ~u64(0)) return std::unexpected(Error{Error::Kind::limit, "the table may have " + std::to_string(object_->max_size) + " elements (its type, or Config::max_table_elements)"});
    return old;
}

// ---- Global and Tag -----------------------------------------------------------------------------------------------------------------

Result<Global> Global::create(Store& store, const GlobalType& type, Value initial) {
    if (!fits(store.data(), initial, type.type)) return usage("a global of " + to_string(type.type) + " cannot begin as " + to_string(initial.type));
    return caught([&] {
        GlobalObject& g = store.data().globals.emplace_back();
        g.type = type;
        g.value = initial.bits;
        g.store = &store.data();
        return Global(&g);
    });
}

GlobalType Global::type() const { return object_->type; }
Value Global::get() const { return {object_->type.type, object_->value}; }

Result<void> Global::set(Value v) const {
    if (!object_->type.mutable_) return usage("the global is immutable");
    if (!fits(*object_->store, v, object_->type.type)) return usage("a global of " + to_string(object_->type.type) + " cannot hold " + to_string(v.type));
    object_->value = v.bits;
    object_->store->heap.shade(v.bits.lo);
    return {};
}

Tag Tag::create(Store& store, const FuncType& type) {
    TagObject& t = store.data().tags.emplace_back();
    t.type = store.data().types().intern(type);
    return Tag(&t);
}

TypeId Tag::type() const { return object_->type; }

// ---- Func -------------------------------------------------------------------------------------------------------------------------

Func Func::create(Store& store, const FuncType& type, RawHostFunction f, void* data, void (*release)(void*)) {
    auto made = caught([&] { return &new_host_func(store.data(), store.data().types().intern(type), f, data); });
    if (!made) return Func();
    (*made)->release = release;
    return Func(&(*made)->object);
}

Func Func::create(Store& store, const FuncType& type, DynamicHostFunction f) {
    auto data = std::make_unique<DynamicHost>(type, std::move(f));
    Func made = create(store, type, call_dynamic, data.get(), [](void* d) { delete static_cast<DynamicHost*>(d); });
    if (made) data.release();
    return made;
}

Func create_passage(Store& store, const Passage& passage) {
    Func made = Func::create(store, passage.target.type(), passage.closed, passage.data);
    // A target that is no guest function is called by the native function.
    if (!made || passage.target.object()->host) return made;
    made.object()->host->passage = passage;
    prepare_passage(*made.object()->code);
    return made;
}

const FuncType& Func::type() const { return object_->instance->store->types().func(object_->type); }
TypeId Func::type_id() const { return object_->type; }
Ref Func::ref() const { return Ref{reinterpret_cast<u64>(object_)}; }
Func Func::from_ref(Ref r) { return Func(reinterpret_cast<FuncObject*>(r.word)); }

Host call_dynamic(Caller& caller, void* data) noexcept {
    auto& d = *static_cast<DynamicHost*>(data);
    try {
        std::vector<Value> args = read_values(d.type.params, caller.slots().data()), results;
        for (ValType t : d.type.results) results.push_back({t, {}});
        if (Host how = d.call(caller, args, results); how != Host::done) return how;
        for (std::size_t i = 0; i < results.size(); ++i)
            if (!fits(caller.store().data(), results[i], d.type.results[i]))
                return detail::caught(caller, ("result " + std::to_string(i) + " is " + to_string(results[i].type) + ", not " + to_string(d.type.results[i])).c_str());
        write_values(results, caller.slots().data());
        return Host::done;
    } catch (const std::exception& e) {
        return detail::caught(caller, e.what());
    } catch (...) {
        return detail::caught(caller, "an exception that is not a std::exception");
    }
}

Result<std::vector<Value>> Func::call(Store& store, std::span<const Value> args) const {
    StoreData& s = store.data();
    const FuncType& t = type();
    if (args.size() != t.params.size())
        return usage("the function takes " + std::to_string(t.params.size()) + " arguments, not " + std::to_string(args.size()) + ": " + describe(t));
    for (std::size_t i = 0; i < args.size(); ++i)
        if (!fits(s, args[i], t.params[i])) return usage("argument " + std::to_string(i) + " is " + to_string(args[i].type) + ", not " + to_string(t.params[i]));
    std::vector<Slot> slots(std::max({slot_count(t.params), slot_count(t.results), 1u}));
    write_values(args, slots.data());
    if (Exit how = call_raw(store, slots); how != Exit::returned) return std::unexpected(error_of(s, how));
    return read_values(t.results, slots.data());
}

Exit Func::call_raw(Store& store, std::span<Slot> slots) const { return call_to_end(store.data(), *object_, slots); }

ExternType Extern::type() const { return type_of(*this); }

// ---- Domain -----------------------------------------------------------------------------------------------------------------------

Domain::Domain(Store& store) : data_(std::make_shared<DomainData>()) { data_->store = &store.data(); }
bool Domain::dead() const { return data_->dead; }
const Trap& Domain::why() const { return data_->why; }
void Domain::kill(const Trap& trap) noexcept { kill_domain(*data_, trap); }

// ---- Instance ---------------------------------------------------------------------------------------------------------------------

namespace {

Extern extern_of(InstanceObject& in, const Export& e) {
    switch (e.kind) {
    case ExternKind::func: return Func(in.func(e.index));
    case ExternKind::table: return Table(in.tables[e.index]);
    case ExternKind::memory: return Memory(in.memories[e.index]);
    case ExternKind::global: return Global(in.globals[e.index]);
    case ExternKind::tag: return Tag(in.tags[e.index]);
    }
    return {};
}

// The member of an export of that kind.
template <class T>
std::optional<T> find_kind(const Instance& in, std::string_view name, ExternKind kind, T Extern::* member) {
    std::optional<Extern> e = in.find(name);
    if (!e || e->kind != kind) return std::nullopt;
    return *e.*member;
}

}  // namespace

std::optional<Extern> Instance::find(std::string_view name) const {
    for (const Export& e : object_->module->exports)
        if (e.name == name) return extern_of(*object_, e);
    return std::nullopt;
}

std::vector<Extern> Instance::exports() const {
    std::vector<Extern> all;
    for (const Export& e : object_->module->exports) all.push_back(extern_of(*object_, e));
    return all;
}

std::optional<Func> Instance::find_func(std::string_view name) const { return find_kind(*this, name, ExternKind::func, &Extern::func); }
std::optional<Memory> Instance::find_memory(std::string_view name) const { return find_kind(*this, name, ExternKind::memory, &Extern::memory); }
std::optional<Global> Instance::find_global(std::string_view name) const { return find_kind(*this, name, ExternKind::global, &Extern::global); }
std::optional<Table> Instance::find_table(std::string_view name) const { return find_kind(*this, name, ExternKind::table, &Extern::table); }

Store& Instance::store() const { return *object_->store->handle; }
Module Instance::module() const { return data(*object_).owner; }

std::optional<Func> Instance::start() const {
    if (!object_->module->start) return std::nullopt;
    return Func(object_->func(*object_->module->start));
}

void Instance::set_domain(Domain& domain) const {
    object_->domain = &domain.data();
    data(*object_).domain_owner = domain.data().shared_from_this();
}

Result<Instance> instantiate(Store& store, const Module& module, std::span<const Extern> imports) {
    return caught([&] { return Instance(&instantiate(store.data(), module, imports)); });
}

// ---- Store ------------------------------------------------------------------------------------------------------------------------

Store::Store(const Engine& engine) : data_(std::make_unique<StoreData>(this, engine)) {}
Store::~Store() = default;
Engine& Store::engine() const { return data_->engine; }
bool Store::parked() const { return data_->parked != nullptr; }
void Store::interrupt() noexcept { heddle::interrupt(*data_); }
void Store::on_interrupt(std::function<Host(Caller&)> ask) { data_->ask = std::move(ask); }
void Store::on_park(std::function<bool(Store&)> wait) { data_->wait = std::move(wait); }
bool Store::wait_parked() { return data_->wait && data_->wait(*this); }
void Store::set_fuel(u64 fuel) {
    i64 all = i64(std::min<u64>(fuel, u64(INT64_MAX)));
    i64 now = data_->slice == 0 ? all : std::min(all, data_->slice);
    data_->context.fuel = std::min(now, fuel_portion);
    data_->fuel_in_slice = now - data_->context.fuel;
    data_->fuel_after_slice = all - now;
}
u64 Store::fuel() const { return u64(std::max<i64>(data_->context.fuel + data_->fuel_in_slice + data_->fuel_after_slice, 0)); }
void Store::set_slice(u64 fuel) {
    u64 all = this->fuel();
    data_->slice = i64(std::min<u64>(fuel, u64(INT64_MAX)));
    set_fuel(all);
}
const Trap& Store::trap() const { return data_->last_trap; }
void Store::keep_core_dumps(bool keep) { data_->keeps_core_dumps = keep; }
std::span<const u8> Store::core_dump() const { return data_->core_dump; }
std::size_t Store::nested_runs() const { return data_->nested; }

u64 Store::memory_bytes() const {
    u64 bytes = 0;
    for (const Mapping* m : data_->memories) bytes += m->object.bytes.load(std::memory_order_relaxed);
    return bytes;
}

Ref Store::host_ref(u64 value) {
    std::unique_ptr<HostReference>& r = data_->host_refs[value];
    if (!r) {
        r = std::make_unique<HostReference>(value);
        data_->host_values[reinterpret_cast<u64>(r.get())] = value;
    }
    return Ref{reinterpret_cast<u64>(r.get())};
}

bool Store::accepts(const Value& v, ValType type) const { return fits(*data_, v, type); }
RefKind Store::kind(Ref r) const { return kind_of(*data_, r.word); }
bool Store::collect_garbage() noexcept { return data_->heap.collect({data_->host_instance}); }
u64 Store::heap_bytes() const { return data_->heap.bytes(); }

// ---- Root -------------------------------------------------------------------------------------------------------------------------

Root::Root(Store& store, Ref r) : store_(&store.data()) {
    ObjectHeap& heap = store_->heap;
    if (heap.free_roots.empty()) {
        heap.free_roots.reserve(heap.roots.size() + 1);  // so that giving the place back needs no room
        heap.roots.push_back(0);
        heap.free_roots.push_back(u32(heap.roots.size()) - 1);
    }
    place_ = heap.free_roots.back();
    heap.free_roots.pop_back();
    heap.roots[place_] = r.word;
    heap.shade(r.word);
}

Root::~Root() {
    if (!store_) return;
    store_->heap.roots[place_] = 0;
    store_->heap.free_roots.push_back(place_);
}

Ref Root::get() const { return store_ ? Ref{store_->heap.roots[place_]} : Ref{}; }

// ---- host values --------------------------------------------------------------------------------------------------------------------

std::optional<u64> Store::host_value(Ref r) const {
    auto at = data_->host_values.find(r.word);
    if (at == data_->host_values.end()) return std::nullopt;
    return at->second;
}

// ---- typed calls ------------------------------------------------------------------------------------------------------------------

namespace detail {

Error call_error(Store& store, Exit how) { return error_of(store.data(), how); }

Error wrong_signature(const FuncType& wanted, const Func& f) {
    return {Error::Kind::usage, "the function is " + describe(f.type()) + ", not " + describe(wanted)};
}

Error no_such_func(const Instance& instance, std::string_view name) {
    constexpr std::size_t shown = 20;
    std::string there;
    std::size_t count = 0;
    for (const Export& e : instance.object()->module->exports) {
        if (e.kind != ExternKind::func || ++count > shown) continue;
        there += (there.empty() ? "" : ", ") + std::string(e.name);
    }
    if (count > shown) there += ", … and " + std::to_string(count - shown) + " more";
    return {Error::Kind::usage, "no exported function \"" + std::string(name) + "\"; there " + (there.empty() ? std::string("are none") : "is: " + there)};
}

Host caught(Caller& caller, const char* what) noexcept {
    Trap t;
    t.code = TrapCode::host_failed;
    t.detail = what;
    return caller.fail(std::move(t));
}

}  // namespace detail

}  // namespace heddle
