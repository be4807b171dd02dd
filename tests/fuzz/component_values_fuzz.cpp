// The small parsers of components: constants of every type, which are a value of that type or an error; JSON, whose text comes out as it went in;
// and the documentation of a WIT package, of which nothing may crash.
#include <cstdlib>

#include <heddle/error.hpp>

#include "tools/json.hpp"
#include "tools/package_docs.hpp"
#include "value_bytes.hpp"

using namespace heddle;
using namespace heddle::component;

namespace {

// A type, as the first bytes say.
ValueType type_of(std::span<const u8>& choices, int depth) {
    u8 choice = 0;
    if (!choices.empty()) {
        choice = choices[0];
        choices = choices.subspan(1);
    }
    if (depth == 0 || choice % 3 == 0) return ValueType::primitive(ValueType::Kind(choice % 13));
    auto inner = [&] { return type_of(choices, depth - 1); };
    switch (choice % 8) {
    case 0: return ValueType::list(inner());
    case 1: return ValueType::list(inner(), 1 + choice % 5);
    case 2: return ValueType::option(inner());
    case 3: return ValueType::result(inner(), std::nullopt);
    case 4: return ValueType::tuple({inner(), inner()});
    case 5: return ValueType::variant({{"a", inner()}, {"b", std::nullopt}});
    case 6: return ValueType::flags(std::vector<std::string>(1 + choice % 32, "l"));
    default: return ValueType::record({{"x", inner()}, {"y", inner()}});
    }
}

void value(std::span<const u8> input) {
    std::span<const u8> choices = input.first(std::min<std::size_t>(input.size(), 8));
    ValueType type = type_of(choices, 3);
    try {
        if (!matches(read_value(input.subspan(std::min<std::size_t>(input.size(), 8)), type), type)) std::abort();
    } catch (const Error&) {
        // It is no value of that type.
    }
}

void json(std::string_view text) {
    try {
        std::string once = tools::to_string(tools::parse_json(text));
        if (tools::to_string(tools::parse_json(once)) != once) std::abort();
    } catch (const Error&) {
        // It is no JSON; what was printed always is.
    }
}

void docs(std::span<const u8> section) {
    static const auto packages = wit::resolve({{"fuzz.wit", R"(package a:b;
        interface i { record r { x: u8 } resource s { f: func(); } g: func(x: r); }
        world w { import i; import h: func(); export k: interface { m: func(); } })"}});
    wit::Resolve copy = *packages;
    try {
        tools::add_package_docs(copy, 0, section);
    } catch (const Error&) {
        return;
    }
    (void)wit::print(copy, copy.packages[0]);
    (void)tools::package_docs(copy, 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    if (size < 2) return 0;
    std::span<const u8> rest(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0: value(rest); break;
    case 1: json({reinterpret_cast<const char*>(rest.data()), rest.size()}); break;
    default: docs(rest);
    }
    return 0;
}
