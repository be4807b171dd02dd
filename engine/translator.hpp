// The translator's state: a symbolic operand stack over frame slots and four accumulators. Included by translate_stack.hpp only.
//
// `local.get` and constants emit nothing; an operation's result is *pending* in the accumulator of its class until something needs it in a
// slot, and then its producer is changed to write there too. Every operand has a home slot by its height, so merges need few moves.
//
// A pending value never survives a label; nothing on the stack stands for a local across one.
#pragma once
#include <array>
#include <span>
#include <vector>

#include "code.hpp"
#include "handlers.hpp"
#include "instr.hpp"
#include "translate.hpp"

namespace heddle {

// What a slot holds, as far as cells care. References are i64.
enum class Class : u8 { i32, i64, f32, f64, v128 };

inline Class class_of(ValType t) {
    using enum Class;
    static constexpr Class by_kind[16] = {i64, i32, i64, f32, f64, v128, i64, i64, i64};
    static_assert(by_kind[ValType::i32_] == i32 && by_kind[ValType::f32_] == f32 && by_kind[ValType::f64_] == f64 && by_kind[ValType::v128_] == v128);
    return by_kind[t.kind()];
}
constexpr Class class_of_letter(char c) {  // of a signature in opcodes.def
    return c == 'i' ? Class::i32 : c == 'l' ? Class::i64 : c == 'f' ? Class::f32 : c == 'd' ? Class::f64 : Class::v128;
}
constexpr u32 slots_of(Class c) { return c == Class::v128 ? 2 : 1; }
// The accumulator of a class: integer, f64, f32, vector.
constexpr u32 registers = 4, vector_register = 3;
constexpr u32 register_of(Class c) {
    constexpr u8 by_class[] = {0, 0, 2, 1, vector_register};
    return by_class[u32(c)];
}

class Translator {
public:
    explicit Translator(FuncCode& code);
    ~Translator();
    Translator(const Translator&) = delete;
    Translator& operator=(const Translator&) = delete;
    void run();

    // The result: words without handler addresses, where their branch targets are, and which cells there are.
    struct Cell {
        u32 position;   // of its first word
        u32 offset;     // of the instruction it came from
        HandlerId handler;
    };
    std::vector<Word> words;
    std::vector<u32> targets;
    std::vector<Cell> cells;
    CodeRange range;

private:
    static constexpr u32 none = ~0u;
    static constexpr u32 moved_singly = 4;  // more values than these travel in one block

    // An entry of the operand stack.
    struct Operand {
        enum class Kind : u8 { home, local, pending, constant };
        Kind kind = Kind::home;
        Class type = Class::i32;
        u32 home = 0;           // its home slot
        u32 slot = 0;           // home, local: where the value is
        u32 chain = none;       // local: the next entry down that stands for the same local
        u64 bits = 0;           // constant
    };
    // An operand as a cell takes it.
    struct Taken {
        Source source = Source::S;
        bool pending = false;   // in the accumulator only
        u32 slot = 0;           // S: where; A: the value's home or the slot mirrored; I: its home
        u64 bits = 0;
        u32 field() const { return source == Source::S ? slot : 0; }  // what the cell says
    };
    struct Accumulator {
        u32 mirrors = none;     // the slot whose value it also holds
        u32 pending = none;     // the stack entry that is only here
        u32 producer = none;    // its cell
        bool folds = true;      // the producer has a variant with a destination; otherwise it always writes one
    };
    // The last binary operation or load, for fusion with what follows it directly.
    struct Last {
        u32 cell = none;
        Op op = Op::invalid;
        Shape shape = Shape::SS;
        Taken a, b;
        u32 reg = 0;            // where its result is
        Accumulator before;     // what that was
    };
    struct Label {
        enum class Kind : u8 { function, block, loop, if_, try_table, try_ };
        Kind kind = Kind::block;
        bool dead = false;          // the rest of the block cannot be reached
        bool has_else = false;
        bool has_single = false;
        ValType single;             // one result and no parameters, or
        const FuncType* type = nullptr;
        u32 entries = 0;            // stack entries below the block's parameters
        u32 base = 0;               // home slot of the first parameter and of the first result
        u32 start = 0;              // loop: where it begins
        u32 fix = none;             // chain of words that want the label's position
        u32 else_fix = none;
        u32 catches = none;         // chain of catch clauses that want it
        u32 try_range = none;       // try_table, try: its own
        u32 try_around = none;      // the range that sees what is thrown in here
        u32 last_clause = none;     // try: of its handlers so far
        bool in_handler = false;    // try: its exception lies in slot `base`
        u32 trampoline = none;      // br_table: where values are moved for this label
        std::span<const ValType> params() const { return type ? std::span<const ValType>(type->params) : std::span<const ValType>(); }
        std::span<const ValType> results() const {
            return type ? std::span<const ValType>(type->results) : has_single ? std::span<const ValType>(&single, 1) : std::span<const ValType>();
        }
        std::span<const ValType> branch_types() const { return kind == Kind::loop ? params() : results(); }
        bool is_target() const { return fix != none || catches != none; }
    };
    // How an address is taken apart.
    struct Place {
        Address shape;
        u32 a, b;       // slot of the first part; second part: slot or 16-bit immediate
        u32 end;        // the offset of the byte behind the access
        bool accumulator;
    };
    struct Charge {     // a charge cell's operand word, and the instructions it pays for
        u32 word;
        u64 count;
    };

    // ---- emission (translate_stack.hpp, translate.cpp)
    void emit(HandlerId id, u64 operands);
    void word(u64 w) { words.push_back(w); }
    static u64 abcd(u32 a, u32 b, u32 c = 0, u32 d = 0);
    [[noreturn]] static void too_many_slots();
    static u64 ab_hi(u32 a, u32 b, u64 hi);
    static u64 halves(u32 lo, u32 hi) { return u64(lo) | u64(hi) << 32; }
    u32 here() const { return u32(words.size()); }
    u32 last_cell() const { return u32(cells.size()) - 1; }
    void written(u32 slot, Class c);
    void forget();
    void place_label();
    void rewind();
    bool is_far(u32 slot, u32 n) const { return slot + n > 0x10000; }
    u32 near(u32 slot, Class c);
    u32 brought_near(u32 slot, Class c);
    u32 near_free(u32 slot, Class c);

    // ---- the operand stack (translate_stack.hpp, translate.cpp)
    u32 next_home() const { return home_; }
    Operand& push(Operand::Kind kind, Class c, u32 slot, u32 chain, u64 bits);
    Operand& push(Operand::Kind kind, Class c);
    void push_home(Class c);
    void push_constant(Class c, u64 bits);
    void push_local(u32 slot, Class c);
    void push_types(std::span<const ValType> types);
    Operand& pop();  // there until the next push
    void cut(const Label& l);
    void result(Class c, bool folds = true);
    void wide_result(Operand& e, bool folds);
    u32 result_slot(Class c) { return is_far(home_, slots_of(c)) ? result_window_ : home_; }
    void slot_result(Class c);
    static HandlerId set_accumulator(u32 reg);
    void fold_into(const Accumulator& a, u32 slot);
    void flush(u32 reg);
    void make_room(u32 reg);
    void flush_all();
    Taken take(const Operand& e);
    void to_slot(Taken& t, Class c);
    void constant_to(u32 slot, u64 bits, Class c);
    void constant_to_accumulator(Taken& t, Class c);
    void move(u32 to, u32 from, Class c);
    bool is_constant_in(const Operand& e) const;
    void store_to(Operand& e, u32 slot);
    Source pin_of(const Operand& e, Source otherwise) const;
    static bool set_result(Cell& c, PinnedResult to);
    void keep(u32 producer);
    void pin_result(u32 slot);
    void reload_pin(u32 slot);
    u32 ensure_slot(Operand& e);
    u32 slot_for(Operand e) { return near(ensure_slot(e), e.type); }
    void materialize(u32 index);
    void materialize_top(u32 n);
    void materialize_aliases();
    void save_aliases(u32 slot, Class c);
    bool is_pending_last(const Operand& e) const;
    bool is_fusable(const Operand& e) const;

    // ---- instructions (translate_numeric.cpp)
    void unary(Op op);
    void binary(Op op);
    void eqz(Op compare, Class c);
    void load(Op op, const MemArg& mem, Class c, u32 bytes);
    void store(const MemArg& mem, Class c, u32 bytes);
    void select();
    bool binary_with_pins(Op op, const Operand& ea, const Operand& eb, const Taken& a, const Taken& b);
    Place address(Operand& e, u64 end, u32 log2, bool for_store, bool for_vector);
    static u64 place_operands(const Place& p, u32 first, bool store);
    bool is_plain(const MemArg& m) const;
    void pointer(Operand& e, const MemArg& m, u32 bytes, bool aligned);
    void condition(bool sense, bool back);
    void wide_arithmetic(Op op);
    void atomic(const Instr& in);
    void wait_or_notify(const Instr& in);

    // ---- instructions (translate_simd.cpp)
    void vector(const Instr& in);
    void vector_load(const Instr& in);
    void vector_store(const Instr& in);
    void vector_lane_access(const Instr& in);
    void vector_constant(const Instr& in);
    void shuffle(const Instr& in);
    void keep_one_vector(std::span<Taken> operands);
    void vector_result(HandlerId id, u64 operands);

    // ---- instructions (translate_control.cpp)
    void block(const Instr& in, Label::Kind kind);
    u32 clauses(const Instr& in);
    void else_();
    void end();
    void end_function();
    bool count_uses();
    void count_use(u32 local, bool sets, bool is_result);
    void choose_pins();
    void enter_pins();
    void resume_cells();
    bool has_pins() const { return pins_[0] != none; }
    u64 pin_slots() const;
    void br(u32 depth);
    void br_if(u32 depth);
    void br_table(const Instr& in);
    void br_on_null(u32 depth);
    void br_on_non_null(u32 depth);
    void br_on_cast(u32 depth, u32 cast, bool on_success);
    void br_on_cast_desc_eq(u32 depth, bool nullable, bool on_success);
    template <class Compare>
    void branch_when(Label& l, Compare compare);
    void null_branch(u32 slot, bool sense, bool back);
    bool in_place(const Label& l, u32 below) const;
    void transfer(const Label& l);
    void branch(Label& l);
    void target(Label& l, bool charges = false);
    void bind(u32& chain);
    void bind_label(Label& l);
    void unreachable_from_here() { labels_.back().dead = true; }
    void skip_dead();
    Label& label(u32 depth) { return labels_[labels_.size() - 1 - depth]; }
    void return_();
    void call(u32 func);
    void call_indirect(u32 type, u32 table);
    void call_ref(u32 type);
    void tail_call(u32 func);
    void tail_call_indirect(u32 type, u32 table);
    void tail_call_ref(u32 type);
    void reload_cell();
    void after_call(const FuncType& t);
    u32 arguments(const FuncType& t);
    void throw_(u32 tag);
    void throw_ref();
    void catch_(const Instr& in);
    void delegate(u32 depth);
    void rethrow(u32 depth);
    void charge();
    void charge_for(u32 count, u32 unit_shift);

    // ---- instructions (translate_body.cpp)
    void expression();
    void next(Instr& in);
    void other(const Instr& in);
    void numeric(Op op, bool is_unary);
    void local_set(u32 index, bool tee);
    void global_get(u32 index);
    void global_set(u32 index);
    void bulk(Body b, u32 first, u32 second, u32 unit_shift);
    void reference_op(const Instr& in);

    // ---- instructions (translate_gc.cpp)
    void object_op(const Instr& in);
    void new_object(ObjectRow r, u32 type_index, u32 operand_count);
    void new_array(ObjectRow r, u32 type_index, u32 segment);
    void new_described(ObjectRow r, const Instr& in);
    void cast_desc_eq(bool nullable);
    void get_field(const Instr& in);
    void set_field(const Instr& in);
    void get_element(const Instr& in);
    void set_element(const Instr& in);
    void array_range(ObjectRow r, u32 segment);
    void array_copy();

    // ---- instructions (translate_cont.cpp)
    void cont_op(const Instr& in);
    void cont_new();
    void cont_bind(const Instr& in);
    void suspend(const Instr& in);
    void switch_(const Instr& in);
    void resume(const Instr& in);
    void resume_handlers(const Instr& in);
    const FuncType& cont_func(u32 type) const;

    ModuleData& m_;
    FuncCode& code_;
    const FuncBody& body_;
    const FuncType& type_;
    const FrameLayout layout_;
    Reader reader_;
    u32 offset_ = 0;            // of the current instruction

    std::vector<u32> local_slots_;
    std::vector<Class> local_types_;
    std::vector<u32> aliases_;  // by local slot: the topmost stack entry that stands for it
    std::vector<Operand> stack_;
    std::vector<Label> labels_;

    // The vectors of the last translation in this thread are used again, empty: most functions are small, and there are many.
    struct Buffers {
        std::vector<Word> words;
        std::vector<u32> targets;
        std::vector<Cell> cells;
        std::vector<u32> local_slots;
        std::vector<Class> local_types;
        std::vector<u32> aliases;
        std::vector<Operand> stack;
        std::vector<Label> labels;
    };
    static Buffers& buffers();
    void swap_buffers();
    u32 home_ = 0;              // the next operand's home slot
    u32 highest_ = 0;
    u32 settled_ = 0;           // no stack entry below this one stands for a local
    std::array<Accumulator, registers> acc_;
    Last last_;
    u32 last_label_ = 0;        // position of the last label: cells are not merged across it
    bool negate_next_ = false;  // a float comparison's eqz was seen; the branch after it takes the other sense
    u32 window_ = 0, window_used_ = 0, result_window_ = 0;  // wide frames
    std::array<u32, 2> pins_{none, none};  // slots of the locals that the innermost loop keeps in registers too
    u32 kept_ = none;                      // the operand's slot that has the third register
    bool may_pin_ = false;                 // there are f64 locals
    struct Use {
        i32 weight = 0;
        bool is_set = false, is_read_first = false;
    };
    std::vector<Use> uses_;                // by local, while a loop's are chosen; otherwise empty ones
    std::vector<u32> used_;                // which are not
    struct PinnedEntry {
        u64 slots;
        u32 offset;
    };
    std::vector<PinnedEntry> entries_;     // of range.pinned
    std::vector<Charge> charges_;
    bool metering_ = false;
};

}  // namespace heddle
