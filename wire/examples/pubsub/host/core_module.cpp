// A module that is a core module: strings are addresses and lengths in its memory, and it waits inside of the host's function.
#include "module.hpp"

using heddle::Caller, heddle::u32, heddle::i32;

namespace {

class CoreModule final : public Module {
public:
    CoreModule(const heddle::Engine& engine, std::string name, const Options& o, Seen& seen) : Module(std::move(name), o, seen), store_(engine), linker_(engine) {}

    std::optional<std::string> load(const heddle::Engine& engine) override {
        auto module = heddle::Module::load(engine, file(".wasm"), name);
        if (!module) return path(".wasm") + ": " + module.error().message;
        if (auto ok = heddle::wasi::add(linker_, wasi_); !ok) return ok.error().message;
        offer();
        auto instance = linker_.instantiate(store_, *module);
        if (!instance) return name + ": " + instance.error().message;
        instance_ = *instance;
        auto initialize = instance_.func<void()>("_initialize");
        if (auto ok = (*initialize)(); !ok) return name + ": " + ok.error().message;
        status_ = *instance_.func<i32()>("status");
        return std::nullopt;
    }

private:
    std::optional<std::string> init(const std::string& config) override {
        auto at = (*instance_.func<u32(u32)>("alloc"))(u32(config.size()));
        if (!at || !instance_.find_memory("memory")->write(*at, config.data(), config.size())) return "no room for the path of its settings";
        // The server's third argument: the descriptor of its socket, which follows the directory's.
        auto end = name == "server" ? (*instance_.func<i32(u32, u32, i32)>("init"))(*at, u32(config.size()), 4) : (*instance_.func<i32(u32, u32)>("init"))(*at, u32(config.size()));
        if (!end) return end.error().message;
        return *end ? std::optional("init gave " + std::to_string(*end)) : std::nullopt;
    }
    heddle::Result<int> status() override { return (*status_)(); }

    // Steps until there is something; its own export is called above this call, on the same thread.
    template <class Step>
    auto wait(Step step) {
        for (;;) {
            ask_status();
            if (auto r = step()) return *r;
        }
    }
    void offer() {
        auto text = [](Caller& c, u32 p, u32 n) { return std::string(c.memory()->text(p, n)); };
        linker_.func("hostobservability", "loginfo", [=](Caller& c, u32 m, u32 mn, u32 p, u32 n) { say(text(c, m, mn), text(c, p, n)); });
        linker_.func("hostobservability", "publish",
                     [=, this](Caller& c, u32 t, u32 tn, u32 p, u32 n) { return i32(announced(services.publish(text(c, t, tn), text(c, p, n))) ? 0 : -1); });
        linker_.func("hostobservability", "subscribe", [=, this](Caller& c, u32 t, u32 tn) { return i32(announced(services.subscribe(text(c, t, tn))) ? 0 : -1); });
        // The next message's length; -1: the end.
        linker_.func("hostobservability", "read", [=, this](Caller& c, u32 t, u32 tn, u32 to, u32 room) -> i32 {
            auto message = wait([&] { return services.try_read(text(c, t, tn)); });
            if (!message) return -1;
            u32 n = u32(std::min<std::size_t>(room, message->size()));
            return c.memory()->write(to, message->data(), n) ? i32(n) : -1;
        });
        // 1: it is time to end.
        linker_.func("host", "wait", [this](u32 ms) -> i32 { return wait([this, until = now() + ms] { return services.try_wait(until); }); });
        // The status of the answer; -1: refused, or no answer.
        linker_.func("host", "post", [=, this](Caller& c, u32 u, u32 un, u32 p, u32 n) -> i32 { return services.post(name, text(c, u, un), text(c, p, n)).value_or(-1); });
    }

    heddle::Store store_;
    heddle::Linker linker_;
    heddle::Instance instance_;
    std::optional<heddle::TypedFunc<i32()>> status_;
};

}  // namespace

std::unique_ptr<Module> core_module(const heddle::Engine& engine, std::string name, const Options& o, Seen& seen) {
    return std::make_unique<CoreModule>(engine, std::move(name), o, seen);
}
