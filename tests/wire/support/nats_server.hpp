// A nats-server of one's own on a free port of the loopback address, for as long as it lives; and guests that only hand on.
#pragma once
#include <fstream>
#include <sstream>
#include <thread>

#include <csignal>
#include <spawn.h>
#include <sys/wait.h>

#include <gtest/gtest.h>

#include <heddle/app_server.hpp>
#include <heddle/nats.hpp>

#include "support/guests.hpp"

extern char** environ;

namespace heddle::wire::testing {

class NatsServer {
public:
    NatsServer() {
        for (const char* path : {"/usr/sbin/nats-server", "/usr/bin/nats-server", "/usr/local/bin/nats-server"})
            if (std::filesystem::exists(path)) program_ = path;
        if (program_.empty()) return;
        std::string folder = folder_.path(), log = folder + "/log";
        const char* args[] = {program_.c_str(), "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder.c_str(), "-l", log.c_str(), "--ports_file_dir", folder.c_str(), nullptr};
        if (posix_spawn(&process_, program_.c_str(), nullptr, nullptr, const_cast<char**>(args), environ) != 0) return;
        std::string ports = folder + "/nats-server_" + std::to_string(process_) + ".ports";
        for (int i = 0; i < 2'000 && url_.empty(); ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
            std::stringstream text;
            text << std::ifstream(ports).rdbuf();
            std::string s = text.str();
            std::size_t begin = s.find("nats://"), end = s.find('"', begin);
            if (begin != s.npos && end != s.npos) url_ = s.substr(begin, end - begin);
        }
    }
    ~NatsServer() {
        if (process_ <= 0) return;
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }
    NatsServer(const NatsServer&) = delete;
    bool installed() const { return !program_.empty(); }
    const std::string& url() const { return url_; }

private:
    Folder folder_;
    std::string program_, url_;
    pid_t process_ = 0;
};

// Tests of processes on one server.
class NatsFixture : public ::testing::Test {
protected:
    void SetUp() override {
        if (!server.installed()) GTEST_SKIP() << "nats-server is not installed";
        ASSERT_FALSE(server.url().empty()) << "nats-server did not start";
        use_nats({.servers = server.url()});
    }
    void TearDown() override { use_nats({}); }
    // One process more, as far as NATS sees, of an app with these files beside its manifest.
    AppServer serve_with(const std::vector<std::pair<std::string, std::string>>& files, const std::string& manifest, AppOptions options = {}) {
        folders.push_back(std::make_unique<Folder>());
        for (const auto& [name, text] : files) folders.back()->write(name, text);
        auto s = AppServer::start(folders.back()->write("app.toml", "name = \"shop\"\n" + manifest), std::move(options), {.listen = "127.0.0.1:0"});
        if (!s) throw std::runtime_error(s.error().message);
        return std::move(*s);
    }

    NatsServer server;
    std::vector<std::unique_ptr<Folder>> folders;
};

// Makes the host call that its materializer is named after, with its own input, and gives back what that gave.
inline const char* relay_guest = R"((module
  (import "cw:host" "result" (func $result (param i32 i32)))
  (import "cw:host" "hostcall" (func $hostcall (param i32 i32 i32 i32) (result i64)))
  (import "cw:host" "take" (func $take (param i32)))
  (memory (export "memory") 8)
  (global $heap (mut i32) (i32.const 8192))
  (func (export "cw_abi") (result i32) (i32.const 1))
  (func (export "cw_alloc") (param $n i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $heap))
    (global.set $heap (i32.and (i32.add (i32.add (global.get $heap) (local.get $n)) (i32.const 15)) (i32.const -8)))
    (local.get $at))
  (func (export "cw_free") (param i32 i32))
  (func (export "cw_init") (param i32 i32) (result i32) (i32.const 0))
  (func (export "cw_handle") (param $op i32) (param $opn i32) (param $in i32) (param $n i32) (result i32)
    (local $r i64)
    (local.set $r (call $hostcall (local.get $op) (local.get $opn) (local.get $in) (local.get $n)))
    (call $take (global.get $heap))
    (call $result (global.get $heap) (i32.wrap_i64 (local.get $r)))
    (select (i32.const 0) (i32.const 3) (i64.eqz (i64.shr_u (local.get $r) (i64.const 32))))))
)";
// Numbers: `add` and `loop`, which has no end.
inline const char* number_guest = R"((module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "loop") (loop $forever (br $forever)))))";

}  // namespace heddle::wire::testing
