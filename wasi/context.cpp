#include "context.hpp"

#include "http/client.hpp"

#include <algorithm>

#include "os/environment.hpp"
#include "os/socket.hpp"

namespace heddle::wasi {

namespace {

constexpr std::size_t random_chunk = std::size_t(1) << 20;

void note(ContextData& c, Error::Kind kind, std::string message) {
    if (!c.error) c.error = Error{kind, std::move(message)};
}

bool has_nul(const std::string& s) { return s.find('\0') != s.npos; }

std::shared_ptr<Stream> borrowed(int fd) {
    auto s = std::make_shared<Stream>();
    s->kind = Stream::Kind::descriptor;
    s->descriptor = std::make_shared<os::Descriptor>(fd, false);
    return s;
}

std::shared_ptr<Stream> captured(const ContextData& c) {
    auto s = std::make_shared<Stream>();
    s->kind = Stream::Kind::bytes;
    s->limit = c.limits.captured_bytes;
    return s;
}

// SplitMix64: well distributed, repeatable, not secret.
struct Seeded {
    u64 state;
    void operator()(std::span<u8> bytes) {
        for (std::size_t i = 0; i < bytes.size(); i += 8) {
            u64 z = state += 0x9e3779b97f4a7c15;
            z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
            z = (z ^ z >> 27) * 0x94d049bb133111eb;
            z ^= z >> 31;
            for (std::size_t k = i; k < std::min(i + 8, bytes.size()); ++k, z >>= 8) bytes[k] = u8(z);
        }
    }
};

}  // namespace

ContextData::ContextData() {
    for (auto& s : streams) s = std::make_shared<Stream>();
    outbound = std::make_shared<http::Outbound>();
}

Os<u64> ContextData::time(os::ClockId clock) const {
    if (clock == os::ClockId::realtime && wall_clock) return wall_clock();
    if (clock == os::ClockId::monotonic && monotonic_clock) return monotonic_clock();
    return os::clock_time(clock);
}

Os<void> ContextData::fill_random(std::span<u8> bytes) const {
    while (!bytes.empty()) {
        if (cancellation.is_set()) return fail(Errno::intr);
        std::span<u8> chunk = bytes.first(std::min(bytes.size(), random_chunk));
        if (random) random(chunk);
        else if (Os<void> r = os::fill_random(chunk); !r) return r;
        bytes = bytes.subspan(chunk.size());
    }
    return {};
}

Context::Context() : data_(std::make_shared<ContextData>()) {}

Context& Context::args(std::vector<std::string> all) {
    data_->args.clear();
    for (std::string& a : all) arg(std::move(a));
    return *this;
}

Context& Context::arg(std::string one) {
    if (has_nul(one)) note(*data_, Error::Kind::usage, "an argument contains a NUL byte");
    data_->args.push_back(std::move(one));
    return *this;
}

Context& Context::env(std::string name, std::string value) {
    if (name.empty() || name.find('=') != name.npos || has_nul(name) || has_nul(value))
        note(*data_, Error::Kind::usage, "not a name and value for the environment: '" + name + "'");
    auto same = std::find_if(data_->env.begin(), data_->env.end(), [&](const auto& v) { return v.first == name; });
    if (same != data_->env.end()) same->second = std::move(value);
    else data_->env.emplace_back(std::move(name), std::move(value));
    return *this;
}

Context& Context::inherit_env() {
    for (auto& [name, value] : os::environment()) env(std::move(name), std::move(value));
    return *this;
}

Context& Context::inherit_stdio() { return inherit_stdin().inherit_stdout().inherit_stderr(); }
Context& Context::inherit_stdin() { return stdin_fd(0); }
Context& Context::inherit_stdout() { return stdout_fd(1); }
Context& Context::inherit_stderr() { return stderr_fd(2); }

Context& Context::stdin_bytes(std::string bytes) {
    auto s = std::make_shared<Stream>();
    s->kind = Stream::Kind::bytes;
    s->bytes = std::move(bytes);
    data_->streams[0] = std::move(s);
    return *this;
}

Context& Context::stdin_fd(int fd) {
    data_->streams[0] = borrowed(fd);
    return *this;
}
Context& Context::stdout_fd(int fd) {
    data_->streams[1] = borrowed(fd);
    return *this;
}
Context& Context::stderr_fd(int fd) {
    data_->streams[2] = borrowed(fd);
    return *this;
}
Context& Context::capture_stdout() {
    data_->streams[1] = captured(*data_);
    return *this;
}
Context& Context::capture_stderr() {
    data_->streams[2] = captured(*data_);
    return *this;
}

Context& Context::dir(std::string host_path, std::string guest_path, Access access) {
    if (guest_path.empty() || has_nul(guest_path) || has_nul(host_path)) {
        note(*data_, Error::Kind::usage, "not a name for a directory: '" + guest_path + "'");
        return *this;
    }
    Os<os::Descriptor> d = os::open_host_directory(host_path);
    if (!d) note(*data_, Error::Kind::io, host_path + ": " + text(d.error()));
    else data_->directories.push_back({std::make_shared<os::Descriptor>(std::move(*d)), std::move(guest_path), access == ReadOnly});
    return *this;
}

Context& Context::allow_host(std::string rule) {
    auto parsed = http::parse_host_rule(rule);
    if (!parsed) note(*data_, Error::Kind::usage, parsed.error());
    else data_->outbound->rules.push_back(std::move(*parsed));
    return *this;
}

Context& Context::listen(std::string address) {
    Os<os::Descriptor> d = os::listen_at(address);
    if (!d) note(*data_, Error::Kind::io, "cannot listen at " + address + ": " + text(d.error()));
    else data_->listeners.push_back(std::make_shared<os::Descriptor>(std::move(*d)));
    return *this;
}

Context& Context::listener(int fd) {
    auto d = std::make_shared<os::Descriptor>(fd);
    if (!os::is_listener(fd) || !os::set_nonblocking(fd)) note(*data_, Error::Kind::usage, "descriptor " + std::to_string(fd) + " is not a listening socket");
    else data_->listeners.push_back(std::move(d));
    return *this;
}

std::optional<u16> Context::listener_port(std::size_t n) const {
    if (n >= data_->listeners.size()) return std::nullopt;
    Os<u16> port = os::local_port(data_->listeners[n]->get());
    return port ? std::optional<u16>(*port) : std::nullopt;
}

Context& Context::allow_net(std::string rule) {
    if (!data_->network.allow_net(rule))
        note(*data_, Error::Kind::usage, "not a network rule: '" + rule + "'; one is written tcp:connect:HOST:PORT or udp:connect:HOST:PORT");
    return *this;
}
Context& Context::allow_listen(std::string rule) {
    if (!data_->network.allow_listen(rule))
        note(*data_, Error::Kind::usage, "not a place to listen: '" + rule + "'; one is written [tcp:|udp:]ADDRESS:PORT with a numeric address");
    return *this;
}
Context& Context::allow_lookup(std::string name) {
    data_->network.allow_lookup(name);
    return *this;
}
Context& Context::inherit_network() {
    data_->network.allow_all();
    return *this;
}
Context& Context::wall_clock(std::function<u64()> f) {
    data_->wall_clock = std::move(f);
    return *this;
}
Context& Context::monotonic_clock(std::function<u64()> f) {
    data_->monotonic_clock = std::move(f);
    return *this;
}
Context& Context::random(std::function<void(std::span<u8>)> f) {
    data_->random = std::move(f);
    return *this;
}
Context& Context::random_seed(u64 seed) { return random(Seeded{seed}); }

Context& Context::limits(const Limits& limits) {
    data_->limits = limits;
    for (auto& s : data_->streams)
        if (s->limit != 0) s->limit = limits.captured_bytes;
    return *this;
}

void Context::cancel() noexcept { data_->cancellation.set(); }
void Context::resume() noexcept { data_->cancellation.clear(); }

std::optional<i32> Context::exit_code() const { return data_->exit_code; }
std::string Context::captured_stdout() const { return data_->streams[1]->bytes; }
std::string Context::captured_stderr() const { return data_->streams[2]->bytes; }

}  // namespace heddle::wasi
