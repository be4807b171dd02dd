// Blocks, branches, calls, returns and exceptions.
#include "translate_stack.hpp"

#include <algorithm>
#include <utility>

namespace heddle {

// ---- labels

// Appends where the label is, or will be. A back edge that charges by itself goes to the cell behind the one that does.
void Translator::target(Label& l, bool charges) {
    targets.push_back(here());
    if (l.kind == Label::Kind::loop) return word(l.start + (charges && metering_ ? charge_words : 0));
    word(l.fix);
    l.fix = here() - 1;
}

// The chain's words learn that their target is here.
void Translator::bind(u32& chain) {
    if (chain == none) return;
    for (u32 at = std::exchange(chain, none); at != none;) at = u32(std::exchange(words[at], here()));
    place_label();
}

void Translator::bind_label(Label& l) {
    bind(l.fix);
    for (u32 c = std::exchange(l.catches, none); c != none;) c = std::exchange(range.clauses[c].target, here());
    place_label();
}

// A cell that goes to the label whatever happens.
void Translator::branch(Label& l) {
    emit(control_id(l.kind == Label::Kind::loop ? Control::br_back : Control::br), 0);
    words.pop_back();
    target(l, true);
}

// Whether the values a branch takes already lie where the label wants them; `below` entries on top do not count.
bool Translator::in_place(const Label& l, u32 below) const {
    std::size_t n = l.branch_types().size();
    if (n == 0) return true;
    std::size_t first = stack_.size() - below - n;
    if (stack_[first].home != l.base) return false;
    for (std::size_t i = first; i < first + n; ++i)
        if (stack_[i].kind == Operand::Kind::local || stack_[i].kind == Operand::Kind::constant) return false;
    return true;
}

// Emits what brings the topmost values to the label's home slots. Homes there lie at or below their own, so ascending order is safe.
// The stack is left as it is.
void Translator::transfer(const Label& l) {
    u32 n = u32(l.branch_types().size()), first = u32(stack_.size()) - n, to = l.base;
    if (n > moved_singly) {
        materialize_top(n);
        u32 from = stack_[first].home;
        if (from == to) return;
        emit(body_id(Body::move_block), halves(to, from));
        word(home_ - from);
        return forget();
    }
    for (u32 i = first; i < first + n; ++i) {
        Operand e = stack_[i];
        u32 slots = slots_of(e.type);
        if (is_far(to, slots) && e.kind == Operand::Kind::pending) flush(register_of(e.type)), e = stack_[i];
        store_to(e, to);
        to += slots;
    }
}

// ---- blocks

void Translator::block(const Instr& in, Label::Kind kind) {
    Label l;
    l.kind = kind;
    if (in.block.kind == BlockType::Kind::index) l.type = &m_.type_table->func(m_.types[in.block.index]);
    if (in.block.kind == BlockType::Kind::value) {
        l.has_single = true;
        l.single = in.block.value.type;
    }
    u32 params = u32(l.params().size());
    if (kind == Label::Kind::if_) {
        // Copies of aliases come before the condition's comparison when they need not, and else after it.
        bool has_alias = false;
        for (u32 i = settled_; i + 1 < stack_.size(); ++i) has_alias = has_alias || stack_[i].kind == Operand::Kind::local;
        if (has_alias || params) {
            Operand c = pop();
            bool negate = std::exchange(negate_next_, false);
            u32 slot = ensure_slot(c);
            bool is_local = c.kind == Operand::Kind::local;
            materialize_aliases();
            materialize_top(params);
            if (is_local) push_local(slot, c.type);
            else push_home(c.type);
            last_.cell = none;
            negate_next_ = negate;
        }
        condition(false, false);
        targets.push_back(here());
        word(none);
        l.else_fix = here() - 1;
        settled_ = u32(stack_.size());
    } else {
        flush_all();
        materialize_aliases();
        if (kind == Label::Kind::loop) materialize_top(params);
    }
    last_.cell = none;
    l.entries = u32(stack_.size()) - params;
    l.base = params ? stack_[l.entries].home : home_;
    if (kind == Label::Kind::loop) {
        enter_pins();
        place_label();
        l.start = here();
    }
    l.try_around = labels_.back().try_around;
    if (kind == Label::Kind::try_table || kind == Label::Kind::try_) {
        l.try_around = l.try_range = u32(range.tries.size());
        u32 clause = kind == Label::Kind::try_table ? clauses(in) : no_clause;
        range.tries.push_back({.from = here(), .to = here(), .clause = clause});
    }
    labels_.push_back(l);
    if (kind != Label::Kind::loop) return;
    charge();
    if (!has_pins()) return;
    range.pinned.push_back({.first = here(), .resume = 0});
    entries_.push_back({pin_slots(), offset_});
}

// The clauses of a try_table: their labels are those around it. Gives the first.
u32 Translator::clauses(const Instr& in) {
    Reader r(in.vec);
    u32 first = u32(range.clauses.size());
    for (u32 i = 0; i < in.index; ++i) {
        Catch c = read_catch(r);
        Label& l = label(c.label);
        CatchClause clause{.kind = c.kind, .tag = c.tag, .slot = l.base, .next = i + 1 < in.index ? first + i + 1 : no_clause};
        if (l.kind == Label::Kind::loop) {
            clause.target = l.start;
        } else {
            clause.target = l.catches;
            l.catches = first + i;
        }
        range.clauses.push_back(clause);
    }
    return in.index ? first : no_clause;
}

// The fuel that the instructions from here to the end of the loop or function cost, without inner loops. Patched when they are counted.
void Translator::charge() {
    if (!metering_) return;
    emit(control_id(Control::charge), 0);
    charges_.push_back({here() - 1, 0});
    last_label_ = here();
}

void Translator::else_() {
    Label& l = labels_.back();
    if (!l.dead) {
        transfer(l);
        branch(l);
    }
    cut(l);
    l.dead = false;
    l.has_else = true;
    bind(l.else_fix);
    place_label();
    push_types(l.params());
    settled_ = u32(stack_.size());
}

void Translator::end() {
    Label& l = labels_.back();
    if (metering_ && (l.kind == Label::Kind::loop || l.kind == Label::Kind::function)) {
        words[charges_.back().word] = std::min<u64>(charges_.back().count, 0xffffffff);
        charges_.pop_back();
    }
    if (l.kind == Label::Kind::loop) pins_ = {none, none};
    bool is_try = l.kind == Label::Kind::try_table || l.kind == Label::Kind::try_;
    if (is_try && !l.in_handler) range.tries[l.try_range].to = here();
    if (l.kind == Label::Kind::function) return end_function();
    if (!l.dead && !l.is_target() && l.else_fix == none && !l.in_handler) {  // nothing branches here: what is known stays true
        labels_.pop_back();
        return;
    }
    if (!l.dead) transfer(l);
    bool reachable = !l.dead || l.is_target() || l.else_fix != none;
    cut(l);
    bind(l.else_fix);
    bind_label(l);
    push_types(l.results());
    settled_ = std::min(settled_, l.entries);
    labels_.pop_back();
    if (!reachable) unreachable_from_here();
}

void Translator::end_function() {
    Label& l = labels_.back();
    if (l.is_target()) {
        if (!l.dead) transfer(l);
        cut(l);
        bind_label(l);
        push_types(l.results());
        return_();
    } else if (!l.dead) {
        return_();
    }
    labels_.pop_back();
    resume_cells();
}

// Unreachable code up to the `else`, `end`, `catch` or `delegate` that ends it.
void Translator::skip_dead() {
    Instr in;
    for (u32 depth = 0;;) {
        Reader before = reader_;
        read_instr(reader_, in);
        switch (in.op) {
        case Op::block:
        case Op::loop:
        case Op::if_:
        case Op::try_:
        case Op::try_table: ++depth; break;
        case Op::else_:
        case Op::catch_:
        case Op::catch_all:
        case Op::end:
        case Op::delegate:
            if (depth == 0) {
                reader_ = before;
                return;
            }
            depth -= in.op == Op::end || in.op == Op::delegate;
            break;
        default: break;
        }
    }
}

// ---- branches

void Translator::br(u32 depth) {
    Label& l = label(depth);
    if (l.kind == Label::Kind::function) return return_();
    transfer(l);
    branch(l);
    unreachable_from_here();
}

// A branch taken when `compare(sense, back)`, which emits a comparison without its target, says so. Values move only when it is taken.
template <class Compare>
void Translator::branch_when(Label& l, Compare compare) {
    compare(false, false);
    targets.push_back(here());
    u32 skip = none;
    word(skip);
    skip = here() - 1;
    transfer(l);
    branch(l);
    bind(skip);
}

void Translator::br_if(u32 depth) {
    Label& l = label(depth);
    u32 n = u32(l.branch_types().size());
    if (n > moved_singly) {
        Operand c = pop();
        bool negate = std::exchange(negate_next_, false);
        u32 slot = ensure_slot(c);
        bool is_local = c.kind == Operand::Kind::local;
        materialize_top(n);
        if (is_local) push_local(slot, c.type);
        else push_home(c.type);
        last_.cell = none;
        negate_next_ = negate;
    }
    if (in_place(l, 1)) {
        condition(true, l.kind == Label::Kind::loop);
        target(l, true);
        last_.cell = none;
        return;
    }
    branch_when(l, [&](bool sense, bool back) { condition(sense, back); });
}

// A branch on whether the reference is null: a comparison with zero.
void Translator::null_branch(u32 slot, bool null, bool back) {
    u32 s = near(slot, Class::i64);
    flush_all();
    emit(compare_branch_id(null ? Compare::i64_eq : Compare(u32(Compare::i64_eq) + 1), CompareShape::SI, edge(back)), abcd(s, 0));
    last_.cell = none;
}

void Translator::br_on_null(u32 depth) {
    Label& l = label(depth);
    Operand e = pop();
    u32 slot = ensure_slot(e);
    if (u32 n = u32(l.branch_types().size()); n > moved_singly) materialize_top(n);
    if (in_place(l, 0)) {
        null_branch(slot, true, l.kind == Label::Kind::loop);
        target(l, true);
    } else {
        branch_when(l, [&](bool sense, bool back) { null_branch(slot, sense, back); });
    }
    if (e.kind == Operand::Kind::local) push_local(slot, e.type);
    else push_home(e.type);
}

void Translator::br_on_non_null(u32 depth) {
    Label& l = label(depth);
    materialize_top(std::max<u32>(1, l.branch_types().size() > moved_singly ? u32(l.branch_types().size()) : 1));
    u32 slot = stack_.back().home;
    if (in_place(l, 0)) {
        null_branch(slot, false, l.kind == Label::Kind::loop);
        target(l, true);
    } else {
        branch_when(l, [&](bool sense, bool back) { null_branch(slot, !sense, back); });
    }
    pop();
}

// A branch on whether the reference passes the cast (a CastTarget); it stays on the stack either way.
void Translator::br_on_cast(u32 depth, u32 cast, bool on_success) {
    Label& l = label(depth);
    u32 values = u32(l.branch_types().size());
    materialize_top(values > moved_singly ? values : 1);
    u32 slot = stack_.back().home;
    auto test = [&](bool sense, bool) {
        u32 s = near(slot, Class::i64);
        flush_all();
        emit(object_id(sense == on_success ? ObjectRow::br_if_cast : ObjectRow::br_if_no_cast), ab_hi(s, 0, cast));
        last_.cell = none;
    };
    if (!in_place(l, 0)) return branch_when(l, test);
    test(true, false);
    target(l);
}

// Likewise by a descriptor, which is on top and goes away.
void Translator::br_on_cast_desc_eq(u32 depth, bool nullable, bool on_success) {
    Label& l = label(depth);
    Operand d = pop();
    u32 descriptor = ensure_slot(d), values = u32(l.branch_types().size());
    materialize_top(values > moved_singly ? values : 1);
    u32 slot = stack_.back().home;
    auto test = [&](bool sense, bool) {
        u32 s = near(slot, Class::i64), by = near(descriptor, Class::i64);
        flush_all();
        emit(object_id(sense == on_success ? ObjectRow::br_if_described : ObjectRow::br_if_not_described), ab_hi(s, by, nullable));
        last_.cell = none;
    };
    if (!in_place(l, 0)) return branch_when(l, test);
    test(true, false);
    target(l);
}

void Translator::br_table(const Instr& in) {
    Operand e = pop();
    Taken index = take(e);
    if (index.source == Source::I) to_slot(index, Class::i32);
    Reader r(in.vec);
    for (u32 i = 0; i < in.index; ++i) r.u32_leb();
    u32 values = u32(label(r.u32_leb()).branch_types().size());
    materialize_top(values);
    u32 from = values ? stack_[stack_.size() - values].home : 0, slots = values ? home_ - from : 0;
    flush_all();
    emit(control_id(index.source == Source::A ? Control::br_table_a : Control::br_table_s), ab_hi(index.field(), 0, in.index));
    // Labels that want the values elsewhere are reached through a trampoline each, which moves them.
    std::vector<std::pair<u32, u32>> detours;  // table word, label number
    std::vector<u32> numbers;
    r = Reader(in.vec);
    for (u32 i = 0; i <= in.index; ++i) {
        u32 number = u32(labels_.size()) - 1 - r.u32_leb();
        Label& l = labels_[number];
        if (values == 0 || l.base == from) {
            target(l);
            continue;
        }
        if (l.trampoline == none) {
            l.trampoline = 0;
            numbers.push_back(number);
        }
        detours.push_back({here(), number});
        targets.push_back(here());
        word(0);
    }
    for (u32 number : numbers) {
        Label& l = labels_[number];
        place_label();
        l.trampoline = here();
        emit(body_id(Body::move_block), halves(l.base, from));
        word(slots);
        branch(l);
    }
    for (auto [at, number] : detours) words[at] = labels_[number].trampoline;
    for (u32 number : numbers) labels_[number].trampoline = none;
    unreachable_from_here();
}

void Translator::return_() {
    std::span<const ValType> results = type_.results;
    u32 record = layout_.record;
    unreachable_from_here();
    if (results.empty()) {
        if (record > 0xffff) {
            emit(control_id(Control::return_many), halves(record, 0));
            return word(0);
        }
        return emit(control_id(Control::return_none), abcd(record, 0));
    }
    Class c = class_of(results[0]);
    if (results.size() > 1 || c == Class::v128 || layout_.wide) {
        u32 n = u32(results.size());
        u32 from = 0, slots = slots_of(c);
        if (n == 1) {
            Operand e = stack_.back();
            from = ensure_slot(e);
        } else {
            materialize_top(n);
            from = stack_[stack_.size() - n].home;
            slots = home_ - from;
        }
        emit(control_id(Control::return_many), halves(record, from));
        return word(slots);
    }
    Operand e = pop();
    u32 reg = register_of(c);
    if (e.kind == Operand::Kind::constant && reg == 0 && e.bits >> 32 == 0) {
        return emit(control_id(Control::return_imm), ab_hi(record, 0, e.bits));
    }
    if (e.kind == Operand::Kind::constant) ensure_slot(e);
    Taken t = take(e);
    constexpr Control by_accumulator[] = {Control::return_acc, Control::return_acc_f64, Control::return_acc_f32};
    constexpr Control by_slot[] = {Control::return_slot, Control::return_slot_f64, Control::return_slot_f32};
    emit(control_id(t.source == Source::A ? by_accumulator[reg] : by_slot[reg]), abcd(record, t.field()));
}

// ---- calls

// Arguments to their home slots; gives the first one's.
u32 Translator::arguments(const FuncType& t) {
    u32 n = u32(t.params.size());
    flush_all();
    materialize_top(n);
    u32 first = n ? stack_[stack_.size() - n].home : home_;
    for (u32 i = 0; i < n; ++i) pop();
    return first;
}

void Translator::reload_cell() { emit(control_id(Control::reload), halves(layout_.record, 0)); }

// Every call is followed by the cell that a return from another instance executes.
void Translator::after_call(const FuncType& t) {
    reload_cell();
    forget();
    last_label_ = here();
    push_types(t.results);
    if (t.results.size() == 1 && class_of(t.results[0]) != Class::v128 && !layout_.wide) acc_[register_of(class_of(t.results[0]))].mirrors = stack_.back().home;
}

void Translator::call(u32 func) {
    const FuncType& t = m_.func_type(func);
    if (func < m_.imported_funcs) {
        u32 k = arguments(t);
        emit(control_id(Control::call_import), halves(k, func));
        return after_call(t);
    }
    FuncCode& callee = m_.code[func - m_.imported_funcs];
    flush_all();
    // Trailing arguments that are locals are moved by the call itself.
    u32 n = u32(t.params.size()), moves = 0;
    u32 from[call_moves - 1] = {};
    bool wide = layout_.wide || callee.is_large() || home_ + callee.record > 0xffff || callee.zeroed > 0xffff;
    while (!wide && moves < call_moves - 1 && moves < n && stack_.back().kind == Operand::Kind::local && stack_.back().type != Class::v128)
        from[moves++] = pop().slot;
    u32 to = home_;
    materialize_top(n - moves);
    for (u32 i = moves; i < n; ++i) pop();
    u32 k = home_;
    if (wide) {
        emit(control_id(Control::call_wide), halves(k, 0));
        word(reinterpret_cast<Word>(&callee));
        return after_call(t);
    }
    emit(call_id(moves, callee.zeroed), abcd(k, k + callee.record, to, callee.zeroed));
    word(reinterpret_cast<Word>(&callee));
    if (moves) {
        u64 sources = 0;
        for (u32 i = 0; i < moves; ++i) sources |= u64(from[moves - 1 - i]) << (16 * i);
        word(sources);
    }
    after_call(t);
}

void Translator::call_indirect(u32 type, u32 table) {
    const FuncType& t = m_.type_table->func(m_.types[type]);
    u32 index = slot_for(pop());
    u32 k = arguments(t);
    emit(control_id(Control::call_indirect), ab_hi(index, 0, k));
    word(halves(table, u32(m_.types[type])));
    after_call(t);
}

void Translator::call_ref(u32 type) {
    const FuncType& t = m_.type_table->func(m_.types[type]);
    u32 function = slot_for(pop());
    u32 k = arguments(t);
    emit(control_id(Control::call_ref), ab_hi(function, 0, k));
    after_call(t);
}

void Translator::tail_call(u32 func) {
    u32 first = arguments(m_.func_type(func));
    bool imported = func < m_.imported_funcs;
    emit(control_id(imported ? Control::tail_call_import : Control::tail_call), halves(layout_.record, first));
    word(imported ? func : reinterpret_cast<Word>(&m_.code[func - m_.imported_funcs]));
    unreachable_from_here();
}

void Translator::tail_call_indirect(u32 type, u32 table) {
    Operand e = pop();
    u32 index = ensure_slot(e);
    u32 first = arguments(m_.type_table->func(m_.types[type]));
    emit(control_id(Control::tail_call_indirect), halves(layout_.record, first));
    word(halves(table, u32(m_.types[type])));
    word(index);
    unreachable_from_here();
}

void Translator::tail_call_ref(u32 type) {
    Operand e = pop();
    u32 function = ensure_slot(e);
    u32 first = arguments(m_.type_table->func(m_.types[type]));
    emit(control_id(Control::tail_call_ref), halves(layout_.record, first));
    word(function);
    unreachable_from_here();
}

// ---- exceptions

void Translator::throw_(u32 tag) {
    const FuncType& t = m_.type_table->func(m_.tags[tag]);
    u32 first = arguments(t), slots = 0;
    for (ValType v : t.params) slots += v.slots();
    emit(control_id(Control::throw_), halves(tag, first));
    word(slots);
    unreachable_from_here();
}

void Translator::throw_ref() {
    u32 slot = slot_for(pop());
    emit(control_id(Control::throw_ref), abcd(slot, 0));
    unreachable_from_here();
}

// ---- legacy exceptions: https://github.com/WebAssembly/exception-handling/blob/main/proposals/exception-handling/legacy/Exceptions.md

// The body, or the handler before, ends; what it gives goes to the block's results. The exception is kept below the handler's operands.
void Translator::catch_(const Instr& in) {
    Label& l = labels_.back();
    if (!l.in_handler) range.tries[l.try_range].to = here();
    if (!l.dead) {
        transfer(l);
        branch(l);
    }
    cut(l);
    place_label();
    l.dead = false;
    l.in_handler = true;
    l.try_around = labels_[labels_.size() - 2].try_around;
    u32 clause = u32(range.clauses.size());
    bool all = in.op == Op::catch_all;
    Catch::Kind kind = all ? Catch::Kind::catch_all : Catch::Kind::catch_;
    range.clauses.push_back({.kind = kind, .tag = all ? 0 : in.index, .slot = l.base, .target = here(), .is_legacy = true});
    (l.last_clause == none ? range.tries[l.try_range].clause : range.clauses[l.last_clause].next) = clause;
    l.last_clause = clause;
    push_home(Class::i64);
    if (!all) push_types(m_.type_table->func(m_.tags[in.index]).params);
    settled_ = u32(stack_.size());
}

// Exceptions of the body go on where that label's block stands.
void Translator::delegate(u32 depth) {
    TryRange& t = range.tries[labels_.back().try_range];
    t.delegates = true;
    t.to_try = label(depth + 1).try_around;
    end();
}

void Translator::rethrow(u32 depth) {
    u32 slot = near(label(depth).base, Class::i64);
    emit(control_id(Control::throw_ref), abcd(slot, 0));
    unreachable_from_here();
}

}  // namespace heddle
