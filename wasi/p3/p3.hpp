// WASI 0.3.0: one function per package that registers its interfaces, and how the host's streams become those of the component model.
// https://github.com/WebAssembly/WASI/tree/main/wasip3
#pragma once
#include "bind.hpp"
#include "io.hpp"

namespace heddle::wasi::p3 {

void add_clocks(Binder& b);
void add_random(Binder& b);
void add_cli(Binder& b);
void add_filesystem(Binder& b);
void add_sockets(Binder& b);

// A variant of cases without payload, and a last one, other(option<string>), for what the others do not say.
template <class Names>
struct OpenVariant {
    u32 index = u32(Names::list.size());  // other
    std::optional<std::string> other;
    static OpenVariant of(std::string_view name, std::string_view otherwise) {
        auto at = std::ranges::find(Names::list, name);
        if (at != Names::list.end()) return {u32(at - Names::list.begin()), std::nullopt};
        return {u32(Names::list.size()), std::string(otherwise)};
    }
};

// How a stream ended, for the future beside it: nothing is well.
using Ended = std::optional<Errno>;
using Failure = std::function<Val(Errno)>;  // an error as the interface's own error-code

// A stream of what `make` gives (at most so many elements: a list of them; an empty one: later, when `source` is ready; nothing: the end, and
// `ended` says how), with the future of its end.
struct Outgoing {
    std::function<std::optional<Val>(u32 most, Ended& ended)> make;
    std::shared_ptr<Source> source;
    Failure failure;
};
std::pair<Val, Val> outgoing(Guest& g, Outgoing o);
// A stream's bytes; an error instead of a stream ends at once.
std::pair<Val, Val> outgoing_bytes(Guest& g, Os<std::shared_ptr<InputStream>> from, Failure failure);
// A stream without elements whose future tells an error.
std::pair<Val, Val> failed_stream(Guest& g, Errno e, Failure failure);
// Takes a guest's stream of bytes and writes them; the future tells how that ended. `done` is called before.
Val incoming_bytes(Guest& g, const Val& stream, Os<std::shared_ptr<OutputStream>> to, Failure failure, std::function<void()> done = {});

// How that ended: nothing is well. After an error nothing more is read.
using WriteEnded = std::function<void(std::optional<StreamError>)>;
// Writes a stream's bytes and brings them out. Throws GuestFault when the value is no end that could be read.
void write_stream(Guest& g, const Val& stream, std::shared_ptr<OutputStream> to, WriteEnded ended);

template <class T, class E>
using WithEnd = std::tuple<StreamOf<T>, FutureOf<std::expected<void, E>>>;
template <class T, class E>
WithEnd<T, E> with_end(std::pair<Val, Val> p) {
    return {StreamOf<T>{std::move(p.first)}, FutureOf<std::expected<void, E>>{std::move(p.second)}};
}

}  // namespace heddle::wasi::p3

namespace heddle::wasi {

template <class Names>
struct Wit<p3::OpenVariant<Names>> {
    static Val to(Guest& g, p3::OpenVariant<Names> v) {
        if (v.index < Names::list.size()) return Val::variant(v.index);
        return Val::variant(v.index, Wit<std::optional<std::string>>::to(g, std::move(v.other)));
    }
    static ValueType type() {
        std::vector<ValueType::Member> all;
        for (std::string_view n : Names::list) all.push_back({std::string(n), std::nullopt});
        all.push_back({"other", Wit<std::optional<std::string>>::type()});
        return ValueType::variant(std::move(all));
    }
};

}  // namespace heddle::wasi
