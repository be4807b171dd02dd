// Structures, arrays and casts. What allocates is called out of line; operands and results lie in slots, so that the collector sees them.
// https://webassembly.github.io/spec/core/exec/instructions.html#aggregate-reference-instructions
#include "handler.hpp"
#include "heap.hpp"

namespace heddle {
namespace {

TrapCode done() { return TrapCode::none; }
ALWAYS_INLINE Safepoint safepoint(const State& s) { return {*s.instance, s.pc, s.frame}; }

// A new object, or none and the context's trap.
template <bool d>
ALWAYS_INLINE TrapCode put_object(State& s, u64 word) {
    if (!word) [[unlikely]] return s.context().trap;
    s.put<d>(word);
    return done();
}

// ---- structures

template <bool d>
ALWAYS_INLINE TrapCode struct_new(State& s) {
    return put_object<d>(s, heddle::struct_new(safepoint(s), TypeId(s.hi()), s.frame + s.pc[2]));
}
template <bool d>
ALWAYS_INLINE TrapCode struct_new_default(State& s) {
    return put_object<d>(s, heddle::struct_new_default(safepoint(s), TypeId(s.hi())));
}

template <class Stored, class T, bool d>
ALWAYS_INLINE TrapCode struct_get(State& s) {
    u64 object = s.get<u64>(1);
    if (!object) [[unlikely]] return TrapCode::null_structure_reference;
    s.put<d>(T(load<Stored>(reinterpret_cast<const u8*>(object) + s.hi())));
    return done();
}
template <bool d> constexpr auto struct_get8_s = struct_get<i8, i32, d>;
template <bool d> constexpr auto struct_get8_u = struct_get<u8, u32, d>;
template <bool d> constexpr auto struct_get16_s = struct_get<i16, i32, d>;
template <bool d> constexpr auto struct_get16_u = struct_get<u16, u32, d>;
template <bool d> constexpr auto struct_get32 = struct_get<u32, u32, d>;
template <bool d> constexpr auto struct_get64 = struct_get<u64, u64, d>;
template <bool d> constexpr auto struct_get_f32 = struct_get<f32, f32, d>;
template <bool d> constexpr auto struct_get_f64 = struct_get<f64, f64, d>;
template <bool d> constexpr auto struct_get_v128 = struct_get<V128, V128, d>;

template <class T>
ALWAYS_INLINE TrapCode struct_set(State& s) {
    u64 object = s.get<u64>(0);
    if (!object) [[unlikely]] return TrapCode::null_structure_reference;
    store(reinterpret_cast<u8*>(object) + s.hi(), s.get<T>(1));
    return done();
}
constexpr auto struct_set8 = struct_set<u8>;
constexpr auto struct_set16 = struct_set<u16>;
constexpr auto struct_set32 = struct_set<u32>;
constexpr auto struct_set64 = struct_set<u64>;
constexpr auto struct_set_v128 = struct_set<V128>;

// ---- arrays

template <bool d>
ALWAYS_INLINE TrapCode array_new(State& s) {
    return put_object<d>(s, heddle::array_new(safepoint(s), TypeId(s.pc[2]), reinterpret_cast<const Slot*>(s.slot(1)), s.get<u32>(2)));
}
template <bool d>
ALWAYS_INLINE TrapCode array_new_default(State& s) {
    return put_object<d>(s, heddle::array_new_default(safepoint(s), TypeId(s.hi()), s.get<u32>(1)));
}
template <bool d>
ALWAYS_INLINE TrapCode array_new_fixed(State& s) {
    return put_object<d>(s, heddle::array_new_fixed(safepoint(s), TypeId(s.hi()), s.frame + u32(s.pc[2]), u32(s.pc[2] >> 32)));
}
template <bool d>
ALWAYS_INLINE TrapCode array_new_data(State& s) {
    return put_object<d>(s, heddle::array_new_data(safepoint(s), TypeId(u32(s.pc[2])), u32(s.pc[2] >> 32), s.get<u32>(1), s.get<u32>(2)));
}
template <bool d>
ALWAYS_INLINE TrapCode array_new_elem(State& s) {
    return put_object<d>(s, heddle::array_new_elem(safepoint(s), TypeId(u32(s.pc[2])), u32(s.pc[2] >> 32), s.get<u32>(1), s.get<u32>(2)));
}

// The element that array and index, two operands, name; or null and a trap.
template <class T>
ALWAYS_INLINE u8* element(const State& s, u32 array, u32 index, TrapCode& trap) {
    ArrayObject* a = reinterpret_cast<ArrayObject*>(s.get<u64>(array));
    u32 i = s.get<u32>(index);
    if (!a) [[unlikely]] {
        trap = TrapCode::null_array_reference;
        return nullptr;
    }
    if (i >= a->length) [[unlikely]] {
        trap = TrapCode::array_out_of_bounds;
        return nullptr;
    }
    return a->elements() + u64(i) * sizeof(T);
}

template <class Stored, class T, bool d>
ALWAYS_INLINE TrapCode array_get(State& s) {
    TrapCode trap;
    const u8* at = element<Stored>(s, 1, 2, trap);
    if (!at) [[unlikely]] return trap;
    s.put<d>(T(load<Stored>(at)));
    return done();
}
template <bool d> constexpr auto array_get8_s = array_get<i8, i32, d>;
template <bool d> constexpr auto array_get8_u = array_get<u8, u32, d>;
template <bool d> constexpr auto array_get16_s = array_get<i16, i32, d>;
template <bool d> constexpr auto array_get16_u = array_get<u16, u32, d>;
template <bool d> constexpr auto array_get32 = array_get<u32, u32, d>;
template <bool d> constexpr auto array_get64 = array_get<u64, u64, d>;
template <bool d> constexpr auto array_get_f32 = array_get<f32, f32, d>;
template <bool d> constexpr auto array_get_f64 = array_get<f64, f64, d>;
template <bool d> constexpr auto array_get_v128 = array_get<V128, V128, d>;

template <class T>
ALWAYS_INLINE TrapCode array_set(State& s) {
    TrapCode trap;
    u8* at = element<T>(s, 0, 1, trap);
    if (!at) [[unlikely]] return trap;
    store(at, s.get<T>(2));
    return done();
}
constexpr auto array_set8 = array_set<u8>;
constexpr auto array_set16 = array_set<u16>;
constexpr auto array_set32 = array_set<u32>;
constexpr auto array_set64 = array_set<u64>;
constexpr auto array_set_v128 = array_set<V128>;

template <bool d>
ALWAYS_INLINE TrapCode array_len(State& s) {
    const ArrayObject* a = reinterpret_cast<const ArrayObject*>(s.get<u64>(1));
    if (!a) [[unlikely]] return TrapCode::null_array_reference;
    s.put<d>(a->length);
    return done();
}

ALWAYS_INLINE TrapCode array_fill(State& s) {
    return heddle::array_fill(*s.instance, s.get<u64>(0), s.get<u32>(1), reinterpret_cast<const Slot*>(s.slot(2)), s.get<u32>(3));
}
ALWAYS_INLINE TrapCode array_copy(State& s) {
    return heddle::array_copy(*s.instance, s.get<u64>(0), s.get<u32>(1), s.get<u64>(2), s.get<u32>(3), u32(s.frame[s.pc[2]].bits));
}
ALWAYS_INLINE TrapCode array_init_data(State& s) {
    return heddle::array_init_data(*s.instance, s.get<u64>(0), u32(s.pc[2]), s.get<u32>(1), s.get<u32>(2), s.get<u32>(3));
}
ALWAYS_INLINE TrapCode array_init_elem(State& s) {
    return heddle::array_init_elem(*s.instance, s.get<u64>(0), u32(s.pc[2]), s.get<u32>(1), s.get<u32>(2), s.get<u32>(3));
}

// ---- casts

// A structure or array of exactly the type needs no call.
ALWAYS_INLINE bool is_cast(const State& s, u64 word) {
    CastTarget target(s.hi());
    bool is_object = target.look() == CastTarget::Look::object || target.look() == CastTarget::Look::exact_object;
    if (is_object && word && !(word & 1)) [[likely]] {
        const HeapObject& o = *reinterpret_cast<const HeapObject*>(word);
        if (o.type == target.type() && o.kind != HeapObject::Kind::host) return true;
    }
    return is_of_type(*s.instance->module->type_table, word, target);
}

template <bool d>
ALWAYS_INLINE TrapCode ref_test(State& s) {
    s.put<d>(u32(is_cast(s, s.get<u64>(1))));
    return done();
}
ALWAYS_INLINE TrapCode ref_cast(State& s) { return is_cast(s, s.get<u64>(0)) ? TrapCode::none : TrapCode::cast_failure; }

// The target may lie behind: polls.
template <bool sense>
HANDLER branch_on_cast(REGISTERS) {
    STATE;
    if (is_cast(s, s.get<u64>(0)) == sense) {
        s.pc = reinterpret_cast<const Word*>(s.pc[2]);
        POLL;
        DISPATCH;
    }
    KEEP_ARM;
    NEXT(3);
}
constexpr Handler br_if_cast = branch_on_cast<true>, br_if_no_cast = branch_on_cast<false>;

// ---- custom descriptors

template <bool d>
ALWAYS_INLINE TrapCode struct_new_desc(State& s) {
    return put_object<d>(s, struct_new_described(safepoint(s), TypeId(s.hi()), s.frame + s.pc[2], s.get<u64>(1)));
}
template <bool d>
ALWAYS_INLINE TrapCode struct_new_default_desc(State& s) {
    return put_object<d>(s, struct_new_described(safepoint(s), TypeId(s.hi()), nullptr, s.get<u64>(1)));
}
template <bool d>
ALWAYS_INLINE TrapCode ref_get_desc(State& s) {
    u64 object = s.get<u64>(1);
    if (!object) [[unlikely]] return TrapCode::null_reference;
    s.put<d>(descriptor_of(*s.instance, object));
    return done();
}
ALWAYS_INLINE TrapCode ref_cast_desc_eq(State& s) {
    u64 descriptor = s.get<u64>(1);
    if (!descriptor) [[unlikely]] return TrapCode::null_descriptor_reference;
    return is_described(*s.instance, s.get<u64>(0), descriptor, s.hi() != 0) ? TrapCode::none : TrapCode::descriptor_cast_failure;
}

template <bool sense>
HANDLER branch_on_descriptor(REGISTERS) {
    STATE;
    u64 descriptor = s.get<u64>(1);
    if (!descriptor) [[unlikely]] TRAP(TrapCode::null_descriptor_reference);
    if (is_described(*s.instance, s.get<u64>(0), descriptor, s.hi() != 0) == sense) {
        s.pc = reinterpret_cast<const Word*>(s.pc[2]);
        POLL;
        DISPATCH;
    }
    KEEP_ARM;
    NEXT(3);
}
constexpr Handler br_if_described = branch_on_descriptor<true>, br_if_not_described = branch_on_descriptor<false>;

// ---- the table

constexpr u32 words(ObjectRow r) {
    switch (r) {
    case ObjectRow::struct_new:
    case ObjectRow::struct_new_d:
    case ObjectRow::struct_new_desc:
    case ObjectRow::struct_new_desc_d:
    case ObjectRow::array_new:
    case ObjectRow::array_new_d:
    case ObjectRow::array_new_fixed:
    case ObjectRow::array_new_fixed_d:
    case ObjectRow::array_new_data:
    case ObjectRow::array_new_data_d:
    case ObjectRow::array_new_elem:
    case ObjectRow::array_new_elem_d:
    case ObjectRow::array_copy:
    case ObjectRow::array_init_data:
    case ObjectRow::array_init_elem: return 3;
    default: return 2;
    }
}

using Table = HandlerTable<std::size_t(ObjectRow::count_)>;

constexpr Table make_table() {
    Table t{};
#define OBJECT(name) t[u32(ObjectRow::name)] = straight<name, words(ObjectRow::name)>;
#define OBJECT_D(name)                                                                   \
    t[u32(ObjectRow::name)] = straight<name<false>, words(ObjectRow::name)>;             \
    t[u32(ObjectRow::name##_d)] = straight<name<true>, words(ObjectRow::name##_d)>;
#define OBJECT_CONTROL(name) t[u32(ObjectRow::name)] = name;
#include "handlers.def"
    return t;
}

}  // namespace

constexpr Table object_handlers = make_table();

}  // namespace heddle
