// The host of pubsub: three modules side by side, one of them a server on a socket it was given, and what they may ask for. See README.md.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <thread>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <heddle/fetch.hpp>
#include <heddle/wasi.hpp>

using namespace std::chrono;
using heddle::Caller, heddle::u32, heddle::i32;

namespace {

struct Options {
    std::string modules = ".", config = "config", socket = "127.0.0.1:8080", allowed;
    int seconds = 0;  // 0: until SIGTERM or SIGINT
};
struct Seen {
    std::vector<double> latencies;  // milliseconds from publish to read
    int published = 0, posted = 0, refused = 0;
    std::atomic<int> statuses = 0;
};

double now() { return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count(); }
void say(const std::string& module, const std::string& message) { std::fprintf(stderr, "%s: %s\n", module.c_str(), message.c_str()); }

// A connection to the server module, made at the first use. Lines both ways.
class Line {
public:
    Line(u32 port = 0) : port_(port) {}
    Line(const Line&) = delete;
    ~Line() { if (fd_ >= 0) close(fd_); }
    bool send(const std::string& line) {
        if (fd_ < 0) {
            sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(uint16_t(port_)), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
            fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return false;
        }
        return write(fd_, line.data(), line.size()) == ssize_t(line.size());
    }
    // The next line; nothing: not within that time.
    std::optional<std::string> receive(milliseconds at_most) {
        for (auto until = steady_clock::now() + at_most;;) {
            if (std::size_t end = buffer_.find('\n'); end != buffer_.npos) {
                std::string line = buffer_.substr(0, end);
                buffer_.erase(0, end + 1);
                return line;
            }
            pollfd ready{fd_, POLLIN, 0};
            auto left = duration_cast<milliseconds>(until - steady_clock::now()).count();
            if (left < 0 || poll(&ready, 1, int(left)) <= 0) return std::nullopt;
            char bytes[4096];
            ssize_t n = read(fd_, bytes, sizeof bytes);
            if (n <= 0) return std::nullopt;
            buffer_.append(bytes, std::size_t(n));
        }
    }

private:
    u32 port_;
    int fd_ = -1;
    std::string buffer_;
};

// One module: its world, and what it was granted.
class Module {
public:
    Module(const heddle::Engine& engine, std::string name, const Options& o, Seen& seen) : name(std::move(name)), options_(o), seen_(seen), store_(engine), linker_(engine) {
        wasi_.dir(o.config, "/config", heddle::wasi::ReadOnly).inherit_stderr();
        if (this->name == "server") wasi_.listen(o.socket);
    }
    // What is wrong, or nothing.
    std::optional<std::string> load(const heddle::Engine& engine) {
        std::ifstream file(options_.modules + "/" + name + ".wasm", std::ios::binary);
        std::vector<heddle::u8> bytes{std::istreambuf_iterator<char>(file), {}};
        auto module = heddle::Module::load(engine, std::move(bytes), name);
        if (!module) return options_.modules + "/" + name + ".wasm: " + module.error().message;
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
    u32 port() const { return *wasi_.listener_port(0); }
    void run(u32 server_port) {
        server_port_ = server_port;
        std::string path = "/config/" + name + ".conf";
        auto at = (*instance_.func<u32(u32)>("alloc"))(u32(path.size()));
        instance_.find_memory("memory")->write(*at, path.data(), path.size());
        // The server's second argument: the descriptor of its socket, which follows the directory's.
        auto end = name == "server" ? (*instance_.func<i32(u32, u32, i32)>("init"))(*at, u32(path.size()), 4) : (*instance_.func<i32(u32, u32)>("init"))(*at, u32(path.size()));
        if (!end) say(name, end.error().message);
        failed = !end || *end != 0;
        announce();
    }
    void announce() { if (!announced_.exchange(true)) ready.set_value(); }

    const std::string name;
    std::promise<void> ready;
    std::atomic<bool> stop = false, failed = false;

private:
    // Every second, while the module waits in a host call: its own export is called above that.
    void ask_status() {
        if (now() < next_status_) return;
        next_status_ = now() + 1000;
        auto count = (*status_)();
        say(name, count ? "status " + std::to_string(*count) : count.error().message);
        ++seen_.statuses;
    }
    Line& line(const std::string& topic) { return lines_.try_emplace(topic, server_port_).first->second; }
    void offer() {
        auto text = [](Caller& c, u32 p, u32 n) { return std::string(c.memory()->text(p, n)); };
        linker_.func("hostobservability", "loginfo", [=](Caller& c, u32 m, u32 mn, u32 p, u32 n) { say(text(c, m, mn), text(c, p, n)); });
        linker_.func("hostobservability", "publish", [=, this](Caller& c, u32 t, u32 tn, u32 p, u32 n) -> i32 {
            bool sent = line("").send("PUB " + text(c, t, tn) + " " + std::to_string(now()) + " " + text(c, p, n) + "\n") && line("").receive(5s) == "OK";
            seen_.published += sent;
            announce();
            return sent ? 0 : -1;
        });
        linker_.func("hostobservability", "subscribe", [=, this](Caller& c, u32 t, u32 tn) -> i32 {
            Line& to = line(text(c, t, tn));
            bool done = to.send("SUB " + text(c, t, tn) + "\n") && to.receive(5s) == "OK";
            announce();
            return done ? 0 : -1;
        });
        // The next message's length; -1: the end.
        linker_.func("hostobservability", "read", [=, this](Caller& c, u32 t, u32 tn, u32 to, u32 room) -> i32 {
            for (Line& from = line(text(c, t, tn));;) {
                ask_status();
                auto line = from.receive(100ms);  // "MSG topic when message"
                if (!line && stop) return -1;
                if (!line) continue;
                std::size_t when = line->find(' ', 4) + 1, message = line->find(' ', when) + 1;
                seen_.latencies.push_back(now() - std::stod(line->substr(when)));
                u32 n = u32(std::min<std::size_t>(room, line->size() - message));
                return c.memory()->write(to, line->data() + message, n) ? i32(n) : -1;
            }
        });
        // 1: it is time to end.
        linker_.func("host", "wait", [this](u32 ms) -> i32 {
            for (double until = now() + ms; !stop && now() < until; std::this_thread::sleep_for(duration<double, std::milli>(std::clamp(until - now(), 0.0, 50.0)))) ask_status();
            ask_status();
            return stop;
        });
        // The status of the answer; -1: refused, or no answer.
        linker_.func("host", "post", [=, this](Caller& c, u32 u, u32 un, u32 p, u32 n) -> i32 {
            auto response = heddle::http::fetch({.method = "POST", .url = text(c, u, un), .body = text(c, p, n), .allowed = {options_.allowed}, .time = 5s});
            ++(response ? seen_.posted : seen_.refused);
            if (!response) say(name, response.error().message);
            return response ? response->status : -1;
        });
    }

    const Options& options_;
    Seen& seen_;
    heddle::wasi::Context wasi_;
    heddle::Store store_;
    heddle::Linker linker_;
    heddle::Instance instance_;
    std::optional<heddle::TypedFunc<i32()>> status_;
    u32 server_port_ = 0;
    std::map<std::string, Line> lines_;  // one for each topic read, and one to publish
    std::atomic<bool> announced_ = false;
    double next_status_ = now() + 1000;
};

int usage() {
    std::fprintf(stderr, "pubsub_host --gateway-allowed-host http://HOST:PORT [--server-socket-address 127.0.0.1:8080] [--modules DIR] [--config DIR] [--seconds N]\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    Options o;
    std::map<std::string, std::string*> texts{{"--modules", &o.modules}, {"--config", &o.config}, {"--server-socket-address", &o.socket}, {"--gateway-allowed-host", &o.allowed}};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc) return usage();
        if (argv[i] == std::string("--seconds")) o.seconds = std::atoi(argv[i + 1]);
        else if (auto known = texts.find(argv[i]); known != texts.end()) *known->second = argv[i + 1];
        else return usage();
    }
    sigset_t signals;  // for the main thread alone
    sigemptyset(&signals);
    for (int s : {SIGTERM, SIGINT}) sigaddset(&signals, s);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);

    heddle::Engine engine;
    Seen seen;
    Module server(engine, "server", o, seen), gateway(engine, "gateway", o, seen), telemetry(engine, "telemetry", o, seen);
    std::vector<std::thread> threads;
    for (Module* m : {&server, &gateway, &telemetry}) {
        if (auto wrong = m->load(engine)) {
            say("host", *wrong);
            std::_Exit(1);
        }
    }
    for (Module* m : {&server, &gateway, &telemetry}) {
        threads.emplace_back([m, &server] { m->run(server.port()); });
        if (m != &server) m->ready.get_future().wait();  // the gateway has subscribed, then telemetry has published: nothing is missed, nobody sleeps
    }
    say("host", "ready on port " + std::to_string(server.port()));
    timespec time{o.seconds, 0};
    if (o.seconds) sigtimedwait(&signals, nullptr, &time);
    else sigwaitinfo(&signals, nullptr);
    for (auto [m, thread] : {std::pair(&telemetry, 2), std::pair(&gateway, 1), std::pair(&server, 0)}) {  // in the order in which messages flow
        m->stop = true;
        threads[std::size_t(thread)].join();
    }
    std::ranges::sort(seen.latencies);
    auto at = [&](double share) { return seen.latencies.empty() ? 0 : seen.latencies[std::size_t(share * double(seen.latencies.size() - 1))]; };
    std::printf("published %d, read %zu, posted %d, refused %d, statuses %d; publish to read: p50 %.2f ms, p99 %.2f ms, most %.2f ms\n", seen.published, seen.latencies.size(),
                seen.posted, seen.refused, seen.statuses.load(), at(0.5), at(0.99), at(1));
    return server.failed || gateway.failed || telemetry.failed;
}
