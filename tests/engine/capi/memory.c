// A memory seen from both sides, and how it grows.
#include "support.h"

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store,
        "(module (memory (export \"memory\") 2 3) (data (i32.const 0x1000) \"\\01\\02\\03\\04\")"
        " (func (export \"load\") (param i32) (result i32) (i32.load8_s (local.get 0)))"
        " (func (export \"store\") (param i32 i32) (i32.store8 (local.get 0) (local.get 1))))");
    wasm_instance_t* instance = instance_of(store, module, NULL);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_memory_t* memory = wasm_extern_as_memory(exports.data[0]);
    const wasm_func_t *load = func_at(&exports, 1), *put = func_at(&exports, 2);
    wasm_memory_t* copy = wasm_memory_copy(memory);
    CHECK(wasm_memory_same(copy, memory));
    wasm_memory_delete(copy);

    CHECK(wasm_memory_size(memory) == 2 && wasm_memory_data_size(memory) == 2 * MEMORY_PAGE_SIZE);
    byte_t* data = wasm_memory_data(memory);
    CHECK(data[0] == 0 && data[0x1000] == 1 && data[0x1003] == 4);
    data[0x1003] = 5;
    wasm_val_t at[1] = {WASM_I32_VAL(0x1003)}, past[1] = {WASM_I32_VAL(0x20000)};
    CHECK(call_i32(load, (wasm_val_vec_t)WASM_ARRAY_VEC(at)) == 5);
    call_traps(load, (wasm_val_vec_t)WASM_ARRAY_VEC(past));
    wasm_val_t both[2] = {WASM_I32_VAL(0x1002), WASM_I32_VAL(6)};
    call(put, (wasm_val_vec_t)WASM_ARRAY_VEC(both), (wasm_val_vec_t)WASM_EMPTY_VEC);
    CHECK(data[0x1002] == 6);

    CHECK(wasm_memory_grow(memory, 1) && wasm_memory_size(memory) == 3);
    CHECK(wasm_memory_data(memory) == data && data[0x20000] == 0);
    CHECK(call_i32(load, (wasm_val_vec_t)WASM_ARRAY_VEC(past)) == 0);
    CHECK(!wasm_memory_grow(memory, 1) && strstr(heddle_last_error(), "3 pages"));
    CHECK(wasm_memory_grow(memory, 0));

    wasm_limits_t limits = {5, 5};
    wasm_memorytype_t* type = wasm_memorytype_new(&limits);
    wasm_memory_t* alone = wasm_memory_new(store, type);
    CHECK(alone && wasm_memory_size(alone) == 5 && !wasm_memory_grow(alone, 1) && wasm_memory_grow(alone, 0));
    wasm_memorytype_t* found = wasm_memory_type(alone);
    CHECK(wasm_memorytype_limits(found)->min == 5 && wasm_memorytype_limits(found)->max == 5);
    wasm_memorytype_delete(found);
    wasm_memorytype_delete(type);
    wasm_memory_delete(alone);

    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    return done(store, engine);
}
