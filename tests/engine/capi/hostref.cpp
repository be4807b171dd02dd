// References to what only the host understands go through globals, tables, functions and callbacks, and stay the same.
#include "support.hpp"

static wasm::own<wasm::Trap> give_back(const Vals& args, Vals& results) {
    results[0] = args[0].copy();
    return nullptr;
}

static wasm::own<wasm::Ref> copy_of(const wasm::Ref* r) { return r ? r->copy() : nullptr; }
static bool same(const wasm::own<wasm::Ref>& a, const wasm::Ref* b) { return b ? a && a->same(b) : !a; }

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto module = module_of(store.get(),
        R"((module (import "" "f" (func $f (param externref) (result externref)))
             (global $g (export "g") (mut externref) (ref.null extern)) (table $t (export "t") 4 externref)
             (func (export "through global") (param externref) (result externref) (global.set $g (local.get 0)) (global.get $g))
             (func (export "through table") (param externref) (result externref)
               (table.set $t (i32.const 1) (local.get 0)) (table.get $t (i32.const 1)))
             (func (export "through callback") (param externref) (result externref) (call $f (local.get 0)))))");
    auto type = wasm::FuncType::make(types_of(wasm::ValKind::EXTERNREF), types_of(wasm::ValKind::EXTERNREF));
    auto callback = wasm::Func::make(store.get(), type.get(), give_back);
    auto instance = instance_of(store.get(), module.get(), callback.get());
    auto exports = instance->exports();
    auto one = wasm::Foreign::make(store.get()), two = wasm::Foreign::make(store.get());
    one->set_host_info(&one);
    two->set_host_info(&two);
    CHECK(!one->same(two.get()) && one->copy()->same(one.get()));

    wasm::Val v = wasm::Val::ref(one->copy());
    CHECK(v.ref()->same(one.get()) && v.copy().ref()->get_host_info() == &one);
    auto released = v.release_ref();
    CHECK(v.ref() == nullptr && released->same(one.get()));

    const wasm::Ref* refs[] = {nullptr, one.get(), two.get(), callback.get(), instance.get()};
    for (const wasm::Ref* r : refs) {
        for (std::size_t f = 2; f < exports.size(); ++f) CHECK(same(results_of(func_at(exports, f), wasm::Val::ref(copy_of(r)))[0].release_ref(), r));
        CHECK(same(exports[1]->table()->get(1), r) && same(exports[0]->global()->get().release_ref(), r));
        CHECK(exports[1]->table()->set(3, r) && same(exports[1]->table()->get(3), r));
    }
    exports[0]->global()->set(wasm::Val(two->copy()));
    CHECK(exports[0]->global()->get().ref()->get_host_info() == &two);
    return done();
}
