// From guest to guest without a host value in between: every argument or result goes straight from one memory, or the core values, of one
// side to the other. Lifting and lowering are interleaved; that cannot be told apart, since a trap ends both sides.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#lifting-and-lowering-values
#pragma once
#include "context.hpp"

namespace heddle::component::abi {

// Where a value is: in memory at `ptr`, or in core values.
struct Source {
    const Slot* slots = nullptr;
    u64 ptr = 0;
};
struct Target {
    Slot* slots = nullptr;
    u64 ptr = 0;
};

// Types come in pairs, one of each side: equal in structure, but each with its own ids and resources.
class Copier {
public:
    Copier(Context& src, Context& dst) : src_(src), dst_(dst) { src.partner = dst.partner = Partner::guest; }
    // False: why() says why both sides trap. Ranges are checked by who calls.
    bool copy(const ValType& s, const ValType& d, const Source& from, const Target& to);
    bool copy_fields(std::span<const ValType> s, std::span<const ValType> d, const Source& from, const Target& to);
    bool copy_list_into_valid_range(const Elements& s, const Elements& d, u64 length, u64 from, u64 from_size, u64 to, u64 to_size);
    TrapPtr& why() { return why_; }

private:
    bool fail(std::string message);
    u64 read(const Source& from, u32 size) const { return from.slots ? from.slots->bits : src_.load_int(from.ptr, size); }
    void write(const Target& to, u64 bits, u32 size) const {
        if (to.slots) *to.slots = Slot{bits};
        else dst_.store_int(to.ptr, bits, size);
    }
    void read_pair(const Source& from, u64& a, u64& b) const;
    void write_pair(const Target& to, u64 a, u64 b) const;
    bool copy_scalar(Prim p, const Source& from, const Target& to);
    bool copy_string(const Source& from, const Target& to);
    bool copy_flags(const FlagLabels& f, const Source& from, const Target& to);
    bool copy_handle(const HandleType& s, const HandleType& d, const Source& from, const Target& to);
    template <class F>
    bool copy_each(const F& s, const F& d, Source from, Target to);
    bool copy_variant(const Cases& s, const Cases& d, const TypeInfo& si, const TypeInfo& di, const Source& from, const Target& to);
    bool copy_list(const Elements& s, const Elements& d, const TypeInfo& si, const TypeInfo& di, const Source& from, const Target& to);
    bool copy_fixed(const Elements& s, const Elements& d, const TypeInfo& si, const TypeInfo& di, const Source& from, const Target& to);
    bool copy_bytes(u64 from, u64 to, u64 size);
    bool copy_bools(u64 from, u64 to, u64 count);
    bool copy_chars(u64 from, u64 to, u64 count);
    const TypeInfo& src_info(const ValType& t) const { return src_.layouts.info(t); }
    const TypeInfo& dst_info(const ValType& t) const { return dst_.layouts.info(t); }

    Context& src_;
    Context& dst_;
    TrapPtr why_;
};

}  // namespace heddle::component::abi
