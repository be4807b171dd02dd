// Whole bodies, quickly. Which instruction comes next cannot be predicted well, so the most frequent ones are not told apart by branches: a
// table says what each takes, gives and how long it is. The state is in registers meanwhile. Whatever is not in its usual form, be it wrong,
// long or rare, is left to the step that knows all rules and all errors; nothing has changed then.
#include <algorithm>
#include <bit>
#include <cstring>

#include "codes.hpp"
#include "validate.hpp"

namespace heddle {
namespace {

// What a row relies on.
enum Need : u8 { plain_memory = 1, plain_locals = 2, more_rules = 4 };

struct Row {
    u32 last = 0, last_mask = 0, first = 0, first_mask = 0;  // the operands' types; no mask: there is none
    u32 result = 0;
    u32 local = 0;      // all ones: the second byte names a local, and its type is the result's and the operand's
    u16 long_form = 0;  // the bits of the second and third byte that say that an integer goes on
    u8 length = 1;      // in bytes, in the short form
    u8 most = 0xff;     // the second byte's greatest value
    u8 pops = 0, pushes = 0;
    u8 need = more_rules;
};

constexpr u32 bits_of(char letter) {
    ValType t = letter == 'i' ? i32_type : letter == 'l' ? i64_type : letter == 'f' ? f32_type : f64_type;
    return t.bits();
}

// The signature as in opcodes.def, without vectors: "i_ll".
consteval Row row(std::string_view signature, u8 length) {
    Row r;
    std::size_t results = signature.find('_'), operands = signature.size() - results - 1;
    r.length = length;
    r.pops = u8(operands);
    r.pushes = u8(results);
    r.need = 0;
    if (results) r.result = bits_of(signature[0]);
    if (operands) r.last = bits_of(signature.back()), r.last_mask = ~0u;
    if (operands == 2) r.first = bits_of(signature[results + 1]), r.first_mask = ~0u;
    return r;
}

consteval Row access_row(std::string_view signature, std::size_t bytes) {
    Row r = row(signature, 3);
    r.need = plain_memory;
    r.most = u8(std::bit_width(bytes) - 1);
    r.long_form = 0x8080;
    return r;
}

consteval Row integer_row(std::string_view signature) {
    Row r = row(signature, 2);
    r.long_form = 0x80;
    return r;
}

consteval Row local_row(u8 pops, u8 pushes) {
    Row r;
    r.length = 2;
    r.pops = pops;
    r.pushes = pushes;
    r.need = plain_locals;
    r.most = 0x7f;
    r.local = ~0u;
    if (pops) r.last_mask = ~0u;
    return r;
}

struct Rows {
    Row of[256];
};

consteval Rows make_rows() {
    Rows rows;
    // clang-format off
#define PURE(name, code, text, signature, ...) if constexpr (code < 0x100) rows.of[code & 0xff] = row(#signature, 1);
#define LOAD(name, code, text, letter, type) rows.of[code] = access_row(#letter "_i", sizeof(type));
#define STORE(name, code, text, letter, type) rows.of[code] = access_row("_i" #letter, sizeof(type));
#include "opcodes.def"
    // clang-format on
    rows.of[code::local_get] = local_row(0, 1);
    rows.of[code::local_set] = local_row(1, 0);
    rows.of[code::local_tee] = local_row(1, 1);
    rows.of[code::i32_const] = integer_row("i_");
    rows.of[code::i64_const] = integer_row("l_");
    rows.of[code::f32_const] = row("f_", 5);
    rows.of[code::f64_const] = row("d_", 9);
    return rows;
}
constexpr Rows rows = make_rows();

constexpr u8 most_in_fifth = 7;           // what no kind of integer forbids in its fifth byte: linkers write five, to have room
constexpr std::size_t looked_ahead = 16;  // bytes from an instruction's first one that may be read

u8 missing_needs(const ModuleData& m, std::span<const ValType> locals) {
    bool memory = !m.memories.empty() && !m.memories[0].is64;
    bool plain = !locals.empty() && std::ranges::all_of(locals, [](ValType t) { return t.is_defaultable() && t != v128_type; });
    return u8(more_rules | (memory ? 0 : plain_memory) | (plain ? 0 : plain_locals));
}

}  // namespace

// Functions that give a bool say whether they did it.
struct Validator::Fast {
    Validator& v;
    Reader& r;
    const u8 *at, *end, *last;  // end: of the body; last: where instructions may begin that are looked at here
    ValType *top, *floor, *limit;
    const ValType* locals;
    u32 last_local;
    u8 missing;

    Fast(Validator& validator, Reader& reader)
        : v(validator), r(reader), end(r.position() + r.left()), locals(v.flat_.empty() ? &bottom_type : v.flat_.data()),
          last_local(u32(std::max<std::size_t>(v.flat_.size(), 1)) - 1), missing(missing_needs(v.m_, v.flat_)) {
        std::span<const u8> all = v.m_.span();
        last = std::min(end, all.data() + std::max(all.size(), looked_ahead) - looked_ahead);
        load();
    }
    void load() {
        at = r.position();
        top = v.top_;
        floor = v.floor_;
        limit = v.limit_ - v.wide_;
    }
    void store() {
        v.top_ = top;
        v.floor_ = floor;
        r.take(std::size_t(at - r.position()));
    }

    bool has(ValType t) const { return top != floor && top[-1] == t; }
    bool has_two_bytes() const { return end - at >= 2; }
    bool is_empty(const Control& c) const { return c.param_count + c.result_count == 0 && top == floor && v.initialized_.size() == c.initialized; }

    [[gnu::always_inline]] bool plain();
    [[gnu::always_inline]] bool control();
    [[gnu::always_inline]] bool open(Control::Kind kind);
    [[gnu::always_inline]] bool else_();
    [[gnu::always_inline]] bool close();
    [[gnu::always_inline]] bool branch(bool always);
    [[gnu::always_inline]] bool global(bool set);
};

// An instruction of the table.
inline bool Validator::Fast::plain() {
    const Row& row = rows.of[*at];
    u16 following;
    std::memcpy(&following, at + 1, 2);
    u8 second = u8(following);
    u32 index = second & row.local;
    if (row.need & missing || second > row.most || index > last_local) return false;
    const u8* next = at + row.length;
    if (following & row.long_form) [[unlikely]] {
        u32 integer;
        std::memcpy(&integer, --next, 4);
        u32 ends = ~integer & 0x80808080;
        if (ends == 0 && next[4] > most_in_fifth) return false;
        next += ends == 0 ? 5 : (std::countr_zero(ends) >> 3) + 1;
    }
    u32 local = locals[index].bits() & row.local;
    u32 wrong = ((top[-1].bits() ^ (row.last | local)) & row.last_mask) | ((top[-2].bits() ^ row.first) & row.first_mask);
    ValType *rest = top - row.pops, *then = rest + row.pushes;
    if (wrong || rest < floor || then > limit || next > end) return false;
    *rest = ValType::from_bits(row.result | local);
    top = then;
    at = next;
    return true;
}

// A block without parameters and results begins.
inline bool Validator::Fast::open(Control::Kind kind) {
    bool takes = kind == Control::Kind::if_;
    if (at[1] != 0x40 || !has_two_bytes() || (takes && !has(i32_type))) return false;
    top -= takes;
    Control& c = v.controls_.emplace_back();
    c.kind = kind;
    c.height = u32(top - v.bottom());
    c.initialized = u32(v.initialized_.size());
    floor = top;
    at += 2;
    return true;
}

inline bool Validator::Fast::else_() {
    Control& c = v.controls_.back();
    if (c.kind != Control::Kind::if_ || !is_empty(c)) return false;
    c.kind = Control::Kind::else_;
    c.unreachable = false;
    ++at;
    return true;
}

inline bool Validator::Fast::close() {
    const Control& c = v.controls_.back();
    bool is_handler = c.kind == Control::Kind::catch_ || c.kind == Control::Kind::catch_all;
    if (v.controls_.size() == 1 || is_handler || !is_empty(c)) return false;
    v.controls_.pop_back();
    floor = v.bottom() + v.controls_.back().height;
    ++at;
    return true;
}

// To a label without values.
inline bool Validator::Fast::branch(bool always) {
    u32 depth = at[1];
    if (depth >= std::min<std::size_t>(v.controls_.size(), 0x80) || !has_two_bytes() || !v.label(depth).label().empty()) return false;
    if (always ? v.wide_ != 0 : !has(i32_type)) return false;
    if (always) v.controls_.back().unreachable = true;
    top = always ? floor : top - 1;
    at += 2;
    return true;
}

inline bool Validator::Fast::global(bool set) {
    u32 index = at[1];
    if (index >= std::min<std::size_t>(v.m_.globals.size(), 0x80) || !has_two_bytes()) return false;
    const GlobalType& g = v.m_.globals[index];
    if (g.type == v128_type || (set ? !g.mutable_ || !has(g.type) : top >= limit)) return false;
    if (!set) *top = g.type;
    top += set ? -1 : 1;
    at += 2;
    return true;
}

inline bool Validator::Fast::control() {
    switch (u32(*at)) {
        case code::block: return open(Control::Kind::block);
        case code::loop: return open(Control::Kind::loop);
        case code::if_: return open(Control::Kind::if_);
        case code::else_: return else_();
        case code::end: return close();
        case code::br: return branch(true);
        case code::br_if: return branch(false);
        case code::global_get: return global(false);
        case code::global_set: return global(true);
        default: return false;
    }
}

void Validator::fast_steps(Reader& r) {
    Instr in;
    Fast f(*this, r);
    while (f.at < f.last) {
        if (f.plain() || f.control()) continue;
        f.store();
        any_step(r, in);
        if (done()) return;
        f.load();
    }
    f.store();
    while (!done() && !r.done()) any_step(r, in);
}

}  // namespace heddle
