// A memory seen from both sides, and how it grows.
#include "support.hpp"

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto module = module_of(store.get(),
        R"((module (memory (export "memory") 2 3) (data (i32.const 0x1000) "\01\02\03\04")
             (func (export "load") (param i32) (result i32) (i32.load8_s (local.get 0)))
             (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))))");
    auto exports = instance_of(store.get(), module.get())->exports();
    wasm::Memory* memory = exports[0]->memory();
    CHECK(memory && memory->copy()->same(memory));
    CHECK(memory->size() == 2 && memory->data_size() == 2 * wasm::Memory::page_size);
    CHECK(memory->data()[0x1003] == 4);
    memory->data()[0x1003] = 5;
    CHECK(call_i32(func_at(exports, 1), 0x1003) == 5);
    call_traps(func_at(exports, 1), 0x20000);
    results_of(func_at(exports, 2), wasm::Val::i32(0x1002), wasm::Val::i32(6));
    CHECK(memory->data()[0x1002] == 6);
    CHECK(memory->grow(1) && memory->size() == 3 && !memory->grow(1) && memory->grow(0));
    CHECK(call_i32(func_at(exports, 1), 0x20000) == 0);

    auto type = wasm::MemoryType::make(wasm::Limits(5, 5));
    auto alone = wasm::Memory::make(store.get(), type.get());
    CHECK(alone->size() == 5 && !alone->grow(1) && alone->type()->limits().max == 5);
    return done();
}
