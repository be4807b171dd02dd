#include "encode.hpp"

#include <algorithm>
#include <array>

#include <heddle/bytes.hpp>

#include "canon.hpp"

namespace heddle::component {
namespace {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

template <class T, class F>
void write_all(Writer& w, const std::vector<T>& all, F each) {
    w.u64_leb(all.size());
    for (const T& x : all) each(x);
}

// ---- core types -------------------------------------------------------------------------------------------------------------------------

constexpr u8 heap_code(Heap h) {
    switch (h) {
        case Heap::func: return 0x70;
        case Heap::nofunc: return 0x73;
        case Heap::extern_: return 0x6f;
        case Heap::noextern: return 0x72;
        case Heap::any: return 0x6e;
        case Heap::eq: return 0x6d;
        case Heap::i31: return 0x6c;
        case Heap::struct_: return 0x6b;
        case Heap::array: return 0x6a;
        case Heap::none: return 0x71;
        case Heap::exn: return 0x69;
        case Heap::noexn: return 0x74;
        case Heap::cont: return 0x68;
        case Heap::nocont: return 0x75;
        case Heap::bottom: break;
    }
    return 0x40;
}

void write(Writer& w, CoreValType t) {
    switch (t.kind()) {
        case CoreValType::i32_: w.byte(0x7f); return;
        case CoreValType::i64_: w.byte(0x7e); return;
        case CoreValType::f32_: w.byte(0x7d); return;
        case CoreValType::f64_: w.byte(0x7c); return;
        case CoreValType::v128_: w.byte(0x7b); return;
        case CoreValType::i8_: w.byte(0x78); return;
        case CoreValType::i16_: w.byte(0x77); return;
        case CoreValType::bottom:
        case CoreValType::ref: break;
    }
    if (!t.is_defined() && t.nullable()) return w.byte(heap_code(t.heap()));
    w.byte(t.nullable() ? 0x63 : 0x64);
    if (!t.is_defined()) return w.byte(heap_code(t.heap()));
    if (t.exact()) w.byte(0x62);
    w.i64_leb(i64(u32(t.type())));
}

void write(Writer& w, const FieldType& f) {
    write(w, f.type);
    w.byte(f.mutable_);
}

void write(Writer& w, const SubType& t) {
    if (!t.final || t.super != TypeId::none) {
        w.byte(t.final ? 0x4f : 0x50);
        w.u32_leb(t.super != TypeId::none);
        if (t.super != TypeId::none) w.u32_leb(u32(t.super));
    }
    if (t.describes != TypeId::none) w.byte(0x4c), w.u32_leb(u32(t.describes));
    if (t.descriptor != TypeId::none) w.byte(0x4d), w.u32_leb(u32(t.descriptor));
    switch (t.kind) {
        case SubType::Kind::func:
            w.byte(0x60);
            write_all(w, t.func.params, [&](CoreValType p) { write(w, p); });
            write_all(w, t.func.results, [&](CoreValType r) { write(w, r); });
            return;
        case SubType::Kind::struct_:
            w.byte(0x5f);
            write_all(w, t.fields, [&](const FieldType& f) { write(w, f); });
            return;
        case SubType::Kind::array:
            w.byte(0x5e);
            write(w, t.fields.at(0));
            return;
        case SubType::Kind::cont:
            w.byte(0x5d);
            w.i64_leb(i64(u32(t.cont)));
            return;
    }
}

void write(Writer& w, const RecGroup& g) {
    if (g.explicit_) w.byte(0x4e), w.u64_leb(g.types.size());
    for (const SubType& t : g.types) write(w, t);
}

void write_limits(Writer& w, const Limits& l, u8 flags) {
    w.byte(u8(flags | (l.max ? 1 : 0)));
    w.u64_leb(l.min);
    if (l.max) w.u64_leb(*l.max);
}

void write(Writer& w, const CoreExternType& t) {
    switch (t.kind) {
        case ExternKind::func:
            w.byte(t.exact ? 0x20 : 0x00);
            w.u32_leb(u32(t.type));
            return;
        case ExternKind::table:
            w.byte(0x01);
            write(w, t.table.element);
            write_limits(w, t.table.limits, t.table.is64 ? 4 : 0);
            return;
        case ExternKind::memory: {
            w.byte(0x02);
            const MemoryType& m = t.memory;
            bool pages = m.page_log2 != 16;
            write_limits(w, m.limits, u8((m.shared ? 2 : 0) | (m.is64 ? 4 : 0) | (pages ? 8 : 0)));
            if (pages) w.u32_leb(m.page_log2);
            return;
        }
        case ExternKind::global:
            w.byte(0x03);
            write(w, t.global.type);
            w.byte(t.global.mutable_);
            return;
        case ExternKind::tag:
            w.byte(0x04);
            w.byte(0x00);
            w.u32_leb(u32(t.type));
            return;
    }
}

void write(Writer& w, const CoreModuleDecl& d) {
    w.byte(std::array<u8, 4>{0x00, 0x01, 0x02, 0x03}[d.decl.index()]);
    std::visit(Overloaded{[&](const CoreImportDecl& i) { w.name(i.module), w.name(i.name), write(w, i.type); },
                          [&](const CoreType& t) { write(w, std::get<RecGroup>(t)); },
                          [&](const CoreOuterAlias& a) { w.byte(0x10), w.byte(0x01), w.u32_leb(a.count), w.u32_leb(a.index); },
                          [&](const CoreExportDecl& e) { w.name(e.name), write(w, e.type); }},
               d.decl);
}

void write(Writer& w, const CoreType& t) {
    if (auto* m = std::get_if<CoreModuleType>(&t)) {
        w.byte(0x50);
        write_all(w, m->decls, [&](const CoreModuleDecl& d) { write(w, d); });
        return;
    }
    const RecGroup& g = std::get<RecGroup>(t);
    // 0x50 alone would be a module type.
    if (!g.explicit_ && !g.types.at(0).final) w.byte(0x00);
    write(w, g);
}

// ---- names, sorts -----------------------------------------------------------------------------------------------------------------------

void write_sort(Writer& w, Sort s) {
    static constexpr u8 core[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x10, 0x11, 0x12};
    if (is_core(s)) w.byte(0x00), w.byte(core[std::size_t(s)]);
    else w.byte(u8(std::size_t(s) - std::size_t(Sort::func) + 1));
}

void write(Writer& w, SortIdx s) {
    write_sort(w, s.sort);
    w.u32_leb(s.index);
}

void write(Writer& w, const ExternName& n) {
    w.byte(n.form);
    w.name(n.name);
    if (n.form < 2) return;
    write_all(w, n.attributes, [&](const Attribute& a) { w.byte(u8(a.kind)), w.name(a.text); });
}

// ---- types ------------------------------------------------------------------------------------------------------------------------------

void write(Writer& w, Prim p) { w.byte(p == Prim::error_context ? 0x64 : u8(0x7f - u8(p))); }

void write(Writer& w, ValType t) {
    if (t.prim) write(w, *t.prim);
    else w.i64_leb(t.index);
}

void write(Writer& w, const std::optional<ValType>& t) {
    w.byte(t.has_value());
    if (t) write(w, *t);
}

void write_labels(Writer& w, const std::vector<std::string_view>& labels) {
    write_all(w, labels, [&](std::string_view l) { w.name(l); });
}

void write_fields(Writer& w, const std::vector<Field>& fields) {
    write_all(w, fields, [&](const Field& f) { w.name(f.name), write(w, f.type); });
}

void write_result(Writer& w, const std::optional<ValType>& t) {
    if (t) return w.byte(0x00), write(w, *t);
    w.byte(0x01);
    w.byte(0x00);
}

void write(Writer& w, const ExternType& t) {
    write_sort(w, t.sort);
    if (t.sort == Sort::type) {
        w.byte(t.type.eq ? 0x00 : 0x01);
        if (t.type.eq) w.u32_leb(*t.type.eq);
    } else if (t.sort == Sort::value) {
        w.byte(t.value.eq ? 0x00 : 0x01);
        if (t.value.eq) w.u32_leb(*t.value.eq);
        else write(w, t.value.type);
    } else {
        w.u32_leb(t.index);
    }
}

void write(Writer& w, const Alias& a) {
    write_sort(w, a.sort);
    w.byte(u8(a.target));
    if (a.target == Alias::Target::outer) return w.u32_leb(a.count), w.u32_leb(a.index);
    w.u32_leb(a.instance);
    w.name(a.name);
}

void write(Writer& w, const Declarator& d);
void write_decls(Writer& w, const std::vector<Declarator>& decls) {
    write_all(w, decls, [&](const Declarator& d) { write(w, d); });
}

void write(Writer& w, const DefType& t) {
    std::visit(Overloaded{
                   [&](Prim p) { write(w, p); },
                   [&](const Record& r) { w.byte(0x72), write_fields(w, r.fields); },
                   [&](const Variant& v) {
                       w.byte(0x71);
                       write_all(w, v.cases, [&](const Case& c) { w.name(c.name), write(w, c.type), w.byte(0x00); });
                   },
                   [&](const List& l) {
                       w.byte(l.length ? 0x67 : 0x70);
                       write(w, l.type);
                       if (l.length) w.u32_leb(*l.length);
                   },
                   [&](const Tuple& u) {
                       w.byte(0x6f);
                       write_all(w, u.types, [&](ValType v) { write(w, v); });
                   },
                   [&](const Flags& f) { w.byte(0x6e), write_labels(w, f.labels); },
                   [&](const Enum& e) { w.byte(0x6d), write_labels(w, e.labels); },
                   [&](const Option& o) { w.byte(0x6b), write(w, o.type); },
                   [&](const ResultType& r) { w.byte(0x6a), write(w, r.ok), write(w, r.error); },
                   [&](const Own& o) { w.byte(0x69), w.u32_leb(o.resource); },
                   [&](const Borrow& b) { w.byte(0x68), w.u32_leb(b.resource); },
                   [&](const Stream& s) { w.byte(0x66), write(w, s.type); },
                   [&](const Future& f) { w.byte(0x65), write(w, f.type); },
                   [&](const Map& m) { w.byte(0x63), write(w, m.key), write(w, m.value); },
                   [&](const FuncType& f) { w.byte(f.async ? 0x43 : 0x40), write_fields(w, f.params), write_result(w, f.result); },
                   [&](const ComponentType& c) { w.byte(0x41), write_decls(w, c.decls); },
                   [&](const InstanceType& i) { w.byte(0x42), write_decls(w, i.decls); },
                   [&](const ResourceType& r) {
                       w.byte(0x3f);
                       write(w, r.rep);
                       w.byte(r.dtor.has_value());
                       if (r.dtor) w.u32_leb(*r.dtor);
                   },
               },
               t);
}

void write(Writer& w, const Declarator& d) {
    w.byte(u8(d.decl.index()));
    std::visit(Overloaded{[&](const CoreType& t) { write(w, t); }, [&](const DefType& t) { write(w, t); }, [&](const Alias& a) { write(w, a); },
                          [&](const auto& named) { write(w, named.name), write(w, named.type); }},
               d.decl);
}

// ---- definitions ------------------------------------------------------------------------------------------------------------------------

void write(Writer& w, const CoreInstance& i) {
    if (auto* inst = std::get_if<CoreInstantiate>(&i)) {
        w.byte(0x00);
        w.u32_leb(inst->module);
        write_all(w, inst->args, [&](const CoreInstantiate::Arg& a) { w.name(a.name), w.byte(0x12), w.u32_leb(a.instance); });
        return;
    }
    w.byte(0x01);
    write_all(w, std::get<1>(i), [&](const CoreInlineExport& e) {
        Writer sort;
        write_sort(sort, e.item.sort);
        w.name(e.name), w.byte(sort.bytes.back()), w.u32_leb(e.item.index);
    });
}

void write(Writer& w, const Instance& i) {
    if (auto* inst = std::get_if<Instantiate>(&i)) {
        w.byte(0x00);
        w.u32_leb(inst->component);
        write_all(w, inst->args, [&](const Instantiate::Arg& a) { w.name(a.name), write(w, a.item); });
        return;
    }
    w.byte(0x01);
    write_all(w, std::get<1>(i), [&](const InlineExport& e) { write(w, e.name), write(w, e.item); });
}

void write_options(Writer& w, const std::vector<CanonOpt>& options) {
    write_all(w, options, [&](CanonOpt o) {
        w.byte(u8(o.kind));
        if (o.kind >= CanonOpt::Kind::memory && o.kind != CanonOpt::Kind::async) w.u32_leb(o.index);
    });
}

void write(Writer& w, const Canon& c) {
    const CanonRow& row = canon_row(c.kind);
    w.byte(row.code);
    using enum CanonImmediates;
    switch (row.immediates) {
        case Lift: return w.byte(0x00), w.u32_leb(c.func), write_options(w, c.options), w.u32_leb(c.type);
        case Lower: return w.byte(0x00), w.u32_leb(c.func), write_options(w, c.options);
        case None: return;
        case Type: return w.u32_leb(c.type);
        case Options: return write_options(w, c.options);
        case TypeOpts: return w.u32_leb(c.type), write_options(w, c.options);
        case Async: return w.byte(c.async);
        case TypeAsync: return w.u32_leb(c.type), w.byte(c.async);
        case Cancel: return w.byte(c.cancellable);
        case Wait: return w.byte(c.cancellable), w.u32_leb(c.memory);
        case Result: return write_result(w, c.result), write_options(w, c.options);
        case Slot: return write(w, c.slot), w.u32_leb(c.slot_index);
        case Indirect: return w.u32_leb(c.type), w.u32_leb(c.table);
        case Shared: return w.byte(c.shared);
        case SpawnRef: return w.byte(c.shared), w.u32_leb(c.type);
        case Spawn: return w.byte(c.shared), w.u32_leb(c.type), w.u32_leb(c.table);
    }
}

void write(Writer& w, const CustomSection& c) { w.name(c.name), w.span(c.bytes); }
void write(Writer& w, const CoreModule& m) { w.span(m.bytes); }
void write(Writer& w, const Component& c) { w.span(encode(c)); }
void write(Writer& w, const Start& s) {
    w.u32_leb(s.func);
    write_all(w, s.args, [&](u32 a) { w.u32_leb(a); });
    w.u32_leb(s.results);
}
void write(Writer& w, const Import& i) { write(w, i.name), write(w, i.type); }
void write(Writer& w, const Export& e) {
    write(w, e.name);
    write(w, e.item);
    w.byte(e.type.has_value());
    if (e.type) write(w, *e.type);
}
void write(Writer& w, const Value& v) {
    write(w, v.type);
    w.u64_leb(v.bytes.size());
    w.span(v.bytes);
}

// The section a definition stands in; sections of one definition are not shared.
u8 section_id(const Definition& d) {
    static constexpr u8 ids[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static_assert(std::size(ids) == std::variant_size_v<decltype(Definition::what)>);
    return ids[d.what.index()];
}
bool stands_alone(u8 section) { return section == 0 || section == 1 || section == 4 || section == 9; }

}  // namespace

std::vector<u8> encode(const Component& component) {
    Writer out;
    out.span(std::array<u8, 8>{0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00});
    auto& all = component.definitions;
    for (std::size_t i = 0; i < all.size();) {
        u8 id = section_id(all[i]);
        std::size_t end = i + 1;
        while (!stands_alone(id) && end < all.size() && section_id(all[end]) == id) ++end;
        Writer section;
        if (!stands_alone(id)) section.u64_leb(end - i);
        for (; i < end; ++i) std::visit([&](const auto& d) { write(section, d); }, all[i].what);
        out.byte(id);
        out.u64_leb(section.bytes.size());
        out.span(section.bytes);
    }
    return out.bytes;
}

}  // namespace heddle::component
