// A start function that traps: no instance, but the trap with its frames.
#include "support.h"

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    wasm_module_t* module = module_of(store, "(module (func $inner (unreachable)) (func $outer (call $inner)) (start $outer))");
    wasm_trap_t* trap = NULL;
    CHECK(!wasm_instance_new(store, module, NULL, &trap) && trap);

    wasm_message_t message;
    wasm_trap_message(trap, &message);
    CHECK(message.size == strlen("unreachable") + 1 && !strcmp(message.data, "unreachable"));
    wasm_name_delete(&message);

    wasm_frame_t* origin = wasm_trap_origin(trap);
    CHECK(origin && wasm_frame_func_index(origin) == 0 && wasm_frame_instance(origin));
    CHECK(wasm_frame_func_offset(origin) > 0 && wasm_frame_module_offset(origin) > wasm_frame_func_offset(origin));
    wasm_frame_vec_t trace;
    wasm_trap_trace(trap, &trace);
    CHECK(trace.size == 2 && wasm_frame_func_index(trace.data[1]) == 1);
    CHECK(wasm_instance_same(wasm_frame_instance(trace.data[0]), wasm_frame_instance(trace.data[1])));
    wasm_frame_vec_delete(&trace);
    wasm_frame_delete(origin);
    wasm_trap_delete(trap);

    // What cannot be linked says why, in the same way.
    wasm_module_t* importing = module_of(store, "(module (import \"a\" \"b\" (func)))");
    CHECK(!wasm_instance_new(store, importing, NULL, &trap) && trap);
    wasm_trap_message(trap, &message);
    CHECK(strstr(message.data, "unknown import") && strstr(heddle_last_error(), "\"a\" \"b\""));
    wasm_name_delete(&message);
    wasm_trap_delete(trap);

    wasm_module_delete(importing);
    wasm_module_delete(module);
    return done(store, engine);
}
