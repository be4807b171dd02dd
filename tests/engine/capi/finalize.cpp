// Host infos are finalized with their Store, each once.
#include "support.hpp"

static int live = 0;
static void finalize(void*) { --live; }

int main() {
    constexpr int instances = 5000;
    {
        auto engine = wasm::Engine::make();
        auto store = wasm::Store::make(engine.get());
        auto module = module_of(store.get(), R"((module (func (export "f"))))");
        for (int i = 0; i < instances; ++i) {
            auto instance = wasm::Instance::make(store.get(), module.get(), wasm::vec<wasm::Extern*>::make());
            CHECK(instance);
            instance->set_host_info(&live, &finalize);
            CHECK(instance->copy()->get_host_info() == &live);
            ++live;
        }
        CHECK(live == instances);
    }
    CHECK(live == 0);
    return done();
}
