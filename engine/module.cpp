// The name section, and what a module owns. https://webassembly.github.io/spec/core/appendix/custom.html#name-section
#include "module.hpp"

#include <algorithm>

#include "code.hpp"
#include "data_image.hpp"
#include "runtime.hpp"

namespace heddle {

ModuleData::ModuleData() = default;
ModuleData::~ModuleData() = default;

namespace {

constexpr u8 module_names = 0, function_names = 1;

const CustomSection* name_section(const ModuleData& m) {
    auto at = std::ranges::find(m.customs, "name", &CustomSection::name);
    return at == m.customs.end() ? nullptr : &*at;
}

// Calls f(reader) for the subsection with this id. Malformed names end the reading and are no error.
template <class F>
void with_subsection(const ModuleData& m, u8 id, F f) {
    const CustomSection* section = name_section(m);
    if (!section) return;
    try {
        Reader r(section->bytes);
        while (!r.done()) {
            u8 found = r.byte();
            Reader sub(r.take(r.u32_leb()));
            if (found == id) return f(sub);
        }
    } catch (const Error&) {
    }
}

std::vector<std::pair<u32, std::string_view>> read_function_names(const ModuleData& m) {
    std::vector<std::pair<u32, std::string_view>> names;
    with_subsection(m, function_names, [&](Reader& r) {
        u32 n = r.u32_leb();
        names.reserve(std::min<std::size_t>(n, r.left() / 2));
        for (u32 i = 0; i < n; ++i) {
            u32 index = r.u32_leb();
            names.emplace_back(index, r.name());
        }
    });
    std::ranges::sort(names);
    return names;
}

}  // namespace

std::string ModuleData::func_name(u32 func_index) const {
    std::call_once(func_names_once, [&] { func_names = read_function_names(*this); });
    auto at = std::ranges::lower_bound(func_names, func_index, {}, &std::pair<u32, std::string_view>::first);
    return at != func_names.end() && at->first == func_index ? std::string(at->second) : std::string();
}

std::string module_name(const ModuleData& m) {
    std::string name;
    with_subsection(m, module_names, [&](Reader& r) { name = r.name(); });
    return name;
}

}  // namespace heddle
