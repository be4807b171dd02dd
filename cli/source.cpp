// Reading and recognising files.
#include "source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <heddle/component_text.hpp>
#include <heddle/text.hpp>

namespace heddle::cli {

namespace {

using namespace std::string_view_literals;

Failure os_failure(const std::string& path, int error) {
    ExitCode code = error == ENOENT || error == ENOTDIR ? not_found : not_runnable;
    std::string why = error == ENOENT ? "no such file" : error == EACCES ? "permission denied: the file cannot be read" : std::strerror(error);
    return {code, fmt::format("{}: {}", path, why)};
}

struct CloseFile {
    void operator()(std::FILE* f) const {
        if (f != stdin) std::fclose(f);
    }
};

// The first token after white space and comments: "(module", "(component", or what else stands there.
// https://webassembly.github.io/spec/core/text/lexical.html#comments
std::string_view skip_space_and_comments(std::string_view s) {
    while (!s.empty()) {
        if (s.starts_with(";;")) {
            s.remove_prefix(std::min(s.find_first_of("\r\n"), s.size()));
        } else if (s.starts_with("(;")) {
            std::size_t depth = 0, i = 0;
            do {
                if (s.substr(i).starts_with("(;")) ++depth, i += 2;
                else if (s.substr(i).starts_with(";)")) --depth, i += 2;
                else ++i;
            } while (depth != 0 && i < s.size());
            s.remove_prefix(i);
        } else if (" \t\r\n"sv.find(s.front()) != s.npos) {
            s.remove_prefix(1);
        } else {
            break;
        }
    }
    return s;
}

bool starts_with_word(std::string_view s, std::string_view word) {
    if (!s.starts_with(word)) return false;
    return s.size() == word.size() || " \t\r\n();\""sv.find(s[word.size()]) != s.npos;
}

// The word after the text's first parenthesis; empty when the text does not begin with one.
std::string_view first_keyword(std::string_view text) {
    text = skip_space_and_comments(text);
    if (!text.starts_with('(')) return {};
    text = skip_space_and_comments(text.substr(1));
    return text.substr(0, text.find_first_of(" \t\r\n();\""));
}

constexpr std::string_view script_words[] = {"register",
                                             "invoke",
                                             "get",
                                             "assert_return",
                                             "assert_trap",
                                             "assert_exhaustion",
                                             "assert_exception",
                                             "assert_invalid",
                                             "assert_malformed",
                                             "assert_unlinkable",
                                             "thread",
                                             "wait",
                                             "assert_malformed_custom",
                                             "assert_invalid_custom",
                                             "assert_suspension"};

bool is_script(std::string_view text) {
    for (std::string_view word : script_words)
        for (std::size_t at = 0; (at = text.find(word, at)) != text.npos; ++at)
            if (at > 0 && text[at - 1] == '(' && starts_with_word(text.substr(at), word)) return true;
    return false;
}

bool has_suffix(std::string_view path, std::string_view suffix) { return path.size() > suffix.size() && path.ends_with(suffix); }

// https://webassembly.github.io/spec/core/binary/modules.html#binary-module
std::expected<Form, Failure> binary_form(const std::string& label, std::string_view b) {
    if (b.size() < 8)
        return std::unexpected(
            Failure{failed, fmt::format("{}: malformed: unexpected end (the 8-byte header of a module stops after {} bytes)", label, b.size())});
    auto word = [&](std::size_t at) { return unsigned(u8(b[at])) | unsigned(u8(b[at + 1])) << 8; };
    unsigned version = word(4), layer = word(6);
    if (layer == 0 && version == 1) return Form::module;
    if (layer == 1 && version == 0x0d) return Form::component;
    std::string what = layer == 0 ? fmt::format("a module of version {}; version 1 is known", version)
                       : layer == 1
                           ? fmt::format("a component of the pre-release format 0x{:x}; 0x0d is known: build it again with current tools", version)
                           : fmt::format("version {}, layer {}: neither a module (1, 0) nor a component (13, 1)", version, layer);
    return std::unexpected(Failure{failed, fmt::format("{}: malformed: unknown binary version (at offset 0x4): {}", label, what)});
}

std::expected<Source, Failure> text_source(Source source) {
    text::AssembleOptions options;
    options.names = true;
    auto bytes = source.form == Form::component_text ? component::assemble(source.text, options) : text::assemble(source.text, options);
    if (bytes) {
        source.bytes = std::move(*bytes);
        return source;
    }
    std::string message = source.label + ":" + text::describe(source.text, bytes.error());
    if (is_script(source.text)) message += "\n  this looks like a test script: run it with `heddle wast`";
    return std::unexpected(Failure{failed, std::move(message)});
}

// The engine names limits as an embedder sets them; here they are options.
constexpr std::pair<std::string_view, std::string_view> option_names[] = {
    {"Config::max_memory_bytes", "--max-memory raises it"},
    {"Config::max_total_memory_bytes", "--max-total-memory raises it"},
    {"Config::max_stack_bytes", "--max-stack raises it"},
    {"Config::max_heap_bytes", "--max-heap raises it"},
    {"Config::max_module_bytes", "--max-module raises it"},
    {"Config::max_table_elements", "--max-table raises it"},
    {"Store::set_fuel", "--fuel"},
    {"component::Limits::handles", "--max-handles raises it"},
    {"component::Limits::threads", "--max-threads raises it"},
    {"component::Limits::tasks", "--max-tasks raises it"},
    {"component::Limits::subtasks", "--max-subtasks raises it"},
    {"component::Limits::waitable_sets", "--max-waitable-sets raises it"},
    {"component::Limits::streams", "--max-streams raises it"},
    {"component::Limits::host_bytes", "--max-host-bytes raises it"},
    {"component::Limits::host_copy_bytes", "--max-host-copy raises it"},
};

}  // namespace

std::string with_option_names(std::string message) {
    for (auto [name, option] : option_names)
        if (std::size_t at = message.find(name); at != message.npos) message.replace(at, name.size(), option);
    return message;
}

std::string label_of(const std::string& path) { return path == "-" ? "<stdin>" : path; }

std::expected<std::vector<u8>, Failure> read_file(const std::string& path, u64 max_bytes) {
    std::string label = label_of(path);
    std::error_code ignored;
    if (path != "-" && std::filesystem::is_directory(path, ignored))
        return std::unexpected(Failure{not_runnable, label + ": is a directory, not a WebAssembly file"});
    std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
    if (!file) return std::unexpected(os_failure(label, errno));
    // One read for a file whose size is known, with a byte more so that it sees the end; what is read into is zeroed first.
    constexpr std::uintmax_t smallest = std::uintmax_t(1) << 16;
    std::uintmax_t size = path == "-" ? 0 : std::filesystem::file_size(path, ignored);
    std::size_t chunk = std::size_t(size > 0 && size <= max_bytes ? size + 1 : smallest);
    std::vector<u8> bytes;
    for (; !std::feof(file.get()); chunk = std::max(bytes.size(), std::size_t(smallest))) {
        std::size_t old = bytes.size();
        bytes.resize(old + chunk);
        errno = 0;
        bytes.resize(old + std::fread(bytes.data() + old, 1, chunk, file.get()));
        if (std::ferror(file.get())) return std::unexpected(os_failure(label, errno));
        if (bytes.size() > max_bytes)
            return std::unexpected(
                Failure{limit_hit, fmt::format("{}: larger than the limit of {} bytes (Config::max_module_bytes)", label, max_bytes)});
    }
    return bytes;
}

std::string describe_content(std::string_view b) {
    constexpr std::pair<std::string_view, std::string_view> known[] = {
        {"\x7f"
         "ELF",
         "a native program or object (ELF); compile it for a wasm32 target"},
        {"BC\xc0\xde", "LLVM bitcode; link it to a module first (wasm-ld)"},
        {"!<arch>\n", "an archive of object files; link it to a module first (wasm-ld)"},
        {"\x1f\x8b", "gzip-compressed; unpack it first (gunzip)"},
        {"\x28\xb5\x2f\xfd", "zstd-compressed; unpack it first (zstd -d)"},
        {"PK\x03\x04", "a zip archive; unpack it first"},
        {"#!", "a script for another interpreter"},
        {"version https://git-lfs", "a Git LFS pointer; fetch the file itself (git lfs pull)"},
    };
    for (auto [magic, what] : known)
        if (b.starts_with(magic)) return std::string(what);
    if (b.empty()) return "empty";
    bool is_text = b.substr(0, 512).find_first_of("\0\1\2\3\4\5\6\7"sv) == b.npos;
    return is_text ? "other text" : "other data";
}

std::expected<Source, Failure> read_source(const std::string& path, u64 max_bytes) {
    auto bytes = read_file(path, max_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    Source source;
    source.label = label_of(path);
    std::string_view view(reinterpret_cast<const char*>(bytes->data()), bytes->size());
    if (view.empty()) return std::unexpected(Failure{not_runnable, source.label + ": the file is empty"});
    constexpr std::string_view magic = "\0asm"sv;
    if (view.starts_with(magic) || magic.starts_with(view)) {
        auto form = binary_form(source.label, view);
        if (!form) return std::unexpected(form.error());
        source.form = *form;
        source.bytes = std::move(*bytes);
        return source;
    }
    std::string_view keyword = first_keyword(view);
    if (keyword.empty() && !has_suffix(path, ".wat")) {
        return std::unexpected(Failure{
            not_runnable, fmt::format("{}: not WebAssembly: the file is {} (a module begins with the bytes 00 61 73 6d, its text with a parenthesis)",
                                      source.label, describe_content(view))});
    }
    source.text = std::string(view);
    source.form = keyword == "component" ? Form::component_text : Form::module_text;
    return text_source(std::move(source));
}

Failure load_failure(const std::string& label, const Error& error) {
    return {error.kind == Error::Kind::limit ? limit_hit : failed, fmt::format("{}: {}", label, error.to_string())};
}

ExitCode report(const Failure& failure) {
    fmt::print(stderr, "heddle: {}\n", with_option_names(failure.message));
    return failure.code;
}

}  // namespace heddle::cli
