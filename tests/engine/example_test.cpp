// What an embedder writes: the program of the README, compiled and run.
#include <heddle/engine.hpp>
#include <heddle/text.hpp>

#include <gtest/gtest.h>

namespace {

std::string run_example() {
    std::string printed;
    heddle::Engine engine;
    heddle::Store store(engine);
    auto bytes = heddle::text::assemble(R"((module
        (import "env" "log" (func $log (param i32 i32)))
        (memory (export "memory") 1) (data (i32.const 16) "adding")
        (func (export "add") (param i32 i32) (result i32)
          (call $log (i32.const 16) (i32.const 6))
          (i32.add (local.get 0) (local.get 1)))
        (func (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))))");
    auto module = heddle::Module::load(engine, *bytes);

    heddle::Linker linker(engine);
    linker.func("env", "log", [&](heddle::Caller& caller, heddle::u32 at, heddle::u32 n) { printed += caller.memory()->text(at, n); });
    auto instance = linker.instantiate(store, *module);
    if (!instance) return instance.error().to_string();

    auto add = instance->func<heddle::i32(heddle::i32, heddle::i32)>("add");
    printed += " " + std::to_string((*add)(1, 2).value());

    auto divide = instance->func<heddle::i32(heddle::i32, heddle::i32)>("divide");
    auto nothing = (*divide)(1, 0);
    return printed + ", " + nothing.error().to_string();
}

TEST(Example, an_embedder_calls_a_guest_and_is_called_back) { EXPECT_EQ(run_example(), "adding 3, trapped: integer divide by zero"); }

}  // namespace
