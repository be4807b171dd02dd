// heddle wat: the text of a module or component to its binary form, and back.
#include <cstdio>
#include <filesystem>

#include <unistd.h>

#include <fmt/format.h>

#include <heddle/component_text.hpp>
#include <heddle/text.hpp>

#include "commands.hpp"
#include "source.hpp"

namespace heddle::cli {

namespace {

std::expected<std::string, Failure> convert(const Source& source, const WatOptions& options) {
    if (is_text(source.form)) return std::string(source.bytes.begin(), source.bytes.end());
    text::PrintOptions print;
    print.fold = options.fold;
    auto text = is_component(source.form) ? component::print(source.bytes, print) : text::print(source.bytes, print);
    if (!text) return std::unexpected(load_failure(source, text.error()));
    return *text;
}

std::expected<void, Failure> write(const std::string& content, const std::optional<std::string>& path) {
    std::FILE* out = path && *path != "-" ? std::fopen(path->c_str(), "wb") : stdout;
    if (!out) return std::unexpected(Failure{failed, *path + ": cannot be written"});
    bool written = std::fwrite(content.data(), 1, content.size(), out) == content.size();
    if ((out == stdout ? std::fflush(out) : std::fclose(out)) != 0 || !written)
        return std::unexpected(Failure{failed, path.value_or("standard output") + ": writing failed"});
    return {};
}

}  // namespace

int wat(const WatOptions& options) {
    auto source = read_source(options.file);
    if (!source) return report(source.error());
    auto content = convert(*source, options);
    if (!content) return report(content.error());
    if (!options.output && is_text(source->form) && isatty(STDOUT_FILENO)) {
        std::string suggested = std::filesystem::path(options.file).replace_extension(".wasm").string();
        return report({wrong_usage, fmt::format("a binary file does not belong on a terminal: name a file with -o {}", suggested)});
    }
    auto written = write(*content, options.output);
    return written ? ok : report(written.error());
}

}  // namespace heddle::cli
