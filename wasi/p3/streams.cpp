// The host's streams as those of the component model, and back.
#include <algorithm>

#include <heddle/component_driving.hpp>

#include "p3/p3.hpp"

namespace heddle::wasi::p3 {

namespace {

// The end of a stream, and the future that tells it.
struct End {
    Failure failure;
    std::optional<Ended> how;  // nothing: it goes on
    std::function<void()> wake;

    void set(Ended e) {
        if (how) return;
        how = e;
        if (wake) wake();
    }
    std::optional<Val> value() const {
        if (!how) return std::nullopt;
        return *how ? Val::error(failure(**how)) : Val::ok();
    }
};

Val future_of(Guest& g, const std::shared_ptr<End>& end) {
    component::HostStream f = component::make_future(g.store(), [end] { return end->value(); });
    end->wake = std::move(f.wake);
    return std::move(f.readable);
}

// What the readable end's stream keeps; when the guest drops that, all is well.
struct Maker {
    Outgoing from;
    std::shared_ptr<End> end;
    std::function<void()> wake;
    std::shared_ptr<void> waiting;

    ~Maker() { end->set({}); }
    std::optional<Val> pull(u32 most) {
        Ended ended;
        std::optional<Val> list = from.make(most, ended);
        if (!list) end->set(ended);
        else if (list->size() == 0 && from.source) waiting = when_any_ready({from.source}, [this] { wake(); });
        return list;
    }
};

}  // namespace

std::pair<Val, Val> outgoing(Guest& g, Outgoing o) {
    auto end = std::make_shared<End>();
    end->failure = o.failure;
    auto maker = std::make_shared<Maker>();
    maker->from = std::move(o);
    maker->end = end;
    std::weak_ptr<Maker> weak = maker;
    component::HostStream s = component::make_stream(g.store(), [maker = std::move(maker)](u32 most) { return maker->pull(most); });
    if (auto m = weak.lock()) m->wake = std::move(s.wake);
    return {std::move(s.readable), future_of(g, end)};
}

std::pair<Val, Val> failed_stream(Guest& g, Errno e, Failure failure) {
    auto fails = [e](u32, Ended& ended) -> std::optional<Val> {
        ended = e;
        return std::nullopt;
    };
    auto end = std::make_shared<End>();
    end->failure = std::move(failure);
    end->set(e);
    component::HostStream s = component::make_stream(g.store(), [fails](u32 most) {
        Ended unused;
        return fails(most, unused);
    });
    return {std::move(s.readable), future_of(g, end)};
}

std::pair<Val, Val> outgoing_bytes(Guest& g, Os<std::shared_ptr<InputStream>> from, Failure failure) {
    if (!from) return failed_stream(g, from.error(), std::move(failure));
    auto make = [in = *from](u32 most, Ended& ended) -> std::optional<Val> {
        auto bytes = in->read(std::min<u64>(most, stream_chunk));
        if (bytes) return Val::packed(Val::Kind::u8, std::move(*bytes));
        if (bytes.error().failed) ended = bytes.error().failed->code.value_or(Errno::io);
        return std::nullopt;
    };
    return outgoing(g, {std::move(make), *from, std::move(failure)});
}

namespace {

// Bytes of a guest's stream on their way into an OutputStream. The guest's resources hold it until all of them have left: the stream ends before.
struct Taker final : Resource {
    explicit Taker(Guest& g) : guest(g) {}
    Guest& guest;
    u64 rep = 0;
    std::shared_ptr<OutputStream> out;
    WriteEnded ended;
    component::StreamReader reader;
    std::vector<u8> kept;
    std::size_t at = 0;
    bool closed = false, flushing = false, over = false;
    std::shared_ptr<void> waiting;

    // True: all is written, and more is welcome.
    bool push(Val list) {
        if (over) return false;
        auto bytes = list.is_packed() ? list.packed_bytes() : std::span<const u8>();
        kept.assign(bytes.begin(), bytes.end());
        at = 0;
        return write();
    }
    bool write() {
        while (!over && (at < kept.size() || closed)) {
            auto permitted = out->check_write();
            if (!permitted) return end(permitted.error());
            if (*permitted == 0) return wait();
            if (at == kept.size()) return finish();
            std::size_t n = std::size_t(std::min<u64>(*permitted, kept.size() - at));
            auto w = out->write(std::span(kept).subspan(at, n));
            if (!w) return end(w.error());
            at += n;
        }
        return !over;
    }
    bool finish() {
        if (std::exchange(flushing, true)) return end(std::nullopt);
        if (auto f = out->flush(); !f) return end(f.error());
        return write();
    }
    bool end(std::optional<StreamError> e) {
        if (std::exchange(over, true)) return false;
        auto self = as<Taker>();
        guest.drop(rep);
        if (e && !closed && reader.drop) reader.drop();
        std::exchange(ended, nullptr)(std::move(e));
        return false;
    }
    bool wait() {
        waiting = when_any_ready({out}, [weak = weak_from_this()] {
            auto self = std::static_pointer_cast<Taker>(weak.lock());
            if (!self) return;
            try {
                if (self->write() && !self->closed) self->reader.more();
            } catch (const GuestFault&) {
                self->end(StreamError::of(Errno::nomem));
            }
        });
        return false;
    }
};

}  // namespace

void write_stream(Guest& g, const Val& stream, std::shared_ptr<OutputStream> to, WriteEnded ended) {
    auto taker = std::make_shared<Taker>(g);
    taker->rep = g.add(taker);
    taker->out = std::move(to);
    taker->ended = std::move(ended);
    auto push = [taker](Val list) { return taker->push(std::move(list)); };
    auto closed = [taker] {
        taker->closed = true;
        taker->write();
    };
    auto reader = component::take_stream(g.store(), stream, push, closed, u32(stream_chunk));
    if (!reader) throw GuestFault(reader.error().message);
    taker->reader = *reader;
}

Val incoming_bytes(Guest& g, const Val& stream, Os<std::shared_ptr<OutputStream>> to, Failure failure, std::function<void()> done) {
    auto end = std::make_shared<End>();
    end->failure = std::move(failure);
    Val future = future_of(g, end);
    if (!to) {
        end->set(to.error());
        return future;
    }
    write_stream(g, stream, *to, [end, done = std::move(done)](const std::optional<StreamError>& e) {
        if (e) return end->set(e->failed ? e->failed->code.value_or(Errno::io) : Errno::pipe);
        if (done) done();
        end->set({});
    });
    return future;
}

}  // namespace heddle::wasi::p3
