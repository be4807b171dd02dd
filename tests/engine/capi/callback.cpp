// A guest calls host functions: with values alone, with an environment, and one that throws.
#include <stdexcept>

#include "support.hpp"

static wasm::own<wasm::Trap> twice(const Vals& args, Vals& results) {
    results[0] = wasm::Val::i32(2 * args[0].i32());
    return nullptr;
}

static wasm::own<wasm::Trap> add_kept(void* env, const Vals& args, Vals& results) {
    results[0] = wasm::Val::i32(args[0].i32() + *static_cast<int*>(env));
    return nullptr;
}

static wasm::own<wasm::Trap> throws(const Vals&, Vals&) { throw std::runtime_error("no such luck"); }

static int finalized = 0;
static void finalize(void* env) { finalized += *static_cast<int*>(env); }

int main() {
    int kept = 100;
    {
        auto engine = wasm::Engine::make();
        auto store = wasm::Store::make(engine.get());
        auto module = module_of(store.get(),
            R"((module (import "" "twice" (func $t (param i32) (result i32))) (import "" "add" (func $a (param i32) (result i32)))
                 (func (export "run") (param i32) (result i32) (call $a (call $t (local.get 0))))))");
        auto type = wasm::FuncType::make(types_of(wasm::ValKind::I32), types_of(wasm::ValKind::I32));
        auto a = wasm::Func::make(store.get(), type.get(), twice);
        auto b = wasm::Func::make(store.get(), type.get(), add_kept, &kept, finalize);
        auto c = wasm::Func::make(store.get(), type.get(), throws);
        auto exports = instance_of(store.get(), module.get(), a.get(), b.get())->exports();
        CHECK(call_i32(func_at(exports, 0), 21) == 142);

        auto throwing = instance_of(store.get(), module.get(), a.get(), c.get())->exports();
        Vals results = Vals::make_uninitialized(1);
        auto trap = func_at(throwing, 0)->call(Vals::make(wasm::Val::i32(1)), results);
        CHECK(trap && std::string(trap->message().get()) == "host function failed: no such luck");
        CHECK(finalized == 0);
    }
    CHECK(finalized == 100);
    return done();
}
