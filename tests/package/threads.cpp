// One Module, a Store for each thread.
#include <atomic>
#include <iostream>
#include <thread>
#include <vector>

#include <heddle/engine.hpp>
#include <heddle/text.hpp>

int main() {
    auto bytes = heddle::text::assemble("(module (func (export \"run\") (param i32) (result i32) (i32.mul (local.get 0) (local.get 0))))");
    heddle::Engine engine;
    auto module = heddle::Module::load(engine, *bytes);
    std::atomic<int> sum = 0;
    std::vector<std::thread> threads;
    for (int i = 1; i <= 4; ++i)
        threads.emplace_back([&, i] {
            heddle::Store store(engine);
            auto instance = heddle::Linker(engine).instantiate(store, *module);
            sum += *(*instance->func<heddle::i32(heddle::i32)>("run"))(i);
        });
    for (std::thread& t : threads) t.join();
    std::cout << sum + 11 << "\n";
}
