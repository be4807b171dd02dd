// What a Context holds: the policy, independent of any WASI version.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <heddle/wasi.hpp>

#include "network.hpp"
#include "os/clock.hpp"
#include "os/path.hpp"
#include "os/wait.hpp"

namespace heddle::http {
struct Outbound;
}

namespace heddle::wasi::p1 {
struct Process;
}

namespace heddle::wasi {

// One standard stream: the system's, or bytes in memory.
struct Stream {
    enum class Kind : u8 { nothing, bytes, descriptor } kind = Kind::nothing;
    std::shared_ptr<os::Descriptor> descriptor;
    std::string bytes;      // still to be read from `at`, or captured
    std::size_t at = 0;
    std::size_t limit = 0;  // of captured bytes
};

struct Directory {
    std::shared_ptr<os::Descriptor> descriptor;
    std::string guest_path;
    bool read_only = false;
};

class Reactor;
class Tracer;
struct Drafts;

struct ContextData {
    std::vector<std::string> args;
    std::vector<std::pair<std::string, std::string>> env;
    std::shared_ptr<Stream> streams[3];
    std::vector<Directory> directories;
    std::vector<std::shared_ptr<os::Descriptor>> listeners;
    NetworkPolicy network;
    std::function<u64()> wall_clock, monotonic_clock;      // empty: the system's
    std::function<void(std::span<u8>)> random;
    Limits limits;
    os::Confinement confinement = os::Confinement::automatic;
    os::Cancellation cancellation;
    std::shared_ptr<Reactor> reactor;                      // empty: each guest of components makes its own
    std::shared_ptr<http::Outbound> outbound;              // what wasi:http may reach
    std::shared_ptr<Tracer> tracer;                        // empty: calls are not traced
    std::shared_ptr<Drafts> drafts;                        // empty: no configuration, no stores, no log
    std::vector<std::weak_ptr<p1::Process>> processes;     // that were linked with preview 1
    std::optional<i32> exit_code;
    std::optional<Error> error;                            // the first thing that went wrong while it was built

    ContextData();
    Os<u64> time(os::ClockId clock) const;
    Os<void> fill_random(std::span<u8> bytes) const;
};

}  // namespace heddle::wasi
