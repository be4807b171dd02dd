// Lifting into host values: from memory (load) and from core values (lift_flat).
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#loading
#pragma once
#include <algorithm>
#include <span>
#include <vector>

#include "context.hpp"

namespace heddle::component::abi {

// Core values one after the other. What was joined to a wider type is read by its low bits, so no conversion is needed.
class CoreValueIter {
public:
    explicit CoreValueIter(std::span<const Slot> values) : values_(values) {}
    u64 next() { return at_ < values_.size() ? values_[at_++].bits : 0; }
    u32 next_i32() { return u32(next()); }
    u64 next_ptr(PtrType p) { return p == PtrType::i32 ? next_i32() : next(); }
    std::size_t position() const { return at_; }
    void move_to(std::size_t position) { at_ = std::min(position, values_.size()); }
    std::span<const Slot> rest() const { return values_.subspan(at_); }

private:
    std::span<const Slot> values_;
    std::size_t at_ = 0;
};

class Loader {
public:
    explicit Loader(Context& cx) : cx_(cx) {}
    // False: why() says why the guest traps. Ranges are checked by who calls load.
    bool load(u64 ptr, const ValType& t, Val& out);
    bool lift_flat(CoreValueIter& vi, const ValType& t, Val& out);
    // All fields of a tuple at `ptr`, which is not yet checked.
    bool load_tuple(u64 ptr, const Tuple& t, std::vector<Val>& out);
    bool load_list_from_valid_range(u64 ptr, u64 length, const Elements& e, u64 element_size, Val& out);
    TrapPtr& why() { return why_; }

private:
    bool fail(std::string message);
    bool scalar(Prim p, u64 bits, Val& out);
    bool string(u64 ptr, u64 length, Val& out);
    bool handle(u32 index, const HandleType& t, Val& out);
    bool load_prim(u64 ptr, Prim p, Val& out);
    bool load_record(u64 ptr, const Fields& f, Val& out);
    bool load_variant(u64 ptr, const Cases& c, const TypeInfo& info, Val& out);
    bool load_list(u64 ptr, const Elements& e, const TypeInfo& info, Val& out);
    bool load_list_from_range(u64 ptr, u64 length, const Elements& e, const TypeInfo& info, Val& out);
    bool load_scalars(u64 ptr, u64 length, Prim p, Val& out);
    bool check_scalars(Prim p, std::vector<u8>& raw);
    bool lift_flat_prim(CoreValueIter& vi, Prim p, Val& out);
    bool lift_flat_record(CoreValueIter& vi, const Fields& f, Val& out);
    bool lift_flat_variant(CoreValueIter& vi, const Cases& c, const TypeInfo& info, Val& out);
    bool lift_flat_list(CoreValueIter& vi, const Elements& e, const TypeInfo& info, Val& out);
    bool charge_values(u64 count);
    const TypeInfo& info(const ValType& t) const { return cx_.layouts.info(t); }
    u8 ptr_index() const { return u8(cx_.ptr); }

    Context& cx_;
    TrapPtr why_;
};

}  // namespace heddle::component::abi
