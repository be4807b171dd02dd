// Materializers that are called by the clock: "timer:5s", "cron:*/5 * * * *" (in UTC). At least once, tried again with back-off, counted when in vain.
#pragma once
#include <array>
#include <bitset>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <heddle/wire.hpp>

#include "task.hpp"
#include "watch.hpp"

namespace heddle::wire {

// A crontab line's five fields: minute, hour, day of month, month, day of week (0 and 7: Sunday). https://pubs.opengroup.org/onlinepubs/9699919799/utilities/crontab.html
class Cron {
public:
    // Throws Error beginning with `where`.
    Cron(std::string_view text, const std::string& where);
    // The first time after `after`, in whole minutes; nothing within eight years: none.
    std::optional<std::chrono::sys_seconds> next(std::chrono::sys_seconds after) const;

private:
    bool day_fits(std::chrono::sys_days day) const;
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;
    std::bitset<13> months_;
    std::bitset<7> weekdays_;
    bool any_day_ = false, any_weekday_ = false;
};

struct Schedule {
    std::chrono::milliseconds every{0};       // or:
    std::optional<Cron> cron;
    // How long from now until it is due.
    std::optional<std::chrono::milliseconds> wait() const;
};
// Throws Error beginning with `where`: no such kind of event.
Schedule read_schedule(const std::string& text, const std::string& where);

// The timers of one app, while this lives. A timer whose call still runs, or is being tried again, does not fire.
class Events {
public:
    // `post` gives work to a thread and says whether it took it; `go_on` makes what App::begin wants.
    Events(App app, std::function<bool(std::function<void()>)> post, std::function<GoOn()> go_on);
    ~Events();

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace heddle::wire
