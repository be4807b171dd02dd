#include "component_outline.hpp"

#include <optional>

#include <fmt/format.h>

namespace heddle::cli {

namespace {

constexpr const char* section_names[] = {"custom", "core module", "core instance", "core type", "component", "instance", "alias",
                                         "type",   "canon",       "start",         "import",    "export",    "value"};
constexpr u8 core_module = 1, component = 4, import = 10, export_ = 11;

// A reader whose every step may say "no more": broken files are ordinary here.
class Bytes {
public:
    explicit Bytes(std::span<const u8> all, std::size_t at = 0) : all_(all), at_(at) {}
    std::size_t at() const { return at_; }
    bool done() const { return at_ == all_.size(); }

    std::optional<u8> byte() {
        if (done()) return std::nullopt;
        return all_[at_++];
    }
    std::optional<u32> number() {
        u64 value = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            auto b = byte();
            if (!b) return std::nullopt;
            value |= u64(*b & 0x7f) << shift;
            if (*b < 0x80) return value <= 0xffffffff ? std::optional(u32(value)) : std::nullopt;
        }
        return std::nullopt;
    }
    std::optional<std::span<const u8>> take(std::size_t n) {
        if (n > all_.size() - at_) return std::nullopt;
        auto s = all_.subspan(at_, n);
        at_ += n;
        return s;
    }
    // A name after its marker byte: 0x00, or 0x01 for names with versions.
    std::optional<std::string> external_name() {
        auto marker = byte();
        if (!marker || *marker > 1) return std::nullopt;
        auto length = number();
        auto text = length ? take(*length) : std::nullopt;
        if (!text) return std::nullopt;
        return std::string(text->begin(), text->end());
    }
    // https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#import-and-export-definitions
    bool skip_extern_description() {
        auto sort = byte();
        if (!sort) return false;
        if (*sort == 0) return byte() && number();
        if (*sort != 2 && *sort != 3) return bool(number());
        auto bound = byte();
        return bound && (*bound == 1 && *sort == 3 ? true : bool(number()));
    }
    bool skip_sort_index() {
        auto sort = byte();
        return sort && (*sort != 0 || byte()) && number();
    }

private:
    std::span<const u8> all_;
    std::size_t at_;
};

void read_imports(std::span<const u8> contents, std::vector<std::string>& names) {
    Bytes r(contents);
    for (u32 n = r.number().value_or(0); n > 0; --n) {
        auto name = r.external_name();
        if (!name) return;
        names.push_back(std::move(*name));
        if (!r.skip_extern_description()) return;
    }
}

void read_exports(std::span<const u8> contents, std::vector<std::string>& names) {
    Bytes r(contents);
    for (u32 n = r.number().value_or(0); n > 0; --n) {
        auto name = r.external_name();
        if (!name) return;
        names.push_back(std::move(*name));
        if (!r.skip_sort_index()) return;
        auto has_type = r.byte();
        if (!has_type || (*has_type == 1 && !r.skip_extern_description())) return;
    }
}

}  // namespace

ComponentOutline outline_component(std::span<const u8> bytes) {
    ComponentOutline o;
    Bytes r(bytes, 8);
    while (!r.done()) {
        std::size_t start = r.at();
        auto id = r.byte();
        auto size = r.number();
        std::size_t at = r.at();
        auto contents = size ? r.take(*size) : std::nullopt;
        if (!contents || *id >= std::size(section_names)) {
            o.broken = fmt::format("{} (at offset 0x{:x})", contents ? "unknown section" : "a section ends after the file", start);
            return o;
        }
        o.sections.push_back({section_names[*id], u32(at), u32(contents->size())});
        o.core_modules += *id == core_module;
        o.components += *id == component;
        if (*id == import) read_imports(*contents, o.imports);
        if (*id == export_) read_exports(*contents, o.exports);
    }
    return o;
}

}  // namespace heddle::cli
