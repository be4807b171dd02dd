#include "model.hpp"

#include <algorithm>

#include "canon.hpp"

namespace heddle::component {

const char* to_string(Sort s) {
    static constexpr const char* names[sort_count] = {"core func", "core table",  "core memory",   "core global", "core tag",
                                                      "core type", "core module", "core instance", "func",        "value",
                                                      "type",      "component",   "instance"};
    return names[std::size_t(s)];
}

static constexpr CanonRow rows[] = {
#define CANON(name, code, text, immediates, signature) {CanonKind::name, code, text, CanonImmediates::immediates, #signature},
#include "canon.def"
#undef CANON
};

std::span<const CanonRow> canon_rows() { return rows; }

const CanonRow* find_canon(u8 code) {
    auto it = std::ranges::find(rows, code, &CanonRow::code);
    return it == std::end(rows) ? nullptr : it;
}

const CanonRow* find_canon(std::string_view text) {
    auto it = std::ranges::find(rows, text, &CanonRow::text);
    return it == std::end(rows) ? nullptr : it;
}

}  // namespace heddle::component
