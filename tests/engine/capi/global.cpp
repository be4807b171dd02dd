// Globals, constant and variable, imported and exported, seen from both sides.
#include "support.hpp"

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto module = module_of(store.get(),
        R"((module (import "" "c" (global $c f32)) (import "" "v" (global $v (mut i64))) (global (export "own") (mut f64) (f64.const 1.5))
             (func (export "c") (result f32) (global.get $c)) (func (export "v") (result i64) (global.get $v))
             (func (export "set") (param i64) (global.set $v (local.get 0)))))");
    auto constant_type = wasm::GlobalType::make(wasm::ValType::make(wasm::ValKind::F32), wasm::Mutability::CONST);
    auto variable_type = wasm::GlobalType::make(wasm::ValType::make(wasm::ValKind::I64), wasm::Mutability::VAR);
    auto constant = wasm::Global::make(store.get(), constant_type.get(), wasm::Val::f32(0.25f));
    auto variable = wasm::Global::make(store.get(), variable_type.get(), wasm::Val::i64(7));
    CHECK(variable->copy()->same(variable.get()) && !variable->same(constant.get()));
    CHECK(!wasm::Global::make(store.get(), variable_type.get(), wasm::Val::i32(7)));

    auto exports = instance_of(store.get(), module.get(), constant.get(), variable.get())->exports();
    wasm::Global* own_one = exports[0]->global();
    CHECK(own_one && own_one->get().f64() == 1.5 && own_one->type()->mutability() == wasm::Mutability::VAR);
    CHECK(own_one->type()->content()->kind() == wasm::ValKind::F64);
    CHECK(results_of(func_at(exports, 1))[0].f32() == 0.25f);
    variable->set(wasm::Val::i64(8));
    CHECK(results_of(func_at(exports, 2))[0].get<std::int64_t>() == 8);
    results_of(func_at(exports, 3), wasm::Val::make<std::uint64_t>(9));
    CHECK(variable->get().i64() == 9);
    constant->set(wasm::Val::f32(1));
    CHECK(constant->get().f32() == 0.25f);
    return done();
}
