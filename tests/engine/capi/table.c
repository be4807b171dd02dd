// A table of functions: read, changed and grown by the host, called through by the guest.
#include "support.h"

static wasm_trap_t* negate(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    results->data[0] = (wasm_val_t)WASM_I32_VAL(-args->data[0].of.i32);
    return NULL;
}

static int32_t call_through(const wasm_func_t* f, int32_t v, int32_t index) {
    wasm_val_t a[2] = {WASM_I32_VAL(v), WASM_I32_VAL(index)};
    return call_i32(f, (wasm_val_vec_t)WASM_ARRAY_VEC(a));
}

static void traps_through(const wasm_func_t* f, int32_t index) {
    wasm_val_t a[2] = {WASM_I32_VAL(0), WASM_I32_VAL(index)};
    call_traps(f, (wasm_val_vec_t)WASM_ARRAY_VEC(a));
}

static bool is_set(const wasm_table_t* table, wasm_table_size_t index) {
    wasm_ref_t* r = wasm_table_get(table, index);
    bool found = r != NULL;
    wasm_ref_delete(r);
    return found;
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store,
        "(module (type $t (func (param i32) (result i32))) (table (export \"table\") 2 10 funcref) (elem (i32.const 1) $same)"
        " (func (export \"call\") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1)))"
        " (func $same (export \"same\") (type $t) (local.get 0)) (func (export \"seven\") (type $t) (i32.const 7)))");
    wasm_instance_t* instance = instance_of(store, module, NULL);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_table_t* table = wasm_extern_as_table(exports.data[0]);
    const wasm_func_t* through = func_at(&exports, 1);
    wasm_func_t *same = wasm_extern_as_func(exports.data[2]), *seven = wasm_extern_as_func(exports.data[3]);
    wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t* host = wasm_func_new(store, type, negate);
    wasm_functype_delete(type);

    CHECK(wasm_table_size(table) == 2 && !is_set(table, 0) && is_set(table, 1));
    traps_through(through, 0);
    CHECK(call_through(through, 5, 1) == 5);
    traps_through(through, 2);

    CHECK(wasm_table_set(table, 0, wasm_func_as_ref(seven)) && wasm_table_set(table, 1, NULL));
    CHECK(!wasm_table_set(table, 2, wasm_func_as_ref(same)));
    CHECK(call_through(through, 5, 0) == 7);
    traps_through(through, 1);

    CHECK(wasm_table_grow(table, 3, NULL) && wasm_table_size(table) == 5);
    CHECK(wasm_table_set(table, 2, wasm_func_as_ref(same)) && wasm_table_set(table, 3, wasm_func_as_ref(host)));
    CHECK(call_through(through, 5, 2) == 5 && call_through(through, 6, 3) == -6);
    wasm_ref_t* found = wasm_table_get(table, 3);
    CHECK(wasm_ref_as_func(found) && wasm_func_same(wasm_ref_as_func(found), host));
    wasm_ref_delete(found);
    CHECK(wasm_table_grow(table, 2, wasm_func_as_ref(same)) && wasm_table_size(table) == 7 && call_through(through, 8, 6) == 8);
    CHECK(!wasm_table_grow(table, 5, NULL) && wasm_table_grow(table, 3, NULL) && wasm_table_grow(table, 0, NULL));

    // What is no function does not get in.
    wasm_foreign_t* foreign = wasm_foreign_new(store);
    CHECK(!wasm_table_set(table, 0, wasm_foreign_as_ref(foreign)) && call_through(through, 5, 0) == 7);
    wasm_foreign_delete(foreign);

    wasm_limits_t limits = {5, 5};
    wasm_tabletype_t* alone_type = wasm_tabletype_new(wasm_valtype_new_funcref(), &limits);
    wasm_table_t* alone = wasm_table_new(store, alone_type, NULL);
    CHECK(alone && wasm_table_size(alone) == 5 && !wasm_table_grow(alone, 1, NULL));
    wasm_table_delete(alone);
    wasm_tabletype_delete(alone_type);

    wasm_func_delete(host);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    return done(store, engine);
}
