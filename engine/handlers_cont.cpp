// Stack switching: what runs changes its stack out of line (continuation.hpp). Operands and results lie in slots.
#include "continuation.hpp"
#include "handler.hpp"

namespace heddle {
namespace {

#define GO_ON_AS(context)                  \
    do {                                   \
        s.pc = (context).pc;               \
        s.frame = (context).frame;         \
        s.instance = (context).instance;   \
        reload_memory(s);                  \
        DISPATCH;                          \
    } while (0)

// A resumed computation may suspend at once, for ever: every change of stacks polls.
template <bool (*change)(ExecContext&, const Word*, Slot*, InstanceObject*) noexcept>
HANDLER change_stack(REGISTERS) {
    STATE;
    POLL;
    ExecContext& context = s.context();
    if (!change(context, s.pc, s.frame, s.instance)) LEAVE;
    GO_ON_AS(context);
}

template <Resume how>
bool resume_how(ExecContext& context, const Word* pc, Slot* frame, InstanceObject* instance) noexcept {
    return heddle::resume(how, context, pc, frame, instance);
}

constexpr Handler resume = change_stack<resume_how<Resume::plain>>, resume_throw = change_stack<resume_how<Resume::throw_>>,
                  resume_throw_ref = change_stack<resume_how<Resume::throw_ref>>, suspend = change_stack<heddle::suspend>,
                  switch_ = change_stack<switch_to>;

HANDLER return_to_resume(REGISTERS) {
    STATE;
    ExecContext& context = s.context();
    heddle::return_to_resume(context, *reinterpret_cast<StackLink*>(s.frame));
    GO_ON_AS(context);
}

HANDLER cont_new(REGISTERS) {
    STATE;
    const FuncObject* f = reinterpret_cast<const FuncObject*>(s.get<u64>(1));
    if (!f) [[unlikely]] TRAP(TrapCode::null_function_reference);
    u64 k = heddle::cont_new({*s.instance, s.pc, s.frame}, *f);
    if (!k) [[unlikely]] TRAP(s.context().trap);
    store(s.slot(0), k);
    NEXT(2);
}

HANDLER cont_bind(REGISTERS) {
    STATE;
    u64 k = heddle::cont_bind({*s.instance, s.pc, s.frame}, s.get<u64>(0), s.frame + s.pc[2], s.hi());
    if (!k) [[unlikely]] TRAP(s.context().trap);
    s.frame[s.pc[2]].bits = k;
    NEXT(3);
}

constexpr HandlerTable<cont_count> make_table() {
    HandlerTable<cont_count> t{};
#define CONT(name) t[u32(ContRow::name)] = name;
#include "handlers.def"
    return t;
}

}  // namespace

constexpr HandlerTable<cont_count> cont_handlers = make_table();

}  // namespace heddle
