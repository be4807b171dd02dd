// A module as bytes and back.
#include "support.hpp"

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto bytes = module_of(store.get(), R"((module (func (export "answer") (result i32) (i32.const 42))))")->serialize();
    auto module = wasm::Module::deserialize(store.get(), bytes);
    CHECK(module);
    bytes[0] = 1;
    CHECK(!wasm::Module::deserialize(store.get(), bytes));
    auto exports = instance_of(store.get(), module.get())->exports();
    CHECK(call_i32(func_at(exports, 0)) == 42);
    return done();
}
