// Whole calls: all arguments or all results, flat or spilled to memory. What the runtime calls.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#lifting-and-lowering-values
#pragma once
#include "copy.hpp"
#include "load.hpp"
#include "store.hpp"

namespace heddle::component::abi {

// Guest -> host. More than `max_flat` core values: one pointer to the tuple of all.
Checked<std::vector<Val>> lift_flat_values(Context& cx, u32 max_flat, CoreValueIter& vi, const Tuple& ts);

// Host -> guest. What does not fit flat is stored where `out_param` says, or, without one, where realloc says and the pointer is put into `out`.
// Values that do not fit their types are a trap; there must be as many as types.
Checked<void> lower_flat_values(Context& cx, u32 max_flat, std::span<const Val> vs, const Tuple& ts, CoreValueIter* out_param, CoreValueSink& out);

// Guest -> guest: both at once.
Checked<void> copy_flat_values(Context& src, u32 src_max_flat, CoreValueIter& vi, const Tuple& src_types, Context& dst, u32 dst_max_flat,
                               const Tuple& dst_types, CoreValueIter* out_param, CoreValueSink& out);

// `length` elements of a stream or future between ranges that are checked: to and from a host value (a list), or to the other guest.
Checked<Val> load_elements(Context& cx, u64 ptr, u64 length, const ValType& t);
Checked<void> store_elements(Context& cx, const Val& list, u64 first, u64 length, const ValType& t, u64 ptr);
Checked<void> copy_elements(Context& src, u64 from, const ValType& src_type, Context& dst, u64 to, const ValType& dst_type, u64 length);

}  // namespace heddle::component::abi
