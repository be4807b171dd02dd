// Components: load them, give them what they import, call them. A program in ten lines:
//
//   auto component = heddle::Component::load(engine, bytes);                                  // Result<Component>
//   heddle::ComponentLinker imports(engine);
//   imports.interface("demo:app/log@1.0.0").func("line", [](std::string s) { print(s); });
//   auto instance = imports.instantiate(store, *component);                                   // Result<ComponentInstance>
//   auto greet = instance->func<std::string(std::string)>("demo:app/greet.hello");            // type checked once
//   auto text = (*greet)("Ada");                                                              // Result<std::string>
//   auto value = instance->find_func("area")->call({Val::record({Val::u32(3), Val::u32(4)})});  // Result<std::optional<Val>>
//
// An instance can be handed to another component as an import: imports.instance("demo:app/greet", *instance).
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <heddle/component_values.hpp>
#include <heddle/engine.hpp>

namespace heddle {

namespace component {

namespace runtime {
class Machine;
struct ComponentData;
struct Exports;
struct Function;
struct HostCallData;
struct Instance;
struct Item;
struct ResourceType;
}  // namespace runtime

// An import or export as its type says it is.
struct ExternInfo {
    enum class Kind : u8 { module, func, value, type, resource, component, instance };
    std::string name;
    Kind kind = Kind::func;
    FunctionType func;                  // kind func
    std::optional<ValueType> value;     // kinds value, type (of a value type)
    std::vector<ExternInfo> exports;    // kind instance
};
const char* to_string(ExternInfo::Kind k);

// The end of a host function that could not answer at once. Used from the Store's thread; the answer reaches the guest when it runs next.
class Deferred {
public:
    void resolve() const { answer({}); }
    void resolve(Val result) const;
    void fail(std::string why) const;   // a trap
    // Called when the guest cancels the call, or dies. resolve() does nothing afterwards.
    void on_cancel(std::function<void()> f) const;

    struct Data;
    explicit Deferred(std::shared_ptr<Data> d) : data_(std::move(d)) {}

private:
    void answer(std::vector<Val> results) const;
    std::shared_ptr<Data> data_;
};

// A call of a host function. Handles among the arguments: borrowed ones are valid until the call ends.
class HostCall {
public:
    Store& store() const;
    // "wasi:io/streams@0.2.12.[method]input-stream.read", and its type as the guest imports it.
    const std::string& name() const;
    FunctionType type() const;
    std::span<const Val> args() const;
    Val take(std::size_t i);            // moves an argument out
    Host done();
    Host done(Val result);
    Host fail(std::string why);         // a trap
    Host exit(i32 code);                // ends the program
    // For later: `return call.wait();` after this. A function of a synchronous type parks the Store meanwhile (Store::on_park waits).
    Deferred defer();
    Host wait();

    explicit HostCall(runtime::HostCallData& d) : data_(&d) {}

private:
    runtime::HostCallData* data_;
};
using HostFunction = std::function<Host(HostCall&)>;
// The same of a function whose parameters and result are each one core value: arguments in, the result into the first slot.
using WordFunction = std::function<void(Slot*)>;

// A resource of the host, to be offered by any number of linkers. `drop` is told the representation when its last handle goes.
std::shared_ptr<runtime::ResourceType> make_resource_type(std::function<void(Store&, u64 rep)> drop);

// Whatever the layer that offers host functions keeps for a Store. Released with the Store, after its instances.
std::shared_ptr<void>& host_data(Store& store);

// ---- C++ types as component types -------------------------------------------------------------------------------------------------

// How a C++ type becomes a value and back; a record is declared by
//   template <> struct heddle::component::Fields<Point> { static constexpr auto list = std::tuple(std::pair("x", &Point::x), …); };
template <class T>
struct Fields;
template <class T>
concept RecordLike = requires { Fields<T>::list; };

template <class T>
struct As;
template <class T>
struct AsScalar {
    static T from(const Val& v) { return v.as<T>(); }
};
template <> struct As<bool> : AsScalar<bool> {
    static Val to(bool v) { return Val::boolean(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::bool_); }
};
template <> struct As<i8> : AsScalar<i8> {
    static Val to(i8 v) { return Val::s8(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::s8); }
};
template <> struct As<u8> : AsScalar<u8> {
    static Val to(u8 v) { return Val::u8(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::u8); }
};
template <> struct As<i16> : AsScalar<i16> {
    static Val to(i16 v) { return Val::s16(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::s16); }
};
template <> struct As<u16> : AsScalar<u16> {
    static Val to(u16 v) { return Val::u16(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::u16); }
};
template <> struct As<i32> : AsScalar<i32> {
    static Val to(i32 v) { return Val::s32(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::s32); }
};
template <> struct As<u32> : AsScalar<u32> {
    static Val to(u32 v) { return Val::u32(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::u32); }
};
template <> struct As<i64> : AsScalar<i64> {
    static Val to(i64 v) { return Val::s64(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::s64); }
};
template <> struct As<u64> : AsScalar<u64> {
    static Val to(u64 v) { return Val::u64(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::u64); }
};
template <> struct As<f32> : AsScalar<f32> {
    static Val to(f32 v) { return Val::f32(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::f32); }
};
template <> struct As<f64> : AsScalar<f64> {
    static Val to(f64 v) { return Val::f64(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::f64); }
};
template <> struct As<char32_t> : AsScalar<char32_t> {
    static Val to(char32_t v) { return Val::character(v); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::char_); }
};
template <> struct As<std::string> {
    static Val to(std::string v) { return Val::string(std::move(v)); }
    static std::string from(const Val& v) { return v.as_string(); }
    static ValueType type() { return ValueType::primitive(ValueType::Kind::string); }
};
template <class T>
struct As<std::vector<T>> {
    static Val to(const std::vector<T>& items) {
        if constexpr (std::is_same_v<T, u8>) return Val::bytes(items);
        std::vector<Val> all;
        all.reserve(items.size());
        for (const T& i : items) all.push_back(As<T>::to(i));
        return Val::list(std::move(all));
    }
    static std::vector<T> from(const Val& v) {
        if constexpr (std::is_same_v<T, u8>)
            if (v.is_packed()) return {v.packed_bytes().begin(), v.packed_bytes().end()};
        std::vector<T> items;
        items.reserve(v.size());
        for (std::size_t i = 0; i < v.size(); ++i) items.push_back(As<T>::from(v.at(i)));
        return items;
    }
    static ValueType type() { return ValueType::list(As<T>::type()); }
};
template <class T>
struct As<std::optional<T>> {
    static Val to(const std::optional<T>& v) { return v ? Val::some(As<T>::to(*v)) : Val::none(); }
    static std::optional<T> from(const Val& v) {
        const Val* p = v.payload();
        return p ? std::optional<T>(As<T>::from(*p)) : std::nullopt;
    }
    static ValueType type() { return ValueType::option(As<T>::type()); }
};
template <class... T>
struct As<std::tuple<T...>> {
    static Val to(const std::tuple<T...>& v) {
        return std::apply([](const T&... t) { return Val::record({As<T>::to(t)...}); }, v);
    }
    static std::tuple<T...> from(const Val& v) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) { return std::tuple<T...>{As<T>::from(v.at(I))...}; }(std::index_sequence_for<T...>{});
    }
    static ValueType type() { return ValueType::tuple({As<T>::type()...}); }
};
template <class T, class E>
struct As<std::expected<T, E>> {
    static Val to(const std::expected<T, E>& v) {
        if (!v) {
            if constexpr (std::is_same_v<E, std::monostate>) return Val::error();
            else return Val::error(As<E>::to(v.error()));
        }
        if constexpr (std::is_void_v<T>) return Val::ok();
        else return Val::ok(As<T>::to(*v));
    }
    static std::expected<T, E> from(const Val& v) {
        if (v.case_index() != 0) {
            if constexpr (std::is_same_v<E, std::monostate>) return std::unexpected(E{});
            else return std::unexpected(As<E>::from(*v.payload()));
        }
        if constexpr (std::is_void_v<T>) return {};
        else return As<T>::from(*v.payload());
    }
    static ValueType type() {
        std::optional<ValueType> ok, error;
        if constexpr (!std::is_void_v<T>) ok = As<T>::type();
        if constexpr (!std::is_same_v<E, std::monostate>) error = As<E>::type();
        return ValueType::result(ok, error);
    }
};
template <RecordLike T>
struct As<T> {
    static Val to(const T& v) {
        return std::apply([&](const auto&... f) { return Val::record({As<std::decay_t<decltype(v.*f.second)>>::to(v.*f.second)...}); }, Fields<T>::list);
    }
    static T from(const Val& v) {
        T t{};
        std::size_t i = 0;
        std::apply([&](const auto&... f) { ((t.*f.second = As<std::decay_t<decltype(t.*f.second)>>::from(v.at(i++))), ...); }, Fields<T>::list);
        return t;
    }
    static ValueType type() {
        std::vector<ValueType::Member> members;
        std::apply([&](const auto&... f) { (members.push_back({f.first, As<std::decay_t<decltype(std::declval<T>().*f.second)>>::type()}), ...); },
                   Fields<T>::list);
        return ValueType::record(std::move(members));
    }
};
template <> struct As<Val> {  // anything
    static Val to(Val v) { return v; }
    static Val from(const Val& v) { return v; }
};

// Types whose value is one core value, any of them: calls of functions of such types make no Val.
template <class T>
concept Word = std::same_as<T, i32> || std::same_as<T, u32> || std::same_as<T, i64> || std::same_as<T, u64> || std::same_as<T, f32> || std::same_as<T, f64>;

template <class Signature>
struct FunctionOf;
template <class R, class... A>
struct FunctionOf<R(A...)> {
    static constexpr std::size_t max_words = 16;
    static constexpr bool words = (Word<A> && ...) && (Word<R> || std::is_void_v<R>) && sizeof...(A) <= max_words;
    // A component function's parameter and result types, compared without names.
    static bool fits(const FunctionType& t) {
        if (t.params.size() != sizeof...(A)) return false;
        std::size_t i = 0;
        bool all = (fits_type<A>(t.params[i++].type) && ...);
        if constexpr (std::is_void_v<R>) return all && !t.result;
        else return all && t.result && fits_type<R>(*t.result);
    }
    static FunctionType type() {
        FunctionType t;
        (t.params.push_back({"", type_of<A>()}), ...);
        if constexpr (!std::is_void_v<R>) t.result = type_of<R>();
        return t;
    }
    template <class F>
    static HostFunction host(std::shared_ptr<F> f) {
        return [f = std::move(f)](HostCall& c) -> Host {
            auto invoke = [&]<std::size_t... I>(std::index_sequence<I...>) { return (*f)(As<A>::from(c.args()[I])...); };
            if constexpr (std::is_void_v<R>) {
                invoke(std::index_sequence_for<A...>{});
                return c.done();
            } else return c.done(As<R>::to(invoke(std::index_sequence_for<A...>{})));
        };
    }
    template <class F>
    static WordFunction host_words(std::shared_ptr<F> f) {
        if constexpr (!words) return {};
        else return [f = std::move(f)](Slot* s) {
            auto invoke = [&]<std::size_t... I>(std::index_sequence<I...>) { return (*f)(s[I].template as<A>()...); };
            if constexpr (std::is_void_v<R>) invoke(std::index_sequence_for<A...>{});
            else s[0] = Slot::of<R>(invoke(std::index_sequence_for<A...>{}));
        };
    }

private:
    template <class T>
    static bool fits_type(const ValueType& t) {
        if constexpr (std::is_same_v<T, Val>) return true;
        else return As<T>::type() == t;
    }
    template <class T>
    static ValueType type_of() {
        if constexpr (std::is_same_v<T, Val>) return {};
        else return As<T>::type();
    }
};

namespace detail {
template <class R, class... A>
FunctionOf<R(std::decay_t<A>...)> function_of(R (*)(A...));
template <class F, class R, class... A>
FunctionOf<R(std::decay_t<A>...)> function_of(R (F::*)(A...) const);
template <class F, class R, class... A>
FunctionOf<R(std::decay_t<A>...)> function_of(R (F::*)(A...));
template <class F>
struct Callable {
    using Of = decltype(function_of(&F::operator()));
};
template <class R, class... A>
struct Callable<R (*)(A...)> {
    using Of = FunctionOf<R(std::decay_t<A>...)>;
};
}  // namespace detail

}  // namespace component

// ---- components ---------------------------------------------------------------------------------------------------------------------

// Decoded and validated: immutable, shared by any number of Stores and threads.
class Component {
public:
    // Errors: malformed, invalid, limit, with the offset and the specification's words.
    static Result<Component> load(const Engine& engine, std::span<const u8> bytes);
    static Result<Component> load(const Engine& engine, std::vector<u8>&& bytes);

    std::vector<component::ExternInfo> imports() const;
    std::vector<component::ExternInfo> exports() const;
    const std::shared_ptr<const component::runtime::ComponentData>& data() const { return data_; }

private:
    std::shared_ptr<const component::runtime::ComponentData> data_;
};

template <class Signature>
class TypedComponentFunc;

// A call that is going on. It makes progress in ComponentScheduler::tick, in wait(), and in every other call of its Store.
class ComponentCall {
public:
    bool is_done() const;
    // Of a call that is done: the result, or why there is none.
    Result<std::optional<component::Val>> result() const;
    // Runs the Store until the call is done; a deadlock is a trap.
    Result<std::optional<component::Val>> wait() const;
    // Asks the guest to end early. It may go on, and return as ever; ended early, the result is an error of kind usage.
    void cancel() const;

    struct Data;
    explicit ComponentCall(std::shared_ptr<Data> d) : data_(std::move(d)) {}

private:
    std::shared_ptr<Data> data_;
};

// A function of an instance. Use it while its Store lives.
class ComponentFunc {
public:
    component::FunctionType type() const;
    // Calls to the end; an asynchronous function is driven until it returns. Errors: usage (arguments do not fit), trapped (the Store's
    // component_trap says more). An instance that trapped cannot be entered again.
    Result<std::optional<component::Val>> call(std::vector<component::Val> args) const;
    // Begins a call: an asynchronous function runs until it blocks, any other to its end. Errors: usage.
    Result<ComponentCall> start(std::vector<component::Val> args) const;
    template <class Signature>
    Result<TypedComponentFunc<Signature>> typed() const;
    // Whether call_words() can call it: every parameter and result is a component::Word.
    bool has_words() const;
    // As call(): `slots` holds the arguments, and then the result in its first. Its types are not checked again.
    Result<void> call_words(std::span<Slot> slots) const;

    ComponentFunc(std::shared_ptr<component::runtime::Machine> m, std::shared_ptr<component::runtime::Function> f)
        : machine_(std::move(m)), func_(std::move(f)) {}

private:
    Result<std::shared_ptr<component::runtime::Machine>> ready_for(std::span<const component::Val> args) const;
    std::weak_ptr<component::runtime::Machine> machine_;
    std::shared_ptr<component::runtime::Function> func_;
};

// What a component exports, or an interface among its exports.
class ComponentInstance {
public:
    std::vector<component::ExternInfo> exports() const;
    // "f", or a path through exported instances: "demo:app/greet.hello", also without the interface's version.
    std::optional<ComponentFunc> find_func(std::string_view path) const;
    std::optional<ComponentInstance> find_instance(std::string_view name) const;
    // With its C++ signature. Errors: no such function (with what there is), another type (both are shown).
    template <class Signature>
    Result<TypedComponentFunc<Signature>> func(std::string_view path) const;

    ComponentInstance(std::shared_ptr<component::runtime::Machine> m, std::shared_ptr<component::runtime::Exports> e)
        : machine_(std::move(m)), exports_(std::move(e)) {}
    const std::shared_ptr<component::runtime::Exports>& data() const { return exports_; }

private:
    Error no_such_func(std::string_view path) const;
    std::weak_ptr<component::runtime::Machine> machine_;
    std::shared_ptr<component::runtime::Exports> exports_;
};

// The trap of the last component call of this Store that ended with Error::Kind::trapped.
const Trap& component_trap(Store& store);

// Work of a Store's components outside of calls.
struct ComponentScheduler {
    // Runs one ready task. False: none is ready.
    static bool tick(Store& store);
    // Chooses among ready tasks by chance: the same seed gives the same order. For tests.
    static void shuffle(Store& store, u64 seed);
};

// ---- streams and futures of the host ------------------------------------------------------------------------------------------------

namespace component {

// An end given to a guest, and how to tell that there is something to read again.
struct HostStream {
    Val readable;                     // as an argument or a result
    std::function<void()> wake;
};
// A stream that the host writes. `pull` is asked when the guest reads, for at most `max` elements: a list of them, an empty list (later: then
// call wake), or nothing at all: the end. Called while the guest's read runs, or in a tick; it must not call guests.
HostStream make_stream(Store& store, std::function<std::optional<Val>(u32 max)> pull);
// A future that the host writes: `pull` gives the value, or nothing: later.
HostStream make_future(Store& store, std::function<std::optional<Val>()> pull);

// Reads a guest's stream to its end. `push` is given lists of at most `max` elements and says whether it takes more at once; if not, call the
// function that this gives when it does. `ended` is called when the guest has dropped its end. Errors: usage (no end, or one in use).
Result<std::function<void()>> read_stream(Store& store, const Val& readable, std::function<bool(Val elements)> push, std::function<void()> ended,
                                          u32 max = 65'536);
Result<void> read_future(Store& store, const Val& readable, std::function<void(Val)> push);

}  // namespace component

// ---- linking --------------------------------------------------------------------------------------------------------------------------

// Names what components import. Definitions are kept as given, so one linker serves any number of instantiations.
class ComponentLinker {
public:
    explicit ComponentLinker(const Engine& engine);
    ~ComponentLinker();
    ComponentLinker(ComponentLinker&&) noexcept;
    ComponentLinker& operator=(ComponentLinker&&) noexcept;

    class Interface {
    public:
        // A C++ function: its parameter and result types become component types (see component::As) and are checked when linked. An
        // exception it throws becomes a trap.
        template <class F>
        Interface& func(std::string name, F f) {
            using Of = typename component::detail::Callable<F>::Of;
            auto shared = std::make_shared<F>(std::move(f));
            return add(std::move(name), Of::host(shared), Of::host_words(shared), &Of::fits, Of::type());
        }
        // The general form: any type; arguments and results are values.
        Interface& raw(std::string name, component::HostFunction f) { return add(std::move(name), std::move(f), {}, nullptr, {}); }
        // The same, held against a type when linked: parameter names too (where they are given), but not which resources are meant.
        Interface& raw(std::string name, component::HostFunction f, component::FunctionType type);
        // A resource of the host; `drop` is told the representation when its last handle goes.
        Interface& resource(std::string name, std::function<void(u64 rep)> drop = {});
        Interface& resource(std::string name, std::shared_ptr<component::runtime::ResourceType> type);

        // Null: no such resource.
        std::shared_ptr<component::runtime::ResourceType> resource_type(std::string_view name) const;

        struct Data;
        explicit Interface(std::shared_ptr<Data> d) : data_(std::move(d)) {}

    private:
        friend class ComponentLinker;
        Interface& add(std::string name, component::HostFunction f, component::WordFunction words, bool (*fits)(const component::FunctionType&),
                       component::FunctionType type);
        std::shared_ptr<Data> data_;
    };

    // Imports of an interface; versions match as the component model says: an import of 0.2.3 is served by 0.2.12.
    Interface interface(std::string name);
    // Imports without an interface.
    Interface root();
    // An instance's exports as an import. The linker then serves only that instance's Store.
    ComponentLinker& instance(std::string name, const ComponentInstance& instance);
    // Every export of an instance as an import of the same name.
    ComponentLinker& exports_of(const ComponentInstance& instance);
    ComponentLinker& define(std::string name, const Module& module);
    ComponentLinker& define(std::string name, const Component& component);

    // What nothing here serves: functions, or instances with what is missing of them. Names are compared, not types.
    std::vector<component::ExternInfo> missing(const Component& component) const;
    // What interface() was given, by name: resources, and functions with their types (empty for those of any type).
    std::vector<component::ExternInfo> provided() const;

    // Errors: unlinkable (an import is missing or has another type; both types are shown), trapped.
    Result<ComponentInstance> instantiate(Store& store, const Component& component) const;

private:
    struct Data;
    std::unique_ptr<Data> data_;
};

// A new handle of a host resource, to be given to a guest as `own`, and what a handle that came from a guest stands for.
component::Val new_resource(Store& store, const ComponentLinker::Interface& interface, std::string_view name, u64 rep);
component::Val new_resource(Store& store, const std::shared_ptr<component::runtime::ResourceType>& type, u64 rep);
std::optional<u64> resource_rep(const component::Val& handle);

// ---- typed calls ------------------------------------------------------------------------------------------------------------------------

namespace detail {
Error wrong_component_signature(const component::FunctionType& wanted, const component::FunctionType& has);
}

template <class R, class... A>
class TypedComponentFunc<R(A...)> {
public:
    explicit TypedComponentFunc(ComponentFunc f) : func_(std::move(f)), words_(func_.has_words()) {}
    Result<R> operator()(A... args) const {
        if constexpr (component::FunctionOf<R(A...)>::words)
            if (words_) return call_words(args...);
        std::vector<component::Val> values;
        (values.push_back(component::As<A>::to(std::move(args))), ...);
        auto result = func_.call(std::move(values));
        if (!result) return std::unexpected(result.error());
        if constexpr (std::is_void_v<R>) return {};
        else return component::As<R>::from(**result);
    }

private:
    Result<R> call_words(A... args) const {
        std::array<Slot, std::max<std::size_t>(sizeof...(A), 1)> slots{Slot::of<A>(args)...};
        auto done = func_.call_words(slots);
        if (!done) return std::unexpected(done.error());
        if constexpr (std::is_void_v<R>) return {};
        else return slots[0].template as<R>();
    }
    ComponentFunc func_;
    bool words_;
};

template <class Signature>
Result<TypedComponentFunc<Signature>> ComponentFunc::typed() const {
    component::FunctionType has = type();
    if (!component::FunctionOf<Signature>::fits(has)) return std::unexpected(detail::wrong_component_signature(component::FunctionOf<Signature>::type(), has));
    return TypedComponentFunc<Signature>(*this);
}

template <class Signature>
Result<TypedComponentFunc<Signature>> ComponentInstance::func(std::string_view path) const {
    auto f = find_func(path);
    if (!f) return std::unexpected(no_such_func(path));
    return f->template typed<Signature>();
}

}  // namespace heddle
