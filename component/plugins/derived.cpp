#include "derived.hpp"

#include <algorithm>

#include "errors.hpp"
#include "instance.hpp"
#include "package.hpp"
#include "val.hpp"

namespace heddle::component::plugins {

namespace {

using K = ValueType::Kind;

// "demo:plug-plugin/codec@1.0.0" -> "demo:plug/codec@1.0.0"; empty for other names.
std::string target_of(const std::string& name) {
    auto slash = name.find('/');
    if (slash == name.npos || slash <= derived_suffix.size() || std::string_view(name).substr(0, slash).substr(slash - derived_suffix.size()) != derived_suffix)
        return {};
    return name.substr(0, slash - derived_suffix.size()) + name.substr(slash);
}

struct Name {
    std::string kind, resource, function;  // "[method]", "plugin", "sum"
};
Name split(const std::string& name) {
    auto close = name.find(']'), dot = name.find('.');
    if (!name.starts_with('[') || close == name.npos || dot == name.npos) return {};
    return {name.substr(0, close + 1), name.substr(close + 1, dot - close - 1), name.substr(dot + 1)};
}

Method method(const std::string& interface, const std::string& name, FunctionType type) {
    auto [kind, resource, function] = split(name);
    auto wrong = [&] {
        throw Error{Error::Kind::unlinkable, "import `" + interface + "`: `" + name + "` of type " + to_string(type) + " is no function as heddle:plugins@" +
                                                 std::string(package_version) + " has them; derive the interface again"};
    };
    bool of_plugin = resource == "plugin";
    Method m;
    m.name = name;
    m.type = type;
    if (kind.empty() || !type.result || type.result->kind() != K::result || type.params.empty()) wrong();
    if (of_plugin && kind == "[static]" && function == "bind") {
        if (!same_shape(*type.result, ValueType::result(ValueType::own(0), load_error_type()))) wrong();
        m.on = Method::On::bind;
        return m;
    }
    auto cases = type.result->members();
    if (!cases[1].type || !same_shape(*cases[1].type, call_error_type()) || type.params[0].type.kind() != K::borrow) wrong();
    m.on = of_plugin ? Method::On::plugin : kind == "[method]" ? Method::On::resource : Method::On::static_;
    if (of_plugin) m.targets = {function};
    else if (kind == "[method]") m.targets = {name};
    else if (function == "new") m.targets = {"[constructor]" + resource, name};
    else m.targets = {name};
    m.target_type = type;
    if (m.on != Method::On::resource) m.target_type.params.erase(m.target_type.params.begin());
    m.target_type.result = cases[0].type;
    for (const auto& p : m.target_type.params) m.has_handles.push_back(has_handles(p.type));
    m.result_has_handles = m.target_type.result && has_handles(*m.target_type.result);
    return m;
}

// Of a list; streams and futures are not among the types that plug-ins' functions have.
const ValueType* element_of(const ValueType& t) { return t.kind() == K::list ? t.element() : nullptr; }

}  // namespace

bool has_handles(const ValueType& t) {
    if (t.kind() == K::own || t.kind() == K::borrow || t.kind() == K::stream || t.kind() == K::future || t.kind() == K::error_context) return true;
    if (const ValueType* e = element_of(t)) return has_handles(*e);
    return std::ranges::any_of(t.members(), [](const ValueType::Member& m) { return m.type && has_handles(*m.type); });
}

namespace {

std::optional<Val> map_items(const Val& v, const HandleMap& f, auto type_at) {
    std::vector<Val> all;
    all.reserve(v.size());
    for (std::size_t i = 0; i < v.size(); ++i) {
        auto item = map_handles(v.items()[i], type_at(i), f);
        if (!item) return std::nullopt;
        all.push_back(std::move(*item));
    }
    return v.kind() == Val::Kind::record ? Val::record(std::move(all)) : Val::list(std::move(all));
}

}  // namespace

std::optional<Val> map_handles(const Val& v, const ValueType& t, const HandleMap& f) {
    if (v.is_handle()) return f(v, t);
    if (!has_handles(t)) return v;
    if (t.kind() == K::list) return map_items(v, f, [&](std::size_t) -> const ValueType& { return *t.element(); });
    if (t.kind() == K::map)
        return map_items(v, f, [&](std::size_t) { return ValueType::tuple({*t.members()[0].type, *t.members()[1].type}); });
    if (t.kind() == K::record || t.kind() == K::tuple) return map_items(v, f, [&](std::size_t i) -> const ValueType& { return *t.members()[i].type; });
    const Val* payload = v.payload();
    if (!payload) return v;
    auto inside = map_handles(*payload, *t.members()[v.case_index()].type, f);
    return inside ? std::optional(Val::variant(v.case_index(), std::move(*inside))) : std::nullopt;
}

namespace {

bool same_resources(const ValueType& a, const ValueType& b, std::map<u32, u32>& known) {
    if (a.kind() == K::own || a.kind() == K::borrow) return known.emplace(a.resource(), b.resource()).first->second == b.resource();
    if (const ValueType* e = element_of(a)) return same_resources(*e, *b.element(), known);
    for (std::size_t i = 0; i < a.members().size(); ++i)
        if (a.members()[i].type && !same_resources(*a.members()[i].type, *b.members()[i].type, known)) return false;
    return true;
}

}  // namespace

bool same_meaning(const FunctionType& a, const FunctionType& b, std::map<u32, u32>& known) {
    if (!same_shape(a, b)) return false;
    for (std::size_t i = 0; i < a.params.size(); ++i)
        if (!same_resources(a.params[i].type, b.params[i].type, known)) return false;
    return !a.result || same_resources(*a.result, *b.result, known);
}

// ---- imports ------------------------------------------------------------------------------------------------------------------------------

namespace {

std::shared_ptr<Derived> describe(const std::string& name, const types::Types& types, const types::Named& exports) {
    if (!types::find(exports, "[static]plugin.bind")) return nullptr;
    auto d = std::make_shared<Derived>();
    d->name = name;
    d->target = target_of(name);
    d->plain = name.substr(name.find('/') + 1, name.find('@') - name.find('/') - 1);
    Describer describer(types);
    for (const auto& [n, e] : exports) {
        if (e.sort == Sort::func) d->methods.push_back(method(name, n, describer(types[types::FuncId(e.id)])));
        else if (e.sort == Sort::type && e.type.kind == types::Type::Kind::resource) d->resources[n] = types.identity(e.type.resource());
    }
    return d;
}

}  // namespace

std::vector<std::shared_ptr<const Derived>> derived_imports(const heddle::Component& c, const ResourceTypes& resource_type) {
    const types::Types& types = c.data()->types();
    std::vector<std::shared_ptr<const Derived>> all;
    std::map<u32, std::shared_ptr<runtime::ResourceType>> known;
    for (const auto& [name, e] : types[c.data()->validated->root.type].imports) {
        if (e.sort != Sort::instance) continue;
        const types::Named& exports = types[types::InstanceId(e.id)].exports;
        auto d = target_of(name).empty() ? nullptr : describe(name, types, exports);
        if (!d) {  // heddle:plugins among them, whose `instance` is used by all
            for (const auto& [n, x] : exports)
                if (x.sort == Sort::type && x.type.kind == types::Type::Kind::resource) known.emplace(types.identity(x.type.resource()), nullptr);
            continue;
        }
        // A resource that another interface has defined before is that one.
        std::erase_if(d->resources, [&](const auto& r) {
            bool is_used = known.contains(r.second);
            if (!is_used) known[r.second] = resource_type(name, r.first);
            return is_used;
        });
        d->resource_types = known;
        if (auto at = d->resources.find("plugin"); at != d->resources.end()) d->plugin = known.at(at->second);
        all.push_back(std::move(d));
    }
    return all;
}

}  // namespace heddle::component::plugins
