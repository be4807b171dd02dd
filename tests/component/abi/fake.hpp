// One side of a call without a runtime: a real linear memory, a realloc in C++ that can misbehave, a handle table that is a map.
#pragma once
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "abi/flat.hpp"
#include "abi/strings.hpp"

namespace heddle::component::abi::test {

struct Side {
    PtrType ptr = PtrType::i32;
    StringEncoding encoding = StringEncoding::utf8;
};
inline std::vector<Side> all_sides() {
    std::vector<Side> sides;
    for (PtrType p : {PtrType::i32, PtrType::i64})
        for (StringEncoding e : {StringEncoding::utf8, StringEncoding::utf16, StringEncoding::latin1_utf16}) sides.push_back({p, e});
    return sides;
}

enum class Realloc : u8 { good, grows, moves, same_place, overlaps, unaligned, out_of_bounds, just_out_of_bounds, fails };

struct FakeHandle : HostHandle {
    explicit FakeHandle(u64 b) : bits(b) {}
    u64 bits;
};

class FakeContext : public Context {
public:
    FakeContext(Store& store, const Layouts& l, Side side, u64 pages = 4)
        : Context(l, *heddle::Memory::create(store, {{pages, pages + 64}, side.ptr == PtrType::i64, false, 16}), side.ptr, side.encoding) {}

    Checked<u64> realloc(u64 old, u64 old_size, u64 alignment, u64 new_size) override {
        calls.push_back({old, old_size, alignment, new_size});
        if (mode == Realloc::fails) return trap("realloc trapped");
        if (mode == Realloc::grows && memory.pages() < max_pages) (void)memory.grow(1);
        if (mode == Realloc::same_place) return align_to(64, alignment);
        if (mode == Realloc::overlaps && old) return align_to(old + old_size / 2, alignment);
        if (mode == Realloc::out_of_bounds) return align_to(memory.size_bytes() + 64, alignment);
        if (mode == Realloc::just_out_of_bounds) return align_to(memory.size_bytes() - new_size + 1, alignment);
        if (old && new_size <= old_size && mode != Realloc::moves) return old;
        u64 at = align_to(next, alignment) + (mode == Realloc::unaligned && alignment > 1 ? 1 : 0);
        next = at + new_size;
        if (next > memory.size_bytes()) (void)memory.grow((next - memory.size_bytes() + 65535) / 65536);
        std::span<u8> m = memory.bytes();
        for (u64 i = 0; old && i < std::min(old_size, new_size) && at + i < m.size() && old + i < m.size(); ++i) m[at + i] = m[old + i];
        return at;
    }

    Checked<Token> lift_own(u32 i, types::ResourceId) override { return take(i); }
    Checked<Token> lift_borrow(u32 i, types::ResourceId) override { return take(i); }
    Checked<Token> lift_stream(u32 i, const std::optional<ValType>&) override { return take(i); }
    Checked<Token> lift_future(u32 i, const std::optional<ValType>&) override { return take(i); }
    Checked<Token> lift_error_context(u32 i) override { return take(i); }
    Checked<u32> lower_own(Token t, types::ResourceId) override { return put(t); }
    Checked<u32> lower_borrow(Token t, types::ResourceId) override { return put(t); }
    Checked<u32> lower_stream(Token t, const std::optional<ValType>&) override { return put(t); }
    Checked<u32> lower_future(Token t, const std::optional<ValType>&) override { return put(t); }
    Checked<u32> lower_error_context(Token t) override { return put(t); }
    Checked<std::shared_ptr<HostHandle>> to_host(Token t, const HandleType&) override { return handle(t.bits); }
    Checked<Token> from_host(const std::shared_ptr<HostHandle>& h, const HandleType&) override { return Token{static_cast<FakeHandle&>(*h).bits}; }
    Checked<void> poll(u64 bytes) override {
        polled += bytes;
        return polled <= max_polled ? Checked<void>() : trap("all fuel consumed");
    }

    // One object per number, so that equal handles are one.
    static std::shared_ptr<HostHandle> handle(u64 bits) {
        static std::map<u64, std::shared_ptr<HostHandle>> all;
        auto& h = all[bits];
        if (!h) h = std::make_shared<FakeHandle>(bits);
        return h;
    }

    Realloc mode = Realloc::good;
    u64 next = 1024, max_pages = 32, polled = 0, max_polled = ~u64(0);
    std::vector<std::array<u64, 4>> calls;
    std::map<u32, Token> handles;

private:
    Checked<Token> take(u32 i) {
        auto it = handles.find(i);
        if (it == handles.end()) return trap("unknown handle index " + std::to_string(i));
        return it->second;  // stays: a value may be lifted twice in a test
    }
    Checked<u32> put(Token t) {
        u32 i = u32(handles.size()) + 1;
        handles[i] = t;
        return i;
    }
};

inline std::string message(const TrapPtr& t) { return t ? t->detail : "out of memory"; }

}  // namespace heddle::component::abi::test
