// Stacks change hands: resume, suspend, switch.
#include "continuation.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "handlers.hpp"
#include "runtime_calls.hpp"
#include "store.hpp"
#include "unwind.hpp"

namespace heddle {

namespace {

// ---- cells, as handlers.def describes them

u32 lo(Word w) { return u32(w); }
u32 hi(Word w) { return u32(w >> 32); }

u32 home(const Word* pc) { return lo(pc[1]); }  // of the first operand and the first result
constexpr u32 resume_words = 4, handler_words = 2, suspend_words = 3;
const Word* behind_resume(const Word* pc) { return pc + resume_words + handler_words * hi(pc[2]); }

// A handler of a resume cell: {tag | slot << 32} {target; 0: on switch}.
const Word* find_handler(const StackLink& l, const TagObject* tag, bool is_switch) {
    for (const Word *h = l.pc + resume_words, *end = behind_resume(l.pc); h < end; h += handler_words)
        if ((h[1] == 0) == is_switch && l.instance->tags[lo(h[0])] == tag) return h;
    return nullptr;
}

// ---- stacks

void use_innermost(ExecContext& c) {
    const ExecutionData& e = *c.current;
    use_stack(c, reinterpret_cast<u64>(e.stacks ? e.stacks->stack.limit : e.stack.limit));
}

void give_back(StoreData& s, Stack stack) noexcept {
    if (s.warm_count < s.warm.size()) s.warm[s.warm_count++] = stack;
    else s.engine.data().stacks.give_back(stack);
}

// A new link, or null. A continuation that nobody will resume may hold the last stack.
StackLink* take_link(StoreData& s, const Safepoint& at) noexcept {
    Stack stack = s.warm_count ? s.warm[--s.warm_count] : s.engine.data().stacks.take();
    if (!stack && s.heap.collect(at)) stack = s.warm_count ? s.warm[--s.warm_count] : s.engine.data().stacks.take();
    if (!stack) return nullptr;
    StackLink* l = new (stack.base) StackLink;
    l->stack = stack;
    return l;
}

bool holds(const StackLink& l, const void* p) { return l.stack.base <= p && p < l.stack.end; }

// The link whose resume handles the tag; null: none does, or a host frame lies between.
struct Handler {
    StackLink* link = nullptr;
    const Word* words = nullptr;
};
Handler find_handler(const ExecutionData& e, const TagObject* tag, bool is_switch) {
    for (StackLink* l = e.stacks; l && !(e.top && holds(*l, e.top)); l = l->below)
        if (const Word* h = find_handler(*l, tag, is_switch)) return {l, h};
    return {};
}

// ---- objects

ContObject* new_cont(const Safepoint& at, u64 values) noexcept {
    StoreData& s = *at.instance.store;
    u64 bytes = sizeof(ContObject) + values * sizeof(u64);
    HeapObject* o = s.heap.allocate(HeapObject::Kind::continuation, TypeId::none, bytes, true, at);
    if (!o) return nullptr;
    ContObject* k = static_cast<ContObject*>(o);
    k->count = values;
    return k;
}

ContObject* cont_at(u64 word) { return reinterpret_cast<ContObject*>(word); }

TrapCode unusable(const ContObject* k) {
    if (!k) return TrapCode::null_continuation_reference;
    return k->is_consumed() ? TrapCode::continuation_consumed : TrapCode::none;
}

// Room for one more owner of stacks.
bool reserve_owner(StoreData& s) noexcept {
    try {
        if (s.suspended.size() == s.suspended.capacity()) s.suspended.reserve(s.suspended.size() * 2 + 8);
        return true;
    } catch (const std::bad_alloc&) {
        s.context.trap = TrapCode::heap_limit;
        return false;
    }
}

void own(StoreData& s, ContObject& k) {
    k.place = s.suspended.size();
    s.suspended.push_back(&k);
}

void disown(StoreData& s, const ContObject& k) {
    s.suspended.back()->place = k.place;
    s.suspended[k.place] = s.suspended.back();
    s.suspended.pop_back();
}

void consume(StoreData& s, ContObject& k) {
    if (k.inner) disown(s, k);
    k.function = nullptr;
    k.inner = k.outer = nullptr;
}

// The running stacks up to `outer` become a new continuation's, to go on behind pc. Null: the context's trap says why.
ContObject* capture(ExecContext& c, StackLink& outer, const Word* pc, Slot* frame, InstanceObject* in) noexcept {
    StoreData& s = *c.store;
    if (!reserve_owner(s)) return nullptr;
    ContObject* k = new_cont({*in, pc, frame}, 0);
    if (!k) return nullptr;
    k->inner = c.current->stacks;
    k->outer = &outer;
    k->pc = pc;
    k->frame = frame;
    k->instance = in;
    own(s, *k);
    c.current->stacks = std::exchange(outer.below, nullptr);
    return k;
}

// ---- running a continuation

struct Place {
    const Word* pc;
    Slot* frame;
    InstanceObject* instance;
};

// Puts a link's stack on top of what runs, whose resume cell is at that place.
void put_above(ExecContext& c, StackLink& inner, StackLink& outer, const Place& at) {
    outer.below = c.current->stacks;
    outer.pc = at.pc;
    outer.frame = at.frame;
    outer.instance = at.instance;
    c.current->stacks = &inner;
    use_innermost(c);
}

void copy_arguments(Slot* to, const ContObject& k, std::span<const Slot> args) {
    for (u64 v : k.values()) (to++)->bits = v;
    std::ranges::copy(args, to);
}

TrapCode start(ExecContext& c, ContObject& k, const Place& at, std::span<const Slot> args, const Safepoint& safepoint) {
    StackLink* l = take_link(*c.store, safepoint);
    if (!l) return TrapCode::stack_limit;
    const FuncObject& f = *k.function;
    l->results = f.code->result_slots;
    if (reinterpret_cast<std::byte*>(l->bottom() + std::max(f.code->param_slots, l->results)) > l->stack.limit ||
        reinterpret_cast<std::byte*>(l->bottom()) + f.code->frame_bytes > l->stack.end) {
        give_back(*c.store, l->stack);
        return TrapCode::stack_overflow;
    }
    copy_arguments(l->bottom(), k, args);
    consume(*c.store, k);
    put_above(c, *l, *l, at);
    enter(c, f, l->bottom(), cells.return_to_resume, reinterpret_cast<Slot*>(l));
    return TrapCode::none;
}

// Goes on with a usable continuation; `at`: where its stacks are handled.
TrapCode go_on_with(ExecContext& c, ContObject& k, const Place& at, std::span<const Slot> args, const Safepoint& safepoint) {
    if (k.function) return start(c, k, at, args, safepoint);
    copy_arguments(k.frame + home(k.pc), k, args);
    put_above(c, *k.inner, *k.outer, at);
    c.pc = k.pc + suspend_words;
    c.frame = k.frame;
    c.instance = k.instance;
    consume(*c.store, k);
    return TrapCode::none;
}

bool leave(ExecContext& c, TrapCode t, const Place& at) {
    leave_trapped(c, t, at.pc, at.frame, at.instance);
    return false;
}

bool resume_throwing(ExecContext& c, ContObject& k, ExceptionObject* e, const Place& at) {
    c.exception = e;
    if (k.function) {  // nothing of it can catch
        consume(*c.store, k);
        return unwind(c, at.pc, at.frame, at.instance);
    }
    put_above(c, *k.inner, *k.outer, at);
    consume(*c.store, k);
    return unwind(c, k.pc, k.frame, k.instance);
}

}  // namespace

// https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md#resuming-continuations
bool resume(Resume how, ExecContext& c, const Word* pc, Slot* frame, InstanceObject* in) noexcept {
    Place at{pc, frame, in};
    const Slot* args = frame + home(pc);
    u32 count = lo(pc[2]);
    ContObject* k = cont_at(frame[hi(pc[1])].bits);
    if (TrapCode t = unusable(k); t != TrapCode::none) return leave(c, t, at);
    if (how == Resume::plain) {
        TrapCode t = go_on_with(c, *k, at, {args, count}, {*in, pc, frame});
        return t == TrapCode::none || leave(c, t, at);
    }
    ExceptionObject* e = how == Resume::throw_ref ? reinterpret_cast<ExceptionObject*>(frame[pc[3]].bits)
                                                  : new_exception({*in, pc, frame}, in->tags[pc[3]], args, count);
    if (!e) return leave(c, how == Resume::throw_ref ? TrapCode::null_exception_reference : c.trap, at);
    return resume_throwing(c, *k, e, at);
}

// https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md#suspending-continuations
bool suspend(ExecContext& c, const Word* pc, Slot* frame, InstanceObject* in) noexcept {
    Place at{pc, frame, in};
    auto [link, handler] = find_handler(*c.current, in->tags[hi(pc[1])], false);
    if (!link) return leave(c, TrapCode::unhandled_tag, at);
    ContObject* k = capture(c, *link, pc, frame, in);
    if (!k) return leave(c, c.trap, at);
    Slot* to = std::copy_n(frame + home(pc), lo(pc[2]), link->frame + hi(handler[0]));
    to->bits = reinterpret_cast<u64>(k);
    c.pc = reinterpret_cast<const Word*>(handler[1]);
    c.frame = link->frame;
    c.instance = link->instance;
    use_innermost(c);
    return true;
}

// https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md#switching-between-continuations
bool switch_to(ExecContext& c, const Word* pc, Slot* frame, InstanceObject* in) noexcept {
    Place at{pc, frame, in};
    ContObject* target = cont_at(frame[hi(pc[1])].bits);
    if (TrapCode t = unusable(target); t != TrapCode::none) return leave(c, t, at);
    auto [link, handler] = find_handler(*c.current, in->tags[hi(pc[2])], true);
    if (!link) return leave(c, TrapCode::unhandled_tag, at);
    Place handled{link->pc, link->frame, link->instance};
    ContObject* own = capture(c, *link, pc, frame, in);
    if (!own) return leave(c, c.trap, at);
    // Nothing that runs refers to either now.
    u64 words[] = {reinterpret_cast<u64>(own), reinterpret_cast<u64>(target)};
    Held held(*c.store);
    held.words = words;
    held.count = std::size(words);
    // The last argument takes the place of the target.
    u32 count = lo(pc[2]);
    Slot* args = frame + home(pc);
    args[count].bits = reinterpret_cast<u64>(own);
    TrapCode t = go_on_with(c, *target, handled, {args, count + 1}, {*in, nullptr, nullptr});
    return t == TrapCode::none || leave(c, t, at);
}

void return_to_resume(ExecContext& c, StackLink& l) noexcept {
    Slot* to = l.frame + home(l.pc);
    std::copy_n(l.bottom(), l.results, to);
    c.pc = behind_resume(l.pc);
    c.frame = l.frame;
    c.instance = l.instance;
    drop_innermost(c);
}

u64 cont_new(const Safepoint& at, const FuncObject& f) noexcept {
    ContObject* k = new_cont(at, 0);
    if (!k) return 0;
    k->function = &f;
    return reinterpret_cast<u64>(k);
}

u64 cont_bind(const Safepoint& at, u64 cont, const Slot* values, u32 count) noexcept {
    StoreData& s = *at.instance.store;
    ContObject* old = cont_at(cont);
    if (TrapCode t = unusable(old); t != TrapCode::none) {
        s.context.trap = t;
        return 0;
    }
    if (!reserve_owner(s)) return 0;
    ContObject* k = new_cont(at, old->count + count);
    if (!k) return 0;
    std::ranges::copy(old->values(), k->slots());
    for (u32 i = 0; i < count; ++i) k->slots()[old->count + i] = values[i].bits;
    k->function = old->function;
    k->inner = old->inner;
    k->outer = old->outer;
    k->pc = old->pc;
    k->frame = old->frame;
    k->instance = old->instance;
    consume(s, *old);
    if (k->inner) own(s, *k);
    return reinterpret_cast<u64>(k);
}

// ---- owners

void drop_innermost(ExecContext& c) noexcept {
    StackLink* l = c.current->stacks;
    c.current->stacks = l->below;
    give_back(*c.store, l->stack);
    use_innermost(c);
}

void drop_links(StoreData& s, StackLink* l) noexcept {
    while (l) {
        StackLink* below = l->below;
        s.engine.data().stacks.give_back(l->stack);
        l = below;
    }
}

void drop_unreached(StoreData& s, u16 mark) noexcept {
    for (std::size_t i = s.suspended.size(); i-- > 0;) {
        ContObject& k = *s.suspended[i];
        if (k.mark == mark) continue;
        drop_links(s, k.inner);
        consume(s, k);
    }
}

}  // namespace heddle
