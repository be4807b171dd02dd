#include "events.hpp"

#include <thread>

#include <heddle/app_server.hpp>

#include "app.hpp"
#include "support/guests.hpp"

namespace heddle::wire::testing {
namespace {

using namespace std::chrono;

std::string next(const char* cron, sys_seconds after) {
    auto t = Cron(cron, "T").next(after);
    if (!t) return "never";
    year_month_day date(floor<days>(*t));
    hh_mm_ss time(*t - floor<days>(*t));
    char text[40];
    std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d", int(date.year()), unsigned(date.month()), unsigned(date.day()), int(time.hours().count()), int(time.minutes().count()));
    return text;
}

TEST(Cron, the_next_time_is_found) {
    sys_seconds monday = sys_days(year(2024) / 1 / 1) + hours(10) + minutes(30) + seconds(5);
    EXPECT_EQ(next("* * * * *", monday), "2024-01-01 10:31");
    EXPECT_EQ(next("*/15 * * * *", monday), "2024-01-01 10:45");
    EXPECT_EQ(next("5/4294967295 * * * *", monday), "2024-01-01 11:05");
    EXPECT_EQ(next("0 9-17/4 * * *", monday), "2024-01-01 13:00");
    EXPECT_EQ(next("30 10 * * *", monday), "2024-01-02 10:30");
    EXPECT_EQ(next("0 0 29 2 *", monday), "2024-02-29 00:00");
    EXPECT_EQ(next("0 0 * * 7", monday), "2024-01-07 00:00");
    EXPECT_EQ(next("0 0 15 * 3", monday), "2024-01-03 00:00");
    EXPECT_EQ(next("5,10 0 1 1,6 *", monday), "2024-06-01 00:05");
    EXPECT_EQ(next("0 0 30 2 *", monday), "never");
    EXPECT_EQ(next("59 23 31 12 *", sys_days(year(2024) / 12 / 31) + hours(23) + minutes(59)), "2025-12-31 23:59");
}

TEST(Cron, faults_are_said) {
    for (const char* text : {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "a * * * *", "*/0 * * * *", "5-1 * * * *", "1, * * * *", "1/2-3 * * * *", "*/5-9 * * * *"})
        EXPECT_THROW(Cron(text, "T"), Error) << text;
    EXPECT_THROW(read_schedule("hourly", "T"), Error);
    EXPECT_THROW(read_schedule("timer:1ms", "T"), Error);
}

TEST(Events, a_timer_calls_again_and_again_and_failures_are_counted) {
    Folder f;
    f.write("a.wat", "(module (func (export \"tick\")) (func (export \"boom\") unreachable))");
    f.write("app.toml", R"(
[defaults]
artifact = "a.wat"
kind = "core"
[materializers.tick]
event = { on = ["timer:10ms"] }
[materializers.boom]
event = { on = ["timer:10ms"], retries = 2, backoff = "10ms" }
)");
    auto server = AppServer::start(f.path() + "/app.toml", {}, {.listen = "127.0.0.1:0"});
    ASSERT_TRUE(server) << server.error().message;
    App app = server->app();
    CallStats &tick = app.data().ops.find("tick")->second.stats, &boom = app.data().ops.find("boom")->second.stats;
    auto deadline = steady_clock::now() + seconds(20);
    while (steady_clock::now() < deadline && (tick.count(Outcome::ok) < 3 || boom.dead_letters < 2)) std::this_thread::sleep_for(milliseconds(5));
    EXPECT_GE(tick.count(Outcome::ok), 3u);
    EXPECT_GE(boom.dead_letters, 2u);
    EXPECT_GE(boom.count(Outcome::trap), 6u);
    EXPECT_TRUE(server->drain(seconds(1)));
}

TEST(Events, faults_are_errors_of_the_manifest) {
    Folder f;
    f.write("a.wat", "(module (func (export \"a\")))");
    auto app = App::load(f.write("app.toml", "[materializers.a]\nartifact = \"a.wat\"\nkind = \"core\"\nevent = { on = [\"cron:99 * * * *\"] }"));
    ASSERT_FALSE(app);
    EXPECT_NE(app.error().message.find("materializers.a.event.on: `99 * * * *` must be five fields"), std::string::npos) << app.error().message;
}

}  // namespace
}  // namespace heddle::wire::testing
