#include "io.hpp"

#include <algorithm>

#include "os/clock.hpp"
#include "os/socket.hpp"

namespace heddle::wasi {

// ---- waiting ------------------------------------------------------------------------------------------------------------------------------

void Source::changed() {
    for (const auto& weak : std::exchange(waiters_, {}))
        if (auto w = weak.lock()) w->f();
}

void Source::add_waiter(std::weak_ptr<Wake> w) {
    std::erase_if(waiters_, [](const auto& x) { return x.expired(); });
    waiters_.push_back(std::move(w));
}

namespace {

struct AnyReady : Source::Wake {
    std::vector<std::shared_ptr<Source>> sources;
    std::function<void()> then;

    static void arm(const std::shared_ptr<AnyReady>& self) {
        for (const auto& s : self->sources) {
            s->add_waiter(self);
            s->arm();
        }
    }
};

}  // namespace

std::shared_ptr<void> when_any_ready(std::vector<std::shared_ptr<Source>> sources, std::function<void()> then) {
    auto op = std::make_shared<AnyReady>();
    op->sources = std::move(sources);
    op->then = std::move(then);
    op->f = [weak = std::weak_ptr(op)] {
        auto self = weak.lock();
        if (!self || !self->then) return;
        if (!std::ranges::any_of(self->sources, [](const auto& s) { return s->ready(); })) return AnyReady::arm(self);
        std::exchange(self->then, nullptr)();
    };
    AnyReady::arm(op);
    return op;
}

// ---- descriptors ----------------------------------------------------------------------------------------------------------------------------

namespace {

bool can(int fd, bool read) {
    static const os::Cancellation never;
    os::Interest i{.fd = fd, .read = read, .write = !read};
    Os<os::Woken> w = os::wait({&i, 1}, 0, never);
    return !w || *w == os::Woken::ready;
}

iovec piece(std::span<u8> bytes) { return {bytes.data(), bytes.size()}; }
iovec piece(std::span<const u8> bytes) { return {const_cast<u8*>(bytes.data()), bytes.size()}; }

// What a pipe that says "writable" takes without waiting (PIPE_BUF).
constexpr std::size_t pipe_chunk = 4096;

}  // namespace

bool Channel::can_read() const { return can(fd(), true); }
bool Channel::can_write() const { return can(fd(), false); }

void Channel::when(Source& source, bool& armed, bool reading) {
    if (std::exchange(armed, true)) return;
    if (!watch_) watch_ = std::make_unique<Watch>(reactor_, fd());
    auto tell = [weak = std::weak_ptr(source.shared_from_this()), &armed] {
        auto alive = weak.lock();
        if (!alive) return;
        armed = false;
        static_cast<Source&>(*alive).changed();
    };
    if (reading) watch_->readable(std::move(tell));
    else watch_->writable(std::move(tell));
}

namespace {

class ChannelInput final : public InputStream {
public:
    explicit ChannelInput(std::shared_ptr<Channel> c) : channel_(std::move(c)) {}
    bool ready() override { return ended_ || channel_->can_read(); }
    void arm() override { channel_->when_readable(*this, armed_); }
    StreamResult<std::vector<u8>> read(u64 len) override {
        if (ended_) return std::unexpected(StreamError::closed());
        if (len == 0 || (!channel_->is_socket() && !channel_->can_read())) return std::vector<u8>();
        std::vector<u8> bytes(std::min(len, stream_chunk));
        iovec v = piece(std::span(bytes));
        Os<std::size_t> n = os::read(channel_->fd(), {&v, 1});
        if (!n && n.error() == Errno::again) return std::vector<u8>();
        ended_ = !n || *n == 0;
        if (!n) return std::unexpected(StreamError::of(n.error()));
        if (*n == 0) return std::unexpected(StreamError::closed());
        bytes.resize(*n);
        return bytes;
    }

private:
    std::shared_ptr<Channel> channel_;
    bool armed_ = false, ended_ = false;
};

class ChannelOutput final : public OutputStream {
public:
    ChannelOutput(Guest& g, std::shared_ptr<Channel> c) : channel_(std::move(c)), charge_(g.charge(0)) {}
    void arm() override { channel_->when_writable(*this, armed_); }
    StreamResult<u64> check_write() override {
        push();
        if (auto e = take_error()) return std::unexpected(*e);
        if (ended_) return std::unexpected(StreamError::closed());
        if (flushing_ && !kept_.empty()) return 0;
        flushing_ = false;
        return stream_chunk - kept_.size();
    }
    StreamResult<void> write(std::span<const u8> bytes) override {
        if (ended_) return std::unexpected(StreamError::closed());
        charge_.resize(kept_.size() + bytes.size());
        kept_.insert(kept_.end(), bytes.begin(), bytes.end());
        push();
        if (auto e = take_error()) return std::unexpected(*e);
        return {};
    }
    StreamResult<void> flush() override {
        if (ended_) return std::unexpected(StreamError::closed());
        flushing_ = true;
        push();
        if (auto e = take_error()) return std::unexpected(*e);
        return {};
    }
    void drain(const os::Cancellation& cancellation) override {
        while (!kept_.empty() && !ended_) {
            auto w = os::wait_writable(channel_->fd(), cancellation);
            if (!w || *w != os::Woken::ready) return;
            push();
        }
    }

private:
    // As much as goes without waiting.
    void push() {
        std::size_t done = 0;
        bool socket = channel_->is_socket();
        while (done < kept_.size() && !ended_ && (socket || channel_->can_write())) {
            auto rest = std::span(std::as_const(kept_)).subspan(done);
            iovec v = piece(socket ? rest : rest.first(std::min(rest.size(), pipe_chunk)));
            Os<std::size_t> n = socket ? os::send(channel_->fd(), {&v, 1}) : os::write_stream(channel_->fd(), {&v, 1});
            if (!n && n.error() == Errno::again) break;
            if (!n) fail(n.error());
            else done += *n;
        }
        kept_.erase(kept_.begin(), kept_.begin() + std::ptrdiff_t(ended_ ? kept_.size() : done));
        charge_.resize(kept_.size());
    }
    void fail(Errno e) {
        ended_ = true;
        if (e != Errno::pipe && e != Errno::connreset) error_ = StreamError::of(e);
    }
    std::optional<StreamError> take_error() { return std::exchange(error_, std::nullopt); }

    std::shared_ptr<Channel> channel_;
    std::vector<u8> kept_;
    Charge charge_;
    std::optional<StreamError> error_;
    bool armed_ = false, ended_ = false, flushing_ = false;
};

// ---- files on disk ----------------------------------------------------------------------------------------------------------------------

constexpr u64 file_chunk = u64(1) << 20;

class FileInput final : public InputStream {
public:
    FileInput(std::shared_ptr<os::Descriptor> d, std::optional<u64> at) : descriptor_(std::move(d)), at_(at) {}
    bool ready() override { return true; }
    void arm() override {}
    StreamResult<std::vector<u8>> read(u64 len) override {
        std::vector<u8> bytes(std::min(len, file_chunk));
        iovec v = piece(std::span(bytes));
        Os<std::size_t> n = at_ ? os::read_at(descriptor_->get(), {&v, 1}, *at_) : os::read(descriptor_->get(), {&v, 1});
        if (!n) return std::unexpected(StreamError::of(n.error()));
        if (*n == 0 && len > 0) return std::unexpected(StreamError::closed());
        if (at_) *at_ += *n;
        bytes.resize(*n);
        return bytes;
    }

private:
    std::shared_ptr<os::Descriptor> descriptor_;
    std::optional<u64> at_;
};

class FileOutput final : public OutputStream {
public:
    FileOutput(std::shared_ptr<os::Descriptor> d, WriteAt w, u64 at) : descriptor_(std::move(d)), where_(w), at_(at) {}
    void arm() override {}
    StreamResult<u64> check_write() override {
        if (ended_) return std::unexpected(StreamError::closed());
        return file_chunk;
    }
    StreamResult<void> write(std::span<const u8> bytes) override {
        if (ended_) return std::unexpected(StreamError::closed());
        while (!bytes.empty()) {
            iovec v = piece(bytes);
            Os<std::size_t> n = once({&v, 1});
            if (!n) {
                ended_ = true;
                return std::unexpected(StreamError::of(n.error()));
            }
            at_ += *n;
            bytes = bytes.subspan(*n);
        }
        return {};
    }
    StreamResult<void> flush() override {
        if (ended_) return std::unexpected(StreamError::closed());
        return {};
    }

private:
    Os<std::size_t> once(std::span<const iovec> v) {
        int fd = descriptor_->get();
        if (where_ == WriteAt::offset) return os::write_at(fd, v, at_);
        if (where_ == WriteAt::end) return os::append(fd, v);
        return os::write(fd, v);
    }
    std::shared_ptr<os::Descriptor> descriptor_;
    WriteAt where_;
    u64 at_;
    bool ended_ = false;
};

// ---- bytes in memory ----------------------------------------------------------------------------------------------------------------------

class MemoryInput final : public InputStream {
public:
    explicit MemoryInput(std::shared_ptr<Stream> s) : stream_(std::move(s)) {}
    bool ready() override { return true; }
    void arm() override {}
    StreamResult<std::vector<u8>> read(u64 len) override {
        std::size_t n = std::size_t(std::min<u64>({len, stream_->bytes.size() - stream_->at, file_chunk}));
        if (n == 0 && len > 0) return std::unexpected(StreamError::closed());
        auto from = stream_->bytes.begin() + std::ptrdiff_t(stream_->at);
        stream_->at += n;
        return std::vector<u8>(from, from + std::ptrdiff_t(n));
    }

private:
    std::shared_ptr<Stream> stream_;
};

// Captures, or (a limit of 0) swallows.
class MemoryOutput final : public OutputStream {
public:
    explicit MemoryOutput(std::shared_ptr<Stream> s) : stream_(std::move(s)) {}
    void arm() override {}
    StreamResult<u64> check_write() override { return file_chunk; }
    StreamResult<void> write(std::span<const u8> bytes) override {
        if (stream_->kind == Stream::Kind::nothing) return {};
        std::size_t room = stream_->limit - std::min(stream_->limit, stream_->bytes.size());
        stream_->bytes.append(reinterpret_cast<const char*>(bytes.data()), std::min(room, bytes.size()));
        if (bytes.size() > room) return std::unexpected(StreamError::of(Errno::nospc));
        return {};
    }
    StreamResult<void> flush() override { return {}; }

private:
    std::shared_ptr<Stream> stream_;
};

bool on_disk(const os::Descriptor& d) {
    auto s = os::status(d.get());
    return s && (s->type == os::FileType::regular_file || s->type == os::FileType::block_device);
}

std::shared_ptr<InputStream> make_input(Guest& g, const std::shared_ptr<Stream>& s) {
    if (s->kind != Stream::Kind::descriptor) return std::make_shared<MemoryInput>(s);
    if (on_disk(*s->descriptor)) return file_input(s->descriptor, std::nullopt);
    return channel_input(std::make_shared<Channel>(g, s->descriptor));
}

std::shared_ptr<OutputStream> make_output(Guest& g, const std::shared_ptr<Stream>& s) {
    if (s->kind != Stream::Kind::descriptor) return std::make_shared<MemoryOutput>(s);
    if (on_disk(*s->descriptor)) return file_output(s->descriptor, WriteAt::position);
    return channel_output(g, std::make_shared<Channel>(g, s->descriptor));
}

class Timer final : public Source {
public:
    Timer(Guest& g, u64 nanoseconds) : reactor_(g.reactor()), done_(nanoseconds == 0), end_(now() + std::min(nanoseconds, ~u64(0) - now())) {}
    bool ready() override { return done_ || (done_ = now() >= end_); }
    void arm() override {
        if (std::exchange(armed_, true)) return;
        u64 t = now();
        pending_ = reactor_.after(end_ > t ? end_ - t : 0, [this] {
            armed_ = false;
            changed();
        });
    }

private:
    static u64 now() { return os::clock_time(os::ClockId::monotonic).value_or(0); }
    Reactor& reactor_;
    bool done_, armed_ = false;
    u64 end_;
    Pending pending_;
};

}  // namespace

std::shared_ptr<InputStream> channel_input(std::shared_ptr<Channel> c) { return std::make_shared<ChannelInput>(std::move(c)); }
std::shared_ptr<OutputStream> channel_output(Guest& g, std::shared_ptr<Channel> c) { return std::make_shared<ChannelOutput>(g, std::move(c)); }
std::shared_ptr<InputStream> file_input(std::shared_ptr<os::Descriptor> d, std::optional<u64> offset) {
    return std::make_shared<FileInput>(std::move(d), offset);
}
std::shared_ptr<OutputStream> file_output(std::shared_ptr<os::Descriptor> d, WriteAt where, u64 offset) {
    return std::make_shared<FileOutput>(std::move(d), where, offset);
}
std::shared_ptr<Source> timer(Guest& g, u64 nanoseconds) { return std::make_shared<Timer>(g, nanoseconds); }

std::shared_ptr<InputStream> standard_input(Guest& g) {
    auto& s = g.standard_stream(0);
    if (!s) s = make_input(g, g.context().streams[0]);
    return std::static_pointer_cast<InputStream>(s);
}

std::shared_ptr<OutputStream> standard_output(Guest& g, int n) {
    auto& s = g.standard_stream(n);
    if (!s) s = make_output(g, g.context().streams[n]);
    return std::static_pointer_cast<OutputStream>(s);
}

}  // namespace heddle::wasi
