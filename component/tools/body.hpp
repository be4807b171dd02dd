// A component, component type or instance type while it is written: definitions or declarations, and how many of each sort there are.
#pragma once
#include <array>
#include <deque>
#include <string>

#include "model.hpp"

namespace heddle::component::tools {

// Keeps the strings that a model's views point to. One for everything that is encoded together.
class Strings {
public:
    std::string_view keep(std::string s) { return all_.emplace_back(std::move(s)); }
    std::span<const u8> keep(std::vector<u8> b) { return bytes_.emplace_back(std::move(b)); }

private:
    std::deque<std::string> all_;
    std::deque<std::vector<u8>> bytes_;
};

class Body {
public:
    enum class Kind : u8 { component, type };  // definitions, or declarations of a type
    Body(Kind kind, Strings& strings) : kind_(kind), strings_(strings) {}

    // Each gives the index of what it adds.
    u32 type(DefType t) { return add(Sort::type, std::move(t)); }
    u32 core_func_type(heddle::FuncType t);
    u32 alias_export(Sort sort, u32 instance, std::string name);
    u32 alias_outer_type(u32 count, u32 index);
    u32 import(ExternName name, ExternType type);
    u32 declare_export(ExternName name, ExternType type);  // types only
    // The rest stands in components only.
    u32 export_(ExternName name, SortIdx item, std::optional<ExternType> type = std::nullopt);
    u32 core_module(std::span<const u8> bytes) { return add(Sort::core_module, CoreModule{bytes}); }
    u32 core_instance(CoreInstance i) { return add(Sort::core_instance, std::move(i)); }
    u32 alias_core(Sort sort, u32 core_instance, std::string name);
    u32 canon(Canon c) { return add(c.kind == CanonKind::lift ? Sort::func : Sort::core_func, std::move(c)); }
    u32 component(Component c) { return add(Sort::component, std::move(c)); }
    u32 instance(Instance i) { return add(Sort::instance, std::move(i)); }
    void custom(std::string name, std::vector<u8> bytes);

    std::vector<Declarator> take_declarations() { return std::move(declarations_); }
    Component take_component();
    Strings& strings() { return strings_; }

private:
    template <class What>
    u32 add(Sort sort, What what) {
        if (kind_ == Kind::component) definitions_.push_back({0, std::move(what)});
        else if constexpr (std::is_same_v<What, DefType> || std::is_same_v<What, Alias>) declarations_.push_back({0, std::move(what)});
        return counts_[std::size_t(sort)]++;
    }

    Kind kind_;
    Strings& strings_;
    std::array<u32, sort_count> counts_{};
    std::vector<Definition> definitions_;
    std::vector<Declarator> declarations_;
};

ExternName plain_name(std::string_view name);

}  // namespace heddle::component::tools
