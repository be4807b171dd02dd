// What the connections of one server share: threads, limits, counts, and which request may be handled now.
#pragma once
#include <atomic>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <heddle/http.hpp>

namespace heddle::http {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
class Connection;

// A thread and its connections.
struct Loop {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
    asio::steady_timer sweep{io};                  // looks for deadlines that are over
    std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;   // of this thread alone, like the rest
    std::string date;                              // the field's value, once a second
    std::time_t date_second = 0;
    bool draining = false;
    bool ending = false;                           // no deadline is looked at any more
    std::mutex gate;                               // of `closed`
    bool closed = false;                           // nothing will run any more
    std::thread thread;

    // Runs `f` on the thread: at once when this is it.
    template <class F>
    void dispatch(F&& f) {
        if (io.get_executor().running_in_this_thread()) return f();
        post(std::forward<F>(f));
    }
    template <class F>
    void post(F&& f) {
        std::lock_guard lock(gate);
        if (!closed) asio::post(io, std::forward<F>(f));
    }
};

struct Core : std::enable_shared_from_this<Core> {
    ServerOptions options;
    Handler handler;
    std::vector<std::unique_ptr<Loop>> loops;
    std::unique_ptr<asio::ip::tcp::acceptor> acceptor;   // on the first loop
    std::size_t next_loop = 0;
    bool accepting = false;
    std::atomic<u64> connections = 0, total_connections = 0, total_requests = 0, refused = 0, bad_requests = 0;

    // ---- admission
    enum class Admission : u8 { now, later, refused };
    // Later: the connection's admitted() is called.
    Admission admit(std::weak_ptr<Connection> who);
    void release();
    std::pair<u64, u64> requests_and_queue();

    void accept();
    void connection_closed();

private:
    std::mutex gate_;
    u32 active_ = 0;
    std::deque<std::weak_ptr<Connection>> queue_;
};

}  // namespace heddle::http
