// Blocks, branches, calls, exceptions and stack switching.
// https://webassembly.github.io/spec/core/valid/instructions.html#control-instructions
#include <algorithm>

#include "validate.hpp"

namespace heddle {

// ---- blocks

void Validator::push_control(Control::Kind kind, const BlockType& type) {
    const FuncType* signature = nullptr;
    ValType value;
    if (type.kind == BlockType::Kind::value) {
        value = resolve(type.value);
        if (restricted_) check_type_is_on(value, features_, at_);
    } else if (type.kind == BlockType::Kind::index) {
        signature = &func_type(type.index);
    }
    if (kind == Control::Kind::if_) pop(i32_type);
    if (signature) pop_all(signature->params);
    Control& c = controls_.emplace_back();
    c.kind = kind;
    c.height = u32(top_ - bottom());
    c.initialized = u32(initialized_.size());
    c.value = value;
    c.result_count = type.kind == BlockType::Kind::value;
    floor_ = top_;
    if (!signature) return;
    c.param_list = signature->params.data();
    c.param_count = u32(signature->params.size());
    c.result_list = signature->results.data();
    c.result_count = u32(signature->results.size());
    push_all(signature->params);
}

void Validator::end_block() {
    pop_all(controls_.back().results());
    if (top_ != floor_) [[unlikely]]
        leftover();
}

// Locals set inside a block are uninitialized again after it.
void Validator::forget_initialized(u32 from) {
    for (; initialized_.size() > from; initialized_.pop_back()) is_initialized_[initialized_.back()] = false;
}

void Validator::pop_control() {
    Control c = controls_.back();
    if (initialized_.size() > c.initialized) forget_initialized(c.initialized);
    controls_.pop_back();
    if (controls_.empty()) return;
    floor_ = bottom() + controls_.back().height;
    push_all(c.results());
}

void Validator::start_part(Control::Kind kind) {
    end_block();
    Control& c = controls_.back();
    c.kind = kind;
    c.unreachable = false;
    forget_initialized(c.initialized);
}

void Validator::nop(const Instr&) {}
void Validator::unreachable(const Instr&) { unreachable_from_here(); }
void Validator::block(const Instr& in) { push_control(Control::Kind::block, in.block); }
void Validator::loop(const Instr& in) { push_control(Control::Kind::loop, in.block); }

void Validator::if_(const Instr& in) { push_control(Control::Kind::if_, in.block); }

void Validator::else_(const Instr&) {
    if (controls_.back().kind != Control::Kind::if_) malformed("END opcode expected: else without if", at_);
    start_part(Control::Kind::else_);
    push_all(controls_.back().params());
}

void Validator::end(const Instr&) {
    end_block();
    const Control& c = controls_.back();
    // Without an else the parameters are the results.
    if (c.kind == Control::Kind::if_) require_all(c.params(), c.results());
    if (c.kind == Control::Kind::catch_ || c.kind == Control::Kind::catch_all) --catches_;
    pop_control();
}

// ---- branches

void Validator::br(const Instr& in) {
    pop_all(label(in.index).label());
    unreachable_from_here();
}

void Validator::br_if(const Instr& in) {
    pop(i32_type);
    retype_top(label(in.index).label());
}

void Validator::br_table(const Instr& in) {
    pop(i32_type);
    Reader r(in.vec);
    Types first = label(r.u32_leb()).label();
    check_top(first);
    for (u32 i = 0; i < in.index; ++i) {
        Types types = label(r.u32_leb()).label();
        if (types.data() == first.data() && types.size() == first.size()) continue;
        if (types.size() != first.size()) mismatch(first, types);
        check_top(types);
    }
    unreachable_from_here();
}

void Validator::return_(const Instr&) {
    pop_all(controls_.front().results());
    unreachable_from_here();
}

void Validator::br_on_null(const Instr& in) {
    Types types = label(in.index).label();
    ValType t = pop_ref();
    retype_top(types);
    push(t == bottom_type ? ValType::reference(Heap::bottom, false) : t.as_nullable(false));
}

void Validator::br_on_non_null(const Instr& in) {
    Types types = label(in.index).label();
    if (types.empty() || !types.back().is_ref()) fail("type mismatch: label requires a reference");
    pop(types.back().as_nullable(true));
    retype_top(types.first(types.size() - 1));
}

// ---- calls

void Validator::check_call(const FuncType& type) {
    pop_all(type.params);
    push_all(type.results);
}

void Validator::check_tail_call(const FuncType& type) {
    pop_all(type.params);
    require_all(type.results, controls_.front().results());
    unreachable_from_here();
}

// The type of an indirect call after its index operand is off the stack.
const FuncType& Validator::indirect_callee(const Instr& in) {
    const TableType& t = table(in.index2);
    if (!m_.type_table->is_subtype(t.element, funcref_type)) mismatch(funcref_type, t.element);
    const FuncType& callee = func_type(in.index);
    pop(address_type(t.is64));
    return callee;
}

const FuncType& Validator::reference_callee(const Instr& in) {
    const FuncType& callee = func_type(in.index);
    pop(reference(in.index, true));
    return callee;
}

void Validator::call(const Instr& in) { check_call(m_.type_table->func(func(in.index))); }
void Validator::call_indirect(const Instr& in) { check_call(indirect_callee(in)); }
void Validator::call_ref(const Instr& in) { check_call(reference_callee(in)); }
void Validator::return_call(const Instr& in) { check_tail_call(m_.type_table->func(func(in.index))); }
void Validator::return_call_indirect(const Instr& in) { check_tail_call(indirect_callee(in)); }
void Validator::return_call_ref(const Instr& in) { check_tail_call(reference_callee(in)); }

// ---- exceptions

const FuncType& Validator::exception_tag(u32 index) const {
    const FuncType& t = tag(index);
    if (!t.results.empty()) fail("type mismatch: non-empty tag result type");
    return t;
}

void Validator::throw_(const Instr& in) {
    pop_all(exception_tag(in.index).params);
    unreachable_from_here();
}

void Validator::throw_ref(const Instr&) {
    pop(exnref_type);
    unreachable_from_here();
}

void Validator::try_table(const Instr& in) {
    Reader r(in.vec);
    for (u32 i = 0; i < in.index; ++i) check_catch(read_catch(r));
    push_control(Control::Kind::try_table, in.block);
}

// What a clause carries to its label: the tag's parameters, and the exception for the forms with _ref.
void Validator::check_catch(const Catch& c) {
    bool tagged = c.kind == Catch::Kind::catch_ || c.kind == Catch::Kind::catch_ref;
    bool with_exception = c.kind == Catch::Kind::catch_ref || c.kind == Catch::Kind::catch_all_ref;
    scratch_.clear();
    if (tagged) scratch_ = exception_tag(c.tag).params;
    if (with_exception) scratch_.push_back(ValType::reference(Heap::exn, false));
    require_all(scratch_, label(c.label).label());
}

// https://github.com/WebAssembly/exception-handling/blob/main/proposals/exception-handling/legacy/Exceptions.md
void Validator::try_(const Instr& in) { push_control(Control::Kind::try_, in.block); }

void Validator::start_catch(Control::Kind kind) {
    Control::Kind now = controls_.back().kind;
    if (now != Control::Kind::try_ && now != Control::Kind::catch_) malformed("END opcode expected: catch without try", at_);
    if (now == Control::Kind::try_) max_catches_ = std::max(max_catches_, ++catches_);
    start_part(kind);
}

void Validator::catch_(const Instr& in) {
    start_catch(Control::Kind::catch_);
    push_all(exception_tag(in.index).params);
}

void Validator::catch_all(const Instr&) { start_catch(Control::Kind::catch_all); }

void Validator::delegate(const Instr& in) {
    if (controls_.back().kind != Control::Kind::try_) malformed("END opcode expected: delegate without try", at_);
    if (in.index >= controls_.size() - 1) unknown("label", in.index);
    end_block();
    pop_control();
}

void Validator::rethrow(const Instr& in) {
    Control::Kind kind = label(in.index).kind;
    if (kind != Control::Kind::catch_ && kind != Control::Kind::catch_all) fail("invalid rethrow label");
    unreachable_from_here();
}

// ---- stack switching: https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md

void Validator::cont_new(const Instr& in) {
    TypeId callee = cont_type(in.index).cont;
    pop(ValType::reference(callee, true));
    push(reference(in.index, false));
}

// Binds the first parameters; what is left must be what the new type takes.
void Validator::cont_bind(const Instr& in) {
    const FuncType &from = cont_func(in.index), &to = cont_func(in.index2);
    if (from.params.size() < to.params.size()) mismatch(from.params, to.params);
    std::size_t bound = from.params.size() - to.params.size();
    require_all(to.params, Types(from.params).subspan(bound));
    require_all(from.results, to.results);
    pop(reference(in.index, true));
    pop_all(Types(from.params).first(bound));
    push(reference(in.index2, false));
}

void Validator::suspend(const Instr& in) {
    const FuncType& t = tag(in.index);
    pop_all(t.params);
    push_all(t.results);
}

void Validator::resume(const Instr& in) {
    const FuncType& t = cont_func(in.index);
    check_handlers(in, t);
    pop(reference(in.index, true));
    pop_all(t.params);
    push_all(t.results);
}

void Validator::resume_throw(const Instr& in) {
    const FuncType &t = cont_func(in.index), &thrown = exception_tag(in.index2);
    check_handlers(in, t);
    pop(reference(in.index, true));
    pop_all(thrown.params);
    push_all(t.results);
}

void Validator::resume_throw_ref(const Instr& in) {
    const FuncType& t = cont_func(in.index);
    check_handlers(in, t);
    pop(reference(in.index, true));
    pop(exnref_type);
    push_all(t.results);
}

void Validator::check_handlers(const Instr& in, const FuncType& cont) {
    Reader r(in.vec);
    for (u32 i = 0; i < in.count; ++i) {
        ResumeHandler h = read_resume_handler(r);
        if (h.is_switch) check_on_switch(h, cont);
        else check_on_label(h, cont);
    }
}

// The label gets the tag's parameters and a continuation that takes the tag's results and ends as the resumed one does.
void Validator::check_on_label(const ResumeHandler& h, const FuncType& cont) {
    const FuncType& t = tag(h.tag);
    Types types = label(h.label).label();
    if (types.empty()) mismatch(types, t.params);
    ValType k = types.back();
    if (!k.is_ref() || !k.is_defined())
        fail("type mismatch: instruction requires concrete continuation reference type but label has [" + to_string(k) + "]");
    const SubType& ct = (*m_.type_table)[k.type()];
    if (ct.kind != SubType::Kind::cont) fail("non-continuation type " + std::to_string(std::ranges::find(m_.types, k.type()) - m_.types.begin()));
    require_all(t.params, types.first(types.size() - 1));
    const FuncType& rest = m_.type_table->func(ct.cont);
    require_all(rest.params, t.results);
    require_all(cont.results, rest.results);
}

void Validator::check_on_switch(const ResumeHandler& h, const FuncType& cont) {
    const FuncType& t = tag(h.tag);
    if (!t.params.empty()) fail("type mismatch in switch tag");
    require_all(cont.results, t.results);
    require_all(t.results, cont.results);
}

// The target's last parameter is the continuation of this computation.
void Validator::switch_(const Instr& in) {
    const FuncType &target = cont_func(in.index), &t = tag(in.index2);
    if (!t.params.empty()) fail("type mismatch in switch tag");
    ValType back = target.params.empty() ? bottom_type : target.params.back();
    if (!back.is_ref() || !back.is_defined() || (*m_.type_table)[back.type()].kind != SubType::Kind::cont)
        fail("type mismatch: instruction requires concrete continuation reference type but target takes " + to_string(back));
    const FuncType& own = m_.type_table->func((*m_.type_table)[back.type()].cont);
    require_all(target.results, t.results);
    require_all(t.results, own.results);
    pop(reference(in.index, true));
    pop_all(Types(target.params).first(target.params.size() - 1));
    push_all(own.params);
}

}  // namespace heddle
