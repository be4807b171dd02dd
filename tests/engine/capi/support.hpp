// What the C++ programs here have in common: checks that end the program, modules from text, calls.
#pragma once
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <string>

#include <heddle.h>
#include <wasm.hh>

#define CHECK(...)                                                                                                                  \
    do {                                                                                                                            \
        if (!(__VA_ARGS__)) {                                                                                                       \
            std::cout << __FILE__ << ":" << __LINE__ << ": " #__VA_ARGS__ " does not hold; last error: " << heddle_last_error() << "\n"; \
            std::exit(1);                                                                                                           \
        }                                                                                                                           \
    } while (0)

using Vals = wasm::vec<wasm::Val>;
using Types = wasm::ownvec<wasm::ValType>;

inline wasm::vec<byte_t> binary_of(const std::string& text) {
    wasm_byte_vec_t bytes;
    CHECK(heddle_text_to_binary(text.data(), text.size(), &bytes));
    auto binary = wasm::vec<byte_t>::make(bytes.size, bytes.data);
    wasm_byte_vec_delete(&bytes);
    return binary;
}

inline wasm::own<wasm::Module> module_of(wasm::Store* store, const std::string& text) {
    auto module = wasm::Module::make(store, binary_of(text));
    CHECK(module);
    return module;
}

template <class... Imports>
wasm::own<wasm::Instance> instance_of(wasm::Store* store, const wasm::Module* module, Imports*... imports) {
    wasm::Extern* externs[] = {imports..., nullptr};
    auto instance = wasm::Instance::make(store, module, wasm::vec<wasm::Extern*>::make(sizeof...(Imports), externs));
    CHECK(instance);
    return instance;
}

inline wasm::Func* func_at(wasm::ownvec<wasm::Extern>& exports, std::size_t i) {
    CHECK(i < exports.size() && exports[i]->kind() == wasm::ExternKind::FUNC && exports[i]->func());
    return exports[i]->func();
}

template <class... Args>
Vals results_of(const wasm::Func* f, Args&&... args) {
    Vals results = Vals::make_uninitialized(f->result_arity());
    auto trap = f->call(Vals::make(std::forward<Args>(args)...), results);
    CHECK(!trap);
    return results;
}

template <class... Args>
std::int32_t call_i32(const wasm::Func* f, Args... args) {
    return results_of(f, wasm::Val::i32(args)...)[0].i32();
}

template <class... Args>
void call_traps(const wasm::Func* f, Args... args) {
    Vals results = Vals::make_uninitialized(f->result_arity());
    CHECK(f->call(Vals::make(wasm::Val::i32(args)...), results));
}

template <class... Kinds>
Types types_of(Kinds... kinds) {
    return Types::make(wasm::ValType::make(kinds)...);
}

inline int done() {
    std::cout << "Done.\n";
    return 0;
}
