// One module, in a sandbox of its own: what it was granted, and how it runs. core_module.cpp and component_module.cpp are its two forms.
#pragma once
#include <fstream>
#include <future>
#include <iterator>
#include <memory>

#include <heddle/wasi.hpp>

#include "services.hpp"

class Module {
public:
    Module(std::string name, const Options& o, Seen& seen) : name(std::move(name)), services(o, seen), options_(o), seen_(seen) {
        wasi_.dir(o.config, "/config", heddle::wasi::ReadOnly).inherit_stderr();
        if (this->name == "server") wasi_.listen(o.socket);
    }
    virtual ~Module() = default;

    // What is wrong, or nothing.
    virtual std::optional<std::string> load(const heddle::Engine& engine) = 0;
    void run(unsigned server_port) {
        services.server_port = server_port;
        auto wrong = init("/config/" + name + ".conf");
        if (wrong) say(name, *wrong);
        failed = wrong.has_value();
        announce();
    }
    unsigned port() const { return *wasi_.listener_port(0); }

    const std::string name;
    Services services;
    std::promise<void> ready;  // it has done the first thing that others wait for
    std::atomic<bool> failed = false;

protected:
    // Runs it to its end. What went wrong, or nothing.
    virtual std::optional<std::string> init(const std::string& config) = 0;
    // How many messages it has had: its export `status`, called while `init` waits.
    virtual heddle::Result<int> status() = 0;

    void announce() {
        if (!announced_.exchange(true)) ready.set_value();
    }
    bool announced(bool done) { return announce(), done; }
    // Every second.
    void ask_status() {
        if (now() < next_status_) return;
        next_status_ = now() + 1000;
        auto count = status();
        say(name, count ? "status " + std::to_string(*count) : count.error().message);
        ++seen_.statuses;
    }
    std::vector<heddle::u8> file(const std::string& ending) const {
        std::ifstream in(path(ending), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::string path(const std::string& ending) const { return options_.modules + "/" + name + ending; }

    heddle::wasi::Context wasi_;

private:
    const Options& options_;
    Seen& seen_;
    std::atomic<bool> announced_ = false;
    double next_status_ = now() + 1000;
};

std::unique_ptr<Module> core_module(const heddle::Engine& engine, std::string name, const Options& o, Seen& seen);
std::unique_ptr<Module> component_module(const heddle::Engine& engine, std::string name, const Options& o, Seen& seen);
