// Several results, from a callback and from a guest.
#include "support.h"

static wasm_trap_t* reverse(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    for (size_t i = 0; i < args->size; ++i) wasm_val_copy(&results->data[args->size - 1 - i], &args->data[i]);
    return NULL;
}

static void types_of(wasm_valtype_vec_t* out, const wasm_valkind_t kinds[4]) {
    wasm_valtype_t* types[4];
    for (size_t i = 0; i < 4; ++i) types[i] = wasm_valtype_new(kinds[i]);
    wasm_valtype_vec_new(out, 4, types);
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store,
        "(module (type $t (func (param i32 i64 f32 f64) (result f64 f32 i64 i32))) (import \"\" \"f\" (func $f (type $t)))"
        " (func (export \"g\") (type $t) (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3))))");
    wasm_valtype_vec_t params, results;
    const wasm_valkind_t forth[4] = {WASM_I32, WASM_I64, WASM_F32, WASM_F64}, back[4] = {WASM_F64, WASM_F32, WASM_I64, WASM_I32};
    types_of(&params, forth);
    types_of(&results, back);
    wasm_functype_t* type = wasm_functype_new(&params, &results);
    wasm_func_t* callback = wasm_func_new(store, type, reverse);
    wasm_functype_delete(type);

    wasm_extern_t* externs[] = {wasm_func_as_extern(callback)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
    wasm_instance_t* instance = instance_of(store, module, &imports);
    wasm_instance_exports(instance, &exports);

    wasm_val_t a[4] = {WASM_I32_VAL(-1), WASM_I64_VAL(INT64_MIN), WASM_F32_VAL(0.5f), WASM_F64_VAL(-2.5)};
    wasm_val_t r[4] = {WASM_INIT_VAL, WASM_INIT_VAL, WASM_INIT_VAL, WASM_INIT_VAL};
    call(func_at(&exports, 0), (wasm_val_vec_t)WASM_ARRAY_VEC(a), (wasm_val_vec_t)WASM_ARRAY_VEC(r));
    CHECK(r[0].kind == WASM_F64 && r[0].of.f64 == -2.5);
    CHECK(r[1].kind == WASM_F32 && r[1].of.f32 == 0.5f);
    CHECK(r[2].kind == WASM_I64 && r[2].of.i64 == INT64_MIN);
    CHECK(r[3].kind == WASM_I32 && r[3].of.i32 == -1);

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_func_delete(callback);
    wasm_module_delete(module);
    return done(store, engine);
}
