// Traps of guests and of callbacks: their words, their frames, their identity.
#include "support.h"

static wasm_store_t* the_store = NULL;
static wasm_trap_t* last_given = NULL;

static wasm_trap_t* fail(void* env, const wasm_val_vec_t* args, wasm_val_vec_t* results) {
    (void)args, (void)results;
    wasm_message_t message;
    wasm_name_new_from_string_nt(&message, env);
    wasm_trap_t* trap = wasm_trap_new(the_store, &message);
    wasm_name_delete(&message);
    wasm_trap_set_host_info(trap, env);
    last_given = wasm_trap_copy(trap);
    return trap;
}

static wasm_trap_t* trap_of(const wasm_func_t* f) {
    wasm_val_vec_t args = WASM_EMPTY_VEC, results = WASM_EMPTY_VEC;
    wasm_trap_t* trap = wasm_func_call(f, &args, &results);
    CHECK(trap);
    return trap;
}

static void check_message(const wasm_trap_t* trap, const char* expected) {
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    CHECK(message.size == strlen(expected) + 1 && !strcmp(message.data, expected));
    wasm_name_delete(&message);
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = the_store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store,
        "(module (import \"\" \"fail\" (func $fail (result i32))) (func (export \"callback\") (result i32) (call $fail))"
        " (func (export \"divide\") (result i32) (i32.div_u (i32.const 1) (i32.const 0))))");
    wasm_functype_t* type = wasm_functype_new_0_1(wasm_valtype_new_i32());
    wasm_func_t* callback = wasm_func_new_with_env(store, type, fail, "it went wrong", NULL);
    wasm_functype_delete(type);
    wasm_extern_t* externs[] = {wasm_func_as_extern(callback)};
    wasm_extern_vec_t imports = WASM_ARRAY_VEC(externs), exports;
    wasm_instance_t* instance = instance_of(store, module, &imports);
    wasm_instance_exports(instance, &exports);

    // A callback's trap comes out as it was, with the guest's frames.
    wasm_trap_t* trap = trap_of(func_at(&exports, 0));
    check_message(trap, "it went wrong");
    CHECK(wasm_trap_same(trap, last_given) && !strcmp(wasm_trap_get_host_info(trap), "it went wrong"));
    wasm_frame_t* origin = wasm_trap_origin(trap);
    CHECK(origin && wasm_frame_func_index(origin) == 1 && wasm_instance_same(wasm_frame_instance(origin), instance));
    wasm_frame_t* copy = wasm_frame_copy(origin);
    CHECK(wasm_frame_module_offset(copy) == wasm_frame_module_offset(origin));
    wasm_frame_delete(copy);
    wasm_frame_delete(origin);
    wasm_trap_delete(last_given);
    wasm_trap_delete(trap);

    trap = trap_of(func_at(&exports, 1));
    check_message(trap, "integer divide by zero");
    wasm_frame_vec_t trace;
    wasm_trap_trace(trap, &trace);
    CHECK(trace.size == 1 && wasm_frame_func_index(trace.data[0]) == 2);
    wasm_frame_vec_delete(&trace);
    wasm_trap_delete(trap);

    // Called directly, there is no guest to show.
    trap = trap_of(callback);
    check_message(trap, "it went wrong");
    CHECK(!wasm_trap_origin(trap));
    wasm_trap_delete(last_given);
    wasm_trap_delete(trap);

    wasm_func_delete(callback);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    return done(store, engine);
}
