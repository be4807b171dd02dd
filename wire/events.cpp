// Schedules and their timers.
#include "events.hpp"

#include <atomic>
#include <charconv>

#include <heddle/error.hpp>

#include "app.hpp"

namespace heddle::wire {

namespace {

[[noreturn]] void fail(const std::string& where, const std::string& message) { throw Error{Error::Kind::invalid, where + ": " + message}; }

std::optional<u32> number(std::string_view text) {
    u32 n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

// "*", "5", "1-5", "*/10", "1-30/2", and lists of them.
template <std::size_t N>
bool read_field(std::string_view text, u32 first, u32 last, std::bitset<N>& to) {
    while (!text.empty()) {
        std::size_t comma = text.find(',');
        std::string_view part = text.substr(0, comma);
        text = comma == text.npos ? "" : text.substr(comma + 1);
        std::size_t slash = part.find('/');
        std::string_view range = part.substr(0, slash);
        std::size_t dash = range.find('-');
        auto step = slash == part.npos ? std::optional(1u) : number(part.substr(slash + 1));
        auto from = range == "*" ? std::optional(first) : number(range.substr(0, dash));
        auto until = range == "*" ? std::optional(last) : dash == range.npos ? (slash == part.npos ? from : std::optional(last)) : number(range.substr(dash + 1));
        if (!step || *step == 0 || !from || !until || *from < first || *until > last || *from > *until) return false;
        for (u64 i = *from; i <= *until; i += *step) to.set(i);
        if (comma != part.npos && text.empty()) return false;
    }
    return to.any();
}

}  // namespace

Cron::Cron(std::string_view text, const std::string& where) {
    std::array<std::string_view, 5> fields;
    std::size_t n = 0, at = 0;
    while (at < text.size()) {
        std::size_t begin = text.find_first_not_of(' ', at);
        if (begin == text.npos) break;
        at = std::min(text.find(' ', begin), text.size());
        if (n < 5) fields[n] = text.substr(begin, at - begin);
        ++n;
    }
    std::bitset<8> weekdays;
    if (n != 5 || !read_field(fields[0], 0, 59, minutes_) || !read_field(fields[1], 0, 23, hours_) || !read_field(fields[2], 1, 31, days_) ||
        !read_field(fields[3], 1, 12, months_) || !read_field(fields[4], 0, 7, weekdays))
        fail(where, "`" + std::string(text) + "` must be five fields: minute hour day month weekday, each as *, 5, 1-5, */10 or a list of these");
    for (std::size_t i = 0; i < 8; ++i)
        if (weekdays[i]) weekdays_.set(i % 7);
    any_day_ = fields[2] == "*";
    any_weekday_ = fields[4] == "*";
}

// A day of the month and a day of the week, when both are given, are alternatives.
bool Cron::day_fits(std::chrono::sys_days day) const {
    std::chrono::year_month_day date(day);
    if (!months_[unsigned(date.month())]) return false;
    bool by_day = days_[unsigned(date.day())], by_weekday = weekdays_[std::chrono::weekday(day).c_encoding()];
    if (any_day_) return by_weekday;
    return any_weekday_ ? by_day : by_day || by_weekday;
}

std::optional<std::chrono::sys_seconds> Cron::next(std::chrono::sys_seconds after) const {
    using namespace std::chrono;
    auto start = floor<minutes>(after) + minutes(1);
    sys_days first = floor<days>(start);
    constexpr int eight_years = 8 * 366;
    for (int d = 0; d < eight_years; ++d) {
        sys_days day = first + days(d);
        if (!day_fits(day)) continue;
        for (u32 m = d == 0 ? u32((start - day) / minutes(1)) : 0; m < 24 * 60; ++m)
            if (hours_[m / 60] && minutes_[m % 60]) return sys_seconds(day) + minutes(m);
    }
    return std::nullopt;
}

std::optional<Milliseconds> Schedule::wait() const {
    if (!cron) return every;
    auto now = std::chrono::system_clock::now();
    auto due = cron->next(std::chrono::floor<std::chrono::seconds>(now));
    if (!due) return std::nullopt;
    return std::chrono::ceil<Milliseconds>(*due - now);
}

Schedule read_schedule(const std::string& text, const std::string& where) {
    if (text.starts_with("cron:")) return {Milliseconds(0), Cron(std::string_view(text).substr(5), where)};
    if (!text.starts_with("timer:")) fail(where, "`" + text.substr(0, 60) + "` is no event: there are \"timer:5s\", \"cron:*/5 * * * *\" and \"nats:orders.*\"");
    Milliseconds every = read_duration(text.substr(6), where);
    if (every.count() < 10) fail(where, "a timer waits at least 10ms");
    return {every, std::nullopt};
}

struct Events::State : std::enable_shared_from_this<Events::State> {
    explicit State(App a) : app(std::move(a)) {}
    App app;
    std::function<bool(std::function<void()>)> post;
    std::function<GoOn()> go_on;
    std::atomic<bool> stopped = false;
    Watch watch;

    void arm(const MaterializerConfig& m, Schedule schedule) {
        auto wait = schedule.wait();
        if (wait && !stopped) later(*wait, m, std::move(schedule), 0);
    }
    void later(Milliseconds wait, const MaterializerConfig& m, Schedule schedule, u32 tries) {
        std::weak_ptr<State> weak = weak_from_this();
        watch.at(Clock::now() + wait, [weak, &m, schedule, tries] {
            auto self = weak.lock();
            if (!self || self->stopped) return;
            bool taken = self->post([self, &m, schedule, tries] { self->fire(m, schedule, tries); });
            if (!taken) self->later(m.event->backoff, m, schedule, tries);
        });
    }
    void fire(const MaterializerConfig& m, const Schedule& schedule, u32 tries) {
        if (stopped) return;
        app.begin(m.op, m.event->input, {}, go_on(), [self = shared_from_this(), &m, schedule, tries](const Reply& r) { self->ended(m, schedule, tries, r); });
    }
    void ended(const MaterializerConfig& m, const Schedule& schedule, u32 tries, const Reply& r) {
        if (stopped) return;
        if (r.ok()) return arm(m, schedule);
        CallStats& stats = app.data().ops.find(m.op)->second.stats;
        const auto& log = app.data().options.log;
        if (tries < m.event->retries) {
            if (log) log({"warn", m.op, "event failed, try " + std::to_string(tries + 1) + ": " + r.message, "host", "", ""});
            return later(m.event->backoff * (1 << std::min(tries, 20u)), m, schedule, tries + 1);
        }
        ++stats.dead_letters;
        if (log) log({"error", m.op, "event given up after " + std::to_string(tries + 1) + " tries: " + r.message, "host", "", ""});
        arm(m, schedule);
    }
};

Events::Events(App app, std::function<bool(std::function<void()>)> post, std::function<GoOn()> go_on) : state_(std::make_shared<State>(std::move(app))) {
    state_->post = std::move(post);
    state_->go_on = std::move(go_on);
    for (const MaterializerConfig& m : state_->app.data().manifest.materializers)
        if (m.event)
            for (const std::string& on : m.event->on)
                if (!on.starts_with("nats:")) state_->arm(m, read_schedule(on, "materializers." + m.op + ".event.on"));
}

Events::~Events() {
    state_->stopped = true;
    state_->watch.stop();
}

}  // namespace heddle::wire
