// Several components -> one: each stands in it, is instantiated with what others export, and what nobody serves is imported.
#include <algorithm>

#include "encode.hpp"
#include "names.hpp"
#include "tools/merge.hpp"
#include "tools/type_writer.hpp"
#include "tools/world_reader.hpp"
#include <heddle/component_tools.hpp>

namespace heddle::component::tools {
namespace {

[[noreturn]] void unlinkable(std::string why) { throw Error{Error::Kind::unlinkable, std::move(why), Error::no_offset}; }

struct Node {
    const Part* part = nullptr;
    std::unique_ptr<ValidatedComponent> validated;
    WorldIn in;
    std::vector<std::string> names;    // of its imports, as it calls them
    std::vector<std::optional<std::size_t>> served_by;  // per import: which node
    std::vector<std::size_t> server_export;             // per import: which of the node's exports
    bool serves = false;
    u32 instance = 0;

    const wit::World& world() const { return in.resolve.worlds[in.world]; }
    const wit::Resolve& resolve() const { return in.resolve; }
};

Node load(const Engine& engine, const Part& part) {
    try {
        Node n;
        n.part = &part;
        n.validated = validate(engine, std::make_shared<const std::vector<u8>>(part.bytes));
        n.in = read_world(*n.validated);
        for (const wit::WorldItem& i : n.world().imports) n.names.push_back(item_name(n.resolve(), i));
        n.served_by.resize(n.names.size());
        n.server_export.resize(n.names.size());
        return n;
    } catch (Error& e) {
        e.message = part.label + ": " + e.message;
        throw;
    }
}

std::string listed(const wit::Resolve& r, const std::vector<wit::WorldItem>& items) {
    std::string s;
    for (const wit::WorldItem& i : items)
        if (i.kind != wit::WorldItem::Kind::type) s += (s.empty() ? "" : ", ") + item_name(r, i);
    return s.empty() ? "nothing" : s;
}

// Does a part's given name mean this interface? "greet", "demo:app/greet" and "demo:app/greet@1.0.0" all mean the last.
bool means(std::string_view given, std::string_view name) {
    if (given.empty() || given == "*" || names_match(given, name)) return true;
    auto p = parse_extern_name(name);
    if (!p || p->kind != ParsedName::Kind::interface) return false;
    return given == p->interface || given == std::string(p->package) + "/" + std::string(p->interface);
}

// ---- who serves whom ------------------------------------------------------------------------------------------------------------------------

class Plan {
public:
    explicit Plan(std::vector<Node>& nodes) : nodes_(nodes) {}

    // Fills served_by; gives the nodes in an order in which those that serve come first.
    std::vector<std::size_t> run() {
        for (std::size_t n = 0; n < nodes_.size(); ++n)
            for (std::size_t i = 0; i < nodes_[n].names.size(); ++i) serve(n, i);
        for (std::size_t n = 1; n < nodes_.size(); ++n) check_used(nodes_[n]);
        std::vector<std::size_t> order;
        std::vector<bool> done(nodes_.size());
        add(0, order, done);
        return order;
    }

private:
    void serve(std::size_t node, std::size_t import) {
        for (bool by_name : {true, false})
            for (std::size_t p = 1; p < nodes_.size(); ++p) {
                bool named = !nodes_[p].part->name.empty() && nodes_[p].part->name != "*";
                if (p == node || named != by_name || depends(p, node) || !means(nodes_[p].part->name, nodes_[node].names[import])) continue;
                if (auto e = find_export(nodes_[p], nodes_[node].names[import])) {
                    check_types(nodes_[node], import, nodes_[p], *e);
                    nodes_[node].served_by[import] = p;
                    nodes_[node].server_export[import] = *e;
                    nodes_[p].serves = true;
                    return;
                }
            }
    }
    static std::optional<std::size_t> find_export(const Node& n, std::string_view name) {
        for (std::size_t i = 0; i < n.world().exports.size(); ++i)
            if (names_match(name, item_name(n.resolve(), n.world().exports[i]))) return i;
        return std::nullopt;
    }

    // Does `a` need `b`, at whatever remove?
    bool depends(std::size_t a, std::size_t b) const {
        std::vector<bool> seen(nodes_.size());
        std::vector<std::size_t> todo = {a};
        while (!todo.empty()) {
            std::size_t n = todo.back();
            todo.pop_back();
            if (n == b) return true;
            if (seen[n]) continue;
            seen[n] = true;
            for (const auto& s : nodes_[n].served_by)
                if (s) todo.push_back(*s);
        }
        return false;
    }

    void check_used(const Node& n) const {
        if (n.serves) return;
        std::string wanted;
        for (const Node& other : nodes_)
            if (&other != &n) wanted += "\n  " + other.part->label + " imports " + listed(other.resolve(), other.world().imports);
        std::string as = n.part->name.empty() || n.part->name == "*" ? "" : " as `" + n.part->name + "`";
        unlinkable(n.part->label + as + " serves no import: it exports " + listed(n.resolve(), n.world().exports) + wanted);
    }

    void add(std::size_t n, std::vector<std::size_t>& order, std::vector<bool>& done) {
        if (done[n]) return;
        done[n] = true;
        for (const auto& s : nodes_[n].served_by)
            if (s) add(*s, order, done);
        order.push_back(n);
    }

    // ---- types, for the message: that they fit is checked again when the whole is validated
    static void check_types(const Node& wants, std::size_t import, const Node& gives, std::size_t export_) {
        const wit::WorldItem &w = wants.world().imports[import], &g = gives.world().exports[export_];
        std::string about = wants.part->label + " imports `" + wants.names[import] + "`, which " + gives.part->label + " exports";
        if (w.kind != g.kind) unlinkable(about + ": one is a function, the other an interface");
        if (w.kind == wit::WorldItem::Kind::function) return same(about, wants.names[import], describe(wants.resolve(), w.function), describe(gives.resolve(), g.function));
        if (w.kind != wit::WorldItem::Kind::interface) return;
        const wit::Interface &wi = wants.resolve().interfaces[w.index], &gi = gives.resolve().interfaces[g.index];
        for (u32 t : wi.types) {
            const std::string& name = wants.resolve().types[t].name;
            auto found = gives.resolve().find_type(g.index, name);
            if (!found) unlinkable(about + ": without the type `" + name + "`: wanted " + describe(wants.resolve(), wants.resolve().types[t]));
            same(about, name, type_text(wants.resolve(), t), type_text(gives.resolve(), *found));
        }
        for (const wit::Function& f : wi.functions) {
            std::string name = wants.resolve().canonical_name(f);
            auto found = std::ranges::find_if(gi.functions, [&](const wit::Function& x) { return gives.resolve().canonical_name(x) == name; });
            if (found == gi.functions.end()) unlinkable(about + ": without the function `" + name + "`: wanted " + describe(wants.resolve(), f));
            same(about, name, describe(wants.resolve(), f), describe(gives.resolve(), *found));
        }
    }
    // Of a used type, what it is where it is defined.
    static std::string type_text(const wit::Resolve& r, u32 type) { return describe(r, r.types[r.resolve_alias(type)]); }
    static void same(const std::string& about, const std::string& name, const std::string& wanted, const std::string& given) {
        if (wanted != given) unlinkable(about + ": `" + name + "` differs\n  wanted: " + wanted + "\n  given:  " + given);
    }

    std::vector<Node>& nodes_;
};

// ---- the composed component ---------------------------------------------------------------------------------------------------------------

class Composer {
public:
    Composer(std::vector<Node>& nodes, const std::vector<std::size_t>& order) : nodes_(nodes), order_(order), body_(Body::Kind::component, strings_) {}

    // `with_types`: interfaces of parts whose types the exports speak of are exported too.
    std::vector<u8> run(bool with_types) {
        outside_.packages.push_back({{"root", "component", std::nullopt}, {}, {}, {}});
        outside_.worlds.push_back({"root", 0, {}, {}, {}, {}});
        for (std::size_t n : order_) collect_imports(nodes_[n]);
        add_used_interfaces();
        for (const wit::WorldItem& i : outside_.worlds[0].imports)
            if (i.kind == wit::WorldItem::Kind::interface && !implied_.contains(i.index)) use_all(i.index);
            else if (i.kind == wit::WorldItem::Kind::function) live_.add_signature(outside_, i.function), live_.functions[Live::of_world].insert(i.name);
            else if (i.kind == wit::WorldItem::Kind::type) live_.add_type(outside_, wit::Type::defined(i.index));
        writer_.emplace(outside_, outside_.worlds[0], body_, &live_);
        writer_->imports();
        for (std::size_t n : order_) instantiate(nodes_[n]);
        if (with_types) export_used();
        export_all(nodes_[0]);
        return encode(body_.take_component());
    }

private:
    void collect_imports(const Node& n) {
        Merge merge(outside_, n.resolve());
        for (std::size_t i = 0; i < n.names.size(); ++i)
            if (const wit::WorldItem& item = n.world().imports[i]; !n.served_by[i] && !comes_from_served(n, item)) merge.item_into(item, 0, &wit::World::imports);
    }
    // A type that a world takes out of an interface comes from where the interface comes from.
    static bool comes_from_served(const Node& n, const wit::WorldItem& item) { return item.kind == wit::WorldItem::Kind::type && n.resolve().types[item.index].used; }

    void use_all(u32 interface) {
        for (u32 t : outside_.interfaces[interface].types) live_.add_type(outside_, wit::Type::defined(t));
        for (const wit::Function& f : outside_.interfaces[interface].functions) live_.add_function(outside_, interface, f);
    }

    // What is imported may use types of interfaces that parts serve: these are imported as far as that needs them.
    void add_used_interfaces() {
        std::vector<wit::WorldItem> ordered;
        std::set<u32> present;
        const auto add = [&](auto& self, u32 interface, const wit::WorldItem* item) -> void {
            if (item && !item->name.empty()) return used_by(interface, self), ordered.push_back(*item);
            if (present.contains(interface)) return;
            used_by(interface, self);
            if (!present.insert(interface).second) return;
            auto written = std::ranges::find_if(outside_.worlds[0].imports, [&](const wit::WorldItem& i) {
                return i.kind == wit::WorldItem::Kind::interface && i.name.empty() && i.index == interface;
            });
            if (written == outside_.worlds[0].imports.end()) implied_.insert(interface);
            wit::WorldItem w;
            w.kind = wit::WorldItem::Kind::interface;
            w.index = interface;
            ordered.push_back(written == outside_.worlds[0].imports.end() ? w : *written);
        };
        for (const wit::WorldItem& i : outside_.worlds[0].imports)
            if (i.kind == wit::WorldItem::Kind::interface) add(add, i.index, &i);
            else ordered.push_back(i);
        outside_.worlds[0].imports = std::move(ordered);
    }
    template <class Add>
    void used_by(u32 interface, Add& add) {
        for (u32 t : outside_.interfaces[interface].types)
            if (const wit::TypeDef& def = outside_.types[t]; def.used) add(add, outside_.types[std::get<wit::Alias>(def.kind).type.index].owner_index, nullptr);
    }

    void instantiate(Node& n) {
        Instantiate inst;
        inst.component = body_.component(n.validated->model);
        for (std::size_t i = 0; i < n.names.size(); ++i) inst.args.push_back({strings_.keep(n.names[i]), argument(n, i)});
        n.instance = body_.instance(std::move(inst));
    }

    SortIdx argument(const Node& n, std::size_t import) {
        const wit::WorldItem& item = n.world().imports[import];
        using Kind = wit::WorldItem::Kind;
        Sort sort = item.kind == Kind::interface ? Sort::instance : item.kind == Kind::function ? Sort::func : Sort::type;
        if (auto server = n.served_by[import]) {
            const Node& s = nodes_[*server];
            return {sort, body_.alias_export(sort, s.instance, item_name(s.resolve(), s.world().exports[n.server_export[import]]))};
        }
        if (item.kind == Kind::type) return {sort, type_argument(n, item)};
        const wit::WorldItem* outer = outer_item(item, n.resolve());
        if (item.kind == Kind::function) return {sort, *writer_->function(outer->name)};
        return {sort, *writer_->instance(*outer)};
    }
    const wit::WorldItem* outer_item(const wit::WorldItem& item, const wit::Resolve& r) const {
        for (const wit::WorldItem& o : outside_.worlds[0].imports)
            if (o.kind == item.kind && o.name == item.name && (!item.name.empty() || outside_.interface_name(o.index) == r.interface_name(item.index))) return &o;
        throw Error{Error::Kind::invalid, "`" + item_name(r, item) + "` was lost on the way", Error::no_offset};
    }
    u32 type_argument(const Node& n, const wit::WorldItem& item) {
        const wit::TypeDef& def = n.resolve().types[item.index];
        if (!def.used) return writer_->types().index(outer_item(item, n.resolve())->index);
        u32 target = std::get<wit::Alias>(def.kind).type.index;
        for (std::size_t i = 0; i < n.names.size(); ++i)
            if (const wit::WorldItem& from = n.world().imports[i]; from.kind == wit::WorldItem::Kind::interface && from.index == n.resolve().types[target].owner_index)
                return body_.alias_export(Sort::type, argument(n, i).index, n.resolve().types[target].name);
        throw Error{Error::Kind::invalid, "the type `" + item.name + "` comes from an interface that is not imported", Error::no_offset};
    }

    void export_all(const Node& n) {
        const types::Types& types = n.validated->types;
        for (const auto& [name, e] : types[n.validated->root.type].exports) {
            ExternName out = plain_name(strings_.keep(name));
            if (e.attributes) {
                const types::NameAttributes& a = types.attributes[e.attributes - 1];
                if (!a.implements.empty()) out.attributes.push_back({Attribute::Kind::implements, strings_.keep(a.implements)});
                if (!a.external_id.empty()) out.attributes.push_back({Attribute::Kind::external_id, strings_.keep(a.external_id)});
                out.form = 2;
            }
            body_.export_(std::move(out), {e.sort, body_.alias_export(e.sort, n.instance, name)});
        }
    }

    void export_used() {
        const Node& main = nodes_[0];
        std::set<std::string> done;
        for (const wit::WorldItem& i : main.world().exports) done.insert(item_name(main.resolve(), i));
        for (std::size_t i = 0; i < main.names.size(); ++i) {
            const wit::WorldItem& item = main.world().imports[i];
            if (!main.served_by[i] || item.kind != wit::WorldItem::Kind::interface || !used_in_exports(main, item.index) || !done.insert(main.names[i]).second) continue;
            body_.export_(plain_name(strings_.keep(main.names[i])), {Sort::instance, argument(main, i).index});
        }
    }
    static bool used_in_exports(const Node& n, u32 interface) {
        Live live;
        for (const wit::WorldItem& i : n.world().exports) {
            if (i.kind == wit::WorldItem::Kind::function) live.add_signature(n.resolve(), i.function);
            if (i.kind == wit::WorldItem::Kind::interface)
                for (u32 t : n.resolve().interfaces[i.index].types) live.add_type(n.resolve(), wit::Type::defined(t));
        }
        return std::ranges::any_of(live.types, [&](u32 t) {
            const wit::TypeDef& def = n.resolve().types[t];
            return def.owner == wit::TypeDef::Owner::interface && def.owner_index == interface;
        });
    }

    std::vector<Node>& nodes_;
    const std::vector<std::size_t>& order_;
    Strings strings_;
    Body body_;
    wit::Resolve outside_;  // what is imported from outside
    std::set<u32> implied_;
    Live live_;
    std::optional<WorldWriter> writer_;
};

std::vector<u8> compose_all(const Engine& engine, const Part& main, std::span<const Part> parts) {
    std::vector<Node> nodes;
    nodes.push_back(load(engine, main));
    for (const Part& p : parts) nodes.push_back(load(engine, p));
    std::vector<std::size_t> order = Plan(nodes).run();
    std::vector<wit::Resolve*> all;
    for (Node& n : nodes) all.push_back(&n.in.resolve);
    unify_versions(all);
    for (bool with_types : {false, true}) try {
            std::vector<u8> bytes = Composer(nodes, order).run(with_types);
            validate(engine, std::make_shared<const std::vector<u8>>(bytes));
            return bytes;
        } catch (Error& e) {
            if (!with_types) continue;
            e.message = "the components cannot be put together: " + e.message;
            throw;
        }
    return {};
}

}  // namespace

Result<std::vector<u8>> compose(const Engine& engine, const Part& main, std::span<const Part> parts) {
    try {
        return compose_all(engine, main, parts);
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::component::tools
