// The host of pubsub: three modules side by side, one of them a server on a socket it was given, and what they may ask for. See ../README.md.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <thread>

#include "module.hpp"

namespace {

int usage() {
    std::fprintf(stderr, "pubsub_host --gateway-allowed-host http://HOST:PORT [--server-socket-address 127.0.0.1:8080] [--form module|component] [--modules DIR] [--config DIR] [--seconds N]\n");
    return 2;
}

std::optional<Options> parse(int argc, char** argv) {
    Options o;
    std::map<std::string, std::string*> texts{
        {"--modules", &o.modules}, {"--config", &o.config}, {"--server-socket-address", &o.socket}, {"--gateway-allowed-host", &o.allowed}, {"--form", &o.form}};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return std::nullopt;
        if (argv[i] == std::string("--seconds")) o.seconds = std::atoi(argv[i + 1]);
        else if (auto known = texts.find(argv[i]); known != texts.end()) *known->second = argv[i + 1];
        else return std::nullopt;
    }
    return o.form == "module" || o.form == "component" ? std::optional(o) : std::nullopt;
}

// For the main thread alone.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int s : {SIGTERM, SIGINT}) sigaddset(&signals, s);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    return signals;
}

void report(Seen& seen) {
    std::ranges::sort(seen.latencies);
    auto at = [&](double share) { return seen.latencies.empty() ? 0 : seen.latencies[std::size_t(share * double(seen.latencies.size() - 1))]; };
    std::printf("published %d, read %zu, posted %d, refused %d, statuses %d; publish to read: p50 %.2f ms, p99 %.2f ms, most %.2f ms\n", seen.published, seen.latencies.size(),
                seen.posted, seen.refused, seen.statuses.load(), at(0.5), at(0.99), at(1));
}

}  // namespace

int main(int argc, char** argv) {
    auto o = parse(argc, argv);
    if (!o) return usage();
    sigset_t signals = block_signals();
    heddle::Engine engine;
    Seen seen;
    auto make = o->form == "component" ? component_module : core_module;
    auto server = make(engine, "server", *o, seen), gateway = make(engine, "gateway", *o, seen), telemetry = make(engine, "telemetry", *o, seen);
    for (Module* m : {server.get(), gateway.get(), telemetry.get()}) {
        if (auto wrong = m->load(engine)) {
            say("host", *wrong);
            std::_Exit(1);
        }
    }
    std::vector<std::thread> threads;
    for (Module* m : {server.get(), gateway.get(), telemetry.get()}) {
        threads.emplace_back([m, &server] { m->run(server->port()); });
        if (m != server.get()) m->ready.get_future().wait();  // the gateway has subscribed, then telemetry has published: nothing is missed, nobody sleeps
    }
    say("host", "ready on port " + std::to_string(server->port()));
    timespec time{o->seconds, 0};
    if (o->seconds) sigtimedwait(&signals, nullptr, &time);
    else sigwaitinfo(&signals, nullptr);
    for (auto [m, thread] : {std::pair(telemetry.get(), 2), std::pair(gateway.get(), 1), std::pair(server.get(), 0)}) {  // in the order in which messages flow
        m->services.stop = true;
        threads[std::size_t(thread)].join();
    }
    report(seen);
    return server->failed || gateway->failed || telemetry->failed;
}
