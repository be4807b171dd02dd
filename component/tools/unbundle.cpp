// A component's core modules, as they stand in it.
#include <heddle/bytes.hpp>
#include <heddle/component_tools.hpp>

#include "decode.hpp"

namespace heddle::component::tools {
namespace {

// The module's own name: subsection 0 of its custom section "name". A damaged section has no name.
std::string module_name(std::span<const u8> module) {
    try {
        Reader r(module.subspan(8));
        while (!r.done()) {
            u8 id = r.byte();
            Reader section(r.take(r.u32_leb()));
            if (id != 0 || section.name() != "name" || section.done() || section.byte() != 0) continue;
            section.u32_leb();
            return std::string(section.name());
        }
    } catch (const Error&) {
    }
    return {};
}

void collect(const Component& c, const std::string& prefix, std::vector<CoreModulePart>& into) {
    u32 modules = 0, components = 0;
    for (const Definition& d : c.definitions) {
        if (const auto* m = std::get_if<CoreModule>(&d.what))
            into.push_back({prefix + std::to_string(modules++), module_name(m->bytes), {m->bytes.begin(), m->bytes.end()}});
        if (const auto* nested = std::get_if<Component>(&d.what)) collect(*nested, prefix + std::to_string(components++) + ".", into);
    }
}

}  // namespace

Result<std::vector<CoreModulePart>> unbundle(std::span<const u8> component) {
    try {
        std::vector<CoreModulePart> parts;
        collect(decode(component), "", parts);
        return parts;
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::component::tools
