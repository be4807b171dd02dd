// Globals, constant and variable, imported and exported, seen from both sides.
#include "support.h"

static wasm_global_t* new_global(wasm_store_t* store, wasm_valtype_t* content, wasm_mutability_t mutability, wasm_val_t v) {
    wasm_globaltype_t* type = wasm_globaltype_new(content, mutability);
    wasm_global_t* global = wasm_global_new(store, type, &v);
    wasm_globaltype_delete(type);
    CHECK(global);
    return global;
}

static wasm_val_t value_of(const wasm_global_t* global) {
    wasm_val_t v;
    wasm_global_get(global, &v);
    return v;
}

static wasm_val_t result_of(const wasm_func_t* f) {
    wasm_val_t r[1] = {WASM_INIT_VAL};
    call(f, (wasm_val_vec_t)WASM_EMPTY_VEC, (wasm_val_vec_t)WASM_ARRAY_VEC(r));
    return r[0];
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store,
        "(module (import \"\" \"c\" (global $c f32)) (import \"\" \"v\" (global $v (mut i64)))"
        " (global (export \"own\") (mut f64) (f64.const 1.5))"
        " (func (export \"c\") (result f32) (global.get $c)) (func (export \"v\") (result i64) (global.get $v))"
        " (func (export \"set\") (param i64) (global.set $v (local.get 0))))");
    wasm_global_t* constant = new_global(store, wasm_valtype_new_f32(), WASM_CONST, (wasm_val_t)WASM_F32_VAL(0.25f));
    wasm_global_t* variable = new_global(store, wasm_valtype_new_i64(), WASM_VAR, (wasm_val_t)WASM_I64_VAL(7));
    wasm_global_t* copy = wasm_global_copy(variable);
    CHECK(wasm_global_same(copy, variable) && !wasm_global_same(copy, constant));
    wasm_global_delete(copy);

    wasm_extern_t* externs[] = {wasm_global_as_extern(constant), wasm_global_as_extern(variable)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
    wasm_instance_t* instance = instance_of(store, module, &imports);
    wasm_instance_exports(instance, &exports);
    wasm_global_t* own_one = wasm_extern_as_global(exports.data[0]);
    CHECK(own_one && !wasm_extern_as_func(exports.data[0]));

    CHECK(value_of(own_one).of.f64 == 1.5 && value_of(own_one).kind == WASM_F64);
    CHECK(result_of(func_at(&exports, 1)).of.f32 == 0.25f);
    wasm_val_t eight = WASM_I64_VAL(8), wrong = WASM_I32_VAL(9);
    wasm_global_set(variable, &eight);
    CHECK(result_of(func_at(&exports, 2)).of.i64 == 8);
    wasm_val_t nine[1] = {WASM_I64_VAL(9)};
    call(func_at(&exports, 3), (wasm_val_vec_t)WASM_ARRAY_VEC(nine), (wasm_val_vec_t)WASM_EMPTY_VEC);
    CHECK(value_of(variable).of.i64 == 9);

    // What cannot be does not happen.
    wasm_global_set(variable, &wrong);
    CHECK(value_of(variable).of.i64 == 9 && strstr(heddle_last_error(), "i64"));
    wasm_val_t half = WASM_F32_VAL(0.5f);
    wasm_global_set(constant, &half);
    CHECK(value_of(constant).of.f32 == 0.25f && strstr(heddle_last_error(), "immutable"));

    wasm_globaltype_t* type = wasm_global_type(own_one);
    CHECK(wasm_globaltype_mutability(type) == WASM_VAR && wasm_valtype_kind(wasm_globaltype_content(type)) == WASM_F64);
    wasm_globaltype_delete(type);

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_global_delete(variable);
    wasm_global_delete(constant);
    wasm_module_delete(module);
    return done(store, engine);
}
