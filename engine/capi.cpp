// The standard C API's environment and its values: errors, configuration, stores, and how values cross.
#include "capi.hpp"

#include <array>
#include <cstring>

#include <heddle/text.hpp>

using namespace heddle;
using namespace heddle::capi;

// ---- errors ------------------------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

namespace {

std::string& last_error() noexcept {
    thread_local std::string text;
    return text;
}

}  // namespace

void set_last_error(std::string text) noexcept { last_error() = std::move(text); }

}  // namespace heddle::capi

const char* heddle_last_error(void) { return last_error().c_str(); }
const char* heddle_version(void) { return HEDDLE_VERSION; }

// ---- configuration -----------------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

namespace {

struct Setting {
    const char* name;
    bool (*set)(Config& config, u64 value);  // false: the value does not fit
};

template <auto Member>
constexpr bool set_member(Config& config, u64 value) {
    auto& member = config.*Member;
    using T = std::remove_reference_t<decltype(member)>;
    if constexpr (std::is_same_v<T, bool>) member = value != 0;
    else member = T(value);
    return std::is_same_v<T, bool> || u64(member) == value;
}

constexpr std::array settings = {
    Setting{"metering", set_member<&Config::metering>},
    Setting{"eager", set_member<&Config::eager>},
    Setting{"threads", set_member<&Config::threads>},
    Setting{"max_stack_bytes", set_member<&Config::max_stack_bytes>},
    Setting{"max_stacks", set_member<&Config::max_stacks>},
    Setting{"max_memory_bytes", set_member<&Config::max_memory_bytes>},
    Setting{"max_total_memory_bytes", set_member<&Config::max_total_memory_bytes>},
    Setting{"max_table_elements", set_member<&Config::max_table_elements>},
    Setting{"max_module_bytes", set_member<&Config::max_module_bytes>},
    Setting{"max_heap_bytes", set_member<&Config::max_heap_bytes>},
    Setting{"max_nested_runs", set_member<&Config::max_nested_runs>},
    Setting{"threads_proposal", set_member<&Config::threads_proposal>},
    Setting{"wide_arithmetic", set_member<&Config::wide_arithmetic>},
    Setting{"legacy_exceptions", set_member<&Config::legacy_exceptions>},
    Setting{"custom_page_sizes", set_member<&Config::custom_page_sizes>},
    Setting{"stack_switching", set_member<&Config::stack_switching>},
    Setting{"custom_descriptors", set_member<&Config::custom_descriptors>},
    Setting{"compact_imports", set_member<&Config::compact_imports>},
    Setting{"gc", set_member<&Config::gc>},
    Setting{"memory64", set_member<&Config::memory64>},
    Setting{"multi_memory", set_member<&Config::multi_memory>},
    Setting{"exceptions", set_member<&Config::exceptions>},
    Setting{"tail_call", set_member<&Config::tail_call>},
    Setting{"simd", set_member<&Config::simd>},
    Setting{"relaxed_simd", set_member<&Config::relaxed_simd>},
};

void set(Config& config, std::string_view name, u64 value) {
    std::string names;
    for (const Setting& s : settings) {
        if (s.name == name && s.set(config, value)) return;
        if (s.name == name) misuse("the setting \"" + std::string(name) + "\" cannot be " + std::to_string(value) + ": too large");
        names += (names.empty() ? "" : ", ") + std::string(s.name);
    }
    misuse("there is no setting \"" + std::string(name) + "\"; there are: " + names);
}

}  // namespace

}  // namespace heddle::capi

wasm_config_t* wasm_config_new(void) {
    return guarded([] { return new wasm_config_t; });
}
void wasm_config_delete(wasm_config_t* c) { delete c; }

bool heddle_config_set(wasm_config_t* c, const char* name, uint64_t value) {
    return guarded([&] {
        set(c->config, name, value);
        return true;
    });
}

// ---- engines and stores ------------------------------------------------------------------------------------------------------------------

wasm_engine_t* wasm_engine_new(void) {
    return guarded([] { return new wasm_engine_t{Engine()}; });
}
wasm_engine_t* wasm_engine_new_with_config(wasm_config_t* c) {
    std::unique_ptr<wasm_config_t> owned(c);
    return guarded([&] { return new wasm_engine_t{Engine(c ? c->config : Config{})}; });
}
void wasm_engine_delete(wasm_engine_t* e) { delete e; }

wasm_store_t* wasm_store_new(wasm_engine_t* e) {
    return guarded([&] { return new wasm_store_t{std::make_shared<World>(e->engine)}; });
}
void wasm_store_delete(wasm_store_t* s) { delete s; }

void heddle_store_set_fuel(wasm_store_t* s, uint64_t fuel) { s->world->store.set_fuel(fuel); }
uint64_t heddle_store_fuel(const wasm_store_t* s) { return s->world->store.fuel(); }
void heddle_store_interrupt(wasm_store_t* s) { s->world->store.interrupt(); }

bool heddle_text_to_binary(const char* text, size_t size, wasm_byte_vec_t* out) {
    *out = {0, nullptr};
    return guarded([&] {
        std::string_view wat(text, size);
        Result<std::vector<u8>> bytes = text::assemble(wat, {.names = true});
        if (!bytes) {
            set_last_error(text::describe(wat, bytes.error()));
            return false;
        }
        wasm_byte_vec_new(out, bytes->size(), reinterpret_cast<const char*>(bytes->data()));
        return out->size == bytes->size();
    });
}

// ---- what references name ------------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

std::string TrapData::message() const { return trap.code == TrapCode::host ? trap.detail : trap.message(); }

namespace {

const void* identity_of(const Extern& e) noexcept {
    switch (e.kind) {
        case ExternKind::func: return e.func.object();
        case ExternKind::table: return e.table.object();
        case ExternKind::memory: return e.memory.object();
        case ExternKind::global: return e.global.object();
        case ExternKind::tag: return e.tag.object();
    }
    return nullptr;
}
const void* identity_of(const Instance& i) noexcept { return i.object(); }
const void* identity_of(const Module& m) noexcept { return &m.data(); }
const void* identity_of(const std::shared_ptr<TrapData>& t) noexcept { return t.get(); }
const void* identity_of(const Foreign& f) noexcept { return reinterpret_cast<const void*>(f.ref.word); }
const void* identity_of(const GuestObject& o) noexcept { return reinterpret_cast<const void*>(o.root->get().word); }

std::unique_ptr<wasm_ref_t> handle_of(World& w, const Extern& e) {
    switch (e.kind) {
        case ExternKind::func: return std::make_unique<wasm_func_t>(w, e);
        case ExternKind::table: return std::make_unique<wasm_table_t>(w, e);
        case ExternKind::memory: return std::make_unique<wasm_memory_t>(w, e);
        case ExternKind::global: return std::make_unique<wasm_global_t>(w, e);
        case ExternKind::tag: break;
    }
    return std::make_unique<wasm_extern_t>(w, e);
}
std::unique_ptr<wasm_ref_t> handle_of(World& w, const Instance& i) { return std::make_unique<wasm_instance_t>(w, i); }
std::unique_ptr<wasm_ref_t> handle_of(World& w, const Module& m) { return std::make_unique<wasm_module_t>(w, m); }
std::unique_ptr<wasm_ref_t> handle_of(World& w, const std::shared_ptr<TrapData>& t) { return std::make_unique<wasm_trap_t>(w, t); }
std::unique_ptr<wasm_ref_t> handle_of(World& w, const Foreign& f) { return std::make_unique<wasm_foreign_t>(w, f); }
std::unique_ptr<wasm_ref_t> handle_of(World& w, const GuestObject& o) { return std::make_unique<wasm_ref_t>(w, o); }

}  // namespace

const void* identity(const Thing& thing) noexcept {
    return std::visit([](const auto& t) { return identity_of(t); }, thing);
}

std::unique_ptr<wasm_ref_t> handle(World& world, Thing thing) {
    return std::visit([&](const auto& t) { return handle_of(world, t); }, thing);
}

World::~World() {
    for (auto& [object, info] : infos)
        if (info.finalizer) info.finalizer(info.info);
}

// ---- values ----------------------------------------------------------------------------------------------------------------------------

namespace {

// The reference that stands for any object of the host: the same for all handles that name it.
Ref host_reference(World& w, const Thing& thing) {
    auto [at, added] = w.given_index.try_emplace(identity(thing), w.given.size());
    if (added) w.given.push_back(thing);
    return w.store.host_ref(at->second);
}

Ref to_ref(World& w, const wasm_ref_t* r, bool as_func) {
    if (!r) return {};
    if (r->world.get() != &w) misuse("a reference of another Store");
    if (as_func) {
        auto f = dynamic_cast<const wasm_func_t*>(r);
        if (!f) misuse("a reference that is no function's, where one is expected");
        return f->get().func.ref();
    }
    if (auto f = std::get_if<Foreign>(&r->thing)) return f->ref;
    if (auto o = std::get_if<GuestObject>(&r->thing)) return o->root->get();
    return host_reference(w, r->thing);
}

Value to_number(const wasm_val_t& v) {
    switch (v.kind) {
        case WASM_I32: return Value::i32(v.of.i32);
        case WASM_I64: return Value::i64(v.of.i64);
        case WASM_F32: return Value::f32(v.of.f32);
        case WASM_F64: return Value::f64(v.of.f64);
        default: misuse("a value of kind " + std::to_string(v.kind) + ", which is none");
    }
}

wasm_ref_t* to_handle(World& w, const Value& v) {
    Ref r = v.ref();
    if (r.is_null()) return nullptr;
    if (w.engine.matches(v.type.as_nullable(true), funcref_type)) return handle(w, Extern(Func::from_ref(r))).release();
    if (std::optional<u64> index = w.store.host_value(r)) return handle(w, w.given.at(std::size_t(*index))).release();
    return handle(w, GuestObject{std::make_shared<Root>(w.store, r)}).release();
}

}  // namespace

Value to_value(World& world, const wasm_val_t& v, ValType wanted) {
    Value value = wasm_valkind_is_num(v.kind)
                      ? to_number(v)
                      : Value::ref(wanted.is_ref() ? wanted : externref_type,
                                   to_ref(world, v.of.ref, wanted.is_ref() && world.engine.matches(wanted.as_nullable(true), funcref_type)));
    if (!world.store.accepts(value, wanted)) misuse("a value of type " + to_string(value.type) + ", where " + to_string(wanted) + " is expected");
    return value;
}

wasm_val_t to_val(World& world, const Value& v) {
    wasm_val_t out{};
    switch (v.type.kind()) {
        case ValType::i32_: out = {WASM_I32, {.i32 = v.i32()}}; break;
        case ValType::i64_: out = {WASM_I64, {.i64 = v.i64()}}; break;
        case ValType::f32_: out = {WASM_F32, {.f32 = v.f32()}}; break;
        case ValType::f64_: out = {WASM_F64, {.f64 = v.f64()}}; break;
        case ValType::ref: {
            wasm_valtype_t type{v.type};
            out = {wasm_valtype_kind(&type), {.ref = to_handle(world, v)}};
            break;
        }
        default: misuse("the C API has no values of type " + to_string(v.type));
    }
    return out;
}

}  // namespace heddle::capi

void wasm_val_delete(wasm_val_t* v) {
    if (v && wasm_valkind_is_ref(v->kind)) wasm_ref_delete(v->of.ref);
}

void wasm_val_copy(wasm_val_t* out, const wasm_val_t* v) {
    *out = *v;
    if (wasm_valkind_is_ref(v->kind) && v->of.ref) out->of.ref = wasm_ref_copy(v->of.ref);
}
