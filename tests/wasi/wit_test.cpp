// The official WIT files of WASI, held against what is registered: every interface, every function with exactly its type, every resource.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <heddle/wit.hpp>

#include "forwarder.hpp"

namespace heddle::wasi::testing {
namespace {

namespace files = std::filesystem;

std::optional<files::path> wit_folder(const std::string& version) {
    const char* suites = std::getenv("HEDDLE_SUITES");
    files::path p = files::path(suites ? suites : HEDDLE_SOURCE_DIR "/spec-tests/suites") / "wit" / version;
    if (files::is_directory(p)) return p;
    return std::nullopt;
}

wit::Resolve resolve_all(const files::path& folder) {
    std::vector<wit::Source> sources;
    std::map<files::path, std::vector<files::path>> packages;
    for (const auto& e : files::recursive_directory_iterator(folder))
        if (e.path().extension() == ".wit") packages[e.path().parent_path()].push_back(e.path());
    for (const auto& [package, parts] : packages)
        for (const auto& p : parts) {
            std::ifstream in(p);
            std::string text((std::istreambuf_iterator<char>(in)), {});
            // Some files leave the package's name to their neighbours, which one call for many packages cannot know.
            if (text.find("\npackage ") == text.npos && !text.starts_with("package "))
                text = "package wasi:" + package.filename().string() + "@" + folder.filename().string() + ";\n" + text;
            sources.push_back({p.string(), text});
        }
    auto r = wit::resolve(sources, {.features = {}, .all_features = true});
    if (!r) throw std::runtime_error(r.error().to_string());
    return std::move(*r);
}

class Types {
public:
    explicit Types(const wit::Resolve& r) : r_(r) {}
    ValueType of(const wit::Type& t) const {
        if (t.prim) return primitive(*t.prim);
        return std::visit([&](const auto& k) { return of(k, r_.resolve_alias(t.index)); }, r_.types[r_.resolve_alias(t.index)].kind);
    }
    FunctionType of(const wit::Function& f) const {
        FunctionType t;
        t.async = f.async;
        for (const wit::Param& p : f.params) t.params.push_back({p.name, of(p.type)});
        if (f.result) t.result = of(*f.result);
        return t;
    }

private:
    static ValueType primitive(wit::Prim p) {
        using K = ValueType::Kind;
        constexpr K kinds[] = {K::bool_, K::s8, K::u8, K::s16, K::u16, K::s32, K::u32, K::s64, K::u64, K::f32, K::f64, K::char_, K::string, K::error_context};
        return ValueType::primitive(kinds[std::size_t(p)]);
    }
    std::optional<ValueType> maybe(const std::optional<wit::Type>& t) const { return t ? std::optional(of(*t)) : std::nullopt; }
    ValueType of(const wit::Record& k, u32) const {
        std::vector<ValueType::Member> m;
        for (const auto& f : k.fields) m.push_back({f.name, of(f.type)});
        return ValueType::record(std::move(m));
    }
    ValueType of(const wit::Variant& k, u32) const {
        std::vector<ValueType::Member> m;
        for (const auto& c : k.cases) m.push_back({c.name, maybe(c.type)});
        return ValueType::variant(std::move(m));
    }
    static std::vector<std::string> labels(const std::vector<wit::Label>& all) {
        std::vector<std::string> names;
        for (const auto& l : all) names.push_back(l.name);
        return names;
    }
    ValueType of(const wit::Flags& k, u32) const { return ValueType::flags(labels(k.flags)); }
    ValueType of(const wit::Enum& k, u32) const { return ValueType::enumeration(labels(k.cases)); }
    ValueType of(const wit::Tuple& k, u32) const {
        std::vector<ValueType> all;
        for (const auto& t : k.types) all.push_back(of(t));
        return ValueType::tuple(std::move(all));
    }
    ValueType of(const wit::Option& k, u32) const { return ValueType::option(of(k.type)); }
    ValueType of(const wit::ResultType& k, u32) const { return ValueType::result(maybe(k.ok), maybe(k.error)); }
    ValueType of(const wit::List& k, u32) const { return ValueType::list(of(k.type), k.length); }
    ValueType of(const wit::Map& k, u32) const { return ValueType::map(of(k.key), of(k.value)); }
    ValueType of(const wit::Stream& k, u32) const { return ValueType::stream(maybe(k.type)); }
    ValueType of(const wit::Future& k, u32) const { return ValueType::future(maybe(k.type)); }
    ValueType of(const wit::Handle& k, u32) const {
        u32 n = resource_number(r_.types[r_.resolve_alias(k.resource)].name);
        return k.own ? ValueType::own(n) : ValueType::borrow(n);
    }
    ValueType of(const wit::Resource&, u32 index) const { return ValueType::own(resource_number(r_.types[index].name)); }
    ValueType of(const wit::Alias& k, u32) const { return of(k.type); }

    const wit::Resolve& r_;
};

struct Counts {
    u32 interfaces = 0, functions = 0, resources = 0;   // that are served
    u32 exported = 0, exported_functions = 0;           // that programs export
};

// Interfaces that only programs export need nobody who serves them.
Counts compare(const std::string& version, Forwarder::Register add) {
    Counts n;
    auto folder = wit_folder(version);
    if (!folder) return n;
    wit::Resolve r = resolve_all(*folder);
    Engine engine;
    ComponentLinker linker(engine);
    EXPECT_TRUE(add(linker, Context()));
    std::map<std::string, std::map<std::string, ExternInfo>> provided;
    for (const ExternInfo& i : linker.provided())
        for (const ExternInfo& e : i.exports) provided[i.name][e.name] = e;
    std::set<std::string> wanted;
    Types types(r);
    for (u32 i = 0; i < r.interfaces.size(); ++i) {
        std::string name = r.interface_name(i);
        if (name.starts_with("wasi:cli/run@") || name.starts_with("wasi:http/incoming-handler@")) {
            ++n.exported;
            n.exported_functions += u32(r.interfaces[i].functions.size());
            continue;
        }
        ++n.interfaces;
        for (u32 t : r.interfaces[i].types)
            if (std::holds_alternative<wit::Resource>(r.types[t].kind)) {
                ++n.resources;
                EXPECT_TRUE(provided[name].contains(r.types[t].name)) << name << " resource " << r.types[t].name;
                wanted.insert(name + "." + r.types[t].name);
            }
        for (const wit::Function& f : r.interfaces[i].functions) {
            ++n.functions;
            std::string function = r.canonical_name(f);
            wanted.insert(name + "." + function);
            auto at = provided[name].find(function);
            if (at == provided[name].end()) {
                ADD_FAILURE() << name << "." << function << " is not registered";
                continue;
            }
            EXPECT_TRUE(at->second.func == types.of(f)) << name << "." << function << "\n  official   " << to_string(types.of(f)) << "\n  registered " << to_string(at->second.func);
        }
    }
    for (const auto& [name, exports] : provided)
        for (const auto& [e, info] : exports) EXPECT_TRUE(wanted.contains(name + "." + e)) << name << "." << e << " is in no official file";
    return n;
}

#define NEEDS_WIT(version)                                                                                                                    \
    if (!wit_folder(version)) {                                                                                                               \
        if (std::getenv("CI")) FAIL() << "the WASI interface files " version " are missing";                                                  \
        GTEST_SKIP() << "no WASI interface files " version ": set HEDDLE_SUITES to a folder with wit/" version;                               \
    }

void expect_counts(Counts n, const char* version, u32 interfaces, u32 functions, u32 resources) {
    EXPECT_EQ(n.resources, resources);
    EXPECT_EQ(n.interfaces + n.exported, interfaces);
    EXPECT_EQ(n.functions + n.exported_functions, functions);
    ::testing::Test::RecordProperty("functions", int(n.functions));
    std::printf("%s: %u interfaces, %u functions, %u resources\n", version, n.interfaces, n.functions, n.resources);
}

TEST(WitFiles, every_function_of_0_2_has_exactly_its_type) {
    NEEDS_WIT("0.2.12");
    expect_counts(compare("0.2.12", &add_p2), "0.2.12", 32, 181, 25);
}

TEST(WitFiles, every_function_of_0_3_has_exactly_its_type) {
    NEEDS_WIT("0.3.0");
    expect_counts(compare("0.3.0", &add_p3), "0.3.0", 26, 130, 9);
}

TEST(WitFiles, any_version_0_2_is_served_and_other_types_are_refused) {
    Engine engine;
    ComponentLinker linker(engine);
    ASSERT_TRUE(add_p2(linker, Context()));
    auto try_import = [&](const std::string& version, const std::string& type) {
        Store store(engine);
        auto bytes = component::assemble("(component (import \"wasi:random/random@" + version + "\" (instance (export \"get-random-u64\" (func " + type + ")))))");
        auto c = Component::load(engine, *bytes);
        auto i = linker.instantiate(store, *c);
        return i ? std::string() : i.error().to_string();
    };
    for (const char* v : {"0.2.0", "0.2.3", "0.2.12", "0.2.99"}) EXPECT_EQ(try_import(v, "(result u64)"), "") << v;
    EXPECT_NE(try_import("0.4.0", "(result u64)"), "");
    EXPECT_NE(try_import("0.2.0", "(result u32)").find("incompatible import type"), std::string::npos);
    EXPECT_NE(try_import("0.2.0", "(param \"x\" u8) (result u64)").find("incompatible import type"), std::string::npos);
}

}  // namespace
}  // namespace heddle::wasi::testing
