// heddle:plugins/loader, as host functions.
#include "errors.hpp"
#include "package.hpp"
#include "zone.hpp"

namespace heddle::component::plugins::detail {

namespace {

using K = ValueType::Kind;

ValueType prim(K k) { return ValueType::primitive(k); }
ValueType optional(K k) { return ValueType::option(prim(k)); }
ValueType fallible(ValueType ok) { return ValueType::result(std::move(ok), load_error_type()); }

ValueType options_type() {
    return ValueType::record({{"memory-bytes", optional(K::u64)},
                              {"fuel", optional(K::u64)},
                              {"deadline-ms", optional(K::u32)},
                              {"handles", optional(K::u32)},
                              {"zones", optional(K::u32)}});
}
ValueType status_type() {
    return ValueType::variant({{"ready", std::nullopt}, {"running", std::nullopt}, {"dead", prim(K::string)}, {"closed", std::nullopt}});
}

// Options as the guest said them, over what the code has by itself.
Limits limits_of(const Val& options, Limits l) {
    auto said = [&](std::size_t i) { return options.items()[i].payload(); };
    if (auto* v = said(0)) l.memory_bytes = v->as<u64>();
    if (auto* v = said(1)) l.fuel = v->as<u64>();
    if (auto* v = said(2)) l.deadline = std::chrono::milliseconds(v->as<u32>());
    if (auto* v = said(3)) l.handles = v->as<u32>();
    if (auto* v = said(4)) l.zones = v->as<u32>();
    return l;
}

struct Function {
    const char* name;
    FunctionType type;
    Host (*run)(HostCall& c, Holder& h);
};

Held& held(HostCall& c, Holder& h, std::size_t i) { return h.at(*resource_rep(c.args()[i])); }

Host give(HostCall& c, Holder& h, const std::shared_ptr<runtime::ResourceType>& type, auto made, auto into) {
    if (!made) return c.done(Val::error(to_val(made.error())));
    return c.done(Val::ok(new_resource(c.store(), type, h.add(into(std::move(*made))))));
}
Held code_of(std::shared_ptr<const Code> code) { return {std::move(code), nullptr, {}}; }
Held zone_of(std::shared_ptr<Zone> zone) { return {nullptr, std::move(zone), {}}; }

std::vector<u8> bytes_of(const Val& list) {
    if (list.is_packed()) return {list.packed_bytes().begin(), list.packed_bytes().end()};
    return {};
}

Host from_bytes(HostCall& c, Holder& h) {
    using Loaded = std::expected<std::shared_ptr<const Code>, LoadError>;
    const Options& o = h.host->options;
    if (!o.allow_bytes) return give(c, h, h.host->code_type, Loaded(std::unexpected(LoadError{LoadError::Kind::denied, "only entries of the catalogue"})), code_of);
    return give(c, h, h.host->code_type, h.host->load(bytes_of(c.args()[0]), {{}, o.bytes_limits, o.bytes_imports, false}), code_of);
}

Host connect(HostCall& c, Holder& h) {
    using Reached = std::expected<std::shared_ptr<Peer>, LoadError>;
    const auto& reach = h.host->options.connect;
    Reached peer = reach ? reach(c.store(), c.args()[0].as_string()) : Reached(std::unexpected(LoadError{LoadError::Kind::denied, "nothing can be reached"}));
    return give(c, h, h.host->instance_type, std::move(peer), [&](std::shared_ptr<Peer> p) { return zone_of(Zone::of(h.host, std::move(p))); });
}

Host instantiate(HostCall& c, Holder& h) {
    auto code = held(c, h, 0).code;
    return give(c, h, h.host->instance_type, Zone::make(h.host, *code, limits_of(c.args()[1], code->limits), h.account), zone_of);
}

Host status(HostCall& c, Holder& h) {
    const Zone& z = *held(c, h, 0).zone;
    return c.done(z.state == Status::Kind::dead ? Val::variant(u32(z.state), Val::string(z.why)) : Val::variant(u32(z.state)));
}

Host close(HostCall& c, Holder& h) {
    auto zone = held(c, h, 0).zone;
    zone->close();
    return c.done();
}

Host catalogue(HostCall& c, Holder& h) {
    std::vector<Val> names;
    for (std::string& n : h.host->names()) names.push_back(Val::string(std::move(n)));
    return c.done(Val::list(std::move(names)));
}

std::vector<Function> functions() {
    ValueType code = ValueType::own(0), instance = ValueType::own(1), self_code = ValueType::borrow(0), self = ValueType::borrow(1);
    return {
        {"[static]code.named", {false, {{"name", prim(K::string)}}, fallible(code)},
         [](HostCall& c, Holder& h) { return give(c, h, h.host->code_type, h.host->named(c.args()[0].as_string()), code_of); }},
        {"[static]code.from-bytes", {false, {{"bytes", ValueType::list(prim(K::u8))}}, fallible(code)}, from_bytes},
        {"[method]code.instantiate", {false, {{"self", self_code}, {"opts", options_type()}}, fallible(instance)}, instantiate},
        {"[static]instance.connect", {false, {{"identity", prim(K::string)}}, fallible(instance)}, connect},
        {"[method]instance.status", {false, {{"self", self}}, status_type()}, status},
        {"[method]instance.memory-bytes", {false, {{"self", self}}, prim(K::u64)},
         [](HostCall& c, Holder& h) { return c.done(Val::u64(held(c, h, 0).zone->memory_bytes())); }},
        {"[method]instance.fuel-used", {false, {{"self", self}}, prim(K::u64)},
         [](HostCall& c, Holder& h) { return c.done(Val::u64(held(c, h, 0).zone->fuel_used)); }},
        {"[method]instance.close", {false, {{"self", self}}, std::nullopt}, close},
        {"catalogue", {false, {}, ValueType::list(prim(K::string))}, catalogue},
    };
}

}  // namespace

void add_loader(ComponentLinker& linker, const std::shared_ptr<CatalogueData>& host) {
    auto loader = linker.interface(std::string(loader_name));
    loader.resource("code", host->code_type);
    loader.resource("instance", host->instance_type);
    for (Function& f : functions())
        loader.raw(f.name, [host, run = f.run](HostCall& c) { return run(c, Holder::of(c.store(), host)); }, std::move(f.type));
}

}  // namespace heddle::component::plugins::detail
