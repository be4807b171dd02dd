// An embedder in C++: a module from text, a host function, a call; and that the other libraries' headers and archives are there.
#include <iostream>

#include <heddle/engine.hpp>
#include <heddle/text.hpp>

int main() {
    auto bytes = heddle::text::assemble(R"((module (import "env" "twice" (func $twice (param i32) (result i32)))
        (func (export "run") (param i32) (result i32) (i32.add (call $twice (local.get 0)) (i32.const 1)))))");
    heddle::Engine engine;
    heddle::Store store(engine);
    auto module = heddle::Module::load(engine, *bytes);
    heddle::Linker linker(engine);
    linker.func("env", "twice", [](heddle::i32 v) { return 2 * v; });
    auto instance = linker.instantiate(store, *module);
    auto run = instance->func<heddle::i32(heddle::i32)>("run");
    std::cout << *(*run)(20) << "\n";
}
