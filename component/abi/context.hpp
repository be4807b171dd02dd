// What lifting and lowering needs of one side of a call: its memory, string encoding, realloc and handle table. The runtime implements it.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#lifting-and-lowering-context
#pragma once
#include <expected>
#include <memory>
#include <string>

#include <heddle/component_values.hpp>
#include <heddle/engine.hpp>

#include "layout.hpp"

namespace heddle::component::abi {

// A result, or why the guest traps. Nothing here throws: it runs inside guest calls.
using TrapPtr = std::unique_ptr<heddle::Trap>;
template <class T>
using Checked = std::expected<T, TrapPtr>;
std::unexpected<TrapPtr> trap(std::string message);
// How the message of every limit begins.
inline const std::string limit_words = "limit reached: ";

enum class StringEncoding : u8 { utf8, utf16, latin1_utf16 };

// What a lifted handle is until it is lowered: whatever the runtime makes of these bits (a resource's representation, the address of a
// stream's shared state). Each token is lowered once, or dies with the trapped instances.
struct Token {
    u64 bits = 0;
};

// What a range of memory holds, for messages.
enum class What : u8 { string, list, values };
// Who is at the other end: the messages for the same fault differ.
enum class Partner : u8 { host, guest };

class Context {
public:
    Context(const Layouts& layouts, heddle::Memory memory, PtrType ptr, StringEncoding encoding)
        : layouts(layouts), memory(memory), ptr(ptr), encoding(encoding) {}
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    virtual ~Context() = default;

    // Calls the guest's realloc as a leaf. What it returns is not trusted.
    virtual Checked<u64> realloc(u64 old, u64 old_size, u64 alignment, u64 new_size) = 0;
    // Out of and into the instance's handle table.
    virtual Checked<Token> lift_own(u32 index, types::ResourceId type) = 0;
    virtual Checked<Token> lift_borrow(u32 index, types::ResourceId type) = 0;
    virtual Checked<Token> lift_stream(u32 index, const std::optional<ValType>& element) = 0;
    virtual Checked<Token> lift_future(u32 index, const std::optional<ValType>& element) = 0;
    virtual Checked<Token> lift_error_context(u32 index) = 0;
    virtual Checked<u32> lower_own(Token token, types::ResourceId type) = 0;
    virtual Checked<u32> lower_borrow(Token token, types::ResourceId type) = 0;
    virtual Checked<u32> lower_stream(Token token, const std::optional<ValType>& element) = 0;
    virtual Checked<u32> lower_future(Token token, const std::optional<ValType>& element) = 0;
    virtual Checked<u32> lower_error_context(Token token) = 0;
    // Between tokens and the handles that host values hold. `to_host` takes the token over.
    virtual Checked<std::shared_ptr<HostHandle>> to_host(Token token, const HandleType& type) = 0;
    virtual Checked<Token> from_host(const std::shared_ptr<HostHandle>& handle, const HandleType& type) = 0;
    // Asked after about every `poll_interval` bytes of work, so that long copies cost fuel and can be interrupted. Must not run guest code.
    virtual Checked<void> poll(u64 /*bytes*/) { return {}; }

    const Layouts& layouts;
    heddle::Memory memory;  // empty: no memory option; validation keeps such types from needing one
    PtrType ptr;
    StringEncoding encoding;
    Partner partner = Partner::host;
    u64 max_host_copy_bytes = u64(32) << 20;  // of one call
    u64 host_bytes = 0;                       // copied to or for the host so far

    static constexpr u64 poll_interval = u64(1) << 20;

    // All of memory as it is now; never kept across a guest call.
    std::span<u8> bytes() const { return memory ? memory.bytes() : std::span<u8>(); }
    // Out of bounds reads as 0 and writes nothing: ranges are checked before, this only keeps a mistake harmless.
    u64 load_int(u64 at, u32 size) const;
    void store_int(u64 at, u64 value, u32 size) const;

    // realloc, its result checked. https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#lifting-and-lowering-context
    Checked<u64> reallocate(u64 old, u64 old_size, u64 alignment, u64 new_size, What what);
    Checked<u64> allocate(u64 alignment, u64 size, What what) { return reallocate(0, 0, alignment, size, what); }

    Checked<void> work(u64 bytes) {
        if ((work_ += bytes) < poll_interval) return {};
        return poll(std::exchange(work_, 0));
    }
    // Host memory of one call is bounded: the guest chooses the lengths.
    Checked<void> charge_host(u64 bytes);

private:
    u64 work_ = 0;
};

// The one way to guest memory: a range that was found aligned and inside. Base and length are asked for anew each time, since every guest call
// may have grown the memory.
class GuestSpan {
public:
    GuestSpan() = default;
    // Alignment first, then the byte length, then the bounds; also of empty ranges.
    static Checked<GuestSpan> check(const Context& cx, u64 at, u64 alignment, u64 count, u64 element_size, What what);
    u64 at() const { return at_; }
    u64 size() const { return size_; }
    std::span<u8> bytes() const;

private:
    const Context* cx_ = nullptr;
    u64 at_ = 0, size_ = 0;
};

Checked<Token> lift_handle(Context& cx, u32 index, const HandleType& t);
Checked<u32> lower_handle(Context& cx, Token token, const HandleType& t);

// Takes the value out, or moves the reason to `why` and says false.
template <class T>
[[nodiscard]] bool got(Checked<T>&& from, T& to, TrapPtr& why) {
    if (from) to = std::move(*from);
    else why = std::move(from.error());
    return from.has_value();
}
[[nodiscard]] inline bool got(Checked<void>&& from, TrapPtr& why) {
    if (!from) why = std::move(from.error());
    return from.has_value();
}

}  // namespace heddle::component::abi
