#include "link.hpp"

#include <algorithm>

#include "names.hpp"
#include "val.hpp"

namespace heddle::component::runtime {

namespace {

constexpr int max_depth = 100;  // of instances in instances

// "a: b: c", one level at a time.
class Within {
public:
    Within(std::string& path, const std::string& name) : path_(path), size_(path.size()) { path_ += "`" + name + "`: "; }
    ~Within() { path_.resize(size_); }
    Within(const Within&) = delete;

private:
    std::string& path_;
    std::size_t size_;
};

}  // namespace

std::string describe(const View& view, const types::Func& f) { return to_string(Describer(view.types())(f)); }

std::string Matcher::describe(const types::Entity& e) const {
    if (e.sort == Sort::func) return runtime::describe(to_.view, to_.view.types()[types::FuncId(e.id)]);
    if (e.sort == Sort::value) return "(value " + to_string(Describer(to_.view.types())(e.value)) + ")";
    if (e.sort == Sort::type && e.type.kind == types::Type::Kind::resource) return "resource";
    return to_string(e.sort);
}

void Matcher::missing(const std::string& name, const types::Entity& wanted) const {
    throw Error{Error::Kind::unlinkable, "unknown import: " + path_ + "`" + name + "` of type " + describe(wanted) + " is not defined"};
}

void Matcher::mismatch(const std::string& wanted, const std::string& given) const {
    throw Error{Error::Kind::unlinkable, "incompatible import type: " + path_ + "wanted " + wanted + ", given " + given};
}

// ---- what instances offer -----------------------------------------------------------------------------------------------------------------

Item Matcher::item(const std::string& name, const types::Entity& wanted, const Item& offered) {
    Within here(path_, name);
    if (++depth_ > max_depth) mismatch("fewer nested instances", "more");
    if (wanted.sort != offered.sort) mismatch(describe(wanted), to_string(offered.sort));
    switch (wanted.sort) {
    case Sort::func: func(wanted, *offered.func); break;
    case Sort::type: type(wanted, offered); break;
    case Sort::instance: instance(wanted, *offered.instance); break;
    case Sort::core_module: module(wanted, *offered.module); break;
    case Sort::value: value(wanted, offered); break;
    default: break;
    }
    --depth_;
    return offered;
}

void Matcher::func(const types::Entity& wanted, const Function& f) {
    const types::Func &w = to_.view.types()[types::FuncId(wanted.id)], &g = f.func_type();
    bool same = w.async == g.async && same_type(to_.view, w.result, f.view, g.result) &&
                std::ranges::equal(w.params, g.params, [&](const types::Field& x, const types::Field& y) {
                    return x.name == y.name && same_type(to_.view, x.type, f.view, y.type);
                });
    if (!same) mismatch(runtime::describe(to_.view, w), runtime::describe(f.view, g));
    if (f.inst) to_.machine.unite(*f.inst, to_);
}

void Matcher::type(const types::Entity& wanted, const Item& offered) {
    bool is_resource = wanted.type.kind == types::Type::Kind::resource;
    if (is_resource != bool(offered.resource)) mismatch(describe(wanted), offered.resource ? "resource" : "type");
    if (is_resource) {
        auto known = to_.view.resource(wanted.referenced.kind == types::Type::Kind::resource ? wanted.referenced.resource() : wanted.type.resource());
        if (known && known != offered.resource) mismatch("resource", "a different resource");
        bind(to_, wanted, offered);
        if (offered.resource->impl) to_.machine.unite(*offered.resource->impl, to_);
        return;
    }
    if (!offered.view.component || wanted.type.kind != types::Type::Kind::defined || offered.entity.type.kind != types::Type::Kind::defined) return;
    types::ValType w{{}, wanted.type.defined()}, g{{}, offered.entity.type.defined()};
    if (!same_type(to_.view, w, offered.view, g))
        mismatch(to_string(Describer(to_.view.types())(w)), to_string(Describer(offered.view.types())(g)));
}

void Matcher::instance(const types::Entity& wanted, const Exports& e) {
    for (const auto& [name, entity] : to_.view.types()[types::InstanceId(wanted.id)].exports) {
        const Item* given = e.find(name);
        if (!given) missing(name, entity);
        item(name, entity, *given);
    }
}

// A component's value has a type; the host's is held against the one that is wanted.
void Matcher::value(const types::Entity& wanted, const Item& offered) const {
    ValueType w = Describer(to_.view.types())(wanted.value);
    if (!offered.view.component) {
        if (!matches(*offered.value, w)) mismatch("a value of type " + to_string(w), to_string(*offered.value));
    } else if (!same_type(to_.view, wanted.value, offered.view, offered.entity.value)) {
        mismatch("a value of type " + to_string(w), "one of type " + to_string(Describer(offered.view.types())(offered.entity.value)));
    }
}

void Matcher::module(const types::Entity& wanted, const heddle::Module& m) const {
    const Engine& engine = to_.machine.store.engine();
    const types::Module& w = to_.view.types()[types::ModuleId(wanted.id)];
    std::vector<ExportType> exports = m.exports();
    for (const auto& [name, t] : w.exports) {
        auto given = std::ranges::find(exports, name, &ExportType::name);
        if (given == exports.end()) mismatch("a module that exports `" + name + "`", "one that does not");
        if (!engine.matches(given->type, t)) mismatch("export `" + name + "` of type " + m.to_string(t), m.to_string(given->type));
    }
    for (const ImportType& i : m.imports()) {
        auto offered = std::ranges::find_if(w.imports, [&](const auto& x) { return x.module == i.module && x.name == i.name; });
        if (offered == w.imports.end()) mismatch("a module without import `" + i.module + "` `" + i.name + "`", "one that has it");
        if (!engine.matches(offered->type, i.type)) mismatch("import `" + i.name + "` of type " + m.to_string(offered->type), m.to_string(i.type));
    }
}

// ---- what the host offers -----------------------------------------------------------------------------------------------------------------

Item Matcher::host_func(const std::string& name, const types::Entity& wanted, const HostInterface& offered) {
    auto at = offered.funcs.find(name);
    if (at == offered.funcs.end()) missing(name, wanted);
    Within here(path_, name);
    auto f = std::make_shared<Function>();
    f->view = to_.view;
    f->type = types::FuncId(wanted.id);
    f->is_async = f->func_type().async;
    f->host = at->second.function;
    f->host_words = at->second.words;
    f->name = offered.name.empty() ? name : offered.name + "." + name;
    const abi::Layouts& layouts = to_.view.component->layouts;
    f->params = layouts.params(f->func_type());
    f->result = layouts.result(f->func_type());
    FunctionType t = Describer(to_.view.types())(f->func_type());
    if ((at->second.fits && !at->second.fits(t)) || (at->second.typed && !same_shape(at->second.type, t))) mismatch(to_string(t), to_string(at->second.type));
    Item i;
    i.sort = Sort::func;
    i.func = std::move(f);
    return i;
}

Item Matcher::host_resource(const std::string& name, const types::Entity& wanted, const HostInterface& offered) {
    Item i = to_.type_item(wanted.type);
    if (wanted.type.kind != types::Type::Kind::resource) return i;
    auto at = offered.resources.find(name);
    if (at != offered.resources.end()) i.resource = at->second;
    else i.resource = to_.view.resource(wanted.referenced.kind == types::Type::Kind::resource ? wanted.referenced.resource() : wanted.type.resource());
    if (!i.resource) missing(name, wanted);
    bind(to_, wanted, i);
    return i;
}

Item Matcher::host_instance(const std::string& name, const types::Entity& wanted, const HostInterface& offered) {
    Within here(path_, name);
    auto exports = std::make_shared<Exports>();
    for (const auto& [item_name, entity] : to_.view.types()[types::InstanceId(wanted.id)].exports) {
        Item made;
        if (entity.sort == Sort::func) made = host_func(item_name, entity, offered);
        else if (entity.sort == Sort::type) made = host_resource(item_name, entity, offered);
        else missing(item_name, entity);
        exports->items.emplace_back(item_name, std::move(made));
    }
    Item i;
    i.sort = Sort::instance;
    i.instance = std::move(exports);
    return i;
}

}  // namespace heddle::component::runtime

namespace heddle {

using namespace component::runtime;

namespace {

// The exact name first, then the highest compatible version.
template <class Map>
auto find_compatible(const Map& map, const std::string& wanted) {
    auto exact = map.find(wanted);
    if (exact != map.end()) return exact;
    auto best = map.end();
    for (auto i = map.begin(); i != map.end(); ++i) {
        if (!component::names_match(wanted, i->first)) continue;
        auto version = [](const std::string& n) { return component::parse_version(std::string_view(n).substr(n.find('@') + 1)); };
        if (best == map.end() || (version(best->first) && version(i->first) && *version(best->first) < *version(i->first))) best = i;
    }
    return best;
}

// An interface of nothing but records and the like needs nobody who serves it.
bool has_only_value_types(const component::types::Types& types, const component::types::Entity& wanted) {
    return std::ranges::all_of(types[component::types::InstanceId(wanted.id)].exports, [](const auto& x) {
        return x.second.sort == component::Sort::type && x.second.type.kind == component::types::Type::Kind::defined;
    });
}

Item import_from(const ComponentLinker::Interface::Data& root, const auto& interfaces, const auto& items, component::runtime::Instance& to, const std::string& name,
                 const component::types::Entity& wanted) {
    Matcher match(to);
    if (auto i = find_compatible(items, name); i != items.end()) return match.item(name, wanted, i->second);
    if (wanted.sort == component::Sort::func) return match.host_func(name, wanted, root);
    if (wanted.sort == component::Sort::instance)
        if (auto i = find_compatible(interfaces, name); i != interfaces.end()) return match.host_instance(name, wanted, *i->second);
    if (wanted.sort == component::Sort::type) return match.host_resource(name, wanted, root);
    if (wanted.sort == component::Sort::instance && has_only_value_types(to.view.types(), wanted)) return match.host_instance(name, wanted, root);
    match.missing(name, wanted);
}

}  // namespace

ComponentLinker::ComponentLinker(const Engine& engine) : data_(std::make_unique<Data>()) { data_->engine = engine; }
ComponentLinker::~ComponentLinker() = default;
ComponentLinker::ComponentLinker(ComponentLinker&&) noexcept = default;
ComponentLinker& ComponentLinker::operator=(ComponentLinker&&) noexcept = default;

ComponentLinker::Interface& ComponentLinker::Interface::add(std::string name, component::HostFunction f, component::WordFunction words, bool (*fits)(const component::FunctionType&),
                                                            component::FunctionType type) {
    data_->funcs.insert_or_assign(std::move(name),
                                  Data::HostFunc{std::make_shared<const component::HostFunction>(std::move(f)),
                                                 words ? std::make_shared<const component::WordFunction>(std::move(words)) : nullptr, fits, std::move(type), false});
    return *this;
}

ComponentLinker::Interface& ComponentLinker::Interface::raw(std::string name, component::HostFunction f, component::FunctionType type) {
    data_->funcs.insert_or_assign(std::move(name), Data::HostFunc{std::make_shared<const component::HostFunction>(std::move(f)), nullptr, nullptr, std::move(type), true});
    return *this;
}

ComponentLinker::Interface& ComponentLinker::Interface::resource(std::string name, std::function<void(u64)> drop) {
    return resource(std::move(name), component::make_resource_type([drop = std::move(drop)](Store&, u64 rep) {
                        if (drop) drop(rep);
                    }));
}

ComponentLinker::Interface& ComponentLinker::Interface::resource(std::string name, std::shared_ptr<ResourceType> type) {
    data_->resources.insert_or_assign(std::move(name), std::move(type));
    return *this;
}

std::shared_ptr<ResourceType> ComponentLinker::Interface::resource_type(std::string_view name) const {
    auto at = data_->resources.find(name);
    return at == data_->resources.end() ? nullptr : at->second;
}

ComponentLinker::Interface ComponentLinker::interface(std::string name) {
    auto& data = data_->interfaces[name];
    if (!data) data = std::make_shared<Interface::Data>();
    data->name = std::move(name);
    return Interface(data);
}
ComponentLinker::Interface ComponentLinker::root() { return Interface(data_->root); }

ComponentLinker& ComponentLinker::instance(std::string name, const ComponentInstance& instance) {
    Item i;
    i.sort = component::Sort::instance;
    i.instance = instance.data();
    data_->items.insert_or_assign(std::move(name), std::move(i));
    return *this;
}

ComponentLinker& ComponentLinker::exports_of(const ComponentInstance& instance) {
    for (const auto& [name, item] : instance.data()->items) data_->items.insert_or_assign(name, item);
    return *this;
}

ComponentLinker& ComponentLinker::define(std::string name, const Module& module) {
    Item i;
    i.sort = component::Sort::core_module;
    i.module = module;
    data_->items.insert_or_assign(std::move(name), std::move(i));
    return *this;
}

ComponentLinker& ComponentLinker::define(std::string name, const Component& component) {
    const auto& d = component.data();
    Item i;
    i.sort = component::Sort::component;
    i.component = std::make_shared<Closure>(Closure{d, &d->validated->model, &d->validated->root, nullptr});
    data_->items.insert_or_assign(std::move(name), std::move(i));
    return *this;
}

namespace {

using component::ExternInfo;

// What of an imported instance is not there.
std::optional<ExternInfo> without(const ExternInfo& wanted, const auto& has) {
    ExternInfo rest = wanted;
    std::erase_if(rest.exports, [&](const ExternInfo& e) { return e.kind == ExternInfo::Kind::type || e.kind == ExternInfo::Kind::resource || has(e.name); });
    return rest.exports.empty() ? std::nullopt : std::optional(std::move(rest));
}

}  // namespace

std::vector<ExternInfo> ComponentLinker::missing(const Component& component) const {
    using Kind = ExternInfo::Kind;
    std::vector<ExternInfo> all;
    for (const ExternInfo& wanted : component.imports()) {
        std::optional<ExternInfo> lacks;
        auto item = find_compatible(data_->items, wanted.name);
        auto interface = find_compatible(data_->interfaces, wanted.name);
        if (item != data_->items.end()) {
            if (wanted.kind == Kind::instance && item->second.instance)
                lacks = without(wanted, [&](const std::string& n) { return item->second.instance->find(n) != nullptr; });
        } else if (wanted.kind == Kind::instance && interface != data_->interfaces.end()) {
            lacks = without(wanted, [&](const std::string& n) { return interface->second->funcs.contains(n); });
        } else if (wanted.kind == Kind::instance) {
            lacks = without(wanted, [](const std::string&) { return false; });
        } else if (wanted.kind == Kind::func) {
            if (!data_->root->funcs.contains(wanted.name)) lacks = wanted;
        } else if (wanted.kind != Kind::type && wanted.kind != Kind::resource) {
            lacks = wanted;
        }
        if (lacks) all.push_back(std::move(*lacks));
    }
    return all;
}

std::vector<component::ExternInfo> ComponentLinker::provided() const {
    using component::ExternInfo;
    std::vector<ExternInfo> all;
    for (const auto& [name, data] : data_->interfaces) {
        ExternInfo i{name, ExternInfo::Kind::instance, {}, {}, {}};
        for (const auto& [r, type] : data->resources) i.exports.push_back({r, ExternInfo::Kind::resource, {}, {}, {}});
        for (const auto& [f, host] : data->funcs) i.exports.push_back({f, ExternInfo::Kind::func, host.type, {}, {}});
        all.push_back(std::move(i));
    }
    return all;
}

Result<ComponentInstance> ComponentLinker::instantiate(Store& store, const Component& component) const {
    auto m = Machine::of(store);
    if (store.parked()) return std::unexpected(Error{Error::Kind::usage, "busy: another call of this Store is parked"});
    const auto& d = component.data();
    auto source = [&](component::runtime::Instance& to, const std::string& name, const component::types::Entity& wanted) {
        return import_from(*data_->root, data_->interfaces, data_->items, to, name, wanted);
    };
    try {
        component::runtime::Instance& in = component::runtime::instantiate(*m, {d, &d->validated->model, &d->validated->root, nullptr}, nullptr, source);
        return ComponentInstance(m, in.exports);
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle
