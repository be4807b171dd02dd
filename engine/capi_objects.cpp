// The standard C API's objects: references, traps, modules, functions, globals, tables, memories, instances.
#include <algorithm>
#include <limits>

#include "capi.hpp"

using namespace heddle;
using namespace heddle::capi;

// ---- references ------------------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

namespace {

template <class Handle>
Handle* new_handle(World& w, Thing thing) {
    return static_cast<Handle*>(handle(w, std::move(thing)).release());
}

template <class Handle>
Handle* copy_handle(const Handle* r) {
    return guarded([&] { return new_handle<Handle>(*r->world, r->thing); });
}

void* host_info(const wasm_ref_t* r) {
    auto at = r->world->infos.find(identity(r->thing));
    return at == r->world->infos.end() ? nullptr : at->second.info;
}

void set_host_info(wasm_ref_t* r, void* info, void (*finalizer)(void*)) {
    guarded([&] {
        HostInfo old = std::exchange(r->world->infos[identity(r->thing)], HostInfo{info, finalizer, r->thing});
        if (old.finalizer) old.finalizer(old.info);
    });
}

u32 clamped(u64 n) { return u32(std::min<u64>(n, std::numeric_limits<u32>::max())); }

}  // namespace

}  // namespace heddle::capi

void wasm_ref_delete(wasm_ref_t* r) { delete r; }
wasm_ref_t* wasm_ref_copy(const wasm_ref_t* r) { return copy_handle(r); }
bool wasm_ref_same(const wasm_ref_t* a, const wasm_ref_t* b) { return a == b || (a && b && identity(a->thing) == identity(b->thing)); }
void* wasm_ref_get_host_info(const wasm_ref_t* r) { return host_info(r); }
void wasm_ref_set_host_info(wasm_ref_t* r, void* info) { set_host_info(r, info, nullptr); }
void wasm_ref_set_host_info_with_finalizer(wasm_ref_t* r, void* info, void (*finalizer)(void*)) { set_host_info(r, info, finalizer); }

#define VEC(name)
#define EXTERNTYPE(name)
#define REF(name)                                                                                                               \
    void wasm_##name##_delete(wasm_##name##_t* r) { delete r; }                                                                 \
    wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t* r) { return copy_handle(r); }                                    \
    bool wasm_##name##_same(const wasm_##name##_t* a, const wasm_##name##_t* b) { return wasm_ref_same(a, b); }                 \
    void* wasm_##name##_get_host_info(const wasm_##name##_t* r) { return host_info(r); }                                        \
    void wasm_##name##_set_host_info(wasm_##name##_t* r, void* info) { set_host_info(r, info, nullptr); }                       \
    void wasm_##name##_set_host_info_with_finalizer(wasm_##name##_t* r, void* info, void (*finalizer)(void*)) {                 \
        set_host_info(r, info, finalizer);                                                                                      \
    }                                                                                                                           \
    wasm_ref_t* wasm_##name##_as_ref(wasm_##name##_t* r) { return r; }                                                          \
    const wasm_ref_t* wasm_##name##_as_ref_const(const wasm_##name##_t* r) { return r; }                                        \
    wasm_##name##_t* wasm_ref_as_##name(wasm_ref_t* r) { return dynamic_cast<wasm_##name##_t*>(r); }                            \
    const wasm_##name##_t* wasm_ref_as_##name##_const(const wasm_ref_t* r) { return dynamic_cast<const wasm_##name##_t*>(r); }
#define EXTERN(name)                                                                                                            \
    wasm_extern_t* wasm_##name##_as_extern(wasm_##name##_t* r) { return r; }                                                    \
    const wasm_extern_t* wasm_##name##_as_extern_const(const wasm_##name##_t* r) { return r; }                                  \
    wasm_##name##_t* wasm_extern_as_##name(wasm_extern_t* r) { return dynamic_cast<wasm_##name##_t*>(r); }                      \
    const wasm_##name##_t* wasm_extern_as_##name##_const(const wasm_extern_t* r) { return dynamic_cast<const wasm_##name##_t*>(r); }
#include "capi.def"
#undef VEC
#undef EXTERNTYPE
#undef REF
#undef EXTERN

wasm_foreign_t* wasm_foreign_new(wasm_store_t* s) {
    return guarded([&] {
        World& w = *s->world;
        Foreign f{w.store.host_ref(w.given.size())};
        w.given_index.emplace(identity(f), w.given.size());
        w.given.push_back(f);
        return new_handle<wasm_foreign_t>(w, f);
    });
}

// ---- traps -------------------------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

namespace {

Trap host_trap(std::string words) {
    Trap t;
    t.code = TrapCode::host;
    t.detail = std::move(words);
    return t;
}

// What a call ended with. A trap that a callback gave is that very object again.
std::shared_ptr<TrapData> trap_data(World& w, const Error& e) {
    std::shared_ptr<TrapData> raised = std::exchange(w.raised, nullptr);
    if (e.kind != Error::Kind::trapped) return std::make_shared<TrapData>(host_trap(e.to_string()));
    const Trap& t = w.store.trap();
    if (!raised || raised->trap.code != t.code || raised->trap.detail != t.detail) return std::make_shared<TrapData>(t);
    raised->trap = t;
    return raised;
}

wasm_trap_t* new_trap(World& w, const Error& e) {
    set_last_error(e.to_string());
    return new_handle<wasm_trap_t>(w, trap_data(w, e));
}

// Runs `f`; the error it throws as a trap, or null.
template <class F>
wasm_trap_t* trap_of(World& w, F f) noexcept {
    return guarded([&]() -> wasm_trap_t* {
        try {
            f();
            return nullptr;
        } catch (const Error& e) {
            return new_trap(w, e);
        }
    });
}

wasm_frame_t* new_frame(World& w, const Frame& f) {
    auto frame = std::make_unique<wasm_frame_t>(f, nullptr);
    if (f.instance) frame->instance = std::make_unique<wasm_instance_t>(w, Instance(f.instance));
    return frame.release();
}

}  // namespace

}  // namespace heddle::capi

wasm_trap_t* wasm_trap_new(wasm_store_t* s, const wasm_message_t* message) {
    return guarded([&] {
        std::string_view text = text_of(*message);
        text = text.substr(0, text.find('\0'));
        return new_handle<wasm_trap_t>(*s->world, std::make_shared<TrapData>(host_trap(std::string(text))));
    });
}

void wasm_trap_message(const wasm_trap_t* t, wasm_message_t* out) {
    *out = {0, nullptr};
    guarded([&] { wasm_name_new_from_string_nt(out, t->get()->message().c_str()); });
}

wasm_frame_t* wasm_trap_origin(const wasm_trap_t* t) {
    return guarded([&] {
        const std::vector<Frame>& frames = t->get()->trap.backtrace;
        return frames.empty() ? nullptr : new_frame(*t->world, frames.front());
    });
}

void wasm_trap_trace(const wasm_trap_t* t, wasm_frame_vec_t* out) {
    const std::vector<Frame>& frames = t->get()->trap.backtrace;
    new_vec(out, frames.size());
    guarded([&] {
        for (std::size_t i = 0; i < out->size; ++i) out->data[i] = new_frame(*t->world, frames[i]);
    });
}

void wasm_frame_delete(wasm_frame_t* f) { delete f; }
wasm_frame_t* wasm_frame_copy(const wasm_frame_t* f) {
    return guarded([&] {
        auto copy = std::make_unique<wasm_frame_t>(f->frame, nullptr);
        if (f->instance) copy->instance = std::make_unique<wasm_instance_t>(*f->instance);
        return copy.release();
    });
}
wasm_instance_t* wasm_frame_instance(const wasm_frame_t* f) { return f->instance.get(); }
uint32_t wasm_frame_func_index(const wasm_frame_t* f) { return f->frame.func_index; }
size_t wasm_frame_func_offset(const wasm_frame_t* f) { return f->frame.func_offset; }
size_t wasm_frame_module_offset(const wasm_frame_t* f) { return f->frame.module_offset; }

// ---- modules -----------------------------------------------------------------------------------------------------------------------------

wasm_module_t* wasm_module_new(wasm_store_t* s, const wasm_byte_vec_t* binary) {
    return guarded([&] { return new_handle<wasm_module_t>(*s->world, value_of(Module::load(s->world->engine, bytes_of(*binary)))); });
}

bool wasm_module_validate(wasm_store_t* s, const wasm_byte_vec_t* binary) {
    return guarded([&] {
        value_of(Module::load(s->world->engine, bytes_of(*binary)));
        return true;
    });
}

void wasm_module_imports(const wasm_module_t* m, wasm_importtype_vec_t* out) {
    *out = {0, nullptr};
    guarded([&] {
        std::vector<ImportType> imports = m->get().imports();
        new_vec(out, imports.size());
        for (std::size_t i = 0; i < out->size; ++i) {
            auto type = std::make_unique<wasm_importtype_t>();
            new_name(&type->module, imports[i].module);
            new_name(&type->name, imports[i].name);
            type->type = extern_type(m->world->engine, imports[i].type);
            out->data[i] = type.release();
        }
    });
}

void wasm_module_exports(const wasm_module_t* m, wasm_exporttype_vec_t* out) {
    *out = {0, nullptr};
    guarded([&] {
        std::vector<ExportType> exports = m->get().exports();
        new_vec(out, exports.size());
        for (std::size_t i = 0; i < out->size; ++i) {
            auto type = std::make_unique<wasm_exporttype_t>();
            new_name(&type->name, exports[i].name);
            type->type = extern_type(m->world->engine, exports[i].type);
            out->data[i] = type.release();
        }
    });
}

void wasm_module_serialize(const wasm_module_t* m, wasm_byte_vec_t* out) {
    std::span<const u8> bytes = m->get().bytes();
    new_name(out, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}
wasm_module_t* wasm_module_deserialize(wasm_store_t* s, const wasm_byte_vec_t* bytes) { return wasm_module_new(s, bytes); }

wasm_shared_module_t* wasm_module_share(const wasm_module_t* m) {
    return guarded([&] { return new wasm_shared_module_t{m->get()}; });
}
void wasm_shared_module_delete(wasm_shared_module_t* m) { delete m; }

wasm_module_t* wasm_module_obtain(wasm_store_t* s, const wasm_shared_module_t* m) {
    return guarded([&] {
        World& w = *s->world;
        if (m->module.belongs_to(w.engine)) return new_handle<wasm_module_t>(w, m->module);
        return new_handle<wasm_module_t>(w, value_of(Module::load(w.engine, m->module.bytes(), m->module.name())));
    });
}

// ---- functions ---------------------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

namespace {

// A callback with what it needs; deleted with the Store.
struct Callback {
    World* world;
    wasm_func_callback_t plain = nullptr;
    wasm_func_callback_with_env_t with_env = nullptr;
    void* env = nullptr;
    void (*finalizer)(void*) = nullptr;

    Callback(World& w) : world(&w) {}
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;
    ~Callback() {
        if (finalizer) finalizer(env);
    }
    wasm_trap_t* operator()(const wasm_val_vec_t* args, wasm_val_vec_t* results) const {
        return plain ? plain(args, results) : with_env(env, args, results);
    }
};

// Values that are deleted in the end.
struct OwnedVals {
    wasm_val_vec_t vec;
    explicit OwnedVals(std::size_t n) {
        new_vec(&vec, n);
        for (wasm_val_t& v : elements(&vec)) v = WASM_INIT_VAL;
    }
    OwnedVals(const OwnedVals&) = delete;
    OwnedVals& operator=(const OwnedVals&) = delete;
    ~OwnedVals() { wasm_val_vec_delete(&vec); }
};

Host call_back(const Callback& callback, Caller& caller, std::span<const Value> args, std::span<Value> results) {
    World& w = *callback.world;
    OwnedVals in(args.size()), out(results.size());
    for (std::size_t i = 0; i < args.size(); ++i) in.vec.data[i] = to_val(w, args[i]);
    if (std::unique_ptr<wasm_trap_t> trap{callback(&in.vec, &out.vec)}) {
        w.raised = trap->get();
        return caller.fail(w.raised->trap);
    }
    for (std::size_t i = 0; i < results.size(); ++i) results[i] = to_value(w, out.vec.data[i], results[i].type);
    return Host::done;
}

// A wrong value is the callback's fault, said as a trap.
Host call_back_or_fail(const Callback& callback, Caller& caller, std::span<const Value> args, std::span<Value> results) {
    try {
        return call_back(callback, caller, args, results);
    } catch (const Error& e) {
        return caller.fail("a callback gave or got " + e.message);
    }
}

wasm_func_t* new_func(World& w, const wasm_functype_t& type, std::shared_ptr<Callback> callback) {
    auto call = [callback = std::move(callback)](Caller& c, std::span<const Value> args, std::span<Value> results) {
        return call_back_or_fail(*callback, c, args, results);
    };
    Func f = Func::create(w.store, to_func_type(type), call);
    if (!f) throw Error{Error::Kind::limit, "the Engine's table of types is full"};
    return new_handle<wasm_func_t>(w, Extern(f));
}

void call(const wasm_func_t& f, std::span<const wasm_val_t> args, std::span<wasm_val_t> results) {
    World& w = *f.world;
    const Func& func = f.get().func;
    const FuncType& type = func.type();
    if (args.size() != type.params.size()) misuse("the function takes " + std::to_string(type.params.size()) + " arguments, not " + std::to_string(args.size()));
    std::vector<Value> values;
    for (std::size_t i = 0; i < args.size(); ++i) values.push_back(to_value(w, args[i], type.params[i]));
    std::vector<Value> given = value_of(func.call(w.store, values));
    for (std::size_t i = 0; i < std::min(given.size(), results.size()); ++i) results[i] = to_val(w, given[i]);
}

}  // namespace

}  // namespace heddle::capi

wasm_func_t* wasm_func_new(wasm_store_t* s, const wasm_functype_t* type, wasm_func_callback_t f) {
    return guarded([&] {
        auto callback = std::make_shared<Callback>(*s->world);
        callback->plain = f;
        return new_func(*s->world, *type, std::move(callback));
    });
}

wasm_func_t* wasm_func_new_with_env(wasm_store_t* s, const wasm_functype_t* type, wasm_func_callback_with_env_t f, void* env,
                                    void (*finalizer)(void*)) {
    return guarded([&] {
        auto callback = std::make_shared<Callback>(*s->world);
        callback->with_env = f;
        callback->env = env;
        callback->finalizer = finalizer;
        return new_func(*s->world, *type, std::move(callback));
    });
}

wasm_functype_t* wasm_func_type(const wasm_func_t* f) {
    return guarded([&] { return func_type(f->get().func.type()).release(); });
}
size_t wasm_func_param_arity(const wasm_func_t* f) { return f->get().func.type().params.size(); }
size_t wasm_func_result_arity(const wasm_func_t* f) { return f->get().func.type().results.size(); }

wasm_trap_t* wasm_func_call(const wasm_func_t* f, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    return trap_of(*f->world, [&] { call(*f, elements(args), elements(results)); });
}

// ---- globals -----------------------------------------------------------------------------------------------------------------------------

wasm_global_t* wasm_global_new(wasm_store_t* s, const wasm_globaltype_t* type, const wasm_val_t* v) {
    return guarded([&] {
        World& w = *s->world;
        GlobalType t{type->content.type, type->mutability == WASM_VAR};
        return new_handle<wasm_global_t>(w, Extern(value_of(Global::create(w.store, t, to_value(w, *v, t.type)))));
    });
}

wasm_globaltype_t* wasm_global_type(const wasm_global_t* g) {
    return guarded([&] { return extern_type_as<wasm_globaltype_t>(g->world->engine, g->get().type()).release(); });
}

void wasm_global_get(const wasm_global_t* g, wasm_val_t* out) {
    *out = WASM_INIT_VAL;
    guarded([&] { *out = to_val(*g->world, g->get().global.get()); });
}

void wasm_global_set(wasm_global_t* g, const wasm_val_t* v) {
    guarded([&] { value_of(g->get().global.set(to_value(*g->world, *v, g->get().global.type().type))); });
}

// ---- tables ------------------------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

namespace {

Ref to_element(World& w, wasm_ref_t* r, ValType type) {
    wasm_val_t v = WASM_REF_VAL(r);
    return to_value(w, v, type).ref();
}

}  // namespace

}  // namespace heddle::capi

wasm_table_t* wasm_table_new(wasm_store_t* s, const wasm_tabletype_t* type, wasm_ref_t* init) {
    return guarded([&] {
        World& w = *s->world;
        Ref initial = to_element(w, init, type->type.element);
        return new_handle<wasm_table_t>(w, Extern(value_of(Table::create(w.store, type->type, initial))));
    });
}

wasm_tabletype_t* wasm_table_type(const wasm_table_t* t) {
    return guarded([&] { return extern_type_as<wasm_tabletype_t>(t->world->engine, t->get().type()).release(); });
}

wasm_ref_t* wasm_table_get(const wasm_table_t* t, wasm_table_size_t index) {
    return guarded([&]() -> wasm_ref_t* {
        const Table& table = t->get().table;
        std::optional<Ref> r = table.get(index);
        if (!r) misuse("element " + std::to_string(index) + " is not in a table of " + std::to_string(table.size()));
        return to_val(*t->world, Value::ref(table.type().element, *r)).of.ref;
    });
}

bool wasm_table_set(wasm_table_t* t, wasm_table_size_t index, wasm_ref_t* r) {
    return guarded([&] {
        const Table& table = t->get().table;
        value_of(table.set(index, to_element(*t->world, r, table.type().element)));
        return true;
    });
}

wasm_table_size_t wasm_table_size(const wasm_table_t* t) { return clamped(t->get().table.size()); }

bool wasm_table_grow(wasm_table_t* t, wasm_table_size_t delta, wasm_ref_t* init) {
    return guarded([&] {
        const Table& table = t->get().table;
        value_of(table.grow(delta, to_element(*t->world, init, table.type().element)));
        return true;
    });
}

// ---- memories ------------------------------------------------------------------------------------------------------------------------------

wasm_memory_t* wasm_memory_new(wasm_store_t* s, const wasm_memorytype_t* type) {
    return guarded([&] { return new_handle<wasm_memory_t>(*s->world, Extern(value_of(Memory::create(s->world->store, type->type)))); });
}

wasm_memorytype_t* wasm_memory_type(const wasm_memory_t* m) {
    return guarded([&] { return extern_type_as<wasm_memorytype_t>(m->world->engine, m->get().type()).release(); });
}

byte_t* wasm_memory_data(wasm_memory_t* m) { return reinterpret_cast<byte_t*>(m->get().memory.bytes().data()); }
size_t wasm_memory_data_size(const wasm_memory_t* m) { return std::size_t(m->get().memory.size_bytes()); }
wasm_memory_pages_t wasm_memory_size(const wasm_memory_t* m) { return clamped(m->get().memory.pages()); }

bool wasm_memory_grow(wasm_memory_t* m, wasm_memory_pages_t delta) {
    return guarded([&] {
        value_of(m->get().memory.grow(delta));
        return true;
    });
}

// ---- externals and instances -----------------------------------------------------------------------------------------------------------------

wasm_externkind_t wasm_extern_kind(const wasm_extern_t* e) {
    switch (e->get().kind) {
        case ExternKind::func: return WASM_EXTERN_FUNC;
        case ExternKind::global: return WASM_EXTERN_GLOBAL;
        case ExternKind::table: return WASM_EXTERN_TABLE;
        case ExternKind::memory: return WASM_EXTERN_MEMORY;
        case ExternKind::tag: break;
    }
    return WASM_EXTERN_TAG;
}

wasm_externtype_t* wasm_extern_type(const wasm_extern_t* e) {
    return guarded([&] { return extern_type(e->world->engine, e->get().type()).release(); });
}

namespace heddle::capi {

namespace {

Instance instantiate(World& w, const Module& module, std::span<wasm_extern_t* const> imports) {
    if (!module.belongs_to(w.engine)) misuse("the module belongs to another Engine: wasm_module_obtain gives it to this one");
    std::vector<Extern> externs;
    for (const wasm_extern_t* e : imports) externs.push_back(e ? e->get() : Extern());
    Instance instance = value_of(heddle::instantiate(w.store, module, externs));
    if (std::optional<Func> start = instance.start()) value_of(start->call(w.store, {}));
    return instance;
}

}  // namespace

}  // namespace heddle::capi

wasm_instance_t* wasm_instance_new(wasm_store_t* s, const wasm_module_t* m, const wasm_extern_vec_t* imports, wasm_trap_t** trap) {
    if (trap) *trap = nullptr;
    wasm_instance_t* made = nullptr;
    wasm_trap_t* why = trap_of(*s->world, [&] {
        made = new_handle<wasm_instance_t>(*s->world, capi::instantiate(*s->world, m->get(), elements(imports)));
    });
    if (trap) *trap = why;
    else wasm_trap_delete(why);
    return made;
}

void wasm_instance_exports(const wasm_instance_t* i, wasm_extern_vec_t* out) {
    *out = {0, nullptr};
    guarded([&] {
        std::vector<Extern> exports = i->get().exports();
        new_vec(out, exports.size());
        for (std::size_t n = 0; n < out->size; ++n) out->data[n] = new_handle<wasm_extern_t>(*i->world, exports[n]);
    });
}
