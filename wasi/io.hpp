// What WASI 0.2 waits for, reads and writes: the bases that files, sockets, standard streams and HTTP bodies derive from.
// https://github.com/WebAssembly/wasi-io
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "guest.hpp"

namespace heddle::wasi {

// Something that is ready or not, and tells when that may have changed. Everything happens on the reactor's thread.
class Source : public Resource {
public:
    static constexpr const char* wit_name = "pollable";
    virtual bool ready() = 0;
    // Makes sure that changed() is called when ready() may have become true: later, from the reactor, never inside this call. Asked whenever
    // somebody waits, so also when it was asked before.
    virtual void arm() = 0;
    // Wakes those who wait.
    void changed();

    struct Wake {
        std::function<void()> f;
    };
    void add_waiter(std::weak_ptr<Wake> w);

private:
    std::vector<std::weak_ptr<Wake>> waiters_;
};

// Calls `then` once, from the reactor, when one of the sources is ready. Call it when none is. Keep what it gives until then.
std::shared_ptr<void> when_any_ready(std::vector<std::shared_ptr<Source>> sources, std::function<void()> then);

// wasi:io/error: what a failed stream tells. HTTP and sockets recognise their own errors in it.
class IoError : public Resource {
public:
    static constexpr const char* wit_name = "error";
    explicit IoError(std::string text, std::optional<Errno> code = std::nullopt) : text(std::move(text)), code(code) {}
    explicit IoError(Errno e) : IoError(heddle::wasi::text(e), e) {}
    bool has_state() const override { return false; }
    std::string text;
    std::optional<Errno> code;
};

// A stream's end: closed, or failed with an error.
struct StreamError {
    std::shared_ptr<IoError> failed;  // null: closed
    static StreamError closed() { return {}; }
    static StreamError of(Errno e) { return {std::make_shared<IoError>(e)}; }
};
template <class T>
using StreamResult = std::expected<T, StreamError>;

class InputStream : public Source {
public:
    static constexpr const char* wit_name = "input-stream";
    // At most `len` bytes of what is there now; none: ready() will tell. The end is StreamError::closed().
    virtual StreamResult<std::vector<u8>> read(u64 len) = 0;
};

// Writes never wait: what cannot leave at once is kept and charged to the guest's budget.
class OutputStream : public Source {
public:
    static constexpr const char* wit_name = "output-stream";
    // How much write() takes now; 0: ready() will tell, also of a flush that ended.
    virtual StreamResult<u64> check_write() = 0;
    // `bytes` are no more than check_write() said.
    virtual StreamResult<void> write(std::span<const u8> bytes) = 0;
    // Begins to bring out everything that was written: until that is done check_write() gives 0.
    virtual StreamResult<void> flush() = 0;
    // The program ends: brings out what it can, waiting for it.
    virtual void drain(const os::Cancellation&) {}
    bool ready() override {
        auto n = check_write();
        return !n || *n > 0;
    }
};

inline constexpr u64 stream_chunk = u64(1) << 16;  // of one read or write that has no better measure

// ---- ready-made ones -------------------------------------------------------------------------------------------------------------------

// A descriptor with what waits for it. Shared by the streams over one socket.
class Channel {
public:
    enum class Kind : u8 { any, socket };  // a socket of ours never makes a call wait
    Channel(Guest& g, std::shared_ptr<os::Descriptor> d, Kind k = Kind::any) : descriptor(std::move(d)), kind(k), reactor_(g.reactor()) {}
    int fd() const { return descriptor->get(); }
    bool can_read() const;
    bool can_write() const;
    // Calls source.changed() when the descriptor is ready. `armed` is the source's note that it asked already.
    void when_readable(Source& source, bool& armed) { when(source, armed, true); }
    void when_writable(Source& source, bool& armed) { when(source, armed, false); }

    std::shared_ptr<os::Descriptor> descriptor;
    const Kind kind;
    bool is_socket() const { return kind == Kind::socket; }

private:
    void when(Source& source, bool& armed, bool reading);
    Reactor& reactor_;
    std::unique_ptr<Watch> watch_;  // goes before the descriptor
};

// Reads what a descriptor that may make one wait has: a pipe, a terminal, a socket.
std::shared_ptr<InputStream> channel_input(std::shared_ptr<Channel> c);
// Writes to one, keeping at most stream_chunk bytes that it does not take yet.
std::shared_ptr<OutputStream> channel_output(Guest& g, std::shared_ptr<Channel> c);
// A file on disk, from an offset on (none: where the descriptor stands).
std::shared_ptr<InputStream> file_input(std::shared_ptr<os::Descriptor> d, std::optional<u64> offset);
enum class WriteAt : u8 { offset, end, position };
std::shared_ptr<OutputStream> file_output(std::shared_ptr<os::Descriptor> d, WriteAt where, u64 offset = 0);
// The standard streams of the Context: 0, 1, 2. The same object every time.
std::shared_ptr<InputStream> standard_input(Guest& g);
std::shared_ptr<OutputStream> standard_output(Guest& g, int n);
// Ready after so many nanoseconds.
std::shared_ptr<Source> timer(Guest& g, u64 nanoseconds);

}  // namespace heddle::wasi
