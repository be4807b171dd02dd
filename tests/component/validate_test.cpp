#include "validate.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <heddle/component_text.hpp>

namespace heddle::component {
namespace {

using text::Command;
using text::ModuleSource;

std::optional<Error> refusal(std::vector<u8> bytes) {
    Engine engine;
    try {
        validate(engine, std::make_shared<const std::vector<u8>>(std::move(bytes)));
        return std::nullopt;
    } catch (const Error& e) {
        return e;
    }
}

std::string fault(std::string_view wat) {
    auto bytes = component::assemble(wat, {.names = false});
    if (!bytes) return "text: " + bytes.error().message;
    auto e = refusal(*bytes);
    return e ? e->message : "";
}

TEST(Validate, index_spaces_and_types_are_known_afterwards) {
    Engine engine;
    auto bytes = component::assemble(R"((component
        (import "log" (func $log (param "s" string)))
        (type $R (resource (rep i32)))
        (export "r" (type $R))
        (core module $m (memory (export "mem") 1) (func (export "f") (param i32 i32) (result i32) unreachable)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
        (core instance $i (instantiate $m))
        (func (export "f") (param "x" (list u8)) (result u32) (canon lift (core func $i "f") (memory (core memory $i "mem")) (realloc (core func $i "realloc"))))))",
                                     {.names = false});
    ASSERT_TRUE(bytes);
    auto v = validate(engine, std::make_shared<const std::vector<u8>>(*bytes));
    const types::Component& type = v->types[v->root.type];
    ASSERT_EQ(type.imports.size(), 1u);
    EXPECT_EQ(type.imports[0].first, "log");
    ASSERT_EQ(type.exports.size(), 2u);
    const types::Entity* f = types::find(type.exports, "f");
    ASSERT_TRUE(f && f->sort == Sort::func);
    EXPECT_EQ(v->types.describe(v->types[types::FuncId(f->id)].params[0].type), "list");
    EXPECT_EQ(v->root.modules.size(), 1u);
    EXPECT_EQ(v->root.resources.size(), 1u);
}

TEST(Validate, faults_say_what_is_wrong) {
    struct Row {
        const char *wat, *message;
    };
    for (auto [wat, message] :
         std::initializer_list<Row>{{"(component (type (list 3)))", "unknown type 3: type index out of bounds"},
                                    {"(component (import \"f\" (func (param \"x\" u32))) (core func (canon lower (func 0) (post-return (func 0)))))",
                                     "canonical option `post-return` cannot be specified for lowerings"},
                                    {"(component (core module $m (func (export \"f\") (param i32))) (core instance $i (instantiate $m)) (func (canon "
                                     "lift (core func $i \"f\"))))",
                                     "lowered parameter types `[]` do not match parameter types `[I32]` of core function 0"},
                                    {"(component (import \"a\" (func)) (import \"A\" (func)))", "import name `A` conflicts with previous name `a`"}})
        EXPECT_EQ(fault(wat), message) << wat;
}

TEST(Validate, sizes_are_limited) {
    std::string wat = "(component (type $t0 (tuple u8 u8))";
    for (int i = 1; i < 30; ++i) wat += "(type $t" + std::to_string(i) + " (tuple $t" + std::to_string(i - 1) + " $t" + std::to_string(i - 1) + "))";
    EXPECT_NE(fault(wat + ")").find("exceeds the limit of 1000000"), std::string::npos);
    std::string deep = "u8";
    for (int i = 0; i < 99; ++i) deep = "(list " + deep + ")";
    EXPECT_EQ(fault("(component (type " + deep + "))"), "");
    EXPECT_NE(fault("(component (type (list (list " + deep + "))))"), "");
}

TEST(Validate, damaged_components_give_errors_only) {
    auto bytes = component::assemble(
        "(component (import \"i\" (instance $i (export \"r\" (type $r (sub resource))) (export \"f\" (func (result (own $r)))))) (alias export $i "
        "\"r\" (type $t)) (export \"t\" (type $t)))",
        {.names = false});
    ASSERT_TRUE(bytes);
    EXPECT_FALSE(refusal(*bytes));
    for (std::size_t i = 0; i < bytes->size(); ++i) {
        refusal({bytes->begin(), bytes->begin() + std::ptrdiff_t(i)});
        for (int bit = 0; bit < 8; ++bit) {
            std::vector<u8> flipped = *bytes;
            flipped[i] = u8(flipped[i] ^ 1 << bit);
            refusal(flipped);
        }
    }
}

std::optional<Error> verdict(const ModuleSource& m) {
    if (m.form == ModuleSource::Form::binary) return m.bytes ? refusal(*m.bytes) : m.bytes.error();
    auto bytes = component::assemble(m.text, {.names = false});
    return bytes ? refusal(*bytes) : bytes.error();
}

// Every component of the official suite: valid ones validate, invalid ones are refused in the suite's words.
TEST(ValidateSuite, every_component_gets_its_verdict) {
    const char* suites = std::getenv("HEDDLE_SUITES");
    if (!suites) GTEST_SKIP() << "HEDDLE_SUITES is not set";
    int checked = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(std::filesystem::path(suites) / "component")) {
        if (file.path().extension() != ".wast") continue;
        std::stringstream text;
        text << std::ifstream(file.path()).rdbuf();
        std::string script = text.str();
        auto parsed = text::parse_script(script);
        ASSERT_TRUE(parsed) << file.path();
        for (const Command& c : parsed->commands) {
            if (!c.module || !c.module->component) continue;
            auto e = verdict(*c.module);
            ++checked;
            std::string where = file.path().string() + ":" + std::to_string(c.line) + ": " + (e ? e->to_string() : "valid");
            if (c.kind == Command::Kind::assert_invalid) {
                ASSERT_TRUE(e) << where;
                EXPECT_EQ(e->kind, Error::Kind::invalid) << where;
                EXPECT_NE(e->message.find(c.message), std::string::npos) << where << ", wanted " << c.message;
            } else if (c.kind == Command::Kind::assert_malformed) EXPECT_TRUE(e && e->kind != Error::Kind::invalid) << where;
            else EXPECT_FALSE(e) << where;
        }
    }
    EXPECT_GT(checked, 700);
}

}  // namespace
}  // namespace heddle::component
