// From a module and its imports to an instance. The start function is not run here: it may trap, wait, or never end.
// https://webassembly.github.io/spec/core/exec/modules.html#instantiation
#include "data_image.hpp"
#include "runtime_calls.hpp"
#include "store.hpp"

namespace heddle {

ExternType type_of(const Extern& e) {
    ExternType t;
    t.kind = e.kind;
    switch (e.kind) {
        case ExternKind::func: t.type = e.func.object()->type; break;
        case ExternKind::table: t.table = e.table.type(); break;
        case ExternKind::memory: t.memory = e.memory.type(); break;
        case ExternKind::global: t.global = e.global.type(); break;
        case ExternKind::tag: t.type = e.tag.type(); break;
    }
    return t;
}

namespace {

[[noreturn]] void unlinkable(std::string message) { throw Error{Error::Kind::unlinkable, std::move(message)}; }

std::string name_of(const Import& i) { return "\"" + std::string(i.module) + "\" \"" + std::string(i.name) + "\""; }

bool is_empty(const Extern& e) {
    switch (e.kind) {
        case ExternKind::func: return !e.func;
        case ExternKind::table: return !e.table.object();
        case ExternKind::memory: return !e.memory;
        case ExternKind::global: return !e.global.object();
        case ExternKind::tag: return !e.tag.object();
    }
    return true;
}

void check_import(StoreData& s, const Import& wanted, const Extern& given) {
    const TypeTable& types = s.types();
    if (is_empty(given)) unlinkable("unknown import: " + name_of(wanted) + " " + describe(types, wanted.type));
    ExternType actual = type_of(given);
    bool exact_differs = wanted.type.kind == ExternKind::func && wanted.type.exact && actual.type != wanted.type.type;
    if (exact_differs || !types.is_subtype(actual, wanted.type))
        unlinkable("incompatible import type: " + name_of(wanted) + " must be " + describe(types, wanted.type) + ", but is " +
                   describe(types, actual));
    bool elsewhere = (given.kind == ExternKind::func && given.func.object()->instance->store != &s) ||
                     (given.kind == ExternKind::global && given.global.object()->store != &s) ||
                     (given.kind == ExternKind::memory && !actual.memory.shared && given.memory.object()->mapping->store != &s);
    if (elsewhere) throw Error{Error::Kind::usage, "import " + name_of(wanted) + " belongs to another Store"};
}

void add_imports(StoreData& s, InstanceData& in, std::span<const Extern> imports) {
    const std::vector<Import>& wanted = in.module->imports;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (i == imports.size()) unlinkable("unknown import: " + name_of(wanted[i]) + " " + describe(s.types(), wanted[i].type));
        check_import(s, wanted[i], imports[i]);
        const Extern& e = imports[i];
        switch (e.kind) {
            case ExternKind::func: in.imported_func_space.push_back(e.func.object()); break;
            case ExternKind::table: in.table_space.push_back(e.table.object()); break;
            case ExternKind::memory:
                if (e.memory.object()->type.shared) keep_memory(s, *e.memory.object());
                in.memory_space.push_back(e.memory.object());
                break;
            case ExternKind::global: in.global_space.push_back(e.global.object()); break;
            case ExternKind::tag: in.tag_space.push_back(e.tag.object()); break;
        }
    }
    in.imported_funcs = in.imported_func_space.data();
}

void add_funcs(InstanceData& in) {
    const ModuleData& m = *in.module;
    std::size_t n = m.bodies.size();
    in.func_storage = std::make_unique<FuncObject[]>(n);
    for (std::size_t i = 0; i < n; ++i)
        in.func_storage[i] = {.code = &m.code[i], .instance = &in, .type = m.funcs[m.imported_funcs + i], .host = nullptr};
    in.own_funcs = in.func_storage.get();
    in.code = m.code.get();
}

// Own globals see imported ones and those before them.
void add_globals(InstanceData& in) {
    const std::vector<GlobalDef>& defs = in.module->global_defs;
    in.global_storage = std::make_unique<GlobalObject[]>(defs.size());
    in.own_globals = in.global_storage.get();
    std::size_t imported = in.global_space.size();
    for (std::size_t i = 0; i < defs.size(); ++i) in.global_space.push_back(&in.own_globals[i]);
    in.globals = in.global_space.data();
    for (std::size_t i = 0; i < defs.size(); ++i) {
        in.globals[imported + i]->type = defs[i].type;
        in.globals[imported + i]->store = in.store;
        in.globals[imported + i]->value = evaluate(in, defs[i].init);
    }
}

void add_memories_and_tables(StoreData& s, InstanceData& in) {
    const ModuleData& m = *in.module;
    for (std::size_t i = m.imported_memories; i < m.memories.size(); ++i) in.memory_space.push_back(&new_memory(s, m.memories[i]));
    in.memories = in.memory_space.data();
    in.memory0 = in.memory_space.empty() ? nullptr : in.memory_space[0];
    for (const TableDef& t : m.table_defs) {
        Ref initial = t.has_init ? Ref{evaluate(in, t.init).lo} : Ref{};
        in.table_space.push_back(&new_table(s, t.type, initial));
    }
    in.tables = in.table_space.data();
    for (std::size_t i = m.imported_tags; i < m.tags.size(); ++i) {
        TagObject& t = s.tags.emplace_back();
        t.type = m.tags[i];
        in.tag_space.push_back(&t);
    }
    in.tags = in.tag_space.data();
}

void find_main_memory(InstanceData& in) {
    in.main_memory = in.memory0;
    for (const Export& e : in.module->exports)
        if (e.kind == ExternKind::memory && e.name == "memory") in.main_memory = in.memories[e.index];
}

void evaluate_elements(InstanceData& in) {
    const std::vector<ElemSegment>& elems = in.module->elems;
    in.dropped_elems.resize(elems.size());
    in.elem_values.resize(elems.size());
    for (std::size_t i = 0; i < elems.size(); ++i) {
        in.elem_values[i].reserve(elems[i].exprs.size());
        for (const ConstExpr& e : elems[i].exprs) in.elem_values[i].push_back(evaluate(in, e).lo);
    }
}

[[noreturn]] void trap_in_segment(StoreData& s, TrapCode code, const char* kind, std::size_t index) {
    s.last_trap = {};
    s.last_trap.code = code;
    s.last_trap.detail = std::string("active ") + kind + " segment " + std::to_string(index);
    s.refused.reset();
    throw Error{Error::Kind::trapped, s.last_trap.message()};
}

// An offset of i32 type is zero-extended already.
u64 offset_of(InstanceData& in, const ConstExpr& e) { return evaluate(in, e).lo; }

void apply_elements(StoreData& s, InstanceData& in) {
    for (std::size_t i = 0; i < in.module->elems.size(); ++i) {
        const ElemSegment& e = in.module->elems[i];
        if (e.mode == ElemSegment::Mode::active) {
            TrapCode t = table_init(in, e.table, u32(i), offset_of(in, e.offset), 0, u32(e.size()));
            if (t != TrapCode::none) trap_in_segment(s, t, "element", i);
        }
        if (e.mode != ElemSegment::Mode::passive) elem_drop(in, u32(i));
    }
}

void apply_data(StoreData& s, InstanceData& in) {
    const std::vector<DataSegment>& data = in.module->data;
    auto each_active = [&](auto f) {
        for (u32 i = 0; i < data.size(); ++i)
            if (data[i].mode == DataSegment::Mode::active) f(i);
    };
    std::vector<u64> offsets;
    each_active([&](u32 i) { offsets.push_back(offset_of(in, data[i].offset)); });
    std::span<MemoryObject* const> own = std::span(in.memory_space).subspan(in.module->imported_memories);
    if (!in.module->data_image->map(own, offsets)) {
        each_active([&, next = offsets.begin()](u32 i) mutable {
            TrapCode t = memory_init(in, data[i].memory, i, *next++, 0, u32(data[i].bytes.size()));
            if (t != TrapCode::none) trap_in_segment(s, t, "data", i);
        });
        in.module->data_image->copied(own, offsets);
    }
    each_active([&](u32 i) { data_drop(in, i); });
}

}  // namespace

InstanceData& instantiate(StoreData& s, const Module& module, std::span<const Extern> imports) {
    auto owned = std::make_unique<InstanceData>();
    InstanceData& in = *owned;
    in.context = &s.context;
    in.store = &s;
    in.module = &module.data();
    in.owner = module;
    add_imports(s, in, imports);
    // From here on others may hold references into the instance, so the Store keeps it even if the rest fails.
    s.instances.push_back(std::move(owned));
    add_funcs(in);
    add_globals(in);
    add_memories_and_tables(s, in);
    find_main_memory(in);
    in.dropped_data.resize(in.module->data.size());
    evaluate_elements(in);
    apply_elements(s, in);
    apply_data(s, in);
    return in;
}

}  // namespace heddle
