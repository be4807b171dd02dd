#include "coredump.hpp"

#include <algorithm>

#include <heddle/bytes.hpp>

#include "instr.hpp"
#include "store.hpp"
#include "translate.hpp"

namespace heddle {

namespace {

constexpr u32 most_frames = 1024;
constexpr u64 page_bytes = 4096;  // pages of zeros are left out

enum Section : u8 { custom = 0, memory = 5, global = 6, data_ = 11 };

void add_section(Writer& to, Section id, const Writer& contents) {
    to.byte(id);
    to.u64_leb(contents.bytes.size());
    to.span(contents.bytes);
}

// ---- frames

void write_value(Writer& w, ValType t, Slot s) {
    switch (t.kind()) {
        case ValType::i32_: w.byte(0x7f), w.i32_leb(s.as<i32>()); break;
        case ValType::i64_: w.byte(0x7e), w.i64_leb(s.as<i64>()); break;
        case ValType::f32_: w.byte(0x7d), w.fixed32(u32(s.bits)); break;
        case ValType::f64_: w.byte(0x7c), w.fixed64(s.bits); break;
        default: w.byte(0x01);
    }
}

// Parameters and locals of a frame, in their order.
u32 write_locals(Writer& w, const ActiveFrame& f) {
    const ModuleData& m = *f.code->module;
    const FuncBody& body = m.bodies[f.code->func_index - m.imported_funcs];
    u32 slot = 0, count = 0;
    auto add = [&](ValType t) {
        write_value(w, t, f.frame[slot]);
        slot += t.slots();
        ++count;
    };
    for (ValType t : m.func_type(f.code->func_index).params) add(t);
    slot += f.code->record - body.local_slots;  // of a wide frame: between parameters and locals
    Reader r(m.span(), body.from, body.to);
    for (u32 groups = r.u32_leb(); groups > 0; --groups) {
        u32 n = r.u32_leb();
        ValType t = read_val_type(r).type;
        for (u32 i = 0; i < n; ++i) add(t);
    }
    return count;
}

struct Frames {
    const InstanceObject* instance;
    std::span<const Frame> trace;  // where their instructions are
    std::size_t at = 0;
    u32 count = 0;
    Writer out;
};

bool write_frame(void* data, const ActiveFrame& f) {
    Frames& frames = *static_cast<Frames*>(data);
    if (frames.at == frames.trace.size()) return false;
    const Frame& where = frames.trace[frames.at++];
    if (f.instance != frames.instance) return true;
    const ModuleData& m = *f.code->module;
    Writer& w = frames.out;
    w.byte(0);
    w.u32_leb(f.code->func_index);
    u32 start = m.bodies[f.code->func_index - m.imported_funcs].from;
    w.u32_leb(where.module_offset > start ? where.module_offset - start : 0);
    Writer locals;
    u32 n = write_locals(locals, f);
    w.u32_leb(n);
    w.span(locals.bytes);
    w.u32_leb(0);
    ++frames.count;
    return true;
}

// ---- memories and globals

void write_data(Writer& w, const InstanceData& in, u32& segments) {
    for (u32 i = 0; i < in.memory_space.size(); ++i) {
        const MemoryObject& m = *in.memory_space[i];
        const u8* base = m.base.load();
        u64 size = m.bytes.load();
        auto is_zero = [&](u64 at) { return std::all_of(base + at, base + std::min(size, at + page_bytes), [](u8 b) { return b == 0; }); };
        for (u64 from = 0; from < size;) {
            u64 to = from;
            while (to < size && !is_zero(to)) to = std::min(size, to + page_bytes);
            if (to == from) {
                from += page_bytes;
                continue;
            }
            w.byte(2);  // active, with its memory
            w.u32_leb(i);
            w.byte(m.type.is64 ? 0x42 : 0x41);
            w.i64_leb(m.type.is64 ? i64(from) : i64(i32(u32(from))));
            w.byte(0x0b);
            w.u64_leb(to - from);
            w.span({base + from, std::size_t(to - from)});
            ++segments;
            from = to;
        }
    }
}

void write_memories(Writer& w, const InstanceData& in) {
    w.u32_leb(u32(in.memory_space.size()));
    for (const MemoryObject* m : in.memory_space) {
        bool other_page = m->type.page_log2 != 16;
        w.byte(u8((m->type.is64 ? 4 : 0) | (other_page ? 8 : 0)));
        w.u64_leb(m->pages());
        if (other_page) w.u32_leb(m->type.page_log2);
    }
}

void write_global(Writer& w, const GlobalObject& g) {
    ValType t = g.type.type;
    const V128& v = g.value;
    switch (t.kind()) {
        case ValType::i32_: w.byte(0x7f), w.byte(0), w.byte(0x41), w.i32_leb(i32(u32(v.lo))); break;
        case ValType::i64_: w.byte(0x7e), w.byte(0), w.byte(0x42), w.i64_leb(i64(v.lo)); break;
        case ValType::f32_: w.byte(0x7d), w.byte(0), w.byte(0x43), w.fixed32(u32(v.lo)); break;
        case ValType::f64_: w.byte(0x7c), w.byte(0), w.byte(0x44), w.fixed64(v.lo); break;
        case ValType::v128_: w.byte(0x7b), w.byte(0), w.byte(0xfd), w.u32_leb(12), w.fixed64(v.lo), w.fixed64(v.hi); break;
        default: w.byte(0x6f), w.byte(0), w.byte(0xd0), w.byte(0x6f);  // what it refers to is not told
    }
    w.byte(0x0b);
}

}  // namespace

std::vector<u8> core_dump(const Word* pc, Slot* frame, InstanceObject* instance) {
    u32 omitted = 0;
    std::vector<Frame> trace = backtrace(pc, frame, instance, most_frames, omitted);
    const InstanceData& in = data(*instance);
    Frames frames{instance, trace, 0, 0, {}};
    walk_stack(pc, frame, instance, write_frame, &frames);
    Writer w;
    w.fixed32(0x6d736100);
    w.fixed32(1);
    Writer core;
    core.name("core");
    core.byte(0);
    core.name(in.module ? std::string_view(in.module->name) : std::string_view());
    add_section(w, custom, core);
    Writer stack;
    stack.name("corestack");
    stack.byte(0);
    stack.name("main");
    stack.u32_leb(frames.count);
    stack.span(frames.out.bytes);
    add_section(w, custom, stack);
    Writer memories, globals, segments, data_section;
    write_memories(memories, in);
    add_section(w, memory, memories);
    globals.u32_leb(u32(in.global_space.size()));
    for (const GlobalObject* g : in.global_space) write_global(globals, *g);
    add_section(w, global, globals);
    u32 count = 0;
    write_data(segments, in, count);
    data_section.u32_leb(count);
    data_section.span(segments.bytes);
    add_section(w, data_, data_section);
    return std::move(w.bytes);
}

}  // namespace heddle
