// What the standard C API does where nothing goes to plan, heddle's own additions to it, and its vectors. The programs in capi/ use the rest.
#include <heddle/c/heddle.h>

#include <cstring>
#include <thread>

#include "support/wasm.hpp"

namespace heddle {
namespace {

std::string last_error() { return heddle_last_error(); }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct CapiTest : testing::Test {
    wasm_engine_t* engine = wasm_engine_new();
    wasm_store_t* store = wasm_store_new(engine);
    ~CapiTest() override {
        wasm_store_delete(store);
        wasm_engine_delete(engine);
    }

    wasm_module_t* module(const char* text) {
        std::vector<u8> bytes = test::wat(text);
        wasm_byte_vec_t binary{bytes.size(), reinterpret_cast<char*>(bytes.data())};
        return wasm_module_new(store, &binary);
    }
};

TEST_F(CapiTest, bytes_that_are_no_module_give_null_and_the_reason) {
    wasm_byte_vec_t nothing = WASM_EMPTY_VEC;
    EXPECT_EQ(wasm_module_new(store, &nothing), nullptr);
    EXPECT_TRUE(contains(last_error(), "malformed")) << last_error();
    EXPECT_FALSE(wasm_module_validate(store, &nothing));
    EXPECT_EQ(module("(module (func (result i32)))"), nullptr);
    EXPECT_TRUE(contains(last_error(), "type mismatch")) << last_error();
}

TEST_F(CapiTest, each_thread_has_its_last_error) {
    EXPECT_EQ(wasm_valtype_new(99), nullptr);
    std::string there = "unset";
    std::thread([&] { there = heddle_last_error(); }).join();
    EXPECT_EQ(there, "");
    EXPECT_NE(last_error(), "");
}

TEST_F(CapiTest, configuration_is_set_by_name) {
    wasm_config_t* config = wasm_config_new();
    EXPECT_TRUE(heddle_config_set(config, "metering", 1));
    EXPECT_TRUE(heddle_config_set(config, "max_memory_bytes", 65536));
    EXPECT_FALSE(heddle_config_set(config, "threads", u64(1) << 40));
    EXPECT_TRUE(contains(last_error(), "too large")) << last_error();
    EXPECT_FALSE(heddle_config_set(config, "max_memroy", 1));
    EXPECT_TRUE(contains(last_error(), "no setting \"max_memroy\"") && contains(last_error(), "max_table_elements")) << last_error();
    wasm_engine_t* small = wasm_engine_new_with_config(config);
    wasm_store_t* in_small = wasm_store_new(small);
    wasm_limits_t limits{2, 2};
    wasm_memorytype_t* type = wasm_memorytype_new(&limits);
    EXPECT_EQ(wasm_memory_new(in_small, type), nullptr);
    EXPECT_TRUE(contains(last_error(), "max_memory_bytes")) << last_error();
    wasm_memorytype_delete(type);
    wasm_store_delete(in_small);
    wasm_engine_delete(small);
}

TEST_F(CapiTest, text_becomes_bytes_or_a_place_in_the_text) {
    wasm_byte_vec_t bytes;
    EXPECT_TRUE(heddle_text_to_binary("(module)", 8, &bytes));
    EXPECT_EQ(bytes.size, 8u);
    wasm_byte_vec_delete(&bytes);
    EXPECT_FALSE(heddle_text_to_binary("(module\n (fnc))", 15, &bytes));
    EXPECT_EQ(bytes.size, 0u);
    EXPECT_TRUE(contains(last_error(), "2:")) << last_error();
    EXPECT_STREQ(heddle_version(), "0.1.0");
}

// Its one export, called.
wasm_trap_t* run(wasm_instance_t* instance, wasm_val_vec_t args) {
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_val_vec_t results = WASM_EMPTY_VEC;
    wasm_trap_t* trap = wasm_func_call(wasm_extern_as_func(exports.data[0]), &args, &results);
    wasm_extern_vec_delete(&exports);
    return trap;
}

std::string take_message(wasm_trap_t* trap) {
    wasm_message_t message;
    wasm_trap_message(trap, &message);
    std::string text = message.data;
    wasm_byte_vec_delete(&message);
    wasm_trap_delete(trap);
    return text;
}

TEST(CapiLimits, fuel_and_interrupts_stop_a_guest) {
    wasm_config_t* config = wasm_config_new();
    heddle_config_set(config, "metering", 1);
    wasm_engine_t* engine = wasm_engine_new_with_config(config);
    wasm_store_t* store = wasm_store_new(engine);
    std::vector<u8> bytes = test::wat("(module (func (export \"f\") (loop (br 0))))");
    wasm_byte_vec_t binary{bytes.size(), reinterpret_cast<char*>(bytes.data())};
    wasm_module_t* module = wasm_module_new(store, &binary);
    wasm_instance_t* instance = wasm_instance_new(store, module, nullptr, nullptr);
    heddle_store_set_fuel(store, 1000);
    EXPECT_EQ(heddle_store_fuel(store), 1000u);
    EXPECT_TRUE(contains(take_message(run(instance, WASM_EMPTY_VEC)), "all fuel consumed"));
    EXPECT_EQ(heddle_store_fuel(store), 0u);
    heddle_store_set_fuel(store, ~u64(0));
    heddle_store_interrupt(store);
    EXPECT_TRUE(contains(take_message(run(instance, WASM_EMPTY_VEC)), "interrupted"));
    wasm_instance_delete(instance);
    wasm_module_delete(module);
    wasm_store_delete(store);
    wasm_engine_delete(engine);
}

TEST_F(CapiTest, wrong_arguments_are_a_trap_that_says_so) {
    wasm_module_t* m = module("(module (func (export \"f\") (param i32)))");
    wasm_instance_t* instance = wasm_instance_new(store, m, nullptr, nullptr);
    EXPECT_TRUE(contains(take_message(run(instance, WASM_EMPTY_VEC)), "takes 1 arguments, not 0"));
    wasm_val_t wrong[] = {WASM_F32_VAL(1)};
    EXPECT_TRUE(contains(take_message(run(instance, WASM_ARRAY_VEC(wrong))), "type f32, where i32 is expected"));
    wasm_instance_delete(instance);
    wasm_module_delete(m);
}

TEST_F(CapiTest, vectors_of_v128_have_a_type_but_no_values) {
    wasm_module_t* m = module("(module (func (export \"f\") (param v128)))");
    wasm_exporttype_vec_t exports;
    wasm_module_exports(m, &exports);
    const wasm_functype_t* type = wasm_externtype_as_functype_const(wasm_exporttype_type(exports.data[0]));
    EXPECT_EQ(wasm_valtype_kind(wasm_functype_params(type)->data[0]), HEDDLE_V128);
    wasm_exporttype_vec_delete(&exports);
    wasm_module_delete(m);
    EXPECT_EQ(wasm_valtype_new(77), nullptr);
}

TEST_F(CapiTest, handles_keep_their_store_alive) {
    wasm_store_t* other = wasm_store_new(engine);
    wasm_limits_t limits{1, 1};
    wasm_memorytype_t* type = wasm_memorytype_new(&limits);
    wasm_memory_t* memory = wasm_memory_new(other, type);
    wasm_memorytype_delete(type);
    wasm_store_delete(other);
    wasm_memory_data(memory)[65535] = 7;
    EXPECT_EQ(wasm_memory_size(memory), 1u);
    wasm_memory_delete(memory);
}

TEST_F(CapiTest, objects_of_the_guest_are_references_that_stay) {
    wasm_module_t* m = module(R"((module (type $s (struct (field i32))) (global (export "g") (mut anyref) (struct.new $s (i32.const 5)))
        (func (export "get") (result i32) (struct.get $s 0 (ref.cast (ref $s) (global.get 0))))))");
    wasm_instance_t* instance = wasm_instance_new(store, m, nullptr, nullptr);
    wasm_extern_vec_t exports;
    wasm_instance_exports(instance, &exports);
    wasm_global_t* global = wasm_extern_as_global(exports.data[0]);
    wasm_val_t kept, null = WASM_INIT_VAL, again;
    wasm_global_get(global, &kept);
    ASSERT_NE(kept.of.ref, nullptr);
    wasm_global_set(global, &null);
    wasm_global_set(global, &kept);
    wasm_global_get(global, &again);
    EXPECT_TRUE(wasm_ref_same(kept.of.ref, again.of.ref));
    wasm_val_t r[1] = {WASM_INIT_VAL};
    wasm_val_vec_t args = WASM_EMPTY_VEC, results = WASM_ARRAY_VEC(r);
    EXPECT_EQ(wasm_func_call(wasm_extern_as_func(exports.data[1]), &args, &results), nullptr);
    EXPECT_EQ(r[0].of.i32, 5);
    wasm_val_delete(&kept);
    wasm_val_delete(&again);
    wasm_extern_vec_delete(&exports);
    wasm_instance_delete(instance);
    wasm_module_delete(m);
}

TEST_F(CapiTest, modules_of_another_engine_are_refused) {
    wasm_engine_t* elsewhere = wasm_engine_new();
    wasm_store_t* other = wasm_store_new(elsewhere);
    wasm_module_t* m = module("(module)");
    wasm_trap_t* trap = nullptr;
    EXPECT_EQ(wasm_instance_new(other, m, nullptr, &trap), nullptr);
    EXPECT_TRUE(contains(take_message(trap), "another Engine"));
    wasm_module_delete(m);
    wasm_store_delete(other);
    wasm_engine_delete(elsewhere);
}

TEST(CapiVectors, own_what_they_hold) {
    wasm_valtype_vec_t types, copy, empty;
    wasm_valtype_t* two[] = {wasm_valtype_new_i32(), wasm_valtype_new_f64()};
    wasm_valtype_vec_new(&types, 2, two);
    wasm_valtype_vec_copy(&copy, &types);
    EXPECT_EQ(wasm_valtype_kind(copy.data[1]), WASM_F64);
    EXPECT_NE(copy.data[1], types.data[1]);
    wasm_valtype_vec_delete(&types);
    EXPECT_EQ(types.size, 0u);
    wasm_valtype_vec_delete(&copy);
    wasm_valtype_vec_new_empty(&empty);
    wasm_valtype_vec_copy(&copy, &empty);
    EXPECT_EQ(copy.data, nullptr);
    wasm_valtype_vec_new_uninitialized(&types, 3);
    EXPECT_EQ(types.data[2], nullptr);
    wasm_valtype_vec_delete(&types);
    wasm_valtype_vec_delete(nullptr);
}

}  // namespace
}  // namespace heddle
