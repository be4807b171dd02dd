// The Linker: import names to objects. Definitions are kept as given; host functions are made in a Store when first asked for there.
#include <map>
#include <variant>

#include "store.hpp"

namespace heddle {

namespace {

struct HostDefinition {
    FuncType type;
    RawHostFunction call = nullptr;
    std::shared_ptr<void> data;
};

using Definition = std::variant<std::shared_ptr<const HostDefinition>, Extern>;
using Names = std::map<std::string, Definition, std::less<>>;

Func func_in(StoreData& s, const std::shared_ptr<const HostDefinition>& d) {
    auto [at, added] = s.linked.try_emplace(d.get(), d, nullptr);
    if (added) {
        HostFunc& h = new_host_func(s, s.types().intern(d->type), d->call, d->data.get());
        h.keep = d->data;
        at->second.second = &h.object;
    }
    return Func(at->second.second);
}

}  // namespace

struct Linker::Data {
    Engine engine;
    std::map<std::string, Names, std::less<>> modules;
    std::function<std::optional<Extern>(Store&, const ImportType&)> fallback;

    const Definition* find(std::string_view module, std::string_view name) const {
        auto m = modules.find(module);
        if (m == modules.end()) return nullptr;
        auto n = m->second.find(name);
        return n == m->second.end() ? nullptr : &n->second;
    }

    Extern resolve(Store& store, const Import& wanted) const {
        if (const Definition* d = find(wanted.module, wanted.name)) {
            if (const Extern* e = std::get_if<Extern>(d)) return *e;
            return func_in(store.data(), std::get<0>(*d));
        }
        ImportType asked{std::string(wanted.module), std::string(wanted.name), wanted.type};
        if (fallback)
            if (std::optional<Extern> e = fallback(store, asked)) return *e;
        throw Error{Error::Kind::unlinkable,
                    "unknown import: \"" + asked.module + "\" \"" + asked.name + "\" " + describe(store.data().types(), wanted.type)};
    }
};

Linker::Linker(const Engine& engine) : data_(std::make_unique<Data>(Data{engine, {}, {}})) {}
Linker::~Linker() = default;
Linker::Linker(Linker&&) noexcept = default;
Linker& Linker::operator=(Linker&&) noexcept = default;

Linker& Linker::raw(std::string module, std::string name, FuncType type, RawHostFunction f, std::shared_ptr<void> data) {
    auto d = std::make_shared<const HostDefinition>(std::move(type), f, std::move(data));
    data_->modules[std::move(module)].insert_or_assign(std::move(name), std::move(d));
    return *this;
}

Linker& Linker::func(std::string module, std::string name, const FuncType& type, DynamicHostFunction f) {
    return raw(std::move(module), std::move(name), type, call_dynamic, std::make_shared<DynamicHost>(type, std::move(f)));
}

Linker& Linker::define(std::string module, std::string name, Extern value) {
    data_->modules[std::move(module)].insert_or_assign(std::move(name), value);
    return *this;
}

Linker& Linker::instance(std::string module, const Instance& instance) {
    for (const Export& e : instance.object()->module->exports) define(module, std::string(e.name), *instance.find(e.name));
    return *this;
}

Linker& Linker::fallback(std::function<std::optional<Extern>(Store&, const ImportType&)> ask) {
    data_->fallback = std::move(ask);
    return *this;
}

Result<std::vector<Extern>> Linker::resolve(Store& store, const Module& module) const {
    return caught([&] {
        std::vector<Extern> imports;
        imports.reserve(module.data().imports.size());
        for (const Import& i : module.data().imports) imports.push_back(data_->resolve(store, i));
        return imports;
    });
}

Result<Instance> Linker::instantiate(Store& store, const Module& module) const {
    auto imports = resolve(store, module);
    if (!imports) return std::unexpected(std::move(imports.error()));
    auto instance = heddle::instantiate(store, module, *imports);
    if (!instance) return instance;
    std::optional<Func> start = instance->start();
    if (!start) return instance;
    if (Exit how = start->call_raw(store, {}); how != Exit::returned) return std::unexpected(error_of(store.data(), how));
    return instance;
}

}  // namespace heddle
