// WASI: what a guest program may see of the world. A fresh Context grants nothing but clocks and random bytes: no arguments, no
// environment, no files, no sockets; standard input is empty, standard output and error go nowhere.
//
//     heddle::wasi::Context wasi;
//     wasi.args({"tool", "--help"}).env("LANG", "C").inherit_stdio().dir("data", "/data", heddle::wasi::ReadOnly);
//     heddle::Linker linker(engine);
//     if (auto ok = heddle::wasi::add(linker, wasi); !ok) return complain(ok.error());     // "data: no such file or directory"
//     auto instance = linker.instantiate(store, *module);
//     auto run = instance->func<void()>("_start");
//     auto result = (*run)();                                                              // exit(3): a trap of code exited
//     int code = result ? 0 : wasi.exit_code().value_or(134);
//
// One Context is one run of one program: its standard streams, its exit code, its cancellation. A Context is a handle: copies are the same one.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <heddle/component.hpp>
#include <heddle/engine.hpp>

namespace heddle::wasi {

struct ContextData;

enum class Access : u8 { ReadOnly, ReadWrite };
using enum Access;

// Never more than these, however much is granted.
struct Limits {
    u32 open_files = 256;                    // descriptors one program has at once: EMFILE
    u32 path_bytes = 4096;                   // ENAMETOOLONG
    u32 poll_subscriptions = 4096;           // of one poll: EINVAL
    u64 random_bytes = u64(64) << 20;        // of one call: EINVAL
    u64 captured_bytes = u64(64) << 20;      // of one captured stream: ENOSPC
    // Of components:
    std::optional<u64> host_bytes = {};      // held by the host for one guest: handles, buffers, fields, pending writes. Else component::Limits::host_bytes
    u32 resources = 65'536;                  // handles to resources of the host at once
};

class Context {
public:
    Context();

    // ---- what the program is told
    Context& args(std::vector<std::string> all);              // the program's name first
    Context& arg(std::string one);
    Context& env(std::string name, std::string value);        // a later value of the same name replaces an earlier one
    Context& inherit_env();                                   // all of this process's environment

    // ---- standard streams
    Context& inherit_stdio();                                 // all three
    Context& inherit_stdin();
    Context& inherit_stdout();
    Context& inherit_stderr();
    Context& stdin_bytes(std::string bytes);
    Context& stdin_fd(int fd);                                // borrowed: keep it open while the program runs
    Context& stdout_fd(int fd);
    Context& stderr_fd(int fd);
    Context& capture_stdout();                                // see captured_stdout()
    Context& capture_stderr();

    // ---- files: the host's directory under a name the guest sees, and everything beneath it; nothing above, whatever a path or link says.
    // With ReadOnly nothing in it can be changed: EROFS. An error is kept and reported by add().
    Context& dir(std::string host_path, std::string guest_path, Access access = ReadWrite);

    // ---- sockets the program may accept connections from, in this order: descriptors after the directories, or heddle:sockets/preopens
    Context& listen(std::string address);                     // "127.0.0.1:8080", "[::1]:8080", "8080" (on 127.0.0.1); port 0: any
    Context& listener(int fd);                                // a listening socket; taken over
    // The port of the nth listener.
    std::optional<u16> listener_port(std::size_t n) const;

    // ---- hosts the program may send HTTP requests to: "https://api.example.com", "http://127.0.0.1:8080", "https://*.example.com". Scheme, host
    // and port must match. What a name resolves to must be a public address, or be granted itself. An error is kept and reported by add().
    Context& allow_host(std::string rule);

    // ---- the network, for components: nothing unless granted. A rule that cannot be read is an error that add() reports.
    // "tcp:connect:HOST:PORT" or "udp:connect:HOST:PORT". HOST: an address ([::1] in brackets), a network (10.0.0.0/8), a name, or *; PORT: a
    // number, a range (8000-8099), or *. A name also grants its look-up, and means the addresses that this look-up gave.
    Context& allow_net(std::string rule);
    // "ADDRESS:PORT", "tcp:ADDRESS:PORT" or "udp:ADDRESS:PORT", where the program may bind, listen and hear; port 0: any free one.
    Context& allow_listen(std::string rule);
    Context& allow_lookup(std::string name);                  // "example.com", "*.example.com", "*"
    Context& inherit_network();                               // everything this process may do

    // ---- clocks and chance; by default the system's
    Context& wall_clock(std::function<u64()> nanoseconds_since_1970);
    Context& monotonic_clock(std::function<u64()> nanoseconds);
    Context& random(std::function<void(std::span<u8>)> fill);
    Context& random_seed(u64 seed);                           // the same bytes in every run: for tests, not for keys

    Context& limits(const Limits& limits);

    // ---- while and after it runs
    // From any thread or a signal handler, together with Store::interrupt: reads, polls and sleeps end at once (the guest sees EINTR), so
    // that the interruption reaches a waiting guest. Stays until resume().
    void cancel() noexcept;
    void resume() noexcept;
    // What the guest gave to proc_exit.
    std::optional<i32> exit_code() const;
    std::string captured_stdout() const;
    std::string captured_stderr() const;

    ContextData& data() const { return *data_; }

private:
    std::shared_ptr<ContextData> data_;
};

// Registers WASI preview 1: the modules `wasi_snapshot_preview1` (46 functions) and `wasi_unstable` (45, its older layouts), which share one
// table of open files: descriptors 0 to 2 are the standard streams, then the directories in order, then the listeners. The program's memory is
// its export "memory". Errors: what was wrong with the Context (a directory that cannot be opened, an address in use).
Result<void> add(Linker& linker, const Context& context);

// Registers WASI 0.2.12 for components: every interface of wasi:io, clocks, random, cli, filesystem and sockets; imports of any 0.2 version are
// served. One linker serves any number of Stores; each sees `context`, or the one it was given with attach(). Errors: as above.
Result<void> add_p2(ComponentLinker& linker, const Context& context);
// WASI 0.3.0, likewise. A component may import both.
Result<void> add_p3(ComponentLinker& linker, const Context& context);
// Both, and heddle:sockets/preopens (see wasi/README.md), which gives components the listening sockets of Context::listen.
Result<void> add(ComponentLinker& linker, const Context& context);

// Gives a Store a Context of its own, before its first instance. Also sets Store::on_park. Errors: what was wrong with the Context; usage, when
// the Store has one already.
Result<void> attach(Store& store, const Context& context);

// Runs a command to its end: wasi:cli/run of the newest version it exports. The exit code: what the guest gave to exit, else 0 or 1.
// Errors: usage (it exports no wasi:cli/run), trapped.
Result<int> run(Store& store, const ComponentInstance& instance);

}  // namespace heddle::wasi
