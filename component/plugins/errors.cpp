#include "errors.hpp"

#include <array>

namespace heddle::component::plugins {

namespace {

struct Case {
    const char* name;
    bool has_text;
};
// In the order of the enums and of heddle:plugins.
constexpr std::array load_cases = {Case{"unknown", true},     Case{"denied", true}, Case{"invalid", true}, Case{"unlinkable", true},
                                   Case{"wrong-world", true}, Case{"limit", true},  Case{"trapped", true}, Case{"dead", true}};
constexpr std::array call_cases = {Case{"trapped", true},          Case{"deadline", true},      Case{"fuel", true},       Case{"memory", true},
                                   Case{"limit", true},            Case{"dead", true},          Case{"reentrant", false}, Case{"foreign-handle", false},
                                   Case{"unknown-function", true}, Case{"bad-arguments", true}, Case{"unreachable", true}};

ValueType variant_of(std::span<const Case> cases) {
    std::vector<ValueType::Member> members;
    for (const Case& c : cases) members.push_back({c.name, c.has_text ? std::optional(ValueType::primitive(ValueType::Kind::string)) : std::nullopt});
    return ValueType::variant(std::move(members));
}

Val value_of(std::span<const Case> cases, std::size_t i, const std::string& message) {
    return cases[i].has_text ? Val::variant(u32(i), Val::string(message)) : Val::variant(u32(i));
}

}  // namespace

const char* to_string(LoadError::Kind k) { return load_cases[std::size_t(k)].name; }
const char* to_string(CallError::Kind k) { return call_cases[std::size_t(k)].name; }

const ValueType& load_error_type() {
    static const ValueType t = variant_of(load_cases);
    return t;
}
const ValueType& call_error_type() {
    static const ValueType t = variant_of(call_cases);
    return t;
}

Val to_val(const LoadError& e) { return value_of(load_cases, std::size_t(e.kind), e.message); }
Val to_val(const CallError& e) { return value_of(call_cases, std::size_t(e.kind), e.message); }

}  // namespace heddle::component::plugins
