// Straight-line handlers beside the numeric ones: moves, constants, globals, select, and what calls into memories, tables and references.
#include "handler.hpp"

namespace heddle {
namespace {

// ---- moves and constants: none touches an accumulator but the const_ ones

TrapCode done() { return TrapCode::none; }

ALWAYS_INLINE TrapCode move(State& s) {
    store(s.slot(0), s.get<u64>(1));
    return done();
}
ALWAYS_INLINE TrapCode move2(State& s) {
    store(s.slot(0), s.get<u64>(1));
    store(s.slot(2), s.get<u64>(3));
    return done();
}
ALWAYS_INLINE TrapCode move3(State& s) {
    u8* to = s.slot(0);
    store(to, s.get<u64>(1));
    store(to + 8, s.get<u64>(2));
    store(to + 16, s.get<u64>(3));
    return done();
}
ALWAYS_INLINE TrapCode move_v128(State& s) {
    store(s.slot(0), s.get<V128>(1));
    return done();
}
ALWAYS_INLINE TrapCode move_wide(State& s) {
    s.frame[s.lo()] = s.frame[s.hi()];
    return done();
}
ALWAYS_INLINE TrapCode move_block(State& s) {
    std::memmove(static_cast<void*>(s.frame + s.lo()), s.frame + s.hi(), s.pc[2] * sizeof(Slot));
    return done();
}
ALWAYS_INLINE TrapCode set_const(State& s) {
    store(s.slot(0), u64(s.hi()));
    return done();
}
ALWAYS_INLINE TrapCode set_const64(State& s) {
    s.frame[s.lo()].bits = s.pc[2];
    return done();
}
ALWAYS_INLINE TrapCode set_v128(State& s) {
    store(s.frame + s.lo(), load<V128>(s.pc + 2));
    return done();
}
ALWAYS_INLINE TrapCode set_acc(State& s) {
    s.frame[s.lo()].bits = s.acc;
    return done();
}
ALWAYS_INLINE TrapCode set_acc_f64(State& s) {
    store(s.frame + s.lo(), s.acc_f64);
    return done();
}
ALWAYS_INLINE TrapCode set_acc_f32(State& s) {
    store(s.frame + s.lo(), s.acc_f32);
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const_acc(State& s) {
    s.put<d>(s.hi());
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const64_acc(State& s) {
    s.put<d>(s.pc[2]);
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const_acc_f64(State& s) {
    s.put<d>(load<f64>(s.pc + 2));
    return done();
}
template <bool d>
ALWAYS_INLINE TrapCode const_acc_f32(State& s) {
    s.put<d>(std::bit_cast<f32>(s.hi()));
    return done();
}

// ---- globals

ALWAYS_INLINE V128* own_global(const State& s) { return &s.instance->own_globals[s.hi()].value; }
ALWAYS_INLINE V128* global(const State& s) { return &s.instance->globals[s.hi()]->value; }

template <class T, bool d>
ALWAYS_INLINE TrapCode get_own(State& s) {
    s.put<d>(load<T>(own_global(s)));
    return done();
}
template <class T, bool d>
ALWAYS_INLINE TrapCode get_any(State& s) {
    s.put<d>(load<T>(global(s)));
    return done();
}
template <bool d> constexpr auto global_get = get_own<u64, d>;
template <bool d> constexpr auto global_get_f64 = get_own<f64, d>;
template <bool d> constexpr auto global_get_f32 = get_own<f32, d>;
template <bool d> constexpr auto global_get_import = get_any<u64, d>;
template <bool d> constexpr auto global_get_import_f64 = get_any<f64, d>;
template <bool d> constexpr auto global_get_import_f32 = get_any<f32, d>;

ALWAYS_INLINE TrapCode global_get_v128(State& s) {
    store(s.slot(0), *global(s));
    return done();
}
ALWAYS_INLINE TrapCode global_set_s(State& s) {
    own_global(s)->lo = s.get<u64>(0);
    return done();
}
ALWAYS_INLINE TrapCode global_set_a(State& s) {
    own_global(s)->lo = s.acc;
    return done();
}
ALWAYS_INLINE TrapCode global_set_i(State& s) {
    own_global(s)->lo = s.pc[2];
    return done();
}
ALWAYS_INLINE TrapCode global_set_f64(State& s) {
    store(own_global(s), s.acc_f64);
    return done();
}
ALWAYS_INLINE TrapCode global_set_f32(State& s) {
    store(own_global(s), s.acc_f32);
    return done();
}
ALWAYS_INLINE TrapCode global_set_import(State& s) {
    global(s)->lo = s.get<u64>(0);
    return done();
}
ALWAYS_INLINE TrapCode global_set_v128(State& s) {
    *global(s) = s.get<V128>(0);
    return done();
}

// ---- select: a <- condition ? b : c; the condition in slot d or the accumulator, immediates of 16 bits

template <Source condition, Source x, Source y, bool d>
ALWAYS_INLINE TrapCode select_int(State& s) {
    u32 truth = condition == Source::A ? u32(s.acc) : s.get<u32>(3);
    u64 a = x == Source::S ? s.get<u64>(1) : u64(s.u16_at(1));
    u64 b = y == Source::S ? s.get<u64>(2) : u64(s.u16_at(2));
    s.put<d>(truth ? a : b);
    return done();
}
template <class T, Source condition, bool d>
ALWAYS_INLINE TrapCode select_float(State& s) {
    u32 truth = condition == Source::A ? u32(s.acc) : s.get<u32>(3);
    s.put<d>(load<T>(truth ? s.slot(1) : s.slot(2)));
    return done();
}
template <bool d> constexpr auto select_sss = select_int<Source::S, Source::S, Source::S, d>;
template <bool d> constexpr auto select_ass = select_int<Source::A, Source::S, Source::S, d>;
template <bool d> constexpr auto select_aii = select_int<Source::A, Source::I, Source::I, d>;
template <bool d> constexpr auto select_asi = select_int<Source::A, Source::S, Source::I, d>;
template <bool d> constexpr auto select_ais = select_int<Source::A, Source::I, Source::S, d>;
template <bool d> constexpr auto select_f64_s = select_float<f64, Source::S, d>;
template <bool d> constexpr auto select_f64_a = select_float<f64, Source::A, d>;
template <bool d> constexpr auto select_f32_s = select_float<f32, Source::S, d>;
template <bool d> constexpr auto select_f32_a = select_float<f32, Source::A, d>;
ALWAYS_INLINE TrapCode select_v128(State& s) {
    store(s.slot(0), load<V128>(s.get<u32>(3) ? s.slot(1) : s.slot(2)));
    return done();
}

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

constexpr u32 words(Body b) {
    switch (b) {
    case Body::move_block:
    case Body::set_const64:
    case Body::const64_acc:
    case Body::const64_acc_d:
    case Body::const_acc_f64:
    case Body::const_acc_f64_d:
    case Body::global_set_i:
    case Body::memory_fill:
    case Body::memory_copy:
    case Body::memory_init:
    case Body::table_grow:
    case Body::table_grow_d:
    case Body::table_fill:
    case Body::table_copy:
    case Body::table_init:
    case Body::add128:
    case Body::sub128:
    case Body::mul_wide_s:
    case Body::mul_wide_u:
    case Body::atomic_wait32:
    case Body::atomic_wait32_d:
    case Body::atomic_wait64:
    case Body::atomic_wait64_d: return 3;
    case Body::set_v128:
    case Body::address: return 4;
    default: return 2;
    }
}

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
