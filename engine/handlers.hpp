// Which handlers there are, by number: what the translator chooses from and handlers_*.cpp fill in.
//
// A cell is a handler's address and its operands, in 8-byte words:
//
//   word 0   handler
//   word 1   four 16-bit operands a b c d, or a b and a 32-bit immediate, or two 32-bit halves
//   word 2…  64-bit constants, absolute branch targets
//
// A handler is semantics × operand sources × destination. Results go to the accumulator of their class, and in the variant one number
// higher also to slot a, so that keeping a value is a change of its producer and never an instruction.
#pragma once
#include "opcode.hpp"
#include "runtime.hpp"

namespace heddle {

using HandlerId = u16;  // group << 12 | index

enum class Group : u16 { numeric, branch, memory, simd, control, body, object, cont, pinned, count_ };

constexpr HandlerId handler_id(Group g, u32 index) { return HandlerId(u32(g) << 12 | index); }
// The handler's address: what a cell's first word holds.
Word handler_word(HandlerId id);

// Where operands come from: S frame slot, A accumulator of the operand's class, I immediate; copies of f64 slots in registers: P and Q
// the locals pinned for a loop, R an operand.
enum class Source : u8 { S, A, I, P, Q, R, count_ };

// ---- numeric: rows of scalar instructions × Shape × destination

enum class Shape : u8 { SS, AS, SA, SI, AI, IS, IA, count_ };  // binary: a result, b first, c second operand; I: 32 bits, f64 in word 2
constexpr Source first_source(Shape s) { return s == Shape::AS || s == Shape::AI ? Source::A : s == Shape::IS || s == Shape::IA ? Source::I : Source::S; }
constexpr Source second_source(Shape s) { return s == Shape::SA || s == Shape::IA ? Source::A : s == Shape::SI || s == Shape::AI ? Source::I : Source::S; }

inline constexpr u32 numeric_variants = 2 * u32(Shape::count_);
constexpr bool is_numeric_row(Op op) {
    return (op >= Op::i32_eqz && op <= Op::i64_extend32_s) || (op >= Op::i32_trunc_sat_f32_s && op <= Op::i64_trunc_sat_f64_u);
}
constexpr u32 numeric_row(Op op) {
    if (op <= Op::i64_extend32_s) return u32(op) - u32(Op::i32_eqz);
    return u32(Op::i64_extend32_s) - u32(Op::i32_eqz) + 1 + u32(op) - u32(Op::i32_trunc_sat_f32_s);
}
constexpr Op numeric_op(u32 row) {
    constexpr u32 first = u32(Op::i64_extend32_s) - u32(Op::i32_eqz) + 1;
    return row < first ? Op(u32(Op::i32_eqz) + row) : Op(u32(Op::i32_trunc_sat_f32_s) + row - first);
}
inline constexpr u32 numeric_rows = numeric_row(Op::i64_trunc_sat_f64_u) + 1;
constexpr HandlerId binary_id(Op op, Shape s) { return handler_id(Group::numeric, numeric_row(op) * numeric_variants + 2 * u32(s)); }
// Unary rows use the first two shapes: operand b in a slot, or in the accumulator.
constexpr HandlerId unary_id(Op op, Source s) { return binary_id(op, s == Source::A ? Shape::AS : Shape::SS); }

// ---- pinned: f64 arithmetic with slots' copies in registers as operands or destination. Cells as for numeric rows.

// Where the result goes: the accumulator, and a slot, and that slot's register.
enum class PinnedResult : u8 { A, S, P, Q, R, count_ };
constexpr bool is_pinned_row(Op op) { return op >= Op::f64_add && op <= Op::f64_div; }
constexpr HandlerId pinned_id(Op op, Source a, Source b, PinnedResult to) {
    u32 row = u32(op) - u32(Op::f64_add);
    return handler_id(Group::pinned, ((row * u32(Source::count_) + u32(a)) * u32(Source::count_) + u32(b)) * u32(PinnedResult::count_) + u32(to));
}
inline constexpr u32 pinned_count = 4 * u32(Source::count_) * u32(Source::count_) * u32(PinnedResult::count_);
constexpr bool is_pin(Source s) { return s >= Source::P; }
// Which there are: no cell has two immediates, or both operands in the accumulator, and the rest are numeric rows.
constexpr bool has_pinned(Source a, Source b, PinnedResult to) {
    bool once = a != b || a == Source::S || is_pin(a);
    return once && (is_pin(a) || is_pin(b) || to >= PinnedResult::P);
}

// ---- branch: comparisons fused with a branch or a select

// The integer comparisons, i32 then i64, then "any common bit" and "no common bit" of i32.
enum class Compare : u8 {
    eq, ne, lt_s, lt_u, gt_s, gt_u, le_s, le_u, ge_s, ge_u,
    i64_eq, i64_ne, i64_lt_s, i64_lt_u, i64_gt_s, i64_gt_u, i64_le_s, i64_le_u, i64_ge_s, i64_ge_u,
    test, test_not, count_
};
// Where a branch leads: a back edge asks for interrupts, or where code is metered charges for the loop's next turn instead.
enum class Edge : u8 { forward, back, metered, count_ };
constexpr Edge edge(bool back) { return back ? Edge::back : Edge::forward; }
// a first operand, b second; I: 32 bits. The branch target is word 2.
enum class CompareShape : u8 { SS, AS, SI, AI, count_ };
constexpr HandlerId compare_branch_id(Compare c, CompareShape s, Edge e) {
    return handler_id(Group::branch, (u32(c) * u32(CompareShape::count_) + u32(s)) * u32(Edge::count_) + u32(e));
}
inline constexpr u32 float_branch_base = u32(Compare::count_) * u32(CompareShape::count_) * u32(Edge::count_);
// The float comparisons, f32 then f64 (eq ne lt gt le ge); a first, b second operand, I: as for numeric; the target is the last word.
constexpr HandlerId float_branch_id(u32 compare, Shape s, bool negated, Edge e) {
    return handler_id(Group::branch, float_branch_base + ((compare * u32(Shape::count_) + u32(s)) * 2 + negated) * u32(Edge::count_) + u32(e));
}
inline constexpr u32 select_base = float_branch_base + 12 * u32(Shape::count_) * 2 * u32(Edge::count_);
// slot a <- b compare c ? x : y, also to the accumulator; c or hi as for branches, word 2: x, y. Operands of select are integers.
constexpr HandlerId compare_select_id(Compare c, CompareShape s) {
    return handler_id(Group::branch, select_base + u32(c) * u32(CompareShape::count_) + u32(s));
}
inline constexpr u32 branch_count = select_base + u32(Compare::count_) * u32(CompareShape::count_);

// ---- memory: accesses to memory 0 with 32-bit addresses; others go through the `address` cell and shape P. A cell's offset is that of the byte
// behind the access, so that one comparison checks it all.

// Addresses: slot, accumulator, constant; slot + slot, accumulator + slot, slot + 16-bit immediate, accumulator + it; slot + (slot << k),
// slot + (accumulator << k), k by access size; the host pointer that an `address` cell left in the accumulator.
enum class Address : u8 { S, A, I, SS, AS, SJ, AJ, SX, SA, P, count_ };
// Loads: a result, b address; offset: hi, for the two-part addresses c second part, d offset.
constexpr HandlerId load_id(Op op, Address s) {
    return handler_id(Group::memory, ((u32(op) - u32(Op::i32_load)) * u32(Address::count_) + u32(s)) * 2);
}
inline constexpr u32 store_base = 14 * u32(Address::count_) * 2;
// Stored values: slot, accumulator, 16-bit immediate, f64 and f32 accumulators.
enum class Stored : u8 { S, A, I, F64, F32, count_ };
// By width (log2 of bytes). a address, b value; offset and second part as for loads.
constexpr HandlerId store_id(u32 log2, Address s, Stored v) {
    return handler_id(Group::memory, store_base + (log2 * u32(Address::count_) + u32(s)) * u32(Stored::count_) + u32(v));
}
inline constexpr u32 atomic_base = store_base + 4 * u32(Address::count_) * u32(Stored::count_);
// Atomics, the host pointer in the accumulator: a result, b operand, c second operand. Two destinations.
constexpr HandlerId atomic_id(Op op) { return handler_id(Group::memory, atomic_base + (u32(op) - u32(Op::i32_atomic_load)) * 2); }
inline constexpr u32 memory_count = atomic_base + (u32(Op::i64_atomic_rmw32_cmpxchg_u) - u32(Op::i32_atomic_load) + 1) * 2;

// ---- simd: rows with a v128 × where their operands are × destination

// First to third operand, without a lane's number; an accumulator is that of the operand's class, so a vector and a number may both be in theirs;
// I: 16 bits. P: the first operand, an address, is the host pointer that an `address` cell left.
enum class VectorShape : u8 { SSS, ASS, SAS, SSA, AAS, SIS, AIS, PSS, count_ };
constexpr Source source_of(VectorShape s, u32 operand) {
    constexpr Source A = Source::A, I = Source::I, S = Source::S;
    constexpr Source sources[][3] = {{S, S, S}, {A, S, S}, {S, A, S}, {S, S, A}, {A, A, S}, {S, I, S}, {A, I, S}, {A, S, S}};
    return sources[u32(s)][operand];
}
inline constexpr u32 simd_variants = 2 * u32(VectorShape::count_);
// a result, b c d operands. Lane rows: d the lane. Lane loads and stores: word 2 the offset. i8x16.shuffle: words 2 and 3 what to pick; with an
// immediate second operand, from the first alone.
constexpr HandlerId simd_id(Op op, VectorShape s = VectorShape::SSS) {
    return handler_id(Group::simd, (u32(op) - u32(Op::v128_load)) * simd_variants + 2 * u32(s));
}
// Gives the same with its operands exchanged. No arithmetic on floats: which NaN it gives depends on their order.
constexpr bool commutes(Op op) {
    using enum Op;
    constexpr Op commuting[] = {
        v128_and, v128_or, v128_xor,
        i8x16_eq, i8x16_ne, i8x16_add, i8x16_add_sat_s, i8x16_add_sat_u, i8x16_min_s, i8x16_min_u, i8x16_max_s, i8x16_max_u, i8x16_avgr_u,
        i16x8_eq, i16x8_ne, i16x8_add, i16x8_add_sat_s, i16x8_add_sat_u, i16x8_min_s, i16x8_min_u, i16x8_max_s, i16x8_max_u, i16x8_avgr_u, i16x8_mul,
        i16x8_q15mulr_sat_s, i16x8_extmul_low_i8x16_s, i16x8_extmul_high_i8x16_s, i16x8_extmul_low_i8x16_u, i16x8_extmul_high_i8x16_u,
        i32x4_eq, i32x4_ne, i32x4_add, i32x4_mul, i32x4_min_s, i32x4_min_u, i32x4_max_s, i32x4_max_u, i32x4_dot_i16x8_s,
        i32x4_extmul_low_i16x8_s, i32x4_extmul_high_i16x8_s, i32x4_extmul_low_i16x8_u, i32x4_extmul_high_i16x8_u,
        i64x2_eq, i64x2_ne, i64x2_add, i64x2_mul,
        i64x2_extmul_low_i32x4_s, i64x2_extmul_high_i32x4_s, i64x2_extmul_low_i32x4_u, i64x2_extmul_high_i32x4_u,
        f32x4_eq, f32x4_ne, f64x2_eq, f64x2_ne};
    for (Op each : commuting)
        if (op == each) return true;
    return false;
}

// v128 loads and stores have these addresses.
inline constexpr Address vector_addresses[] = {Address::S, Address::A, Address::I, Address::SS, Address::AS, Address::SJ, Address::AJ, Address::P};
constexpr u32 vector_address(Address s) {
    u32 at = 0;
    while (vector_addresses[at] != s) ++at;
    return at;
}
// Operands as for scalar loads and stores. What is stored is in a slot or in the accumulator.
constexpr HandlerId vector_load_id(Op op, Address s) { return HandlerId(simd_id(op) + 2 * vector_address(s)); }
constexpr HandlerId vector_store_id(Address s, Source stored) { return HandlerId(simd_id(Op::v128_store) + 2 * vector_address(s) + (stored == Source::A)); }
inline constexpr u32 simd_count = (u32(Op::i32x4_relaxed_dot_i8x16_i7x16_add_s) - u32(Op::v128_load) + 1) * simd_variants;
static_assert(simd_count <= 0x1000);

// ---- control and body: the rows of handlers.def

enum class Control : u16 {
#define CONTROL(name) name,
#include "handlers.def"
    call_base  // calls of own functions: moved arguments 0–4 × zeroed locals 0–4, many; then the same, metered
};
inline constexpr u32 call_moves = 5, call_zeroes = 6, call_variants = call_moves * call_zeroes;
inline constexpr u32 control_count = u32(Control::call_base) + 2 * call_variants;
constexpr HandlerId control_id(Control c) { return handler_id(Group::control, u32(c)); }
// a: k, b: k + the callee's record, c: where moved arguments go, d: how many locals to zero; w2: FuncCode; w3: the moved arguments' slots
constexpr HandlerId call_id(u32 moves, u32 zeroed) {
    return handler_id(Group::control, u32(Control::call_base) + moves * call_zeroes + (zeroed < call_zeroes ? zeroed : call_zeroes - 1));
}

inline constexpr u32 charge_words = 2;  // the last one is the price
constexpr bool is_metered(HandlerId id) {
    u32 index = id & 0xfff;
    if (Group(id >> 12) == Group::branch) return index < select_base && index % u32(Edge::count_) == u32(Edge::metered);
    return id == control_id(Control::br_back_metered) || (Group(id >> 12) == Group::control && index >= u32(Control::call_base) + call_variants);
}
// What a cell runs instead where code is metered: back edges and calls also charge for what they go on with. Others stay as they are.
constexpr HandlerId metered_id(HandlerId id) {
    if (is_metered(id)) return id;
    u32 index = id & 0xfff;
    bool is_back = index < select_base && index % u32(Edge::count_) == u32(Edge::back);
    if (Group(id >> 12) == Group::branch && is_back) return HandlerId(id + 1);
    if (id == control_id(Control::br_back)) return control_id(Control::br_back_metered);
    if (Group(id >> 12) == Group::control && index >= u32(Control::call_base)) return HandlerId(id + call_variants);
    return id;
}

enum class Body : u16 {
#define BODY(name) name,
#define BODY_D(name) name, name##_d,
#include "handlers.def"
    count_
};
constexpr HandlerId body_id(Body b) { return handler_id(Group::body, u32(b)); }

// ---- object: structures, arrays and casts; likewise rows of handlers.def

enum class ObjectRow : u16 {
#define OBJECT(name) name,
#define OBJECT_D(name) name, name##_d,
#define OBJECT_CONTROL(name) name,
#include "handlers.def"
    count_
};
constexpr HandlerId object_id(ObjectRow r) { return handler_id(Group::object, u32(r)); }

// ---- cont: stack switching; likewise

enum class ContRow : u16 {
#define CONT(name) name,
#include "handlers.def"
    count_
};
inline constexpr u32 cont_count = u32(ContRow::count_);
constexpr HandlerId cont_id(ContRow r) { return handler_id(Group::cont, u32(r)); }

}  // namespace heddle
