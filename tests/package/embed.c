/* An embedder in C. */
#include <stdio.h>

#include <heddle.h>
#include <wasm.h>

int main(void) {
    const char* text = "(module (func (export \"run\") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))";
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_byte_vec_t binary;
    if (!heddle_text_to_binary(text, strlen(text), &binary)) return puts(heddle_last_error());
    wasm_module_t* module = wasm_module_new(store, &binary);
    wasm_byte_vec_delete(&binary);
    wasm_instance_t* instance = wasm_instance_new(store, module, NULL, NULL);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_val_t a[1] = {WASM_I32_VAL(40)}, r[1] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_ARRAY_VEC(a), results = WASM_ARRAY_VEC(r);
    wasm_trap_t* trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &results);
    printf("%d\n", trap ? -1 : r[0].of.i32);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    return 0;
}
