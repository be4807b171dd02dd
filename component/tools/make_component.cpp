// A core module with a world in it -> a component.
//
//   imports ─► lowered ─► core instances ─► main module ─► memory, realloc, exports ─► lifted ─► instances of types and functions ─► exports
//                 ▲ those that need the memory: through a table that a first module (shim) has and a last one (fixup) fills
#include <algorithm>
#include <functional>

#include <heddle/text.hpp>

#include "encode.hpp"
#include "names.hpp"
#include "tools/adapter.hpp"
#include "tools/core_import.hpp"
#include "tools/merge.hpp"
#include "tools/type_writer.hpp"
#include "tools/wit_binary.hpp"

namespace heddle::component::tools {
namespace {

[[noreturn]] void unlinkable(std::string why) { throw Error{Error::Kind::unlinkable, std::move(why), Error::no_offset}; }

// `[async-lift]ns:pkg/iface@0.2.0#f` and `[async-lift]ns:pkg/iface@0.2.3#f`
bool same_lifted_name(std::string_view a, std::string_view b) {
    struct Parts {
        std::string_view before, interface, after;
    };
    const auto parts = [](std::string_view s) {
        auto hash = s.find('#');
        if (hash == s.npos) return Parts{s, {}, {}};
        auto bracket = s.substr(0, hash).rfind(']');
        std::size_t from = bracket == s.npos ? 0 : bracket + 1;
        if (s.starts_with("cabi_post_")) from = 10;
        return Parts{s.substr(0, from), s.substr(from, hash - from), s.substr(hash)};
    };
    Parts x = parts(a), y = parts(b);
    return !x.interface.empty() && x.before == y.before && x.after == y.after && names_match(x.interface, y.interface);
}

// A core module on its way into the component.
struct CorePart {
    Module module;
    std::string name;  // of an adapter
    Encoding encoding = Encoding::utf8;
    std::vector<CoreImport> imports;
    std::vector<ExportType> exports;
    u32 instance = 0;                               // core instance
    std::optional<u32> import_realloc, export_realloc;  // core functions

    const ExportType* find(std::string_view n) const {
        auto it = std::ranges::find(exports, n, &ExportType::name);
        return it == exports.end() ? nullptr : &*it;
    }
    // A name with an interface in it (`ns:pkg/iface@0.2.0#f`) is found under a compatible version too.
    const ExportType* find_func(std::string_view n) const {
        const ExportType* e = find(n);
        if (e) return e->type.kind == ExternKind::func ? e : nullptr;
        for (const ExportType& x : exports)
            if (x.type.kind == ExternKind::func && same_lifted_name(x.name, n)) return &x;
        return nullptr;
    }
};

// A function of the shim: what it will call when all is there.
struct Slot {
    heddle::FuncType type;
    std::function<u32()> target;  // gives a core function
};

std::string wat_type(const heddle::FuncType& t) {
    Signature s;
    s.params = t.params;
    s.results = t.results;
    std::string text = to_string(s);
    return text.substr(5, text.size() - 6);  // without "(func" and ")"
}

std::vector<u8> assembled(const std::string& wat) {
    auto bytes = text::assemble(wat);
    if (!bytes) throw bytes.error();
    return std::move(*bytes);
}

class Maker {
public:
    Maker(const wit::Resolve& r, const wit::World& world, std::vector<CorePart> parts, const Live& live)
        : r_(r),
          world_(world),
          parts_(std::move(parts)),
          body_(Body::Kind::component, strings_),
          writer_(r, world, body_, &live),
          export_types_(r, body_, [this](u32 t) { return exported_type(t); }) {}

    std::vector<u8> run() {
        writer_.imports();
        for (const CorePart& p : parts_) modules_.push_back(body_.core_module(p.module.bytes()));
        plan_slots();
        make_shim();
        make_resources();
        for (std::size_t i = 0; i < parts_.size(); ++i) instantiate(i);
        make_fixup();
        for (const wit::WorldItem* item : ordered_exports(r_, world_)) export_item(*item);
        return encode(body_.take_component());
    }

private:
    const CorePart& main() const { return parts_[0]; }

    // ---- the shim: functions that go through a table -------------------------------------------------------------------------------
    void plan_slots() {
        for (std::size_t p = 0; p < parts_.size(); ++p)
            for (CoreImport& i : parts_[p].imports)
                if (i.what == CoreImport::What::unused) slot_of_[&i] = unused_.size(), unused_.push_back(i.type);
                else if (i.is_deferred()) add_slot(&i, i.type, [this, p, &i] { return deferred(p, i); });
        for (const wit::WorldItem& item : world_.exports)
            if (item.kind == wit::WorldItem::Kind::interface)
                for (u32 t : r_.interfaces[item.index].types)
                    if (auto d = destructor(item, t)) add_slot(nullptr, {{i32_type}, {}}, [this, d] { return body_.alias_core(Sort::core_func, parts_[d->part].instance, d->name); }), destructor_slot_[{&item, t}] = slots_.size() - 1;
    }
    void add_slot(const CoreImport* i, heddle::FuncType type, std::function<u32()> target) {
        if (i) slot_of_[i] = slots_.size();
        slots_.push_back({std::move(type), std::move(target)});
    }

    struct Destructor {
        std::size_t part;
        std::string name;
    };
    std::optional<Destructor> destructor(const wit::WorldItem& item, u32 type) const {
        if (!std::holds_alternative<wit::Resource>(r_.types[type].kind)) return std::nullopt;
        for (std::size_t p = 0; p < parts_.size(); ++p)
            for (const std::string& name : destructor_names(item_name(r_, item), r_.types[type].name))
                if (const ExportType* e = parts_[p].find_func(name)) return Destructor{p, e->name};
        return std::nullopt;
    }

    void make_shim() {
        if (slots_.empty() && unused_.empty()) return;
        std::string n = std::to_string(slots_.size()), wat = "(module $shim (table (export \"$imports\") " + n + " " + n + " funcref)\n";
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            wat += "(func (export \"" + std::to_string(i) + "\")" + wat_type(slots_[i].type);
            for (std::size_t p = 0; p < slots_[i].type.params.size(); ++p) wat += " local.get " + std::to_string(p);
            wat += " i32.const " + std::to_string(i) + " call_indirect" + wat_type(slots_[i].type) + ")\n";
        }
        for (std::size_t i = 0; i < unused_.size(); ++i) wat += "(func (export \"unused" + std::to_string(i) + "\")" + wat_type(unused_[i]) + " unreachable)\n";
        CoreInstantiate shim;
        shim.module = body_.core_module(strings_.keep(assembled(wat + ")")));
        shim_ = body_.core_instance(std::move(shim));
    }

    bool has_initializer() const { return main().find_func("_initialize") || main().find_func("cm32p2_initialize"); }

    // Fills the shim's table, and then lets the main module initialize itself.
    void make_fixup() {
        if (slots_.empty() && !has_initializer()) return;
        std::string wat = "(module $fixup\n", elements;
        std::vector<CoreInlineExport> actual;
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            std::string name = std::to_string(i);
            wat += "(import \"actual\" \"" + name + "\" (func" + wat_type(slots_[i].type) + "))\n";
            elements += " " + name;
            actual.push_back({strings_.keep(name), {Sort::core_func, slots_[i].target()}});
        }
        CoreInstantiate fixup;
        if (!slots_.empty()) {
            std::string n = std::to_string(slots_.size());
            wat += "(import \"shim\" \"$imports\" (table " + n + " " + n + " funcref))\n(elem (i32.const 0) func" + elements + ")\n";
            fixup.args.push_back({"actual", body_.core_instance(CoreInstance(std::move(actual)))});
            fixup.args.push_back({"shim", *shim_});
        }
        if (has_initializer()) {
            std::string name = main().find_func("_initialize") ? "_initialize" : "cm32p2_initialize";
            wat.insert(wat.find('\n') + 1, "(import \"main\" \"" + name + "\" (func $initialize))\n");
            wat += "(start $initialize)\n";
            if (!elements.empty()) shift_elements(wat, elements);
            fixup.args.push_back({"main", main().instance});
        }
        fixup.module = body_.core_module(strings_.keep(assembled(wat + ")")));
        body_.core_instance(std::move(fixup));
    }
    // The initializer is imported first: function 0.
    void shift_elements(std::string& wat, const std::string& elements) const {
        std::string shifted;
        for (std::size_t i = 0; i < slots_.size(); ++i) shifted += " " + std::to_string(i + 1);
        wat.replace(wat.rfind("func" + elements + ")") + 4, elements.size(), shifted);
    }

    // ---- core instances ----------------------------------------------------------------------------------------------------------------
    void instantiate(std::size_t p) {
        CorePart& part = parts_[p];
        CoreInstantiate inst;
        inst.module = modules_[p];
        std::vector<std::string> names;
        for (const CoreImport& i : part.imports)
            if (std::ranges::find(names, i.module) == names.end()) names.push_back(i.module);
        for (const std::string& name : names) {
            std::vector<CoreInlineExport> exports;
            std::set<std::string_view> seen;
            for (const CoreImport& i : part.imports)
                if (i.module == name && seen.insert(i.name).second) exports.push_back({strings_.keep(i.name), given(i)});
            inst.args.push_back({strings_.keep(name), body_.core_instance(CoreInstance(std::move(exports)))});
        }
        part.instance = body_.core_instance(std::move(inst));
        if (p == 0 && (part.find("memory") || part.find("cm32p2_memory")))
            memory_ = body_.alias_core(Sort::core_memory, part.instance, part.find("memory") ? "memory" : "cm32p2_memory");
    }

    // What is given for an import now.
    SortIdx given(const CoreImport& i) {
        using What = CoreImport::What;
        if (i.what == What::memory) return {Sort::core_memory, memory()};
        if (i.what == What::main) {
            if (!main().find_func(i.name) && i.name == "cabi_realloc") return {Sort::core_func, page_realloc()};
            if (!main().find_func(i.name)) unlinkable("an adapter needs the export `" + i.name + "` of the main module, which has none");
            return {Sort::core_func, body_.alias_core(Sort::core_func, main().instance, i.name)};
        }
        if (i.what == What::unused) return {Sort::core_func, body_.alias_core(Sort::core_func, *shim_, "unused" + std::to_string(slot_of_.at(&i)))};
        if (i.is_deferred()) return {Sort::core_func, body_.alias_core(Sort::core_func, *shim_, std::to_string(slot_of_.at(&i)))};
        return {Sort::core_func, canon(0, i)};
    }

    // For a main module without an allocator: fresh pages. An adapter asks for few and large pieces.
    u32 page_realloc() {
        if (page_realloc_) return *page_realloc_;
        CoreInstantiate inst;
        inst.module = body_.core_module(strings_.keep(assembled(R"((module $realloc (import "main" "memory" (memory 0))
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (local $pages i32)
              (if (i32.or (local.get 0) (local.get 1)) (then unreachable))
              (local.set $pages (memory.grow (i32.shr_u (i32.add (local.get 3) (i32.const 65535)) (i32.const 16))))
              (if (i32.eq (local.get $pages) (i32.const -1)) (then unreachable))
              (i32.shl (local.get $pages) (i32.const 16)))))")));
        std::vector<CoreInlineExport> given = {{"memory", {Sort::core_memory, memory()}}};
        inst.args.push_back({"main", body_.core_instance(CoreInstance(std::move(given)))});
        page_realloc_ = body_.alias_core(Sort::core_func, body_.core_instance(std::move(inst)), "realloc");
        return *page_realloc_;
    }

    u32 deferred(std::size_t part, const CoreImport& i) {
        if (i.what == CoreImport::What::adapter) return body_.alias_core(Sort::core_func, parts_[1 + i.adapter].instance, i.name);
        return canon(part, i);
    }

    u32 memory() const {
        if (!memory_) unlinkable("the core module does not export its memory under the name `memory`, which strings, lists and larger values need");
        return *memory_;
    }

    u32 realloc(std::size_t p, bool import, const std::string& who) {
        CorePart& part = parts_[p];
        auto& known = import ? part.import_realloc : part.export_realloc;
        if (known) return *known;
        for (const char* name : {import ? "cabi_import_realloc" : "cabi_export_realloc", "cabi_realloc", "cm32p2_realloc"})
            if (part.find_func(name)) {
                known = body_.alias_core(Sort::core_func, part.instance, name);
                return *known;
            }
        unlinkable("the core module does not export `cabi_realloc`, which " + who + " needs: the room for strings and lists that come in");
    }

    // ---- canonical definitions ----------------------------------------------------------------------------------------------------------
    std::vector<CanonOpt> options(std::size_t part, bool memory_needed, bool realloc_needed, bool strings, bool import, const std::string& who) {
        std::vector<CanonOpt> all;
        if (memory_needed || realloc_needed) all.push_back({CanonOpt::Kind::memory, memory()});
        if (realloc_needed) all.push_back({CanonOpt::Kind::realloc, realloc(part, import, who)});
        static constexpr CanonOpt::Kind encodings[] = {CanonOpt::Kind::utf8, CanonOpt::Kind::utf16, CanonOpt::Kind::latin1_utf16};
        if (strings) all.push_back({encodings[std::size_t(parts_[part].encoding)], 0});
        return all;
    }

    u32 canon(std::size_t part, const CoreImport& i) {
        Canon c;
        c.kind = i.canon;
        c.cancellable = i.cancellable;
        c.options = options(part, i.memory, i.realloc, i.strings, true, "`" + i.module + "` `" + i.name + "`");
        switch (canon_row(i.canon).immediates) {
            case CanonImmediates::Lower:
                c.func = imported_function(i);
                if (i.async) c.options.push_back({CanonOpt::Kind::async, 0});
                break;
            case CanonImmediates::Type: c.type = type_of(i); break;
            case CanonImmediates::TypeOpts:
                c.type = type_of(i);
                if (i.async) c.options.push_back({CanonOpt::Kind::async, 0});
                break;
            case CanonImmediates::TypeAsync:
                c.type = type_of(i);
                c.async = i.async;
                break;
            case CanonImmediates::Async: c.async = i.async; break;
            case CanonImmediates::Wait: c.memory = memory(); c.options.clear(); break;
            case CanonImmediates::Result:
                current_ = i.item;
                export_types_.forget();
                c.result = export_types_.val(i.function->result);
                break;
            case CanonImmediates::Indirect:
                if (!main().find("__indirect_function_table"))
                    unlinkable("the core module does not export its table under the name `__indirect_function_table`, which `" + i.name + "` takes functions from");
                c.type = body_.core_func_type({{i32_type}, {}});
                c.table = body_.alias_core(Sort::core_table, main().instance, "__indirect_function_table");
                break;
            case CanonImmediates::Slot:
                c.slot = i32_type;
                c.slot_index = i.slot;
                break;
            default: break;
        }
        return body_.canon(std::move(c));
    }

    u32 imported_function(const CoreImport& i) {
        if (!i.item) return *writer_.function(i.name.substr(i.name.starts_with("[async-lower]") ? 13 : 0));
        return body_.alias_export(Sort::func, *writer_.instance(*i.item), r_.canonical_name(*i.function));
    }

    u32 type_of(const CoreImport& i) {
        if (!i.exported) return i.item && !i.item->name.empty() ? named_instance_type(i) : writer_.types().index(i.wit_type);
        current_ = i.item;
        export_types_.forget();
        return export_types_.index(i.wit_type);
    }
    // A type of an interface that is imported under a plain name.
    u32 named_instance_type(const CoreImport& i) {
        const wit::TypeDef& def = r_.types[i.wit_type];
        if (def.name.empty()) return writer_.types().index(i.wit_type);
        return body_.alias_export(Sort::type, *writer_.instance(*i.item), def.name);
    }

    // ---- exports ------------------------------------------------------------------------------------------------------------------------
    void make_resources() {
        for (const wit::WorldItem& item : world_.exports) {
            if (item.kind != wit::WorldItem::Kind::interface) continue;
            for (u32 t : r_.interfaces[item.index].types) {
                if (!std::holds_alternative<wit::Resource>(r_.types[t].kind)) continue;
                ResourceType resource;
                resource.rep = i32_type;
                if (auto d = destructor_slot_.find({&item, t}); d != destructor_slot_.end())
                    resource.dtor = body_.alias_core(Sort::core_func, *shim_, std::to_string(d->second));
                resources_[{&item, t}] = body_.type(resource);
            }
        }
    }

    // A named type as what is exported speaks of it: of the interface that is being exported, of one that was, of one that will be, or imported.
    u32 exported_type(u32 type) {
        const wit::TypeDef& def = r_.types[type];
        if (def.owner == wit::TypeDef::Owner::interface) {
            if (current_ && current_->index == def.owner_index) return own_type(*current_, type);
            if (auto done = exported_.find(def.owner_index); done != exported_.end()) return body_.alias_export(Sort::type, done->second, def.name);
            for (const wit::WorldItem& i : world_.exports)
                if (i.kind == wit::WorldItem::Kind::interface && i.name.empty() && i.index == def.owner_index) return own_type(i, type);
        }
        return writer_.imported_type(type);
    }
    u32 own_type(const wit::WorldItem& item, u32 type) {
        if (auto r = resources_.find({&item, type}); r != resources_.end()) return r->second;
        return export_types_.structure(r_.types[type]);
    }

    void export_item(const wit::WorldItem& item) {
        current_ = item.kind == wit::WorldItem::Kind::interface ? &item : nullptr;
        export_types_.forget();
        ExternName name = extern_name(r_, item, strings_);
        if (item.kind == wit::WorldItem::Kind::function) {
            body_.export_(std::move(name), {Sort::func, lift("", item.name, item.function)});
            return;
        }
        u32 instance = export_instance(item);
        u32 exported = body_.export_(std::move(name), {Sort::instance, instance});
        if (item.name.empty()) exported_[item.index] = exported;
    }

    // Which part exports the function, and how: the signature is checked before the component is.
    struct Lifted {
        std::size_t part = 0;
        std::string name, callback, post_return;
        Call call = Call::lift;
    };
    Lifted find_lift(std::string_view interface, const std::string& name, const wit::Function& f) const {
        LiftNames n = lift_names(interface, r_.canonical_name(f));
        for (std::size_t p = 0; p < parts_.size(); ++p) {
            const CorePart& part = parts_[p];
            // The name under which it is there, or nothing.
            const auto there = [&](const std::string& x) {
                const ExportType* e = part.find_func(x);
                return e ? e->name : std::string();
            };
            if (std::string async = there(n.async_callback); !async.empty()) {
                if (there(n.callback).empty()) unlinkable("the core module exports `" + async + "` without its callback `" + n.callback + "`");
                return {p, async, there(n.callback), "", Call::async_callback};
            }
            if (std::string async = there(n.async_stackful); !async.empty()) return {p, async, "", "", Call::async_stackful};
            if (std::string sync = there(n.sync); !sync.empty()) return {p, sync, "", there(n.post_return), Call::lift};
            if (std::string sync = there(n.standard); !sync.empty()) return {p, sync, "", there(n.standard_post_return), Call::lift};
        }
        std::string expected = "`" + n.sync + "`" + (f.async ? " or `" + n.async_callback + "`" : "");
        unlinkable("the world exports `" + (interface.empty() ? name : std::string(interface) + "." + name) + "`, but the core module does not export " + expected);
    }

    u32 lift(std::string_view interface, const std::string& name, const wit::Function& f) {
        Lifted l = find_lift(interface, name, f);
        const CorePart& part = parts_[l.part];
        Signature s = signature(r_, f, l.call);
        const heddle::FuncType& has = part.module.func_type(part.find_func(l.name)->type.type);
        if (s.params != has.params || s.results != has.results) {
            Signature shown;
            shown.params = has.params;
            shown.results = has.results;
            unlinkable("the core module's export `" + l.name + "` has type " + to_string(shown) + ", but `" + describe(r_, f) + "` needs " + to_string(s));
        }
        Canon c;
        c.kind = CanonKind::lift;
        c.options = options(l.part, s.memory, s.realloc, s.strings, false, "`" + l.name + "`");
        if (l.call != Call::lift) c.options.push_back({CanonOpt::Kind::async, 0});
        if (!l.callback.empty()) c.options.push_back({CanonOpt::Kind::callback, body_.alias_core(Sort::core_func, part.instance, l.callback)});
        if (!l.post_return.empty()) c.options.push_back({CanonOpt::Kind::post_return, body_.alias_core(Sort::core_func, part.instance, l.post_return)});
        c.func = body_.alias_core(Sort::core_func, part.instance, l.name);
        c.type = export_types_.function(f);
        return body_.canon(std::move(c));
    }

    // An interface is exported by a small component that is given its functions and types, and exports them: so the exported functions speak of the
    // exported types.
    u32 export_instance(const wit::WorldItem& item) {
        const wit::Interface& interface = r_.interfaces[item.index];
        std::string prefix = item_name(r_, item);
        Instantiate inst;
        Body inner(Body::Kind::component, strings_);
        std::vector<std::pair<std::string, u32>> imported;  // name, type
        std::map<std::string, int> names;
        TypeWriter* self = nullptr;
        TypeWriter in(r_, inner, [&](u32 t) {
            const wit::TypeDef& def = r_.types[t];
            ExternType type;
            type.sort = Sort::type;
            if (!std::holds_alternative<wit::Resource>(r_.types[r_.resolve_alias(t)].kind)) type.type.eq = self->structure(def);
            else if (!std::holds_alternative<wit::Resource>(def.kind)) type.type.eq = self->index(std::get<wit::Alias>(def.kind).type.index);
            std::string name = "import-type-" + def.name;
            if (int n = names[name]++) name += "-x" + std::to_string(n);
            imported.emplace_back(name, t);
            return inner.import(plain_name(strings_.keep(name)), type);
        });
        self = &in;
        for (u32 t : interface.types)
            if (std::holds_alternative<wit::Resource>(r_.types[t].kind) || std::holds_alternative<wit::Alias>(r_.types[t].kind)) in.index(t);
        std::vector<u32> functions;
        for (const wit::Function& f : interface.functions) {
            std::string name = "import-func-f" + std::to_string(functions.size());
            ExternType type;
            type.index = in.function(f);
            functions.push_back(inner.import(plain_name(strings_.keep(name)), type));
            inst.args.push_back({strings_.keep(name), {Sort::func, lift(prefix, f.name, f)}});
        }
        TypeWriter out(r_, inner, [&](u32 t) { return in.index(t); });
        for (u32 t : interface.types) {
            const wit::TypeDef& def = r_.types[t];
            bool same = std::holds_alternative<wit::Resource>(def.kind) || (std::holds_alternative<wit::Alias>(def.kind) && !std::get<wit::Alias>(def.kind).type.prim);
            out.set(t, inner.export_(plain_name(strings_.keep(def.name)), {Sort::type, same ? aliased(in, out, def, t) : out.structure(def)}));
        }
        for (std::size_t i = 0; i < functions.size(); ++i) {
            ExternType type;
            type.index = out.function(interface.functions[i]);
            inner.export_(plain_name(strings_.keep(r_.canonical_name(interface.functions[i]))), {Sort::func, functions[i]}, type);
        }
        for (const auto& [name, t] : imported) inst.args.push_back({strings_.keep(name), {Sort::type, export_types_.index(t)}});
        inst.component = body_.component(inner.take_component());
        return body_.instance(std::move(inst));
    }
    // An alias of a type of the same interface is an alias of what was exported.
    u32 aliased(TypeWriter& in, TypeWriter& out, const wit::TypeDef& def, u32 type) const {
        const auto* alias = std::get_if<wit::Alias>(&def.kind);
        if (alias && r_.types[alias->type.index].owner_index == def.owner_index && !def.used) return out.index(alias->type.index);
        return in.index(type);
    }

    const wit::Resolve& r_;
    const wit::World& world_;
    std::vector<CorePart> parts_;
    Strings strings_;
    Body body_;
    WorldWriter writer_;
    TypeWriter export_types_;
    const wit::WorldItem* current_ = nullptr;  // the export that is being made
    std::vector<u32> modules_;
    std::vector<Slot> slots_;
    std::vector<heddle::FuncType> unused_;
    std::map<const CoreImport*, std::size_t> slot_of_;
    std::map<std::pair<const wit::WorldItem*, u32>, std::size_t> destructor_slot_;
    std::map<std::pair<const wit::WorldItem*, u32>, u32> resources_;
    std::map<u32, u32> exported_;  // interface -> exported instance
    std::optional<u32> shim_, memory_, page_realloc_;
};

// ---- what is used -------------------------------------------------------------------------------------------------------------------------

void use_import(Live& live, const wit::Resolve& r, const CoreImport& i) {
    if (i.what != CoreImport::What::canon) return;
    if (i.canon == CanonKind::lower && i.item) live.add_function(r, i.item->index, *i.function);
    else if (i.canon == CanonKind::lower) {
        live.functions[Live::of_world].insert(i.name.substr(i.name.starts_with("[async-lower]") ? 13 : 0));
        live.add_signature(r, *i.function);
    } else if (!i.exported && i.wit_type) live.add_type(r, wit::Type::defined(i.wit_type));
}

// Of what the exports speak of, all that is not exported itself.
void use_exports(Live& live, const wit::Resolve& r, const wit::World& world) {
    Live all;
    std::set<u32> exported;
    for (const wit::WorldItem& item : world.exports) {
        if (item.kind == wit::WorldItem::Kind::function) {
            all.add_signature(r, item.function);
            continue;
        }
        exported.insert(item.index);
        for (u32 t : r.interfaces[item.index].types) all.add_type(r, wit::Type::defined(t));
        for (const wit::Function& f : r.interfaces[item.index].functions) all.add_signature(r, f);
    }
    for (u32 t : all.types) {
        const wit::TypeDef& def = r.types[t];
        bool of_export = def.owner == wit::TypeDef::Owner::interface && exported.contains(def.owner_index);
        if (def.owner != wit::TypeDef::Owner::none && !of_export) live.add_type(r, wit::Type::defined(t));
    }
}

CorePart load(const Engine& engine, std::span<const u8> bytes, const std::string& name) {
    auto module = Module::load(engine, bytes);
    if (!module) throw module.error();
    CorePart p{*module, name, Encoding::utf8, {}, module->exports(), 0, {}, {}};
    return p;
}

// The adapter's functions that the main module imports, and those that the world exports by it, say which of its own imports count.
void drop_unused(const Engine& engine, CorePart& adapter, const std::set<std::string>& wanted) {
    std::set<std::string> roots = wanted;
    for (const ExportType& e : adapter.exports)
        if (e.name.find('#') != e.name.npos || e.name.starts_with("cabi_") || e.name.starts_with("cm32p2")) roots.insert(e.name);
    std::set<u32> used = reachable_imports(adapter.module, roots);
    u32 index = 0;
    for (CoreImport& i : adapter.imports)
        if (i.what != CoreImport::What::memory && !used.contains(index++)) {
            i.what = CoreImport::What::unused;
            i.memory = i.realloc = false;
        }
    auto module = Module::load(engine, trimmed(adapter.module, roots));
    if (!module) throw module.error();
    adapter.module = *module;
}

// What a module without a world imports and exports: what its adapters bring.
Embedded empty_world() {
    Embedded e;
    e.resolve.packages.push_back({{"root", "component", {}}, {}, {0}, {}});
    e.resolve.worlds.push_back({"root", 0, {}, {}, {}, {}});
    return e;
}

// An adapter is there when the main module imports from it, or when it exports something to the outside.
void add_adapter(const Engine& engine, const Adapter& a, std::vector<CorePart>& parts, Embedded& world, std::vector<std::string>& names) {
    CorePart plain = load(engine, a.bytes, a.name);
    auto own = embedded_world(engine, plain.module);
    bool wanted = std::ranges::any_of(parts[0].module.imports(), [&](const ImportType& i) { return i.module == a.name; });
    if (!wanted && (!own || own->resolve.worlds[own->world].exports.empty())) return;
    names.push_back(a.name);
    parts.push_back(load(engine, with_stack(plain.module), a.name));
    if (!own) return;
    parts.back().encoding = own->encoding;
    wit::Resolve* both[] = {&world.resolve, &own->resolve};
    unify_versions(both);
    Merge(world.resolve, own->resolve).world_into(own->world, world.world);
}

std::vector<u8> make(const Engine& engine, std::span<const u8> module, std::span<const Adapter> adapters) {
    std::vector<CorePart> parts;
    parts.push_back(load(engine, module, ""));
    auto embedded = embedded_world(engine, parts[0].module);
    if (!embedded && !adapters.empty()) embedded = empty_world();
    if (!embedded)
        throw Error{Error::Kind::usage, "the core module has no world in it: `heddle component embed` puts one into it, and an adapter (--adapt) brings its own",
                    Error::no_offset};
    parts[0].encoding = embedded->encoding;
    std::vector<std::string> names;
    for (const Adapter& a : adapters) {
        if (std::ranges::find(names, a.name) != names.end())
            throw Error{Error::Kind::usage, "two adapters are named `" + a.name + "`", Error::no_offset};
        add_adapter(engine, a, parts, *embedded, names);
    }
    const wit::Resolve& r = embedded->resolve;
    const wit::World& world = r.worlds[embedded->world];
    Live live;
    std::map<std::string, std::set<std::string>> wanted;
    for (CorePart& p : parts) {
        for (const ImportType& i : p.module.imports()) {
            p.imports.push_back(core_import({r, world, names, !p.name.empty()}, p.module, i));
            if (p.name.empty() && p.imports.back().what == CoreImport::What::adapter) wanted[i.module].insert(i.name);
        }
        if (!p.name.empty()) drop_unused(engine, p, wanted[p.name]);
        for (const CoreImport& i : p.imports) use_import(live, r, i);
    }
    for (const CoreImport& i : parts[0].imports) {
        if (i.what != CoreImport::What::adapter) continue;
        const CorePart& a = parts[1 + i.adapter];
        const ExportType* e = a.find_func(i.name);
        if (!e) unlinkable("the core module imports `" + i.module + "` `" + i.name + "`, which the adapter does not export");
        if (a.module.func_type(e->type.type) != i.type) unlinkable("the core module's import `" + i.module + "` `" + i.name + "` has another type than the adapter's export");
    }
    use_exports(live, r, world);
    return Maker(r, world, std::move(parts), live).run();
}

}  // namespace

Result<std::vector<u8>> make_component(const Engine& engine, std::span<const u8> module, std::span<const Adapter> adapters) {
    try {
        std::vector<u8> bytes = make(engine, module, adapters);
        validate(engine, std::make_shared<const std::vector<u8>>(bytes));
        return bytes;
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::component::tools
