#include "tools/type_writer.hpp"

#include <algorithm>

namespace heddle::component::tools {

// ---- what is used ---------------------------------------------------------------------------------------------------------------------

namespace {

template <class F>
void each_type_of(const wit::TypeDef::Kind& kind, F give) {
    struct Visit {
        F& give;
        void maybe(const std::optional<wit::Type>& t) const {
            if (t) give(*t);
        }
        void operator()(const wit::Record& x) const {
            for (const auto& f : x.fields) give(f.type);
        }
        void operator()(const wit::Variant& x) const {
            for (const auto& c : x.cases) maybe(c.type);
        }
        void operator()(const wit::Tuple& x) const {
            for (const auto& t : x.types) give(t);
        }
        void operator()(const wit::Option& x) const { give(x.type); }
        void operator()(const wit::List& x) const { give(x.type); }
        void operator()(const wit::Map& x) const { give(x.key), give(x.value); }
        void operator()(const wit::ResultType& x) const { maybe(x.ok), maybe(x.error); }
        void operator()(const wit::Stream& x) const { maybe(x.type); }
        void operator()(const wit::Future& x) const { maybe(x.type); }
        void operator()(const wit::Handle& x) const { give(wit::Type::defined(x.resource)); }
        void operator()(const wit::Alias& x) const { give(x.type); }
        void operator()(const wit::Flags&) const {}
        void operator()(const wit::Enum&) const {}
        void operator()(const wit::Resource&) const {}
    };
    std::visit(Visit{give}, kind);
}

}  // namespace

void Live::add_type(const wit::Resolve& r, const wit::Type& t) {
    std::vector<u32> todo;
    auto push = [&](const wit::Type& x) {
        if (!x.prim) todo.push_back(x.index);
    };
    push(t);
    while (!todo.empty()) {
        u32 next = todo.back();
        todo.pop_back();
        if (types.insert(next).second) each_type_of(r.types[next].kind, push);
    }
}

void Live::add_signature(const wit::Resolve& r, const wit::Function& f) {
    for (const wit::Param& p : f.params) add_type(r, p.type);
    if (f.result) add_type(r, *f.result);
    if (f.kind != wit::Function::Kind::freestanding) add_type(r, wit::Type::defined(f.resource));
}

void Live::add_function(const wit::Resolve& r, u32 interface, const wit::Function& f) {
    if (functions[interface].insert(r.canonical_name(f)).second) add_signature(r, f);
}

// ---- types ----------------------------------------------------------------------------------------------------------------------------

ValType TypeWriter::val(const wit::Type& t) { return t.prim ? ValType::of(*t.prim) : ValType::defined(index(t.index)); }

std::optional<ValType> TypeWriter::val(const std::optional<wit::Type>& t) { return t ? std::optional(val(*t)) : std::nullopt; }

u32 TypeWriter::index(u32 type) {
    if (auto it = known_.find(type); it != known_.end()) return it->second;
    const wit::TypeDef& def = r_.types[type];
    u32 index = def.name.empty() ? structure(def) : foreign_(type);
    known_[type] = index;
    return index;
}

u32 TypeWriter::structure(const wit::TypeDef& def) {
    if (const auto* alias = std::get_if<wit::Alias>(&def.kind); alias && !alias->type.prim) return index(alias->type.index);
    return body_.type(definition(def.kind));
}

DefType TypeWriter::definition(const wit::TypeDef::Kind& kind) {
    struct Write {
        TypeWriter& w;
        DefType operator()(const wit::Record& x) const {
            Record out;
            for (const auto& f : x.fields) out.fields.push_back({w.keep(f.name), w.val(f.type)});
            return out;
        }
        DefType operator()(const wit::Variant& x) const {
            Variant out;
            for (const auto& c : x.cases) out.cases.push_back({w.keep(c.name), w.val(c.type)});
            return out;
        }
        DefType operator()(const wit::Flags& x) const {
            Flags out;
            for (const auto& l : x.flags) out.labels.push_back(w.keep(l.name));
            return out;
        }
        DefType operator()(const wit::Enum& x) const {
            Enum out;
            for (const auto& l : x.cases) out.labels.push_back(w.keep(l.name));
            return out;
        }
        DefType operator()(const wit::Tuple& x) const {
            Tuple out;
            for (const auto& t : x.types) out.types.push_back(w.val(t));
            return out;
        }
        DefType operator()(const wit::Option& x) const { return Option{w.val(x.type)}; }
        DefType operator()(const wit::ResultType& x) const {
            ResultType out;
            out.ok = w.val(x.ok);
            out.error = w.val(x.error);
            return out;
        }
        DefType operator()(const wit::List& x) const { return List{w.val(x.type), x.length}; }
        DefType operator()(const wit::Map& x) const {
            ValType key = w.val(x.key);
            return Map{key, w.val(x.value)};
        }
        DefType operator()(const wit::Stream& x) const { return Stream{w.val(x.type)}; }
        DefType operator()(const wit::Future& x) const { return Future{w.val(x.type)}; }
        DefType operator()(const wit::Handle& x) const {
            u32 resource = w.index(x.resource);
            if (x.own) return Own{resource};
            return Borrow{resource};
        }
        DefType operator()(const wit::Alias& x) const { return *x.type.prim; }
        DefType operator()(const wit::Resource&) const {
            throw Error{Error::Kind::invalid, "a resource has no structure that could be written", Error::no_offset};
        }
    };
    return std::visit(Write{*this}, kind);
}

u32 TypeWriter::function(const wit::Function& f) {
    FuncType out;
    out.async = f.async;
    for (const wit::Param& p : f.params) out.params.push_back({keep(p.name), val(p.type)});
    out.result = val(f.result);
    return body_.type(std::move(out));
}

// ---- worlds -----------------------------------------------------------------------------------------------------------------------------

std::string item_name(const wit::Resolve& r, const wit::WorldItem& item) { return item.name.empty() ? r.interface_name(item.index) : item.name; }

ExternName extern_name(const wit::Resolve& r, const wit::WorldItem& item, Strings& strings) {
    ExternName n = plain_name(strings.keep(item_name(r, item)));
    if (item.kind == wit::WorldItem::Kind::interface && !item.name.empty() && r.interfaces[item.index].name)
        n.attributes.push_back({Attribute::Kind::implements, strings.keep(r.interface_name(item.index))});
    if (item.external_id) n.attributes.push_back({Attribute::Kind::external_id, strings.keep(*item.external_id)});
    n.form = n.attributes.empty() ? 0 : 2;
    return n;
}

std::vector<const wit::WorldItem*> ordered_exports(const wit::Resolve& r, const wit::World& world) {
    std::vector<const wit::WorldItem*> ordered;
    std::set<const wit::WorldItem*> done;
    const auto add = [&](auto& self, const wit::WorldItem& item) -> void {
        if (!done.insert(&item).second) return;
        if (item.kind == wit::WorldItem::Kind::interface)
            for (u32 t : r.interfaces[item.index].types) {
                const wit::TypeDef& def = r.types[t];
                if (!def.used) continue;
                u32 from = r.types[std::get<wit::Alias>(def.kind).type.index].owner_index;
                for (const wit::WorldItem& other : world.exports)
                    if (other.kind == wit::WorldItem::Kind::interface && other.name.empty() && other.index == from) self(self, other);
            }
        ordered.push_back(&item);
    };
    for (const wit::WorldItem& item : world.exports) add(add, item);
    return ordered;
}

const wit::WorldItem* find_item(const wit::Resolve& r, const std::vector<wit::WorldItem>& items, std::string_view name) {
    auto it = std::ranges::find_if(items, [&](const wit::WorldItem& i) { return item_name(r, i) == name; });
    return it == items.end() ? nullptr : &*it;
}

WorldWriter::WorldWriter(const wit::Resolve& r, const wit::World& world, Body& body, const Live* live)
    : r_(r), world_(world), body_(body), live_(live), types_(r, body, [this](u32 t) { return imported_type(t); }) {}

bool WorldWriter::is_empty(u32 interface) const {
    if (!live_) return false;
    if (auto it = live_->functions.find(interface); it != live_->functions.end() && !it->second.empty()) return false;
    return std::ranges::none_of(r_.interfaces[interface].types, [&](u32 t) { return has(t); });
}

void WorldWriter::imports() {
    for (const wit::WorldItem& item : world_.imports) {
        ExternName name = extern_name(r_, item, body_.strings());
        ExternType type;
        if (item.kind == wit::WorldItem::Kind::interface) {
            if (is_empty(item.index)) continue;
            type.sort = Sort::instance;
            type.index = instance_type(item.index, {});
            u32 index = body_.import(std::move(name), type);
            if (item.name.empty()) imported_[item.index] = index;
            else named_[item.name] = index;
        } else if (item.kind == wit::WorldItem::Kind::type) {
            if (!has(item.index)) continue;
            const wit::TypeDef& def = r_.types[item.index];
            type.sort = Sort::type;
            if (!std::holds_alternative<wit::Resource>(def.kind)) type.type.eq = types_.structure(def);
            types_.set(item.index, body_.import(std::move(name), type));
        } else {
            if (live_ && !(live_->functions.contains(Live::of_world) && live_->functions.at(Live::of_world).contains(item.name))) continue;
            type.index = types_.function(item.function);
            funcs_[item.name] = body_.import(std::move(name), type);
        }
    }
}

void WorldWriter::exports() {
    // Types that an exported interface gives are those that what is exported speaks of.
    for (const wit::WorldItem* next : ordered_exports(r_, world_)) {
        const wit::WorldItem& item = *next;
        ExternName name = extern_name(r_, item, body_.strings());
        ExternType type;
        if (item.kind == wit::WorldItem::Kind::interface) {
            type.sort = Sort::instance;
            type.index = instance_type(item.index, exported_);
            u32 index = body_.declare_export(std::move(name), type);
            if (item.name.empty()) exported_[item.index] = index;
        } else {
            type.index = types_.function(item.function);
            body_.declare_export(std::move(name), type);
        }
    }
}

u32 WorldWriter::instance_type(u32 interface, const std::map<u32, u32>& first_look_in) {
    Body inner(Body::Kind::type, body_.strings());
    TypeWriter w(r_, inner, [&](u32 t) { return inner.alias_outer_type(1, found_type(t, first_look_in)); });
    const wit::Interface& i = r_.interfaces[interface];
    for (u32 t : i.types) {
        if (!has(t)) continue;
        const wit::TypeDef& def = r_.types[t];
        ExternType type;
        type.sort = Sort::type;
        if (!std::holds_alternative<wit::Resource>(def.kind)) type.type.eq = w.structure(def);
        w.set(t, inner.declare_export(plain_name(inner.strings().keep(def.name)), type));
    }
    for (const wit::Function& f : i.functions) {
        std::string name = r_.canonical_name(f);
        if (live_ && !(live_->functions.contains(interface) && live_->functions.at(interface).contains(name))) continue;
        ExternType type;
        type.index = w.function(f);
        inner.declare_export(plain_name(inner.strings().keep(name)), type);
    }
    return body_.type(InstanceType{inner.take_declarations()});
}

// A type of another interface, or of the world, seen from outside the interfaces.
u32 WorldWriter::found_type(u32 type, const std::map<u32, u32>& first_look_in) {
    const wit::TypeDef& def = r_.types[type];
    if (def.owner == wit::TypeDef::Owner::world && types_.knows(type)) return types_.index(type);
    std::optional<u32> instance;
    if (def.owner == wit::TypeDef::Owner::interface) {
        if (auto e = first_look_in.find(def.owner_index); e != first_look_in.end()) instance = e->second;
        else if (auto i = imported_.find(def.owner_index); i != imported_.end()) instance = i->second;
    }
    if (!instance) throw Error{Error::Kind::invalid, "the type `" + def.name + "` is used, but its interface is neither imported nor exported", Error::no_offset};
    auto [it, added] = aliased_.try_emplace({*instance, type}, 0);
    if (added) it->second = body_.alias_export(Sort::type, *instance, def.name);
    return it->second;
}

u32 WorldWriter::imported_type(u32 type) { return found_type(type, {}); }

std::optional<u32> WorldWriter::instance(const wit::WorldItem& item) const {
    const auto find = [](const auto& map, const auto& key) { return map.contains(key) ? std::optional(map.at(key)) : std::nullopt; };
    return item.name.empty() ? find(imported_, item.index) : find(named_, item.name);
}

std::optional<u32> WorldWriter::function(const std::string& name) const {
    auto it = funcs_.find(name);
    return it == funcs_.end() ? std::nullopt : std::optional(it->second);
}

}  // namespace heddle::component::tools
