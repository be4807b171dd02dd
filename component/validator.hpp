// The validator's state: a stack of scopes (components, component types, instance types), each with its index spaces, and what is known
// about which types have names. Included by validate*.cpp only.
#pragma once
#include <memory>
#include <set>

#include "abi/layout.hpp"
#include "names.hpp"
#include "validate.hpp"

namespace heddle::component {

class Validator {
public:
    Validator(const Engine& engine, types::Types& types, const Features& features) : engine_(engine), types_(types), features_(features) {}
    Validated component(const Component& c);

private:
    static constexpr u32 max_type_size = 1'000'000;  // effective size: how many parts a type has when written out
    static constexpr u64 max_element_bytes = u64(1) << 28;
    static constexpr std::size_t max_members = 10'000;  // fields, cases
    static constexpr std::size_t max_params = 1'000;

    struct CoreTypeEntry {
        bool is_module = false;
        TypeId type = TypeId::none;
        types::ModuleId module{};
    };
    using CoreExports = std::vector<std::pair<std::string, heddle::ExternType>>;

    // Which names are taken among the imports or the exports of a scope, and which name each resource has there.
    struct NameSpace {
        const char* what;                                       // "import", "export"
        std::vector<std::pair<std::string, std::string>> keys;  // uniqueness key -> the name as written
        std::set<std::string> key_set;
        std::map<types::ResourceId, std::string> resources;
    };

    struct Scope {
        enum class Kind : u8 { component, component_type, instance_type };
        Kind kind = Kind::component;
        Scope* parent = nullptr;
        Spaces spaces;
        std::vector<CoreTypeEntry> core_types;
        std::vector<CoreExports> core_instances;
        std::vector<bool> value_used;
        NameSpace imports{"import", {}, {}, {}}, exports{"export", {}, {}, {}};
        std::set<types::Type> importable, exportable;  // types that imports, and that exports, may mention
        std::set<u32> local_resources;                 // identities defined here
        std::optional<heddle::ValType> context;        // the one type of its context slots
        types::Component type;
        Validated result;
    };

    struct Within;  // pushes and pops a scope
    [[noreturn]] void invalid(const std::string& message) const { throw Error{Error::Kind::invalid, message, offset_}; }

    // ---- index spaces
    template <class Space>
    auto at(const Space& space, u32 index, const char* what) const -> decltype(space[index]);
    types::Type type_at(u32 index) const { return at(scope_->spaces.types, index, "type"); }
    types::FuncId func_type_at(u32 index) const;
    types::ValType val_type(const ValType& t) const;
    types::ResourceId resource_at(u32 index) const;
    const CoreTypeEntry& core_type_at(u32 index) const { return at(scope_->core_types, index, "type"); }
    TypeId core_func_type_at(u32 index) const;
    void use_value(u32 index);
    types::Entity item(const SortIdx& s);
    void push(const types::Entity& e);

    // ---- core types (validate_types.cpp)
    heddle::ValType core_val_type(heddle::ValType t, u32 group, u32 group_size) const;
    heddle::ExternType core_extern_type(const heddle::ExternType& t) const;
    void core_type(const CoreType& t);
    void rec_group(const RecGroup& g);
    types::ModuleId core_module_type(const CoreModuleType& t);
    types::ModuleId module_type_of(const heddle::Module& m) const;

    // ---- types (validate_types.cpp)
    void type_definition(const DefType& t);
    types::Defined defined(const DefType& t);
    types::FuncId func_type(const FuncType& t);
    types::ComponentId component_type(const ComponentType& t);
    types::InstanceId instance_type(const InstanceType& t);
    void declarator(const Declarator& d);
    void resource_type(const ResourceType& r);
    types::Entity entity(const ExternType& t);
    template <class Labels, class Name>
    void check_labels(const Labels& labels, Name name, const char* what, const char* short_what) const;
    void check_size(types::Type t) const;

    // ---- imports and exports (validate.cpp)
    void import(const ExternName& name, const ExternType& t);
    void export_declaration(const ExternName& name, const ExternType& t);
    void export_(const Export& e);
    void finish_export(const std::string& name, types::Entity e);
    void check_name(NameSpace& space, const ExternName& name, const types::Entity& e);
    void check_attributes(const ExternName& name, const ParsedName& parsed, const types::Entity& e) const;
    void check_annotation(const NameSpace& space, const ParsedName& name, const types::Entity& e) const;
    types::Entity open(const types::Entity& e, const std::string& name, std::vector<types::ResourceAt>& into);
    void name_types(types::InstanceId i, std::set<types::Type>& into) const;

    // ---- visibility (validate_visibility.cpp)
    bool visible(const types::ValType& t, const std::set<types::Type>& named) const;
    bool visible_parts(types::Type t, const std::set<types::Type>& named) const;
    bool visible(const types::Entity& e, const std::set<types::Type>& named) const;
    bool visible(types::FuncId f, const std::set<types::Type>& named) const;
    bool visible(types::InstanceId i, std::set<types::Type> named) const;
    bool mentions_free_resource(types::Type t, std::set<u32>& bound, std::set<types::Type>& seen) const;

    // ---- definitions (validate.cpp)
    void definition(const Definition& d);
    void core_module(const CoreModule& m);
    void core_instance(const CoreInstance& i);
    void core_instantiate(const CoreInstantiate& i);
    void instance(const Instance& i);
    void instantiate(const Instantiate& i);
    void synthesize(const std::vector<InlineExport>& exports);
    void alias(const Alias& a, bool declarator);
    void alias_export(const Alias& a);
    void alias_core_export(const Alias& a);
    void alias_outer(const Alias& a);
    void start(const Start& s);
    void value(const Value& v);

    // ---- canonical definitions (validate_canon.cpp)
    void canon(const Canon& c);
    struct Options {
        std::optional<u32> memory, realloc, post_return, callback;
        bool async = false, memory64 = false;
        heddle::ValType pointer() const { return memory64 ? i64_type : i32_type; }
        abi::PtrType ptr() const { return memory64 ? abi::PtrType::i64 : abi::PtrType::i32; }
    };
    enum class Direction : u8 { lift, lower };
    Options options(const Canon& c);
    void check_signature(u32 func, const heddle::FuncType& wanted, const char* option) const;
    void require(const Options& o, bool memory, bool realloc) const;
    bool has_pointer(const types::ValType& t) const;
    heddle::FuncType flatten(const types::Func& f, const Options& o, Direction d);
    void lift(const Canon& c);
    void lower(const Canon& c);
    void resource_builtin(const Canon& c);
    void task_return(const Canon& c);
    void element_builtin(const Canon& c);
    void thread_new(const Canon& c);
    void push_builtin(const Canon& c, heddle::ValType pointer);
    void push_core_func(std::vector<heddle::ValType> params, std::vector<heddle::ValType> results);

    const Engine& engine_;
    types::Types& types_;
    const Features& features_;
    abi::Layouts layouts_{types_};
    Scope* scope_ = nullptr;
    std::size_t offset_ = 0;
};

struct Validator::Within {
    Within(Validator& v, Scope::Kind kind) : v_(v), outer_(v.offset_) {
        scope.kind = kind;
        scope.parent = v.scope_;
        v.scope_ = &scope;
    }
    ~Within() {
        v_.scope_ = scope.parent;
        v_.offset_ = outer_;
    }
    Within(const Within&) = delete;
    Scope scope;

private:
    Validator& v_;
    std::size_t outer_;
};

template <class Space>
auto Validator::at(const Space& space, u32 index, const char* what) const -> decltype(space[index]) {
    if (index >= space.size()) invalid(std::string("unknown ") + what + " " + std::to_string(index) + ": " + what + " index out of bounds");
    return space[index];
}

}  // namespace heddle::component
