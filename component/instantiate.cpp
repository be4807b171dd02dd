#include "instantiate.hpp"

#include "canon.hpp"
#include "canon_builtins.hpp"
#include "canon_call.hpp"
#include "val.hpp"
#include "value_bytes.hpp"

namespace heddle::component::runtime {

namespace {

[[noreturn]] void fault(Error::Kind kind, std::string message) { throw Error{kind, std::move(message)}; }

class Instantiator {
public:
    Instantiator(Instance& i, const ImportSource& imports)
        : in_(i), machine_(i.machine), validated_(*i.component.validated), types_(i.view.types()), imports_(imports) {}
    void run() {
        for (const Definition& d : in_.component.model->definitions) std::visit([&](const auto& x) { define(x); }, d.what);
    }

private:
    void define(const CustomSection&) {}
    void define(const CoreType&) {}
    void define(const CoreModule&) { in_.core_modules.push_back(validated_.modules[modules_++]); }
    void define(const CoreInstance& i);
    void define(const component::Component& c);
    void define(const component::Instance& i);
    void define(const Alias& a);
    void define(const DefType& t);
    void define(const Canon& c);
    void define(const Import& i);
    void define(const Export& e);
    void define(const Start& s);
    void define(const Value& v);

    void core_instantiate(const CoreInstantiate& i);
    void instantiate_component(const Instantiate& i);
    void alias_core_export(const Alias& a);
    void alias_outer(const Alias& a);
    void lift(const Canon& c);
    CanonOptions options(const Canon& c);
    Extern core_item(const SortIdx& s) const;
    Item item(const SortIdx& s) const;
    // Adds to the item's index space, with the type that validation gave it there.
    void push(const Item& i);
    const heddle::FuncType& next_core_type() const;
    [[noreturn]] void trapped() { fault(Error::Kind::trapped, machine_.trap.message()); }

    Instance& in_;
    Machine& machine_;
    const Validated& validated_;
    const types::Types& types_;
    const ImportSource& imports_;
    std::size_t modules_ = 0, nested_ = 0, resources_ = 0, types_seen_ = 0;
};

std::optional<Extern> find_export(const CoreInstanceItem& i, std::string_view name) {
    if (auto* in = std::get_if<heddle::Instance>(&i)) return in->find(name);
    const CoreExports& bag = std::get<CoreExports>(i);
    auto at = bag.find(name);
    return at == bag.end() ? std::nullopt : std::optional(at->second);
}

// ---- core -----------------------------------------------------------------------------------------------------------------------------

Extern Instantiator::core_item(const SortIdx& s) const {
    switch (s.sort) {
    case Sort::core_func: return in_.core_funcs[s.index];
    case Sort::core_table: return in_.core_tables[s.index];
    case Sort::core_memory: return in_.core_memories[s.index];
    case Sort::core_global: return in_.core_globals[s.index];
    case Sort::core_tag: return in_.core_tags[s.index];
    default: fault(Error::Kind::invalid, "not a core item");
    }
}

void Instantiator::define(const CoreInstance& i) {
    if (auto* inst = std::get_if<CoreInstantiate>(&i)) return core_instantiate(*inst);
    CoreExports bag;
    for (const CoreInlineExport& e : std::get<std::vector<CoreInlineExport>>(i)) bag.insert_or_assign(std::string(e.name), core_item(e.item));
    in_.core_instances.push_back(std::move(bag));
}

void Instantiator::core_instantiate(const CoreInstantiate& i) {
    const heddle::Module& module = in_.core_modules[i.module];
    std::vector<Extern> imports;
    for (const ImportType& wanted : module.imports()) {
        std::optional<Extern> given;
        for (const CoreInstantiate::Arg& a : i.args)
            if (a.name == wanted.module) given = find_export(in_.core_instances[a.instance], wanted.name);
        if (!given) fault(Error::Kind::unlinkable, "missing import `" + wanted.module + "` `" + wanted.name + "`");
        imports.push_back(*given);
    }
    auto made = heddle::instantiate(machine_.store, module, imports);
    if (!made) {
        if (made.error().kind == Error::Kind::trapped) machine_.trap = machine_.store.trap();
        throw made.error();
    }
    made->set_domain(in_.group->domain);
    in_.core_instances.push_back(*made);
    if (auto start = made->start(); start && !machine_.run_core_start(in_, *start)) trapped();
}

void Instantiator::alias_core_export(const Alias& a) {
    auto e = find_export(in_.core_instances[a.instance], a.name);
    if (!e) fault(Error::Kind::unlinkable, "core instance has no export `" + std::string(a.name) + "`");
    switch (e->kind) {
    case ExternKind::func: in_.core_funcs.push_back(e->func); break;
    case ExternKind::table: in_.core_tables.push_back(e->table); break;
    case ExternKind::memory: in_.core_memories.push_back(e->memory); break;
    case ExternKind::global: in_.core_globals.push_back(e->global); break;
    case ExternKind::tag: in_.core_tags.push_back(e->tag); break;
    }
}

// ---- component items --------------------------------------------------------------------------------------------------------------------

Item Instantiator::item(const SortIdx& s) const {
    Item i;
    i.sort = s.sort;
    switch (s.sort) {
    case Sort::core_module: i.module = in_.core_modules[s.index]; break;
    case Sort::func: i.func = in_.funcs[s.index]; break;
    case Sort::instance: i.instance = in_.instances[s.index]; break;
    case Sort::component: i.component = in_.components[s.index]; break;
    case Sort::value:
        i.value = in_.values[s.index];
        i.view = in_.view;
        i.entity.sort = Sort::value;
        i.entity.value = validated_.spaces.values[s.index];
        break;
    case Sort::type: return in_.type_item(validated_.spaces.types[s.index]);
    default: break;
    }
    return i;
}

void Instantiator::push(const Item& i) {
    const Spaces& spaces = validated_.spaces;
    types::Entity as;
    as.sort = i.sort;
    switch (i.sort) {
    case Sort::core_module: in_.core_modules.push_back(*i.module); return;
    case Sort::func: in_.funcs.push_back(i.func); return;
    case Sort::component: in_.components.push_back(i.component); return;
    case Sort::value: in_.values.push_back(i.value); return;
    case Sort::instance:
        as.id = u32(spaces.instances[in_.instances.size()]);
        in_.instances.push_back(i.instance);
        break;
    case Sort::type: as.type = spaces.types[types_seen_++]; break;
    default: return;
    }
    bind(in_, as, i);
}

void Instantiator::define(const component::Component& c) {
    in_.components.push_back(std::make_shared<Closure>(Closure{in_.component.component, &c, &validated_.nested[nested_++], &in_}));
}

void Instantiator::define(const component::Instance& i) {
    if (auto* inst = std::get_if<Instantiate>(&i)) return instantiate_component(*inst);
    auto bag = std::make_shared<Exports>();
    for (const InlineExport& e : std::get<std::vector<InlineExport>>(i)) bag->items.emplace_back(std::string(e.name.name), item(e.item));
    Item made;
    made.sort = Sort::instance;
    made.instance = std::move(bag);
    push(made);
}

void Instantiator::instantiate_component(const Instantiate& i) {
    auto given = [&](Instance&, const std::string& name, const types::Entity&) -> Item {
        for (const Instantiate::Arg& a : i.args)
            if (a.name == name) return item(a.item);
        fault(Error::Kind::unlinkable, "missing import named `" + name + "`");
    };
    Instance& child = instantiate(machine_, *in_.components[i.component], &in_, given);
    Item made;
    made.sort = Sort::instance;
    made.instance = child.exports;
    push(made);
}

void Instantiator::define(const Alias& a) {
    switch (a.target) {
    case Alias::Target::core_export: return alias_core_export(a);
    case Alias::Target::outer: return alias_outer(a);
    case Alias::Target::export_: break;
    }
    const Item* e = in_.instances[a.instance]->find(a.name);
    if (!e) fault(Error::Kind::unlinkable, "instance has no export `" + std::string(a.name) + "`");
    push(*e);
}

void Instantiator::alias_outer(const Alias& a) {
    if (a.sort == Sort::core_type) return;
    Instance* scope = &in_;
    for (u32 n = 0; n < a.count && scope->component.outer; ++n) scope = scope->component.outer;
    Item i;
    i.sort = a.sort;
    if (a.sort == Sort::core_module) i.module = scope->core_modules[a.index];
    else if (a.sort == Sort::component) i.component = scope->components[a.index];
    else i = scope->type_item(scope->component.validated->spaces.types[a.index]);
    push(i);
}

void Instantiator::define(const DefType& t) {
    ++types_seen_;
    auto* r = std::get_if<component::ResourceType>(&t);
    if (!r) return;
    auto made = std::make_shared<ResourceType>();
    made->impl = &in_;
    if (r->dtor) made->dtor = in_.core_funcs[*r->dtor];
    in_.view.resources->insert_or_assign(validated_.resources[resources_++], std::move(made));
}

void Instantiator::define(const Import& i) {
    const types::Component& type = types_[validated_.type];
    std::string name(i.name.name);
    const types::Entity* wanted = types::find(type.imports, name);
    if (!wanted) fault(Error::Kind::invalid, "an import without a type");
    push(imports_(in_, name, *wanted));
}

void Instantiator::define(const Export& e) {
    Item i = item(e.item);
    if (e.item.sort == Sort::type) i.entity.type = validated_.spaces.types[types_seen_];
    push(i);
    in_.exports->items.emplace_back(std::string(e.name.name), std::move(i));
}

// ---- values and start -------------------------------------------------------------------------------------------------------------------

void Instantiator::define(const Value& v) {
    const types::ValType& t = validated_.spaces.values[in_.values.size()];
    in_.values.push_back(std::make_shared<const Val>(read_value(v.bytes, Describer(types_)(t))));
}

void Instantiator::define(const Start& s) {
    std::vector<Val> args;
    for (u32 i : s.args) args.push_back(*in_.values[i]);
    auto call = start_call(machine_, in_.funcs[s.func], std::move(args), &in_);
    if (!call->done) finish_call(machine_, in_, *call);
    if (call->trap) {
        machine_.trap = *call->trap;
        trapped();
    }
    for (Val& result : call->results) in_.values.push_back(std::make_shared<const Val>(std::move(result)));
}

// ---- canonical definitions -----------------------------------------------------------------------------------------------------------------

CanonOptions Instantiator::options(const Canon& c) {
    CanonOptions o;
    for (const CanonOpt& opt : c.options) switch (opt.kind) {
        case CanonOpt::Kind::utf8: o.encoding = abi::StringEncoding::utf8; break;
        case CanonOpt::Kind::utf16: o.encoding = abi::StringEncoding::utf16; break;
        case CanonOpt::Kind::latin1_utf16: o.encoding = abi::StringEncoding::latin1_utf16; break;
        case CanonOpt::Kind::memory:
            o.memory = in_.core_memories[opt.index];
            if (validated_.spaces.core_memories[opt.index].is64) o.pointer = abi::PtrType::i64;
            break;
        case CanonOpt::Kind::realloc: o.realloc = in_.core_funcs[opt.index]; break;
        case CanonOpt::Kind::post_return: o.post_return = in_.core_funcs[opt.index]; break;
        case CanonOpt::Kind::callback: o.callback = in_.core_funcs[opt.index]; break;
        case CanonOpt::Kind::async: o.async = true; break;
        }
    return o;
}

const heddle::FuncType& Instantiator::next_core_type() const {
    return machine_.store.engine().type(validated_.spaces.core_funcs[in_.core_funcs.size()]).func;
}

void Instantiator::lift(const Canon& c) {
    auto f = std::make_shared<Function>();
    f->view = in_.view;
    f->type = validated_.spaces.types[c.type].func();
    f->params = in_.view.component->layouts.params(f->func_type());
    f->result = in_.view.component->layouts.result(f->func_type());
    f->inst = &in_;
    f->core = in_.core_funcs[c.func];
    f->options = options(c);
    f->is_async = f->func_type().async;
    f->exclusive = f->is_async && (!f->options.async || f->options.callback);
    in_.funcs.push_back(std::move(f));
}

void Instantiator::define(const Canon& c) {
    if (c.kind == CanonKind::lift) return lift(c);
    const heddle::FuncType& core = next_core_type();
    if (c.kind == CanonKind::lower) in_.core_funcs.push_back(lower(in_, in_.funcs[c.func], validated_.spaces.funcs[c.func], options(c), core));
    else in_.core_funcs.push_back(make_builtin(in_, c, options(c), core));
}

}  // namespace

void bind(Instance& to, const types::Entity& as, const Item& item) {
    const types::Types& types = to.view.types();
    if (as.sort == Sort::type) {
        if (as.type.kind == types::Type::Kind::resource && item.resource)
            to.view.resources->insert_or_assign(types.identity(as.type.resource()), item.resource);
    } else if (as.sort == Sort::instance && item.instance) {
        for (const auto& [name, entity] : types[types::InstanceId(as.id)].exports)
            if (const Item* e = item.instance->find(name)) bind(to, entity, *e);
    }
}

Instance& instantiate(Machine& m, const Closure& component, Instance* parent, const ImportSource& imports) {
    m.instances.push_back(std::make_unique<Instance>(m, component, parent));
    Instance& in = *m.instances.back();
    in.may_enter = false;
    try {
        Instantiator(in, imports).run();
    } catch (const Error& e) {
        if (e.kind == Error::Kind::trapped) m.kill(*in.group, m.trap);
        throw;
    }
    in.may_enter = true;
    return in;
}

}  // namespace heddle::component::runtime
