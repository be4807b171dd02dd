#include "tools/wit_binary.hpp"

#include <algorithm>

#include <heddle/bytes.hpp>

#include "encode.hpp"
#include "tools/merge.hpp"
#include "tools/package_docs.hpp"
#include "tools/type_writer.hpp"

namespace heddle::component::tools {
namespace {

constexpr std::string_view section_prefix = "component-type", encoding_section = "wit-component-encoding";
constexpr u8 format_version = 4;

ExternType component_type(u32 index) {
    ExternType t;
    t.sort = Sort::component;
    t.index = index;
    return t;
}

// (component (type (component …)) (export "ns:pkg/world" (component (type 0))))
u32 world_type(const wit::Resolve& r, u32 world, Body& body) {
    Body wrapper(Body::Kind::type, body.strings()), inner(Body::Kind::type, body.strings());
    const wit::World& w = r.worlds[world];
    WorldWriter writer(r, w, inner);
    writer.imports();
    writer.exports();
    u32 type = wrapper.type(ComponentType{inner.take_declarations()});
    std::string name = r.packages[w.package].name.interface_name(w.name);
    wrapper.declare_export(plain_name(body.strings().keep(std::move(name))), component_type(type));
    return body.type(ComponentType{wrapper.take_declarations()});
}

// The interfaces whose types an interface uses, those before it that they use.
void add_used(const wit::Resolve& r, u32 interface, std::vector<u32>& to) {
    for (u32 t : r.interfaces[interface].types) {
        if (!r.types[t].used) continue;
        u32 from = r.types[std::get<wit::Alias>(r.types[t].kind).type.index].owner_index;
        if (std::ranges::find(to, from) != to.end()) continue;
        add_used(r, from, to);
        if (std::ranges::find(to, from) == to.end()) to.push_back(from);
    }
}

u32 interface_type(const wit::Resolve& r, u32 interface, Body& body) {
    std::vector<u32> used;
    add_used(r, interface, used);
    wit::World w;
    const auto item = [](u32 i) {
        wit::WorldItem x;
        x.kind = wit::WorldItem::Kind::interface;
        x.index = i;
        return x;
    };
    for (u32 i : used) w.imports.push_back(item(i));
    w.exports.push_back(item(interface));
    Body wrapper(Body::Kind::type, body.strings());
    WorldWriter writer(r, w, wrapper);
    writer.imports();
    writer.exports();
    return body.type(ComponentType{wrapper.take_declarations()});
}

void export_type(Body& body, const std::string& name, u32 type) { body.export_(plain_name(body.strings().keep(name)), {Sort::type, type}); }

Embedded read_section(const Engine& engine, std::span<const u8> bytes) {
    auto validated = validate(engine, std::make_shared<const std::vector<u8>>(bytes.begin(), bytes.end()));
    PackageIn p = read_package(*validated);
    if (p.worlds.size() != 1) throw Error{Error::Kind::invalid, "it holds " + std::to_string(p.worlds.size()) + " worlds, expected one", Error::no_offset};
    Embedded e{std::move(p.resolve), p.worlds[0], Encoding::utf8};
    for (const Definition& d : validated->model.definitions)
        if (const auto* c = std::get_if<CustomSection>(&d.what); c && c->name == encoding_section && c->bytes.size() >= 2) {
            if (c->bytes[1] > 2) throw Error{Error::Kind::malformed, "unknown string encoding " + std::to_string(c->bytes[1]), Error::no_offset};
            e.encoding = Encoding(c->bytes[1]);
        }
    return e;
}

}  // namespace

std::vector<u8> encode_world(const wit::Resolve& resolve, u32 world, Encoding encoding) {
    Strings strings;
    Body body(Body::Kind::component, strings);
    body.custom(std::string(encoding_section), {format_version, u8(encoding)});
    export_type(body, resolve.worlds[world].name, world_type(resolve, world, body));
    return encode(body.take_component());
}

std::optional<Embedded> embedded_world(const Engine& engine, const Module& module) {
    std::optional<Embedded> all;
    for (const CustomSectionView& s : module.custom_sections()) {
        if (!s.name.starts_with(section_prefix)) continue;
        try {
            Embedded one = read_section(engine, s.bytes);
            if (!all) all = std::move(one);
            else {
                if (all->encoding != one.encoding) throw Error{Error::Kind::invalid, "it has another string encoding than the world before it", Error::no_offset};
                Merge merge(all->resolve, one.resolve);
                merge.world_into(one.world, all->world);
            }
        } catch (Error& e) {
            e.message = "the world in custom section `" + s.name + "`: " + e.message;
            throw;
        }
    }
    return all;
}

Result<std::vector<u8>> encode_package(const wit::Resolve& resolve, u32 package) {
    try {
        Strings strings;
        Body body(Body::Kind::component, strings);
        body.custom(std::string(encoding_section), {format_version, u8(Encoding::utf8)});
        for (u32 i : resolve.packages[package].interfaces) export_type(body, *resolve.interfaces[i].name, interface_type(resolve, i, body));
        for (u32 w : resolve.packages[package].worlds) export_type(body, resolve.worlds[w].name, world_type(resolve, w, body));
        if (std::vector<u8> docs = package_docs(resolve, package); !docs.empty()) body.custom(std::string(package_docs_section), std::move(docs));
        return encode(body.take_component());
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

Result<std::vector<u8>> embed(const wit::Resolve& resolve, u32 world, std::span<const u8> module, Encoding encoding) {
    static constexpr std::array<u8, 8> preamble = {0, 'a', 's', 'm', 1, 0, 0, 0};
    if (module.size() < 8 || !std::ranges::equal(module.first(8), preamble))
        return std::unexpected(Error{Error::Kind::malformed, "a world can be put into a core module only: this is none", 0});
    try {
        Writer section;
        section.name(section_prefix);
        section.span(encode_world(resolve, world, encoding));
        Writer out;
        out.span(module);
        out.byte(0);
        out.u64_leb(section.bytes.size());
        out.span(section.bytes);
        return std::move(out.bytes);
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

Result<WitOf> read_wit(const Engine& engine, std::span<const u8> bytes) {
    try {
        if (bytes.size() >= 8 && bytes[4] == 1 && bytes[6] == 0) {
            auto module = Module::load(engine, bytes);
            if (!module) return std::unexpected(module.error());
            auto embedded = embedded_world(engine, *module);
            if (!embedded) return std::unexpected(Error{Error::Kind::usage, "a core module with no world in it: `heddle component embed` puts one into it", Error::no_offset});
            u32 package = embedded->resolve.worlds[embedded->world].package;
            return WitOf{std::move(embedded->resolve), package, embedded->world};
        }
        auto validated = validate(engine, std::make_shared<const std::vector<u8>>(bytes.begin(), bytes.end()));
        if (is_package(*validated)) {
            PackageIn p = read_package(*validated);
            for (const Definition& d : validated->model.definitions)
                if (const auto* c = std::get_if<CustomSection>(&d.what); c && c->name == package_docs_section) add_package_docs(p.resolve, p.package, c->bytes);
            return WitOf{std::move(p.resolve), p.package, std::nullopt};
        }
        WorldIn w = read_world(*validated);
        return WitOf{std::move(w.resolve), 0, w.world};
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

std::string print(const WitOf& w) {
    std::string text = wit::print(w.resolve, w.resolve.packages[w.package]);
    for (u32 p = 0; p < w.resolve.packages.size(); ++p)
        if (const wit::Package& other = w.resolve.packages[p]; p != w.package && !(other.interfaces.empty() && other.worlds.empty()))
            text += "\n" + wit::print_nested(w.resolve, other);
    return text;
}

Result<std::string> wit_of(const Engine& engine, std::span<const u8> bytes) {
    auto w = read_wit(engine, bytes);
    if (!w) return std::unexpected(w.error());
    return print(*w);
}

Result<u32> find_world(const wit::Resolve& resolve, u32 package, std::string_view name) {
    const auto& worlds = resolve.packages[package].worlds;
    std::string known;
    for (u32 w : worlds) {
        const std::string& n = resolve.worlds[w].name;
        if (name == n || name == resolve.packages[package].name.interface_name(n)) return w;
        known += (known.empty() ? "" : ", ") + n;
    }
    for (u32 w = 0; w < resolve.worlds.size(); ++w)
        if (name == resolve.packages[resolve.worlds[w].package].name.interface_name(resolve.worlds[w].name)) return w;
    if (name.empty() && worlds.size() == 1) return worlds[0];
    std::string in = "package " + resolve.packages[package].name.to_string() + " has " + (known.empty() ? "no world" : "the worlds " + known);
    return std::unexpected(Error{Error::Kind::usage, name.empty() ? "which world? " + in : "no world `" + std::string(name) + "`: " + in, Error::no_offset});
}

}  // namespace heddle::component::tools
