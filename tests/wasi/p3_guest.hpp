// A guest of WASI 0.3 whose streams and futures are read and written by the test, as another component would.
#pragma once
#include "forwarder.hpp"

namespace heddle::wasi::testing {

struct P3 {
    Context context;
    std::unique_ptr<Forwarder> g;
    explicit P3(Context c, std::vector<std::string> parts = {}, Forwarder::Register add = &add_p3) : context(std::move(c)) {
        g = std::make_unique<Forwarder>(context, std::move(parts), add);
    }
    Val call(const std::string& f, std::vector<Val> args = {}) { return g->call(f, std::move(args)); }
    // Runs the Store until `done`.
    template <class F>
    void until(F done) {
        constexpr int rounds = 10;  // what is done in one tick may leave something for the next
        for (int idle = 0; !done();)
            if (ComponentScheduler::tick(g->store)) idle = 0;
            else if (++idle == rounds) {
                g->store.wait_parked();
                idle = 0;
            }
    }
    std::string read_all(const Val& stream) {
        std::string all;
        bool ended = false;
        auto more = component::read_stream(
            g->store, stream,
            [&](Val list) {
                all += text_of(list);
                return true;
            },
            [&] { ended = true; });
        EXPECT_TRUE(more);
        until([&] { return ended; });
        return all;
    }
    Val read_future(const Val& future) {
        std::optional<Val> v;
        EXPECT_TRUE(component::read_future(g->store, future, [&](Val got) { v = std::move(got); }));
        until([&] { return v.has_value(); });
        return v.value_or(Val());
    }
    // A stream of those bytes, in small pieces.
    Val stream_of(std::string text) {
        auto at = std::make_shared<std::size_t>(0);
        return component::make_stream(g->store,
                                      [text = std::move(text), at](u32 most) -> std::optional<Val> {
                                          std::size_t n = std::min<std::size_t>({most, text.size() - *at, 1000});
                                          if (n == 0) return std::nullopt;
                                          *at += n;
                                          return bytes(std::string_view(text).substr(*at - n, n));
                                      })
            .readable;
    }
};

}  // namespace heddle::wasi::testing
