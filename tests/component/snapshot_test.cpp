#include <heddle/component_snapshot.hpp>

#include "support/world.hpp"

namespace heddle::component::testing {
namespace {

// Two core instances that share a table, a resource of its own, and one of the host.
constexpr std::string_view stateful = R"((component
  (import "host" (instance $host
    (export "file" (type $file (sub resource)))
    (export "open" (func (result (own $file))))))
  (alias export $host "file" (type $file))
  (core func $open (canon lower (func $host "open")))
  (core func $close (canon resource.drop $file))
  (type $thing (resource (rep i32)))
  (core func $new (canon resource.new $thing))
  (core func $rep (canon resource.rep $thing))
  (core func $drop (canon resource.drop $thing))
  (core module $Shim (table (export "t") 1 funcref) (type $f (func (result i32)))
    (func (export "via") (result i32) (call_indirect (type $f) (i32.const 0))))
  (core instance $shim (instantiate $Shim))
  (core module $Main
    (import "" "open" (func $open (result i32))) (import "" "close" (func $close (param i32)))
    (import "" "new" (func $new (param i32) (result i32))) (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "t" (table 1 funcref)) (elem (i32.const 0) func $count)
    (memory 1) (global $n (mut i32) (i32.const 0))
    (func $count (result i32)
      (global.set $n (i32.add (global.get $n) (i32.const 1)))
      (i32.store (i32.const 60000) (i32.add (i32.load (i32.const 60000)) (i32.const 10)))
      (i32.add (global.get $n) (i32.load (i32.const 60000))))
    (func (export "open") (result i32) (call $open))
    (func (export "close") (param i32) (call $close (local.get 0)))
    (func (export "new") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "rep") (param i32) (result i32) (call $rep (local.get 0)))
    (func (export "drop") (param i32) (call $drop (local.get 0)))
    (func (export "trap") unreachable))
  (core instance $main (instantiate $Main (with "" (instance (export "open" (func $open)) (export "close" (func $close)) (export "new" (func $new))
    (export "rep" (func $rep)) (export "drop" (func $drop)) (export "t" (table $shim "t"))))))
  (func (export "count") (result u32) (canon lift (core func $shim "via")))
  (func (export "open") (result u32) (canon lift (core func $main "open")))
  (func (export "close") (param "i" u32) (canon lift (core func $main "close")))
  (func (export "new") (param "rep" u32) (result u32) (canon lift (core func $main "new")))
  (func (export "rep") (param "i" u32) (result u32) (canon lift (core func $main "rep")))
  (func (export "drop") (param "i" u32) (canon lift (core func $main "drop")))
  (func (export "trap") (canon lift (core func $main "trap")))
  (export $thing' "thing" (type $thing))
  (func (export "make") (param "rep" u32) (result (own $thing')) (canon lift (core func $main "new")))
  (func (export "take") (param "t" (own $thing')) (canon lift (core func $main "drop")))))";

struct SnapshotTest : ::testing::Test {
    World w;
    std::vector<u64> dropped;
    u64 next_file = 100;
    std::optional<ComponentInstance> made;

    SnapshotTest() {
        auto host = w.imports.interface("host");
        host.resource("file", [this](u64 rep) { dropped.push_back(rep); });
        host.raw("open", [this, file = host.resource_type("file")](HostCall& c) { return c.done(new_resource(c.store(), file, next_file++)); });
        made = w.make(stateful);
    }
    std::string run(std::string_view name, std::vector<Val> args = {}) { return text_of(call(*made, name, std::move(args))); }
    ComponentSnapshot take() {
        auto s = snapshot(w.store, *made);
        if (!s) throw std::runtime_error(s.error().to_string());
        return *s;
    }
    std::string put_back(const ComponentSnapshot& s) {
        auto done = restore(w.store, *made, s);
        return done ? "done" : done.error().to_string();
    }
};

TEST_F(SnapshotTest, memories_globals_and_tables_of_all_core_instances_are_what_they_were) {
    EXPECT_EQ(run("count"), "11");
    ComponentSnapshot s = take();
    EXPECT_EQ(s.memory_bytes(), 65536u);
    EXPECT_EQ(run("count"), "22");
    EXPECT_EQ(run("count"), "33");
    EXPECT_EQ(put_back(s), "done");
    EXPECT_EQ(run("count"), "22");
    EXPECT_EQ(put_back(s), "done");
    EXPECT_EQ(run("count"), "22");
}

TEST_F(SnapshotTest, handles_come_back_with_their_indices_and_new_ones_go) {
    EXPECT_EQ(run("new", {Val::u32(7)}), "1");
    ComponentSnapshot s = take();
    EXPECT_EQ(run("new", {Val::u32(8)}), "2");
    EXPECT_EQ(run("drop", {Val::u32(1)}), "nothing");
    EXPECT_EQ(put_back(s), "done");
    EXPECT_EQ(run("rep", {Val::u32(1)}), "7");
    EXPECT_EQ(run("new", {Val::u32(9)}), "2");
}

TEST_F(SnapshotTest, resources_of_the_host_that_came_since_are_dropped) {
    EXPECT_EQ(run("open"), "1");
    ComponentSnapshot s = take();
    EXPECT_EQ(run("open"), "2");
    EXPECT_EQ(run("open"), "3");
    EXPECT_EQ(run("close", {Val::u32(2)}), "nothing");
    EXPECT_EQ(dropped, (std::vector<u64>{101}));
    EXPECT_EQ(put_back(s), "done");
    EXPECT_EQ(dropped, (std::vector<u64>{101, 102}));
    EXPECT_EQ(run("close", {Val::u32(1)}), "nothing");
    EXPECT_EQ(dropped, (std::vector<u64>{101, 102, 100}));
}

TEST_F(SnapshotTest, a_resource_of_the_host_that_is_gone_cannot_come_back) {
    EXPECT_EQ(run("open"), "1");
    ComponentSnapshot s = take();
    EXPECT_EQ(run("close", {Val::u32(1)}), "nothing");
    EXPECT_NE(put_back(s).find("was dropped or handed on since"), std::string::npos) << put_back(s);
    EXPECT_EQ(run("count"), "11");  // and nothing has changed
}

TEST_F(SnapshotTest, resources_that_the_host_holds_from_before_are_refused_and_do_no_harm) {
    ComponentSnapshot s = take();
    auto thing = call(*made, "make", {Val::u32(5)});
    ASSERT_TRUE(thing);
    {
        auto other = call(*made, "make", {Val::u32(6)});
        EXPECT_EQ(put_back(s), "done");
    }
    EXPECT_EQ(run("count"), "11");
    EXPECT_NE(text_of(call(*made, "take", {std::move(**thing)})).find("restored to a snapshot since"), std::string::npos);
}

TEST_F(SnapshotTest, what_has_trapped_is_not_restored) {
    ComponentSnapshot s = take();
    EXPECT_NE(run("trap").find("unreachable"), std::string::npos);
    EXPECT_NE(put_back(s).find("has trapped"), std::string::npos);
    EXPECT_NE(snapshot(w.store, *made).error().message.find("has trapped"), std::string::npos);
}

TEST_F(SnapshotTest, only_the_instance_itself_can_be_restored) {
    ComponentSnapshot s = take();
    ComponentInstance other = w.make(stateful);
    EXPECT_NE(restore(w.store, other, s).error().message.find("another instance"), std::string::npos);
    EXPECT_NE(restore(w.store, other, ComponentSnapshot()).error().message.find("empty"), std::string::npos);
    World elsewhere;
    EXPECT_NE(restore(elsewhere.store, other, s).error().message.find("another Store"), std::string::npos);
}

TEST_F(SnapshotTest, is_refused_while_a_call_is_going_on) {
    std::string during;
    World v;
    std::optional<ComponentInstance> inner;
    v.imports.root().func("look", [&] { during = snapshot(v.store, *inner).error().message; });
    inner = v.make(R"((component (import "look" (func $look)) (core func $l (canon lower (func $look)))
      (core module $m (import "" "look" (func $look)) (func (export "f") (call $look)))
      (core instance $i (instantiate $m (with "" (instance (export "look" (func $l))))))
      (func (export "f") (canon lift (core func $i "f")))))");
    EXPECT_EQ(text_of(call(*inner, "f")), "nothing");
    EXPECT_NE(during.find("a call is in progress"), std::string::npos) << during;
}

}  // namespace
}  // namespace heddle::component::testing
