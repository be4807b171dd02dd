// The standard C API in C++: the names and signatures of https://github.com/WebAssembly/wasm-c-api's wasm.hh, in C++14 and without
// exceptions. For programs that must run on several engines; others have heddle/engine.hpp. A program in ten lines:
//
//   auto engine = wasm::Engine::make();
//   auto store = wasm::Store::make(engine.get());
//   auto module = wasm::Module::make(store.get(), bytes);                       // null: heddle_last_error() says why
//   auto instance = wasm::Instance::make(store.get(), module.get(), wasm::vec<wasm::Extern*>::make());
//   auto exports = instance->exports();
//   auto args = wasm::vec<wasm::Val>::make(wasm::Val::i32(1), wasm::Val::i32(2));
//   auto results = wasm::vec<wasm::Val>::make_uninitialized(1);
//   if (auto trap = exports[0]->func()->call(args, results)) std::cerr << trap->message().get();
//   else std::cout << results[0].i32();
//
// own<T> owns one handle. Handles keep their Store alive; copy() gives another handle to the same object. A function that fails gives a null
// own<T>. As in C: one thread per Store at a time.
#ifndef WASM_HH
#define WASM_HH

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>  // not used here: programs count on the standard header to bring it
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <utility>

#ifndef WASM_API_EXTERN
#define WASM_API_EXTERN __attribute__((visibility("default")))
#endif

using byte_t = char;
using float32_t = float;
using float64_t = double;

namespace wasm {

// ---- vectors and ownership

// An owned array of fixed size. A moved-from or released one is invalid: it converts to false.
template <class T>
class vec {
public:
    using elem_type = T;

    vec(vec&& other) noexcept : size_(std::exchange(other.size_, invalid_size)), data_(std::move(other.data_)) {}
    vec& operator=(vec&& other) noexcept {
        reset(other);
        return *this;
    }

    // `size` elements as T() makes them (bytes: not set).
    static auto make_uninitialized(std::size_t size = 0) -> vec { return vec(size, size ? new (std::nothrow) T[size] : nullptr); }
    // Moves the elements out of `init`.
    static auto make(std::size_t size, T init[]) -> vec {
        vec v = make_uninitialized(size);
        for (std::size_t i = 0; v.data_ && i < size; ++i) v.data_[i] = std::move(init[i]);
        return v;
    }
    static auto make() -> vec { return vec(0, nullptr); }
    template <class... Ts>
    static auto make(Ts&&... elements) -> vec {
        T init[] = {std::forward<Ts>(elements)...};
        return make(sizeof...(Ts), init);
    }
    // The characters of a string, for vec<byte_t>: without its terminating 0, and with it.
    static auto make(std::string s) -> vec<char> { return vec<char>::make(s.size(), &s[0]); }
    static auto make_nt(std::string s) -> vec<char> { return vec<char>::make(s.size() + 1, &s[0]); }
    // Takes over an array from new[].
    static auto adopt(std::size_t size, T data[]) -> vec { return vec(size, data); }
    static auto invalid() -> vec { return vec(invalid_size, nullptr); }

    operator bool() const { return size_ != invalid_size; }
    auto size() const -> std::size_t { return size_; }
    auto get() const -> const T* { return data_.get(); }
    auto get() -> T* { return data_.get(); }
    auto operator[](std::size_t i) -> T& {
        assert(i < size_);
        return data_[i];
    }
    auto operator[](std::size_t i) const -> const T& {
        assert(i < size_);
        return data_[i];
    }
    auto release() -> T* {
        size_ = invalid_size;
        return data_.release();
    }
    void reset() {
        size_ = invalid_size;
        data_.reset();
    }
    void reset(vec& other) {
        size_ = std::exchange(other.size_, invalid_size);
        data_ = std::move(other.data_);
    }

    // Copies of the elements; deep_copy calls their copy().
    auto copy() const -> vec {
        vec v = make_uninitialized(size_);
        for (std::size_t i = 0; v.data_ && i < size_; ++i) v.data_[i] = data_[i];
        return v;
    }
    auto deep_copy() const -> vec {
        vec v = make_uninitialized(size_);
        for (std::size_t i = 0; v.data_ && i < size_; ++i) v.data_[i] = data_[i] ? data_[i]->copy() : nullptr;
        return v;
    }

private:
    static constexpr std::size_t invalid_size = SIZE_MAX;
    vec(std::size_t size, T* data) : size_(data || !size ? size : invalid_size), data_(data) {}

    std::size_t size_;
    std::unique_ptr<T[]> data_;
};

class destroyer {
public:
    template <class T>
    void operator()(T* p) {
        p->destroy();
    }
};

template <class T>
using own = std::unique_ptr<T, destroyer>;
template <class T>
using ownvec = vec<own<T>>;
template <class T>
auto make_own(T* p) -> own<T> {
    return own<T>(p);
}

// ---- the environment

// What an engine allows. It is heddle.h's wasm_config_t, so heddle_config_set can be given one.
class WASM_API_EXTERN Config {
    friend class destroyer;
    void destroy();

protected:
    Config() = default;
    ~Config() = default;

public:
    static auto make() -> own<Config>;
};

class WASM_API_EXTERN Engine {
    friend class destroyer;
    void destroy();

protected:
    Engine() = default;
    ~Engine() = default;

public:
    static auto make(own<Config>&& = Config::make()) -> own<Engine>;
};

class WASM_API_EXTERN Store {
    friend class destroyer;
    void destroy();

protected:
    Store() = default;
    ~Store() = default;

public:
    static auto make(Engine*) -> own<Store>;
};

// ---- types

enum class Mutability : std::uint8_t { CONST, VAR };

struct Limits {
    std::uint32_t min;
    std::uint32_t max;
    Limits(std::uint32_t least, std::uint32_t most = std::numeric_limits<std::uint32_t>::max()) : min(least), max(most) {}
};

enum class ValKind : std::uint8_t { I32, I64, F32, F64, EXTERNREF = 128, FUNCREF };

inline bool is_num(ValKind k) { return k < ValKind::EXTERNREF; }
inline bool is_ref(ValKind k) { return k >= ValKind::EXTERNREF; }

class WASM_API_EXTERN ValType {
    friend class destroyer;
    void destroy();

protected:
    ValType() = default;
    ~ValType() = default;

public:
    static auto make(ValKind) -> own<ValType>;
    auto copy() const -> own<ValType>;
    auto kind() const -> ValKind;
    auto is_num() const -> bool { return wasm::is_num(kind()); }
    auto is_ref() const -> bool { return wasm::is_ref(kind()); }
};

enum class ExternKind : std::uint8_t { FUNC, GLOBAL, TABLE, MEMORY, TAG };

class FuncType;
class GlobalType;
class TableType;
class MemoryType;
class TagType;

// The views are null for another kind.
class WASM_API_EXTERN ExternType {
    friend class destroyer;
    void destroy();

protected:
    ExternType() = default;
    ~ExternType() = default;

public:
    auto copy() const -> own<ExternType>;
    auto kind() const -> ExternKind;
    auto func() -> FuncType*;
    auto global() -> GlobalType*;
    auto table() -> TableType*;
    auto memory() -> MemoryType*;
    auto tag() -> TagType*;
    auto func() const -> const FuncType*;
    auto global() const -> const GlobalType*;
    auto table() const -> const TableType*;
    auto memory() const -> const MemoryType*;
    auto tag() const -> const TagType*;
};

class WASM_API_EXTERN FuncType : public ExternType {
    friend class destroyer;
    void destroy();

protected:
    FuncType() = default;
    ~FuncType() = default;

public:
    static auto make(ownvec<ValType>&& params = ownvec<ValType>::make(), ownvec<ValType>&& results = ownvec<ValType>::make()) -> own<FuncType>;
    auto copy() const -> own<FuncType>;
    auto params() const -> const ownvec<ValType>&;
    auto results() const -> const ownvec<ValType>&;
};

class WASM_API_EXTERN GlobalType : public ExternType {
    friend class destroyer;
    void destroy();

protected:
    GlobalType() = default;
    ~GlobalType() = default;

public:
    static auto make(own<ValType>&&, Mutability) -> own<GlobalType>;
    auto copy() const -> own<GlobalType>;
    auto content() const -> const ValType*;
    auto mutability() const -> Mutability;
};

class WASM_API_EXTERN TableType : public ExternType {
    friend class destroyer;
    void destroy();

protected:
    TableType() = default;
    ~TableType() = default;

public:
    static auto make(own<ValType>&&, Limits) -> own<TableType>;
    auto copy() const -> own<TableType>;
    auto element() const -> const ValType*;
    auto limits() const -> const Limits&;
};

class WASM_API_EXTERN MemoryType : public ExternType {
    friend class destroyer;
    void destroy();

protected:
    MemoryType() = default;
    ~MemoryType() = default;

public:
    static auto make(Limits) -> own<MemoryType>;
    auto copy() const -> own<MemoryType>;
    auto limits() const -> const Limits&;
};

class WASM_API_EXTERN TagType : public ExternType {
    friend class destroyer;
    void destroy();

protected:
    TagType() = default;
    ~TagType() = default;

public:
    static auto make(own<FuncType>&&) -> own<TagType>;
    auto copy() const -> own<TagType>;
    auto functype() const -> const FuncType*;
};

using Name = vec<byte_t>;

class WASM_API_EXTERN ImportType {
    friend class destroyer;
    void destroy();

protected:
    ImportType() = default;
    ~ImportType() = default;

public:
    static auto make(Name&& module, Name&& name, own<ExternType>&&) -> own<ImportType>;
    auto copy() const -> own<ImportType>;
    auto module() const -> const Name&;
    auto name() const -> const Name&;
    auto type() const -> const ExternType*;
};

class WASM_API_EXTERN ExportType {
    friend class destroyer;
    void destroy();

protected:
    ExportType() = default;
    ~ExportType() = default;

public:
    static auto make(Name&&, own<ExternType>&&) -> own<ExportType>;
    auto copy() const -> own<ExportType>;
    auto name() const -> const Name&;
    auto type() const -> const ExternType*;
};

// ---- references and values

// same: both name one object. The host info belongs to the object; its finalizer runs when it is replaced, or when the Store dies.
class WASM_API_EXTERN Ref {
    friend class destroyer;
    void destroy();

protected:
    Ref() = default;
    ~Ref() = default;

public:
    auto copy() const -> own<Ref>;
    auto same(const Ref*) const -> bool;
    auto get_host_info() const -> void*;
    void set_host_info(void* info, void (*finalizer)(void*) = nullptr);
};

// A number, or an owned reference.
class Val {
public:
    Val() : kind_(ValKind::EXTERNREF) { impl_.ref = nullptr; }
    explicit Val(std::int32_t i) : kind_(ValKind::I32) { impl_.i32 = i; }
    explicit Val(std::int64_t i) : kind_(ValKind::I64) { impl_.i64 = i; }
    explicit Val(float32_t z) : kind_(ValKind::F32) { impl_.f32 = z; }
    explicit Val(float64_t z) : kind_(ValKind::F64) { impl_.f64 = z; }
    explicit Val(own<Ref>&& r) : kind_(ValKind::EXTERNREF) { impl_.ref = r.release(); }
    Val(Val&& other) noexcept : kind_(other.kind_), impl_(other.impl_) { other.forget(); }
    Val& operator=(Val&& other) noexcept {
        reset(other);
        return *this;
    }
    ~Val() { reset(); }

    static auto i32(std::int32_t x) -> Val { return Val(x); }
    static auto i64(std::int64_t x) -> Val { return Val(x); }
    static auto f32(float32_t x) -> Val { return Val(x); }
    static auto f64(float64_t x) -> Val { return Val(x); }
    static auto ref(own<Ref>&& x) -> Val { return Val(std::move(x)); }
    template <class T>
    static auto make(T x) -> Val;
    template <class T>
    static auto make(own<T>&& x) -> Val;

    void reset() {
        if (is_ref() && impl_.ref) destroyer()(impl_.ref);
        forget();
    }
    void reset(Val& other) {
        if (this == &other) return;
        reset();
        kind_ = other.kind_;
        impl_ = other.impl_;
        other.forget();
    }

    auto kind() const -> ValKind { return kind_; }
    auto is_num() const -> bool { return wasm::is_num(kind_); }
    auto is_ref() const -> bool { return wasm::is_ref(kind_); }
    auto i32() const -> std::int32_t {
        assert(kind_ == ValKind::I32);
        return impl_.i32;
    }
    auto i64() const -> std::int64_t {
        assert(kind_ == ValKind::I64);
        return impl_.i64;
    }
    auto f32() const -> float32_t {
        assert(kind_ == ValKind::F32);
        return impl_.f32;
    }
    auto f64() const -> float64_t {
        assert(kind_ == ValKind::F64);
        return impl_.f64;
    }
    auto ref() const -> Ref* {
        assert(is_ref());
        return impl_.ref;
    }
    template <class T>
    auto get() const -> T;
    auto release_ref() -> own<Ref> {
        assert(is_ref());
        return own<Ref>(std::exchange(impl_.ref, nullptr));
    }
    auto copy() const -> Val {
        Val v;
        v.kind_ = kind_;
        v.impl_ = impl_;
        if (is_ref() && impl_.ref) v.impl_.ref = impl_.ref->copy().release();
        return v;
    }

private:
    void forget() {
        if (is_ref()) impl_.ref = nullptr;
    }

    ValKind kind_;
    union {
        std::int32_t i32;
        std::int64_t i64;
        float32_t f32;
        float64_t f64;
        Ref* ref;
    } impl_;
};

template <>
inline auto Val::make<std::int32_t>(std::int32_t x) -> Val {
    return Val(x);
}
template <>
inline auto Val::make<std::int64_t>(std::int64_t x) -> Val {
    return Val(x);
}
template <>
inline auto Val::make<std::uint32_t>(std::uint32_t x) -> Val {
    return Val(static_cast<std::int32_t>(x));
}
template <>
inline auto Val::make<std::uint64_t>(std::uint64_t x) -> Val {
    return Val(static_cast<std::int64_t>(x));
}
template <>
inline auto Val::make<float32_t>(float32_t x) -> Val {
    return Val(x);
}
template <>
inline auto Val::make<float64_t>(float64_t x) -> Val {
    return Val(x);
}
template <>
inline auto Val::make<Ref>(own<Ref>&& x) -> Val {
    return Val(std::move(x));
}
template <>
inline auto Val::get<std::int32_t>() const -> std::int32_t {
    return i32();
}
template <>
inline auto Val::get<std::int64_t>() const -> std::int64_t {
    return i64();
}
template <>
inline auto Val::get<std::uint32_t>() const -> std::uint32_t {
    return static_cast<std::uint32_t>(i32());
}
template <>
inline auto Val::get<std::uint64_t>() const -> std::uint64_t {
    return static_cast<std::uint64_t>(i64());
}
template <>
inline auto Val::get<float32_t>() const -> float32_t {
    return f32();
}
template <>
inline auto Val::get<float64_t>() const -> float64_t {
    return f64();
}
template <>
inline auto Val::get<Ref*>() const -> Ref* {
    return ref();
}

// ---- traps

using Message = vec<byte_t>;  // ends with a 0, which counts

class Instance;

// A function that was active when the trap happened. instance() is borrowed from the frame.
class WASM_API_EXTERN Frame {
    friend class destroyer;
    void destroy();

protected:
    Frame() = default;
    ~Frame() = default;

public:
    auto copy() const -> own<Frame>;
    auto instance() const -> Instance*;
    auto func_index() const -> std::uint32_t;
    auto func_offset() const -> std::size_t;
    auto module_offset() const -> std::size_t;
};

// origin: the innermost frame, or null. trace: all that were kept, innermost first.
class WASM_API_EXTERN Trap : public Ref {
    friend class destroyer;
    void destroy();

protected:
    Trap() = default;
    ~Trap() = default;

public:
    static auto make(Store*, const Message&) -> own<Trap>;
    auto copy() const -> own<Trap>;
    auto message() const -> Message;
    auto origin() const -> own<Frame>;
    auto trace() const -> ownvec<Frame>;
};

// ---- modules

template <class T>
class Shared;

class WASM_API_EXTERN Module : public Ref {
    friend class destroyer;
    void destroy();

protected:
    Module() = default;
    ~Module() = default;

public:
    static auto validate(Store*, const vec<byte_t>& binary) -> bool;
    static auto make(Store*, const vec<byte_t>& binary) -> own<Module>;
    auto copy() const -> own<Module>;
    auto imports() const -> ownvec<ImportType>;
    auto exports() const -> ownvec<ExportType>;
    // For other threads, and a handle in another Store.
    auto share() const -> own<Shared<Module>>;
    static auto obtain(Store*, const Shared<Module>*) -> own<Module>;
    // The module's bytes, which any version reads.
    auto serialize() const -> vec<byte_t>;
    static auto deserialize(Store*, const vec<byte_t>&) -> own<Module>;
};

template <>
class WASM_API_EXTERN Shared<Module> {
    friend class destroyer;
    void destroy();

protected:
    Shared() = default;
    ~Shared() = default;
};

// ---- objects

// A reference to what only the host understands.
class WASM_API_EXTERN Foreign : public Ref {
    friend class destroyer;
    void destroy();

protected:
    Foreign() = default;
    ~Foreign() = default;

public:
    static auto make(Store*) -> own<Foreign>;
    auto copy() const -> own<Foreign>;
};

class Func;
class Global;
class Table;
class Memory;

// The views are null for another kind.
class WASM_API_EXTERN Extern : public Ref {
    friend class destroyer;
    void destroy();

protected:
    Extern() = default;
    ~Extern() = default;

public:
    auto copy() const -> own<Extern>;
    auto kind() const -> ExternKind;
    auto type() const -> own<ExternType>;
    auto func() -> Func*;
    auto global() -> Global*;
    auto table() -> Table*;
    auto memory() -> Memory*;
    auto func() const -> const Func*;
    auto global() const -> const Global*;
    auto table() const -> const Table*;
    auto memory() const -> const Memory*;
};

class WASM_API_EXTERN Func : public Extern {
    friend class destroyer;
    void destroy();

protected:
    Func() = default;
    ~Func() = default;

public:
    // The results' vector has room for what the type says. A null own<Trap>: all went well. A C++ exception becomes a trap.
    using callback = auto (*)(const vec<Val>& args, vec<Val>& results) -> own<Trap>;
    using callback_with_env = auto (*)(void* env, const vec<Val>& args, vec<Val>& results) -> own<Trap>;

    static auto make(Store*, const FuncType*, callback) -> own<Func>;
    static auto make(Store*, const FuncType*, callback_with_env, void* env, void (*finalizer)(void*) = nullptr) -> own<Func>;
    auto copy() const -> own<Func>;
    auto type() const -> own<FuncType>;
    auto param_arity() const -> std::size_t;
    auto result_arity() const -> std::size_t;
    // Results that the vector has no room for are dropped. Null: all went well.
    auto call(const vec<Val>& args, vec<Val>& results) const -> own<Trap>;
};

class WASM_API_EXTERN Global : public Extern {
    friend class destroyer;
    void destroy();

protected:
    Global() = default;
    ~Global() = default;

public:
    static auto make(Store*, const GlobalType*, const Val&) -> own<Global>;
    auto copy() const -> own<Global>;
    auto type() const -> own<GlobalType>;
    auto get() const -> Val;
    void set(const Val&);
};

class WASM_API_EXTERN Table : public Extern {
    friend class destroyer;
    void destroy();

protected:
    Table() = default;
    ~Table() = default;

public:
    using size_t = std::uint32_t;

    static auto make(Store*, const TableType*, const Ref* init = nullptr) -> own<Table>;
    auto copy() const -> own<Table>;
    auto type() const -> own<TableType>;
    auto get(size_t index) const -> own<Ref>;
    auto set(size_t index, const Ref*) -> bool;
    auto size() const -> size_t;
    auto grow(size_t delta, const Ref* init = nullptr) -> bool;
};

class WASM_API_EXTERN Memory : public Extern {
    friend class destroyer;
    void destroy();

protected:
    Memory() = default;
    ~Memory() = default;

public:
    using pages_t = std::uint32_t;
    static const std::size_t page_size = 0x10000;

    static auto make(Store*, const MemoryType*) -> own<Memory>;
    auto copy() const -> own<Memory>;
    auto type() const -> own<MemoryType>;
    // The first byte; it stays where it is when the memory grows.
    auto data() const -> byte_t*;
    auto data_size() const -> std::size_t;
    auto size() const -> pages_t;
    auto grow(pages_t delta) -> bool;
};

class WASM_API_EXTERN Instance : public Ref {
    friend class destroyer;
    void destroy();

protected:
    Instance() = default;
    ~Instance() = default;

public:
    // Runs the start function. Null: *trap, when asked for, is the trap or says what does not fit.
    static auto make(Store*, const Module*, const vec<Extern*>& imports, own<Trap>* trap = nullptr) -> own<Instance>;
    auto copy() const -> own<Instance>;
    auto exports() const -> ownvec<Extern>;
};

}  // namespace wasm

#endif  // WASM_HH
