// What a guest holds of its host, noted and put back.
#include <heddle/wasi_reuse.hpp>

#include <fstream>

#include <gtest/gtest.h>

#include <heddle/component_text.hpp>
#include <heddle/text.hpp>

#include "guest.hpp"

namespace heddle::wasi::test {
namespace {

constexpr std::string_view opener = R"((module
  (import "wasi_snapshot_preview1" "path_open" (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "\20\00\00\00\05\00\00\00") (data (i32.const 32) "hello") (data (i32.const 64) "f")
  (func (export "open") (result i32)
    (if (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)) (then unreachable))
    (i32.load (i32.const 0)))
  (func (export "close") (param i32) (result i32) (call $close (local.get 0)))
  (func (export "hello") (result i32) (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))))";

struct HeldTest : testing::Test {
    TempDir dir;
    Engine engine;
    Store store{engine};
    Context context;
    std::optional<Instance> instance;

    void SetUp() override {
        write_text(dir / "f", "text");
        context.dir(dir.string(), "/").capture_stdout();
        Linker linker(engine);
        ASSERT_TRUE(add(linker, context));
        auto module = Module::load(engine, *text::assemble(opener));
        ASSERT_TRUE(module);
        auto made = linker.instantiate(store, *module);
        ASSERT_TRUE(made);
        instance = *made;
    }
    i32 open() { return *(*instance->func<i32()>("open"))(); }
    i32 close(i32 fd) { return *(*instance->func<i32(i32)>("close"))(fd); }
};

TEST_F(HeldTest, descriptors_are_what_they_were) {
    auto held = Held::note(store, context);
    ASSERT_TRUE(held);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(open(), 4);
        EXPECT_EQ(open(), 5);
        EXPECT_EQ(close(3), 0);  // the directory itself
        held->put_back();
    }
}

TEST_F(HeldTest, an_open_file_cannot_be_kept) {
    open();
    auto held = Held::note(store, context);
    ASSERT_FALSE(held);
    EXPECT_EQ(held.error().kind, Error::Kind::limit);
    EXPECT_EQ(held.error().message, "no snapshot can keep what the guest holds: descriptor 4, a file or connection that it has opened");
}

TEST_F(HeldTest, captured_output_is_taken_once) {
    auto hello = *instance->func<i32()>("hello");
    ASSERT_EQ(*hello(), 0);
    EXPECT_EQ(take_captured(context, 1), "hello");
    EXPECT_EQ(take_captured(context, 1), "");
    ASSERT_EQ(*hello(), 0);
    EXPECT_EQ(context.captured_stdout(), "hello");
    EXPECT_EQ(take_captured(context, 2), "");
}

// Keeps a standard stream, or a stream's pollable.
constexpr std::string_view keeper = R"((component
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type (sub resource)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $out (sub resource)))
    (alias outer 1 $pollable (type $p)) (export "pollable" (type $pollable (eq $p)))
    (export "[method]output-stream.subscribe" (func (param "self" (borrow $out)) (result (own $pollable))))))
  (alias export $streams "output-stream" (type $out))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $out (type $o)) (export "output-stream" (type $out (eq $o)))
    (export "get-stdout" (func (result (own $out))))))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core func $subscribe (canon lower (func $streams "[method]output-stream.subscribe")))
  (core module $m (import "" "get" (func $get (result i32))) (import "" "subscribe" (func $subscribe (param i32) (result i32)))
    (func (export "get") (result i32) (call $get)) (func (export "subscribe") (param i32) (result i32) (call $subscribe (local.get 0))))
  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "subscribe" (func $subscribe))))))
  (func (export "get") (result u32) (canon lift (core func $i "get")))
  (func (export "subscribe") (param "i" u32) (result u32) (canon lift (core func $i "subscribe")))))";

TEST(HeldOfComponents, standard_streams_can_be_kept_and_pollables_cannot) {
    Engine engine;
    Store store(engine);
    Context context;
    ComponentLinker linker(engine);
    ASSERT_TRUE(add_p2(linker, context));
    auto bytes = component::assemble(keeper);
    ASSERT_TRUE(bytes) << bytes.error().to_string();
    auto loaded = Component::load(engine, std::move(*bytes));
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    auto instance = linker.instantiate(store, *loaded);
    ASSERT_TRUE(instance) << instance.error().to_string();
    EXPECT_TRUE(Held::note(store, context));
    u32 out = *(*instance->func<u32()>("get"))();
    EXPECT_TRUE(Held::note(store, context));
    ASSERT_TRUE((*instance->func<u32(u32)>("subscribe"))(out));
    auto held = Held::note(store, context);
    ASSERT_FALSE(held);
    EXPECT_NE(held.error().message.find("a stream, a socket, a message, a timer"), std::string::npos);
}

}  // namespace
}  // namespace heddle::wasi::test
