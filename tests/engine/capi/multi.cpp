// Several results, from a callback and from a guest.
#include "support.hpp"

static wasm::own<wasm::Trap> reverse(const Vals& args, Vals& results) {
    for (std::size_t i = 0; i < args.size(); ++i) results[args.size() - 1 - i] = args[i].copy();
    return nullptr;
}

int main() {
    using wasm::Val, wasm::ValKind;
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto module = module_of(store.get(),
        R"((module (type $t (func (param i32 i64 f32 f64) (result f64 f32 i64 i32))) (import "" "f" (func $f (type $t)))
             (func (export "g") (type $t) (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3)))))");
    auto params = types_of(ValKind::I32, ValKind::I64, ValKind::F32, ValKind::F64);
    auto type = wasm::FuncType::make(params.deep_copy(), types_of(ValKind::F64, ValKind::F32, ValKind::I64, ValKind::I32));
    auto callback = wasm::Func::make(store.get(), type.get(), reverse);
    CHECK(callback->param_arity() == 4 && callback->type()->params()[3]->kind() == params[3]->kind());
    auto exports = instance_of(store.get(), module.get(), callback.get())->exports();
    auto r = results_of(func_at(exports, 0), Val::i32(-1), Val::i64(INT64_MIN), Val::f32(0.5f), Val::f64(-2.5));
    CHECK(r[0].f64() == -2.5 && r[1].f32() == 0.5f && r[2].i64() == INT64_MIN && r[3].i32() == -1);
    return done();
}
