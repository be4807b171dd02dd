// What an app answers on NATS: its materializers, and events that are messages ("nats:orders.*"). All processes of an app are one queue group, so
// each call and each event goes to one of them.
#pragma once
#include <functional>
#include <memory>

#include "nats/connection.hpp"
#include "task.hpp"
#include "watch.hpp"

#include <heddle/wire.hpp>

namespace heddle::wire::nats {

class Listener {
public:
    // `post` gives work to a worker's thread and says whether it took it; `go_on` makes what App::begin wants; `on_wait` is told of waits that hold a
    // thread. `pending`: how many messages of one subject there may be work for; some more may come at once. Throws Error: NATS cannot be reached, or
    // the app names it and the process uses none. Without NATS it listens to nothing.
    Listener(App app, u32 pending, std::function<bool(std::function<void()>)> post, std::function<GoOn()> go_on, std::function<void(bool)> on_wait);
    ~Listener();
    Listener(const Listener&) = delete;
    // Takes no more. True: what was taken has ended until then.
    bool drain(Clock::time_point until);

private:
    struct State;
    std::shared_ptr<State> state_;
};

// "orders.*": what is wrong with a subject to listen to, or nothing.
std::optional<std::string> wrong_subject(std::string_view subject);

}  // namespace heddle::wire::nats
