// The scopes of a component's text while it is parsed: index spaces with identifiers, references into them, and the definitions that go out.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#index-spaces
#pragma once
#include <deque>
#include <functional>
#include <string>
#include <unordered_map>

#include "model.hpp"

namespace heddle::component {

// Keeps what the model's views point to.
struct Storage {
    std::deque<std::string> strings;
    std::deque<std::vector<u8>> modules;

    std::string_view keep(std::string s) { return strings.emplace_back(std::move(s)); }
    std::span<const u8> keep(std::vector<u8> bytes) { return modules.emplace_back(std::move(bytes)); }
};

// An index as written: `$id`, `7`, or with names the path `(func $instance "a" "b")`.
struct Ref {
    Sort sort = Sort::func;
    std::optional<u32> number;
    std::string_view id;
    std::vector<std::string_view> names;
    std::size_t offset = 0;
};

struct Scope {
    enum class Kind : u8 { component, component_type, instance_type, module_type };
    struct Space {
        u32 count = 0;
        std::unordered_map<std::string_view, u32> ids;
        std::vector<std::pair<u32, std::string_view>> names;  // for a name section
    };

    Kind kind = Kind::component;
    std::string_view id;
    Space spaces[sort_count];
    std::vector<Definition> definitions;              // of a component
    std::vector<Export> exports;                      // written inline, for its end
    std::vector<Declarator> decls;                    // of a component or instance type
    std::vector<CoreModuleDecl> core_decls;           // of a module type
    std::unordered_map<std::string, u32> func_types;  // of a module type: function types by their spelling

    Space& space(Sort s) { return spaces[std::size_t(s)]; }
};

// Indices in definitions that are being parsed are numbers of references; when a definition is complete they are resolved in order, and the
// aliases that this needs go out just before the definition.
class Scopes {
public:
    std::deque<Scope> stack;

    Scope& top() { return stack.back(); }
    std::size_t mark() const { return refs_.size(); }
    void drop_to(std::size_t mark) { refs_.resize(mark); }
    u32 pending(Ref r);
    u32 pending_number(Sort s, u32 index) { return pending(Ref{s, index, {}, {}, 0}); }
    Ref& ref(u32 pending) { return refs_[pending]; }

    u32 resolve(Ref r);
    void resolve(u32& index) { index = resolve(refs_[index]); }
    // How many scopes out the component or type named `id` is.
    u32 scope_count(std::string_view id, std::size_t offset) const;
    // The index of `id` in the scope that many scopes out.
    u32 index_in(u32 count, Sort s, std::string_view id, std::size_t offset);

    // Gives the next index of a sort, and the identifier to it.
    u32 bind(Sort s, std::string_view id, std::size_t offset);

    // The next definition of the innermost scope, resolved already.
    void put(CoreType t);
    void put(DefType t);
    u32 put_alias(Alias a, std::string_view id = {}, std::size_t offset = 0);
    template <class T>
    void put_definition(T t) {
        top().definitions.push_back({0, std::move(t)});
    }

private:
    std::optional<u32> find(const Ref& r);

    std::vector<Ref> refs_;
};

}  // namespace heddle::component
