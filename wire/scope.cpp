// Waits of a request.
#include "scope.hpp"

#include "app.hpp"

namespace heddle::wire {

Task<Done> pause_until(CallTree& tree, Clock::time_point until, std::function<void(Wake)> prepare) {
    std::optional<Watch::Ticket> ticket;
    Pause pause(tree.go_on, [&](Wake wake) {
        tree.wake_with(wake);
        ticket = tree.app->watch.at(until, wake);
        prepare(wake);
    });
    co_await pause;
    tree.wake_with({});
    tree.app->watch.cancel(*ticket);
    co_return Done{};
}

}  // namespace heddle::wire
