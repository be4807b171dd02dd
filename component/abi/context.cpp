#include "context.hpp"

#include <cstring>

namespace heddle::component::abi {

std::unexpected<TrapPtr> trap(std::string message) {
    auto t = std::make_unique<heddle::Trap>();
    t->code = TrapCode::component;
    t->detail = std::move(message);
    return std::unexpected(std::move(t));
}

namespace {

const char* out_of_bounds(What what, Partner partner) {
    bool host = partner == Partner::host;
    switch (what) {
        case What::string: return host ? "string pointer/length out of bounds of memory" : "string content out-of-bounds";
        case What::list: return host ? "list pointer/length out of bounds of memory" : "list content out-of-bounds";
        case What::values: return "pointer out of bounds of memory";
    }
    return "";
}

bool inside(u64 at, u64 size, std::span<u8> memory) { return size <= memory.size() && at <= memory.size() - size; }

}  // namespace

// With sizes the compiler knows, which makes each copy one instruction.
u64 Context::load_int(u64 at, u32 size) const {
    std::span<u8> m = bytes();
    if (!inside(at, size, m)) return 0;
    const u8* p = m.data() + at;
    auto load = [p]<class T>(T v) {
        std::memcpy(&v, p, sizeof v);
        return u64(v);
    };
    return size == 1 ? load(u8()) : size == 2 ? load(u16()) : size == 4 ? load(u32()) : load(u64());
}

void Context::store_int(u64 at, u64 value, u32 size) const {
    std::span<u8> m = bytes();
    if (!inside(at, size, m)) return;
    u8* p = m.data() + at;
    auto store = [p]<class T>(T v) { std::memcpy(p, &v, sizeof v); };
    if (size == 1) store(u8(value));
    else if (size == 2) store(u16(value));
    else if (size == 4) store(u32(value));
    else store(value);
}

Checked<u64> Context::reallocate(u64 old, u64 old_size, u64 alignment, u64 new_size, What what) {
    Checked<u64> at = realloc(old, old_size, alignment, new_size);
    if (!at) return at;
    if (ptr == PtrType::i32) *at = u32(*at);
    if (!is_aligned(*at, alignment)) return trap(partner == Partner::host ? "realloc return: result not aligned" : "unaligned pointer");
    if (inside(*at, new_size, bytes())) return at;
    return trap(partner == Partner::host ? "realloc return: beyond end of memory" : out_of_bounds(what, partner));
}

Checked<void> Context::charge_host(u64 bytes) {
    if (bytes <= max_host_copy_bytes && host_bytes <= max_host_copy_bytes - bytes) {
        host_bytes += bytes;
        return work(bytes);
    }
    return trap(limit_words + std::to_string(max_host_copy_bytes) +
                " bytes copied between a guest and the host in one call (component::Limits::host_copy_bytes)");
}

Checked<GuestSpan> GuestSpan::check(const Context& cx, u64 at, u64 alignment, u64 count, u64 element_size, What what) {
    if (!is_aligned(at, alignment)) return trap("unaligned pointer");
    if (what != What::values && count > max_list_byte_length / std::max<u64>(element_size, 1))
        return trap((what == What::string ? "string" : "list") + std::string(" byte length exceeds 268435455"));
    GuestSpan s;
    s.cx_ = &cx;
    s.at_ = at;
    s.size_ = count * element_size;
    if (!inside(at, s.size_, cx.bytes())) return trap(out_of_bounds(what, cx.partner));
    return s;
}

std::span<u8> GuestSpan::bytes() const {
    std::span<u8> m = cx_ ? cx_->bytes() : std::span<u8>();
    return inside(at_, size_, m) ? m.subspan(std::size_t(at_), std::size_t(size_)) : std::span<u8>();
}

Checked<Token> lift_handle(Context& cx, u32 index, const HandleType& t) {
    switch (t.kind) {
        case HandleKind::own: return cx.lift_own(index, t.resource);
        case HandleKind::borrow: return cx.lift_borrow(index, t.resource);
        case HandleKind::stream: return cx.lift_stream(index, t.element);
        case HandleKind::future: return cx.lift_future(index, t.element);
        case HandleKind::error_context: break;
    }
    return cx.lift_error_context(index);
}

Checked<u32> lower_handle(Context& cx, Token token, const HandleType& t) {
    switch (t.kind) {
        case HandleKind::own: return cx.lower_own(token, t.resource);
        case HandleKind::borrow: return cx.lower_borrow(token, t.resource);
        case HandleKind::stream: return cx.lower_stream(token, t.element);
        case HandleKind::future: return cx.lower_future(token, t.element);
        case HandleKind::error_context: break;
    }
    return cx.lower_error_context(token);
}

}  // namespace heddle::component::abi
