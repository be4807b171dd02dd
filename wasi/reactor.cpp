#include "reactor.hpp"

#include <chrono>
#include <deque>
#include <mutex>
#include <condition_variable>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace heddle::wasi {

namespace asio = boost::asio;

namespace {

// Threads for work that blocks, made when they are needed. One pool serves all reactors of the process.
class Pool {
public:
    static Pool& instance() {
        static Pool pool;
        return pool;
    }
    void run(std::function<void()> f) {
        std::lock_guard lock(mutex_);
        queue_.push_back(std::move(f));
        if (idle_ >= queue_.size() || threads_.size() >= most) wake_.notify_one();
        else threads_.emplace_back([this] { serve(); });
    }

private:
    static constexpr std::size_t most = 8;

    ~Pool() {
        {
            std::lock_guard lock(mutex_);
            ending_ = true;
            queue_.clear();
        }
        wake_.notify_all();
        for (std::thread& t : threads_) t.join();
    }
    void serve() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ++idle_;
            wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
            --idle_;
            if (ending_) return;
            auto f = std::move(queue_.front());
            queue_.pop_front();
            lock.unlock();
            f();
            f = nullptr;
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> queue_;
    std::vector<std::thread> threads_;
    std::size_t idle_ = 0;
    bool ending_ = false;
};

}  // namespace

struct Reactor::Data {
    asio::io_context io{1};
    // Work done elsewhere comes back through here, also when the reactor is gone by then.
    struct Door {
        std::mutex mutex;
        asio::io_context* io = nullptr;
    };
    std::shared_ptr<Door> door = std::make_shared<Door>();
    asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
};

Reactor::Reactor() : data_(std::make_unique<Data>()) { data_->door->io = &data_->io; }

Reactor::~Reactor() {
    std::lock_guard lock(data_->door->mutex);
    data_->door->io = nullptr;
}

asio::io_context& Reactor::io() { return data_->io; }

void Reactor::post(std::function<void()> f) { asio::post(data_->io, std::move(f)); }

Pending Reactor::after(u64 nanoseconds, std::function<void()> f) {
    constexpr u64 longest = u64(365) * 24 * 3600 * 1'000'000'000;  // beyond it the clock's own arithmetic would overflow
    auto timer = std::make_shared<asio::steady_timer>(data_->io, std::chrono::nanoseconds(std::min(nanoseconds, longest)));
    auto alive = std::make_shared<bool>(true);
    timer->async_wait([timer, alive, f = std::move(f)](const boost::system::error_code&) {
        if (*alive) f();
    });
    return Pending([timer, alive] {
        *alive = false;
        timer->cancel();
    });
}

Pending Reactor::work(std::function<void()> blocking, std::function<void()> then) {
    auto alive = std::make_shared<bool>(true);
    Pool::instance().run([door = data_->door, alive, blocking = std::move(blocking), then = std::move(then)]() mutable {
        blocking();
        std::lock_guard lock(door->mutex);
        if (!door->io) return;
        asio::post(*door->io, [alive = std::move(alive), then = std::move(then)] {
            if (*alive) then();
        });
    });
    return Pending([alive] { *alive = false; });
}

void Reactor::run_one(std::optional<u64> nanoseconds) {
    if (nanoseconds) data_->io.run_one_for(std::chrono::nanoseconds(*nanoseconds));
    else data_->io.run_one();
}

bool Reactor::poll() { return data_->io.poll() > 0; }

struct Watch::Data {
    Data(asio::io_context& io, int fd) : descriptor(io) {
        boost::system::error_code failed;
        descriptor.assign(fd, failed);
        pollable = !failed;
    }
    asio::posix::stream_descriptor descriptor;
    bool pollable = true;
    bool alive = true;
};

Watch::Watch(Reactor& reactor, int fd) : data_(std::make_shared<Data>(reactor.io(), fd)) {}

Watch::~Watch() {
    data_->alive = false;
    if (!data_->pollable) return;
    boost::system::error_code ignored;
    data_->descriptor.cancel(ignored);
    data_->descriptor.release();
}

namespace {

template <class Data>
void wait(const std::shared_ptr<Data>& d, asio::posix::stream_descriptor::wait_type what, std::function<void()> f) {
    auto done = [d, f = std::move(f)](const boost::system::error_code&) {
        if (d->alive) f();
    };
    if (d->pollable) d->descriptor.async_wait(what, std::move(done));
    else asio::post(d->descriptor.get_executor(), [done = std::move(done)] { done({}); });
}

}  // namespace

void Watch::readable(std::function<void()> f) { wait(data_, asio::posix::stream_descriptor::wait_read, std::move(f)); }
void Watch::writable(std::function<void()> f) { wait(data_, asio::posix::stream_descriptor::wait_write, std::move(f)); }

}  // namespace heddle::wasi
