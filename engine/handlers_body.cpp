// Straight-line handlers beside the numeric ones: moves, constants, globals, select, and what calls into memories, tables and references.
#include "bodies_plain.hpp"

namespace heddle {
namespace {

// ---- memories. Addresses, counts and indices are read as 64 bits: an i32 is kept zero-extended.

// The host address of an access to any memory, for the access cell that follows.
ALWAYS_INLINE TrapCode address(State& s) {
    u64 at = s.get<u64>(0), offset = s.pc[2], what = s.pc[3], bytes = what >> 32 & 0xff;
    const MemoryObject* m = s.instance->memories[u32(what)];
    u64 size = m->bytes.load(std::memory_order_relaxed);
    u64 from = at + offset;
    if (from < at || from > size || size - from < bytes) [[unlikely]] return TrapCode::memory_out_of_bounds;
    if ((what >> 40) != 0 && (from & (bytes - 1)) != 0) [[unlikely]] return TrapCode::unaligned_atomic;
    s.acc = reinterpret_cast<u64>(m->base.load(std::memory_order_relaxed) + from);
    return done();
}

constexpr u32 is64_bit = 1u << 31;

template <bool d>
ALWAYS_INLINE TrapCode memory_size(State& s) {
    s.put<d>(s.instance->memories[s.hi()]->pages());
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode memory_grow(State& s) {
    u64 old = heddle::memory_grow(*s.instance, s.hi() & ~is64_bit, s.get<u64>(1));
    if (!(s.hi() & is64_bit)) old = u32(old);
    s.put<d>(old);
    reload_memory(s);
    return done();
}
ALWAYS_INLINE TrapCode memory_fill(State& s) {
    return heddle::memory_fill(*s.instance, u32(s.pc[2]), s.get<u64>(0), s.get<u8>(1), s.get<u64>(2));
}
ALWAYS_INLINE TrapCode memory_copy(State& s) {
    return heddle::memory_copy(*s.instance, u32(s.pc[2]), u32(s.pc[2] >> 32), s.get<u64>(0), s.get<u64>(1), s.get<u64>(2));
}
ALWAYS_INLINE TrapCode memory_init(State& s) {
    return heddle::memory_init(*s.instance, u32(s.pc[2]), u32(s.pc[2] >> 32), s.get<u64>(0), s.get<u32>(1), s.get<u32>(2));
}
ALWAYS_INLINE TrapCode data_drop(State& s) {
    heddle::data_drop(*s.instance, s.lo());
    return done();
}

// ---- tables

template <bool d>
ALWAYS_INLINE TrapCode table_get(State& s) {
    const TableObject* t = s.instance->tables[s.hi()];
    u64 index = s.get<u64>(1);
    if (index >= t->size) [[unlikely]] return TrapCode::table_out_of_bounds;
    s.put<d>(t->elements[index]);
    return done();
}
ALWAYS_INLINE TrapCode table_set(State& s) {
    const TableObject* t = s.instance->tables[s.hi()];
    u64 index = s.get<u64>(0);
    if (index >= t->size) [[unlikely]] return TrapCode::table_out_of_bounds;
    t->elements[index] = s.get<u64>(1);
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode table_size(State& s) {
    s.put<d>(s.instance->tables[s.hi()]->size);
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode table_grow(State& s) {
    u32 table = u32(s.pc[2]);
    u64 old = heddle::table_grow(*s.instance, table & ~is64_bit, s.get<u64>(2), Ref{s.get<u64>(1)});
    if (!(table & is64_bit)) old = u32(old);
    s.put<d>(old);
    return done();
}
ALWAYS_INLINE TrapCode table_fill(State& s) {
    return heddle::table_fill(*s.instance, u32(s.pc[2]), s.get<u64>(0), Ref{s.get<u64>(1)}, s.get<u64>(2));
}
ALWAYS_INLINE TrapCode table_copy(State& s) {
    return heddle::table_copy(*s.instance, u32(s.pc[2]), u32(s.pc[2] >> 32), s.get<u64>(0), s.get<u64>(1), s.get<u64>(2));
}
ALWAYS_INLINE TrapCode table_init(State& s) {
    return heddle::table_init(*s.instance, u32(s.pc[2]), u32(s.pc[2] >> 32), s.get<u64>(0), s.get<u32>(1), s.get<u32>(2));
}
ALWAYS_INLINE TrapCode elem_drop(State& s) {
    heddle::elem_drop(*s.instance, s.lo());
    return done();
}

// ---- references

template <bool d>
ALWAYS_INLINE TrapCode ref_func(State& s) {
    s.put<d>(reinterpret_cast<u64>(s.instance->own_funcs + s.hi()));
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode ref_func_import(State& s) {
    s.put<d>(reinterpret_cast<u64>(s.instance->imported_funcs[s.hi()]));
    return done();
}
ALWAYS_INLINE TrapCode ref_as_non_null(State& s) { return s.get<u64>(0) ? TrapCode::none : TrapCode::null_reference; }
template <bool d>
ALWAYS_INLINE TrapCode ref_i31(State& s) {
    s.put<d>(u64(s.get<u32>(1) & 0x7fffffff) << 1 | 1);
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode i31_get_s(State& s) {
    u64 r = s.get<u64>(1);
    if (!r) [[unlikely]] return TrapCode::null_i31_reference;
    s.put<d>(i32(u32(r)) >> 1);
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode i31_get_u(State& s) {
    u64 r = s.get<u64>(1);
    if (!r) [[unlikely]] return TrapCode::null_i31_reference;
    s.put<d>(u32(r) >> 1);
    return done();
}

// ---- wide arithmetic, fence

ALWAYS_INLINE TrapCode put_wide(State& s, Wide r) {
    store(s.frame + s.pc[2], r);
    return done();
}
ALWAYS_INLINE TrapCode add128(State& s) { return put_wide(s, heddle::add128(s.get<u64>(0), s.get<u64>(1), s.get<u64>(2), s.get<u64>(3))); }
ALWAYS_INLINE TrapCode sub128(State& s) { return put_wide(s, heddle::sub128(s.get<u64>(0), s.get<u64>(1), s.get<u64>(2), s.get<u64>(3))); }
ALWAYS_INLINE TrapCode mul_wide_s(State& s) { return put_wide(s, mul_wide(s.get<i64>(0), s.get<i64>(1))); }
ALWAYS_INLINE TrapCode mul_wide_u(State& s) { return put_wide(s, mul_wide(s.get<u64>(0), s.get<u64>(1))); }
ALWAYS_INLINE TrapCode atomic_fence(State&) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return done();
}

template <bool d>
ALWAYS_INLINE TrapCode atomic_notify(State& s) {
    s.put<d>(heddle::atomic_notify(s.acc, s.get<u32>(1)));
    return done();
}
template <u32 bytes, bool d>
ALWAYS_INLINE TrapCode atomic_wait(State& s) {
    u32 how = 0;
    TrapCode t = heddle::atomic_wait(*s.instance, u32(s.pc[2]), s.acc, bytes, s.get<u64>(1), s.get<i64>(2), how);
    if (t != TrapCode::none) [[unlikely]] return t;
    s.put<d>(how);
    reload_memory(s);
    return done();
}
template <bool d> constexpr auto atomic_wait32 = atomic_wait<4, d>;
template <bool d> constexpr auto atomic_wait64 = atomic_wait<8, d>;

// ---- the table

using Table = HandlerTable<std::size_t(Body::count_)>;

constexpr Table make_table() {
    Table t{};
#define BODY(name) t[u32(Body::name)] = straight<name, words(Body::name)>;
#define BODY_D(name)                                                       \
    t[u32(Body::name)] = straight<name<false>, words(Body::name)>;         \
    t[u32(Body::name##_d)] = straight<name<true>, words(Body::name##_d)>;
#include "handlers.def"
    return t;
}

}  // namespace

constexpr Table body_handlers = make_table();

}  // namespace heddle
