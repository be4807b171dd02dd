// The host's ends of streams and futures: one that gives values when a guest reads, one that takes what a guest writes.
#include <heddle/component_driving.hpp>

#include "chain.hpp"
#include "stream.hpp"

namespace heddle::component::runtime {

namespace {

using Checked = abi::Checked<void>;

struct HostWriter final : CopySide {
    HostWriter(SharedCopy& s, std::function<std::optional<Val>(u32)> p) : shared(s), pull(std::move(p)) {}
    void on_copy() override {}
    void on_copy_done(CopyResult) override {}
    Checked feed();
    bool has_elements(u32 wanted);

    SharedCopy& shared;
    std::function<std::optional<Val>(u32)> pull;
    bool ended = false;
};

// Asks the host when all it gave has been read.
bool HostWriter::has_elements(u32 wanted) {
    if (buffer.remain() > 0) return true;
    std::optional<Val> list = pull(std::max(wanted, 1u));
    ended = !list;
    if (ended || list->size() == 0) return false;
    buffer.length = u32(list->size());
    buffer.progress = 0;
    buffer.values.clear();
    buffer.values.push_back(std::move(*list));
    return true;
}

// A guest's read waits.
Checked HostWriter::feed() {
    if (!shared.pending || shared.dropped) return {};
    bool has = has_elements(shared.pending->buffer.remain());
    shared.set_host_due(!has && !ended);
    if (ended) shared.drop();
    if (!has) return {};
    if (shared.pending->buffer.remain() == 0) {
        shared.notify_pending(CopyResult::completed);
        return {};
    }
    return shared.copy(*this, false);
}

struct HostReader final : CopySide {
    HostReader(SharedCopy& s, u32 max) : shared(s), max(max) {}
    void on_copy() override {
        shared.pending = nullptr;
        deliver();
        if (!paused && shared.stream) arm_again();
    }
    void on_copy_done(CopyResult r) override {
        deliver();
        if (r == CopyResult::dropped) {
            shared.resumer.reset();
            if (ended) ended();
        } else again = shared.stream && !paused;
    }
    // Gives the function that resumes. While it lives, so does the shared state, which holds what the host was not told yet. It owns neither: what
    // `push` holds may hold it.
    std::function<void()> make_resume(const std::shared_ptr<SharedCopy>& s);
    void deliver() {
        auto lists = std::exchange(buffer.values, {});
        for (Val& list : lists) {
            bool more = push(std::move(list));
            paused = paused || !more;
        }
        shared.set_host_due(paused && !shared.dropped);
    }
    void reset() {
        buffer = {};
        buffer.length = max;
    }
    // In the middle of the guest's write, which is not pending.
    void arm_again() {
        reset();
        shared.pending = this;
        shared.pending_reads = true;
    }
    void arm() {
        do {
            again = false;
            reset();
            auto done = shared.copy(*this, true);
            if (!done) failure = std::move(done.error());
        } while (again);
    }

    SharedCopy& shared;
    u32 max;
    bool paused = false, again = false;
    std::function<bool(Val)> push;
    std::function<void()> ended;
    abi::TrapPtr failure;
};

// On a guest stack, since storing elements may call realloc.
Host feed_native(Caller& c, Thread& t) {
    auto done = static_cast<HostWriter*>(t.native_data)->feed();
    return done ? Host::done : fail(c, std::move(done.error()));
}

void feed_later(const std::weak_ptr<SharedCopy>& weak) {
    auto shared = weak.lock();
    if (!shared || shared->dropped) return;
    if (shared->pump) return shared->machine->later([shared] {
        if (shared->pump) shared->pump();
    });
    shared->machine->later([shared] {
        if (!shared->pending || shared->dropped || !shared->host) return;
        auto* writer = static_cast<HostWriter*>(shared->host.get());
        if (Instance* inst = shared->pending->buffer.inst) shared->machine->run_native(*inst, &feed_native, writer);
        else (void)writer->feed();
    });
}

// The host reads: what the guest already offered is taken at once.
void read_now(SharedCopy& shared, HostReader& reader) {
    Instance* writer = shared.pending ? shared.pending->buffer.inst : nullptr;
    reader.arm();
    if (reader.failure && writer) shared.machine->kill(*writer->group, *reader.failure);
    reader.failure = nullptr;
}

// A stream that the host writes and reads: lists go from the one function to the other, no guest between.
struct Pump {
    Pump(SharedCopy& s, std::shared_ptr<HostWriter> w, u32 m) : shared(s), writer(std::move(w)), max(m) {}

    // What a guest left of the last list, then what the writer gives.
    std::optional<Val> take() {
        Buffer& b = writer->buffer;
        if (b.remain() == 0) return writer->ended ? std::nullopt : writer->pull(max);
        const Val& list = b.values.front();
        u32 from = std::exchange(b.progress, b.length);
        if (list.is_packed()) {
            auto rest = list.packed_bytes().subspan(from * Val::scalar_bytes(list.packed_kind()));
            return Val::packed(list.packed_kind(), {rest.begin(), rest.end()});
        }
        std::vector<Val> rest;
        for (u32 i = from; i < b.length; ++i) rest.push_back(list.at(i));
        return Val::list(std::move(rest));
    }
    void run() {
        while (!paused && !done) {
            std::optional<Val> list = take();
            if (list && list->size() == 0) return shared.set_host_due(true);
            if (!list) return end();
            paused = !push(std::move(*list));
            if (!shared.stream) return end();
        }
        shared.set_host_due(paused && !done);
    }
    void end() {
        done = true;
        shared.set_host_due(false);
        if (ended) ended();
        shared.machine->later([s = shared.self.lock()] {
            if (!s) return;
            s->pump = nullptr;
            s->drop();
        });
    }

    SharedCopy& shared;
    std::shared_ptr<HostWriter> writer;
    u32 max;
    std::function<bool(Val)> push;
    std::function<void()> ended;
    bool paused = false, done = false;
};

// Null: a guest writes it.
std::shared_ptr<Pump> pump_of(const std::shared_ptr<SharedCopy>& shared, u32 max, std::function<bool(Val)> push, std::function<void()> ended) {
    auto writer = std::dynamic_pointer_cast<HostWriter>(shared->host);
    if (!writer) return nullptr;
    auto p = std::make_shared<Pump>(*shared, std::move(writer), max);
    p->push = std::move(push);
    p->ended = std::move(ended);
    shared->self = shared;
    shared->pump = [p] { p->run(); };
    shared->machine->host_reads.push_back(shared);
    shared->machine->later([shared] {
        if (shared->pump) shared->pump();
    });
    return p;
}

std::function<void()> HostReader::make_resume(const std::shared_ptr<SharedCopy>& s) {
    auto token = std::make_shared<char>();
    s->resumer = token;
    return [token, of = std::weak_ptr(s), this] {
        auto live = of.lock();
        if (!live || !paused) return;
        live->machine->later([live, this] {
            paused = false;
            live->set_host_due(false);
            if (live->pending != this) read_now(*live, *this);
        });
    };
}

Result<std::shared_ptr<SharedCopy>> take_end(const Val& v, bool stream) {
    auto* end = v.is_handle() ? dynamic_cast<HeldEnd*>(v.handle().get()) : nullptr;
    if (!end || !end->shared || end->shared->stream != stream)
        return std::unexpected(Error{Error::Kind::usage, "the value holds no readable end, or one that was handed on"});
    return std::exchange(end->shared, nullptr);
}

HostStream make_end(Store& store, bool stream, std::function<std::optional<Val>(u32)> pull) {
    Machine& m = *Machine::of(store);
    auto shared = std::make_shared<SharedCopy>(m, stream, m.quota.take_unchecked(Counted::stream));
    auto writer = std::make_shared<HostWriter>(*shared, std::move(pull));
    shared->on_waiting_read = [w = writer.get()] { return w->feed(); };
    shared->host = std::move(writer);
    HostStream s;
    s.readable = Val::handle(stream ? Val::Kind::stream : Val::Kind::future, std::make_shared<HeldEnd>(shared));
    s.wake = [weak = std::weak_ptr(shared)] { feed_later(weak); };
    return s;
}

}  // namespace

}  // namespace heddle::component::runtime

namespace heddle::component {

using namespace runtime;

HostStream make_stream(Store& store, std::function<std::optional<Val>(u32)> pull) { return make_end(store, true, std::move(pull)); }

HostStream make_future(Store& store, std::function<std::optional<Val>()> pull) {
    return make_end(store, false, [pull = std::move(pull)](u32) {
        std::vector<Val> one;
        if (auto v = pull()) one.push_back(std::move(*v));
        return std::optional(Val::list(std::move(one)));
    });
}

namespace {

StreamReader reader_of(const std::shared_ptr<SharedCopy>& shared, const std::shared_ptr<Pump>& pump) {
    auto later = [of = std::weak_ptr(shared), weak = std::weak_ptr(pump)](void (*f)(Pump&)) {  // what `push` holds may hold this function
        auto s = of.lock();
        auto p = weak.lock();
        if (s && p) s->machine->later([s, p, f] { f(*p); });
    };
    auto more = [](Pump& p) {
        p.paused = false;
        p.run();
    };
    auto drop = [](Pump& p) {
        if (p.done) return;
        p.ended = nullptr;
        p.end();
    };
    return {[later, more] { later(more); }, [later, drop] { later(drop); }};
}

void stop_reading(SharedCopy& s, HostReader& r) {
    if (s.dropped) return;
    r.push = [](Val) { return false; };
    r.ended = nullptr;
    r.paused = true;
    s.resumer.reset();
    s.drop();
}

}  // namespace

Result<StreamReader> take_stream(Store& store, const Val& readable, std::function<bool(Val)> push, std::function<void()> ended, u32 max) {
    auto shared = take_end(readable, true);
    if (!shared) return std::unexpected(shared.error());
    if (auto p = pump_of(*shared, max, push, ended)) return reader_of(*shared, p);
    auto reader = std::make_shared<HostReader>(**shared, max);
    reader->push = std::move(push);
    reader->ended = std::move(ended);
    (*shared)->host = reader;
    auto m = Machine::of(store);
    m->host_reads.push_back(*shared);
    m->later([shared = *shared, r = reader.get()] { read_now(*shared, *r); });
    return StreamReader{reader->make_resume(*shared), [of = std::weak_ptr(*shared), r = reader.get()] {
                            auto live = of.lock();
                            if (live) live->machine->later([live, r] { stop_reading(*live, *r); });
                        }};
}

Result<std::function<void()>> read_stream(Store& store, const Val& readable, std::function<bool(Val)> push, std::function<void()> ended, u32 max) {
    auto reader = take_stream(store, readable, std::move(push), std::move(ended), max);
    if (!reader) return std::unexpected(reader.error());
    return reader->more;
}

Result<void> read_future(Store& store, const Val& readable, std::function<void(Val)> push) {
    auto shared = take_end(readable, false);
    if (!shared) return std::unexpected(shared.error());
    auto first = [push](const Val& list) {
        push(list.at(0));
        return true;
    };
    if (pump_of(*shared, 1, first, {})) return {};
    auto reader = std::make_shared<HostReader>(**shared, 1);
    reader->push = [push = std::move(push)](Val list) {
        push(list.at(0));
        return true;
    };
    (*shared)->host = reader;
    auto m = Machine::of(store);
    m->host_reads.push_back(*shared);
    m->later([shared = *shared, r = reader.get()] { read_now(*shared, *r); });
    return {};
}

}  // namespace heddle::component
