#include "spectest.hpp"

#include <utility>

namespace heddle::cli {

namespace {

// A definition that could not be made is left out: imports of it then fail with their own message.
template <class T>
void define(Linker& linker, const char* name, Result<T> made) {
    if (made) linker.define("spectest", name, std::move(*made));
}

void define_functions(Linker& linker) {
    linker.func("spectest", "print", [] {});
    linker.func("spectest", "print_i32", [](i32) {});
    linker.func("spectest", "print_i64", [](i64) {});
    linker.func("spectest", "print_f32", [](f32) {});
    linker.func("spectest", "print_f64", [](f64) {});
    linker.func("spectest", "print_i32_f32", [](i32, f32) {});
    linker.func("spectest", "print_f64_f64", [](f64, f64) {});
}

}  // namespace

void define_spectest(Linker& linker, Store& store) {
    define_functions(linker);
    define(linker, "global_i32", Global::create(store, {i32_type, false}, Value::i32(666)));
    define(linker, "global_i64", Global::create(store, {i64_type, false}, Value::i64(666)));
    define(linker, "global_f32", Global::create(store, {f32_type, false}, Value::f32(666.6f)));
    define(linker, "global_f64", Global::create(store, {f64_type, false}, Value::f64(666.6)));
    define(linker, "table", Table::create(store, {funcref_type, {10, 20}, false}));
    define(linker, "table64", Table::create(store, {funcref_type, {10, 20}, true}));
    define(linker, "memory", Memory::create(store, {{1, 2}, false, false, 16}));
    define(linker, "shared_memory", Memory::create(store, {{1, 2}, false, true, 16}));
}

}  // namespace heddle::cli
