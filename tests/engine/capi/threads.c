// One module, shared with several threads, each with a Store of its own.
#include <pthread.h>

#include "support.h"

enum { threads = 8, rounds = 20 };

typedef struct {
    wasm_engine_t* engine;
    const wasm_shared_module_t* module;
    int32_t id;
    int32_t sum;
} work_t;

static wasm_trap_t* add_up(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    (void)results;
    ((work_t*)env)->sum += args->data[0].of.i32;
    return NULL;
}

static void one_round(wasm_store_t* store, const wasm_module_t* module, work_t* work) {
    wasm_functype_t* type = wasm_functype_new_1_0(wasm_valtype_new_i32());
    wasm_func_t* callback = wasm_func_new_with_env(store, type, add_up, work, NULL);
    wasm_functype_delete(type);
    wasm_val_t id = WASM_I32_VAL(work->id);
    wasm_globaltype_t* global_type = wasm_globaltype_new(wasm_valtype_new_i32(), WASM_CONST);
    wasm_global_t* global = wasm_global_new(store, global_type, &id);
    wasm_globaltype_delete(global_type);

    wasm_extern_t* externs[] = {wasm_func_as_extern(callback), wasm_global_as_extern(global)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
    wasm_instance_t* instance = instance_of(store, module, &imports);
    wasm_instance_exports(instance, &exports);
    call(func_at(&exports, 0), (wasm_val_vec_t)WASM_EMPTY_VEC, (wasm_val_vec_t)WASM_EMPTY_VEC);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_global_delete(global);
    wasm_func_delete(callback);
}

static void* run(void* data) {
    work_t* work = data;
    wasm_store_t* store = wasm_store_new(work->engine);
    wasm_module_t* module = wasm_module_obtain(store, work->module);
    CHECK(module);
    for (int i = 0; i < rounds; ++i) one_round(store, module, work);
    wasm_module_delete(module);
    wasm_store_delete(store);
    return NULL;
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store,
        "(module (import \"\" \"add\" (func $add (param i32))) (import \"\" \"id\" (global $id i32))"
        " (func (export \"run\") (call $add (global.get $id))))");
    wasm_shared_module_t* shared = wasm_module_share(module);
    wasm_module_delete(module);
    wasm_store_delete(store);

    pthread_t running[threads];
    work_t work[threads];
    for (int32_t i = 0; i < threads; ++i) {
        work[i] = (work_t){engine, shared, i, 0};
        CHECK(!pthread_create(&running[i], NULL, run, &work[i]));
    }
    for (int32_t i = 0; i < threads; ++i) {
        pthread_join(running[i], NULL);
        CHECK(work[i].sum == i * rounds);
    }

    // Another Engine reads the module's bytes anew.
    wasm_engine_t* other = wasm_engine_new();
    work_t elsewhere = {other, shared, 5, 0};
    run(&elsewhere);
    CHECK(elsewhere.sum == 5 * rounds);
    wasm_engine_delete(other);

    wasm_shared_module_delete(shared);
    wasm_engine_delete(engine);
    puts("Done.");
    return 0;
}
