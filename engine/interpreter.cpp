#include "interpreter.hpp"

#include <algorithm>

#include "code.hpp"
#include "data_image.hpp"
#include "handler.hpp"
#include "translate.hpp"
#include "unwind.hpp"

namespace heddle {

// ---- handlers that everything ends in when something is rare

[[gnu::cold]] HANDLER trap_handler(REGISTERS) {
    STATE;
    leave_trapped(s.context(), TrapCode(s.acc), s.pc, s.frame, s.instance);
    LEAVE;
}

[[gnu::cold]] HANDLER memory_trap_handler(REGISTERS) {
    STATE;
    const MemoryObject* m = s.instance->memory0;
    if (m && m->bytes.load(std::memory_order_relaxed) > s.memory_size) {
        s.memory_size = m->bytes.load(std::memory_order_relaxed);
        DISPATCH;
    }
    leave_trapped(s.context(), TrapCode::memory_out_of_bounds, s.pc, s.frame, s.instance);
    LEAVE;
}

[[gnu::cold]] HANDLER poll_handler(REGISTERS) {
    STATE;
    if (!go_on_after_poll(s.context(), s.pc, s.frame, s.instance)) LEAVE;
    reload_memory(s);
    DISPATCH;
}

[[gnu::cold]] HANDLER no_room_handler(REGISTERS) {
    STATE;
    ExecContext& context = s.context();
    if (context.limit.load(std::memory_order_relaxed) == context.true_limit) {
        leave_trapped(context, TrapCode::stack_overflow, s.pc, s.frame, s.instance);
        LEAVE;
    }
    if (!go_on_after_poll(context, s.pc, s.frame, s.instance)) LEAVE;
    reload_memory(s);
    DISPATCH;
}

Word handler_word(HandlerId id) {
    static constexpr const Handler* tables[] = {numeric_handlers.data(), branch_handlers.data(),  memory_handlers.data(),
                                                simd_handlers.data(),    control_handlers.data(), body_handlers.data(),
                                                object_handlers.data(),  cont_handlers.data(),    pinned_handlers.data()};
    static_assert(std::size(tables) == std::size_t(Group::count_));
    return reinterpret_cast<Word>(tables[id >> 12][id & 0xfff]);
}

// ---- the static cells

namespace {

// In front of every cell that a call returns to lies a reload cell; two words stand for it here.
struct StaticCell {
    Word no_reload[2] = {0, 0};
    Word cell[2];
    explicit StaticCell(HandlerId h) : cell{handler_word(h), 0} {}
    explicit StaticCell(Control c) : StaticCell(control_id(c)) {}
};
const StaticCell leave_cell{Control::leave}, host_next_cell{Control::host_next_}, resume_blocked_cell{Control::resume_blocked},
    resume_parked_cell{Control::resume_parked}, return_to_resume_cell{cont_id(ContRow::return_to_resume)};

}  // namespace

const Cells cells{leave_cell.cell, host_next_cell.cell, resume_blocked_cell.cell, resume_parked_cell.cell, return_to_resume_cell.cell};

// ---- entering

void run(ExecContext& context) noexcept {
    State s{};
    s.pc = context.pc;
    s.frame = context.frame;
    s.instance = context.instance;
    set_context(s, context);
    reload_memory(s);
    run_handlers(s);
}

// ---- preparing

void prepare(ModuleData& m, const CodeOptions& options) {
    m.storage = std::make_unique<CodeStorage>(options);
    m.data_image = std::make_unique<DataImage>(m);
    m.code = std::make_unique<FuncCode[]>(m.bodies.size());
    for (std::size_t i = 0; i < m.bodies.size(); ++i) {
        const FuncBody& body = m.bodies[i];
        FuncCode& code = m.code[i];
        FrameLayout layout = frame_layout(body);
        code.record = layout.record;
        code.zeroed = layout.record - body.param_slots;
        code.frame_bytes = layout.slots * u32(sizeof(Slot));
        code.param_slots = body.param_slots;
        code.result_slots = body.result_slots;
        code.func_index = m.imported_funcs + u32(i);
        code.type = m.funcs[code.func_index];
        code.module = &m;
        code.stub[0] = handler_word(control_id(Control::translate_));
        code.stub[1] = reinterpret_cast<Word>(&code);
        code.entry.store(code.stub, std::memory_order_relaxed);
        code.paid_entry.store(code.stub, std::memory_order_relaxed);
    }
}

void prepare_host(FuncCode& code, HostFunc* host, TypeId type, u32 param_slots, u32 result_slots) {
    code.record = std::max(param_slots, result_slots);
    code.zeroed = 0;
    code.frame_bytes = (code.record + record_slots) * u32(sizeof(Slot));
    code.param_slots = param_slots;
    code.result_slots = result_slots;
    code.type = type;
    code.module = nullptr;
    code.stub[0] = handler_word(control_id(Control::host_entry));
    code.stub[1] = reinterpret_cast<Word>(host);
    code.entry.store(code.stub, std::memory_order_release);
}

void prepare_passage(FuncCode& code) { code.stub[0] = handler_word(control_id(Control::passage_entry)); }

void translate_all(ModuleData& m) {
    for (std::size_t i = 0; i < m.bodies.size(); ++i) translate(m.code[i]);
}

}  // namespace heddle
