// Legacy exception handling: try, catch, catch_all, delegate and rethrow beside what try_table does.
#include "support/wasm.hpp"

namespace heddle {
namespace {

using namespace test;

constexpr const char* tags = R"((tag $none) (tag $one (param i32)) (tag $two (param i64 v128 f64))
    (func $throw_one (param i32) (throw $one (local.get 0))))";

struct LegacyExceptions : testing::Test {
    Engine engine;
    Store store{engine};
    i32 run(const std::string& body, i32 argument = 0) {
        Instance in = load(store, std::string("(module ") + tags + "(func (export \"f\") (param $x i32) (result i32) (local $y i32) " + body + "))");
        return call<i32>(in, "f", argument);
    }
};

TEST_F(LegacyExceptions, what_lies_below_a_try_survives_it) {
    for (const char* body : {"nop", "throw $none", "(call $throw_one (i32.const 1))"})
        EXPECT_EQ(run(std::string("local.get $x i32.const 7 try (result i32) ") + body +
                          " i32.const 1 catch $one catch_all i32.const 1 end i32.add i32.add",
                      100),
                  108);
}

TEST_F(LegacyExceptions, a_handler_gets_its_tags_values) {
    EXPECT_EQ(run(R"(try (result i32) (throw $two (i64.const 40) (v128.const i32x4 0 0 0 2) (f64.const 0.5)) catch $one catch $two
        f64.const 0.5 f64.eq local.set $y i32x4.extract_lane 3 local.set $x i32.wrap_i64 local.get $x i32.add local.get $y i32.add end)"),
              43);
}

TEST_F(LegacyExceptions, blocks_parameters_are_the_bodys_operands) {
    EXPECT_EQ(run("i32.const 5 i32.const 6 try (param i32 i32) (result i32) i32.mul catch_all i32.const 1 end"), 30);
    EXPECT_EQ(run("i32.const 5 i32.const 6 try (param i32 i32) (result i32) call $throw_one drop i32.const 0 catch $one end"), 6);
}

TEST_F(LegacyExceptions, rethrow_finds_its_own_handlers_exception) {
    EXPECT_EQ(run(R"(
        try (result i32)
          try (result i32) (throw $one (i32.const 1))
          catch $one
            drop
            try (result i32) (throw $one (i32.const 2))
            catch $one
              drop
              rethrow 1
            end
          end
        catch $one end)"),
              1);
    EXPECT_EQ(run(R"(
        try (result i32)
          try (result i32) (throw $one (i32.const 1))
          catch $one
            drop
            try (result i32) (throw $one (i32.const 2))
            catch_all
              block rethrow 1 end
              i32.const 9
            end
          end
        catch $one end)"),
              2);
}

TEST_F(LegacyExceptions, delegate_passes_over_the_handlers_in_between) {
    EXPECT_EQ(run(R"(
        try (result i32)
          try (result i32)
            try (result i32)
              (call $throw_one (i32.const 3)) i32.const 0
            delegate 1
          catch $one i32.const 10 i32.add end
        catch $one i32.const 20 i32.add end)"),
              23);
    EXPECT_EQ(run(R"(
        try (result i32)
          try (result i32)
            try (result i32)
              (call $throw_one (i32.const 3)) i32.const 0
            delegate 0
          catch $one i32.const 10 i32.add end
        catch $one i32.const 20 i32.add end)"),
              13);
}

TEST_F(LegacyExceptions, delegate_to_a_handlers_own_try_leaves_it) {
    EXPECT_EQ(run(R"(
        try (result i32)
          try (result i32)
            throw $none
          catch_all
            try (result i32) (call $throw_one (i32.const 4)) i32.const 0 delegate 0
          end
        catch $one end)"),
              4);
}

TEST_F(LegacyExceptions, delegate_to_the_function_leaves_it) {
    Instance in = load(store, std::string("(module ") + tags + R"(
        (func $inner (result i32)
          try (result i32)
            try (result i32) (call $throw_one (i32.const 5)) i32.const 0 delegate 1
          catch_all i32.const -1 end)
        (func (export "f") (result i32) try (result i32) call $inner catch $one end)))");
    EXPECT_EQ(call<i32>(in, "f"), 5);
}

TEST_F(LegacyExceptions, a_handler_may_branch_out_and_loop) {
    EXPECT_EQ(run(R"(
        loop $again (result i32)
          try (result i32)
            local.get $x call $throw_one i32.const 0
          catch $one
            i32.const 1 i32.sub local.tee $x br_if $again
            local.get $y i32.const 77 br 0
          end
        end)",
                  5),
              77);
}

TEST_F(LegacyExceptions, code_after_a_dead_body_is_reached_through_the_handlers) {
    EXPECT_EQ(run("try (result i32) throw $none catch $none i32.const 1 end"), 1);
    EXPECT_EQ(run("try (result i32) i32.const 3 return try nop catch_all end catch $none i32.const 1 end"), 3);
}

TEST_F(LegacyExceptions, deep_handlers_have_room_for_all_their_exceptions) {
    for (int depth : {1, 2, 10, 500}) {
        std::string body, after;
        for (int i = 0; i < depth; ++i) {
            body += "try (result i32) (throw $one (i32.const " + std::to_string(i) + ")) catch $one ";
            after += " i32.add end";
        }
        EXPECT_EQ(run(body + "i32.const 0" + after), depth * (depth - 1) / 2);
    }
}

TEST_F(LegacyExceptions, both_kinds_of_handlers_see_each_others_exceptions) {
    EXPECT_EQ(run(R"(
        block $caught (result i32)
          try_table (result i32) (catch $one $caught)
            try (result i32) (call $throw_one (i32.const 6)) i32.const 0 catch $one drop rethrow 0 end
          end
        end)"),
              6);
    EXPECT_EQ(run(R"(
        try (result i32)
          block $caught (result exnref)
            try_table (catch_all_ref $caught) (call $throw_one (i32.const 7)) end
            unreachable
          end
          throw_ref
        catch $one end)"),
              7);
}

}  // namespace
}  // namespace heddle
