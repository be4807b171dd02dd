// The specification's type machine over one body at a time: feed it every instruction in order; it throws at the first that breaks a rule.
// Instructions with a fixed signature come from their row in opcodes.def, the others are members named like their row.
// https://webassembly.github.io/spec/core/appendix/algorithm.html
#pragma once
#include <span>
#include <vector>

#include "instr.hpp"
#include "module.hpp"

namespace heddle {

// Throws when `t` needs something that is turned off.
void check_type_is_on(ValType t, const Features& features, std::size_t at);

class Validator {
public:
    // Index spaces are read from `m`, which must outlive the validator.
    Validator(const ModuleData& m, const Features& features);

    // A whole function body: begin, every step, finish. Sets what FuncBody says the validator sets.
    void body(FuncBody& body, TypeId type);

    // Reads the local declarations; the Reader stands at the expression.
    Reader begin(FuncBody& body, TypeId type);
    void step(const Instr& in);
    bool done() const { return controls_.empty(); }  // the function's own `end` was seen
    void finish(FuncBody& body) const { body.max_operand_slots = max_slots_ + max_catches_; }

    // A constant expression that must give an `expected`, seeing the first `globals` globals. Calls ref(x) for every ref.func x.
    // https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions
    template <class F>
    void constant(const ConstExpr& e, ValType expected, u32 globals, F ref) {
        begin_constant(expected, globals);
        Reader r(m_.span(), e.from, e.to);
        Instr in;
        while (!done()) {
            read_instr(r, in);
            constant_step(in);
            if (in.op == Op::ref_func) ref(in.index);
        }
    }

private:
    using Types = std::span<const ValType>;

    struct Control {
        enum class Kind : u8 { func, block, loop, if_, else_, try_, catch_, catch_all, try_table };
        Kind kind = Kind::block;
        bool unreachable = false;
        ValType value;        // the result of a block without a type index
        u32 height = 0;       // operands below this block's
        u32 initialized = 0;  // of initialized_ when the block began
        u32 param_count = 0, result_count = 0;
        const ValType *param_list = nullptr, *result_list = nullptr;  // result_list null: the result is `value`

        Types params() const { return {param_list, param_count}; }
        Types results() const { return {result_list ? result_list : &value, result_count}; }
        Types label() const { return kind == Kind::loop ? params() : results(); }
    };

    // Local declarations in runs: a body may declare far more locals than it has bytes.
    struct LocalRun {
        u32 end;  // index after the run's last local
        ValType type;
    };

    // ---- errors
    [[noreturn]] void illegal(u32 code) const;
    [[noreturn]] void fail(std::string message) const;
    [[noreturn]] void unknown(const char* what, u32 index) const;
    [[noreturn]] void mismatch(ValType expected, ValType found) const;
    [[noreturn]] void mismatch(ValType expected) const;  // there is no operand
    [[noreturn]] void mismatch(Types expected, Types found) const;
    void leftover() const;  // operands remain where the block must end
    void check_features(const Instr& in) const;

    // ---- operands
    void push(ValType t) {
        *top_++ = t;
        wide_ += t == v128_type;
        if (top_ + wide_ > limit_) [[unlikely]]
            raise();
    }
    // In unreachable code operands may be missing: they are bottom.
    ValType pop(ValType expected) {
        if (top_ == floor_) [[unlikely]] {
            if (!controls_.back().unreachable) mismatch(expected);
            return bottom_type;
        }
        ValType t = *--top_;
        wide_ -= t == v128_type;
        if (t != expected) [[unlikely]]
            require(t, expected);
        return t;
    }
    ValType pop_any();
    ValType pop_ref();  // bottom when unknown
    void push_all(Types types) {
        if (types.size() > 3) return push_many(types);
        for (ValType t : types) push(t);
    }
    void pop_all(Types types) {
        if (types.size() > 3) return pop_many(types);
        for (std::size_t i = types.size(); i-- > 0;) pop(types[i]);
    }
    void push_many(Types types);
    void pop_many(Types types);
    void check_top(Types types);   // the operands on top are these
    void retype_top(Types types);  // and are known as exactly these from now on
    void require(ValType found, ValType expected) const {
        if (!m_.type_table->is_subtype(found, expected)) mismatch(expected, found);
    }
    void require_all(Types found, Types expected) const;
    void unreachable_from_here();
    void raise();
    template <u32 signature>
    void operate();
    template <class I, class Read>
    void dispatch(u32 code, I& in, Read read);
    void prefixed_step(Reader& r, Instr& in, u8 byte);
    void slow_steps(Reader& r);
    void any_step(Reader& r, Instr& in);
    void fast_steps(Reader& r);
    struct Fast;

    // ---- looking up
    TypeId type(u32 index) const {
        if (index >= m_.types.size()) unknown("type", index);
        return m_.types[index];
    }
    const SubType& type_of_kind(u32 index, SubType::Kind kind, const char* name) const;
    const FuncType& func_type(u32 index) const { return type_of_kind(index, SubType::Kind::func, "function").func; }
    const SubType& cont_type(u32 index) const { return type_of_kind(index, SubType::Kind::cont, "continuation"); }
    const FuncType& cont_func(u32 index) const { return m_.type_table->func(cont_type(index).cont); }
    const SubType& struct_type(u32 index) const { return type_of_kind(index, SubType::Kind::struct_, "structure"); }
    const FieldType& array_type(u32 index) const { return type_of_kind(index, SubType::Kind::array, "array").fields[0]; }
    const FieldType& mutable_array(u32 index) const;
    const FieldType& field(u32 index, u32 field) const;
    TypeId func(u32 index) const {
        if (index >= m_.funcs.size()) unknown("function", index);
        return m_.funcs[index];
    }
    const FuncType& tag(u32 index) const;
    const TableType& table(u32 index) const;
    const GlobalType& global(u32 index) const;
    const MemoryType& memory(u32 index) const {
        if (index >= m_.memories.size()) unknown("memory", index);
        return m_.memories[index];
    }
    const ElemSegment& elem(u32 index) const;
    void data(u32 index) const;
    ValType resolve(RawType t) const {
        if (t.is_index()) type(t.index());
        return m_.resolve(t);
    }
    ValType reference(u32 type_index, bool nullable) const { return ValType::reference(m_.types[type_index], nullable); }
    ValType local(u32 index) const {
        if (index < flat_.size()) return flat_[index];
        return far_local(index);
    }
    ValType far_local(u32 index) const;
    const Control& label(u32 depth) const {
        if (depth >= controls_.size()) unknown("label", depth);
        return controls_[controls_.size() - 1 - depth];
    }
    static ValType address_type(bool is64) { return is64 ? i64_type : i32_type; }
    ValType access(const MemArg& mem, u32 natural) const;
    ValType atomic_access(const MemArg& mem, u32 natural) const;

    // ---- blocks
    void begin_control(FuncType const& type);
    void push_control(Control::Kind kind, const BlockType& type);
    void end_block();  // results are there and nothing else; the frame stays
    void pop_control();
    void start_part(Control::Kind kind);  // else, catch: the same frame again
    void set_local_initialized(u32 index);
    void forget_initialized(u32 from);
    void check_uninitialized(u32 index) const;

    // ---- kinds of rows
    void load(const Instr& in, u32 bytes, ValType result);
    void store(const Instr& in, u32 bytes, ValType operand);
    void load_lane(const Instr& in, u32 bytes);
    void store_lane(const Instr& in, u32 bytes);
    void check_lane(const Instr& in, u32 lanes) const;
    void atomic(const Instr& in);

    // ---- rows
#define OTHER(name, ...) void name(const Instr& in);
#include "opcodes.def"

    // What several rows share.
    void check_call(const FuncType& type);
    void check_tail_call(const FuncType& type);
    const FuncType& indirect_callee(const Instr& in);
    const FuncType& reference_callee(const Instr& in);
    const FuncType& exception_tag(u32 index) const;
    void start_catch(Control::Kind kind);
    void check_catch(const Catch& c);
    void check_handlers(const Instr& in, const FuncType& cont);
    void check_on_label(const ResumeHandler& h, const FuncType& cont);
    void check_on_switch(const ResumeHandler& h, const FuncType& cont);
    ValType cast_top(ValType t) const;
    void new_struct(u32 type_index, bool with_fields);
    void pop_fields(const SubType& t, bool with_fields);
    void push_array(const Instr& in);
    void pop_init_range(const Instr& in);
    void get_field(const Instr& in, bool packed);
    void get_element(const Instr& in, bool packed);
    void test_reference(const Instr& in, bool push_reference);
    void branch_on_cast(const Instr& in, bool on_success, bool by_descriptor);
    void new_described_struct(const Instr& in, bool with_fields);
    void pop_descriptor(RawType target);
    void fill_locals(Reader& r, Types params);
    bool is_exact(u32 func) const;  // a reference to it has exactly its type
    void begin_constant(ValType expected, u32 globals);
    void constant_step(const Instr& in);

    const ModuleData& m_;
    const Features& features_;
    bool restricted_;                  // some feature is off
    std::vector<bool> exact_imports_;  // imported functions with an exact type; empty when there are none
    std::size_t at_ = 0;

    static constexpr std::size_t below = 2;  // entries in front of the first operand, for who looks at two at once
    ValType* bottom() { return stack_.data() + below; }
    std::size_t room() const { return stack_.size() - below; }
    std::vector<ValType> stack_;
    ValType *top_ = nullptr, *floor_ = nullptr, *limit_ = nullptr;  // floor: where the innermost block's operands begin; limit: the first max_slots_
    u32 wide_ = 0;                                                  // operands that are v128
    u32 max_slots_ = 0;
    u32 catches_ = 0, max_catches_ = 0;  // handlers of legacy tries around here: each keeps its exception in a slot
    std::vector<Control> controls_;

    std::vector<ValType> flat_;   // the first locals one by one
    std::vector<LocalRun> runs_;  // all of them
    u32 local_count_ = 0, param_count_ = 0;
    std::vector<bool> is_initialized_;  // of locals without default value; clear between bodies
    std::vector<u32> initialized_;      // which were, in order, since the body began
    std::vector<ValType> scratch_;
    ValType constant_result_;
    u32 visible_globals_ = 0;
};

}  // namespace heddle
