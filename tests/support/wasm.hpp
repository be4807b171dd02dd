// Helpers for tests that run WebAssembly:
//
//   Engine engine;
//   Store store(engine);
//   Instance in = load(store, "(module (func (export \"add\") (param i32 i32) (result i32) …))");
//   EXPECT_EQ(call<i32>(in, "add", 1, 2), 3);
//
// What goes wrong is said with its message and ends the test by an exception.
#pragma once
#include <gtest/gtest.h>

#include <heddle/engine.hpp>
#include <heddle/text.hpp>
#include <ostream>
#include <stdexcept>

namespace heddle {

inline void PrintTo(const Error& e, std::ostream* out) { *out << e.to_string(); }

namespace test {

[[noreturn]] inline void fail(const std::string& what) { throw std::runtime_error(what); }

template <class T>
T value(Result<T> r) {
    if (!r) fail(r.error().to_string());
    if constexpr (!std::is_void_v<T>) return std::move(*r);
}

// A module's bytes, with names so that backtraces show them.
inline std::vector<u8> wat(std::string_view text) {
    auto bytes = text::assemble(text, {.names = true});
    if (!bytes) fail(text::describe(text, bytes.error()));
    return std::move(*bytes);
}

inline Result<Module> try_module(const Engine& engine, std::string_view text) { return Module::load(engine, wat(text)); }
inline Module module(const Engine& engine, std::string_view text) { return value(try_module(engine, text)); }

inline Result<Instance> try_load(Store& store, std::string_view text, const Linker& linker) {
    return linker.instantiate(store, module(store.engine(), text));
}
inline Result<Instance> try_load(Store& store, std::string_view text) { return try_load(store, text, Linker(store.engine())); }
inline Instance load(Store& store, std::string_view text, const Linker& linker) { return value(try_load(store, text, linker)); }
inline Instance load(Store& store, std::string_view text) { return value(try_load(store, text)); }

inline Func func(const Instance& in, std::string_view name) {
    auto f = in.find_func(name);
    if (!f) fail("no exported function " + std::string(name));
    return *f;
}

template <class R, class... A>
Result<R> try_call(const Instance& in, std::string_view name, A... args) {
    return value(in.func<R(A...)>(name))(args...);
}
template <class R, class... A>
R call(const Instance& in, std::string_view name, A... args) {
    return value(try_call<R>(in, name, args...));
}
// The message of the trap, or "returned".
template <class R, class... A>
std::string trap_of(const Instance& in, std::string_view name, A... args) {
    auto r = try_call<R>(in, name, args...);
    return r ? "returned" : r.error().kind == Error::Kind::trapped ? r.error().message : r.error().to_string();
}

// The message of an error, or "fine".
template <class T>
std::string error_of(const Result<T>& r) {
    return r ? "fine" : r.error().to_string();
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace test
}  // namespace heddle

// Both texts are shown when the second is not in the first.
#define EXPECT_CONTAINS(text, part) \
    EXPECT_PRED2([](const std::string& a, const std::string& b) { return ::heddle::test::contains(a, b); }, std::string(text), std::string(part))
