// One module, shared with several threads, each with a Store of its own.
#include <atomic>
#include <thread>
#include <vector>

#include "support.hpp"

static wasm::own<wasm::Trap> add_up(void* env, const Vals& args, Vals&) {
    static_cast<std::atomic<int>*>(env)->fetch_add(args[0].i32());
    return nullptr;
}

static void run(wasm::Engine* engine, const wasm::Shared<wasm::Module>* shared, std::atomic<int>* sum, int id) {
    auto store = wasm::Store::make(engine);
    auto module = wasm::Module::obtain(store.get(), shared);
    CHECK(module);
    for (int round = 0; round < 20; ++round) {
        auto type = wasm::FuncType::make(types_of(wasm::ValKind::I32));
        auto callback = wasm::Func::make(store.get(), type.get(), add_up, sum);
        auto global_type = wasm::GlobalType::make(wasm::ValType::make(wasm::ValKind::I32), wasm::Mutability::CONST);
        auto global = wasm::Global::make(store.get(), global_type.get(), wasm::Val::i32(id));
        auto exports = instance_of(store.get(), module.get(), callback.get(), global.get())->exports();
        results_of(func_at(exports, 0));
    }
}

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto shared = module_of(store.get(),
        R"((module (import "" "add" (func $add (param i32))) (import "" "id" (global $id i32))
             (func (export "run") (call $add (global.get $id)))))")->share();
    std::atomic<int> sum = 0;
    std::vector<std::thread> threads;
    for (int id = 0; id < 8; ++id) threads.emplace_back(run, engine.get(), shared.get(), &sum, id);
    for (std::thread& t : threads) t.join();
    CHECK(sum == 20 * 28);
    return done();
}
