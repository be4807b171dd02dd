// The types of imports and exports, of a module and of what was made from it.
#include "support.h"

static bool is_named(const wasm_name_t* name, const char* text) { return name->size == strlen(text) && !memcmp(name->data, text, name->size); }

static void check_func(const wasm_functype_t* type, size_t params, size_t results, wasm_valkind_t first) {
    CHECK(type);
    CHECK(wasm_functype_params(type)->size == params && wasm_functype_results(type)->size == results);
    CHECK(wasm_valtype_kind(wasm_functype_params(type)->data[0]) == first);
}

static void check_type(const wasm_externtype_t* type, wasm_externkind_t kind) {
    CHECK(wasm_externtype_kind(type) == kind);
    const wasm_globaltype_t* global = wasm_externtype_as_globaltype_const(type);
    const wasm_tabletype_t* table = wasm_externtype_as_tabletype_const(type);
    const wasm_memorytype_t* memory = wasm_externtype_as_memorytype_const(type);
    const wasm_tagtype_t* tag = wasm_externtype_as_tagtype_const(type);
    if (kind == WASM_EXTERN_FUNC) check_func(wasm_externtype_as_functype_const(type), 3, 1, WASM_I64);
    if (kind == WASM_EXTERN_TAG) check_func(wasm_tagtype_functype(tag), 1, 0, WASM_F64);
    CHECK((global != NULL) == (kind == WASM_EXTERN_GLOBAL) && (table != NULL) == (kind == WASM_EXTERN_TABLE));
    CHECK((memory != NULL) == (kind == WASM_EXTERN_MEMORY) && (tag != NULL) == (kind == WASM_EXTERN_TAG));
    if (global) CHECK(wasm_globaltype_mutability(global) == WASM_VAR && wasm_valtype_is_ref(wasm_globaltype_content(global)));
    if (table) CHECK(wasm_tabletype_limits(table)->min == 1 && wasm_tabletype_limits(table)->max == 2);
    if (table) CHECK(wasm_valtype_kind(wasm_tabletype_element(table)) == WASM_FUNCREF);
    if (memory) CHECK(wasm_memorytype_limits(memory)->min == 1 && wasm_memorytype_limits(memory)->max == wasm_limits_max_default);
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    const char* names[] = {"func", "global", "table", "memory", "tag"};
    wasm_module_t* module = module_of(store,
        "(module (func (export \"func\") (param i64 f32 externref) (result i32) (unreachable))"
        " (global (export \"global\") (mut funcref) (ref.null func)) (table (export \"table\") 1 2 funcref)"
        " (memory (export \"memory\") 1) (tag (export \"tag\") (param f64)))");
    wasm_instance_t* instance = instance_of(store, module, NULL);
    wasm_exporttype_vec_t types, copies;
    wasm_module_exports(module, &types);
    wasm_exporttype_vec_copy(&copies, &types);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    CHECK(types.size == 5 && copies.size == 5 && exports.size == 5);
    for (size_t i = 0; i < types.size; ++i) {
        CHECK(is_named(wasm_exporttype_name(types.data[i]), names[i]) && is_named(wasm_exporttype_name(copies.data[i]), names[i]));
        check_type(wasm_exporttype_type(types.data[i]), (wasm_externkind_t)i);
        check_type(wasm_exporttype_type(copies.data[i]), (wasm_externkind_t)i);
        wasm_externtype_t* current = wasm_extern_type(exports.data[i]);
        check_type(current, (wasm_externkind_t)i);
        CHECK(wasm_extern_kind(exports.data[i]) == (wasm_externkind_t)i);
        wasm_externtype_delete(current);
    }
    wasm_exporttype_vec_delete(&types);
    wasm_exporttype_vec_delete(&copies);

    wasm_module_t* importing = module_of(store, "(module (import \"mod\" \"\\00name\" (memory 3)))");
    wasm_importtype_vec_t imports;
    wasm_module_imports(importing, &imports);
    CHECK(imports.size == 1 && is_named(wasm_importtype_module(imports.data[0]), "mod"));
    CHECK(wasm_importtype_name(imports.data[0])->size == 5 && wasm_importtype_name(imports.data[0])->data[0] == 0);
    CHECK(wasm_externtype_kind(wasm_importtype_type(imports.data[0])) == WASM_EXTERN_MEMORY);
    wasm_importtype_vec_delete(&imports);

    wasm_extern_vec_delete(&exports);
    wasm_module_delete(importing);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    return done(store, engine);
}
