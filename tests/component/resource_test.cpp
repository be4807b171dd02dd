#include "handles.hpp"

#include "support/world.hpp"

namespace heddle::component::testing {
namespace {

// A resource of the guest whose destructor counts.
const char* counted = R"((component
  (core module $m
    (global $dropped (mut i32) (i32.const 0))
    (func (export "drop") (param i32) (global.set $dropped (i32.add (global.get $dropped) (local.get 0))))
    (func (export "dropped") (result i32) (global.get $dropped)))
  (core instance $m (instantiate $m))
  (type $r (resource (rep i32) (dtor (core func $m "drop"))))
  (export $r' "r" (type $r))
  (core module $n
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "peek") (param i32) (result i32) (local.get 0))
    (func (export "take") (param i32) (result i32) (local $r i32) (local.set $r (call $rep (local.get 0))) (call $drop (local.get 0)) (local.get $r)))
  (core func $new (canon resource.new $r))
  (core func $rep (canon resource.rep $r))
  (core func $drop (canon resource.drop $r))
  (core instance $n (instantiate $n (with "" (instance (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $drop))))))
  (func (export "make") (param "rep" u32) (result (own $r')) (canon lift (core func $n "make")))
  (func (export "peek") (param "r" (borrow $r')) (result u32) (canon lift (core func $n "peek")))
  (func (export "take") (param "r" (own $r')) (result u32) (canon lift (core func $n "take")))
  (func (export "dropped") (result u32) (canon lift (core func $m "dropped")))))";

TEST(Resource, the_host_holds_lends_and_hands_back_a_guests_resource) {
    World w;
    auto i = w.make(counted);
    Val r = **call(i, "make", {Val::u32(5)});
    EXPECT_EQ(r.kind(), Val::Kind::own);
    EXPECT_EQ(resource_rep(r), 5u);
    EXPECT_EQ(text_of(call(i, "peek", {Val::handle(Val::Kind::borrow, r.handle())})), "5");
    EXPECT_EQ(text_of(call(i, "dropped")), "0");
    EXPECT_EQ(text_of(call(i, "take", {r})), "5");
    EXPECT_EQ(text_of(call(i, "dropped")), "5");
}

TEST(Resource, dropping_the_hosts_handle_runs_the_destructor) {
    World w;
    auto i = w.make(counted);
    call(i, "make", {Val::u32(7)});
    EXPECT_EQ(text_of(call(i, "dropped")), "7");
}

TEST(Resource, a_host_resource_goes_to_a_guest_and_back) {
    World w;
    std::string log;
    auto host = w.imports.interface("demo:app/files@1.0.0");
    host.resource("file", [&](u64 rep) { log += "drop " + std::to_string(rep) + ";"; });
    host.raw("open", [&](HostCall& c) { return c.done(new_resource(c.store(), w.imports.interface("demo:app/files@1.0.0"), "file", 42)); });
    host.raw("[method]file.size", [&](HostCall& c) { return c.done(Val::u32(u32(*resource_rep(c.args()[0]) * 10))); });
    auto i = w.make(R"((component
      (import "demo:app/files@1.0.0" (instance $host
        (export "file" (type $file (sub resource)))
        (export "open" (func (result (own $file))))
        (export "[method]file.size" (func (param "self" (borrow $file)) (result u32)))))
      (alias export $host "file" (type $file))
      (core func $open (canon lower (func $host "open")))
      (core func $size (canon lower (func $host "[method]file.size")))
      (core func $drop (canon resource.drop $file))
      (core module $m
        (import "" "open" (func $open (result i32))) (import "" "size" (func $size (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
        (func (export "run") (result i32) (local $f i32) (local $n i32)
          (local.set $f (call $open)) (local.set $n (call $size (local.get $f))) (call $drop (local.get $f)) (local.get $n)))
      (core instance $i (instantiate $m (with "" (instance (export "open" (func $open)) (export "size" (func $size)) (export "drop" (func $drop))))))
      (func (export "run") (result u32) (canon lift (core func $i "run")))))");
    EXPECT_EQ(text_of(call(i, "run")), "420");
    EXPECT_EQ(log, "drop 42;");
}

TEST(Resource, the_last_free_index_is_taken_first) {
    runtime::Table<int*> t;
    int a = 0;
    EXPECT_EQ(*t.add(&a, 10), 1u);
    EXPECT_EQ(*t.add(&a, 10), 2u);
    EXPECT_EQ(*t.add(&a, 10), 3u);
    t.remove(1);
    t.remove(3);
    EXPECT_EQ(*t.add(&a, 10), 3u);
    EXPECT_EQ(*t.add(&a, 10), 1u);
    EXPECT_EQ(*t.add(&a, 10), 4u);
    EXPECT_EQ(t.get(0), nullptr);
    EXPECT_EQ(t.get(5), nullptr);
    EXPECT_EQ(t.get(~u32(0)), nullptr);
}

TEST(Resource, a_table_is_limited) {
    runtime::Table<int*> t;
    int a = 0;
    EXPECT_TRUE(t.add(&a, 2));
    EXPECT_TRUE(t.add(&a, 2));
    EXPECT_FALSE(t.add(&a, 2));
}

}  // namespace
}  // namespace heddle::component::testing
