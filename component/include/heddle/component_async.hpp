// Host functions as coroutines: they answer when they have come to their end, and the guest waits meanwhile.
//
//   Async<std::string> fetch(std::string url) {             // any number of them run at once
//       Pending<std::string> answer;
//       client.get(url, [answer](std::string body) { answer.set(std::move(body)); });
//       std::string body = co_await answer;
//       co_return body.substr(0, co_await limit_of(url));     // another Async<u32>
//   }
//   async_func(imports.interface("demo:app/net"), "fetch", fetch);
//
// An import of another type than `async` is served by parking_func: the Store is parked meanwhile, and Store::on_park waits. Everything happens on
// the Store's thread. When the guest cancels the call, or dies, the coroutine is destroyed where it waits. An exception that leaves it is a trap.
// With GCC 12, give what is awaited a name first: it destroys temporaries of such expressions wrongly.
#pragma once
#include <coroutine>
#include <exception>

#include <heddle/component.hpp>

namespace heddle::component {

template <class T>
class Async;

namespace detail {

struct Waiter {
    std::coroutine_handle<> coroutine;
};
// Where a value waits for a coroutine, or a coroutine for a value.
template <class T>
struct Awaited : Waiter {
    std::optional<T> value;
};
struct Nothing {};
template <class T>
using Stored = std::conditional_t<std::is_void_v<T>, Nothing, T>;

struct AsyncPromiseBase {
    std::coroutine_handle<> caller;   // awaits this one
    std::function<void()> on_end;     // of the outermost
    std::exception_ptr thrown;
    std::shared_ptr<Waiter> waits_for;
    std::coroutine_handle<> self;     // when it waits for one

    AsyncPromiseBase() = default;
    AsyncPromiseBase(const AsyncPromiseBase&) = delete;
    AsyncPromiseBase& operator=(const AsyncPromiseBase&) = delete;
    // Destroyed where it waits: nobody may resume it.
    ~AsyncPromiseBase() {
        if (waits_for && waits_for->coroutine == self) waits_for->coroutine = nullptr;
    }

    struct End {
        bool await_ready() noexcept { return false; }
        template <class P>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) noexcept {
            AsyncPromiseBase& p = h.promise();
            if (p.caller) return p.caller;
            // It may destroy the coroutine.
            if (auto on_end = std::exchange(p.on_end, nullptr)) on_end();
            return std::noop_coroutine();
        }
        void await_resume() noexcept {}
    };
    std::suspend_always initial_suspend() noexcept { return {}; }
    End final_suspend() noexcept { return {}; }
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
};
template <class T>
struct AsyncPromise : AsyncPromiseBase {
    std::optional<T> value;
    Async<T> get_return_object() noexcept;
    template <class U>
    void return_value(U&& v) { value.emplace(std::forward<U>(v)); }
    T take() { return std::move(*value); }
};
template <>
struct AsyncPromise<void> : AsyncPromiseBase {
    Async<void> get_return_object() noexcept;
    void return_void() noexcept {}
    void take() {}
};

}  // namespace detail

// A value that comes later: copies are the same one. One coroutine at a time may await it.
template <class T = void>
class Pending {
    using State = detail::Awaited<detail::Stored<T>>;

public:
    // Goes on with the coroutine that waits, up to where it waits again; without one, keeps the value for the next.
    void set(detail::Stored<T> v) const
        requires(!std::is_void_v<T>)
    {
        put(std::move(v));
    }
    void set() const
        requires std::is_void_v<T>
    {
        put(detail::Nothing());
    }

    // It is awaited itself: in an Async.
    bool await_ready() const noexcept { return state_->value.has_value(); }
    template <class P>
    void await_suspend(std::coroutine_handle<P> h) const noexcept {
        state_->coroutine = h;
        h.promise().waits_for = state_;
        h.promise().self = h;
    }
    T await_resume() const {
        auto v = std::move(*state_->value);
        state_->value.reset();
        if constexpr (!std::is_void_v<T>) return v;
    }

private:
    void put(detail::Stored<T> v) const {
        std::shared_ptr<State> s = state_;
        s->value.emplace(std::move(v));
        if (auto waiter = std::exchange(s->coroutine, nullptr)) waiter.resume();
    }
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

// A coroutine that gives a T in the end. Begins when it is awaited, or started; destroyed with this object, wherever it is.
template <class T = void>
class [[nodiscard]] Async {
public:
    using promise_type = detail::AsyncPromise<T>;
    using Value = T;
    explicit Async(std::coroutine_handle<promise_type> h) : handle_(h) {}
    Async(Async&& o) noexcept : handle_(std::exchange(o.handle_, nullptr)) {}
    Async& operator=(Async&& o) noexcept {
        std::swap(handle_, o.handle_);
        return *this;
    }
    ~Async() {
        if (handle_) handle_.destroy();
    }

    // Runs to where it first waits, or to its end. `on_end` is called at the end, if that is not now.
    bool start(std::function<void()> on_end) {
        handle_.resume();
        if (handle_.done()) return true;
        handle_.promise().on_end = std::move(on_end);
        return false;
    }
    // Of one that has ended: its value; throws what it threw.
    T result() {
        promise_type& p = handle_.promise();
        if (p.thrown) std::rethrow_exception(p.thrown);
        return p.take();
    }

    struct Awaiter {
        std::coroutine_handle<promise_type> handle;
        bool await_ready() const noexcept { return handle.done(); }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
            handle.promise().caller = caller;
            return handle;
        }
        T await_resume() {
            if (handle.promise().thrown) std::rethrow_exception(handle.promise().thrown);
            return handle.promise().take();
        }
    };
    Awaiter operator co_await() const noexcept { return Awaiter{handle_}; }

private:
    std::coroutine_handle<promise_type> handle_;
};

namespace detail {

template <class T>
Async<T> AsyncPromise<T>::get_return_object() noexcept {
    return Async<T>(std::coroutine_handle<AsyncPromise>::from_promise(*this));
}
inline Async<void> AsyncPromise<void>::get_return_object() noexcept { return Async<void>(std::coroutine_handle<AsyncPromise>::from_promise(*this)); }

// A call whose coroutine waits. It holds its Deferred, which holds it, until one of them is done.
template <class T>
struct RunningAsync {
    std::shared_ptr<void> function;   // whose captures the coroutine refers to
    Async<T> coroutine;
    std::optional<Deferred> answer;
    void ended() {
        Deferred d = *std::exchange(answer, std::nullopt);
        try {
            if constexpr (std::is_void_v<T>) {
                coroutine.result();
                d.resolve();
            } else d.resolve(As<T>::to(coroutine.result()));
        } catch (const std::exception& e) {
            d.fail("host function failed: " + std::string(e.what()));
        } catch (...) {
            d.fail("host function failed: an exception that is not a std::exception");
        }
    }
};

template <class T>
Host answer_with(HostCall& c, std::shared_ptr<void> function, Async<T> coroutine) {
    auto running = std::make_shared<RunningAsync<T>>(RunningAsync<T>{std::move(function), std::move(coroutine), std::nullopt});
    RunningAsync<T>* it = running.get();
    if (it->coroutine.start([it] { it->ended(); })) {
        if constexpr (std::is_void_v<T>) {
            it->coroutine.result();
            return c.done();
        } else return c.done(As<T>::to(it->coroutine.result()));
    }
    it->answer = c.defer();
    it->answer->on_cancel([running]() mutable {
        running->answer.reset();
        running.reset();
    });
    return c.wait();
}

template <class R, class... A>
constexpr bool takes_values(R (*)(A...)) { return (!std::is_reference_v<A> && ...); }
template <class F, class R, class... A>
constexpr bool takes_values(R (F::*)(A...) const) { return (!std::is_reference_v<A> && ...); }
template <class F, class R, class... A>
constexpr bool takes_values(R (F::*)(A...)) { return (!std::is_reference_v<A> && ...); }
template <class F>
constexpr bool takes_values() {
    if constexpr (std::is_pointer_v<F>) return takes_values(F());
    else return takes_values(&F::operator());
}

template <class Of>
struct AsyncOf;
template <class T, class... A>
struct AsyncOf<FunctionOf<Async<T>(A...)>> {
    static FunctionType type(bool async) {
        FunctionType t = FunctionOf<T(A...)>::type();
        t.async = async;
        return t;
    }
    template <class F>
    static HostFunction host(std::shared_ptr<F> f) {
        return [f = std::move(f)](HostCall& c) -> Host {
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return answer_with<T>(c, f, (*f)(As<A>::from(c.args()[I])...));
            }(std::index_sequence_for<A...>{});
        };
    }
};

template <class F>
void add_async(ComponentLinker::Interface& interface, std::string name, F f, bool async) {
    static_assert(takes_values<F>(), "a coroutine that is a host function takes its parameters by value: references would not outlive its first wait");
    using Of = AsyncOf<typename Callable<F>::Of>;
    interface.raw(std::move(name), Of::host(std::make_shared<F>(std::move(f))), Of::type(async));
}

}  // namespace detail

// A coroutine as a host function of an `async` type. Its parameters and what it gives in the end become component types, as for
// ComponentLinker::Interface::func, and are checked when linked.
template <class F>
void async_func(ComponentLinker::Interface interface, std::string name, F f) {
    detail::add_async(interface, std::move(name), std::move(f), true);
}
// The same of another type: while it waits, nothing else of the Store runs.
template <class F>
void parking_func(ComponentLinker::Interface interface, std::string name, F f) {
    detail::add_async(interface, std::move(name), std::move(f), false);
}

}  // namespace heddle::component
