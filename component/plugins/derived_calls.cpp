// Derived interfaces, as host functions: values go to the plug-in and back, handles as what they stand for.
#include "errors.hpp"
#include "zone.hpp"

namespace heddle::component::plugins::detail {

namespace {

std::size_t index_of(const Derived& d, const Method& m) { return std::size_t(&m - d.methods.data()); }

// A plug-in's resource for a handle of its caller's: lent, or moved. Empty: it is another plug-in's.
std::optional<Val> resource_for(Holder& h, const Zone& zone, const Val& v) {
    Held& held = h.at(*resource_rep(v));
    if (held.zone.get() != &zone) return std::nullopt;
    if (v.kind() == Val::Kind::own) return h.take(v);
    return Val::handle(Val::Kind::borrow, held.resource.handle());
}

std::optional<std::vector<Val>> arguments(HostCall& c, Holder& h, const Zone& zone, const Method& m) {
    std::vector<Val> args;
    std::size_t skipped = c.args().size() - m.has_handles.size();
    args.reserve(m.has_handles.size());
    for (std::size_t i = 0; i < m.has_handles.size(); ++i) {
        if (!m.has_handles[i]) {
            args.push_back(c.take(i + skipped));
            continue;
        }
        auto v = map_handles(c.args()[i + skipped], m.target_type.params[i].type, [&](const Val& x, const ValueType&) { return resource_for(h, zone, x); });
        if (!v) return std::nullopt;
        args.push_back(std::move(*v));
    }
    return args;
}

// Its caller holds what the plug-in gave. Empty: more than it may.
std::optional<Val> result_for(Store& store, Holder& h, const std::shared_ptr<Zone>& zone, const Derived& d, const Method& m, const Val& result) {
    return map_handles(result, *m.target_type.result, [&](const Val& v, const ValueType& t) -> std::optional<Val> {
        if (zone->account && zone->resources >= zone->account->limits.resources) return std::nullopt;
        ++zone->resources;
        return new_resource(store, d.resource_types.at(t.resource()), h.add({nullptr, zone, v}));
    });
}

Host fail(HostCall& c, CallError::Kind k, std::string why) { return c.done(Val::error(to_val(CallError{k, std::move(why)}))); }

Host bind(HostCall& c, Holder& h, const std::shared_ptr<const Derived>& d) {
    auto zone = h.at(*resource_rep(c.args()[0])).zone;
    auto bound = zone->bind(d);
    if (!bound) return c.done(Val::error(to_val(bound.error())));
    return c.done(Val::ok(new_resource(c.store(), d->plugin, h.add({nullptr, std::move(zone), {}}))));
}

Val without_handles(CallResult r) {
    if (!r) return Val::error(to_val(r.error()));
    return *r ? Val::ok(std::move(**r)) : Val::ok();
}

Val answer(Store& store, Holder& h, const std::shared_ptr<Zone>& zone, const Derived& d, const Method& m, CallResult r) {
    if (!r || !*r || !m.result_has_handles) return without_handles(std::move(r));
    if (auto given = result_for(store, h, zone, d, m, **r)) return Val::ok(std::move(*given));
    std::string most = std::to_string(zone->account->limits.resources);
    return Val::error(to_val(CallError{CallError::Kind::limit, "its resources that others hold may be " + most + " (plugins::Limits::resources)"}));
}

Host call(HostCall& c, Holder& h, const std::shared_ptr<const Derived>& d, const Method& m) {
    auto zone = h.at(*resource_rep(c.args()[0])).zone;
    auto binding = zone->bind(d);
    if (!binding) {
        bool dead = binding.error().kind == LoadError::Kind::dead;
        return fail(c, dead ? CallError::Kind::dead : CallError::Kind::unknown_function, binding.error().message);
    }
    auto args = arguments(c, h, *zone, m);
    if (!args) return fail(c, CallError::Kind::foreign_handle, {});
    const ZoneFunc& f = *(*binding)->funcs[index_of(*d, m)];
    if (zone->peer)
        return ask(c, *zone->peer, f, std::move(*args),
                   [&store = c.store(), &h, zone, d, &m](CallResult r) { return answer(store, h, zone, *d, m, std::move(r)); });
    return c.done(answer(c.store(), h, zone, *d, m, zone->call(f, std::move(*args))));
}

}  // namespace

Host ask(HostCall& c, Peer& peer, const ZoneFunc& f, std::vector<Val> args, std::function<Val(CallResult)> to_value) {
    auto deferred = std::make_shared<std::optional<Deferred>>();
    auto answer = peer.call(f.path, std::move(args), [deferred, to_value](CallResult r) { (*deferred)->resolve(to_value(std::move(r))); });
    if (answer) return c.done(to_value(std::move(*answer)));
    *deferred = c.defer();
    return c.wait();
}

void add_derived(ComponentLinker& linker, const std::shared_ptr<CatalogueData>& host, const std::shared_ptr<const Derived>& d) {
    auto interface = linker.interface(d->name);
    for (const auto& [name, id] : d->resources) interface.resource(name, d->resource_types.at(id));
    for (const Method& m : d->methods)
        interface.raw(m.name, [host, d, &m](HostCall& c) {
            Holder& h = Holder::of(c.store(), host);
            return m.on == Method::On::bind ? bind(c, h, d) : call(c, h, d, m);
        });
}

}  // namespace heddle::component::plugins::detail
