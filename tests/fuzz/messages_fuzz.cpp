// What strangers send as messages: arguments and answers of functions of every kind of type. What can be read is written, and read again as the same.
#include <cstdlib>

#include <nlohmann/json.hpp>

#include "messages.hpp"

using heddle::component::FunctionType;
using heddle::component::ValueType;
using namespace heddle;

namespace {

using K = ValueType::Kind;

// One of many function types, by a number.
FunctionType function_of(u8 n) {
    ValueType text = ValueType::primitive(K::string), bytes = ValueType::list(ValueType::primitive(K::u8)), number = ValueType::primitive(K(1 + n % 11));
    ValueType record = ValueType::record({{"a-b", number}, {"ab", ValueType::option(ValueType::option(text))}, {"body", bytes}});
    ValueType variant = ValueType::variant({{"timeout", text}, {"none", std::nullopt}, {"some-thing", record}});
    ValueType parts = ValueType::tuple({ValueType::primitive(K::char_), ValueType::flags({"x", "y-z"}), ValueType::list(variant, n & 1 ? std::optional(2u) : std::nullopt)});
    const FunctionType all[] = {
        {false, {{"r", record}}, ValueType::result(text, variant)},
        {false, {{"key", text}, {"value", number}}, ValueType::map(text, parts)},
        {false, {{"p", parts}, {"e", ValueType::enumeration({"busy", "other"})}}, ValueType::result(std::nullopt, number)},
        {false, {}, ValueType::result(record, text)},
    };
    return all[n / 11 % std::size(all)];
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    if (size < 2) return 0;
    FunctionType type = function_of(data[0]);
    std::string text(reinterpret_cast<const char*>(data + 2), size - 2);
    wire::JsonStyle style{wire::JsonStyle::Keys(data[1] % 3), (data[1] & 4) != 0};
    if (auto args = wire::read_argument(text, type)) {
        for (std::size_t i = 0; i < args->size(); ++i)
            if (!matches((*args)[i], type.params[i].type)) std::abort();
        auto written = wire::argument_text(*args, type, style);
        if (written && wire::read_argument(*written, type) != args) std::abort();
    }
    wire::Answer answer = data[1] & 8 ? wire::Answer(text) : std::unexpected(wire::RpcError{data[1] & 16 ? "actor-handler" : "nats", text});
    auto result = wire::result_of(answer, type);
    if (result && *result && !matches(**result, *type.result)) std::abort();
    if (result)
        if (auto again = wire::result_of(wire::answer_of(*result, type, style), type); again && *again != *result) std::abort();
    return 0;
}
