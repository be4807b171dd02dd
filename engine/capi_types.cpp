// The standard C API's vectors and types: values without a Store.
#include <algorithm>
#include <limits>

#include "capi.hpp"

using namespace heddle;
using namespace heddle::capi;

// ---- vectors ---------------------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

void new_name(wasm_name_t* out, std::string_view text) noexcept { wasm_name_new(out, text.size(), text.data()); }
std::string_view text_of(const wasm_name_t& name) noexcept { return {name.data, name.size}; }
std::span<const u8> bytes_of(const wasm_byte_vec_t& bytes) noexcept { return {reinterpret_cast<const u8*>(bytes.data), bytes.size}; }

namespace {

template <class Vec, class T>
void fill_vec(Vec* out, std::size_t size, const T* from) noexcept {
    new_vec(out, size);
    std::copy_n(from, out->size, out->data);
}

template <class Vec, class Copy>
void copy_vec(Vec* out, const Vec* from, Copy copy) noexcept {
    new_vec(out, from->size);
    for (std::size_t i = 0; i < out->size; ++i) copy(out->data[i], from->data[i]);
}

template <class Vec, class Delete>
void delete_vec(Vec* v, Delete drop) noexcept {
    if (!v) return;
    for (std::size_t i = 0; i < v->size; ++i) drop(v->data[i]);
    std::free(v->data);
    *v = {0, nullptr};
}

}  // namespace

}  // namespace heddle::capi

void wasm_byte_vec_new_empty(wasm_byte_vec_t* out) { *out = {0, nullptr}; }
void wasm_byte_vec_new_uninitialized(wasm_byte_vec_t* out, size_t size) { new_vec(out, size); }
void wasm_byte_vec_new(wasm_byte_vec_t* out, size_t size, const wasm_byte_t from[]) { fill_vec(out, size, from); }
void wasm_byte_vec_copy(wasm_byte_vec_t* out, const wasm_byte_vec_t* from) { fill_vec(out, from->size, from->data); }
void wasm_byte_vec_delete(wasm_byte_vec_t* v) {
    delete_vec(v, [](wasm_byte_t) {});
}

void wasm_val_vec_new_empty(wasm_val_vec_t* out) { *out = {0, nullptr}; }
void wasm_val_vec_new_uninitialized(wasm_val_vec_t* out, size_t size) { new_vec(out, size); }
void wasm_val_vec_new(wasm_val_vec_t* out, size_t size, const wasm_val_t from[]) { fill_vec(out, size, from); }
void wasm_val_vec_copy(wasm_val_vec_t* out, const wasm_val_vec_t* from) {
    copy_vec(out, from, [](wasm_val_t& to, const wasm_val_t& v) { wasm_val_copy(&to, &v); });
}
void wasm_val_vec_delete(wasm_val_vec_t* v) {
    delete_vec(v, [](wasm_val_t& element) { wasm_val_delete(&element); });
}

#define VEC(name)                                                                                                                     \
    void wasm_##name##_vec_new_empty(wasm_##name##_vec_t* out) { *out = {0, nullptr}; }                                               \
    void wasm_##name##_vec_new_uninitialized(wasm_##name##_vec_t* out, size_t size) { new_vec(out, size); }                           \
    void wasm_##name##_vec_new(wasm_##name##_vec_t* out, size_t size, wasm_##name##_t* const from[]) { fill_vec(out, size, from); }   \
    void wasm_##name##_vec_copy(wasm_##name##_vec_t* out, const wasm_##name##_vec_t* from) {                                          \
        copy_vec(out, from, [](wasm_##name##_t*& to, const wasm_##name##_t* v) { to = v ? wasm_##name##_copy(v) : nullptr; });        \
    }                                                                                                                                 \
    void wasm_##name##_vec_delete(wasm_##name##_vec_t* v) {                                                                           \
        delete_vec(v, [](wasm_##name##_t* element) { wasm_##name##_delete(element); });                                               \
    }
#define EXTERNTYPE(name)
#define REF(name)
#define EXTERN(name)
#include "capi.def"
#undef VEC
#undef EXTERNTYPE
#undef REF
#undef EXTERN

// ---- value types -----------------------------------------------------------------------------------------------------------------------

wasm_valtype_t* wasm_valtype_new(wasm_valkind_t kind) {
    return guarded([&]() -> wasm_valtype_t* {
        switch (kind) {
            case WASM_I32: return new wasm_valtype_t{i32_type};
            case WASM_I64: return new wasm_valtype_t{i64_type};
            case WASM_F32: return new wasm_valtype_t{f32_type};
            case WASM_F64: return new wasm_valtype_t{f64_type};
            case HEDDLE_V128: return new wasm_valtype_t{v128_type};
            case WASM_EXTERNREF: return new wasm_valtype_t{externref_type};
            case WASM_FUNCREF: return new wasm_valtype_t{funcref_type};
            default: misuse("there is no value type of kind " + std::to_string(kind));
        }
    });
}

wasm_valtype_t* wasm_valtype_copy(const wasm_valtype_t* t) {
    return guarded([&] { return new wasm_valtype_t(*t); });
}

void wasm_valtype_delete(wasm_valtype_t* t) { delete t; }

wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t* t) {
    switch (t->type.kind()) {
        case ValType::i32_: return WASM_I32;
        case ValType::i64_: return WASM_I64;
        case ValType::f32_: return WASM_F32;
        case ValType::f64_: return WASM_F64;
        case ValType::v128_: return HEDDLE_V128;
        default: return t->type.as_nullable(true) == funcref_type ? WASM_FUNCREF : WASM_EXTERNREF;
    }
}

// ---- the types of externals --------------------------------------------------------------------------------------------------------------

namespace heddle::capi {

namespace {

u32 clamped(u64 n) { return u32(std::min<u64>(n, std::numeric_limits<u32>::max())); }

wasm_limits_t limits_of(const Limits& l) { return {clamped(l.min), l.max ? clamped(*l.max) : wasm_limits_max_default}; }

Limits to_limits(const wasm_limits_t& l) {
    if (l.max == wasm_limits_max_default) return {l.min, std::nullopt};
    return {l.min, l.max};
}

wasm_valtype_vec_t val_types(std::span<const ValType> types) {
    wasm_valtype_vec_t v;
    new_vec(&v, types.size());
    for (std::size_t i = 0; i < v.size; ++i) v.data[i] = new wasm_valtype_t{types[i]};
    return v;
}

std::vector<ValType> to_val_types(const wasm_valtype_vec_t& v) {
    std::vector<ValType> types;
    for (const wasm_valtype_t* t : elements(&v)) types.push_back(t->type);
    return types;
}

std::unique_ptr<wasm_externtype_t> global_type(const GlobalType& t) {
    auto type = std::make_unique<wasm_globaltype_t>();
    type->content = {t.type};
    type->mutability = t.mutable_ ? WASM_VAR : WASM_CONST;
    return type;
}

std::unique_ptr<wasm_externtype_t> tag_type(const FuncType& t) {
    auto type = std::make_unique<wasm_tagtype_t>();
    type->functype = func_type(t);
    return type;
}

}  // namespace

FuncType to_func_type(const wasm_functype_t& t) { return {to_val_types(t.params), to_val_types(t.results)}; }

std::unique_ptr<wasm_functype_t> func_type(const FuncType& t) {
    auto type = std::make_unique<wasm_functype_t>();
    type->params = val_types(t.params);
    type->results = val_types(t.results);
    return type;
}

std::unique_ptr<wasm_externtype_t> extern_type(const Engine& engine, const ExternType& t) {
    switch (t.kind) {
        case ExternKind::func: return func_type(engine.type(t.type).func);
        case ExternKind::global: return global_type(t.global);
        case ExternKind::table: return std::make_unique<wasm_tabletype_t>(t.table);
        case ExternKind::memory: return std::make_unique<wasm_memorytype_t>(t.memory);
        case ExternKind::tag: return tag_type(engine.type(t.type).func);
    }
    return nullptr;
}

}  // namespace heddle::capi

wasm_functype_t::~wasm_functype_t() {
    wasm_valtype_vec_delete(&params);
    wasm_valtype_vec_delete(&results);
}
wasm_tabletype_t::wasm_tabletype_t(const TableType& t) : type(t), element{t.element}, limits(limits_of(t.limits)) {}
wasm_memorytype_t::wasm_memorytype_t(const MemoryType& t) : type(t), limits(limits_of(t.limits)) {}

std::unique_ptr<wasm_externtype_t> wasm_functype_t::copy() const { return func_type(to_func_type(*this)); }
std::unique_ptr<wasm_externtype_t> wasm_globaltype_t::copy() const { return std::make_unique<wasm_globaltype_t>(*this); }
std::unique_ptr<wasm_externtype_t> wasm_tabletype_t::copy() const { return std::make_unique<wasm_tabletype_t>(*this); }
std::unique_ptr<wasm_externtype_t> wasm_memorytype_t::copy() const { return std::make_unique<wasm_memorytype_t>(*this); }
std::unique_ptr<wasm_externtype_t> wasm_tagtype_t::copy() const { return tag_type(to_func_type(*functype)); }

wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t* t) { return t->kind(); }
void wasm_externtype_delete(wasm_externtype_t* t) { delete t; }
wasm_externtype_t* wasm_externtype_copy(const wasm_externtype_t* t) {
    return guarded([&] { return t->copy().release(); });
}

#define VEC(name)
#define EXTERNTYPE(name)                                                                                          \
    void wasm_##name##_delete(wasm_##name##_t* t) { delete t; }                                                   \
    wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t* t) {                                               \
        return guarded([&] { return static_cast<wasm_##name##_t*>(t->copy().release()); });                       \
    }                                                                                                             \
    wasm_externtype_t* wasm_##name##_as_externtype(wasm_##name##_t* t) { return t; }                              \
    const wasm_externtype_t* wasm_##name##_as_externtype_const(const wasm_##name##_t* t) { return t; }            \
    wasm_##name##_t* wasm_externtype_as_##name(wasm_externtype_t* t) { return dynamic_cast<wasm_##name##_t*>(t); } \
    const wasm_##name##_t* wasm_externtype_as_##name##_const(const wasm_externtype_t* t) { return dynamic_cast<const wasm_##name##_t*>(t); }
#define REF(name)
#define EXTERN(name)
#include "capi.def"
#undef VEC
#undef EXTERNTYPE
#undef REF
#undef EXTERN

wasm_functype_t* wasm_functype_new(wasm_valtype_vec_t* params, wasm_valtype_vec_t* results) {
    return guarded([&] {
        auto type = std::make_unique<wasm_functype_t>();
        type->params = take(params);
        type->results = take(results);
        return type.release();
    });
}
const wasm_valtype_vec_t* wasm_functype_params(const wasm_functype_t* t) { return &t->params; }
const wasm_valtype_vec_t* wasm_functype_results(const wasm_functype_t* t) { return &t->results; }

wasm_globaltype_t* wasm_globaltype_new(wasm_valtype_t* content, wasm_mutability_t mutability) {
    std::unique_ptr<wasm_valtype_t> owned(content);
    return guarded([&] {
        auto type = std::make_unique<wasm_globaltype_t>();
        type->content = *content;
        type->mutability = mutability;
        return type.release();
    });
}
const wasm_valtype_t* wasm_globaltype_content(const wasm_globaltype_t* t) { return &t->content; }
wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t* t) { return t->mutability; }

wasm_tabletype_t* wasm_tabletype_new(wasm_valtype_t* element, const wasm_limits_t* limits) {
    std::unique_ptr<wasm_valtype_t> owned(element);
    return guarded([&] {
        if (!element->type.is_ref()) misuse("a table holds references, not " + to_string(element->type));
        return new wasm_tabletype_t(TableType{.element = element->type, .limits = to_limits(*limits)});
    });
}
const wasm_valtype_t* wasm_tabletype_element(const wasm_tabletype_t* t) { return &t->element; }
const wasm_limits_t* wasm_tabletype_limits(const wasm_tabletype_t* t) { return &t->limits; }

wasm_memorytype_t* wasm_memorytype_new(const wasm_limits_t* limits) {
    return guarded([&] { return new wasm_memorytype_t(MemoryType{.limits = to_limits(*limits)}); });
}
const wasm_limits_t* wasm_memorytype_limits(const wasm_memorytype_t* t) { return &t->limits; }

wasm_tagtype_t* wasm_tagtype_new(wasm_functype_t* functype) {
    std::unique_ptr<wasm_functype_t> owned(functype);
    return guarded([&] {
        auto type = std::make_unique<wasm_tagtype_t>();
        type->functype = std::move(owned);
        return type.release();
    });
}
const wasm_functype_t* wasm_tagtype_functype(const wasm_tagtype_t* t) { return t->functype.get(); }

// ---- imports and exports -------------------------------------------------------------------------------------------------------------------

wasm_importtype_t::~wasm_importtype_t() {
    wasm_name_delete(&module);
    wasm_name_delete(&name);
}

wasm_importtype_t* wasm_importtype_new(wasm_name_t* module, wasm_name_t* name, wasm_externtype_t* type) {
    std::unique_ptr<wasm_externtype_t> owned(type);
    return guarded([&] {
        auto import = std::make_unique<wasm_importtype_t>();
        import->module = take(module);
        import->name = take(name);
        import->type = std::move(owned);
        return import.release();
    });
}
wasm_importtype_t* wasm_importtype_copy(const wasm_importtype_t* t) {
    return guarded([&] {
        auto import = std::make_unique<wasm_importtype_t>();
        wasm_name_copy(&import->module, &t->module);
        wasm_name_copy(&import->name, &t->name);
        import->type = t->type->copy();
        return import.release();
    });
}
void wasm_importtype_delete(wasm_importtype_t* t) { delete t; }
const wasm_name_t* wasm_importtype_module(const wasm_importtype_t* t) { return &t->module; }
const wasm_name_t* wasm_importtype_name(const wasm_importtype_t* t) { return &t->name; }
const wasm_externtype_t* wasm_importtype_type(const wasm_importtype_t* t) { return t->type.get(); }

wasm_exporttype_t::~wasm_exporttype_t() { wasm_name_delete(&name); }

wasm_exporttype_t* wasm_exporttype_new(wasm_name_t* name, wasm_externtype_t* type) {
    std::unique_ptr<wasm_externtype_t> owned(type);
    return guarded([&] {
        auto exported = std::make_unique<wasm_exporttype_t>();
        exported->name = take(name);
        exported->type = std::move(owned);
        return exported.release();
    });
}
wasm_exporttype_t* wasm_exporttype_copy(const wasm_exporttype_t* t) {
    return guarded([&] {
        auto exported = std::make_unique<wasm_exporttype_t>();
        wasm_name_copy(&exported->name, &t->name);
        exported->type = t->type->copy();
        return exported.release();
    });
}
void wasm_exporttype_delete(wasm_exporttype_t* t) { delete t; }
const wasm_name_t* wasm_exporttype_name(const wasm_exporttype_t* t) { return &t->name; }
const wasm_externtype_t* wasm_exporttype_type(const wasm_exporttype_t* t) { return t->type.get(); }
