#include "nats/calls.hpp"

#include <atomic>
#include <set>

#include <gtest/gtest.h>

#include <heddle/app_server.hpp>

#include "app.hpp"
#include "nats/listener.hpp"
#include "nats/streams.hpp"
#include "support/nats_server.hpp"

namespace heddle::wire::testing {
namespace {

using namespace std::chrono_literals;
using nats::Connection;

TEST(NatsToken, any_text_is_one_part_of_a_subject_and_comes_back) {
    std::string all;
    for (int c = 0; c < 256; ++c) all += char(c);
    for (const std::string& text : {std::string(), std::string("add"), std::string("kv.get"), std::string("="), std::string("a b*>"), all}) {
        std::string token = nats::token_of(text);
        EXPECT_EQ(token.find_first_of(" .*>\t\r\n"), token.npos) << token;
        EXPECT_EQ(nats::text_of(token), text);
    }
    EXPECT_EQ(nats::token_of("add_2-b"), "add_2-b");
    for (const char* wrong : {"a=", "a=4", "=4x", "=G0"}) EXPECT_EQ(nats::text_of(wrong), std::nullopt) << wrong;
}

TEST(NatsSubject, what_nats_would_refuse_is_refused_first) {
    for (const char* good : {"a", "orders.*", "orders.>", ">", "*.b.*"}) EXPECT_EQ(nats::wrong_subject(good), std::nullopt) << good;
    for (const char* bad : {"", ".", "a.", ".a", "a..b", "a b", "a*", "a.>.b", ">.a"}) EXPECT_NE(nats::wrong_subject(bad), std::nullopt) << bad;
}

TEST(NatsAnswer, every_outcome_comes_back_as_it_was) {
    for (std::size_t i = 1; i <= std::size_t(Outcome::failed); ++i) {
        Reply r = failure(Outcome(i), "what\nhappened");
        r.json = R"({"x":1})";
        r.retry_after = 250ms;
        Reply back = nats::read_answer({"", "", nats::answer_data(r), nats::answer_headers(r)});
        EXPECT_EQ(back.outcome, r.outcome);
        EXPECT_EQ(back.message, r.message);
        EXPECT_EQ(back.json, r.json);
        EXPECT_EQ(back.retry_after, r.retry_after);
    }
    Reply good;
    good.json = "[1]";
    EXPECT_EQ(nats::read_answer({"", "", nats::answer_data(good), nats::answer_headers(good)}).json, "[1]");
}

TEST(NatsAnswer, strangers_answers_are_not_trusted) {
    EXPECT_EQ(nats::read_answer({"", "", "{", {}}).outcome, Outcome::invalid_output);
    EXPECT_EQ(nats::read_answer({"", "", std::string(1'000, '['), {}}).outcome, Outcome::invalid_output);
    EXPECT_EQ(nats::read_answer({"", "", "no json", {{"nats-service-error-code", "500"}, {"Nats-Service-Error", "why"}}}).message, "why");
    EXPECT_EQ(nats::read_answer({"", "", R"({"code":7})", {{"Nats-Service-Error-Code", "x"}}}).outcome, Outcome::failed);
    EXPECT_FALSE(nats::call_options({"", "", "", {{"Heddle-Deadline", "99999999999999999999"}}}, Clock::now()).deadline);
    EXPECT_EQ(nats::call_options({"", "", "", {{"Heddle-Deadline", "5"}}}, Clock::now() - 1s).deadline, 0ms);
    EXPECT_EQ(nats::call_options({}, Clock::now()).depth, 0u);
    EXPECT_EQ(nats::call_options({"", "", "", {{"Heddle-Depth", "3"}}}, Clock::now()).depth, 3u);
    for (const char* hostile : {"-1", "x", "", "3x", "4294967296", "18446744073709551616", "9999"})
        EXPECT_EQ(nats::call_options({"", "", "", {{"Heddle-Depth", hostile}}}, Clock::now()).depth, 1'000u) << hostile;
}

class Nats : public NatsFixture {
protected:
    AppOptions options() {
        AppOptions o;
        o.hostcall({.name = "who", .handler = [this](const HostcallInfo& info, std::string_view) -> HostcallResult {
            ++asked;
            return R"({"user":)" + std::string(info.user.empty() ? "null" : info.user) + R"(,"trace":")" + std::string(info.traceparent) + "\"}";
        }});
        return o;
    }
    AppServer serve(const std::string& manifest) { return serve_with({{"relay.wat", relay_guest}, {"number.wat", number_guest}}, manifest, options()); }
    std::shared_ptr<Connection> connect() { return Connection::open(server.url(), "test", {}); }

    std::atomic<int> asked = 0;
};

const std::string adds = "[materializers.add]\nartifact = \"number.wat\"\nkind = \"core\"\n";
const std::string loops = "[materializers.loop]\nartifact = \"number.wat\"\nkind = \"core\"\n";
const std::string asks_who = "[materializers.who]\nartifact = \"relay.wat\"\ngrants = { host = [\"who\"] }\n";
const std::string calls = "[materializers.call]\nartifact = \"relay.wat\"\ngrants = { call = [\"*\"] }\n";

TEST_F(Nats, an_op_held_elsewhere_is_called_there) {
    AppServer here = serve(calls), there = serve(adds + asks_who);
    Reply r = here.app().call("add", R"([40, 2])");
    EXPECT_EQ(r.json, "42") << r.message;
    r = here.app().call("call", R"({"op":"add","in":[1,2]})");
    EXPECT_EQ(r.json, "3") << r.message;
    EXPECT_EQ(here.app().call("add", "[1,").outcome, Outcome::bad_json);
    EXPECT_EQ(here.app().call("add", R"({"a":1})").outcome, there.app().call("add", R"({"a":1})").outcome);
}

TEST_F(Nats, the_user_and_the_trace_go_along) {
    AppServer here = serve(calls), there = serve(asks_who);
    Reply r = here.app().call("call", R"({"op":"who"})", {.user = "{\"id\":\n 7}", .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"});
    ASSERT_TRUE(r.ok()) << r.message;
    EXPECT_NE(r.json.find(R"("user":{"id":7})"), r.json.npos) << r.json;
    EXPECT_NE(r.json.find("00-0af7651916cd43dd8448eb211c80319c-"), r.json.npos) << r.json;
    EXPECT_EQ(r.json.find("b7ad6b7169203331"), r.json.npos) << "a span of its own: " << r.json;
}

TEST_F(Nats, the_deadline_goes_along) {
    AppServer here = serve(calls), there = serve(loops);
    auto start = Clock::now();
    EXPECT_EQ(here.app().call("loop", "null", {.deadline = 150ms}).outcome, Outcome::deadline);
    EXPECT_LT(Clock::now() - start, 5s);
    App held = there.app();
    const CallStats& stats = held.data().ops.find("loop")->second.stats;
    while (stats.running && Clock::now() - start < 10s) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(stats.count(Outcome::deadline), 1u);
}

TEST_F(Nats, a_cancelled_call_does_not_wait) {
    AppServer here = serve(calls), there = serve(loops + "limits = { deadline = \"2s\" }\n");
    std::function<void()> cancel;
    std::thread later([&] {
        std::this_thread::sleep_for(200ms);
        cancel();
    });
    auto start = Clock::now();
    EXPECT_EQ(here.app().call("loop", "null", {.on_start = [&](std::function<void()> c) { cancel = std::move(c); }}).outcome, Outcome::cancelled);
    EXPECT_LT(Clock::now() - start, 1500ms);
    later.join();
}

TEST_F(Nats, what_nobody_serves_is_said_and_tried_again_as_the_policy_says) {
    use_nats({.servers = server.url(), .retries = 20});
    AppServer here = serve(calls);
    std::thread later([&] {
        std::this_thread::sleep_for(300ms);
        AppServer there = serve(adds);
        std::this_thread::sleep_for(2s);
    });
    Reply r = here.app().call("add", "[1,2]");
    EXPECT_EQ(r.json, "3") << r.message;
    later.join();
    use_nats({.servers = server.url()});
    r = here.app().call("nobody", "1");
    EXPECT_EQ(r.outcome, Outcome::unavailable);
    EXPECT_NE(r.message.find("no process on NATS serves it now (heddle.shop.op.nobody)"), r.message.npos) << r.message;
}

TEST_F(Nats, who_has_too_much_to_do_says_so) {
    AppServer busy = serve("[serve]\nworkers = 1\nqueue = 1\n" + loops + "limits = { deadline = \"300ms\" }\n");
    auto connection = connect();
    std::vector<std::unique_ptr<nats::Request>> requests;
    for (int i = 0; i < 8; ++i) requests.push_back(std::make_unique<nats::Request>(*connection, nats::op_subject("shop", "loop"), "null", nats::Headers()));
    int overloaded = 0, late = 0;
    for (auto& r : requests) {
        auto answer = r->wait(Clock::now() + 10s);
        ASSERT_TRUE(answer);
        Reply reply = nats::read_answer(*answer);
        overloaded += reply.outcome == Outcome::overloaded && reply.retry_after == 1s;
        late += reply.outcome == Outcome::deadline;
    }
    EXPECT_GE(overloaded, 5);
    EXPECT_EQ(overloaded + late, 8);
}

TEST_F(Nats, processes_share_the_calls_and_one_that_drains_loses_none) {
    AppServer one = serve(adds);
    auto two = std::make_unique<AppServer>(serve(adds));
    auto connection = connect();
    std::vector<std::unique_ptr<nats::Request>> requests;
    auto ask = [&](int n) {
        for (int i = 0; i < n; ++i) requests.push_back(std::make_unique<nats::Request>(*connection, nats::op_subject("shop", "add"), "[" + std::to_string(requests.size()) + ",1]", nats::Headers()));
    };
    App first = one.app(), second = two->app();
    ask(200);
    for (auto until = Clock::now() + 10s; second.data().ops.find("add")->second.stats.total() == 0 && Clock::now() < until;) std::this_thread::sleep_for(1ms);
    std::thread drain([&] { EXPECT_TRUE(two->drain(10s)); });
    ask(200);
    drain.join();
    u64 before = second.data().ops.find("add")->second.stats.total();
    ask(50);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        auto answer = requests[i]->wait(Clock::now() + 10s);
        ASSERT_TRUE(answer) << i;
        EXPECT_EQ(answer->data, std::to_string(i + 1));
    }
    EXPECT_GT(before, 0u);
    EXPECT_EQ(second.data().ops.find("add")->second.stats.total(), before);
    EXPECT_EQ(first.data().ops.find("add")->second.stats.total() + before, 450u);
}

TEST_F(Nats, a_reload_answers_all) {
    AppServer one = serve(adds);
    auto connection = connect();
    std::atomic<bool> stop = false;
    std::atomic<int> good = 0, bad = 0;
    std::thread asks([&] {
        for (int i = 0; !stop; ++i) {
            nats::Request r(*connection, nats::op_subject("shop", "add"), "[" + std::to_string(i) + ",1]", {});
            auto answer = r.wait(Clock::now() + 10s);
            ++(answer && answer->data == std::to_string(i + 1) ? good : bad);
        }
    });
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(one.reload());
    stop = true;
    asks.join();
    EXPECT_EQ(bad, 0);
    EXPECT_GT(good, 0);
}

TEST_F(Nats, a_bucket_keeps_values_as_the_local_store_does) {
    auto kv = nats::bucket_kv("test");
    EXPECT_EQ(kv->get("a").value(), std::nullopt);
    EXPECT_EQ(kv->list("", 10, "").value().size(), 0u);
    for (const char* key : {"a/1", "a/2", "b", "", "\xc3\xa4 *.>"}) EXPECT_TRUE(kv->set(key, "{\"x\":1}"));
    EXPECT_EQ(kv->get("\xc3\xa4 *.>").value(), "{\"x\":1}");
    EXPECT_EQ(kv->list("a/", 10, "").value(), (std::vector<std::string>{"a/1", "a/2"}));
    EXPECT_EQ(kv->list("a/", 10, "a/1").value(), (std::vector<std::string>{"a/2"}));
    EXPECT_EQ(kv->list("", 2, "").value().size(), 2u);
    EXPECT_EQ(kv->erase("a/1").value(), true);
    EXPECT_EQ(kv->erase("a/1").value(), false);
    EXPECT_EQ(kv->get("a/1").value(), std::nullopt);
    EXPECT_EQ(kv->increment("n", 5).value(), 5);
    EXPECT_EQ(kv->increment("n", -7).value(), -2);
    EXPECT_FALSE(kv->increment("b", 1));
    EXPECT_TRUE(kv->set("max", "9223372036854775807"));
    EXPECT_FALSE(kv->increment("max", 1));
    EXPECT_EQ(kv->compare_and_set("k", std::nullopt, "1").value(), true);
    EXPECT_EQ(kv->compare_and_set("k", std::nullopt, "2").value(), false);
    EXPECT_EQ(kv->compare_and_set("k", "2", "3").value(), false);
    EXPECT_EQ(kv->compare_and_set("k", "1", "3").value(), true);
    EXPECT_EQ(kv->erase("k").value(), true);
    EXPECT_EQ(kv->compare_and_set("k", std::nullopt, "4").value(), true);
    EXPECT_FALSE(kv->set("large", "\"" + std::string(2 << 20, 'x') + "\""));
}

TEST_F(Nats, increments_of_many_are_exact) {
    constexpr int each = 40;
    std::mutex mutex;
    std::set<i64> sums;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([&] {
            auto kv = nats::bucket_kv("count");
            for (int i = 0; i < each; ++i) {
                auto sum = kv->increment("n", 1);
                ASSERT_TRUE(sum) << sum.error();
                std::lock_guard lock(mutex);
                sums.insert(*sum);
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(sums.size(), 3u * each);
    EXPECT_EQ(nats::bucket_kv("count")->get("n").value(), std::to_string(3 * each));
}

TEST_F(Nats, guests_reach_a_bucket_through_kv) {
    std::string manifest = "kv = \"nats:shop\"\n[materializers.\"kv.increment\"]\nartifact = \"relay.wat\"\ngrants = { kv = \"write\" }\n";
    AppServer one = serve(manifest), two = serve(manifest);
    EXPECT_EQ(one.app().call("kv.increment", R"({"key":"n"})").json, "1");
    Reply r = two.app().call("kv.increment", R"({"key":"n","by":2})");
    EXPECT_EQ(r.json, "3") << r.message;
}

const std::string on_orders = "[materializers.who]\nartifact = \"relay.wat\"\ngrants = { host = [\"who\"] }\nevent = { on = [\"nats:orders.*\"] }\n";

TEST_F(Nats, a_message_is_an_event_for_one_of_the_processes) {
    AppServer one = serve(on_orders), two = serve(on_orders);
    auto connection = connect();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(connection->publish("orders.new", "{\"n\":1}", {}), std::nullopt);
    auto start = Clock::now();
    while (asked < 20 && Clock::now() - start < 10s) std::this_thread::sleep_for(10ms);
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(asked, 20);
}

TEST_F(Nats, events_of_a_stream_wait_for_whoever_listens_and_are_given_up_after_their_tries) {
    auto connection = connect();
    nats::Request make(*connection, "$JS.API.STREAM.CREATE.ORDERS", R"({"name":"ORDERS","subjects":["orders.>"],"storage":"memory"})", {});
    ASSERT_TRUE(make.wait(Clock::now() + 10s));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(connection->publish("orders.new", "{\"n\":1}", {}), std::nullopt);
    {
        AppServer late = serve(on_orders);
        auto start = Clock::now();
        while (asked < 5 && Clock::now() - start < 10s) std::this_thread::sleep_for(10ms);
        EXPECT_EQ(asked, 5);
        late.drain(5s);
    }
    AppServer fails = serve("[materializers.add]\nartifact = \"number.wat\"\nkind = \"core\"\nevent = { on = [\"nats:orders.new\"], retries = 1, backoff = \"10ms\" }\n");
    App app = fails.app();
    const CallStats& stats = app.data().ops.find("add")->second.stats;
    auto start = Clock::now();
    while (stats.dead_letters < 5 && Clock::now() - start < 10s) std::this_thread::sleep_for(10ms);
    EXPECT_EQ(stats.dead_letters, 5u);
    EXPECT_EQ(stats.total(), 10u);
    EXPECT_EQ(asked, 5) << "events that were done came again";
}

TEST(NatsManifest, what_needs_nats_says_so_without_it) {
    Folder f;
    f.write("a.wat", number_guest);
    std::string materializer = "[materializers.add]\nartifact = \"a.wat\"\nkind = \"core\"\n";
    auto wrong = [&](const std::string& text) {
        auto app = App::load(f.write("app.toml", text));
        return app ? std::string() : app.error().message;
    };
    EXPECT_NE(wrong("kv = \"nats:b\"\n" + materializer).find("--nats URL"), std::string::npos);
    EXPECT_NE(wrong("kv = \"nats:b c\"\n" + materializer).find("a bucket's name"), std::string::npos);
    EXPECT_NE(wrong(materializer + "event = { on = [\"nats:a..b\"] }\n").find("has an empty part"), std::string::npos);
    f.write("app.toml", materializer + "event = { on = [\"nats:a\"] }\n");
    auto server = AppServer::start(f.path() + "/app.toml", {}, {.listen = "127.0.0.1:0"});
    ASSERT_FALSE(server);
    EXPECT_NE(server.error().message.find("--nats URL"), std::string::npos) << server.error().message;
    use_nats({.servers = "nats://me:secret@127.0.0.1:1"});
    auto lost = AppServer::start(f.path() + "/app.toml", {}, {.listen = "127.0.0.1:0"});
    use_nats({});
    ASSERT_FALSE(lost);
    EXPECT_NE(lost.error().message.find("nats://127.0.0.1:1: "), std::string::npos) << lost.error().message;
    EXPECT_EQ(lost.error().message.find("secret"), std::string::npos) << lost.error().message;
}

}  // namespace
}  // namespace heddle::wire::testing
