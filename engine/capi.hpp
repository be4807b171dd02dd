// What stands behind the opaque types of the standard C API: plain types by value, and references as handles over the C++ API.
//
//   wasm_store_t ─┐
//   wasm_func_t ──┼─► World (shared) ─ Engine, Store, host infos, what guests hold as externref
//   wasm_trap_t ──┘   a handle is a share of its World and the Thing it names
#pragma once
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <heddle/c/heddle.h>
#include <heddle/engine.hpp>

namespace heddle::capi {

// ---- errors: kept per thread for heddle_last_error, given as a null pointer or false -------------------------------------------------

void set_last_error(std::string text) noexcept;

// Runs `f`; what it throws becomes the last error and an empty result.
template <class F>
auto guarded(F f) noexcept -> decltype(f()) {
    try {
        return f();
    } catch (const Error& e) {
        set_last_error(e.to_string());
    } catch (const std::exception& e) {
        set_last_error(e.what());
    }
    if constexpr (!std::is_void_v<decltype(f())>) return {};
}

template <class T>
T value_of(Result<T> r) {
    if (!r) throw std::move(r.error());
    if constexpr (!std::is_void_v<T>) return std::move(*r);
}

[[noreturn]] inline void misuse(std::string message) { throw Error{Error::Kind::usage, std::move(message)}; }

// ---- vectors: arrays from calloc -----------------------------------------------------------------------------------------------------

template <class Vec>
void new_vec(Vec* out, std::size_t size) noexcept {
    out->data = size ? static_cast<decltype(out->data)>(std::calloc(size, sizeof *out->data)) : nullptr;
    out->size = out->data ? size : 0;
    if (size && !out->data) set_last_error("limit: out of memory");
}

// The contents of an `own` vector, which is empty then.
template <class Vec>
Vec take(Vec* v) noexcept {
    return std::exchange(*v, Vec{0, nullptr});
}

template <class Vec>
auto elements(const Vec* v) {
    return v ? std::span(v->data, v->size) : std::span<std::remove_pointer_t<decltype(v->data)>>();
}

void new_name(wasm_name_t* out, std::string_view text) noexcept;
std::string_view text_of(const wasm_name_t& name) noexcept;
std::span<const u8> bytes_of(const wasm_byte_vec_t& bytes) noexcept;

// ---- what references name ------------------------------------------------------------------------------------------------------------

struct TrapData {
    Trap trap;
    std::string message() const;  // without what the engine puts before a host's own words
};
struct Foreign {
    Ref ref;
};
struct GuestObject {  // a structure, an array or an i31
    std::shared_ptr<Root> root;
};
using Thing = std::variant<Extern, Instance, Module, std::shared_ptr<TrapData>, Foreign, GuestObject>;

// What is the same for all handles that name one object, and for no others.
const void* identity(const Thing& thing) noexcept;

struct HostInfo {
    void* info = nullptr;
    void (*finalizer)(void*) = nullptr;
    Thing owner;  // so that its identity is nobody else's
};

struct World : std::enable_shared_from_this<World> {
    Engine engine;
    Store store;
    std::unordered_map<const void*, HostInfo> infos;
    std::vector<Thing> given;                          // what guests hold as host references, by host value
    std::unordered_map<const void*, u64> given_index;  // of an identity in `given`
    std::shared_ptr<TrapData> raised;                  // by the callback that failed last

    explicit World(const Engine& e) : engine(e), store(e) {}
    ~World();
};

// Values, by the type that is expected or was found. Throw usage errors.
Value to_value(World& world, const wasm_val_t& v, ValType wanted);
wasm_val_t to_val(World& world, const Value& v);

// A handle of the right class for what it names.
std::unique_ptr<wasm_ref_t> handle(World& world, Thing thing);

// ---- types -----------------------------------------------------------------------------------------------------------------------------

FuncType to_func_type(const wasm_functype_t& t);
std::unique_ptr<wasm_functype_t> func_type(const FuncType& t);
std::unique_ptr<wasm_externtype_t> extern_type(const Engine& engine, const ExternType& t);

}  // namespace heddle::capi

// ---- the opaque types of wasm.h ----------------------------------------------------------------------------------------------------------

struct wasm_config_t {
    heddle::Config config;
};
struct wasm_engine_t {
    heddle::Engine engine;
};
struct wasm_store_t {
    std::shared_ptr<heddle::capi::World> world;
};
struct wasm_shared_module_t {
    heddle::Module module;
};

struct wasm_valtype_t {
    heddle::ValType type;
};

struct wasm_externtype_t {
    virtual ~wasm_externtype_t() = default;
    virtual wasm_externkind_t kind() const = 0;
    virtual std::unique_ptr<wasm_externtype_t> copy() const = 0;
};
struct wasm_functype_t final : wasm_externtype_t {
    wasm_valtype_vec_t params{}, results{};
    ~wasm_functype_t() override;
    wasm_externkind_t kind() const override { return WASM_EXTERN_FUNC; }
    std::unique_ptr<wasm_externtype_t> copy() const override;
};
struct wasm_globaltype_t final : wasm_externtype_t {
    wasm_valtype_t content;
    wasm_mutability_t mutability = WASM_CONST;
    wasm_externkind_t kind() const override { return WASM_EXTERN_GLOBAL; }
    std::unique_ptr<wasm_externtype_t> copy() const override;
};
struct wasm_tabletype_t final : wasm_externtype_t {
    heddle::TableType type;
    wasm_valtype_t element;
    wasm_limits_t limits{};
    explicit wasm_tabletype_t(const heddle::TableType& t);
    wasm_externkind_t kind() const override { return WASM_EXTERN_TABLE; }
    std::unique_ptr<wasm_externtype_t> copy() const override;
};
struct wasm_memorytype_t final : wasm_externtype_t {
    heddle::MemoryType type;
    wasm_limits_t limits{};
    explicit wasm_memorytype_t(const heddle::MemoryType& t);
    wasm_externkind_t kind() const override { return WASM_EXTERN_MEMORY; }
    std::unique_ptr<wasm_externtype_t> copy() const override;
};
struct wasm_tagtype_t final : wasm_externtype_t {
    std::unique_ptr<wasm_functype_t> functype;
    wasm_externkind_t kind() const override { return WASM_EXTERN_TAG; }
    std::unique_ptr<wasm_externtype_t> copy() const override;
};

struct wasm_importtype_t {
    wasm_name_t module{}, name{};
    std::unique_ptr<wasm_externtype_t> type;
    ~wasm_importtype_t();
};
struct wasm_exporttype_t {
    wasm_name_t name{};
    std::unique_ptr<wasm_externtype_t> type;
    ~wasm_exporttype_t();
};

// Handles add nothing to their base: the class says what `thing` holds.
struct wasm_ref_t {
    std::shared_ptr<heddle::capi::World> world;
    heddle::capi::Thing thing;
    wasm_ref_t(heddle::capi::World& w, heddle::capi::Thing t) : world(w.shared_from_this()), thing(std::move(t)) {}
    virtual ~wasm_ref_t() = default;
};
struct wasm_extern_t : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
    const heddle::Extern& get() const { return std::get<heddle::Extern>(thing); }
};
struct wasm_func_t final : wasm_extern_t {
    using wasm_extern_t::wasm_extern_t;
};
struct wasm_global_t final : wasm_extern_t {
    using wasm_extern_t::wasm_extern_t;
};
struct wasm_table_t final : wasm_extern_t {
    using wasm_extern_t::wasm_extern_t;
};
struct wasm_memory_t final : wasm_extern_t {
    using wasm_extern_t::wasm_extern_t;
};
struct wasm_instance_t final : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
    const heddle::Instance& get() const { return std::get<heddle::Instance>(thing); }
};
struct wasm_module_t final : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
    const heddle::Module& get() const { return std::get<heddle::Module>(thing); }
};
struct wasm_trap_t final : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
    const std::shared_ptr<heddle::capi::TrapData>& get() const { return std::get<std::shared_ptr<heddle::capi::TrapData>>(thing); }
};
struct wasm_foreign_t final : wasm_ref_t {
    using wasm_ref_t::wasm_ref_t;
};

struct wasm_frame_t {
    heddle::Frame frame;
    std::unique_ptr<wasm_instance_t> instance;
};

namespace heddle::capi {

// When it is known what kind of type it is.
template <class T>
std::unique_ptr<T> extern_type_as(const Engine& engine, const ExternType& t) {
    return std::unique_ptr<T>(static_cast<T*>(extern_type(engine, t).release()));
}

}  // namespace heddle::capi
