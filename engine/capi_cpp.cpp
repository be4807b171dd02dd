// wasm.hh over wasm.h: an object of a C++ class is an object of the C type, seen through another pointer type.
#include <heddle/c/wasm.hh>

#include <cstdlib>
#include <memory>

#include <heddle/c/wasm.h>

namespace wasm {

namespace {

// The pointer as the other API has it.
#define PAIR(cpp, name)                                                                                                             \
    [[maybe_unused]] wasm_##name##_t* c(cpp* p) { return reinterpret_cast<wasm_##name##_t*>(p); }                                   \
    [[maybe_unused]] const wasm_##name##_t* c(const cpp* p) { return reinterpret_cast<const wasm_##name##_t*>(p); }                 \
    [[maybe_unused]] cpp* cc(wasm_##name##_t* p) { return reinterpret_cast<cpp*>(p); }                                              \
    [[maybe_unused]] const cpp* cc(const wasm_##name##_t* p) { return reinterpret_cast<const cpp*>(p); }
#include "capi_cpp.def"
#undef PAIR

template <class T>
auto owned(T* p) {
    return make_own(cc(p));
}

// Vectors are laid out alike, so one can be looked at as the other. Only whoever made one may delete it.
template <class Cpp, class C>
const vec<Cpp>& view(const C* v) {
    static_assert(sizeof(vec<Cpp>) == sizeof(C) && sizeof(Cpp) == sizeof(*v->data));
    return *reinterpret_cast<const vec<Cpp>*>(v);
}

// The elements move to a vector of the other kind, and the array is given back.
template <class T, class C>
ownvec<T> taken(C v) {
    auto moved = ownvec<T>::make_uninitialized(v.size);
    for (std::size_t i = 0; moved && i < v.size; ++i) moved[i] = make_own(cc(v.data[i]));
    std::free(v.data);
    return moved;
}

wasm_valtype_vec_t given(ownvec<ValType>&& v) {
    wasm_valtype_vec_t out;
    wasm_valtype_vec_new_uninitialized(&out, v ? v.size() : 0);
    for (std::size_t i = 0; i < out.size; ++i) out.data[i] = c(v[i].release());
    return out;
}

// Bytes are copied: the two kinds of arrays are given back in different ways.
wasm_byte_vec_t bytes(const vec<byte_t>& v) { return {v ? v.size() : 0, const_cast<byte_t*>(v.get())}; }
wasm_byte_vec_t copied(const vec<byte_t>& v) {
    wasm_byte_vec_t out, in = bytes(v);
    wasm_byte_vec_copy(&out, &in);
    return out;
}
vec<byte_t> taken_bytes(wasm_byte_vec_t v) {
    auto out = vec<byte_t>::make(v.size, v.data);
    wasm_byte_vec_delete(&v);
    return out;
}

static_assert(sizeof(Val) == sizeof(wasm_val_t) && sizeof(Limits) == sizeof(wasm_limits_t));
wasm_val_t* c(Val* v) { return reinterpret_cast<wasm_val_t*>(v); }
const wasm_val_t* c(const Val* v) { return reinterpret_cast<const wasm_val_t*>(v); }
wasm_val_vec_t vals(const vec<Val>& v) { return {v ? v.size() : 0, const_cast<wasm_val_t*>(c(v.get()))}; }

wasm_limits_t limits_of(const Limits& l) { return {l.min, l.max}; }

}  // namespace

// ---- what all classes have -----------------------------------------------------------------------------------------------------------

#define PAIR(cpp, name) \
    void cpp::destroy() { wasm_##name##_delete(c(this)); }
#include "capi_cpp.def"
#undef PAIR

#define COPY(cpp, name) \
    auto cpp::copy() const->own<cpp> { return owned(wasm_##name##_copy(c(this))); }
COPY(ValType, valtype)
COPY(ExternType, externtype)
COPY(FuncType, functype)
COPY(GlobalType, globaltype)
COPY(TableType, tabletype)
COPY(MemoryType, memorytype)
COPY(TagType, tagtype)
COPY(ImportType, importtype)
COPY(ExportType, exporttype)
COPY(Ref, ref)
COPY(Frame, frame)
COPY(Trap, trap)
COPY(Module, module)
COPY(Foreign, foreign)
COPY(Extern, extern)
COPY(Func, func)
COPY(Global, global)
COPY(Table, table)
COPY(Memory, memory)
COPY(Instance, instance)
#undef COPY

// ---- the environment -------------------------------------------------------------------------------------------------------------------

auto Config::make() -> own<Config> { return owned(wasm_config_new()); }
auto Engine::make(own<Config>&& config) -> own<Engine> { return owned(wasm_engine_new_with_config(c(config.release()))); }
auto Store::make(Engine* e) -> own<Store> { return owned(wasm_store_new(c(e))); }

// ---- types -----------------------------------------------------------------------------------------------------------------------------

auto ValType::make(ValKind k) -> own<ValType> { return owned(wasm_valtype_new(wasm_valkind_t(k))); }
auto ValType::kind() const -> ValKind { return ValKind(wasm_valtype_kind(c(this))); }

auto ExternType::kind() const -> ExternKind { return ExternKind(wasm_externtype_kind(c(this))); }
auto ExternType::func() -> FuncType* { return cc(wasm_externtype_as_functype(c(this))); }
auto ExternType::global() -> GlobalType* { return cc(wasm_externtype_as_globaltype(c(this))); }
auto ExternType::table() -> TableType* { return cc(wasm_externtype_as_tabletype(c(this))); }
auto ExternType::memory() -> MemoryType* { return cc(wasm_externtype_as_memorytype(c(this))); }
auto ExternType::tag() -> TagType* { return cc(wasm_externtype_as_tagtype(c(this))); }
auto ExternType::func() const -> const FuncType* { return cc(wasm_externtype_as_functype_const(c(this))); }
auto ExternType::global() const -> const GlobalType* { return cc(wasm_externtype_as_globaltype_const(c(this))); }
auto ExternType::table() const -> const TableType* { return cc(wasm_externtype_as_tabletype_const(c(this))); }
auto ExternType::memory() const -> const MemoryType* { return cc(wasm_externtype_as_memorytype_const(c(this))); }
auto ExternType::tag() const -> const TagType* { return cc(wasm_externtype_as_tagtype_const(c(this))); }

auto FuncType::make(ownvec<ValType>&& params, ownvec<ValType>&& results) -> own<FuncType> {
    wasm_valtype_vec_t p = given(std::move(params)), r = given(std::move(results));
    return owned(wasm_functype_new(&p, &r));
}
auto FuncType::params() const -> const ownvec<ValType>& { return view<own<ValType>>(wasm_functype_params(c(this))); }
auto FuncType::results() const -> const ownvec<ValType>& { return view<own<ValType>>(wasm_functype_results(c(this))); }

auto GlobalType::make(own<ValType>&& content, Mutability m) -> own<GlobalType> {
    return owned(wasm_globaltype_new(c(content.release()), wasm_mutability_t(m)));
}
auto GlobalType::content() const -> const ValType* { return cc(wasm_globaltype_content(c(this))); }
auto GlobalType::mutability() const -> Mutability { return Mutability(wasm_globaltype_mutability(c(this))); }

auto TableType::make(own<ValType>&& element, Limits limits) -> own<TableType> {
    wasm_limits_t l = limits_of(limits);
    return owned(wasm_tabletype_new(c(element.release()), &l));
}
auto TableType::element() const -> const ValType* { return cc(wasm_tabletype_element(c(this))); }
auto TableType::limits() const -> const Limits& { return *reinterpret_cast<const Limits*>(wasm_tabletype_limits(c(this))); }

auto MemoryType::make(Limits limits) -> own<MemoryType> {
    wasm_limits_t l = limits_of(limits);
    return owned(wasm_memorytype_new(&l));
}
auto MemoryType::limits() const -> const Limits& { return *reinterpret_cast<const Limits*>(wasm_memorytype_limits(c(this))); }

auto TagType::make(own<FuncType>&& f) -> own<TagType> { return owned(wasm_tagtype_new(c(f.release()))); }
auto TagType::functype() const -> const FuncType* { return cc(wasm_tagtype_functype(c(this))); }

auto ImportType::make(Name&& module, Name&& name, own<ExternType>&& type) -> own<ImportType> {
    wasm_name_t m = copied(module), n = copied(name);
    return owned(wasm_importtype_new(&m, &n, c(type.release())));
}
auto ImportType::module() const -> const Name& { return view<byte_t>(wasm_importtype_module(c(this))); }
auto ImportType::name() const -> const Name& { return view<byte_t>(wasm_importtype_name(c(this))); }
auto ImportType::type() const -> const ExternType* { return cc(wasm_importtype_type(c(this))); }

auto ExportType::make(Name&& name, own<ExternType>&& type) -> own<ExportType> {
    wasm_name_t n = copied(name);
    return owned(wasm_exporttype_new(&n, c(type.release())));
}
auto ExportType::name() const -> const Name& { return view<byte_t>(wasm_exporttype_name(c(this))); }
auto ExportType::type() const -> const ExternType* { return cc(wasm_exporttype_type(c(this))); }

// ---- references and traps ----------------------------------------------------------------------------------------------------------------

auto Ref::same(const Ref* other) const -> bool { return wasm_ref_same(c(this), c(other)); }
auto Ref::get_host_info() const -> void* { return wasm_ref_get_host_info(c(this)); }
void Ref::set_host_info(void* info, void (*finalizer)(void*)) { wasm_ref_set_host_info_with_finalizer(c(this), info, finalizer); }

auto Frame::instance() const -> Instance* { return cc(wasm_frame_instance(c(this))); }
auto Frame::func_index() const -> std::uint32_t { return wasm_frame_func_index(c(this)); }
auto Frame::func_offset() const -> std::size_t { return wasm_frame_func_offset(c(this)); }
auto Frame::module_offset() const -> std::size_t { return wasm_frame_module_offset(c(this)); }

auto Trap::make(Store* s, const Message& message) -> own<Trap> {
    wasm_message_t m = bytes(message);
    return owned(wasm_trap_new(c(s), &m));
}
auto Trap::message() const -> Message {
    wasm_message_t m;
    wasm_trap_message(c(this), &m);
    return taken_bytes(m);
}
auto Trap::origin() const -> own<Frame> { return owned(wasm_trap_origin(c(this))); }
auto Trap::trace() const -> ownvec<Frame> {
    wasm_frame_vec_t frames;
    wasm_trap_trace(c(this), &frames);
    return taken<Frame>(frames);
}

auto Foreign::make(Store* s) -> own<Foreign> { return owned(wasm_foreign_new(c(s))); }

// ---- modules -----------------------------------------------------------------------------------------------------------------------------

auto Module::validate(Store* s, const vec<byte_t>& binary) -> bool {
    wasm_byte_vec_t b = bytes(binary);
    return wasm_module_validate(c(s), &b);
}
auto Module::make(Store* s, const vec<byte_t>& binary) -> own<Module> {
    wasm_byte_vec_t b = bytes(binary);
    return owned(wasm_module_new(c(s), &b));
}
auto Module::imports() const -> ownvec<ImportType> {
    wasm_importtype_vec_t imports;
    wasm_module_imports(c(this), &imports);
    return taken<ImportType>(imports);
}
auto Module::exports() const -> ownvec<ExportType> {
    wasm_exporttype_vec_t exports;
    wasm_module_exports(c(this), &exports);
    return taken<ExportType>(exports);
}
auto Module::share() const -> own<Shared<Module>> { return owned(wasm_module_share(c(this))); }
auto Module::obtain(Store* s, const Shared<Module>* m) -> own<Module> { return owned(wasm_module_obtain(c(s), c(m))); }
auto Module::serialize() const -> vec<byte_t> {
    wasm_byte_vec_t b;
    wasm_module_serialize(c(this), &b);
    return taken_bytes(b);
}
auto Module::deserialize(Store* s, const vec<byte_t>& binary) -> own<Module> {
    wasm_byte_vec_t b = bytes(binary);
    return owned(wasm_module_deserialize(c(s), &b));
}

// ---- externals -----------------------------------------------------------------------------------------------------------------------------

auto Extern::kind() const -> ExternKind { return ExternKind(wasm_extern_kind(c(this))); }
auto Extern::type() const -> own<ExternType> { return owned(wasm_extern_type(c(this))); }
auto Extern::func() -> Func* { return cc(wasm_extern_as_func(c(this))); }
auto Extern::global() -> Global* { return cc(wasm_extern_as_global(c(this))); }
auto Extern::table() -> Table* { return cc(wasm_extern_as_table(c(this))); }
auto Extern::memory() -> Memory* { return cc(wasm_extern_as_memory(c(this))); }
auto Extern::func() const -> const Func* { return cc(wasm_extern_as_func_const(c(this))); }
auto Extern::global() const -> const Global* { return cc(wasm_extern_as_global_const(c(this))); }
auto Extern::table() const -> const Table* { return cc(wasm_extern_as_table_const(c(this))); }
auto Extern::memory() const -> const Memory* { return cc(wasm_extern_as_memory_const(c(this))); }

namespace {

// What a C callback gets as its environment.
struct Callback {
    Func::callback plain = nullptr;
    Func::callback_with_env with_env = nullptr;
    void* env = nullptr;
    void (*finalizer)(void*) = nullptr;
};

// The vectors belong to the C API: they are only looked at. What the callback throws goes through to the engine, which makes a trap of it.
wasm_trap_t* call_back(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    const Callback& callback = *static_cast<Callback*>(env);
    vec<Val>& out = const_cast<vec<Val>&>(view<Val>(results));
    own<Trap> trap = callback.plain ? callback.plain(view<Val>(args), out) : callback.with_env(callback.env, view<Val>(args), out);
    return c(trap.release());
}

void finalize(void* env) {
    std::unique_ptr<Callback> callback(static_cast<Callback*>(env));
    if (callback->finalizer) callback->finalizer(callback->env);
}

own<Func> new_func(Store* s, const FuncType* type, const Callback& callback) {
    auto env = std::make_unique<Callback>(callback);
    own<Func> f = owned(wasm_func_new_with_env(c(s), c(type), call_back, env.get(), finalize));
    if (f) env.release();
    return f;
}

}  // namespace

auto Func::make(Store* s, const FuncType* type, callback f) -> own<Func> { return new_func(s, type, {.plain = f}); }
auto Func::make(Store* s, const FuncType* type, callback_with_env f, void* env, void (*finalizer)(void*)) -> own<Func> {
    return new_func(s, type, {.with_env = f, .env = env, .finalizer = finalizer});
}
auto Func::type() const -> own<FuncType> { return owned(wasm_func_type(c(this))); }
auto Func::param_arity() const -> std::size_t { return wasm_func_param_arity(c(this)); }
auto Func::result_arity() const -> std::size_t { return wasm_func_result_arity(c(this)); }
auto Func::call(const vec<Val>& args, vec<Val>& results) const -> own<Trap> {
    wasm_val_vec_t in = vals(args), out = vals(results);
    return owned(wasm_func_call(c(this), &in, &out));
}

auto Global::make(Store* s, const GlobalType* type, const Val& v) -> own<Global> { return owned(wasm_global_new(c(s), c(type), c(&v))); }
auto Global::type() const -> own<GlobalType> { return owned(wasm_global_type(c(this))); }
auto Global::get() const -> Val {
    Val v;
    wasm_global_get(c(this), c(&v));
    return v;
}
void Global::set(const Val& v) { wasm_global_set(c(this), c(&v)); }

auto Table::make(Store* s, const TableType* type, const Ref* init) -> own<Table> {
    return owned(wasm_table_new(c(s), c(type), const_cast<wasm_ref_t*>(c(init))));
}
auto Table::type() const -> own<TableType> { return owned(wasm_table_type(c(this))); }
auto Table::get(size_t index) const -> own<Ref> { return owned(wasm_table_get(c(this), index)); }
auto Table::set(size_t index, const Ref* r) -> bool { return wasm_table_set(c(this), index, const_cast<wasm_ref_t*>(c(r))); }
auto Table::size() const -> size_t { return wasm_table_size(c(this)); }
auto Table::grow(size_t delta, const Ref* init) -> bool { return wasm_table_grow(c(this), delta, const_cast<wasm_ref_t*>(c(init))); }

auto Memory::make(Store* s, const MemoryType* type) -> own<Memory> { return owned(wasm_memory_new(c(s), c(type))); }
auto Memory::type() const -> own<MemoryType> { return owned(wasm_memory_type(c(this))); }
auto Memory::data() const -> byte_t* { return wasm_memory_data(const_cast<wasm_memory_t*>(c(this))); }
auto Memory::data_size() const -> std::size_t { return wasm_memory_data_size(c(this)); }
auto Memory::size() const -> pages_t { return wasm_memory_size(c(this)); }
auto Memory::grow(pages_t delta) -> bool { return wasm_memory_grow(c(this), delta); }

auto Instance::make(Store* s, const Module* m, const vec<Extern*>& imports, own<Trap>* trap) -> own<Instance> {
    wasm_extern_vec_t in{imports ? imports.size() : 0, reinterpret_cast<wasm_extern_t**>(const_cast<Extern**>(imports.get()))};
    wasm_trap_t* why = nullptr;
    own<Instance> made = owned(wasm_instance_new(c(s), c(m), &in, &why));
    own<Trap> owned_why = owned(why);
    if (trap) *trap = std::move(owned_why);
    return made;
}
auto Instance::exports() const -> ownvec<Extern> {
    wasm_extern_vec_t exports;
    wasm_instance_exports(c(this), &exports);
    return taken<Extern>(exports);
}

}  // namespace wasm
