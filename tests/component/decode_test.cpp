#include "decode.hpp"

#include <gtest/gtest.h>

#include <random>

#include <heddle/component_text.hpp>

#include "encode.hpp"

namespace heddle::component {
namespace {

std::vector<u8> component_bytes(std::initializer_list<int> sections) {
    std::vector<u8> b = {0, 'a', 's', 'm', 0x0d, 0, 1, 0};
    for (int s : sections) b.push_back(u8(s));
    return b;
}

// "fine", or the error's kind and message.
std::string said(const std::vector<u8>& bytes) {
    try {
        decode(bytes);
        return "fine";
    } catch (const Error& e) {
        return std::string(to_string(e.kind)) + ": " + e.message;
    }
}
std::string said(std::initializer_list<int> sections) { return said(component_bytes(sections)); }

TEST(Decode, an_empty_component_has_no_definitions) { EXPECT_TRUE(decode(component_bytes({})).definitions.empty()); }

TEST(Decode, the_preamble_must_be_a_components) {
    EXPECT_EQ(said(std::vector<u8>{}), "malformed: magic header not detected: bad magic number");
    EXPECT_EQ(said(std::vector<u8>{0, 'a', 's', 'm', 0x0d}), "malformed: unexpected end-of-file");
    EXPECT_EQ(said(std::vector<u8>{0, 'a', 's', 'm', 0x0c, 0, 1, 0}), "malformed: unknown binary version");
    EXPECT_EQ(said(std::vector<u8>{0, 'a', 's', 'm', 0x0d, 0, 2, 0}), "malformed: unknown binary version");
    EXPECT_EQ(said(std::vector<u8>{0, 'a', 's', 'm', 1, 0, 0, 0}), "malformed: expected a version header for a component");
}

TEST(Decode, definitions_stand_in_the_files_order_with_their_offsets) {
    auto bytes = component_bytes({7, 3, 2, 0x73, 0x7d, 8, 2, 1, 0x24, 7, 2, 1, 0x7f});
    Component c = decode(bytes);
    ASSERT_EQ(c.definitions.size(), 4u);
    EXPECT_EQ(std::get<Prim>(std::get<DefType>(c.definitions[0].what)), Prim::string);
    EXPECT_EQ(std::get<Prim>(std::get<DefType>(c.definitions[1].what)), Prim::u8);
    EXPECT_EQ(std::get<Canon>(c.definitions[2].what).kind, CanonKind::backpressure_inc);
    EXPECT_EQ(std::get<Prim>(std::get<DefType>(c.definitions[3].what)), Prim::bool_);
    EXPECT_EQ(c.definitions[0].offset, 11u);
    EXPECT_EQ(c.definitions[1].offset, 12u);
    EXPECT_EQ(c.definitions[3].offset, 20u);
}

TEST(Decode, what_is_malformed_is_said_in_the_suites_words) {
    EXPECT_EQ(said({0x0d, 0}), "malformed: malformed section id: 13");
    EXPECT_EQ(said({0, 3, 5, 'a', 'b'}), "malformed: unexpected end-of-file");
    EXPECT_EQ(said({0, 3, 2, 0xff, 0xfe}), "malformed: malformed UTF-8 encoding");
    EXPECT_EQ(said({7, 3, 0}), "malformed: unexpected end-of-file");
    EXPECT_EQ(said({7, 1, 1, 0x73}), "malformed: unexpected end-of-file");
    EXPECT_EQ(said({7, 3, 1, 0x73, 0x73}), "malformed: section size mismatch: unexpected data at the end of the section");
    EXPECT_EQ(said({7, 0x81, 0x80, 0x80, 0x80, 0x70, 0}), "malformed: integer too large");
    EXPECT_EQ(said({1, 8, 0, 'a', 's', 'm', 0x0d, 0, 1, 0}), "malformed: expected a version header for a module");
    EXPECT_EQ(said({2, 4, 1, 2, 0, 0}), "malformed: invalid leading byte (0x2) for core instance");
    EXPECT_EQ(said({2, 8, 1, 0, 0, 1, 1, 'i', 0, 0}), "malformed: invalid leading byte (0x0) for instantiation arg kind");
    EXPECT_EQ(said({5, 2, 1, 2}), "malformed: invalid leading byte (0x2) for instance");
    EXPECT_EQ(said({6, 3, 1, 1, 3}), "malformed: invalid leading byte (0x3) for alias");
    EXPECT_EQ(said({6, 5, 1, 5, 2, 0, 0}), "malformed: invalid leading byte (0x5) for component outer alias kind");
    EXPECT_EQ(said({6, 6, 1, 0, 0x13, 2, 0, 0}), "malformed: invalid leading byte (0x13) for component outer alias kind");
    EXPECT_EQ(said({7, 2, 1, 0x62}), "malformed: invalid leading byte (0x62) for component defined type");
    EXPECT_EQ(said({7, 6, 1, 0x71, 1, 1, 'a', 0, 1}), "malformed: unexpected end-of-file");
    EXPECT_EQ(said({7, 7, 1, 0x71, 1, 1, 'a', 0, 1}), "malformed: invalid leading byte (0x1) for zero byte required");
    EXPECT_EQ(said({7, 5, 1, 0x40, 0, 1, 1}), "malformed: invalid leading byte (0x1) for number of results");
    EXPECT_EQ(said({7, 5, 1, 0x40, 0, 2, 0}), "malformed: invalid leading byte (0x2) for component function results");
    EXPECT_EQ(said({7, 5, 1, 0x42, 1, 3, 0}), "malformed: invalid leading byte (0x3) for component or instance type declaration");
    EXPECT_EQ(said({3, 4, 1, 0x50, 1, 4}), "malformed: invalid leading byte (0x4) for type definition");
    EXPECT_EQ(said({3, 8, 1, 0x50, 1, 2, 0, 1, 1, 0}), "malformed: invalid leading byte (0x0) for outer alias kind");
    EXPECT_EQ(said({3, 8, 1, 0x50, 1, 2, 0x10, 0, 1, 0}), "malformed: invalid leading byte (0x0) for outer alias target");
    EXPECT_EQ(said({8, 2, 1, 7}), "malformed: invalid leading byte (0x7) for canonical function");
    EXPECT_EQ(said({8, 6, 1, 0, 1, 0, 0, 0}), "malformed: invalid leading byte (0x1) for canonical function lift");
    EXPECT_EQ(said({8, 6, 1, 1, 0, 0, 1, 10}), "malformed: invalid leading byte (0xa) for canonical option");
    EXPECT_EQ(said({8, 3, 1, 0x0c, 2}), "malformed: invalid boolean value");
    EXPECT_EQ(said({10, 6, 1, 3, 1, 'a', 1, 0}), "malformed: invalid leading byte (0x3) for component name");
    EXPECT_EQ(said({10, 9, 1, 2, 1, 'a', 1, 3, 1, 'x', 1}), "malformed: invalid leading byte (0x3) for name option");
    EXPECT_EQ(said({10, 6, 1, 0, 1, 't', 3, 2}), "malformed: invalid leading byte (0x2) for type bound");
    EXPECT_EQ(said({10, 6, 1, 0, 1, 'x', 6, 0}), "malformed: invalid leading byte (0x6) for component external kind");
    EXPECT_EQ(said({10, 6, 1, 0, 1, 'm', 0, 0}), "malformed: invalid leading byte (0x0) for component external kind");
    EXPECT_EQ(said({11, 7, 1, 0, 1, 'e', 1, 0, 2}), "malformed: invalid leading byte (0x2) for optional component export type");
}

TEST(Decode, a_module_type_in_a_module_type_is_invalid_not_malformed) {
    EXPECT_TRUE(said({3, 8, 1, 0x50, 2, 1, 0x50, 0, 1, 0x60}).starts_with("invalid: invalid leading byte (0x1)"));
    EXPECT_EQ(said({3, 9, 1, 0x50, 1, 1, 0x50, 0, 0x60, 0, 0}), "fine");      // a subtype that is not final
    EXPECT_EQ(said({3, 10, 1, 0x50, 1, 1, 0, 0x50, 0, 0x60, 0, 0}), "fine");  // the same with its prefix
}

// A component or a type in itself n times.
std::vector<u8> nested_components(int n) {
    std::vector<u8> inner = component_bytes({});
    for (int i = 0; i < n; ++i) {
        std::vector<u8> outer = component_bytes({4});
        for (std::size_t size = inner.size();; size >>= 7) {
            outer.push_back(u8(size >= 128 ? (size & 127) | 128 : size));
            if (size < 128) break;
        }
        outer.insert(outer.end(), inner.begin(), inner.end());
        inner = std::move(outer);
    }
    return inner;
}
std::vector<u8> nested_types(int n) {
    std::vector<u8> all = component_bytes({7});
    std::vector<u8> types = {1};
    for (int i = 0; i < n; ++i) types.insert(types.end(), {0x41, 1, 1});
    types.push_back(0x7d);
    all.push_back(u8((types.size() & 127) | 128)), all.push_back(u8((types.size() >> 7 & 127) | 128)), all.push_back(u8(types.size() >> 14));
    all.insert(all.end(), types.begin(), types.end());
    return all;
}

TEST(Decode, nesting_stops_at_the_limit) {
    EXPECT_EQ(said(nested_components(int(max_nesting) - 1)), "fine");
    EXPECT_EQ(said(nested_components(int(max_nesting))), "limit: components nest too deeply");
    EXPECT_EQ(said(nested_components(2000)), "limit: components nest too deeply");
    EXPECT_EQ(said(nested_types(int(max_nesting) - 1)), "fine");
    EXPECT_EQ(said(nested_types(int(max_nesting))), "limit: types nest too deeply");
    EXPECT_EQ(said(nested_types(50000)), "limit: types nest too deeply");
}

TEST(Decode, declared_counts_cost_nothing) {
    for (int section : {2, 3, 5, 6, 7, 8, 10, 11, 12})
        EXPECT_EQ(said({section, 5, 0xff, 0xff, 0xff, 0xff, 0x0f}), "malformed: unexpected end-of-file") << section;
    for (int type : {0x72, 0x71, 0x6f, 0x6e, 0x6d, 0x40, 0x41, 0x42})
        EXPECT_EQ(said({7, 7, 1, type, 0xff, 0xff, 0xff, 0xff, 0x0f}), "malformed: unexpected end-of-file") << type;
}

const char* const sample = R"((component
  (core type (module (type (func (param i32))) (import "a" "b" (func (type 0))) (export "m" (memory 1))))
  (core module $m (func (export "f") (result i32) i32.const 1) (memory (export "m") 1))
  (core instance $i (instantiate $m (with "x" (instance))))
  (type $r (resource (rep i32)))
  (import "a:b/c@1.2.3" (implements "a:b/d") (instance (export "t" (type (sub resource))) (export "f" (func (param "a" (list string)) (result (option u8))))))
  (component (import "x" (func (result (tuple u8 char)))))
  (func (export "g") (param "p" (record (field "q" (own $r)))) (result u32) (canon lift (core func $i "f") (memory (core memory $i "m")) string-encoding=utf16))
  (core func (canon stream.new 0))
  (value string "hello")
))";

TEST(Decode, every_truncation_is_an_error_or_ends_at_a_section) {
    auto bytes = assemble(sample);
    ASSERT_TRUE(bytes) << text::describe(sample, bytes.error());
    std::size_t fine = 0;
    for (std::size_t n = 0; n < bytes->size(); ++n) fine += said({bytes->begin(), bytes->begin() + long(n)}) == "fine";
    EXPECT_LT(fine, 20u);  // one at most before each section
}

TEST(Decode, damaged_bytes_give_errors_or_components_that_encode_again) {
    auto bytes = assemble(sample);
    ASSERT_TRUE(bytes);
    std::mt19937 random(7);
    for (int i = 0; i < 20000; ++i) {
        std::vector<u8> damaged = *bytes;
        for (auto flips = 1 + random() % 3; flips > 0; --flips) damaged[random() % damaged.size()] = u8(random());
        try {
            Component c = decode(damaged);
            std::vector<u8> again = encode(c);
            EXPECT_EQ(encode(decode(again)), again);
        } catch (const Error&) {
        }
    }
}

}  // namespace
}  // namespace heddle::component
