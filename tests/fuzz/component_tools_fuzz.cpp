// Anything to the tools: the first byte says to which. Whatever they make of it must be an error, or a valid component.
#include <cstdlib>

#include <heddle/component.hpp>
#include <heddle/component_tools.hpp>

using namespace heddle;
using namespace heddle::component::tools;

namespace {

const Engine& engine() {
    static Engine e;
    return e;
}

void must_load(const Result<std::vector<u8>>& made) {
    if (made && !Component::load(engine(), *made)) std::abort();
}

// WIT text: its packages in binary form and back, and its worlds in a core module that has nothing.
void wit_text(std::string text) {
    auto r = wit::resolve({{"fuzz.wit", std::move(text)}});
    if (!r) return;
    for (u32 p = 0; p < r->packages.size(); ++p)
        if (auto bytes = encode_package(*r, p)) (void)wit_of(engine(), *bytes);
    static constexpr u8 empty[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    for (u32 w = 0; w < r->worlds.size(); ++w)
        if (auto core = embed(*r, w, empty)) must_load(make_component(engine(), *core));
}

// A component composed with itself, and with the rest of the input.
void components(std::span<const u8> bytes) {
    std::size_t cut = bytes.size() / 2;
    std::vector<u8> one(bytes.begin(), bytes.begin() + std::ptrdiff_t(cut)), two(bytes.begin() + std::ptrdiff_t(cut), bytes.end()), all(bytes.begin(), bytes.end());
    must_load(compose(engine(), {"", one, "one"}, std::vector<Part>{{"*", two, "two"}}));
    must_load(compose(engine(), {"", all, "one"}, std::vector<Part>{{"*", all, "two"}}));
    must_load(compose(engine(), {"", all, "one"}, {}));
    (void)unbundle(all);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, std::size_t size) {
    if (size < 2) return 0;
    std::span<const u8> rest(data + 1, size - 1);
    switch (data[0] % 4) {
        case 0: wit_text(std::string(rest.begin(), rest.end())); break;
        case 1: must_load(make_component(engine(), rest)); break;
        case 2: components(rest); break;
        default: (void)wit_of(engine(), rest);
    }
    return 0;
}
