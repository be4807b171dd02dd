// Types, core types and declarators as text.
#include "text/printer.hpp"
#include "text/quote.hpp"

namespace heddle::component {

// ---- core types

static std::string heap_word(Heap h) {
    static constexpr const char* words[] = {"func",  "nofunc", "extern", "noextern", "any",  "eq",     "i31", "struct",
                                            "array", "none",   "exn",    "noexn",    "cont", "nocont", "none"};
    return words[std::size_t(h)];
}

// Outside module types a core type's identifier may be known; here all is numbers, which is always right.
std::string Printer::core_value(CoreValType t) const {
    switch (t.kind()) {
        case CoreValType::i32_: return "i32";
        case CoreValType::i64_: return "i64";
        case CoreValType::f32_: return "f32";
        case CoreValType::f64_: return "f64";
        case CoreValType::v128_: return "v128";
        case CoreValType::i8_: return "i8";
        case CoreValType::i16_: return "i16";
        case CoreValType::ref:
        case CoreValType::bottom: break;
    }
    std::string heap = t.is_defined() ? std::to_string(u32(t.type())) : heap_word(t.heap());
    if (t.exact()) heap = "(exact " + heap + ")";
    return std::string("(ref ") + (t.nullable() ? "null " : "") + heap + ")";
}

std::string Printer::sub_type(const SubType& t) const {
    std::string out;
    auto index = [](TypeId i) { return std::to_string(u32(i)); };
    auto field = [&](const FieldType& f) { return f.mutable_ ? "(mut " + core_value(f.type) + ")" : core_value(f.type); };
    if (t.describes != TypeId::none) out += "(describes " + index(t.describes) + ") ";
    if (t.descriptor != TypeId::none) out += "(descriptor " + index(t.descriptor) + ") ";
    switch (t.kind) {
        case SubType::Kind::func:
            out += "(func";
            for (CoreValType p : t.func.params) out += " (param " + core_value(p) + ")";
            for (CoreValType r : t.func.results) out += " (result " + core_value(r) + ")";
            break;
        case SubType::Kind::struct_:
            out += "(struct";
            for (const FieldType& f : t.fields) out += " (field " + field(f) + ")";
            break;
        case SubType::Kind::array: out += "(array " + field(t.fields[0]); break;
        case SubType::Kind::cont: out += "(cont " + index(t.cont); break;
    }
    out += ")";
    if (t.final && t.super == TypeId::none) return out;
    return std::string("(sub ") + (t.final ? "final " : "") + (t.super == TypeId::none ? "" : index(t.super) + " ") + out + ")";
}

// `prefix`: "core " outside module types.
void Printer::core_type(const CoreType& t, const std::string& prefix) {
    if (auto* g = std::get_if<RecGroup>(&t)) {
        std::string text;
        for (const SubType& s : g->types) {
            std::string type = sub_type(s);
            if (!g->explicit_) return line("(" + prefix + "type" + bind(Sort::core_type) + " " + type + ")");
            text += " (type" + bind(Sort::core_type) + " " + type + ")";
        }
        return line("(" + prefix + "rec" + text + ")");
    }
    open("(" + prefix + "type" + bind(Sort::core_type) + " (module");
    Counts outer = std::exchange(counts_, {});
    for (const CoreModuleDecl& d : std::get<CoreModuleType>(t).decls) core_module_decl(d);
    counts_ = std::move(outer);
    close("))");
}

void Printer::core_module_decl(const CoreModuleDecl& d) {
    auto bound = [&](const CoreExternType& t) { return bind(Sort(t.kind)); };
    if (auto* i = std::get_if<CoreImportDecl>(&d.decl))
        return line("(import " + quoted(i->module) + " " + quoted(i->name) + " " + core_extern_type(i->type, bound(i->type)) + ")");
    if (auto* e = std::get_if<CoreExportDecl>(&d.decl)) return line("(export " + quoted(e->name) + " " + core_extern_type(e->type, "") + ")");
    if (auto* a = std::get_if<CoreOuterAlias>(&d.decl))
        return line("(alias outer " + std::to_string(a->count) + " " + std::to_string(a->index) + " (type" + bind(Sort::core_type) + "))");
    core_type(std::get<CoreType>(d.decl), "");
}

std::string Printer::core_extern_type(const CoreExternType& t, const std::string& bound) const {
    std::string out = std::string("(") + heddle::to_string(t.kind) + bound;
    auto limits = [&](const Limits& l, bool is64) {
        if (is64) out += " i64";
        out += " " + std::to_string(l.min);
        if (l.max) out += " " + std::to_string(*l.max);
    };
    switch (t.kind) {
        case ExternKind::func:
        case ExternKind::tag:
            out += std::string(t.exact ? " (exact" : "") + " (type " + std::to_string(u32(t.type)) + ")" + (t.exact ? ")" : "");
            break;
        case ExternKind::table:
            limits(t.table.limits, t.table.is64);
            out += " " + core_value(t.table.element);
            break;
        case ExternKind::memory:
            limits(t.memory.limits, t.memory.is64);
            if (t.memory.shared) out += " shared";
            if (t.memory.page_log2 < 64 && t.memory.page_log2 != 16) out += " (pagesize " + std::to_string(u64(1) << t.memory.page_log2) + ")";
            break;
        case ExternKind::global: out += " " + (t.global.mutable_ ? "(mut " + core_value(t.global.type) + ")" : core_value(t.global.type)); break;
    }
    return out + ")";
}

// ---- component types

std::string Printer::value_type(ValType t) const { return t.prim ? std::string(wit::to_string(*t.prim)) : use(Sort::type, t.index); }

std::string Printer::func_type(const FuncType& f) const {
    std::string out = f.async ? "(func async" : "(func";
    for (const Field& p : f.params) out += " (param " + quoted(p.name) + " " + value_type(p.type) + ")";
    if (f.result) out += " (result " + value_type(*f.result) + ")";
    return out + ")";
}

// Types that take one line.
std::string Printer::structure(const DefType& t) const {
    auto optional = [&](const std::optional<ValType>& v) { return v ? " " + value_type(*v) : std::string(); };
    auto labels = [](const std::vector<std::string_view>& all) {
        std::string out;
        for (std::string_view l : all) out += " " + quoted(l);
        return out;
    };
    return std::visit(
        [&](const auto& x) -> std::string {
            using T = std::decay_t<decltype(x)>;
            std::string out;
            if constexpr (std::is_same_v<T, Prim>) return std::string(wit::to_string(x));
            else if constexpr (std::is_same_v<T, Record>) {
                for (const Field& f : x.fields) out += " (field " + quoted(f.name) + " " + value_type(f.type) + ")";
                return "(record" + out + ")";
            } else if constexpr (std::is_same_v<T, Variant>) {
                for (const Case& c : x.cases) out += " (case " + quoted(c.name) + optional(c.type) + ")";
                return "(variant" + out + ")";
            } else if constexpr (std::is_same_v<T, List>)
                return "(list " + value_type(x.type) + (x.length ? " " + std::to_string(*x.length) : "") + ")";
            else if constexpr (std::is_same_v<T, Tuple>) {
                for (ValType v : x.types) out += " " + value_type(v);
                return "(tuple" + out + ")";
            } else if constexpr (std::is_same_v<T, Flags>) return "(flags" + labels(x.labels) + ")";
            else if constexpr (std::is_same_v<T, Enum>) return "(enum" + labels(x.labels) + ")";
            else if constexpr (std::is_same_v<T, Option>) return "(option " + value_type(x.type) + ")";
            else if constexpr (std::is_same_v<T, ResultType>)
                return "(result" + optional(x.ok) + (x.error ? " (error " + value_type(*x.error) + ")" : "") + ")";
            else if constexpr (std::is_same_v<T, Own>) return "(own " + use(Sort::type, x.resource) + ")";
            else if constexpr (std::is_same_v<T, Borrow>) return "(borrow " + use(Sort::type, x.resource) + ")";
            else if constexpr (std::is_same_v<T, Stream>) return "(stream" + optional(x.type) + ")";
            else if constexpr (std::is_same_v<T, Future>) return "(future" + optional(x.type) + ")";
            else if constexpr (std::is_same_v<T, Map>) return "(map " + value_type(x.key) + " " + value_type(x.value) + ")";
            else if constexpr (std::is_same_v<T, FuncType>) return func_type(x);
            else if constexpr (std::is_same_v<T, ResourceType>) {
                if (x.dtor) out = " (dtor " + item({Sort::core_func, *x.dtor}) + ")";
                return "(resource (rep " + core_value(x.rep) + ")" + out + ")";
            } else return out;
        },
        t);
}

void Printer::def_type(const DefType& t) {
    const std::vector<Declarator>* decls = nullptr;
    if (auto* c = std::get_if<ComponentType>(&t)) decls = &c->decls;
    if (auto* i = std::get_if<InstanceType>(&t)) decls = &i->decls;
    if (!decls) {
        std::string text = structure(t);  // before the index is bound: it sees the types before it
        return line("(type" + bind(Sort::type) + " " + text + ")");
    }
    open("(type" + bind(Sort::type) + (std::holds_alternative<ComponentType>(t) ? " (component" : " (instance"));
    Counts outer = std::exchange(counts_, {});
    for (const Declarator& d : *decls) declarator(d);
    counts_ = std::move(outer);
    close("))");
}

void Printer::declarator(const Declarator& d) {
    if (auto* t = std::get_if<CoreType>(&d.decl)) return core_type(*t, "core ");
    if (auto* t = std::get_if<DefType>(&d.decl)) return def_type(*t);
    if (auto* a = std::get_if<Alias>(&d.decl)) return alias(*a);
    if (auto* i = std::get_if<ImportDecl>(&d.decl)) return line("(import " + name(i->name) + " " + bound_extern_type(i->type) + ")");
    const ExportDecl& e = std::get<ExportDecl>(d.decl);
    line("(export " + name(e.name) + " " + bound_extern_type(e.type) + ")");
}

std::string Printer::bound_extern_type(const ExternType& t) {
    std::string text = extern_type(t);  // before its own index is bound
    return std::string("(") + to_string(t.sort) + bind(t.sort) + text + ")";
}

// What stands behind the sort.
std::string Printer::extern_type(const ExternType& t) const {
    switch (t.sort) {
        case Sort::type: return t.type.eq ? " (eq " + use(Sort::type, *t.type.eq) + ")" : " (sub resource)";
        case Sort::value: return " " + (t.value.eq ? "(eq " + use(Sort::value, *t.value.eq) + ")" : value_type(t.value.type));
        default: return " (type " + use(t.sort == Sort::core_module ? Sort::core_type : Sort::type, t.index) + ")";
    }
}

}  // namespace heddle::component
