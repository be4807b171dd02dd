// A table of functions: read, changed and grown by the host, called through by the guest.
#include "support.hpp"

static wasm::own<wasm::Trap> negate(const Vals& args, Vals& results) {
    results[0] = wasm::Val(-args[0].i32());
    return nullptr;
}

int main() {
    auto engine = wasm::Engine::make();
    auto store = wasm::Store::make(engine.get());
    auto module = module_of(store.get(),
        R"((module (type $t (func (param i32) (result i32))) (table (export "table") 2 10 funcref) (elem (i32.const 1) $same)
             (func (export "call") (param i32 i32) (result i32) (call_indirect (type $t) (local.get 0) (local.get 1)))
             (func $same (export "same") (type $t) (local.get 0)) (func (export "seven") (type $t) (i32.const 7))))");
    auto exports = instance_of(store.get(), module.get())->exports();
    wasm::Table* table = exports[0]->table();
    wasm::Func *through = func_at(exports, 1), *same = func_at(exports, 2), *seven = func_at(exports, 3);
    auto type = wasm::FuncType::make(types_of(wasm::ValKind::I32), types_of(wasm::ValKind::I32));
    auto host = wasm::Func::make(store.get(), type.get(), negate);

    CHECK(table->copy()->same(table) && table->size() == 2 && !table->get(0) && table->get(1));
    call_traps(through, 0, 0);
    CHECK(call_i32(through, 5, 1) == 5);
    call_traps(through, 0, 2);
    CHECK(table->set(0, seven) && table->set(1, nullptr) && !table->set(2, same));
    CHECK(call_i32(through, 5, 0) == 7);
    call_traps(through, 0, 1);
    CHECK(table->grow(3) && table->size() == 5 && table->set(2, same) && table->set(3, host.get()) && !table->set(5, nullptr));
    CHECK(call_i32(through, 5, 2) == 5 && call_i32(through, 6, 3) == -6 && table->get(3)->same(host.get()));
    CHECK(table->grow(2, same) && table->size() == 7 && call_i32(through, 8, 6) == 8);
    CHECK(!table->grow(5) && table->grow(3) && table->grow(0));

    auto alone_type = wasm::TableType::make(wasm::ValType::make(wasm::ValKind::FUNCREF), wasm::Limits(5, 5));
    auto alone = wasm::Table::make(store.get(), alone_type.get());
    CHECK(alone->size() == 5 && !alone->grow(1) && alone->type()->limits().max == 5);
    return done();
}
