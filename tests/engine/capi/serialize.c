// A module as bytes and back.
#include "support.h"

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store, "(module (func (export \"answer\") (result i32) (i32.const 42)))");
    wasm_byte_vec_t bytes;
    wasm_module_serialize(module, &bytes);
    wasm_module_delete(module);

    wasm_module_t* again = wasm_module_deserialize(store, &bytes);
    CHECK(again);
    bytes.data[0] = 1;
    CHECK(!wasm_module_deserialize(store, &bytes) && strstr(heddle_last_error(), "magic header"));
    wasm_byte_vec_delete(&bytes);

    wasm_instance_t* instance = instance_of(store, again, NULL);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    CHECK(call_i32(func_at(&exports, 0), (wasm_val_vec_t)WASM_EMPTY_VEC) == 42);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(again);
    return done(store, engine);
}
