// Traps of guests and of callbacks: their words and their frames.
#include "support.hpp"

static wasm::own<wasm::Trap> fail(void* env, const Vals&, Vals&) {
    return wasm::Trap::make(static_cast<wasm::Store*>(env), wasm::Message::make_nt(std::string("it went wrong")));
}

static wasm::own<wasm::Trap> trap_of(const wasm::Func* f) {
    Vals results = Vals::make();
    auto trap = f->call(Vals::make(), results);
    CHECK(trap);
    return trap;
}

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto module = module_of(store.get(),
        R"((module (import "" "fail" (func $fail (result i32))) (func (export "callback") (result i32) (call $fail))
             (func (export "divide") (result i32) (i32.div_u (i32.const 1) (i32.const 0)))))");
    auto type = wasm::FuncType::make(Types::make(), types_of(wasm::ValKind::I32));
    auto callback = wasm::Func::make(store.get(), type.get(), fail, store.get());
    auto instance = instance_of(store.get(), module.get(), callback.get());
    auto exports = instance->exports();

    auto trap = trap_of(func_at(exports, 0));
    CHECK(std::string(trap->message().get()) == "it went wrong" && trap->copy()->same(trap.get()));
    CHECK(trap->origin()->func_index() == 1 && trap->origin()->instance()->same(instance.get()));
    trap = trap_of(func_at(exports, 1));
    CHECK(std::string(trap->message().get()) == "integer divide by zero" && trap->trace().size() == 1);
    return done();
}
