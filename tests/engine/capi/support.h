// What the C programs here have in common: checks that end the program, modules from text, exports by their place.
#ifndef CAPI_SUPPORT_H
#define CAPI_SUPPORT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <heddle.h>
#include <wasm.h>

#define CHECK(condition)                                                                                            \
    do {                                                                                                            \
        if (!(condition)) {                                                                                         \
            printf("%s:%d: %s does not hold; last error: %s\n", __FILE__, __LINE__, #condition, heddle_last_error()); \
            exit(1);                                                                                                \
        }                                                                                                           \
    } while (0)

static inline void binary_of(const char* text, wasm_byte_vec_t* out) { CHECK(heddle_text_to_binary(text, strlen(text), out)); }

static inline wasm_module_t* module_of(wasm_store_t* store, const char* text) {
    wasm_byte_vec_t binary;
    binary_of(text, &binary);
    wasm_module_t* module = wasm_module_new(store, &binary);
    CHECK(module);
    wasm_byte_vec_delete(&binary);
    return module;
}

static inline wasm_instance_t* instance_of(wasm_store_t* store, const wasm_module_t* module, const wasm_extern_vec_t* imports) {
    wasm_instance_t* instance = wasm_instance_new(store, module, imports, NULL);
    CHECK(instance);
    return instance;
}

static inline const wasm_func_t* func_at(const wasm_extern_vec_t* exports, size_t i) {
    CHECK(i < exports->size);
    const wasm_func_t* f = wasm_extern_as_func_const(exports->data[i]);
    CHECK(f);
    return f;
}

// Calls that must succeed, and one that must trap.
static inline void call(const wasm_func_t* f, wasm_val_vec_t args, wasm_val_vec_t results) {
    wasm_trap_t* trap = wasm_func_call(f, &args, &results);
    CHECK(!trap);
}

static inline int32_t call_i32(const wasm_func_t* f, wasm_val_vec_t args) {
    wasm_val_t r[1] = {WASM_INIT_VAL};
    wasm_val_vec_t results = WASM_ARRAY_VEC(r);
    call(f, args, results);
    CHECK(r[0].kind == WASM_I32);
    return r[0].of.i32;
}

static inline void call_traps(const wasm_func_t* f, wasm_val_vec_t args) {
    wasm_val_t r[1] = {WASM_INIT_VAL};
    wasm_val_vec_t results = WASM_ARRAY_VEC(r);
    wasm_trap_t* trap = wasm_func_call(f, &args, &results);
    CHECK(trap);
    wasm_trap_delete(trap);
}

static inline int done(wasm_store_t* store, wasm_engine_t* engine) {
    wasm_store_delete(store);
    wasm_engine_delete(engine);
    puts("Done.");
    return 0;
}

#endif
