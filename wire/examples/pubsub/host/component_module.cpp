// A module that is a component: strings are strings, and while it waits it has left the host's function.
#include <heddle/component_async.hpp>

#include "module.hpp"

using heddle::u16, heddle::u32, heddle::component::Async, heddle::component::Pending, heddle::component::async_func, heddle::component::Val;

namespace {

class ComponentModule final : public Module {
public:
    ComponentModule(const heddle::Engine& engine, std::string name, const Options& o, Seen& seen) : Module(std::move(name), o, seen), store_(engine), linker_(engine) {}

    std::optional<std::string> load(const heddle::Engine& engine) override {
        auto component = heddle::Component::load(engine, file(".component.wasm"));
        if (!component) return path(".component.wasm") + ": " + component.error().message;
        if (auto ok = heddle::wasi::add(linker_, wasi_); !ok) return ok.error().message;
        offer();
        auto instance = linker_.instantiate(store_, *component);
        if (!instance) return name + ": " + instance.error().message;
        init_ = instance->find_func("init");
        auto status = instance->func<u32()>("status");
        if (!init_ || !status) return name + ": has no `init` or `status` as in wit/pubsub.wit";
        status_ = *status;
        return std::nullopt;
    }

private:
    std::optional<std::string> init(const std::string& config) override {
        auto call = init_->start({Val::string(config)});
        while (call && !call->is_done()) {
            ask_status();  // nobody is inside of it now
            if (waits_for_ && waits_for_()) waits_for_ = nullptr;
            while (heddle::ComponentScheduler::tick(store_)) {}
        }
        auto end = call ? call->result() : std::unexpected(call.error());
        if (!end) return end.error().message;
        return (*end)->case_index() ? std::optional("init gave an error") : std::nullopt;
    }
    heddle::Result<int> status() override {
        auto n = (*status_)();
        return n ? heddle::Result<int>(int(*n)) : std::unexpected(n.error());
    }

    // The module waits until a step has given something. It waits for one thing at a time.
    template <class T>
    Async<T> when(std::function<std::optional<T>()> step) {
        Pending<T> answer;
        waits_for_ = [answer, step = std::move(step)] {
            auto r = step();
            if (r) answer.set(*r);
            return r.has_value();
        };
        T t = co_await answer;
        co_return t;
    }
    void offer() {
        using Done = std::expected<void, std::monostate>;
        auto done = [](bool ok) { return ok ? Done() : Done(std::unexpect); };
        auto observability = linker_.interface("demo:pubsub/hostobservability@1.0.0"), host = linker_.interface("demo:pubsub/host@1.0.0");
        observability.func("loginfo", [](std::string module, std::string message) { say(module, message); });
        observability.func("publish", [=, this](std::string topic, std::string message) { return done(announced(services.publish(topic, message))); });
        observability.func("subscribe", [=, this](std::string topic) { return done(announced(services.subscribe(topic))); });
        async_func(observability, "read", [this](std::string topic) { return when<Message>([this, topic = std::move(topic)] { return services.try_read(topic); }); });
        async_func(host, "wait", [this](u32 ms) { return when<bool>([this, until = now() + ms] { return services.try_wait(until); }); });
        host.func("post", [this](std::string url, std::string body) -> std::expected<u16, std::monostate> {
            auto status = services.post(name, url, body);
            if (!status) return std::unexpected(std::monostate());
            return u16(*status);
        });
    }

    heddle::Store store_;
    heddle::ComponentLinker linker_;
    std::optional<heddle::ComponentFunc> init_;
    std::optional<heddle::TypedComponentFunc<u32()>> status_;
    std::function<bool()> waits_for_;  // true: it has it
};

}  // namespace

std::unique_ptr<Module> component_module(const heddle::Engine& engine, std::string name, const Options& o, Seen& seen) {
    return std::make_unique<ComponentModule>(engine, std::move(name), o, seen);
}
