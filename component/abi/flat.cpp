#include "flat.hpp"

#include <new>

namespace heddle::component::abi {
namespace {

// Host memory that is not there (nothing else throws) ends the guest's call, not the process.
template <class T, class F>
Checked<T> no_throw(F f) noexcept {
    try {
        return f();
    } catch (...) {
        return std::unexpected(TrapPtr(new (std::nothrow) heddle::Trap{TrapCode::allocation_failure, {}, {}, 0, 0}));
    }
}

bool is_flat(const Context& cx, u32 max_flat, const Tuple& ts) { return ts.flat[u8(cx.ptr)].count <= max_flat; }

// Where spilled values go: to the caller's out parameter, or into a new allocation.
Checked<u64> spill_pointer(Context& cx, const Tuple& ts, CoreValueIter* out_param, CoreValueSink& out) {
    const MemoryLayout& m = ts.memory[u8(cx.ptr)];
    u64 ptr = 0;
    TrapPtr why;
    if (out_param) {
        ptr = out_param->next_ptr(cx.ptr);
    } else {
        if (!got(cx.allocate(m.alignment, m.size, What::values), ptr, why)) return std::unexpected(std::move(why));
        out.put(ptr);
    }
    GuestSpan range;
    if (!got(GuestSpan::check(cx, ptr, m.alignment, 1, m.size, What::values), range, why)) return std::unexpected(std::move(why));
    return ptr;
}

bool lower_all(Storer& s, std::span<const Val> vs, const Tuple& ts, CoreValueSink& out) {
    for (std::size_t i = 0; i < vs.size(); ++i)
        if (!s.lower_flat(vs[i], ts.types[i], out)) return false;
    return true;
}

}  // namespace

Checked<std::vector<Val>> lift_flat_values(Context& cx, u32 max_flat, CoreValueIter& vi, const Tuple& ts) {
    return no_throw<std::vector<Val>>([&]() -> Checked<std::vector<Val>> {
        Loader l(cx);
        std::vector<Val> out(ts.types.size());
        bool done = true;
        if (!is_flat(cx, max_flat, ts)) done = l.load_tuple(vi.next_ptr(cx.ptr), ts, out);
        else
            for (std::size_t i = 0; done && i < out.size(); ++i) done = l.lift_flat(vi, ts.types[i], out[i]);
        if (!done) return std::unexpected(std::move(l.why()));
        return out;
    });
}

Checked<void> lower_flat_values(Context& cx, u32 max_flat, std::span<const Val> vs, const Tuple& ts, CoreValueIter* out_param, CoreValueSink& out) {
    return no_throw<void>([&]() -> Checked<void> {
        if (vs.size() != ts.types.size()) return trap("host value of the wrong type: another number of values");
        Storer s(cx);
        if (is_flat(cx, max_flat, ts)) {
            if (!lower_all(s, vs, ts, out)) return std::unexpected(std::move(s.why()));
            return {};
        }
        Checked<u64> ptr = spill_pointer(cx, ts, out_param, out);
        if (!ptr) return std::unexpected(std::move(ptr.error()));
        if (!s.store_tuple(vs, ts, *ptr)) return std::unexpected(std::move(s.why()));
        return {};
    });
}

Checked<void> copy_flat_values(Context& src, u32 src_max_flat, CoreValueIter& vi, const Tuple& src_types, Context& dst, u32 dst_max_flat,
                               const Tuple& dst_types, CoreValueIter* out_param, CoreValueSink& out) {
    return no_throw<void>([&]() -> Checked<void> {
        Copier c(src, dst);
        TrapPtr why;
        Source from{vi.rest().data(), 0};
        Target to{out.rest().data(), 0};
        const FlatTypes &sf = src_types.flat[u8(src.ptr)], &df = dst_types.flat[u8(dst.ptr)];
        if (is_flat(src, src_max_flat, src_types)) {
            if (vi.rest().size() < sf.count) return trap("too few core values");
            vi.move_to(vi.position() + sf.count);
        } else {
            const MemoryLayout& m = src_types.memory[u8(src.ptr)];
            GuestSpan range;
            from = {nullptr, vi.next_ptr(src.ptr)};
            if (!got(GuestSpan::check(src, from.ptr, m.alignment, 1, m.size, What::values), range, why)) return std::unexpected(std::move(why));
        }
        if (is_flat(dst, dst_max_flat, dst_types)) {
            if (out.rest().size() < df.count) return trap("too little room for core values");
            out.skip(df.count);
        } else {
            to.slots = nullptr;
            if (!got(spill_pointer(dst, dst_types, out_param, out), to.ptr, why)) return std::unexpected(std::move(why));
        }
        if (src_types.types.empty()) return {};
        if (!c.copy_fields(src_types.types, dst_types.types, from, to)) return std::unexpected(std::move(c.why()));
        return {};
    });
}

Checked<Val> load_elements(Context& cx, u64 ptr, u64 length, const ValType& t) {
    return no_throw<Val>([&]() -> Checked<Val> {
        Loader l(cx);
        Val out;
        if (!l.load_list_from_valid_range(ptr, length, Elements{&t, nullptr, {}}, cx.layouts.elem_size(t, cx.ptr), out))
            return std::unexpected(std::move(l.why()));
        return out;
    });
}

Checked<void> store_elements(Context& cx, const Val& list, u64 first, u64 length, const ValType& t, u64 ptr) {
    return no_throw<void>([&]() -> Checked<void> {
        if (list.kind() != Val::Kind::list || first > list.size() || length > list.size() - first)
            return trap("host value of the wrong type: too few elements");
        Storer s(cx);
        if (!s.store_list_into_valid_range(list, first, length, Elements{&t, nullptr, {}}, cx.layouts.elem_size(t, cx.ptr), ptr))
            return std::unexpected(std::move(s.why()));
        return {};
    });
}

Checked<void> copy_elements(Context& src, u64 from, const ValType& src_type, Context& dst, u64 to, const ValType& dst_type, u64 length) {
    return no_throw<void>([&]() -> Checked<void> {
        Copier c(src, dst);
        bool done = c.copy_list_into_valid_range(Elements{&src_type, nullptr, {}}, Elements{&dst_type, nullptr, {}}, length, from,
                                                 src.layouts.elem_size(src_type, src.ptr), to, dst.layouts.elem_size(dst_type, dst.ptr));
        if (!done) return std::unexpected(std::move(c.why()));
        return {};
    });
}

}  // namespace heddle::component::abi
