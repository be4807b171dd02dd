// What compiled C++ needs to throw and catch by WebAssembly's exceptions, where the standard library was built without it: the Itanium C++
// ABI's functions, and a personality that reads the tables of handlers. One thread; no exception specifications, no foreign exceptions.
//
//   thrown object ┬ Exception   (before the pointer that everybody else sees)
//                 └ the value
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <typeinfo>

namespace __cxxabiv1 {

// As in libc++abi, whose type_info classes these are.
class __attribute__((visibility("hidden"))) __shim_type_info : public std::type_info {
public:
    virtual ~__shim_type_info();
    virtual void noop1() const;
    virtual void noop2() const;
    virtual bool can_catch(const __shim_type_info* thrown, void*& adjusted) const = 0;
};

}  // namespace __cxxabiv1

namespace {

using Type = __cxxabiv1::__shim_type_info;

struct Exception {
    const Type* type;
    void* (*destroy)(void*);  // destructors return `this` in WebAssembly
    Exception* below;  // the one that was being handled when this one was caught
    void* adjusted;    // the value as the handler's type
    int handlers;      // how many handle it now
    bool rethrown;
    alignas(8) char value[];
};

Exception* handled = nullptr;  // the innermost being handled

Exception* of_value(void* value) { return reinterpret_cast<Exception*>(static_cast<char*>(value) - offsetof(Exception, value)); }

void release(Exception* e) {
    if (e->destroy) e->destroy(e->value);
    std::free(e);
}

std::uintptr_t read_uleb(const std::uint8_t*& at) {
    std::uintptr_t value = 0;
    unsigned shift = 0;
    do value |= std::uintptr_t(*at & 0x7f) << shift, shift += 7;
    while (*at++ & 0x80);
    return value;
}

std::intptr_t read_sleb(const std::uint8_t*& at) {
    std::intptr_t value = 0;
    unsigned shift = 0;
    std::uint8_t byte;
    do byte = *at++, value |= std::intptr_t(byte & 0x7f) << shift, shift += 7;
    while (byte & 0x80);
    return shift < 32 && (byte & 0x40) ? value - (std::intptr_t(1) << shift) : value;
}

// A function's table of handlers: for each landing pad a chain of types.
struct Handlers {
    const std::uint8_t *sites, *actions;
    const Type* const* types_end;  // type n lies n before it

    explicit Handlers(const std::uint8_t* at) {
        constexpr std::uint8_t omitted = 0xff;
        if (*at++ != omitted) std::abort();
        types_end = nullptr;
        if (*at++ != omitted) {
            std::uintptr_t offset = read_uleb(at);
            types_end = reinterpret_cast<const Type* const*>(at + offset);
        }
        ++at;  // how the sites are written: always ULEB
        std::uintptr_t bytes = read_uleb(at);
        sites = at;
        actions = at + bytes;
    }
};

// Which handler of a landing pad takes an exception: its number, or 0.
std::uintptr_t choose(const Handlers& table, std::uintptr_t pad, Exception* e) {
    const std::uint8_t* site = table.sites;
    std::uintptr_t action = 0;
    for (std::uintptr_t i = 0; i <= pad; ++i) read_uleb(site), action = read_uleb(site);
    if (action == 0) return 0;
    for (const std::uint8_t* at = table.actions + action - 1;;) {
        std::intptr_t number = read_sleb(at);
        if (number > 0) {
            const Type* wanted = table.types_end[-number];
            e->adjusted = e->value;
            if (!wanted || wanted->can_catch(e->type, e->adjusted)) return std::uintptr_t(number);
        }
        const std::uint8_t* link = at;
        std::intptr_t next = read_sleb(at);
        if (next == 0) return 0;
        at = link + next;
    }
}

[[noreturn]] void raise(Exception* e) { __builtin_wasm_throw(0, e->value); }

}  // namespace

#if __clang_major__ >= 22
// The tag of all exceptions of C++. Older compilers define it wherever it is used.
__asm__(".globl __cpp_exception\n.tagtype __cpp_exception i32\n__cpp_exception:\n");
#endif

extern "C" {

// The compiler's code and the personality speak through this.
struct {
    std::uintptr_t pad;
    const std::uint8_t* handlers;
    std::uintptr_t selector;
} __wasm_lpad_context;

int __gxx_wasm_personality_v0(...) { std::abort(); }

int _Unwind_CallPersonality(void* value) {
    __wasm_lpad_context.selector = 0;
    if (__wasm_lpad_context.handlers) __wasm_lpad_context.selector = choose(Handlers(__wasm_lpad_context.handlers), __wasm_lpad_context.pad, of_value(value));
    return 0;
}

void* __cxa_allocate_exception(std::size_t bytes) noexcept {
    void* memory = std::calloc(1, sizeof(Exception) + bytes);
    if (!memory) std::terminate();
    return static_cast<Exception*>(memory)->value;
}

void __cxa_free_exception(void* value) noexcept { std::free(of_value(value)); }

[[noreturn]] void __cxa_throw(void* value, std::type_info* type, void* (*destroy)(void*)) {
    Exception* e = of_value(value);
    e->type = static_cast<const Type*>(type);
    e->destroy = destroy;
    raise(e);
}

void* __cxa_get_exception_ptr(void* value) noexcept { return of_value(value)->adjusted; }

void* __cxa_begin_catch(void* value) noexcept {
    Exception* e = of_value(value);
    if (e->handlers++ == 0) e->below = handled, handled = e;
    e->rethrown = false;
    return e->adjusted;
}

void __cxa_end_catch() {
    Exception* e = handled;
    if (!e || --e->handlers != 0) return;
    handled = e->below;
    if (!e->rethrown) release(e);
}

[[noreturn]] void __cxa_rethrow() {
    if (!handled) std::terminate();
    handled->rethrown = true;
    raise(handled);
}

}
