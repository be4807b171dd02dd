// Evaluates constant expressions at instantiation. They are validated, straight-line and short; no guest code runs.
// https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions
#include "instr.hpp"
#include "store.hpp"

namespace heddle {

namespace {

class Evaluator {
public:
    explicit Evaluator(InstanceData& in) : in_(in) {}

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
            default: throw Error{Error::Kind::limit, "constant expressions with " + std::string(info(i.op).text) + " cannot be evaluated", i.offset};
        }
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
    std::vector<V128> stack_;
};

}  // namespace

V128 evaluate(InstanceData& in, const ConstExpr& e) { return Evaluator(in).run(e); }

}  // namespace heddle
