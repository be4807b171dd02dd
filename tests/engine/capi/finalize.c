// Host infos are finalized with their Store, each once.
#include "support.h"

enum { instances = 5000 };
static int live = 0;

static void finalize(void* info) {
    CHECK((intptr_t)info < instances);
    --live;
}

static void fill(wasm_store_t* store) {
    wasm_module_t* module = module_of(store, "(module (func (export \"f\")) (func (export \"g\")))");
    for (intptr_t i = 0; i < instances; ++i) {
        wasm_instance_t* instance = wasm_instance_new(store, module, NULL, NULL);
        CHECK(instance);
        wasm_instance_set_host_info_with_finalizer(instance, (void*)i, &finalize);
        wasm_instance_t* other = wasm_instance_copy(instance);
        CHECK(wasm_instance_get_host_info(other) == (void*)i);
        wasm_instance_delete(other);
        wasm_instance_delete(instance);
        ++live;
    }
    wasm_module_delete(module);
}

int main(void) {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* first = wasm_store_new(engine);
    wasm_store_t* second = wasm_store_new(engine);
    fill(first);
    fill(second);
    CHECK(live == 2 * instances);
    wasm_store_delete(second);
    CHECK(live == instances);
    fill(first);

    // A new info finalizes the old one.
    wasm_foreign_t* foreign = wasm_foreign_new(first);
    wasm_foreign_set_host_info_with_finalizer(foreign, (void*)1, &finalize);
    ++live;
    wasm_foreign_set_host_info(foreign, (void*)2);
    CHECK(live == 2 * instances);
    wasm_foreign_delete(foreign);

    wasm_store_delete(first);
    CHECK(live == 0);
    wasm_engine_delete(engine);
    puts("Done.");
    return 0;
}
