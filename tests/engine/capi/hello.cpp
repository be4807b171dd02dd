// The least program: one host function, one call.
#include "support.hpp"

static int greetings = 0;

static wasm::own<wasm::Trap> hello(const Vals&, Vals&) {
    ++greetings;
    return nullptr;
}

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto binary = binary_of(R"((module (import "" "hello" (func $hello)) (func (export "run") (call $hello))))");
    CHECK(wasm::Module::validate(store.get(), binary));
    auto module = wasm::Module::make(store.get(), binary);
    auto type = wasm::FuncType::make();
    auto f = wasm::Func::make(store.get(), type.get(), hello);
    auto exports = instance_of(store.get(), module.get(), f.get())->exports();
    results_of(func_at(exports, 0));
    CHECK(greetings == 1);
    return done();
}
