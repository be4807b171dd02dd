// A start function that traps: no instance, but the trap with its frames.
#include "support.hpp"

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto module = module_of(store.get(), "(module (func $inner (unreachable)) (func $outer (call $inner)) (start $outer))");
    wasm::own<wasm::Trap> trap;
    CHECK(!wasm::Instance::make(store.get(), module.get(), wasm::vec<wasm::Extern*>::make(), &trap) && trap);
    CHECK(std::string(trap->message().get()) == "unreachable");
    auto origin = trap->origin();
    CHECK(origin && origin->func_index() == 0 && origin->instance() && origin->module_offset() > origin->func_offset());
    auto trace = trap->trace();
    CHECK(trace.size() == 2 && trace[1]->copy()->func_index() == 1 && trace[0]->instance()->same(trace[1]->instance()));
    return done();
}
