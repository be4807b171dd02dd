// Computations that may wait without a thread: coroutines, begun by who awaits them. What they wait for wakes them from any thread, and they go on
// where their request wants to (CallTree::go_on), never inside of what woke them.
//
//   Task<Reply> f() {
//       Task<Reply> inner = g();            // named: GCC 12 destroys temporaries of a co_await expression wrongly
//       Reply r = co_await inner;
//       Pause pause(go_on, [&](Wake wake) { … keep `wake` for somebody … });
//       co_await pause;
//       co_return r;
//   }
#pragma once
#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace heddle::wire {

// Where work that may go on is given to: a queue of some thread or threads.
using GoOn = std::function<void(std::function<void()>)>;
// May be called any number of times, from any thread; the first counts.
using Wake = std::function<void()>;

template <class T>
class [[nodiscard]] Task {
public:
    struct promise_type {
        std::coroutine_handle<> then;
        // Set by whoever comes second: the one who awaits and has suspended, or the end. Then both are there.
        std::atomic<bool> met = false;
        std::optional<T> value;
        std::exception_ptr error;

        Task get_return_object() { return Task(Handle::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct End {
                bool await_ready() noexcept { return false; }
                void await_suspend(Handle h) noexcept {
                    promise_type& p = h.promise();
                    std::coroutine_handle<> then = p.then;
                    if (p.met.exchange(true)) then.resume();
                }
                void await_resume() noexcept {}
            };
            return End{};
        }
        template <class V>
        void return_value(V&& v) { value.emplace(std::forward<V>(v)); }
        void unhandled_exception() noexcept { error = std::current_exception(); }
    };
    using Handle = std::coroutine_handle<promise_type>;

    Task(Task&& o) noexcept : handle_(std::exchange(o.handle_, nullptr)) {}
    Task& operator=(Task&& o) noexcept {
        std::swap(handle_, o.handle_);
        return *this;
    }
    ~Task() {
        if (handle_) handle_.destroy();
    }

    bool await_ready() const noexcept { return false; }
    // Runs until it first waits. Ended already: the awaiter goes on at once, so loops need no more native stack than one round.
    bool await_suspend(std::coroutine_handle<> h) {
        promise_type& p = handle_.promise();
        p.then = h;
        handle_.resume();
        return !p.met.exchange(true);
    }
    T await_resume() {
        promise_type& p = handle_.promise();
        if (p.error) std::rethrow_exception(p.error);
        return std::move(*p.value);
    }

private:
    explicit Task(Handle h) : handle_(h) {}
    Handle handle_;
};

// A coroutine that nobody awaits.
struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() noexcept { std::terminate(); }
    };
};

// A wait for whoever was given `wake`.
class [[nodiscard]] Pause {
public:
    // `prepare` hands out the wake; the coroutine goes on after it has come back, even when it was woken before.
    Pause(GoOn go_on, std::function<void(Wake)> prepare) : state_(std::make_shared<State>()), prepare_(std::move(prepare)) { state_->go_on = std::move(go_on); }
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h) {
        std::shared_ptr<State> s = state_;  // this object may go as soon as both have met
        s->handle = h;
        prepare_([s] {
            if (s->woken.exchange(true)) return;
            GoOn go_on = std::move(s->go_on);  // who keeps the wake for ever does not keep that
            if (s->met.exchange(true)) go_on([h = s->handle] { h.resume(); });
        });
        return !s->met.exchange(true);
    }
    void await_resume() const noexcept {}

private:
    struct State {
        GoOn go_on;
        std::coroutine_handle<> handle;
        std::atomic<bool> woken = false, met = false;
    };
    std::shared_ptr<State> state_;
    std::function<void(Wake)> prepare_;
};

// A thread's own queue, for those who wait in place until a task has ended.
class Loop {
public:
    GoOn go_on() {
        return [this](std::function<void()> work) {
            std::lock_guard lock(mutex_);
            queue_.push_back(std::move(work));
            changed_.notify_one();
        };
    }
    // `before` and `after` are called around each sleep.
    template <class T>
    T run(Task<T> task, const std::function<void(bool begins)>& around = {}) {
        std::optional<T> value;
        std::exception_ptr error;
        bool done = false;
        watch(std::move(task), value, error, done);
        while (!done) next(around);
        if (error) std::rethrow_exception(error);
        return std::move(*value);
    }

private:
    template <class T>
    static Detached watch(Task<T> task, std::optional<T>& value, std::exception_ptr& error, bool& done) {
        try {
            value = co_await task;
        } catch (...) {
            error = std::current_exception();
        }
        done = true;
    }
    void next(const std::function<void(bool begins)>& around) {
        std::unique_lock lock(mutex_);
        bool slept = queue_.empty() && around;
        if (slept) {
            lock.unlock();
            around(true);
            lock.lock();
        }
        changed_.wait(lock, [this] { return !queue_.empty(); });
        auto work = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        if (slept) around(false);
        work();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> queue_;
};

}  // namespace heddle::wire
