// The driver, emission of cells, and the symbolic operand stack.
#include "translate.hpp"

#include <algorithm>

#include "hot.hpp"
#include "translate_stack.hpp"

namespace heddle {

FrameLayout frame_layout(const FuncBody& body) {
    FrameLayout l;
    constexpr u32 spare = 2;  // operands that fusion looks at and that never reach their slot
    u32 slots = body.local_slots + record_slots + body.max_operand_slots + spare;
    l.wide = slots > 0xffff;
    l.record = body.local_slots + (l.wide ? window_slots : 0);
    l.slots = slots + (l.wide ? window_slots : 0);
    return l;
}

namespace {

// Writes the handlers' addresses into their cells: each cell's own, or a hot one.
void choose_handlers(const std::vector<Translator::Cell>& cells, std::vector<Word>& words, const CodeOptions& options) {
    static thread_local std::vector<HandlerId> ids;
    static thread_local std::vector<Word> chosen;
    ids.resize(cells.size());
    std::ranges::transform(cells, ids.begin(), &Translator::Cell::handler);
    chosen.assign(cells.size(), 0);
    if (options.superinstructions) choose_hot(ids, chosen, options.copies, options.metering);
    for (std::size_t i = 0; i < cells.size(); ++i) words[cells[i].position] = chosen[i] ? chosen[i] : options.own(cells[i].handler);
}

// Or one that counts, and which it counts. A reload cell is known by its handler.
void count_cells(const std::vector<Translator::Cell>& cells, std::vector<Word>& words, CodeRange& range) {
    for (const Translator::Cell& c : cells) {
        bool is_reload = c.handler == control_id(Control::reload);
        words[c.position] = handler_word(is_reload ? c.handler : control_id(Control::counted));
        if (!is_reload) range.counted.push_back({c.position, c.handler});
    }
}

}  // namespace

const Word* translate(FuncCode& code) {
    Translator t(code);
    t.run();
    const CodeOptions& options = code.module->storage->options;
    if (options.profile) count_cells(t.cells, t.words, t.range);
    else choose_handlers(t.cells, t.words, options);
    return code.module->storage->publish(code, t.words, t.targets, std::move(t.range));
}

std::vector<CellOffset> cell_offsets(FuncCode& code) {
    Translator t(code);
    t.run();
    std::vector<CellOffset> offsets;
    offsets.reserve(t.cells.size());
    for (const Translator::Cell& c : t.cells) offsets.push_back({c.position, c.offset});
    return offsets;
}

Translator::Translator(FuncCode& code)
    : m_(*code.module), code_(code), body_(m_.bodies[code.func_index - m_.imported_funcs]), type_(m_.func_type(code.func_index)),
      layout_(frame_layout(body_)), reader_(m_.span(), body_.from, body_.to), metering_(m_.storage->options.metering) {
    swap_buffers();
}

Translator::~Translator() {
    constexpr std::size_t large = 1 << 17;
    if (words.capacity() > large || aliases_.capacity() > large) return;  // given back
    words.clear();
    targets.clear();
    cells.clear();
    local_slots_.clear();
    local_types_.clear();
    stack_.clear();
    labels_.clear();
    swap_buffers();
}

Translator::Buffers& Translator::buffers() {
    static thread_local Buffers b;
    return b;
}

void Translator::swap_buffers() {
    Buffers& b = buffers();
    words.swap(b.words);
    targets.swap(b.targets);
    cells.swap(b.cells);
    local_slots_.swap(b.local_slots);
    local_types_.swap(b.local_types);
    aliases_.swap(b.aliases);
    stack_.swap(b.stack);
    labels_.swap(b.labels);
}

void Translator::run() {
    u32 slot = 0;
    auto add_local = [&](Class c) {
        local_slots_.push_back(slot);
        local_types_.push_back(c);
        may_pin_ = may_pin_ || (c == Class::f64 && !layout_.wide);
        slot += slots_of(c);
    };
    for (ValType t : type_.params) add_local(class_of(t));
    if (layout_.wide) {
        window_ = slot;
        result_window_ = slot + window_slots - 4;
        slot += window_slots;
    }
    u32 groups = reader_.u32_leb();
    for (u32 g = 0; g < groups; ++g) {
        u32 n = reader_.u32_leb();
        Class c = class_of(read_val_type(reader_).type);
        for (u32 i = 0; i < n; ++i) add_local(c);
    }
    aliases_.assign(slot, none);
    home_ = highest_ = layout_.record + record_slots;
    words.reserve(std::size_t(body_.to - body_.from));

    Label outermost;
    outermost.kind = Label::Kind::function;
    outermost.type = &type_;
    outermost.base = home_;
    labels_.push_back(outermost);
    charge();
    expression();
    // What the validator counted bounds what the frame holds; running past it would write over another frame.
    if (highest_ > layout_.slots) throw Error{Error::Kind::limit, "a function's operands do not fit its frame", body_.from};
}

// ---- emission

void Translator::too_many_slots() { throw Error{Error::Kind::limit, "a function has too many locals and operands", 0}; }

void Translator::place_label() {
    forget();
    last_label_ = here();
}

// Takes the last binary operation or load back.
void Translator::rewind() {
    words.resize(cells.back().position);
    cells.pop_back();
    acc_[last_.reg] = last_.before;
    last_.cell = none;
}

// What `near` does in a wide frame.
u32 Translator::brought_near(u32 slot, Class c) {
    u32 w = near_free(slot, c);
    for (u32 i = 0; i < slots_of(c); ++i) emit(body_id(Body::move_wide), halves(w + i, slot + i));
    return w;
}

// `slot`, or one in the window that stands for it.
u32 Translator::near_free(u32 slot, Class c) {
    u32 n = slots_of(c);
    if (!is_far(slot, n)) return slot;
    u32 w = window_ + window_used_;
    window_used_ += n;
    return w;
}

// ---- the operand stack

void Translator::push_types(std::span<const ValType> types) {
    for (ValType t : types) push_home(class_of(t));
}

void Translator::cut(const Label& l) {
    while (stack_.size() > l.entries) pop();
}

HandlerId Translator::set_accumulator(u32 reg) {
    constexpr Body by_register[] = {Body::set_acc, Body::set_acc_f64, Body::set_acc_f32, Body::set_acc_v128};
    return body_id(by_register[reg]);
}

// Wide frames keep no value in an accumulator only.
void Translator::wide_result(Operand& e, bool folds) {
    u32 reg = register_of(e.type);
    acc_[reg] = {};
    e.kind = Operand::Kind::home;
    if (is_far(e.home, slots_of(e.type))) emit(set_accumulator(reg), halves(e.home, 0));
    else fold_into({none, none, last_cell(), folds}, e.home);
    written(e.home, e.type);
}

// The cell just emitted wrote its result to result_slot(c).
void Translator::slot_result(Class c) {
    u32 home = push(Operand::Kind::home, c).home;
    written(home, c);
    if (is_far(home, slots_of(c)))
        for (u32 i = 0; i < slots_of(c); ++i) emit(body_id(Body::move_wide), halves(home + i, result_window_ + i));
}

// Makes an operand that was just taken one in a slot.
void Translator::to_slot(Taken& t, Class c) {
    if (t.source == Source::A && t.pending) {
        Accumulator& a = acc_[register_of(c)];
        fold_into(a, t.slot);
        a.folds = false;
        written(t.slot, c);
        t.pending = false;
    } else if (t.source == Source::A) {
        t.slot = near(t.slot, c);
    } else if (t.source == Source::I) {
        t.slot = near_free(t.slot, c);
        constant_to(t.slot, t.bits, c);
    }
    t.source = Source::S;
}

void Translator::constant_to(u32 slot, u64 bits, Class c) {
    if (bits >> 32 == 0 && !is_far(slot, 1)) {
        emit(body_id(Body::set_const), ab_hi(slot, 0, bits));
    } else {
        emit(body_id(Body::set_const64), halves(slot, 0));
        word(bits);
    }
    written(slot, c);
}

void Translator::constant_to_accumulator(Taken& t, Class c) {
    u32 reg = register_of(c);
    make_room(reg);
    if (c == Class::f64) {
        emit(body_id(Body::const_acc_f64), 0);
        word(t.bits);
    } else if (c == Class::f32) {
        emit(body_id(Body::const_acc_f32), halves(0, u32(t.bits)));
    } else if (t.bits >> 32 == 0) {
        emit(body_id(Body::const_acc), halves(0, u32(t.bits)));
    } else {
        emit(body_id(Body::const64_acc), 0);
        word(t.bits);
    }
    acc_[reg] = {none, none, last_cell(), true};
    t = {Source::A, true, near_free(t.slot, c), t.bits};
}

void Translator::move(u32 to, u32 from, Class c) {
    if (to == from) return;
    u32 n = slots_of(c);
    if (is_far(to, n) || is_far(from, n)) {
        for (u32 i = 0; i < n; ++i) emit(body_id(Body::move_wide), halves(to + i, from + i));
    } else if (c == Class::v128) {
        emit(body_id(Body::move_v128), abcd(to, from));
    } else {
        // Neighbouring moves share a cell.
        if (!cells.empty() && here() != last_label_) {
            Cell& last = cells.back();
            Word& w = words[last.position + 1];
            u32 a = u16(w), b = u16(w >> 16), third = u16(w >> 32), d = u16(w >> 48);
            if (last.handler == body_id(Body::move) && from != a) {
                last.handler = body_id(Body::move2);
                w = abcd(a, b, to, from);
                return written(to, c);
            }
            if (last.handler == body_id(Body::move2) && third == a + 1 && to == a + 2 && d != a && from != a && from != third) {
                last.handler = body_id(Body::move3);
                w = abcd(a, b, d, from);
                return written(to, c);
            }
        }
        emit(body_id(Body::move), abcd(to, from));
    }
    written(to, c);
}

// Whether the last cell put a vector's constant where this operand is.
bool Translator::is_constant_in(const Operand& e) const {
    return e.type == Class::v128 && here() != last_label_ && cells.back().handler == body_id(Body::set_v128) && u32(words[cells.back().position + 1]) == e.slot;
}

// Puts an operand that was popped, or will be, into a slot of its own choice: a local, or a label's home.
void Translator::store_to(Operand& e, u32 slot) {
    u32 reg = register_of(e.type);
    Accumulator& a = acc_[reg];
    HandlerId set = set_accumulator(reg);
    if (e.kind == Operand::Kind::pending) {
        a.pending = none;
        if (a.producer == last_cell()) {
            fold_into(a, slot);
            a.folds = false;
        } else {
            emit(set, halves(slot, 0));
        }
        written(slot, e.type);
        a.mirrors = slot;
        pin_result(slot);
    } else if (e.kind == Operand::Kind::constant) {
        constant_to(slot, e.bits, e.type);
        reload_pin(slot);
    } else if (e.kind == Operand::Kind::home && is_constant_in(e)) {
        Word& operands = words[cells.back().position + 1];
        operands = halves(slot, u32(operands >> 32));
        written(slot, e.type);
    } else if (e.slot != slot) {
        if (a.mirrors == e.slot && (reg == 0 || reg == vector_register)) {
            emit(set, halves(slot, 0));
            written(slot, e.type);
            a.mirrors = slot;
        } else {
            move(slot, e.slot, e.type);
            reload_pin(slot);
        }
    }
}

// The slot where a popped operand is, after bringing it into one.
u32 Translator::ensure_slot(Operand& e) {
    if (e.kind == Operand::Kind::pending) {
        Accumulator& a = acc_[register_of(e.type)];
        fold_into(a, e.home);
        written(e.home, e.type);
        a.folds = false;
        a.mirrors = e.home;
        a.pending = none;
        e.kind = Operand::Kind::home;
        e.slot = e.home;
    } else if (e.kind == Operand::Kind::constant) {
        constant_to(e.home, e.bits, e.type);
        e.kind = Operand::Kind::home;
        e.slot = e.home;
    }
    return e.slot;
}

// Brings a stack entry into its home. One that stands for a local must be the topmost of that local.
void Translator::materialize(u32 index) {
    Operand& e = stack_[index];
    if (e.kind == Operand::Kind::pending) return flush(register_of(e.type));
    if (e.kind == Operand::Kind::local) {
        aliases_[e.slot] = e.chain;
        move(e.home, e.slot, e.type);
    } else if (e.kind == Operand::Kind::constant) {
        constant_to(e.home, e.bits, e.type);
    }
    stack_[index].kind = Operand::Kind::home;
    stack_[index].slot = stack_[index].home;
}

void Translator::materialize_top(u32 n) {
    for (u32 i = u32(stack_.size()), end = i - n; i-- > end;)
        if (stack_[i].kind != Operand::Kind::home) materialize(i);
}

// Before a label: what stands for a local gets a copy.
void Translator::materialize_aliases() {
    for (u32 i = u32(stack_.size()); i-- > settled_;)
        if (stack_[i].kind == Operand::Kind::local) materialize(i);
    settled_ = u32(stack_.size());
}

// The local is about to change: entries that mean its old value get copies.
void Translator::save_aliases(u32 slot, Class c) {
    while (aliases_[slot] != none) {
        Operand& e = stack_[aliases_[slot]];
        aliases_[slot] = e.chain;
        u32 home = e.home;
        e.kind = Operand::Kind::home;
        e.slot = home;
        move(home, slot, c);
    }
}

}  // namespace heddle
