// Helpers for tests of the decoder and the validator:
//
//   EXPECT_EQ(check("(module (func (result i32) i32.const 1))"), "fine");
//   EXPECT_EQ(check(wat("(module …)"), {.gc = false}), "invalid: …");
#pragma once
#include <span>
#include <string>
#include <utility>

#include "module.hpp"
#include "support/wasm.hpp"

namespace heddle::test {

struct Checked {
    std::unique_ptr<TypeTable> types = std::make_unique<TypeTable>();
    std::unique_ptr<ModuleData> module;  // null when refused
    Error error;
    bool fine() const { return module != nullptr; }
};

inline Checked validated(std::vector<u8> bytes, const Features& features = {}, unsigned threads = 1) {
    Checked c;
    try {
        auto m = decode_module(std::make_shared<const std::vector<u8>>(std::move(bytes)), *c.types, features);
        validate_module(*m, features, threads);
        c.module = std::move(m);
    } catch (const Error& e) {
        c.error = e;
    }
    return c;
}
inline Checked validated(std::string_view text, const Features& features = {}) { return validated(wat(text), features); }

// "fine", or the error's kind and message without its offset.
inline std::string said(const Checked& c) { return c.fine() ? "fine" : std::string(to_string(c.error.kind)) + ": " + c.error.message; }
inline std::string check(std::vector<u8> bytes, const Features& features = {}) { return said(validated(std::move(bytes), features)); }
inline std::string check(std::string_view text, const Features& features = {}) { return check(wat(text), features); }

// The module header and then these bytes.
inline std::vector<u8> module_bytes(std::initializer_list<int> sections) {
    std::vector<u8> b = {0, 'a', 's', 'm', 1, 0, 0, 0};
    for (int s : sections) b.push_back(u8(s));
    return b;
}

}  // namespace heddle::test

// The message begins with `prefix`; both are shown otherwise.
#define EXPECT_SAYS(said, prefix) \
    EXPECT_PRED2([](const std::string& a, const std::string& b) { return a.starts_with(b); }, std::string(said), std::string(prefix))
