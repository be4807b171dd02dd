// C++ functions as WASI functions: their WIT types follow from the C++ ones, and arguments and results are converted here.
//
//     Binder b(linker, context);
//     b.interface("wasi:io/streams@0.2.12")
//         .resource<InputStream>()
//         .fn("[method]input-stream.read(self, len)", [](Guest& g, Borrow<InputStream> self, u64 len) { return self->read(len); })
//         .fn("[method]input-stream.blocking-read(self, len)", [](Guest& g, Reply<StreamResult<std::vector<u8>>> reply, …) { …; reply(…); });
//
// A function that may have to wait takes a Reply and calls it at once or later. Whatever throws GuestFault ends the guest with a trap.
#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "guest.hpp"

namespace heddle::wasi {

using component::HostCall;
using component::Val;
using component::ValueType;

// ---- C++ types as WIT types ----------------------------------------------------------------------------------------------------------------

template <class T>
struct Own : std::shared_ptr<T> {
    Own() = default;
    Own(std::shared_ptr<T> p) : std::shared_ptr<T>(std::move(p)) {}
    template <std::derived_from<T> D>
    Own(std::shared_ptr<D> p) : std::shared_ptr<T>(std::move(p)) {}
};
template <class T>
struct Borrow : std::shared_ptr<T> {
    Borrow() = default;
    Borrow(std::shared_ptr<T> p) : std::shared_ptr<T>(std::move(p)) {}
};
// Readable ends of streams and futures of T, as values.
template <class T>
struct StreamOf {
    Val end;
};
template <class T>
struct FutureOf {
    Val end;
};

// Names of an enum's cases: template <> struct Labels<E> { static constexpr std::array list = {"a", "b"}; };
template <class T>
struct Labels;
// A flags type is an enum too, of bits: template <> struct FlagLabels<F> { static constexpr std::array list = {"a", "b"}; };
template <class T>
struct FlagLabels;
// Cases of a variant, a class derived from std::variant: template <> struct Cases<V> { static constexpr std::array list = {"a", "b"}; };
// std::monostate, or any other alternative of type Nothing<n>, has no payload.
template <class T>
struct Cases;
template <int n>
struct Nothing {};
// Records: component::Fields.
template <class T>
concept Enumerated = requires { Labels<T>::list; };
template <class T>
concept Flagged = requires { FlagLabels<T>::list; };
template <class T>
concept CaseLike = requires { Cases<T>::list; };

// A number for a resource's name, so that types can tell resources apart.
u32 resource_number(std::string_view name);
std::string resource_name(u32 number);

template <class T>
struct Wit : component::As<T> {  // scalars, strings, list<u8>
    static Val to(Guest&, T v) { return component::As<T>::to(std::move(v)); }
    static T from(Guest&, const Val& v) { return component::As<T>::from(v); }
};
template <class T>
struct Wit<Own<T>> {
    static Val to(Guest& g, Own<T> v) {
        u64 rep = g.add(std::move(v));
        return new_resource(g.store(), resource_type<T>(), rep);
    }
    static Own<T> from(Guest& g, const Val& v) {  // the host takes it over
        u64 rep = resource_rep(v).value_or(0);
        Own<T> r = g.find<T>(rep);
        g.drop(rep);
        return r;
    }
    static ValueType type() { return ValueType::own(resource_number(T::wit_name)); }
};
template <class T>
struct Wit<Borrow<T>> {
    static Borrow<T> from(Guest& g, const Val& v) { return g.find<T>(resource_rep(v).value_or(0)); }
    static ValueType type() { return ValueType::borrow(resource_number(T::wit_name)); }
};
template <class T>
std::optional<ValueType> element_type() {
    if constexpr (std::is_void_v<T>) return std::nullopt;
    else return Wit<T>::type();
}
template <class T>
struct Wit<StreamOf<T>> {
    static Val to(Guest&, StreamOf<T> v) { return std::move(v.end); }
    static StreamOf<T> from(Guest&, const Val& v) { return {v}; }
    static ValueType type() { return ValueType::stream(element_type<T>()); }
};
template <class T>
struct Wit<FutureOf<T>> {
    static Val to(Guest&, FutureOf<T> v) { return std::move(v.end); }
    static FutureOf<T> from(Guest&, const Val& v) { return {v}; }
    static ValueType type() { return ValueType::future(element_type<T>()); }
};
template <class T>
struct Wit<std::vector<T>> {
    static Val to(Guest& g, std::vector<T> items) {
        if constexpr (std::is_same_v<T, u8>) return Val::packed(Val::Kind::u8, std::move(items));
        else {
            std::vector<Val> all;
            all.reserve(items.size());
            for (T& i : items) all.push_back(Wit<T>::to(g, std::move(i)));
            return Val::list(std::move(all));
        }
    }
    static std::vector<T> from(Guest& g, const Val& v) {
        if constexpr (std::is_same_v<T, u8>) return component::As<std::vector<u8>>::from(v);
        else {
            std::vector<T> items;
            items.reserve(v.size());
            for (std::size_t i = 0; i < v.size(); ++i) items.push_back(Wit<T>::from(g, v.at(i)));
            return items;
        }
    }
    static ValueType type() { return ValueType::list(Wit<T>::type()); }
};
template <class T>
struct Wit<std::optional<T>> {
    static Val to(Guest& g, std::optional<T> v) { return v ? Val::some(Wit<T>::to(g, std::move(*v))) : Val::none(); }
    static std::optional<T> from(Guest& g, const Val& v) {
        const Val* p = v.payload();
        return p ? std::optional<T>(Wit<T>::from(g, *p)) : std::nullopt;
    }
    static ValueType type() { return ValueType::option(Wit<T>::type()); }
};
template <class... T>
struct Wit<std::tuple<T...>> {
    static Val to(Guest& g, std::tuple<T...> v) {
        return std::apply([&](T&... t) { return Val::record({Wit<T>::to(g, std::move(t))...}); }, v);
    }
    static std::tuple<T...> from(Guest& g, const Val& v) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) { return std::tuple<T...>{Wit<T>::from(g, v.at(I))...}; }(std::index_sequence_for<T...>{});
    }
    static ValueType type() { return ValueType::tuple({Wit<T>::type()...}); }
};
template <class T, class E>
struct Wit<std::expected<T, E>> {
    static constexpr bool plain_error = std::is_same_v<E, std::monostate>;
    static Val to(Guest& g, std::expected<T, E> v) {
        if (!v) {
            if constexpr (plain_error) return Val::error();
            else return Val::error(Wit<E>::to(g, std::move(v.error())));
        }
        if constexpr (std::is_void_v<T>) return Val::ok();
        else return Val::ok(Wit<T>::to(g, std::move(*v)));
    }
    static std::expected<T, E> from(Guest& g, const Val& v) {
        if (v.case_index() != 0) {
            if constexpr (plain_error) return std::unexpected(E{});
            else return std::unexpected(Wit<E>::from(g, *v.payload()));
        }
        if constexpr (std::is_void_v<T>) return {};
        else return Wit<T>::from(g, *v.payload());
    }
    static ValueType type() {
        std::optional<ValueType> ok, error;
        if constexpr (!std::is_void_v<T>) ok = Wit<T>::type();
        if constexpr (!plain_error) error = Wit<E>::type();
        return ValueType::result(ok, error);
    }
};
template <Enumerated T>
struct Wit<T> {
    static Val to(Guest&, T v) { return Val::variant(u32(v)); }
    static T from(Guest&, const Val& v) { return T(v.case_index()); }
    static ValueType type() { return ValueType::enumeration({Labels<T>::list.begin(), Labels<T>::list.end()}); }
};
template <Flagged T>
struct Wit<T> {
    static Val to(Guest&, T v) { return Val::flags(u32(v)); }
    static T from(Guest&, const Val& v) { return T(u32(v.bits())); }
    static ValueType type() { return ValueType::flags({FlagLabels<T>::list.begin(), FlagLabels<T>::list.end()}); }
};
template <component::RecordLike T>
struct Wit<T> {
    static Val to(Guest& g, T v) {
        return std::apply([&](const auto&... f) { return Val::record({Wit<std::decay_t<decltype(v.*f.second)>>::to(g, std::move(v.*f.second))...}); },
                          component::Fields<T>::list);
    }
    static T from(Guest& g, const Val& v) {
        T t{};
        std::size_t i = 0;
        std::apply([&](const auto&... f) { ((t.*f.second = Wit<std::decay_t<decltype(t.*f.second)>>::from(g, v.at(i++))), ...); },
                   component::Fields<T>::list);
        return t;
    }
    static ValueType type() {
        std::vector<ValueType::Member> members;
        std::apply([&](const auto&... f) { (members.push_back({f.first, Wit<std::decay_t<decltype(std::declval<T>().*f.second)>>::type()}), ...); },
                   component::Fields<T>::list);
        return ValueType::record(std::move(members));
    }
};
template <class T>
inline constexpr bool has_payload = !std::is_same_v<T, std::monostate>;
template <int n>
inline constexpr bool has_payload<Nothing<n>> = false;
template <CaseLike T>
struct Wit<T> {
    static constexpr std::size_t count = Cases<T>::list.size();
    template <std::size_t i>
    using Payload = std::variant_alternative_t<i, typename T::variant>;

    static Val to(Guest& g, T v) {
        Val out;
        auto one = [&]<std::size_t i>(std::integral_constant<std::size_t, i>) {
            if (v.index() != i) return;
            if constexpr (has_payload<Payload<i>>) out = Val::variant(u32(i), Wit<Payload<i>>::to(g, std::get<i>(std::move(v))));
            else out = Val::variant(u32(i));
        };
        each(one);
        return out;
    }
    static T from(Guest& g, const Val& v) {
        T out;
        auto one = [&]<std::size_t i>(std::integral_constant<std::size_t, i>) {
            if (v.case_index() != i) return;
            if constexpr (has_payload<Payload<i>>) out.template emplace<i>(Wit<Payload<i>>::from(g, *v.payload()));
            else out.template emplace<i>();
        };
        each(one);
        return out;
    }
    static ValueType type() {
        std::vector<ValueType::Member> members;
        auto one = [&]<std::size_t i>(std::integral_constant<std::size_t, i>) {
            std::optional<ValueType> payload;
            if constexpr (has_payload<Payload<i>>) payload = Wit<Payload<i>>::type();
            members.push_back({std::string(Cases<T>::list[i]), payload});
        };
        each(one);
        return ValueType::variant(std::move(members));
    }

private:
    static void each(auto& f) {
        [&]<std::size_t... i>(std::index_sequence<i...>) { (f(std::integral_constant<std::size_t, i>()), ...); }(std::make_index_sequence<count>());
    }
};

// ---- answers ------------------------------------------------------------------------------------------------------------------------------

// One call that is not answered yet.
class CallState : public std::enable_shared_from_this<CallState> {
public:
    explicit CallState(Guest& g) : guest_(g.weak_from_this()) {}
    // Null: the guest is gone, or the call was answered or cancelled; then an answer goes nowhere.
    std::shared_ptr<Guest> open() const { return done_ ? nullptr : guest_.lock(); }
    void answer(std::optional<Val> v);
    void fault(std::string why);
    void keep(std::shared_ptr<void> k) { kept_ = std::move(k); }

    // After the function returned: what it said, or that it is waited for.
    Host settle(HostCall& c);
    std::function<void(const std::optional<Val>&)> traced;

private:
    std::weak_ptr<Guest> guest_;
    std::shared_ptr<void> kept_;                 // the operation that will answer
    std::optional<component::Deferred> deferred_;
    std::optional<Val> value_;
    std::optional<std::string> fault_;
    bool done_ = false;
};

// The answer to a call, given once: at once or later, on the reactor's thread. Copies are the same one.
template <class R>
class Reply {
public:
    explicit Reply(std::shared_ptr<CallState> s) : state_(std::move(s)) {}
    template <class T>
    void operator()(T r) const {
        auto g = state_->open();
        if (!g) return;
        guarded([&] { state_->answer(Wit<R>::to(*g, std::move(r))); });
    }
    void operator()() const
        requires std::is_void_v<R>
    {
        if (state_->open()) state_->answer(std::nullopt);
    }
    // A trap.
    void fault(std::string why) const { state_->fault(std::move(why)); }
    bool is_open() const { return state_->open() != nullptr; }
    // Holds what will answer until it has, or until the call is cancelled.
    void keep(std::shared_ptr<void> k) const { state_->keep(std::move(k)); }
    void keep(Pending p) const { state_->keep(std::make_shared<Pending>(std::move(p))); }
    // Runs f; a GuestFault in it becomes the answer.
    template <class F>
    void guarded(F f) const {
        try {
            f();
        } catch (const std::exception& e) {
            state_->fault(e.what());
        }
    }

private:
    std::shared_ptr<CallState> state_;
};

// ---- registration -------------------------------------------------------------------------------------------------------------------------

namespace detail {

template <class T>
T argument(Guest& g, HostCall& c, std::size_t i) {
    return Wit<T>::from(g, c.args()[i]);
}

template <class R, class... A>
component::FunctionType function_type() {
    component::FunctionType t;
    (t.params.push_back({"", Wit<A>::type()}), ...);
    if constexpr (!std::is_void_v<R>) t.result = Wit<R>::type();
    return t;
}

// From the C++ signature: whether it answers through a Reply, the WIT type, and the call.
template <class F>
struct Bound : Bound<decltype(&F::operator())> {};
template <class F, class R, class... A>
struct Bound<R (F::*)(Guest&, A...) const> {
    static component::FunctionType type() { return function_type<R, std::decay_t<A>...>(); }
    static void call(const F& f, Guest& g, HostCall& c, const std::shared_ptr<CallState>& s) {
        auto invoke = [&]<std::size_t... I>(std::index_sequence<I...>) -> R { return f(g, argument<std::decay_t<A>>(g, c, I)...); };
        if constexpr (std::is_void_v<R>) {
            invoke(std::index_sequence_for<A...>{});
            s->answer(std::nullopt);
        } else s->answer(Wit<R>::to(g, invoke(std::index_sequence_for<A...>{})));
    }
};
template <class F, class R, class... A>
struct Bound<void (F::*)(Guest&, Reply<R>, A...) const> {
    static component::FunctionType type() { return function_type<R, std::decay_t<A>...>(); }
    static void call(const F& f, Guest& g, HostCall& c, const std::shared_ptr<CallState>& s) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { f(g, Reply<R>(s), argument<std::decay_t<A>>(g, c, I)...); }(std::index_sequence_for<A...>{});
    }
};

}  // namespace detail

class Binder {
public:
    Binder(ComponentLinker& linker, const Context& context) : linker_(linker), context_(context) {}

    class Interface {
    public:
        // A resource type T::wit_name.
        template <std::derived_from<Resource> T>
        Interface& resource() {
            interface_.resource(T::wit_name, resource_type<T>());
            return *this;
        }
        // `signature`: the function's name and its parameters' names.
        template <class F>
        Interface& fn(std::string_view signature, F f) {
            using B = detail::Bound<F>;
            return add(signature, B::type(), false, [f = std::move(f)](Guest& g, HostCall& c, const auto& s) { B::call(f, g, c, s); });
        }
        // Of an `async` type.
        template <class F>
        Interface& async_fn(std::string_view signature, F f) {
            using B = detail::Bound<F>;
            return add(signature, B::type(), true, [f = std::move(f)](Guest& g, HostCall& c, const auto& s) { B::call(f, g, c, s); });
        }
        // Ends the program with an exit code.
        template <class T>
        Interface& exit_fn(std::string_view signature, i32 (*code)(T)) {
            return add_exit(signature, detail::function_type<void, T>(), [code](Guest& g, const Val& v) { return code(Wit<T>::from(g, v)); });
        }

    private:
        friend class Binder;
        using Call = std::function<void(Guest&, HostCall&, const std::shared_ptr<CallState>&)>;
        Interface(ComponentLinker::Interface i, const Context& c) : interface_(std::move(i)), context_(c) {}
        Interface& add(std::string_view signature, component::FunctionType type, bool async, Call call);
        Interface& add_exit(std::string_view signature, component::FunctionType type, std::function<i32(Guest&, const Val&)> code);
        ComponentLinker::Interface interface_;
        Context context_;
    };
    Interface interface(std::string name) { return Interface(linker_.interface(std::move(name)), context_); }

private:
    ComponentLinker& linker_;
    Context context_;
};

}  // namespace heddle::wasi
