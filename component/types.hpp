// The types of a validated component: every index resolved. They live in one Types per outermost component and are never changed;
// instantiating a component type makes new ones in which resources are replaced.
//
// A type that is imported or exported gets a new id with the same structure: that is how "this use goes through the name" is told from
// "this use does not" (the rule of external visibility). Structure is compared by value, resources by identity.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Explainer.md#type-definitions
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <heddle/engine.hpp>

#include "model.hpp"

namespace heddle::component::types {

enum class DefinedId : u32 {};
enum class FuncId : u32 {};
enum class ComponentId : u32 {};
enum class InstanceId : u32 {};
enum class ModuleId : u32 {};
enum class ResourceId : u32 {};  // one name of a resource; Types::identity says which resource

// A primitive or a defined value type.
struct ValType {
    std::optional<Prim> prim;
    DefinedId id{};
    friend bool operator==(const ValType&, const ValType&) = default;
};

struct Field {
    std::string name;
    ValType type;
    friend bool operator==(const Field&, const Field&) = default;
};
struct Case {
    std::string name;
    std::optional<ValType> type;
    friend bool operator==(const Case&, const Case&) = default;
};
struct Record {
    std::vector<Field> fields;
    friend bool operator==(const Record&, const Record&) = default;
};
struct Variant {
    std::vector<Case> cases;
    friend bool operator==(const Variant&, const Variant&) = default;
};
struct List {
    ValType type;
    std::optional<u32> length;
    friend bool operator==(const List&, const List&) = default;
};
struct Tuple {
    std::vector<ValType> types;
    friend bool operator==(const Tuple&, const Tuple&) = default;
};
struct Flags {
    std::vector<std::string> labels;
    friend bool operator==(const Flags&, const Flags&) = default;
};
struct Enum {
    std::vector<std::string> labels;
    friend bool operator==(const Enum&, const Enum&) = default;
};
struct Option {
    ValType type;
    friend bool operator==(const Option&, const Option&) = default;
};
struct ResultType {
    std::optional<ValType> ok, error;
    friend bool operator==(const ResultType&, const ResultType&) = default;
};
struct Own {
    ResourceId resource;
    friend bool operator==(const Own&, const Own&) = default;
};
struct Borrow {
    ResourceId resource;
    friend bool operator==(const Borrow&, const Borrow&) = default;
};
struct Stream {
    std::optional<ValType> type;
    friend bool operator==(const Stream&, const Stream&) = default;
};
struct Future {
    std::optional<ValType> type;
    friend bool operator==(const Future&, const Future&) = default;
};
struct Map {
    ValType key, value;
    friend bool operator==(const Map&, const Map&) = default;
};

struct Defined {
    using Kind = std::variant<Prim, Record, Variant, List, Tuple, Flags, Enum, Option, ResultType, Own, Borrow, Stream, Future, Map>;
    Kind kind;
    u32 depth = 1;  // of nesting
    u32 size = 1;   // how many types it is made of
    bool has_borrow = false;
    u64 bytes64 = 0, align64 = 1;  // element size and alignment with 64-bit pointers
};

struct Func {
    bool async = false;
    std::vector<Field> params;
    std::optional<ValType> result;
    u32 size = 1;
};

// Any type of the type index space.
struct Type {
    enum class Kind : u8 { defined, func, component, instance, resource };
    Kind kind = Kind::defined;
    u32 id = 0;
    friend auto operator<=>(const Type&, const Type&) = default;

    static Type of(DefinedId i) { return {Kind::defined, u32(i)}; }
    static Type of(FuncId i) { return {Kind::func, u32(i)}; }
    static Type of(ComponentId i) { return {Kind::component, u32(i)}; }
    static Type of(InstanceId i) { return {Kind::instance, u32(i)}; }
    static Type of(ResourceId i) { return {Kind::resource, u32(i)}; }
    DefinedId defined() const { return DefinedId(id); }
    FuncId func() const { return FuncId(id); }
    ComponentId component() const { return ComponentId(id); }
    InstanceId instance() const { return InstanceId(id); }
    ResourceId resource() const { return ResourceId(id); }
};

// The type of something that is imported or exported.
struct Entity {
    Sort sort = Sort::func;  // core_module, func, value, type, component or instance
    u32 id = 0;              // core_module, func, component, instance: the type's id
    ValType value;           // sort value
    Type type;               // sort type: under the name it is imported or exported by
    Type referenced;         // sort type: what was named
    u32 attributes = 0;      // of its name: 1 + the index into Types::attributes, or none
};
using Named = std::vector<std::pair<std::string, Entity>>;  // in the order of the file

const Entity* find(const Named& items, std::string_view name);

// Where a resource is found: names of exports (of imports, first) leading to it.
using Path = std::vector<std::string>;
struct ResourceAt {
    u32 identity = 0;
    Path path;
};

struct Component {
    Named imports, exports;
    std::vector<ResourceAt> imported;  // resources that instantiation replaces by what is given
    std::vector<ResourceAt> fresh;     // resources that every instance has its own of
    u32 size = 1;
};
struct Instance {
    Named exports;
    std::vector<ResourceAt> fresh;  // abstract resources of the type itself, not yet opened by an import
    u32 size = 1;
};
struct Module {
    struct Import {
        std::string module, name;
        heddle::ExternType type;
    };
    std::vector<Import> imports;
    std::vector<std::pair<std::string, heddle::ExternType>> exports;
};

// What a name says beside itself.
struct NameAttributes {
    std::string implements, external_id;  // empty: not said
};

struct Types {
    std::vector<Defined> defined;
    std::vector<Func> funcs;
    std::vector<Component> components;
    std::vector<Instance> instances;
    std::vector<Module> modules;
    std::vector<u32> resources;  // ResourceId -> identity
    u32 identities = 0;          // how many resources there are
    std::vector<NameAttributes> attributes;

    const Defined& operator[](DefinedId i) const { return defined[u32(i)]; }
    const Func& operator[](FuncId i) const { return funcs[u32(i)]; }
    const Component& operator[](ComponentId i) const { return components[u32(i)]; }
    const Instance& operator[](InstanceId i) const { return instances[u32(i)]; }
    const Module& operator[](ModuleId i) const { return modules[u32(i)]; }
    u32 identity(ResourceId r) const { return resources[u32(r)]; }

    DefinedId add(Defined t);  // computes depth, size, borrow, element size
    FuncId add(Func t);
    ComponentId add(Component t);
    InstanceId add(Instance t);
    ModuleId add(Module t);
    ResourceId name_resource(u32 identity);
    ResourceId new_resource() { return name_resource(identities++); }
    // The same type under a new id.
    Type renamed(Type t);

    bool has_borrow(const ValType& t) const { return !t.prim && (*this)[t.id].has_borrow; }
    // "record", "u32", "own", …: for messages.
    std::string describe(const ValType& t) const;
    u32 size(Type t) const;
};

// Replaces resources (identity -> ResourceId), and single types (id -> id), in types; types that mention none of them keep their ids.
class Substitution {
public:
    explicit Substitution(Types& types, std::map<u32, ResourceId> map = {}) : types_(types), map_(std::move(map)) {}
    void replace(Type from, Type to);
    void replace(u32 identity, ResourceId to) { map_.insert_or_assign(identity, to); }
    Entity operator()(const Entity& e);
    Type operator()(Type t);
    ValType operator()(const ValType& t);
    ResourceId operator()(ResourceId r) const;

private:
    Defined::Kind structure(const Defined::Kind& k);
    Named named(const Named& items);

    Types& types_;
    std::map<u32, ResourceId> map_;
    std::map<ResourceId, ResourceId> names_;
    std::map<Type, Type> done_;
};

// Whether a can stand where b is wanted. Throws Error (invalid) that says why not; `offset` goes into it.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Subtyping.md
class Subtyping {
public:
    Subtyping(const Engine& engine, Types& types, std::size_t offset) : engine_(engine), types_(types), offset_(offset) {}
    void entity(const Entity& a, const Entity& b);
    void equal(Type a, Type b);  // sort type with an `eq` bound
    void value(const ValType& a, const ValType& b);
    void func(FuncId a, FuncId b);
    void instance(InstanceId a, InstanceId b);
    void component(ComponentId a, ComponentId b);
    void module(ModuleId a, ModuleId b);
    void core(const heddle::ExternType& a, const heddle::ExternType& b);

private:
    [[noreturn]] void mismatch(const std::string& message) const;
    template <class F>
    void within(const std::string& context, F check);
    struct Structures;
    void optional(const std::optional<ValType>& a, const std::optional<ValType>& b, const char* what);

    const Engine& engine_;
    Types& types_;
    std::size_t offset_;
    int depth_ = 0;
};

// Follows a path of export names from a list of items to a type; null when there is none.
std::optional<Type> follow(const Types& types, const Named& items, const Path& path);

}  // namespace heddle::component::types
