// WASI 0.2.12: one function per package that registers its interfaces.
// https://github.com/WebAssembly/WASI/tree/main/wasip2
#pragma once
#include "bind.hpp"
#include "io.hpp"

namespace heddle::wasi::p2 {

void add_io(Binder& b);
void add_clocks(Binder& b);
void add_random(Binder& b);
void add_cli(Binder& b);
void add_filesystem(Binder& b);
void add_sockets(Binder& b);

// A new pollable of something that can be waited for.
Own<Source> pollable(std::shared_ptr<Source> s);

// Answers `reply` with f() once the source is ready, at once if it is. `f` may run later: it owns what it uses.
template <class R, class F>
void when_ready(const Reply<R>& reply, std::shared_ptr<Source> source, F f) {
    if (source->ready()) return reply(f());
    reply.keep(when_any_ready({std::move(source)}, [reply, f = std::move(f)] { reply.guarded([&] { reply(f()); }); }));
}

}  // namespace heddle::wasi::p2

namespace heddle::wasi {

// variant stream-error
template <>
struct Wit<StreamError> {
    static Val to(Guest& g, StreamError e) {
        if (!e.failed) return Val::variant(1);
        return Val::variant(0, Wit<Own<IoError>>::to(g, std::move(e.failed)));
    }
    static ValueType type() { return ValueType::variant({{"last-operation-failed", Wit<Own<IoError>>::type()}, {"closed", std::nullopt}}); }
};

}  // namespace heddle::wasi
