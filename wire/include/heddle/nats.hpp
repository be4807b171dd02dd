// Many machines: apps of this process answer on NATS, call there what they do not hold, and may keep their key-value store there.
//
//     heddle::wire::use_nats({.servers = "nats://127.0.0.1:4222", .retries = 3, .patience = 2s});
//     auto server = heddle::wire::AppServer::start("app.toml", {}, {});            // one of any number, on any number of machines
#pragma once
#include <chrono>
#include <functional>
#include <string>

#include <heddle/types.hpp>

namespace heddle::wire {

// A process has one connection, whatever apps it loads; it is made when it is first needed.
struct NatsOptions {
    std::string servers = {};                            // "nats://host:4222", or several after commas; empty: none, this process is on its own
    // Of calls of ops that other processes hold:
    u32 retries = 0;                                     // after no answer in time, nobody to ask, or too much to do: the call may have been done before
    std::chrono::milliseconds patience{0};               // for one answer; 0: as long as the call may last
    std::function<void(const std::string& level, const std::string& message)> log = {};  // lost and found connections; from any thread
};

// For apps that are loaded from now on. Not while one is in service.
void use_nats(NatsOptions options);
bool uses_nats();

}  // namespace heddle::wire
