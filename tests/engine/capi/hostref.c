// References to what only the host understands go through globals, tables, functions and callbacks, and stay the same.
#include "support.h"

static wasm_trap_t* give_back(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    wasm_val_copy(&results->data[0], &args->data[0]);
    return NULL;
}

// The argument stays the caller's, the result becomes the caller's.
static wasm_ref_t* pass(const wasm_func_t* f, wasm_ref_t* r) {
    wasm_val_t a[1] = {WASM_REF_VAL(r)}, b[1] = {WASM_INIT_VAL};
    call(f, (wasm_val_vec_t)WASM_ARRAY_VEC(a), (wasm_val_vec_t)WASM_ARRAY_VEC(b));
    return b[0].of.ref;
}

static void check_same(wasm_ref_t* actual, const wasm_ref_t* expected) {
    CHECK(expected ? actual && wasm_ref_same(actual, expected) : !actual);
    wasm_ref_delete(actual);
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store,
        "(module (import \"\" \"f\" (func $f (param externref) (result externref)))"
        " (global $g (export \"g\") (mut externref) (ref.null extern)) (table $t (export \"t\") 4 externref)"
        " (func (export \"through global\") (param externref) (result externref) (global.set $g (local.get 0)) (global.get $g))"
        " (func (export \"through table\") (param externref) (result externref)"
        "   (table.set $t (i32.const 1) (local.get 0)) (table.get $t (i32.const 1)))"
        " (func (export \"through callback\") (param externref) (result externref) (call $f (local.get 0)))"
        " (func (export \"through any\") (param externref) (result externref)"
        "   (extern.convert_any (any.convert_extern (local.get 0)))))");
    wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_externref(), wasm_valtype_new_externref());
    wasm_func_t* callback = wasm_func_new(store, type, give_back);
    wasm_functype_delete(type);
    wasm_extern_t* externs[] = {wasm_func_as_extern(callback)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
    wasm_instance_t* instance = instance_of(store, module, &imports);
    wasm_instance_exports(instance, &exports);
    wasm_global_t* global = wasm_extern_as_global(exports.data[0]);
    wasm_table_t* table = wasm_extern_as_table(exports.data[1]);

    wasm_ref_t* one = wasm_foreign_as_ref(wasm_foreign_new(store));
    wasm_ref_t* two = wasm_foreign_as_ref(wasm_foreign_new(store));
    wasm_ref_set_host_info(one, (void*)1);
    wasm_ref_set_host_info(two, (void*)2);
    CHECK(!wasm_ref_same(one, two) && wasm_ref_as_foreign(one) && !wasm_ref_as_func(one));
    check_same(wasm_ref_copy(one), one);

    // A function, an instance and a module are references too.
    wasm_ref_t* refs[] = {NULL, one, two, wasm_func_as_ref(callback), wasm_instance_as_ref(instance), wasm_module_as_ref(module)};
    for (size_t i = 0; i < sizeof refs / sizeof *refs; ++i) {
        for (size_t f = 2; f < exports.size; ++f) check_same(pass(func_at(&exports, f), refs[i]), refs[i]);
        check_same(wasm_table_get(table, 1), refs[i]);
        wasm_val_t v;
        wasm_global_get(global, &v);
        CHECK(v.kind == WASM_EXTERNREF);
        check_same(v.of.ref, refs[i]);
        CHECK(wasm_table_set(table, 3, refs[i]));
        check_same(wasm_table_get(table, 3), refs[i]);
    }
    wasm_val_t v = WASM_REF_VAL(two);
    wasm_global_set(global, &v);
    wasm_global_get(global, &v);
    CHECK(wasm_ref_get_host_info(v.of.ref) == (void*)2);
    wasm_val_delete(&v);

    // A function of another Store is refused.
    wasm_store_t* elsewhere = wasm_store_new(engine);
    wasm_ref_t* stranger = wasm_foreign_as_ref(wasm_foreign_new(elsewhere));
    wasm_val_t a[1] = {WASM_REF_VAL(stranger)};
    call_traps(func_at(&exports, 2), (wasm_val_vec_t)WASM_ARRAY_VEC(a));
    CHECK(!wasm_table_set(table, 0, stranger) && strstr(heddle_last_error(), "another Store"));
    wasm_ref_delete(stranger);
    wasm_store_delete(elsewhere);

    wasm_ref_delete(one);
    wasm_ref_delete(two);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(callback);
    wasm_module_delete(module);
    return done(store, engine);
}
