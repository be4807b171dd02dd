#include <gtest/gtest.h>

#include "support.hpp"

namespace heddle::text {
namespace {

using Kind = Command::Kind;

std::vector<Command> commands(std::string_view text) {
    auto s = parse_script(text);
    EXPECT_TRUE(s) << s.error().message;
    return s ? std::move(s->commands) : std::vector<Command>{};
}
Command one(std::string_view text) {
    auto c = commands(text);
    EXPECT_EQ(c.size(), 1u);
    return c.empty() ? Command{} : std::move(c[0]);
}
Expected expected(const std::string& result) { return one("(assert_return (invoke \"f\") " + result + ")").expected.at(0); }

TEST(Script, modules_come_in_all_their_forms) {
    auto c = commands("(module $a (func))\n(module binary \"\\00asm\" \"\\01\\00\\00\\00\")\n(module $q quote \"(func)\")\n"
                      "(module definition $d (memory 1)) (module definition binary \"\") (module instance $i $d) (module instance)");
    ASSERT_EQ(c.size(), 7u);
    EXPECT_EQ(c[0].kind, Kind::module);
    EXPECT_EQ(c[0].name, "a");
    EXPECT_EQ(c[0].module->bytes.value(), assemble("(func)").value());
    EXPECT_EQ(c[1].module->form, ModuleSource::Form::binary);
    EXPECT_EQ(c[1].line, 2u);
    EXPECT_EQ(c[1].module->bytes->size(), 8u);
    EXPECT_EQ(c[2].module->form, ModuleSource::Form::quote);
    EXPECT_EQ(c[2].name, "q");
    EXPECT_EQ(c[2].module->text, "(func)");
    EXPECT_EQ(c[2].module->bytes.value(), assemble("(func)").value());
    EXPECT_EQ(c[3].kind, Kind::module_definition);
    EXPECT_EQ(c[3].name, "d");
    EXPECT_EQ(c[4].kind, Kind::module_definition);
    EXPECT_EQ(c[5].kind, Kind::module_instance);
    EXPECT_EQ(c[5].name, "i");
    EXPECT_EQ(c[5].target, "d");
    EXPECT_EQ(c[6].kind, Kind::module_instance);
}

TEST(Script, a_file_of_fields_is_one_module) {
    Command c = one("(func) (memory 0)");
    EXPECT_EQ(c.kind, Kind::module);
    EXPECT_EQ(c.module->bytes.value(), assemble("(func) (memory 0)").value());
}

TEST(Script, a_module_that_does_not_assemble_carries_its_error) {
    auto c = commands("(module (func i32.foo))\n(assert_malformed (module quote \"(func\" \" $)\") \"empty identifier\")\n(module)");
    ASSERT_EQ(c.size(), 3u);
    EXPECT_EQ(c[0].module->bytes.error().message, "unknown operator i32.foo");
    EXPECT_EQ(c[0].module->bytes.error().offset, 14u);
    EXPECT_EQ(c[1].kind, Kind::assert_malformed);
    EXPECT_EQ(c[1].message, "empty identifier");
    EXPECT_EQ(c[1].module->bytes.error().message, "empty identifier");
    EXPECT_TRUE(c[2].module->bytes);
}

TEST(Script, actions_name_module_field_and_arguments) {
    Command c = one("(invoke $m \"f\" (i32.const -1) (f32.const nan) (v128.const i16x8 1 2 3 4 5 6 7 8) (ref.null func) (ref.extern 7) (ref.host 9))");
    EXPECT_EQ(c.kind, Kind::action);
    const Action& a = *c.action;
    EXPECT_EQ(a.module, "m");
    EXPECT_EQ(a.field, "f");
    ASSERT_EQ(a.arguments.size(), 6u);
    EXPECT_EQ(a.arguments[0].type, i32_type);
    EXPECT_EQ(a.arguments[0].bits.lo, 0xffffffffu);
    EXPECT_EQ(a.arguments[1].bits.lo, 0x7fc00000u);
    EXPECT_EQ(a.arguments[2].type, v128_type);
    EXPECT_EQ(a.arguments[2].bits, (V128{0x0004000300020001, 0x0008000700060005}));
    EXPECT_EQ(a.arguments[3].kind, Argument::Kind::ref_null);
    EXPECT_EQ(a.arguments[3].type, funcref_type);
    EXPECT_EQ(a.arguments[4].kind, Argument::Kind::ref_extern);
    EXPECT_EQ(a.arguments[4].bits.lo, 7u);
    EXPECT_EQ(a.arguments[5].kind, Argument::Kind::ref_host);

    c = one("(assert_return (get \"g\") (i64.const 3))");
    EXPECT_EQ(c.action->kind, Action::Kind::get);
    EXPECT_EQ(c.action->module, "");
    EXPECT_EQ(c.expected.at(0).type, i64_type);
}

TEST(Script, every_assertion_is_told_apart) {
    const std::pair<const char*, Kind> cases[] = {
        {"(assert_trap (invoke \"f\") \"m\")", Kind::assert_trap},
        {"(assert_trap (module) \"m\")", Kind::assert_trap},
        {"(assert_exhaustion (invoke \"f\") \"m\")", Kind::assert_exhaustion},
        {"(assert_exception (invoke \"f\"))", Kind::assert_exception},
        {"(assert_suspension (invoke \"f\") \"m\")", Kind::assert_suspension},
        {"(assert_invalid (module) \"m\")", Kind::assert_invalid},
        {"(assert_malformed (module binary \"\") \"m\")", Kind::assert_malformed},
        {"(assert_unlinkable (module) \"m\")", Kind::assert_unlinkable},
        {"(assert_invalid_custom (module) \"m\")", Kind::assert_invalid_custom},
        {"(assert_malformed_custom (module quote \"\") \"m\")", Kind::assert_malformed_custom},
    };
    for (auto& [text, kind] : cases) {
        Command c = one(text);
        EXPECT_EQ(c.kind, kind) << text;
        EXPECT_TRUE(std::string_view(text).starts_with("(" + std::string(to_string(kind)))) << text;
        EXPECT_NE(c.module.has_value(), c.action.has_value()) << text;
        EXPECT_EQ(c.message, kind == Kind::assert_exception ? "" : "m") << text;
    }
    Command r = one("(register \"lib\" $m)");
    EXPECT_EQ(r.kind, Kind::register_);
    EXPECT_EQ(r.field, "lib");
    EXPECT_EQ(r.name, "m");
}

TEST(Script, results_may_be_patterns) {
    EXPECT_TRUE(expected("(i32.const 5)").matches_bits({5, 0}));
    EXPECT_FALSE(expected("(i32.const 5)").matches_bits({6, 0}));
    Expected canonical = expected("(f32.const nan:canonical)"), arithmetic = expected("(f32.const nan:arithmetic)");
    EXPECT_TRUE(canonical.matches_bits({0xffc00000, 0}));
    EXPECT_FALSE(canonical.matches_bits({0x7fc00001, 0}));
    EXPECT_TRUE(arithmetic.matches_bits({0x7fc00001, 0}));
    EXPECT_FALSE(arithmetic.matches_bits({0x7f800001, 0}));
    EXPECT_TRUE(expected("(f64.const nan:arithmetic)").matches_bits({0x7ff8000000000009, 0}));
    EXPECT_FALSE(expected("(f64.const -0)").matches_bits({0, 0}));
    Expected lanes = expected("(v128.const f32x4 1 nan:canonical nan:arithmetic 0)");
    EXPECT_TRUE(lanes.matches_bits({0x7fc00000'3f800000, 0x00000000'7fc12345}));
    EXPECT_FALSE(lanes.matches_bits({0x7fc00001'3f800000, 0x00000000'7fc12345}));
    Expected bytes = expected("(v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 -1)");
    EXPECT_TRUE(bytes.matches_bits({0x0706050403020100, 0xff0e0d0c0b0a0908}));

    Expected either = expected("(either (i32.const 1) (i32.const 2))");
    EXPECT_EQ(either.kind, Expected::Kind::either);
    EXPECT_EQ(either.alternatives.size(), 2u);
    EXPECT_FALSE(expected("(ref.null)").has_type);
    EXPECT_EQ(expected("(ref.null extern)").type, externref_type);
    EXPECT_TRUE(expected("(ref.extern 3)").has_number);
    EXPECT_FALSE(expected("(ref.extern)").has_number);
    const std::pair<const char*, Expected::Kind> kinds[] = {{"(ref.func)", Expected::Kind::ref_func},     {"(ref.struct)", Expected::Kind::ref_struct},
                                                            {"(ref.array)", Expected::Kind::ref_array},   {"(ref.eq)", Expected::Kind::ref_eq},
                                                            {"(ref.i31)", Expected::Kind::ref_i31},       {"(ref.i31_shared)", Expected::Kind::ref_i31_shared},
                                                            {"(ref.any)", Expected::Kind::ref_any},       {"(ref.exn)", Expected::Kind::ref_exn},
                                                            {"(ref.host 1)", Expected::Kind::ref_host}};
    for (auto& [text, kind] : kinds) EXPECT_EQ(expected(text).kind, kind) << text;
}

TEST(Script, threads_hold_commands_of_their_own) {
    auto c = commands("(thread $T (shared (module $M)) (register \"mem\" $M) (invoke \"run\"))\n(wait $T)");
    ASSERT_EQ(c.size(), 2u);
    EXPECT_EQ(c[0].kind, Kind::thread);
    EXPECT_EQ(c[0].name, "T");
    EXPECT_EQ(c[0].shared, std::vector<std::string>{"M"});
    EXPECT_EQ(c[0].commands.size(), 2u);
    EXPECT_EQ(c[1].kind, Kind::wait);
    EXPECT_EQ(c[1].name, "T");
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += "(thread $T ";
    EXPECT_EQ(parse_script(deep).error().kind, Error::Kind::limit);
}

TEST(Script, components_are_kept_as_text_or_bytes) {
    auto c = commands("(component $c (core module $m))\n(component definition $d (import \"x\" (func)))\n(component binary \"\\00asm\")\n(component quote \"(import\")\n"
                      "(component instance $i $d)\n(assert_return (invoke \"f\" (list.const (u8.const 1))) (str.const \"a)\") (option.none))");
    ASSERT_EQ(c.size(), 6u);
    EXPECT_TRUE(c[0].module->component);
    EXPECT_EQ(c[0].name, "c");
    EXPECT_EQ(c[0].module->text, "(component $c (core module $m))");
    EXPECT_EQ(c[1].kind, Kind::module_definition);
    EXPECT_EQ(c[1].module->text, "(component            $d (import \"x\" (func)))");
    EXPECT_EQ(c[2].module->bytes->size(), 4u);
    EXPECT_EQ(c[3].module->text, "(import");
    EXPECT_EQ(c[4].kind, Kind::module_instance);
    EXPECT_TRUE(c[4].component);
    EXPECT_EQ(c[5].action->arguments.at(0).text, "(list.const (u8.const 1))");
    EXPECT_EQ(c[5].expected.at(0).text, "(str.const \"a)\")");
    EXPECT_EQ(c[5].expected.at(1).kind, Expected::Kind::raw);
}

TEST(Script, what_is_no_script_is_an_error) {
    for (const char* text : {"(foo)", "(assert_return)", "(assert_trap (invoke \"f\"))", "(invoke f)", "(module", "(assert_return (invoke \"f\" (i32.const)))", "nop",
                             "(assert_return (invoke \"f\") (either (either)))", "(invoke \"f\" (foo))", "(wait)"})
        EXPECT_FALSE(parse_script(text)) << text;
    EXPECT_TRUE(parse_script("")->commands.empty());
}

}  // namespace
}  // namespace heddle::text
