// The least program: one host function, one call.
#include "support.h"

static int greetings = 0;

static wasm_trap_t* hello(const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    CHECK(args->size == 0 && results->size == 0);
    ++greetings;
    puts("hello");
    return NULL;
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_byte_vec_t binary;
    binary_of("(module (import \"\" \"hello\" (func $hello)) (func (export \"run\") (call $hello)))", &binary);
    CHECK(wasm_module_validate(store, &binary));
    wasm_module_t* module = wasm_module_new(store, &binary);
    CHECK(module);
    wasm_byte_vec_delete(&binary);

    wasm_functype_t* type = wasm_functype_new_0_0();
    wasm_func_t* f = wasm_func_new(store, type, hello);
    wasm_functype_delete(type);
    wasm_extern_t* externs[] = {wasm_func_as_extern(f)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
    wasm_instance_t* instance = instance_of(store, module, &imports);
    wasm_func_delete(f);
    wasm_instance_exports(instance, &exports);
    wasm_module_delete(module);
    wasm_instance_delete(instance);

    call(func_at(&exports, 0), (wasm_val_vec_t)WASM_EMPTY_VEC, (wasm_val_vec_t)WASM_EMPTY_VEC);
    CHECK(greetings == 1);
    wasm_extern_vec_delete(&exports);
    return done(store, engine);
}
