// Bytes as component text and back.
#include <gtest/gtest.h>

#include <heddle/component_text.hpp>

#include "decode.hpp"
#include "encode.hpp"

namespace heddle::component {
namespace {

std::string printed(std::string_view text, const text::PrintOptions& options = {}, bool names = false) {
    auto bytes = assemble(text, {.names = names});
    if (!bytes) return text::describe(text, bytes.error());
    auto out = component::print(*bytes, options);
    return out ? *out : out.error().to_string();
}

// One of each: all types, all canonical built-ins, all kinds of definitions.
const char* const everything = R"((component
  (core module $m (memory (export "m") 1) (table (export "t") 1 funcref) (func (export "f") (result i32) i32.const 7) (global (export "g") i32 i32.const 1))
  (core type $ft (func (param i32)))
  (core rec (type $a (sub (struct (field (mut i8)) (field (ref null $b))))) (type $b (sub final $a (struct (field (mut i8)) (field (ref null $b)) (field i64)))))
  (core type (array (mut f32)))
  (core type $mt (module (type $q (func (result v128))) (import "a" "b" (func (type $q))) (import "a" "m" (memory i64 1 2)) (import "a" "s" (memory 1 2 shared))
    (import "a" "p" (memory 1 (pagesize 1))) (export "t" (table 1 2 externref)) (export "g" (global (mut f64))) (export "e" (tag (param i32))) (alias outer 1 0 (type))))
  (core instance $i (instantiate $m (with "x" (instance (export "y" (memory $i0 "m"))))))
  (alias core export $i "f" (core func $cf))
  (core memory $mem (alias core export $i "m"))
  (core table $tbl (alias core export $i "t"))
  (type $r (resource (rep i32) (dtor $cf)))
  (type $rec (record (field "a" u8) (field "b" (list string))))
  (type (variant (case "a") (case "b" $rec)))
  (type (tuple s8 s16 u16 s32 u32 s64 u64 f32 f64 char bool error-context))
  (type (flags "a" "b")) (type (enum "c" "d")) (type (option u8)) (type (result)) (type (result u8 (error string)))
  (type (own $r)) (type (borrow $r)) (type $st (stream u8)) (type (stream)) (type $fu (future)) (type (future u8)) (type (list u8 4)) (type (map string u8))
  (type $func (func async (param "x" u8) (result $rec)))
  (type (component (import "a" (type $t (sub resource))) (export "b" (func (param "t" (own $t)))) (core type $mt0 (module)) (import "c" (core module (type $mt0)))
    (alias outer 0 0 (type)) (export "v" (value u8))))
  (type $it (instance (export "a" (instance (export "b" (func)))) (export "t" (type (eq 0)))))
  (import "imported" (instance $imported (type $it)))
  (import "named" (implements "a:b/c") (external-id "x\"y") (instance (type $it)))
  (import "val" (value $v string))
  (alias export $imported "a" (instance $ia))
  (func $lifted (canon lift (core func $cf) (memory (core memory $mem)) (realloc $cf) (post-return $cf) string-encoding=latin1+utf16))
  (func $low (alias export $ia "b"))
  (core func (canon lower (func $low) string-encoding=utf16))
  (core func (canon resource.new $r)) (core func (canon resource.drop $r)) (core func (canon resource.rep $r))
  (canon task.cancel (core func)) (canon subtask.cancel async (core func)) (canon task.return (result $rec) (memory $mem) (core func)) (canon task.return (core func))
  (canon context.get i32 0 (core func)) (canon context.set i64 1 (core func)) (canon thread.yield cancellable (core func)) (canon subtask.drop (core func))
  (canon stream.new $st (core func)) (canon stream.read $st async (memory $mem) (core func)) (canon stream.write $st (core func)) (canon stream.cancel-read $st async (core func))
  (canon stream.cancel-write $st (core func)) (canon stream.drop-readable $st (core func)) (canon stream.drop-writable $st (core func))
  (canon future.new $fu (core func)) (canon future.read $fu (core func)) (canon future.write $fu (core func)) (canon future.cancel-read $fu (core func))
  (canon future.cancel-write $fu async (core func)) (canon future.drop-readable $fu (core func)) (canon future.drop-writable $fu (core func))
  (canon error-context.new (memory $mem) (core func)) (canon error-context.debug-message (core func)) (canon error-context.drop (core func))
  (canon waitable-set.new (core func)) (canon waitable-set.wait (memory $mem) (core func)) (canon waitable-set.poll cancellable (memory $mem) (core func))
  (canon waitable-set.drop (core func)) (canon waitable.join (core func)) (canon backpressure.inc (core func)) (canon backpressure.dec (core func))
  (canon thread.index (core func)) (canon thread.new-indirect $ft $tbl (core func)) (canon thread.resume-later (core func)) (canon thread.suspend (core func))
  (canon thread.suspend-then-resume (core func)) (canon thread.yield-then-resume cancellable (core func)) (canon thread.suspend-then-promote (core func))
  (canon thread.yield-then-promote (core func)) (canon thread.spawn-ref shared $ft (core func)) (canon thread.spawn-indirect $ft $tbl (core func))
  (canon thread.available-parallelism shared (core func))
  (value $konst $rec (record 1 (list "a" "b")))
  (start $lifted (value $v) (result (value $w)))
  (component $inner (import "f" (func)) (type (list u8)) (component (@custom "deep" "\00\ff")))
  (instance $made (instantiate $inner (with "f" (func $low))))
  (instance (export "x" (implements "a:b/c") (instance $made)) (export "y" (func $low)))
  (export $e "out" (func $low) (func (type $func)))
  (export "m" (core module $m))
  (@custom "end" "bytes")
))";

// `$i0` names an instance that the component below defines first.
std::string everything_text() {
    std::string s = everything;
    s.insert(s.find("(core instance $i "), "(core instance $i0 (instantiate $m))\n  ");
    return s;
}

TEST(Print, every_kind_of_definition_comes_back_byte_for_byte) {
    for (bool names : {false, true}) {
        auto bytes = assemble(everything_text(), {.names = names});
        ASSERT_TRUE(bytes) << text::describe(everything_text(), bytes.error());
        EXPECT_EQ(encode(decode(*bytes)), *bytes);
        auto out = print(*bytes);
        ASSERT_TRUE(out) << out.error().to_string();
        auto again = assemble(*out, {.names = names});
        ASSERT_TRUE(again) << text::describe(*out, again.error()) << "\n" << *out;
        EXPECT_EQ(*again, *bytes) << *out;
    }
}

TEST(Print, everything_printed_uses_every_canonical_definition) {
    auto bytes = assemble(everything_text());
    ASSERT_TRUE(bytes);
    std::string out = print(*bytes).value();
#define CANON(name, code, text, immediates, signature) EXPECT_TRUE(out.contains("(canon " text)) << text;
#include "canon.def"
#undef CANON
}

TEST(Print, one_line_for_a_definition_with_its_index) {
    EXPECT_EQ(printed("(component (type $t u8) (type (list $t)) (import \"f\" (func (param \"a\" $t))))"), R"((component
  (type (;0;) u8)
  (type (;1;) (list 0))
  (type (;2;) (func (param "a" 0)))
  (import "f" (func (;0;) (type 2)))
)
)");
}

TEST(Print, identifiers_come_from_the_name_section) {
    std::string_view text = "(component $c (type $t u8) (type $\"two words\" (list $t)) (component $d (type $t u8)))";
    EXPECT_EQ(printed(text, {}, true), R"((component $c
  (type $t (;0;) u8)
  (type $"two words" (;1;) (list $t))
  (component $d (;0;)
    (type $t (;0;) u8)
  )
)
)");
    EXPECT_EQ(printed(text, {.names = false}, true).find('$'), std::string::npos);
}

TEST(Print, core_modules_stand_indented_in_their_component) {
    EXPECT_EQ(printed("(component (component (core module $m (func $f (nop)))))", {}, true), R"((component
  (component (;0;)
    (core module $m (;0;)
      (type (;0;) (func))
      (func $f (;0;) (type 0)
        nop))
  )
)
)");
}

TEST(Print, a_core_module_that_is_none_is_printed_as_its_bytes) {
    auto bytes = assemble("(component binary \"\\00asm\\0d\\00\\01\\00\\01\\09\\00asm\\01\\00\\00\\00\\ff\")");
    ASSERT_TRUE(bytes);
    auto out = print(*bytes);
    ASSERT_TRUE(out) << out.error().to_string();
    EXPECT_TRUE(out->contains("(core module (;0;) binary \"\\00asm\\01")) << *out;
    EXPECT_EQ(assemble(*out).value(), *bytes);
}

TEST(Print, components_and_modules_are_told_apart_by_their_preamble) {
    EXPECT_TRUE(is_component(*assemble("(component)")));
    EXPECT_FALSE(is_component(*text::assemble("(module)")));
    EXPECT_FALSE(is_component({}));
}

}  // namespace
}  // namespace heddle::component
