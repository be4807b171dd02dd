// wasm.hh alone: a program may use what the standard's header brings along.
#include <wasm.hh>

int main() {
    auto name = wasm::Name::make(std::string("name"));
    char text[5] = {};
    std::memcpy(text, name.get(), name.size());
    assert(std::strlen(text) == name.size());
    return std::strcmp(text, "name") == 0 && wasm::Limits(1).max == std::numeric_limits<std::uint32_t>::max() ? 0 : 1;
}
