#include "tools/body.hpp"

namespace heddle::component::tools {

u32 Body::core_func_type(heddle::FuncType t) {
    RecGroup g;
    g.types.emplace_back().func = std::move(t);
    return add(Sort::core_type, CoreType(std::move(g)));
}

u32 Body::alias_export(Sort sort, u32 instance, std::string name) {
    return add(sort, Alias{Alias::Target::export_, sort, instance, strings_.keep(std::move(name)), 0, 0});
}

u32 Body::alias_core(Sort sort, u32 core_instance, std::string name) {
    return add(sort, Alias{Alias::Target::core_export, sort, core_instance, strings_.keep(std::move(name)), 0, 0});
}

u32 Body::alias_outer_type(u32 count, u32 index) { return add(Sort::type, Alias{Alias::Target::outer, Sort::type, 0, {}, count, index}); }

u32 Body::import(ExternName name, ExternType type) {
    if (kind_ == Kind::type) declarations_.push_back({0, ImportDecl{std::move(name), type}});
    else definitions_.push_back({0, Import{std::move(name), type}});
    return counts_[std::size_t(type.sort)]++;
}

u32 Body::declare_export(ExternName name, ExternType type) {
    declarations_.push_back({0, ExportDecl{std::move(name), type}});
    return counts_[std::size_t(type.sort)]++;
}

u32 Body::export_(ExternName name, SortIdx item, std::optional<ExternType> type) {
    definitions_.push_back({0, Export{std::move(name), item, type}});
    return counts_[std::size_t(item.sort)]++;
}

void Body::custom(std::string name, std::vector<u8> bytes) {
    definitions_.push_back({0, CustomSection{strings_.keep(std::move(name)), strings_.keep(std::move(bytes))}});
}

Component Body::take_component() {
    Component c;
    c.definitions = std::move(definitions_);
    return c;
}

ExternName plain_name(std::string_view name) {
    ExternName n;
    n.name = name;
    return n;
}

}  // namespace heddle::component::tools
