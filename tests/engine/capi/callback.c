// A guest calls host functions: one with values alone, one with an environment of its own.
#include "support.h"

static wasm_trap_t* twice(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    results->data[0] = (wasm_val_t)WASM_I32_VAL(2 * args->data[0].of.i32);
    return NULL;
}

static wasm_trap_t* add_kept(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    wasm_val_copy(&results->data[0], &args->data[0]);
    results->data[0].of.i32 += *(int*)env;
    return NULL;
}

static int finalized = 0;
static void finalize(void* env) { finalized += *(int*)env; }

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store,
        "(module (import \"\" \"twice\" (func $t (param i32) (result i32))) (import \"\" \"add\" (func $a (param i32) (result i32)))"
        " (func (export \"run\") (param i32) (result i32) (call $a (call $t (local.get 0)))))");

    int kept = 100;
    wasm_functype_t* type = wasm_functype_new_1_1(wasm_valtype_new_i32(), wasm_valtype_new_i32());
    wasm_func_t* a = wasm_func_new(store, type, twice);
    wasm_func_t* b = wasm_func_new_with_env(store, type, add_kept, &kept, finalize);
    wasm_functype_delete(type);
    CHECK(wasm_func_param_arity(b) == 1 && wasm_func_result_arity(b) == 1);

    wasm_extern_t* externs[] = {wasm_func_as_extern(a), wasm_func_as_extern(b)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs);
    wasm_instance_t* instance = instance_of(store, module, &imports);
    wasm_func_delete(a);
    wasm_func_delete(b);
    wasm_module_delete(module);

    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_instance_delete(instance);
    wasm_val_t v[1] = {WASM_I32_VAL(21)};
    CHECK(call_i32(func_at(&exports, 0), (wasm_val_vec_t)WASM_ARRAY_VEC(v)) == 142);
    wasm_extern_vec_delete(&exports);

    CHECK(finalized == 0);
    wasm_store_delete(store);
    CHECK(finalized == 100);
    wasm_engine_delete(engine);
    puts("Done.");
    return 0;
}
