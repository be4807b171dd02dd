#include "text/names_section.hpp"

#include <heddle/bytes.hpp>

namespace heddle::component {
namespace {

constexpr u8 core_codes[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x10, 0x11, 0x12};

void subsection(Writer& w, u8 id, const Writer& contents) {
    w.byte(id);
    w.u64_leb(contents.bytes.size());
    w.span(contents.bytes);
}

std::optional<Sort> read_sort(Reader& r) {
    u8 b = r.byte();
    if (b != 0) return b <= 5 ? std::optional(Sort(std::size_t(Sort::func) + b - 1)) : std::nullopt;
    u8 core = r.byte();
    for (std::size_t i = 0; i < std::size(core_codes); ++i)
        if (core_codes[i] == core) return Sort(i);
    return std::nullopt;
}

void read_names(Reader& r, Names& names) {
    while (!r.done()) {
        u8 id = r.byte();
        u32 size = r.u32_leb();
        auto contents = r.take(size);
        Reader s(contents);
        if (id == 0) {
            names.component = s.name();
        } else if (id == 1) {
            auto sort = read_sort(s);
            if (!sort) continue;
            u32 n = s.u32_leb();
            for (u32 i = 0; i < n; ++i) {
                u32 index = s.u32_leb();
                names.sorts[std::size_t(*sort)].emplace(index, s.name());
            }
        }
    }
}

}  // namespace

void put_names_section(Scope& scope, Storage& storage) {
    Writer all;
    if (!scope.id.empty()) {
        Writer w;
        w.name(scope.id);
        subsection(all, 0, w);
    }
    for (std::size_t s = 0; s < sort_count; ++s) {
        auto& names = scope.spaces[s].names;
        if (names.empty()) continue;
        Writer w;
        if (is_core(Sort(s))) w.byte(0), w.byte(core_codes[s]);
        else w.byte(u8(s - std::size_t(Sort::func) + 1));
        w.u64_leb(names.size());
        for (auto& [index, name] : names) w.u32_leb(index), w.name(name);
        subsection(all, 1, w);
    }
    if (!all.bytes.empty()) scope.definitions.push_back({0, CustomSection{"component-name", storage.keep(std::move(all.bytes))}});
}

Names read_names_section(const Component& component) {
    Names names;
    for (const Definition& d : component.definitions) {
        auto* c = std::get_if<CustomSection>(&d.what);
        if (!c || c->name != "component-name") continue;
        try {
            Reader r(c->bytes);
            read_names(r, names);
            names.read = true;
        } catch (Error&) {
            return {};
        }
    }
    return names;
}

}  // namespace heddle::component
