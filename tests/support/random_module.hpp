// Random valid modules, grown from a string of choices: the same choices make the same module, and no choice makes an invalid one.
//
//   (memory 1) (global i64) (tag $e (param i32 i64)) (table of two functions) …
//   (func (export "f") (param i32 i64 f32 f64) (result i64 i32 f64))      the random one; `extra_locals` are never used, but make its
//                                                                       frame too large for near slots
// NaN bits never reach a result or the memory, since they are an engine's own choice.
#pragma once
#include <span>
#include <vector>

#include "bytes.hpp"
#include "instr.hpp"
#include "opcode.hpp"

namespace heddle::test {

class RandomModule {
public:
    explicit RandomModule(std::span<const u8> choices) : choices_(choices) {}

    std::vector<u8> bytes(u32 extra_locals) {
        at_ = 0;
        Writer body;
        body.u32_leb(1 + kinds);
        for (u32 k = 0; k < kinds; ++k) {
            body.u32_leb(2);
            body.byte(code(Kind(k)));
        }
        body.u32_leb(extra_locals);
        body.byte(0x7b);
        w_ = &body;
        function();
        return whole(body);
    }

private:
    enum Kind : u8 { I32, I64, F32, F64, V128 };
    static constexpr u32 kinds = 5, params = 4;
    struct Label {
        std::vector<Kind> types;  // what a branch takes
        std::size_t height;       // operands below the block
    };

    static u8 code(Kind k) { return u8(0x7f - k); }
    u32 pick(u32 n) {
        if (at_ >= choices_.size()) return 0;
        return choices_[at_++] % n;
    }
    bool more() const { return at_ < choices_.size(); }
    void op(Op o) { write_op(*w_, o); }
    void op(Op o, u32 index) {
        op(o);
        w_->u32_leb(index);
    }

    // ---- operands

    void push_constant(Kind k) {
        u32 v = pick(7);
        constexpr i64 values[] = {0, 1, -1, 7, 255, i64(0x80000000), i64(0x123456789abcdef0)};
        switch (k) {
        case I32: op(Op::i32_const), w_->i32_leb(i32(values[v])); break;
        case I64: op(Op::i64_const), w_->i64_leb(values[v]); break;
        case F32: op(Op::f32_const), w_->fixed32(std::bit_cast<u32>(f32(values[v]) / 4)); break;
        case F64: op(Op::f64_const), w_->fixed64(std::bit_cast<u64>(f64(values[v]) / 4)); break;
        case V128: op(Op::v128_const), w_->fixed64(u64(values[v])), w_->fixed64(3); break;
        }
        stack_.push_back(k);
    }
    // Parameters are the locals 0 … 3; then two of each kind.
    u32 local_of(Kind k) {
        if (k != V128 && pick(2)) return k;
        return params + 2 * k + pick(2);
    }
    void push(Kind k) {
        if (pick(4) == 0) return push_constant(k);
        op(Op::local_get, local_of(k));
        stack_.push_back(k);
    }
    bool has(std::initializer_list<Kind> top) const {
        return stack_.size() - floor_ >= top.size() && std::equal(top.begin(), top.end(), stack_.end() - std::ptrdiff_t(top.size()));
    }
    void pop(std::size_t n) { stack_.resize(stack_.size() - n); }
    void give(Op o, std::size_t operands, Kind result) {
        op(o);
        pop(operands);
        stack_.push_back(result);
    }
    // Makes the operands above `height` exactly these.
    void shape_to(std::size_t height, const std::vector<Kind>& types) {
        std::size_t same = 0;
        while (same < types.size() && height + same < stack_.size() && stack_[height + same] == types[same]) ++same;
        while (stack_.size() > height + same) op(Op::drop), pop(1);
        for (; same < types.size(); ++same) push(types[same]);
    }

    // ---- instructions

    void arithmetic() {
        static constexpr Op i32s[] = {Op::i32_add, Op::i32_sub, Op::i32_mul, Op::i32_and, Op::i32_or, Op::i32_xor, Op::i32_shl, Op::i32_shr_s, Op::i32_rotl,
                                      Op::i32_div_s, Op::i32_rem_u, Op::i32_eq, Op::i32_lt_s, Op::i32_lt_u, Op::i32_ge_s, Op::i32_gt_u};
        static constexpr Op i64s[] = {Op::i64_add, Op::i64_sub, Op::i64_mul, Op::i64_and, Op::i64_xor, Op::i64_shr_u, Op::i64_rotr, Op::i64_div_u, Op::i64_rem_s};
        static constexpr Op i64_compares[] = {Op::i64_eq, Op::i64_ne, Op::i64_lt_s, Op::i64_gt_u, Op::i64_le_s};
        static constexpr Op f32s[] = {Op::f32_add, Op::f32_sub, Op::f32_mul, Op::f32_div, Op::f32_min, Op::f32_max};
        static constexpr Op f64s[] = {Op::f64_add, Op::f64_sub, Op::f64_mul, Op::f64_div, Op::f64_min, Op::f64_max};
        static constexpr Op f32_compares[] = {Op::f32_eq, Op::f32_ne, Op::f32_lt, Op::f32_gt, Op::f32_le, Op::f32_ge};
        static constexpr Op f64_compares[] = {Op::f64_eq, Op::f64_ne, Op::f64_lt, Op::f64_gt, Op::f64_le, Op::f64_ge};
        static constexpr Op vectors[] = {Op::i32x4_add, Op::i64x2_sub, Op::v128_xor, Op::i16x8_mul, Op::i8x16_swizzle, Op::i32x4_gt_s};
        auto any = [&](auto& list) { return list[pick(u32(std::size(list)))]; };
        if (has({I32, I32})) give(any(i32s), 2, I32);
        else if (has({I64, I64})) pick(3) ? give(any(i64s), 2, I64) : give(any(i64_compares), 2, I32);
        else if (has({F32, F32})) pick(3) ? give(any(f32s), 2, F32) : give(any(f32_compares), 2, I32);
        else if (has({F64, F64})) pick(3) ? give(any(f64s), 2, F64) : give(any(f64_compares), 2, I32);
        else if (has({V128, V128})) give(any(vectors), 2, V128);
        else if (has({V128, I32})) give(Op::i32x4_shl, 2, V128);
        else push(stack_.size() > floor_ ? stack_.back() : Kind(pick(kinds)));
    }
    void conversion() {
        static constexpr Op i32s[] = {Op::i32_eqz, Op::i32_clz, Op::i32_popcnt, Op::i32_extend8_s};
        if (has({I32})) {
            switch (pick(8)) {
            case 0: return give(Op::i64_extend_i32_s, 1, I64);
            case 1: return give(Op::i64_extend_i32_u, 1, I64);
            case 2: return give(Op::f64_convert_i32_s, 1, F64);
            case 3: return give(Op::f32_convert_i32_u, 1, F32);
            case 4: return give(Op::i32x4_splat, 1, V128);
            default: return give(i32s[pick(4)], 1, I32);
            }
        }
        if (has({I64})) {
            switch (pick(5)) {
            case 0: return give(Op::i32_wrap_i64, 1, I32);
            case 1: return give(Op::i64_eqz, 1, I32);
            case 2: return give(Op::f64_convert_i64_s, 1, F64);
            case 3: return give(Op::i64x2_splat, 1, V128);
            default: return give(Op::i64_ctz, 1, I64);
            }
        }
        if (has({F32})) return pick(2) ? give(Op::f64_promote_f32, 1, F64) : give(Op::i32_trunc_sat_f32_s, 1, I32);
        if (has({F64})) {
            switch (pick(4)) {
            case 0: return give(Op::f32_demote_f64, 1, F32);
            case 1: return give(Op::i64_trunc_sat_f64_s, 1, I64);
            case 2: return give(Op::f64_floor, 1, F64);
            default: return give(Op::i32_trunc_f64_s, 1, I32);
            }
        }
        if (has({V128})) {
            if (pick(2)) return give(Op::i64x2_bitmask, 1, I32);
            op(Op::i64x2_extract_lane);
            w_->byte(u8(pick(2)));
            pop(1);
            stack_.push_back(I64);
        }
    }
    void memory_access() {
        auto argument = [&](u32 align) {
            w_->u32_leb(align);
            w_->u32_leb(pick(4) ? pick(64) : 0x10000 + pick(8));
        };
        push(I32);
        if (pick(4)) push_constant(I32), op(pick(2) ? Op::i32_add : Op::i32_shl), pop(1);
        if (pick(8)) op(Op::i32_const), w_->i32_leb(0xfff), op(Op::i32_and);
        pop(1);
        switch (pick(6)) {
        case 0: op(Op::i32_load), argument(0), stack_.push_back(I32); break;
        case 1: op(Op::i64_load16_s), argument(0), stack_.push_back(I64); break;
        case 2: op(Op::v128_load), argument(0), stack_.push_back(V128); break;
        case 3: push(I64), op(Op::i64_store), argument(0), pop(1); break;
        case 4: push(I32), op(Op::i32_store8), argument(0), pop(1); break;
        default: push(V128), op(Op::v128_store), argument(0), pop(1); break;
        }
    }
    void variable() {
        if (stack_.size() == floor_) return push(Kind(pick(kinds)));
        Kind k = stack_.back();
        switch (pick(4)) {
        case 0: return op(Op::local_tee, local_of(k));
        case 1:
            if (k == I64) {
                op(Op::global_set, 0);
                return pop(1);
            }
            op(Op::global_get, 0);
            return stack_.push_back(I64);
        default:
            op(Op::local_set, local_of(k));
            return pop(1);
        }
    }
    void select() {
        Kind k = Kind(pick(kinds));
        push(k), push(k), push(I32);
        if (pick(2)) push_constant(I32), give(pick(2) ? Op::i32_lt_s : Op::i32_and, 2, I32);
        give(Op::select, 3, k);
    }
    void call() {
        push(I32), push(I64);
        if (pick(2)) {
            op(Op::call, 0);
        } else {
            op(Op::i32_const), w_->i32_leb(i32(pick(3)));
            op(Op::call_indirect, 0);
            w_->u32_leb(0);
        }
        pop(2);
        stack_.push_back(I64);
        stack_.push_back(I32);
    }

    // ---- control

    void block_type(const std::vector<Kind>& in, const std::vector<Kind>& out) {
        types_.push_back({in, out});
        w_->i64_leb(i64(first_free_type + types_.size() - 1));
    }
    std::vector<Kind> some_kinds(u32 most) {
        std::vector<Kind> v(pick(most + 1));
        for (Kind& k : v) k = Kind(pick(kinds));
        return v;
    }
    void block(u32 depth) {
        u32 form = pick(4);  // block, loop, if, try_table
        std::vector<Kind> out = form == 3 ? std::vector<Kind>{I32, I64} : some_kinds(3);
        if (form == 2) push(I32), pop(1);
        std::size_t n = std::min<std::size_t>(stack_.size() - floor_, pick(3));
        std::vector<Kind> in(stack_.end() - std::ptrdiff_t(n), stack_.end());
        if (form == 3) {  // a block around it gets what the clause catches
            op(Op::block), block_type(in, out);
            op(Op::try_table), block_type(in, out);
            w_->u32_leb(1), w_->byte(0), w_->u32_leb(0), w_->u32_leb(0);
            labels_.push_back({out, stack_.size() - n});
        } else {
            op(form == 0 ? Op::block : form == 1 ? Op::loop : Op::if_), block_type(in, out);
        }
        std::size_t height = stack_.size() - n;
        labels_.push_back({form == 1 ? in : out, height});
        auto before = stack_;
        body(depth + 1, height, out);
        if (form == 2 && (in != out || pick(2))) {
            op(Op::else_);
            stack_ = before;
            body(depth + 1, height, out);
        }
        op(Op::end);
        labels_.pop_back();
        if (form == 3) op(Op::end), labels_.pop_back();
        stack_.resize(height);
        stack_.insert(stack_.end(), out.begin(), out.end());
    }
    // Statements, and then the block's results; or a jump away in their place.
    void body(u32 depth, std::size_t height, const std::vector<Kind>& out) {
        std::size_t floor = std::exchange(floor_, height);
        statements(depth, 1 + pick(8));
        if (more() && pick(6) == 0) jump();
        else shape_to(height, out);
        floor_ = floor;
    }
    void jump() {
        if (pick(4) == 0) {
            push(I32), push(I64);
            return op(Op::throw_, 0);
        }
        u32 depth = pick(u32(labels_.size()));
        const Label l = labels_[labels_.size() - 1 - depth];
        for (Kind k : l.types) push(k);
        if (pick(2)) return op(Op::br, depth);
        // A table whose labels all take the same.
        std::vector<u32> same;
        for (u32 d = 0; d < labels_.size(); ++d)
            if (labels_[labels_.size() - 1 - d].types == l.types) same.push_back(d);
        push(I32);
        op(Op::br_table);
        w_->u32_leb(u32(same.size()));
        for (u32 d : same) w_->u32_leb(d);
        w_->u32_leb(depth);
    }
    void branch() {
        u32 depth = pick(u32(labels_.size()));
        std::size_t height = stack_.size();
        const Label l = labels_[labels_.size() - 1 - depth];
        for (Kind k : l.types) push(k);
        push(I32);
        if (pick(2)) push(I32), give(pick(2) ? Op::i32_ne : Op::i32_ge_u, 2, I32);
        if (pick(4) == 0) give(Op::i32_eqz, 1, I32);
        op(Op::br_if, depth);
        pop(1);
        while (stack_.size() > height && pick(3)) op(Op::drop), pop(1);
    }
    void statements(u32 depth, u32 n) {
        for (u32 i = 0; i < n && more(); ++i) {
            switch (pick(16)) {
            case 0: block(depth); break;
            case 1: depth < 8 ? block(depth) : arithmetic(); break;
            case 2: branch(); break;
            case 3: memory_access(); break;
            case 4: select(); break;
            case 5: call(); break;
            case 6: case 7: conversion(); break;
            case 8: case 9: case 10: variable(); break;
            case 11: push(Kind(pick(kinds))); break;
            default: arithmetic(); break;
            }
            if (stack_.size() > 200) return;
        }
    }
    void function() {
        stack_.clear();
        labels_.clear();
        types_.clear();
        floor_ = 0;
        std::vector<Kind> out = {I64, I32, F64};
        labels_.push_back({out, 0});
        while (more()) statements(0, 40);
        shape_to(0, out);
        op(Op::end);
    }

    // ---- the module around it

    static constexpr u32 first_free_type = 3;
    void func_type(Writer& w, const std::vector<Kind>& in, const std::vector<Kind>& out) {
        w.byte(0x60);
        w.u32_leb(u32(in.size()));
        for (Kind k : in) w.byte(code(k));
        w.u32_leb(u32(out.size()));
        for (Kind k : out) w.byte(code(k));
    }
    std::vector<u8> whole(const Writer& body) {
        Writer m;
        m.bytes = {0, 'a', 's', 'm', 1, 0, 0, 0};
        auto section = [&](u8 id, const Writer& s) {
            m.byte(id);
            m.u64_leb(s.bytes.size());
            m.span(s.bytes);
        };
        auto plain = [&](u8 id, std::vector<u8> bytes) {
            Writer s;
            s.bytes = std::move(bytes);
            section(id, s);
        };
        Writer types;
        types.u32_leb(u32(first_free_type + types_.size()));
        func_type(types, {I32, I64}, {I64, I32});
        func_type(types, {I32, I64, F32, F64}, {I64, I32, F64});
        func_type(types, {I32, I64}, {});
        for (auto& [in, out] : types_) func_type(types, in, out);
        section(1, types);
        plain(3, {3, 0, 0, 1});
        plain(4, {1, 0x70, 0, 2});
        plain(5, {1, 1, 1, 1});
        plain(13, {1, 0, 2});
        plain(6, {1, 0x7e, 1, 0x42, 5, 0x0b});
        plain(7, {3, 1, 'f', 0, 2, 1, 'm', 2, 0, 1, 'g', 3, 0});
        plain(9, {1, 0, 0x41, 0, 0x0b, 2, 0, 1});
        Writer code;
        code.u32_leb(3);
        const std::vector<u8> helpers[] = {
            {0, 0x20, 1, 0x20, 0, 0xad, 0x7c, 0x20, 0, 0x41, 1, 0x6a, 0x0b},          // (i64.add 1 (extend 0)), (i32.add 0 1)
            {0, 0x20, 0, 0x41, 7, 0x71, 0x45, 0x04, 0x40, 0x20, 0, 0x20, 1, 0x08, 0, 0x0b, 0x20, 1, 0x20, 0, 0x0b}};  // throws when 0 & 7 is 0
        for (auto& h : helpers) {
            code.u32_leb(u32(h.size()));
            code.span(h);
        }
        code.u64_leb(body.bytes.size());
        code.span(body.bytes);
        section(10, code);
        return m.bytes;
    }

    std::span<const u8> choices_;
    std::size_t at_ = 0;
    Writer* w_ = nullptr;
    std::vector<Kind> stack_;
    std::size_t floor_ = 0;  // operands below belong to enclosing blocks
    std::vector<Label> labels_;
    std::vector<std::pair<std::vector<Kind>, std::vector<Kind>>> types_;
};

}  // namespace heddle::test
