// Any text against any type is a value of that type, or an error inside the text; what is printed reads back as the same value.
#include <heddle/wave.hpp>

#include <cstdlib>

using namespace heddle;
using component::Val;
using component::ValueType;

namespace {

ValueType type_from(u8 choice) {
    auto prim = [](ValueType::Kind k) { return ValueType::primitive(k); };
    ValueType text = prim(ValueType::Kind::string), number = prim(ValueType::Kind::f64), byte = prim(ValueType::Kind::u8);
    if (choice < 13) return prim(ValueType::Kind(choice));
    switch (choice % 12) {
        case 0: return ValueType::record({{"a", byte}, {"b", ValueType::option(text)}, {"none", ValueType::list(number)}});
        case 1: return ValueType::variant({{"a", {}}, {"err", text}, {"c", ValueType::tuple({byte, number})}});
        case 2: return ValueType::list(ValueType::list(prim(ValueType::Kind::char_)));
        case 3: return ValueType::list(byte, 3);
        case 4: return ValueType::tuple({text, ValueType::option(ValueType::option(byte))});
        case 5: return ValueType::flags({"a", "b", "c-d"});
        case 6: return ValueType::enumeration({"ok", "b"});
        case 7: return ValueType::result(number, text);
        case 8: return ValueType::result({}, {});
        case 9: return ValueType::map(text, ValueType::option(number));
        case 10: return ValueType::record({{"o", ValueType::option(byte)}});
        default: return ValueType::own(1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    if (size == 0) return 0;
    ValueType type = type_from(data[0]);
    std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
    if (auto call = wave::parse_call(text)) {
        component::FunctionType f{false, {{"a", type}, {"b", ValueType::option(type)}}, {}};
        if (auto args = wave::parse_arguments(*call, f); args && args->size() != 2) std::abort();
    }
    auto v = wave::parse(text, type);
    if (!v) {
        if (v.error().offset > text.size()) std::abort();
        return 0;
    }
    if (!matches(*v, type)) std::abort();
    std::string printed = wave::print(*v, type);
    auto again = wave::parse(printed, type);
    if (!again || *again != *v) std::abort();
    return 0;
}
