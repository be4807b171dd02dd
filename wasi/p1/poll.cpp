// Waiting for clocks and descriptors at once.
#include <algorithm>

#include "p1/functions.hpp"

namespace heddle::wasi::p1 {

namespace {

// A wall clock can be set while we wait for it: we look again this often.
constexpr u64 wall_clock_check = 1'000'000'000;
// What may be written without waiting when a descriptor says that it can be written.
constexpr u64 writable_bytes = 4096;

u64 saturating_add(u64 a, u64 b) { return a > ~u64(0) - b ? ~u64(0) : a + b; }
u64 until(u64 deadline, u64 now) { return deadline > now ? deadline - now : 0; }

// One poll: every subscription becomes an event at once, a timer or an interest.
class Poll {
public:
    Poll(Process& p, std::span<const Subscription> subscriptions) : p_(p), subscriptions_(subscriptions), events_(subscriptions.size()) {}

    // Errors concern the whole call.
    Errno subscribe() {
        for (std::size_t i = 0; i < subscriptions_.size(); ++i) {
            const Subscription& s = subscriptions_[i];
            if (s.tag > u8(EventType::fd_write)) return Errno::inval;
            if (s.tag == u8(EventType::clock)) subscribe_clock(i);
            else subscribe_file(i, s.tag == u8(EventType::fd_read));
        }
        return Errno::success;
    }

    Errno run() {
        while (true) {
            u64 left = ~u64(0);
            for (const Timer& t : timers_) left = std::min(left, remaining(t));
            bool wall = std::any_of(timers_.begin(), timers_.end(), [](const Timer& t) { return t.wall; });
            std::optional<u64> timeout;
            if (any_) timeout = 0;
            else if (!timers_.empty()) timeout = wall ? std::min(left, wall_clock_check) : left;
            Os<os::Woken> w = os::wait(interests_, timeout, p_.data().cancellation);
            if (!w) return w.error();
            if (*w == os::Woken::cancelled) return Errno::intr;
            for (std::size_t k = 0; k < interests_.size(); ++k)
                if (interests_[k].ready) ready(waiting_[k], interests_[k]);
            for (const Timer& t : timers_)
                if (remaining(t) == 0) happened(t.index);
            if (any_) return Errno::success;
        }
    }

    std::vector<Event> events() const {
        std::vector<Event> all;
        for (const std::optional<Event>& e : events_)
            if (e) all.push_back(*e);
        return all;
    }

private:
    struct Timer {
        std::size_t index;
        bool wall;          // `deadline` is on the system's wall clock, else on its monotonic one
        u64 deadline;
    };

    Event& happened(std::size_t i) {
        any_ = true;
        events_[i] = Event{.userdata = subscriptions_[i].userdata, .type = subscriptions_[i].tag};
        return *events_[i];
    }

    static u64 now(os::ClockId clock) { return os::clock_time(clock).value_or(0); }
    u64 remaining(const Timer& t) const { return until(t.deadline, now(t.wall ? os::ClockId::realtime : os::ClockId::monotonic)); }

    void subscribe_clock(std::size_t i) {
        const Subscription& s = subscriptions_[i];
        // CPU time does not pass while one waits.
        if (s.id_or_fd > u32(os::ClockId::monotonic)) {
            happened(i).error = u16(s.id_or_fd > u32(os::ClockId::thread_cpu) ? Errno::inval : Errno::notsup);
            return;
        }
        if (unknown_bits(s.flags, subclockflags::all)) {
            happened(i).error = u16(Errno::inval);
            return;
        }
        auto clock = os::ClockId(s.id_or_fd);
        bool absolute = (s.flags & subclockflags::abstime) != 0;
        if (absolute && clock == os::ClockId::realtime && !p_.data().wall_clock) {
            timers_.push_back({i, true, s.timeout});
            return;
        }
        // The embedder's own clock tells how long to wait, the system's measures it.
        u64 wait = absolute ? until(s.timeout, p_.data().time(clock).value_or(0)) : s.timeout;
        timers_.push_back({i, false, saturating_add(now(os::ClockId::monotonic), wait)});
    }

    void subscribe_file(std::size_t i, bool read) {
        OpenFile* f = p_.files.find(subscriptions_[i].id_or_fd);
        Rights direction = read ? rights::fd_read : rights::fd_write;
        if (!f) {
            happened(i).error = u16(Errno::badf);
        } else if (!f->may(rights::poll_fd_readwrite) || (!f->is_directory() && !f->may(direction))) {
            happened(i).error = u16(Errno::notcapable);
        } else if (!f->descriptor || f->is_positioned() || f->is_directory()) {
            always_ready(i, *f, read);
        } else {
            interests_.push_back({.fd = f->fd(), .read = read, .write = !read});
            waiting_.push_back(i);
        }
    }

    void always_ready(std::size_t i, const OpenFile& f, bool read) {
        Event& e = happened(i);
        if (!read) {
            e.nbytes = writable_bytes;
        } else if (!f.descriptor) {
            e.nbytes = f.stream->bytes.size() - f.stream->at;
            if (e.nbytes == 0) e.flags = eventrwflags::hangup;
        } else if (f.is_positioned()) {
            u64 size = os::status(f.fd()).value_or(os::Metadata{}).size;
            e.nbytes = until(size, os::seek(f.fd(), 0, os::Whence::current).value_or(0));
        }
    }

    void ready(std::size_t i, const os::Interest& interest) {
        Event& e = happened(i);
        if (interest.invalid) e.error = u16(Errno::badf);
        else e.nbytes = interest.write ? (interest.hangup ? 0 : writable_bytes) : os::readable_bytes(interest.fd);
        if (interest.hangup) e.flags = eventrwflags::hangup;
    }

    Process& p_;
    std::span<const Subscription> subscriptions_;
    std::vector<std::optional<Event>> events_;   // of each subscription
    std::vector<Timer> timers_;
    std::vector<os::Interest> interests_;
    std::vector<std::size_t> waiting_;           // the subscription of each interest
    bool any_ = false;
};

}  // namespace

Errno poll(Process& p, GuestMemory m, std::span<const Subscription> subscriptions, u32 out, u32 nevents) {
    if (!m.contains(out, u64(subscriptions.size()) * sizeof(Event)) || !m.contains(nevents, 4)) return Errno::fault;
    Poll poll(p, subscriptions);
    if (Errno e = poll.subscribe(); e != Errno::success) return e;
    if (Errno e = poll.run(); e != Errno::success) return e;
    std::vector<Event> events = poll.events();
    for (const Event& e : events) {
        m.store(out, e);
        out += u32(sizeof e);
    }
    return m.store(nevents, u32(events.size()));
}

Errno poll_oneoff(Process& p, GuestMemory m, u32 in, u32 out, u32 n, u32 nevents) {
    if (n == 0 || n > p.data().limits.poll_subscriptions) return Errno::inval;
    if (!m.contains(in, u64(n) * sizeof(Subscription))) return Errno::fault;
    std::vector<Subscription> subscriptions;   // a copy: the events may be written over them
    subscriptions.reserve(n);
    for (u32 i = 0; i < n; ++i) subscriptions.push_back(*m.load<Subscription>(in + i * u32(sizeof(Subscription))));
    return poll(p, m, subscriptions, out, nevents);
}

}  // namespace heddle::wasi::p1
