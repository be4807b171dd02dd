// wasi:io: errors, pollables and streams.
#include <algorithm>

#include "p2/p2.hpp"

namespace heddle::wasi::p2 {

namespace {

// A pollable is a handle of its own to whatever can be waited for.
class Pollable final : public Source {
public:
    explicit Pollable(std::shared_ptr<Source> of) : of_(std::move(of)) {}
    bool ready() override { return of_->ready(); }
    void arm() override { of_->arm(); }
    const std::shared_ptr<Source>& of() const { return of_; }

private:
    std::shared_ptr<Source> of_;
};

using Bytes = std::vector<u8>;

// ---- poll -----------------------------------------------------------------------------------------------------------------------------------

std::vector<u32> ready_ones(const std::vector<std::shared_ptr<Source>>& all) {
    std::vector<u32> indices;
    for (u32 i = 0; i < all.size(); ++i)
        if (all[i]->ready()) indices.push_back(i);
    return indices;
}

// What really is waited for: a Pollable's own waiters would hear nothing.
std::shared_ptr<Source> real(const std::shared_ptr<Source>& s) {
    auto p = std::dynamic_pointer_cast<Pollable>(s);
    return p ? p->of() : s;
}

void poll_ones(Guest& g, const Reply<std::vector<u32>>& reply, const std::vector<Borrow<Source>>& in) {
    if (in.empty()) throw GuestFault("poll of an empty list would wait for ever");
    if (in.size() > g.context().limits.poll_subscriptions)
        throw GuestFault("poll of more than " + std::to_string(g.context().limits.poll_subscriptions) + " pollables (Limits::poll_subscriptions)");
    std::vector<std::shared_ptr<Source>> sources;
    for (const auto& s : in) sources.push_back(real(s));
    auto ready = ready_ones(sources);
    if (!ready.empty()) return reply(std::move(ready));
    auto answer = [reply, sources] { reply(ready_ones(sources)); };
    reply.keep(when_any_ready(std::move(sources), std::move(answer)));
}

// ---- streams --------------------------------------------------------------------------------------------------------------------------------

StreamResult<u64> count(const StreamResult<Bytes>& r) {
    if (!r) return std::unexpected(r.error());
    return r->size();
}

// At least a byte, or the end: what a source that merely may have something gives is tried again.
template <class R, class F>
void read_blocking(const Reply<R>& reply, const std::shared_ptr<InputStream>& s, u64 len, F convert) {
    when_ready(reply, std::static_pointer_cast<Source>(s), [s, len, convert] { return convert(s->read(len)); });
}

StreamResult<void> write(OutputStream& s, const Bytes& bytes) {
    auto permitted = s.check_write();
    if (!permitted) return std::unexpected(permitted.error());
    if (bytes.size() > *permitted)
        throw GuestFault("a write of " + std::to_string(bytes.size()) + " bytes where check-write permits " + std::to_string(*permitted));
    return s.write(bytes);
}

StreamResult<u64> splice(OutputStream& to, InputStream& from, u64 len) {
    auto permitted = to.check_write();
    if (!permitted) return std::unexpected(permitted.error());
    auto bytes = from.read(std::min(len, *permitted));
    if (!bytes) return std::unexpected(bytes.error());
    if (auto done = to.write(*bytes); !done) return std::unexpected(done.error());
    return bytes->size();
}

// Writes piece by piece as the stream takes them, then flushes and waits for that.
struct WriteAndFlush : std::enable_shared_from_this<WriteAndFlush> {
    WriteAndFlush(Reply<StreamResult<void>> r, std::shared_ptr<OutputStream> s, Bytes b) : reply(std::move(r)), stream(std::move(s)), bytes(std::move(b)) {}
    Reply<StreamResult<void>> reply;
    std::shared_ptr<OutputStream> stream;
    Bytes bytes;
    std::size_t done = 0;
    bool flushing = false;

    // Nothing: not there yet.
    std::optional<StreamResult<void>> step() {
        for (;;) {
            auto permitted = stream->check_write();
            if (!permitted) return std::unexpected(permitted.error());
            if (*permitted == 0) return std::nullopt;
            if (flushing) return StreamResult<void>();
            std::size_t n = std::size_t(std::min<u64>(*permitted, bytes.size() - done));
            if (n > 0)
                if (auto w = stream->write(std::span(bytes).subspan(done, n)); !w) return w;
            done += n;
            if (done < bytes.size()) continue;
            flushing = true;
            if (auto f = stream->flush(); !f) return f;
        }
    }
    void run() {
        if (auto r = step()) return reply(std::move(*r));
        reply.keep(when_any_ready({stream}, [self = shared_from_this()] { self->reply.guarded([&] { self->run(); }); }));
    }
};

void write_and_flush(const Reply<StreamResult<void>>& reply, std::shared_ptr<OutputStream> s, Bytes bytes) {
    std::make_shared<WriteAndFlush>(reply, std::move(s), std::move(bytes))->run();
}

Bytes zeroes(Guest& g, u64 len) {
    Charge held = g.charge(len);
    return Bytes(len);
}

// Waits for both sides: the one that is not ready first.
void splice_blocking(const Reply<StreamResult<u64>>& reply, std::shared_ptr<OutputStream> to, std::shared_ptr<InputStream> from, u64 len) {
    if (to->ready() && from->ready()) return reply(splice(*to, *from, len));
    std::shared_ptr<Source> missing = to->ready() ? std::shared_ptr<Source>(from) : to;
    reply.keep(when_any_ready({missing}, [reply, to, from, len] { reply.guarded([&] { splice_blocking(reply, to, from, len); }); }));
}

}  // namespace

Own<Source> pollable(std::shared_ptr<Source> s) { return std::make_shared<Pollable>(std::move(s)); }

void add_io(Binder& b) {
    b.interface("wasi:io/error@0.2.12")
        .resource<IoError>()
        .fn("[method]error.to-debug-string(self)", [](Guest&, Borrow<IoError> self) { return self->text; });

    b.interface("wasi:io/poll@0.2.12")
        .resource<Source>()
        .fn("[method]pollable.ready(self)", [](Guest&, Borrow<Source> self) { return self->ready(); })
        .fn("[method]pollable.block(self)",
            [](Guest&, Reply<void> reply, Borrow<Source> self) {
                if (self->ready()) return reply();
                reply.keep(when_any_ready({real(self)}, [reply] { reply(); }));
            })
        .fn("poll(in)", [](Guest& g, Reply<std::vector<u32>> reply, std::vector<Borrow<Source>> in) { poll_ones(g, reply, in); });

    b.interface("wasi:io/streams@0.2.12")
        .resource<InputStream>()
        .resource<OutputStream>()
        .fn("[method]input-stream.read(self, len)", [](Guest&, Borrow<InputStream> self, u64 len) { return self->read(len); })
        .fn("[method]input-stream.blocking-read(self, len)",
            [](Guest&, Reply<StreamResult<Bytes>> reply, Borrow<InputStream> self, u64 len) {
                read_blocking(reply, self, len, [](StreamResult<Bytes> r) { return r; });
            })
        .fn("[method]input-stream.skip(self, len)", [](Guest&, Borrow<InputStream> self, u64 len) { return count(self->read(len)); })
        .fn("[method]input-stream.blocking-skip(self, len)",
            [](Guest&, Reply<StreamResult<u64>> reply, Borrow<InputStream> self, u64 len) { read_blocking(reply, self, len, count); })
        .fn("[method]input-stream.subscribe(self)", [](Guest&, Borrow<InputStream> self) { return pollable(self); })
        .fn("[method]output-stream.check-write(self)", [](Guest&, Borrow<OutputStream> self) { return self->check_write(); })
        .fn("[method]output-stream.write(self, contents)", [](Guest&, Borrow<OutputStream> self, Bytes contents) { return write(*self, contents); })
        .fn("[method]output-stream.blocking-write-and-flush(self, contents)",
            [](Guest&, Reply<StreamResult<void>> reply, Borrow<OutputStream> self, Bytes contents) {
                write_and_flush(reply, self, std::move(contents));
            })
        .fn("[method]output-stream.flush(self)", [](Guest&, Borrow<OutputStream> self) { return self->flush(); })
        .fn("[method]output-stream.blocking-flush(self)",
            [](Guest&, Reply<StreamResult<void>> reply, Borrow<OutputStream> self) { write_and_flush(reply, self, {}); })
        .fn("[method]output-stream.subscribe(self)", [](Guest&, Borrow<OutputStream> self) { return pollable(self); })
        .fn("[method]output-stream.write-zeroes(self, len)",
            [](Guest& g, Borrow<OutputStream> self, u64 len) { return write(*self, zeroes(g, len)); })
        .fn("[method]output-stream.blocking-write-zeroes-and-flush(self, len)",
            [](Guest& g, Reply<StreamResult<void>> reply, Borrow<OutputStream> self, u64 len) { write_and_flush(reply, self, zeroes(g, len)); })
        .fn("[method]output-stream.splice(self, src, len)",
            [](Guest&, Borrow<OutputStream> self, Borrow<InputStream> src, u64 len) { return splice(*self, *src, len); })
        .fn("[method]output-stream.blocking-splice(self, src, len)",
            [](Guest&, Reply<StreamResult<u64>> reply, Borrow<OutputStream> self, Borrow<InputStream> src, u64 len) {
                splice_blocking(reply, self, src, len);
            });
}

}  // namespace heddle::wasi::p2
