#include "validate.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "module_limits.hpp"

namespace heddle {
namespace {

constexpr std::size_t flat_locals = 256;  // besides the parameters
constexpr std::size_t first_operands = 256;

bool all_on(const Features& f) {
    return f.threads && f.wide_arithmetic && f.legacy_exceptions && f.custom_page_sizes && f.stack_switching && f.custom_descriptors &&
           f.compact_imports && f.gc && f.memory64 && f.multi_memory && f.exceptions && f.tail_call && f.simd && f.relaxed_simd;
}

// A row's signature as a number that can be a template argument: a digit of 3 bits per type (its ValType::Kind), operands from bit 0,
// results from bit 12.
constexpr u32 kind_digit(char c) {
    switch (c) {
        case 'i': return ValType::i32_;
        case 'l': return ValType::i64_;
        case 'f': return ValType::f32_;
        case 'd': return ValType::f64_;
        default: return ValType::v128_;
    }
}
consteval u32 signature_code(std::string_view s) {
    u32 code = 0;
    unsigned shift = 12;
    for (char c : s) {
        if (c == '_') {
            shift = 0;
            continue;
        }
        code |= kind_digit(c) << shift;
        shift += 3;
    }
    return code;
}
constexpr u32 digit(u32 signature, u32 i) { return signature >> (3 * i) & 7; }
constexpr u32 operand_count(u32 signature) {
    u32 n = 0;
    while (n < 4 && digit(signature, n)) ++n;
    return n;
}
constexpr u32 v128_count(u32 signature, u32 from, u32 to) {
    u32 n = 0;
    for (u32 i = from; i < to; ++i) n += digit(signature, i) == ValType::v128_;
    return n;
}

std::string list(std::span<const ValType> types) {
    std::string s = "[";
    for (std::size_t i = 0; i < types.size() && i < 16; ++i) s += (i ? " " : "") + to_string(types[i]);
    return s + (types.size() > 16 ? " …]" : "]");
}

u32 count_v128(std::span<const ValType> types) {
    u32 n = 0;
    for (ValType t : types) n += t.bits() == v128_type.bits();
    return n;
}

u32 slots(std::span<const ValType> types) {
    u32 n = 0;
    for (ValType t : types) n += t.slots();
    return n;
}

// What an instruction needs that may be turned off; null when it is on.
const char* missing_feature(Op op, const Features& f) {
    u32 code = info(op).code, prefix = code >> 12;
    if (prefix == 0xfd) return !f.simd ? "simd" : !f.relaxed_simd && code >= 0xfd100 ? "relaxed simd" : nullptr;
    if (prefix == 0xfe) return f.threads ? nullptr : "threads";
    if (prefix == 0xfb) return !f.gc ? "garbage collection" : !f.custom_descriptors && code >= 0xfb020 ? "custom descriptors" : nullptr;
    if (code >= 0xfc013) return f.wide_arithmetic ? nullptr : "wide arithmetic";
    if (code >= 0xe0 && code <= 0xe6) return f.stack_switching ? nullptr : "stack switching";
    switch (op) {
        case Op::try_:
        case Op::catch_:
        case Op::catch_all:
        case Op::rethrow:
        case Op::delegate: return f.legacy_exceptions ? nullptr : "legacy exceptions";
        case Op::throw_: return f.legacy_exceptions || f.exceptions ? nullptr : "exceptions";
        case Op::throw_ref:
        case Op::try_table: return f.exceptions ? nullptr : "exceptions";
        case Op::return_call:
        case Op::return_call_indirect:
        case Op::return_call_ref: return f.tail_call ? nullptr : "tail calls";
        case Op::ref_eq: return f.gc ? nullptr : "garbage collection";
        default: return nullptr;
    }
}

const char* missing_feature(ValType t, const Features& f) {
    if (t == v128_type) return f.simd ? nullptr : "simd";
    if (!t.is_ref() || t.is_defined()) return nullptr;
    switch (t.heap()) {
        case Heap::func:
        case Heap::extern_:
        case Heap::bottom: return nullptr;
        case Heap::exn:
        case Heap::noexn: return f.exceptions ? nullptr : "exceptions";
        case Heap::cont:
        case Heap::nocont: return f.stack_switching ? nullptr : "stack switching";
        default: return f.gc ? nullptr : "garbage collection";
    }
}

}  // namespace

void check_type_is_on(ValType t, const Features& features, std::size_t at) {
    if (const char* what = missing_feature(t, features)) invalid("unknown type: " + to_string(t) + " needs " + what + ", which is turned off", at);
}

Validator::Validator(const ModuleData& m, const Features& features)
    : m_(m), features_(features), restricted_(!all_on(features)), stack_(first_operands) {
    u32 func = 0;
    for (const Import& i : m.imports) {
        if (i.type.kind != ExternKind::func) continue;
        if (i.type.exact) {
            exact_imports_.resize(func + 1);
            exact_imports_[func] = true;
        }
        ++func;
    }
}

// ---- errors

void Validator::illegal(u32 code) const {
    std::array<char, 8> digits;
    malformed("illegal opcode " + std::string(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), code, 16).ptr), at_);
}
void Validator::fail(std::string message) const { invalid(std::move(message), at_); }
void Validator::unknown(const char* what, u32 index) const { fail(std::string("unknown ") + what + " " + std::to_string(index)); }

void Validator::mismatch(ValType expected, ValType found) const {
    fail("type mismatch: instruction requires [" + to_string(expected) + "] but stack has [" + to_string(found) + "]");
}
void Validator::mismatch(ValType expected) const { fail("type mismatch: instruction requires [" + to_string(expected) + "] but stack has []"); }
void Validator::mismatch(Types expected, Types found) const {
    fail("type mismatch: instruction requires " + list(expected) + " but has " + list(found));
}

void Validator::leftover() const { fail("type mismatch: block requires [] but stack has " + list({floor_, top_})); }

void Validator::check_features(const Instr& in) const {
    if (const char* what = missing_feature(in.op, features_)) fail(std::string(info(in.op).text) + " needs " + what + ", which is turned off");
}

// ---- operands

// The operand stack is higher than ever in this body: note it, and keep one operand of room above.
void Validator::raise() {
    std::size_t height = std::size_t(top_ - bottom());
    max_slots_ = u32(height) + wide_;
    if (max_slots_ > module_limits::operands) module_limits::exceeded("operands on the stack", max_slots_, module_limits::operands, at_);
    if (max_slots_ + 1 > room()) {
        std::size_t floor = std::size_t(floor_ - bottom());
        stack_.resize(std::size_t(max_slots_) * 2 + below);
        top_ = bottom() + height;
        floor_ = bottom() + floor;
    }
    limit_ = bottom() + max_slots_;
}

ValType Validator::pop_any() {
    if (top_ == floor_) {
        if (!controls_.back().unreachable) fail("type mismatch: instruction requires an operand but stack has []");
        return bottom_type;
    }
    ValType t = *--top_;
    wide_ -= t == v128_type;
    return t;
}

ValType Validator::pop_ref() {
    ValType t = pop_any();
    if (!t.is_ref() && t != bottom_type) fail("type mismatch: instruction requires [ref] but stack has [" + to_string(t) + "]");
    return t;
}

void Validator::push_many(Types types) {
    std::size_t height = std::size_t(top_ - bottom()), need = height + types.size() + 1;
    if (need > module_limits::operands + module_limits::results) module_limits::exceeded("operands on the stack", need, module_limits::operands, at_);
    if (need > room()) {
        std::size_t floor = std::size_t(floor_ - bottom());
        stack_.resize(need * 2 + below);
        top_ = bottom() + height;
        floor_ = bottom() + floor;
        limit_ = bottom() + max_slots_;
    }
    std::memcpy(static_cast<void*>(top_), types.data(), types.size() * sizeof(ValType));
    top_ += types.size();
    wide_ += count_v128(types);
    if (top_ + wide_ > limit_) [[unlikely]]
        raise();
}

void Validator::pop_many(Types types) {
    std::size_t n = types.size();
    if (std::size_t(top_ - floor_) >= n && std::memcmp(top_ - n, types.data(), n * sizeof(ValType)) == 0) {
        top_ -= n;
        if (wide_) wide_ -= count_v128(types);
        return;
    }
    for (std::size_t i = n; i-- > 0;) pop(types[i]);
}

void Validator::check_top(Types types) {
    std::size_t n = types.size();
    if (n >= 4 && std::size_t(top_ - floor_) >= n && std::memcmp(top_ - n, types.data(), n * sizeof(ValType)) == 0) return;
    const ValType* at = top_;
    for (std::size_t i = n; i-- > 0;) {
        if (at == floor_) {
            if (!controls_.back().unreachable) mismatch(types[i]);
            return;
        }
        if (*--at != types[i]) require(*at, types[i]);
    }
}

void Validator::retype_top(Types types) {
    std::size_t n = types.size();
    if (n == 0) return;
    if (std::size_t(top_ - floor_) >= n && std::memcmp(top_ - n, types.data(), n * sizeof(ValType)) == 0) return;
    pop_all(types);
    push_all(types);
}

void Validator::require_all(Types found, Types expected) const {
    if (!std::ranges::equal(found, expected, [&](ValType a, ValType b) { return m_.type_table->is_subtype(a, b); })) mismatch(expected, found);
}

void Validator::unreachable_from_here() {
    if (wide_) wide_ -= count_v128({floor_, top_});
    top_ = floor_;
    controls_.back().unreachable = true;
}

// Operands off, results on. The usual case compares at once and moves the top once.
template <u32 signature>
[[gnu::always_inline]] inline void Validator::operate() {
    constexpr u32 operands = operand_count(signature), results = operand_count(signature >> 12 & 077);
    constexpr u32 slots_before = operands + v128_count(signature, 0, 4), slots_after = results + v128_count(signature, 4, 6);
    auto as_declared = [&]<std::size_t... i>(std::index_sequence<i...>) {
        return ((top_[i32(i) - i32(operands)] == ValType::number(ValType::Kind(digit(signature, i)))) & ...);
    };
    auto type_of = [](u32 i) { return ValType::number(ValType::Kind(digit(signature, i))); };
    if (top_ - floor_ < std::ptrdiff_t(operands) || !as_declared(std::make_index_sequence<operands>())) [[unlikely]] {
        for (u32 i = operands; i-- > 0;) pop(type_of(i));
        for (u32 i = 0; i < results; ++i) push(type_of(4 + i));
        return;
    }
    top_ -= operands;
    for (u32 i = 0; i < results; ++i) *top_++ = type_of(4 + i);
    if constexpr (slots_before != operands || slots_after != results) wide_ += (slots_after - results) - (slots_before - operands);
    if constexpr (slots_after > slots_before)
        if (top_ + wide_ > limit_) [[unlikely]]
            raise();
}

// ---- looking up

const SubType& Validator::type_of_kind(u32 index, SubType::Kind kind, const char* name) const {
    const SubType& t = (*m_.type_table)[type(index)];
    if (t.kind != kind) fail(std::string("non-") + name + " type " + std::to_string(index));
    return t;
}

const FieldType& Validator::mutable_array(u32 index) const {
    const FieldType& f = array_type(index);
    if (!f.mutable_) fail("immutable array");
    return f;
}

const FieldType& Validator::field(u32 index, u32 field) const {
    const SubType& t = struct_type(index);
    if (field >= t.fields.size()) unknown("field", field);
    return t.fields[field];
}

const FuncType& Validator::tag(u32 index) const {
    if (index >= m_.tags.size()) unknown("tag", index);
    return m_.type_table->func(m_.tags[index]);
}

const TableType& Validator::table(u32 index) const {
    if (index >= m_.tables.size()) unknown("table", index);
    return m_.tables[index];
}

const GlobalType& Validator::global(u32 index) const {
    if (index >= m_.globals.size()) unknown("global", index);
    return m_.globals[index];
}

const ElemSegment& Validator::elem(u32 index) const {
    if (index >= m_.elems.size()) unknown("elem segment", index);
    return m_.elems[index];
}

// Code comes before data in the bytes, so that the number of segments must have been said earlier.
void Validator::data(u32 index) const {
    if (!m_.data_count) malformed("data count section required", at_);
    if (index >= *m_.data_count) unknown("data segment", index);
}

ValType Validator::far_local(u32 index) const {
    if (index >= local_count_) unknown("local", index);
    return std::ranges::upper_bound(runs_, index, {}, &LocalRun::end)->type;
}

// The address type of the memory that is accessed. https://webassembly.github.io/spec/core/valid/instructions.html#memory-instructions
[[gnu::always_inline]] inline ValType Validator::access(const MemArg& mem, u32 natural) const {
    const MemoryType& m = memory(mem.memory);
    if (mem.align >= u32(std::bit_width(natural))) [[unlikely]]
        fail("alignment must not be larger than natural");
    if (!m.is64 && mem.offset > std::numeric_limits<u32>::max()) [[unlikely]]
        fail("offset out of range");
    return address_type(m.is64);
}

ValType Validator::atomic_access(const MemArg& mem, u32 natural) const {
    memory(mem.memory);
    if (mem.align >= 32 || (1u << mem.align) != natural) fail("atomic alignment must be natural");
    return access(mem, natural);
}

// ---- bodies

void Validator::body(FuncBody& body, TypeId type) {
    Reader r = begin(body, type);
    restricted_ ? slow_steps(r) : fast_steps(r);
    if (!done()) {
        // The specification reads on: into the next body, the next section, or the end.
        bool last = m_.bodies.back().to == body.to, at_end = m_.bytes->size() == body.to;
        malformed(at_end ? "unexpected end of section or function" : last ? "section size mismatch" : "END opcode expected", r.offset());
    }
    if (!r.done()) malformed("section size mismatch", r.offset());
    finish(body);
}

Reader Validator::begin(FuncBody& body, TypeId type) {
    const FuncType& t = m_.type_table->func(type);
    Reader r(m_.span(), body.from, body.to);
    r.on_end("unexpected end of section or function");
    at_ = body.from;
    fill_locals(r, t.params);
    body.code_from = u32(r.offset());
    body.param_slots = slots(t.params);
    body.result_slots = slots(t.results);
    u32 from = param_count_, local_slots = body.param_slots;
    for (const LocalRun& run : runs_) {
        if (run.end <= from) continue;
        local_slots += (run.end - from) * run.type.slots();
        from = run.end;
    }
    body.local_slots = local_slots;
    begin_control(t);
    return r;
}

void Validator::fill_locals(Reader& r, Types params) {
    flat_.assign(params.begin(), params.end());
    runs_.clear();
    param_count_ = u32(params.size());
    u64 total = params.size();
    u32 declarations = r.u32_leb();
    for (u32 i = 0; i < declarations; ++i) {
        at_ = r.offset();
        u32 n = r.u32_leb();
        ValType t = resolve(read_val_type(r));
        if (restricted_) check_type_is_on(t, features_, at_);
        total += n;
        if (total > std::numeric_limits<u32>::max()) malformed("too many locals", at_);
        if (n == 0) continue;
        runs_.push_back({u32(total), t});
        for (u32 k = 0; k < n && flat_.size() < params.size() + flat_locals; ++k) flat_.push_back(t);
    }
    if (total - params.size() > module_limits::locals) module_limits::exceeded("locals", total - params.size(), module_limits::locals, at_);
    local_count_ = u32(total);
}

void Validator::begin_control(const FuncType& type) {
    top_ = floor_ = limit_ = bottom();
    wide_ = max_slots_ = 0;
    catches_ = max_catches_ = 0;
    controls_.clear();
    Control c;
    c.kind = Control::Kind::func;
    c.result_list = type.results.data();
    c.result_count = u32(type.results.size());
    controls_.push_back(c);
}

void Validator::begin_constant(ValType expected, u32 globals) {
    static const FuncType none;
    begin_control(none);
    visible_globals_ = globals;
    constant_result_ = expected;
    controls_[0].result_list = &constant_result_;
    controls_[0].result_count = 1;
}

void Validator::constant_step(const Instr& in) {
    at_ = in.offset;
    switch (in.op) {
        case Op::i32_const:
        case Op::i64_const:
        case Op::f32_const:
        case Op::f64_const:
        case Op::v128_const:
        case Op::ref_null:
        case Op::i32_add:
        case Op::i32_sub:
        case Op::i32_mul:
        case Op::i64_add:
        case Op::i64_sub:
        case Op::i64_mul:
        case Op::struct_new:
        case Op::struct_new_default:
        case Op::struct_new_desc:
        case Op::struct_new_default_desc:
        case Op::array_new:
        case Op::array_new_default:
        case Op::array_new_fixed:
        case Op::ref_i31:
        case Op::any_convert_extern:
        case Op::extern_convert_any:
        case Op::end: return step(in);
        case Op::ref_func: push(ValType::reference(func(in.index), false, is_exact(in.index))); return;
        case Op::global_get:
            if (in.index >= visible_globals_) unknown("global", in.index);
            if (m_.globals[in.index].mutable_) fail("constant expression required");
            return push(m_.globals[in.index].type);
        default: fail("constant expression required");
    }
}

bool Validator::is_exact(u32 func) const {
    if (func >= m_.imported_funcs) return true;
    return exact_imports_.size() > func && exact_imports_[func];
}

// ---- the most frequent rows

[[gnu::always_inline]] inline void Validator::load(const Instr& in, u32 bytes, ValType result) {
    ValType address = access(in.mem, bytes);
    if (top_ != floor_ && top_[-1] == address && result != v128_type) [[likely]] {
        top_[-1] = result;
        return;
    }
    pop(address);
    push(result);
}

[[gnu::always_inline]] inline void Validator::store(const Instr& in, u32 bytes, ValType operand) {
    ValType address = access(in.mem, bytes);
    pop(operand);
    pop(address);
}

inline void Validator::i32_const(const Instr&) { push(i32_type); }
inline void Validator::i64_const(const Instr&) { push(i64_type); }
inline void Validator::f32_const(const Instr&) { push(f32_type); }
inline void Validator::f64_const(const Instr&) { push(f64_type); }

inline void Validator::local_get(const Instr& in) {
    ValType t = local(in.index);
    if (!t.is_defaultable()) [[unlikely]]
        check_uninitialized(in.index);
    push(t);
}

inline void Validator::local_set(const Instr& in) {
    ValType t = local(in.index);
    pop(t);
    if (!t.is_defaultable()) [[unlikely]]
        set_local_initialized(in.index);
}

inline void Validator::local_tee(const Instr& in) {
    ValType t = local(in.index);
    pop(t);
    push(t);
    if (!t.is_defaultable()) [[unlikely]]
        set_local_initialized(in.index);
}

// ---- one instruction

namespace {
inline void set_op(Instr& in, Op op) { in.op = op; }
inline void set_op(const Instr&, Op) {}  // it is set already
}  // namespace

// One jump per instruction: the case of a row first lets its immediates be read, then checks it. `code` is as in opcodes.def.
template <class I, class Read>
[[gnu::always_inline]] inline void Validator::dispatch(u32 code, I& in, Read read) {
    // clang-format off
    switch (code) {
#define PURE(name, code, text, signature, ...) \
    case code: return operate<signature_code(#signature)>();
#define WIDE PURE
#define LOAD(name, code, text, letter, type) \
    case code: return read(Imm::MemArg), load(in, sizeof(type), ValType::number(ValType::Kind(kind_digit(*#letter))));
#define STORE(name, code, text, letter, type) \
    case code: return read(Imm::MemArg), store(in, sizeof(type), ValType::number(ValType::Kind(kind_digit(*#letter))));
#define VLOAD(name, code, text, bytes, ...) \
    case code: return read(Imm::MemArg), load(in, bytes, v128_type);
#define VSTORE(name, code, text, bytes) \
    case code: return read(Imm::MemArg), store(in, bytes, v128_type);
#define LOADLANE(name, code, text, type) \
    case code: return read(Imm::MemArgLane), load_lane(in, sizeof(type));
#define STORELANE(name, code, text, type) \
    case code: return read(Imm::MemArgLane), store_lane(in, sizeof(type));
#define LANE(name, code, text, lanes, signature, ...) \
    case code: return read(Imm::Lane), check_lane(in, lanes), operate<signature_code(#signature)>();
#define ATOMIC(name, code, ...) \
    case code: return set_op(in, Op::name), read(Imm::MemArg), atomic(in);
#define OTHER(row, code, text, imm) \
    case code: return set_op(in, Op::row), read(Imm::imm), row(in);
#include "opcodes.def"
        default: illegal(code);
    }
    // clang-format on
}

void Validator::step(const Instr& in) {
    at_ = in.offset;
    if (restricted_) [[unlikely]]
        check_features(in);
    dispatch(info(in.op).code, in, [](Imm) {});
}

void Validator::slow_steps(Reader& r) {
    Instr in;
    while (!done() && !r.done()) {
        read_instr(r, in);
        step(in);
    }
}

// One instruction, with one jump.
void Validator::any_step(Reader& r, Instr& in) {
    at_ = r.offset();
    u8 byte = r.byte();
    if (byte < 0xfb) [[likely]]
        dispatch(byte, in, [&](Imm imm) { read_immediates(r, in, imm); });
    else prefixed_step(r, in, byte);
}

void Validator::prefixed_step(Reader& r, Instr& in, u8 byte) {
    Op op = read_prefixed_op(r, byte);
    dispatch(info(op).code, in, [&](Imm imm) { read_immediates(r, in, imm); });
}

void Validator::check_lane(const Instr& in, u32 lanes) const {
    if (in.lane >= lanes) fail("invalid lane index");
}

void Validator::load_lane(const Instr& in, u32 bytes) {
    check_lane(in, 16 / bytes);
    ValType address = access(in.mem, bytes);
    pop(v128_type);
    pop(address);
    push(v128_type);
}

void Validator::store_lane(const Instr& in, u32 bytes) {
    check_lane(in, 16 / bytes);
    store(in, bytes, v128_type);
}

void Validator::atomic(const Instr& in) {
    const OpInfo& row = info(in.op);
    ValType address = atomic_access(in.mem, row.access_bytes);
    for (u32 i = row.signature.operand_count; i-- > 0;) pop(row.signature.operands[i]);
    pop(address);
    for (u32 i = 0; i < row.signature.result_count; ++i) push(row.signature.results[i]);
}

// ---- constants, locals, globals

void Validator::v128_const(const Instr&) { push(v128_type); }

void Validator::i8x16_shuffle(const Instr& in) {
    for (u64 half : {in.v128.lo, in.v128.hi})
        if (half & 0xe0e0e0e0e0e0e0e0) fail("invalid lane index");
    operate<signature_code("v_vv")>();
}

// https://webassembly.github.io/spec/core/valid/conventions.html#local-types
void Validator::check_uninitialized(u32 index) const {
    if (index >= param_count_ && (index >= is_initialized_.size() || !is_initialized_[index])) fail("uninitialized local " + std::to_string(index));
}

void Validator::set_local_initialized(u32 index) {
    if (index < param_count_) return;
    if (index >= is_initialized_.size()) is_initialized_.resize(index + 1);
    if (is_initialized_[index]) return;
    is_initialized_[index] = true;
    initialized_.push_back(index);
}

void Validator::global_get(const Instr& in) { push(global(in.index).type); }

void Validator::global_set(const Instr& in) {
    const GlobalType& g = global(in.index);
    if (!g.mutable_) fail("immutable global");
    pop(g.type);
}

// ---- parametric

void Validator::drop(const Instr&) { pop_any(); }

void Validator::select(const Instr&) {
    pop(i32_type);
    ValType a = pop_any(), b = pop_any();
    if (a.is_ref() || b.is_ref() || (a != b && a != bottom_type && b != bottom_type))
        fail("type mismatch: select requires two equal number types but stack has " + list({{b, a}}));
    push(a == bottom_type ? b : a);
}

void Validator::select_t(const Instr& in) {
    if (in.index != 1) fail("invalid result arity");
    Reader r(in.vec);
    ValType t = resolve(read_val_type(r));
    pop(i32_type);
    pop(t);
    pop(t);
    push(t);
}

// ---- memories

void Validator::memory_size(const Instr& in) { push(address_type(memory(in.index).is64)); }

void Validator::memory_grow(const Instr& in) {
    ValType t = address_type(memory(in.index).is64);
    pop(t);
    push(t);
}

void Validator::memory_init(const Instr& in) {
    ValType address = address_type(memory(in.index2).is64);
    data(in.index);
    pop(i32_type);
    pop(i32_type);
    pop(address);
}

void Validator::data_drop(const Instr& in) { data(in.index); }

void Validator::memory_copy(const Instr& in) {
    bool to = memory(in.index).is64, from = memory(in.index2).is64;
    pop(address_type(to && from));
    pop(address_type(from));
    pop(address_type(to));
}

void Validator::memory_fill(const Instr& in) {
    ValType address = address_type(memory(in.index).is64);
    pop(address);
    pop(i32_type);
    pop(address);
}

void Validator::memory_atomic_notify(const Instr& in) {
    ValType address = atomic_access(in.mem, 4);
    pop(i32_type);
    pop(address);
    push(i32_type);
}

void Validator::memory_atomic_wait32(const Instr& in) {
    ValType address = atomic_access(in.mem, 4);
    pop(i64_type);
    pop(i32_type);
    pop(address);
    push(i32_type);
}

void Validator::memory_atomic_wait64(const Instr& in) {
    ValType address = atomic_access(in.mem, 8);
    pop(i64_type);
    pop(i64_type);
    pop(address);
    push(i32_type);
}

void Validator::atomic_fence(const Instr&) {}

// ---- tables

void Validator::table_get(const Instr& in) {
    const TableType& t = table(in.index);
    pop(address_type(t.is64));
    push(t.element);
}

void Validator::table_set(const Instr& in) {
    const TableType& t = table(in.index);
    pop(t.element);
    pop(address_type(t.is64));
}

void Validator::table_size(const Instr& in) { push(address_type(table(in.index).is64)); }

void Validator::table_grow(const Instr& in) {
    const TableType& t = table(in.index);
    pop(address_type(t.is64));
    pop(t.element);
    push(address_type(t.is64));
}

void Validator::table_fill(const Instr& in) {
    const TableType& t = table(in.index);
    pop(address_type(t.is64));
    pop(t.element);
    pop(address_type(t.is64));
}

void Validator::table_copy(const Instr& in) {
    const TableType &to = table(in.index), &from = table(in.index2);
    require(from.element, to.element);
    pop(address_type(to.is64 && from.is64));
    pop(address_type(from.is64));
    pop(address_type(to.is64));
}

void Validator::table_init(const Instr& in) {
    const TableType& t = table(in.index2);
    require(elem(in.index).type, t.element);
    pop(i32_type);
    pop(i32_type);
    pop(address_type(t.is64));
}

void Validator::elem_drop(const Instr& in) { elem(in.index); }

}  // namespace heddle
