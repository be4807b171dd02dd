// The catalogue, and the embedder's side.
#include <algorithm>

#include <heddle/component_text.hpp>

#include "chain.hpp"
#include "package.hpp"
#include "zone.hpp"

namespace heddle::component::plugins {

namespace detail {

namespace {

Config metered(Config c) {
    c.metering = true;
    return c;
}

std::shared_ptr<runtime::ResourceType> held_type() {
    return make_resource_type([](Store& store, u64 rep) {
        if (auto& holder = runtime::Machine::of(store)->plugins) static_cast<Holder*>(holder.get())->drop(rep);
    });
}

}  // namespace

CatalogueData::CatalogueData(Options o, const Config& c)
    : options(std::move(o)), engine(metered(c)), own(std::make_shared<Account>()), code_type(held_type()), instance_type(held_type()) {
    own->limits = options.limits;
}

void CatalogueData::add(std::string name, Entry entry) {
    std::lock_guard lock(mutex_);
    loaded_.erase(name);
    entries_.insert_or_assign(std::move(name), std::move(entry));
}

std::vector<std::string> CatalogueData::names() {
    std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (const auto& [name, entry] : entries_) all.push_back(name);
    return all;
}

std::expected<std::shared_ptr<const Code>, LoadError> CatalogueData::load(std::vector<u8> bytes, Entry settings) {
    if (!is_component(bytes)) {
        auto assembled = assemble(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
        if (!assembled) return std::unexpected(LoadError{LoadError::Kind::invalid, "no component in binary or text form: " + assembled.error().message});
        bytes = std::move(*assembled);
    }
    auto component = heddle::Component::load(engine, std::move(bytes));
    if (!component) return std::unexpected(LoadError{LoadError::Kind::invalid, component.error().to_string()});
    return std::make_shared<const Code>(Code{std::move(*component), settings.limits, std::move(settings.imports), settings.may_hold_plugins});
}

std::expected<std::shared_ptr<const Code>, LoadError> CatalogueData::named(const std::string& name) {
    std::lock_guard lock(mutex_);
    if (auto at = loaded_.find(name); at != loaded_.end()) return at->second;
    auto entry = entries_.find(name);
    if (entry == entries_.end()) return std::unexpected(LoadError{LoadError::Kind::unknown, "the catalogue has no `" + name + "`"});
    auto code = load(entry->second.bytes, {{}, entry->second.limits, entry->second.imports, entry->second.may_hold_plugins});
    if (code) loaded_[name] = *code;
    return code;
}

std::shared_ptr<runtime::ResourceType> CatalogueData::resource_type(const std::string& interface, const std::string& resource) {
    std::lock_guard lock(mutex_);
    auto& type = types_[{interface, resource}];
    if (!type) type = held_type();
    return type;
}

void CatalogueData::link(ComponentLinker& linker, const heddle::Component& guest) {
    auto self = shared_from_this();
    for (const ExternInfo& i : guest.imports())
        if (i.name.starts_with("heddle:plugins/")) {
            add_loader(linker, self);
            add_values(linker, self);
            break;
        }
    auto types = [&](const std::string& interface, const std::string& resource) { return resource_type(interface, resource); };
    for (const auto& d : derived_imports(guest, types)) add_derived(linker, self, d);
}

}  // namespace detail

Catalogue::Catalogue(Options options, Config config) : data_(std::make_shared<detail::CatalogueData>(std::move(options), config)) {}

void Catalogue::add(std::string name, Entry entry) { data_->add(std::move(name), std::move(entry)); }
std::expected<void, LoadError> Catalogue::check(const std::string& name) const {
    auto code = data_->named(name);
    return code ? std::expected<void, LoadError>() : std::unexpected(code.error());
}
const Engine& Catalogue::engine() const { return data_->engine; }

Result<void> Catalogue::link(ComponentLinker& linker, const heddle::Component& guest) const {
    try {
        data_->link(linker, guest);
        return {};
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

std::expected<Plugin, LoadError> Catalogue::instantiate(const std::string& name) const {
    auto code = data_->named(name);
    return code ? instantiate(name, (*code)->limits) : std::unexpected(code.error());
}

std::expected<Plugin, LoadError> Catalogue::instantiate(const std::string& name, const Limits& limits) const {
    auto code = data_->named(name);
    if (!code) return std::unexpected(code.error());
    auto zone = detail::Zone::make(data_, **code, limits, data_->own);
    if (!zone) return std::unexpected(zone.error());
    return Plugin(std::move(*zone));
}

void Catalogue::interrupt(Store& guest) const { data_->deadlines.interrupt(guest); }

// ---- the embedder's plug-ins --------------------------------------------------------------------------------------------------------------

CallResult Plugin::call(std::string_view function, std::vector<Val> args) const {
    zone_->run_drops();
    if (zone_->state == Status::Kind::dead || zone_->state == Status::Kind::closed) return zone_->call({}, {});
    auto f = zone_->find(std::string(function));
    if (!f) return std::unexpected(CallError{CallError::Kind::unknown_function, "no exported function `" + std::string(function) + "`"});
    return zone_->call(*f, std::move(args));
}

std::optional<FunctionType> Plugin::type(std::string_view function) const {
    auto f = zone_->find(std::string(function));
    return f ? std::optional(f->type) : std::nullopt;
}

std::vector<ExternInfo> Plugin::exports() const { return zone_->exports(); }
Status Plugin::status() const { return {zone_->state, zone_->why}; }
u64 Plugin::memory_bytes() const { return zone_->memory_bytes(); }
u64 Plugin::fuel_used() const { return zone_->fuel_used; }
void Plugin::close() const { zone_->close(); }

}  // namespace heddle::component::plugins
