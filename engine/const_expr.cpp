// Evaluates constant expressions at instantiation. They are validated, straight-line and short; no guest code runs.
// https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions
#include "instr.hpp"
#include "store.hpp"

namespace heddle {

namespace {

class Evaluator {
public:
    explicit Evaluator(InstanceData& in) : in_(in), held_(*in.store) {}

    V128 run(const ConstExpr& e) {
        Reader r(in_.module->span(), e.from, e.to);
        Instr i;
        for (read_instr(r, i); i.op != Op::end; read_instr(r, i)) step(i);
        return pop();
    }

private:
    void step(const Instr& i) {
        switch (i.op) {
            case Op::i32_const:
            case Op::i64_const:
            case Op::f32_const:
            case Op::f64_const: return push(i.bits);
            case Op::v128_const: return stack_.push_back(i.v128);
            case Op::global_get: return stack_.push_back(in_.globals[i.index]->value);
            case Op::ref_null: return push(0);
            case Op::ref_func: return push(reinterpret_cast<u64>(in_.func(i.index)));
            case Op::ref_i31: return push(u64(u32(pop().lo) << 1 | 1));
            case Op::any_convert_extern:
            case Op::extern_convert_any: return;  // the same word
            case Op::i32_add: return binary([](u64 a, u64 b) { return u64(u32(a + b)); });
            case Op::i32_sub: return binary([](u64 a, u64 b) { return u64(u32(a - b)); });
            case Op::i32_mul: return binary([](u64 a, u64 b) { return u64(u32(a * b)); });
            case Op::i64_add: return binary([](u64 a, u64 b) { return a + b; });
            case Op::i64_sub: return binary([](u64 a, u64 b) { return a - b; });
            case Op::i64_mul: return binary([](u64 a, u64 b) { return a * b; });
            case Op::struct_new:
            case Op::struct_new_desc: return make_struct(i);
            case Op::struct_new_default_desc: return described(i, nullptr, 1);
            case Op::struct_new_default: return made(struct_new_default(at_, in_.module->types[i.index]));
            case Op::array_new: return make_array(i);
            case Op::array_new_default: return made(array_new_default(at_, in_.module->types[i.index], u32(pop().lo)));
            case Op::array_new_fixed: return make_array_fixed(i);
            default: throw Error{Error::Kind::limit, "constant expressions with " + std::string(info(i.op).text) + " cannot be evaluated", i.offset};
        }
    }

    // What an object is made of stays on the stack, and alive, until it is made.
    const std::vector<V128>& operands() {
        held_.words = stack_.empty() ? nullptr : &stack_.front().lo;
        held_.count = stack_.size() * 2;
        return stack_;
    }
    void made(u64 word, std::size_t operand_count = 0) {
        if (!word && in_.context->trap == TrapCode::null_descriptor_reference) throw Error{Error::Kind::trapped, message(in_.context->trap)};
        if (!word) throw Error{Error::Kind::limit, std::string(message(in_.context->trap)) + " (Config::max_heap_bytes)"};
        stack_.resize(stack_.size() - operand_count);
        push(word);
    }
    // The topmost values as the slots that an instruction would find them in.
    std::vector<Slot> slots(std::size_t n, const SubType& type) {
        std::vector<Slot> s;
        const std::vector<V128>& all = operands();
        for (std::size_t k = 0; k < n; ++k) {
            V128 v = all[all.size() - n + k];
            s.push_back(Slot{v.lo});
            if (type.fields[type.kind == SubType::Kind::array ? 0 : k].type.slots() == 2) s.push_back(Slot{v.hi});
        }
        return s;
    }
    const SubType& type(const Instr& i) const { return (*in_.module->type_table)[in_.module->types[i.index]]; }
    void make_struct(const Instr& i) {
        std::size_t n = type(i).fields.size();
        if (i.op == Op::struct_new_desc) {
            V128 descriptor = pop();
            std::vector<Slot> values = slots(n, type(i));
            stack_.push_back(descriptor);
            operands();
            return described(i, values.data(), n + 1);
        }
        made(struct_new(at_, in_.module->types[i.index], slots(n, type(i)).data()), n);
    }
    // The descriptor is the topmost operand. Without values the fields are zero.
    void described(const Instr& i, const Slot* values, std::size_t operand_count) {
        operands();
        made(struct_new_described(at_, in_.module->types[i.index], values, stack_.back().lo), operand_count);
    }
    void make_array(const Instr& i) {
        u32 count = u32(pop().lo);
        made(array_new(at_, in_.module->types[i.index], slots(1, type(i)).data(), count), 1);
    }
    void make_array_fixed(const Instr& i) {
        made(array_new_fixed(at_, in_.module->types[i.index], slots(i.count, type(i)).data(), i.count), i.count);
    }

    template <class F>
    void binary(F f) {
        u64 b = pop().lo, a = pop().lo;
        push(f(a, b));
    }
    void push(u64 v) { stack_.push_back({v, 0}); }
    V128 pop() {
        assert(!stack_.empty());
        V128 v = stack_.back();
        stack_.pop_back();
        return v;
    }

    InstanceData& in_;
    Safepoint at_{in_};
    Held held_;
    std::vector<V128> stack_;
};

}  // namespace

V128 evaluate(InstanceData& in, const ConstExpr& e) { return Evaluator(in).run(e); }

}  // namespace heddle
