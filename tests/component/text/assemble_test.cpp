// What component text becomes: the bytes of the reference assembler, identifiers in name sections included.
#include <gtest/gtest.h>

#include <heddle/component_text.hpp>

#include "decode.hpp"

namespace heddle::component {
namespace {

struct Row {
    const char *text, *hex;  // hex: what follows the preamble
};

std::string hex(std::span<const u8> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (u8 b : bytes) out += {digits[b >> 4], digits[b & 15]};
    return out;
}

std::string assembled(std::string_view text, const text::AssembleOptions& options = {}) {
    auto bytes = component::assemble(text, options);
    if (!bytes) return text::describe(text, bytes.error());
    return hex(std::span(*bytes).subspan(8));
}

// Whether the text is refused, with an error that contains these words.
std::string fault(std::string_view text) {
    auto bytes = assemble(text);
    if (bytes) return "assembled";
    return bytes.error().message;
}

TEST(Assemble, bytes_are_those_of_the_reference_assembler) {
    const Row rows[] = {
        {R"((component))", ""},
        {R"((component $c (component $d)))",
         "041d0061736d0d00010000130e636f6d706f6e656e742d6e616d6500020164001a0e636f6d706f6e656e742d6e616d650002016301050401000164"},
        {R"((component (core module $m) (core instance (instantiate $m (with "" (instance))))))",
         "01130061736d010000000009046e616d650002016d020902010000000100120000170e636f6d706f6e656e742d6e616d65010600110100016d"},
        {R"((component (core type $t (sub (func)))))", "03070100500060000000170e636f6d706f6e656e742d6e616d650106001001000174"},
        {R"((component (core type (module (type $t (sub (func)))))))", "0309015001015000600000"},
        {R"((component (core rec (type $a (sub (struct (field (ref $b))))) (type $b (func (param (ref null $a)))))))",
         "030f014e0250005f016401006001630000001a0e636f6d706f6e656e742d6e616d650109001002000161010162"},
        {R"((component (core type $t (func (param (ref null $t))))))", "030601600163000000170e636f6d706f6e656e742d6e616d650106001001000174"},
        {R"((component (core type (module (type $f (func)) (import "a" "b" (func))))))", "030e0150020160000000016101620000"},
        {R"((component (core type (module (import "a" "b" (func)) (type (func (param i32))) (export "c" (func (param i32)))))))",
         "031801500401600000000161016200000160017f000301630001"},
        {R"((component $C (core type $f (func (param i32))) (core type (module (alias outer $C $f (type $g)) (export "c" (func (type $g)))))))",
         "03110260017f00500202100101000301630000001b0e636f6d706f6e656e742d6e616d65000201430106001001000166"},
        {R"((component (import "m" (core module $m (import "a" "b" (memory 1 2)) (export "t" (table 1 funcref)) (export "g" (global (mut i32))) (export "h" (tag (param i32)))))))",
         "032401500500016101620201010203017401700001030167037f010160017f000301680400000a070100016d00110000170e636f6d706f6e656e742d6e616d6501060011010"
         "0016d"},
        {R"((component (type $x u8) (type (record (field "a" $x) (field "b" (list u8))))))",
         "070c037d707d720201610001620100160e636f6d706f6e656e742d6e616d6501050301000178"},
        {R"((component (type $x u8) (component (type (record (field "a" $x) (field "b" (list u8)))))))",
         "0702017d041f0061736d0d000100070301707d06050103020100070901720201610101620000160e636f6d706f6e656e742d6e616d6501050301000178"},
        {R"((component (type $x u8) (component (type (record (field "a" $x) (field "b" $x))))))",
         "0702017d041e0061736d0d0001000609020302010003020100070901720201610001620100160e636f6d706f6e656e742d6e616d6501050301000178"},
        {R"((component (type $t (tuple u8 (list (option string)))) (import "f" (func (param "x" (record (field "a" (list u8)) (field "b" $t))) (result (result (list u8) (error string)))))))",
         "0721086b7370006f027d01707d7202016103016202707d6a01050173400101780400060a0601000166010700160e636f6d706f6e656e742d6e616d6501050301020174"},
        {R"((component (type $r (resource (rep i32))) (type (instance (export "f" (func (param "a" (own $r)) (result (own $r))))))))",
         "0724023f7f00420602030201000169000203020100016902014001016101000304000166010400160e636f6d706f6e656e742d6e616d6501050301000172"},
        {R"((component (type (variant (case "a") (case "b" u8))) (type (flags "a" "b")) (type (enum "a" "b")) (type (result)) (type (result u8)) (type (result (error u8))) (type (stream)) (type (stream u8)) (type (future)) (type (future string)) (type (list u8 4)) (type (map string u32)) (type error-context)))",
         "07340d7102016100000162017d006e02016101626d02016101626a00006a017d006a00017d660066017d6500650173677d0463737964"},
        {R"((component (type (func async (param "a" u8) (result u8))) (type (component (import "a" (func)) (export "b" (instance))))))",
         "071e02430101617d007d41040140000100030001610100014200040001620501"},
        {R"((component (import "i" (instance $i (export "f" (func)) (export "t" (type $t (sub resource))))) (export "g" (func $i "f") (func (type 0))) (export "h" (type $i "t") (type (eq 0)))))",
         "071401420301400001000400016601000400017403010a0601000169050006060101000001660b0901000167010001010006060103000001740b0a010001680301010300000"
         "0160e636f6d706f6e656e742d6e616d6501050501000169"},
        {R"((component (import "a" (versionsuffix ".1") (func))))", "070501400001000a0b010201610101022e310100"},
        {R"((component (import "a" (implements "a:b/c") (external-id "x") (instance))))", "07030142000a1101020161020005613a622f630201780500"},
        {R"((component (import "a:b/c@1.0.0" (func))))", "070501400001000a1001000b613a622f6340312e302e300100"},
        {R"((component (type $X (component (alias outer $X 0 (type))))))", "0708014101020302000000160e636f6d706f6e656e742d6e616d6501050301000158"},
        {R"((component (instance $i) (instance (export "j") (export "k" (instance $i)))))",
         "050a020100010100016b05000b070100016a05010000160e636f6d706f6e656e742d6e616d6501050501000169"},
        {R"((component (@custom "abc" "def") (type u8)))", "0007036162636465660702017d"},
        {R"((component (import "f" (func $f)) (instance $a (export "x" (func $f))) (component $c (import "i" (instance))) (instance (instantiate $c (with "i" (instance (export "y" (func $a "x"))))))))",
         "070501400001000a0601000166010005080101010001780100042a0061736d0d00010007030142000a0601000169050000130e636f6d706f6e656e742d6e616d65000201630"
         "606010100000178050f02010100017901010000010169050100240e636f6d706f6e656e742d6e616d65010501010001660105040100016301050501000161"},
        {R"((component (import "i" (instance $i (export "a" (instance (export "f" (func)))))) (core func $f (canon lower (func $i "a" "f")))))",
         "071701420201420201400001000400016601000400016105000a06010001690500060b020500000161010001016608050101000000001e0e636f6d706f6e656e742d6e616d6"
         "5010600000100016601050501000169"},
        {R"((component (core module $m (func (export "f")) (memory (export "m") 1)) (core instance $i (instantiate $m)) (func $f (export "f") (export "g") (param "a" (list u8)) (canon lift (core func $i "f") (memory (core memory $i "m")) async (callback (core func $i "f")))) (type (export "t") u8)))",
         "01330061736d0100000001040160000003020100050301000107090201660000016d02000a040102000b0009046e616d650002016d020401000000070a02707d40010161000"
         "10006130300000100016600020100016d000001000166080b01000000030300060701010702017d0b130300016601000000016701000000017403020000260e636f6d706f6e"
         "656e742d6e616d65010600110100016d010600120100016901050101000166"},
        {R"((component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (core func $f (alias core export $i "f")) (type (resource (rep i32) (dtor $f))) (type (resource (rep i32) (dtor (core func $i "f"))))))",
         "012a0061736d0100000001040160000003020100070501016600000a040102000b0009046e616d650002016d0204010000000607010000010001660705013f7f01000607010"
         "000010001660705013f7f010100270e636f6d706f6e656e742d6e616d650106000001000166010600110100016d0106001201000169"},
        {R"((component (canon context.get i64 1 (core func)) (core func (canon task.return (result (list u8)) string-encoding=utf16))))",
         "0804010a7e01070301707d0806010900000101"},
        {R"((component (type $s (stream u8)) (core func (canon stream.cancel-read $s async)) (canon stream.read $s async (core func)) (core func (canon thread.yield)) (core func (canon subtask.cancel))))",
         "07040166017d080c041100010f0001060c00060000160e636f6d706f6e656e742d6e616d6501050301000173"},
        {R"((component (core module (export "m")) (component (export "c")) (func (import "f") (param "a" u8)) (instance (import "i") (export "t" (type (sub resource)))) (component (import "d")) (core module (import "n") (export "f" (func)))))",
         "01080061736d0100000004080061736d0d000100070801400101617d01000a0601000166010007090142010400017403010a0601000169050107030141000a0601000164040"
         "2030c0150020160000003016600000a070100016e0011000b0e0200016d00110000000163040000"},
        {R"((component (import "i" (instance $i (export "c" (component)) (export "m" (core module)))) (instance (instantiate (component $i "c"))) (core instance (instantiate (module $i "m")))))",
         "07160142040141000400016304000050000400016d0011000a06010001690500060601040000016305040100000006070100110000016d02040100000000160e636f6d706f6"
         "e656e742d6e616d6501050501000169"},
        {R"((component (type $r (resource (rep i32))) (type (func (param "a" (own $r)) (result (borrow $r)))) (start 0 (value 1) (result (value)) (result (value)))))",
         "070f043f7f00690068004001016101000209040001010200160e636f6d706f6e656e742d6e616d6501050301000172"},
    };
    for (const Row& r : rows) EXPECT_EQ(assembled(r.text, {.names = true}), r.hex) << r.text;
}

TEST(Assemble, names_are_left_out_unless_asked_for) {
    EXPECT_EQ(assembled("(component $c (type $t u8))"), "0702017d");
    EXPECT_EQ(assembled("(component (core module $m))"), "01080061736d01000000");
}

TEST(Assemble, a_component_may_be_its_definitions_or_bytes_or_quoted) {
    EXPECT_EQ(assembled("(type u8)"), "0702017d");
    EXPECT_EQ(assembled(""), "");
    EXPECT_EQ(assembled("(component quote \"(type\" \" u8)\")"), "0702017d");
    EXPECT_EQ(assembled("(component binary \"\\00asm\\0d\\00\\01\\00\" \"abc\")"), "616263");
    EXPECT_EQ(assembled("(component definition $x (type u8))"), "0702017d");
}

TEST(Assemble, options_are_taken_in_their_new_and_old_forms) {
    const char* head =
        R"((component (core module $m (memory (export "m") 1)) (core instance $i (instantiate $m)) (alias core export $i "m" (core memory $mem)) (import "f" (func $f)) )";
    std::string wanted = assembled(head + std::string("(core func (canon lower (func $f) (memory (core memory $mem)) async)))"));
    EXPECT_TRUE(wanted.starts_with("01")) << wanted;
    for (auto form : {"(core func (canon lower (func $f) (memory $mem) async)))", "(core func (canon lower $f (memory 0) async)))",
                      "(canon lower (func 0) (memory (core memory 0)) async (core func)))"})
        EXPECT_EQ(assembled(head + std::string(form)), wanted) << form;
    std::string wait = assembled(head + std::string("(canon waitable-set.wait cancellable (memory (core memory $i \"m\")) (core func)))"));
    EXPECT_EQ(wait, assembled(head + std::string("(core func (canon waitable-set.wait cancellable (memory $i \"m\"))))")));
    EXPECT_TRUE(
        wait.ends_with("0804012001"
                       "01"))
        << wait;
}

TEST(Assemble, the_newest_built_ins_have_their_codes) {
    EXPECT_EQ(assembled("(component (core func (canon thread.yield cancellable)))"), "0803010c01");
    EXPECT_EQ(assembled("(component (canon thread.suspend-then-promote (core func)))"), "0803012c00");
    EXPECT_EQ(assembled("(component (canon thread.yield-then-promote cancellable (core func)))"), "0803012d01");
    EXPECT_EQ(assembled("(component (canon thread.available-parallelism shared (core func)))"), "0803014201");
    EXPECT_EQ(assembled("(component (core type $f (func)) (canon thread.spawn-ref shared $f (core func)))"),
              "03040160000008040140"
              "0100");
    EXPECT_EQ(assembled("(component (canon error-context.new string-encoding=utf16 (core func)))"), "0804011c0101");
}

// https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#-value-definitions
TEST(Assemble, values_are_written_by_the_structure_of_their_type) {
    auto value = [](const std::string& text) {
        auto bytes = assemble("(component (type $abc (flags \"a\" \"b\" \"c\")) " + text + ")");
        if (!bytes) return bytes.error().to_string();
        Component c = decode(*bytes);
        return hex(std::get<Value>(c.definitions.back().what).bytes);
    };
    EXPECT_EQ(value("(value $a bool true)"), "01");
    EXPECT_EQ(value("(value u8 255)"), "ff");
    EXPECT_EQ(value("(value s8 -2)"), "fe");
    EXPECT_EQ(value("(value u16 300)"), "ac02");
    EXPECT_EQ(value("(value s64 -129)"), "ff7e");
    EXPECT_EQ(value("(value f32 nan)"), "0000c07f");
    EXPECT_EQ(value("(value f64 1)"), "000000000000f03f");
    EXPECT_EQ(value("(value char 'a')"), "61");
    EXPECT_EQ(value("(value string \"hi\")"), "026869");
    EXPECT_EQ(value("(value (record (field \"a\" bool) (field \"b\" u8)) (record true 1))"), "0101");
    EXPECT_EQ(value("(value (variant (case \"a\" bool) (case \"b\" u8)) (variant \"b\" 7))"), "0107");
    EXPECT_EQ(value("(value (type $abc) (flags \"a\" \"c\"))"), "05");
    EXPECT_EQ(value("(value (enum \"a\" \"b\") (enum \"b\"))"), "01");
    EXPECT_EQ(value("(value (list (result (option u8))) (list error (ok (some 1)) (ok none)))"), "03010001010000");
    EXPECT_EQ(value("(value (tuple u8 u8) (tuple 1 2))"), "0102");
    EXPECT_EQ(value("(value (list u8 2) (list 1 2))"), "0102");
    EXPECT_EQ(value("(value string (binary \"\\01x\"))"), "0178");
    // The type may stand outside: its own indices count there.
    auto outer = assemble("(component (type $n u8) (type $l (list $n)) (component (type string) (value $v $l (list 1 2))))");
    ASSERT_TRUE(outer) << outer.error().to_string();
    EXPECT_TRUE(hex(*outer).ends_with("0c06010103020102")) << hex(*outer);
}

TEST(Assemble, faults_say_what_and_where) {
    struct Fault {
        const char *text, *words;
    };
    for (auto [text, words] : std::initializer_list<Fault>{
             {"(component", "unexpected end"},
             {"(component))", "unexpected token )"},
             {"(component (foo))", "unexpected token foo"},
             {"(component 1)", "unexpected token 1"},
             {"(component (type))", "unexpected token )"},
             {"(component (type (record (field u8))))", "unexpected token u8"},
             {"(component (import \"a\" (implements \"a:b/c\") (implements \"a:b/c\") (instance)))", "unexpected token implements"},
             {"(component (import \"a\" (external-id \"\\zz\") (func)))", "illegal escape"},
             {"(component (import \"a\" (external-id \"\\ff\") (func)))", "malformed UTF-8 encoding"},
             {"(component (import \"x\" (func $x)) (component (export \"x\" (func $x))))", "outer item `x` is not a module, type, or component"},
             {"(component (export \"x\" (func $y)))", "unknown func: failed to find name `$y`"},
             {"(component (type $a u8) (type $a u8))", "duplicate type identifier $a"},
             {"(component (type $later2 (list $later)) (type $later u8))", "unknown type: failed to find name `$later`"},
             {"(component (alias outer $c 0 (type)))", "unknown component: failed to find name `$c`"},
             {"(component (core module (func (result i32) i32.foo)))", "unknown operator i32.foo"},
             {"(component (canon lift (core func 0)))", "unexpected token )"},
             {"(component (canon no.such (core func)))", "unexpected token no.such"},
             {"(component (core func (canon lift (core func 0))))", "unexpected token lift"},
             {"(component (alias export 0 \"a\" (core func)))", "no such alias"},
             {"(component (alias outer 0 0 (func)))", "an outer alias gives"},
             {"(component (value u8 256))", "constant out of range"},
             {"(component (value s8 128))", "constant out of range"},
             {"(component (value char 'ab'))", "not one character"},
             {"(component (type (instance (import \"a\" (func)))))", "unexpected token import"},
             {"(component (core type (module (type (module)))))", "unexpected token module"}})
        EXPECT_TRUE(fault(text).contains(words)) << text << "\n" << fault(text);
}

TEST(Assemble, faults_in_core_modules_are_placed_in_the_whole_text) {
    std::string_view text = "(component\n  (core module $m (func\n    i32.foo)))";
    auto bytes = assemble(text);
    ASSERT_FALSE(bytes);
    EXPECT_EQ(text::describe(text, bytes.error()), "3:5: syntax: unknown operator i32.foo");
}

TEST(Assemble, nesting_has_a_limit_and_no_depth_crashes) {
    auto nested = [](std::string_view open, std::string_view inner, std::string_view close, int n) {
        std::string s = "(component ";
        for (int i = 0; i < n; ++i) s += open;
        s += inner;
        for (int i = 0; i < n; ++i) s += close;
        return s + ")";
    };
    EXPECT_EQ(fault(nested("(component ", "", ")", 90)), "assembled");
    EXPECT_EQ(fault(nested("(type (component ", "", "))", 90)), "assembled");
    EXPECT_TRUE(assemble(nested("(type (list ", "u8", "))", 1)));
    for (int n : {1000, 100000}) {
        EXPECT_EQ(fault(nested("(component ", "", ")", n)), "nesting too deep");
        EXPECT_EQ(fault(nested("(type (component ", "", "))", n)), "nesting too deep");
        EXPECT_EQ(fault("(component (type " + nested("(list ", "u8", ")", n).substr(11) + ")"), "nesting too deep");
        EXPECT_EQ(fault("(component (import \"a\" " + nested("(instance (export \"a\" ", "(func)", "))", n).substr(11) + ")"), "nesting too deep");
    }
}

}  // namespace
}  // namespace heddle::component
