#include "text/scope.hpp"

#include <heddle/tokens.hpp>

namespace heddle::component {

using text::syntax_error;

u32 Scopes::pending(Ref r) {
    refs_.push_back(std::move(r));
    return u32(refs_.size() - 1);
}

u32 Scopes::bind(Sort s, std::string_view id, std::size_t offset) {
    Scope::Space& space = top().space(s);
    if (!id.empty()) {
        if (!space.ids.emplace(id, space.count).second)
            syntax_error("duplicate " + std::string(to_string(s)) + " identifier $" + std::string(id), offset);
        space.names.emplace_back(space.count, id);
    }
    return space.count++;
}

void Scopes::put(CoreType t) {
    Scope& s = top();
    if (s.kind == Scope::Kind::component) s.definitions.push_back({0, std::move(t)});
    else if (s.kind == Scope::Kind::module_type) s.core_decls.push_back({0, std::move(t)});
    else s.decls.push_back({0, std::move(t)});
}

void Scopes::put(DefType t) {
    Scope& s = top();
    if (s.kind == Scope::Kind::component) s.definitions.push_back({0, std::move(t)});
    else s.decls.push_back({0, std::move(t)});
}

u32 Scopes::put_alias(Alias a, std::string_view id, std::size_t offset) {
    Scope& s = top();
    if (s.kind == Scope::Kind::component) s.definitions.push_back({0, a});
    else if (s.kind == Scope::Kind::module_type) s.core_decls.push_back({0, CoreOuterAlias{a.count, a.index}});
    else s.decls.push_back({0, a});
    return bind(a.sort, id, offset);
}

u32 Scopes::scope_count(std::string_view id, std::size_t offset) const {
    for (std::size_t depth = 0; depth < stack.size(); ++depth)
        if (stack[stack.size() - 1 - depth].id == id) return u32(depth);
    syntax_error("unknown component: failed to find name `$" + std::string(id) + "`", offset);
}

u32 Scopes::index_in(u32 count, Sort s, std::string_view id, std::size_t offset) {
    if (count < stack.size()) {
        auto& ids = stack[stack.size() - 1 - count].space(s).ids;
        if (auto it = ids.find(id); it != ids.end()) return it->second;
    }
    syntax_error("unknown " + std::string(to_string(s)) + ": failed to find name `$" + std::string(id) + "`", offset);
}

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#alias-definitions: an identifier of an outer scope is an
// outer alias, made anew at each use.
std::optional<u32> Scopes::find(const Ref& r) {
    for (std::size_t depth = 0; depth < stack.size(); ++depth) {
        auto& ids = stack[stack.size() - 1 - depth].space(r.sort).ids;
        auto it = ids.find(r.id);
        if (it == ids.end()) continue;
        if (depth == 0) return it->second;
        bool in_module_type = top().kind == Scope::Kind::module_type;
        bool allowed =
            r.sort == Sort::core_type || (!in_module_type && (r.sort == Sort::core_module || r.sort == Sort::type || r.sort == Sort::component));
        if (!allowed) syntax_error("outer item `" + std::string(r.id) + "` is not a module, type, or component", r.offset);
        Alias a;
        a.target = Alias::Target::outer;
        a.sort = r.sort;
        a.count = u32(depth);
        a.index = it->second;
        return put_alias(a);
    }
    return std::nullopt;
}

u32 Scopes::resolve(Ref r) {
    if (r.names.empty()) {
        if (r.number) return *r.number;
        if (auto i = find(r)) return *i;
        syntax_error("unknown " + std::string(to_string(r.sort)) + ": failed to find name `$" + std::string(r.id) + "`", r.offset);
    }
    // A path: one alias for each name.
    bool core = is_core(r.sort) && r.sort != Sort::core_module;
    if (core && r.names.size() > 1) syntax_error("unexpected token: a core instance has no instances in it", r.offset);
    Sort instances = core ? Sort::core_instance : Sort::instance;
    u32 at = resolve(Ref{instances, r.number, r.id, {}, r.offset});
    for (std::size_t i = 0; i < r.names.size(); ++i) {
        Alias a;
        a.target = core ? Alias::Target::core_export : Alias::Target::export_;
        a.sort = i + 1 == r.names.size() ? r.sort : Sort::instance;
        a.instance = at;
        a.name = r.names[i];
        at = put_alias(a);
    }
    return at;
}

}  // namespace heddle::component
