// A file named on the command line: read once, recognised by its first bytes, text assembled to bytes.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/types.hpp>

#include "exit_codes.hpp"

namespace heddle::cli {

// What to say on stderr, and how to end.
struct Failure {
    ExitCode code = failed;
    std::string message;
};

enum class Form { module, component, module_text, component_text };
inline bool is_component(Form f) { return f == Form::component || f == Form::component_text; }
inline bool is_text(Form f) { return f == Form::module_text || f == Form::component_text; }

struct Source {
    std::string label;  // for messages: the path, or "<stdin>"
    Form form = Form::module;
    std::vector<u8> bytes;  // the binary as read, or what the text assembled to
    std::string text;       // of the text forms
};

// The bytes of a file, or of standard input for "-". Failures: not found, a directory, unreadable, larger than max_bytes.
std::expected<std::vector<u8>, Failure> read_file(const std::string& path, u64 max_bytes = u64(256) << 20);

// Reads and recognises. Text is assembled, its identifiers kept as names. Failures: those of read_file, an empty file, a file that is
// no WebAssembly (saying what it looks like), text that does not assemble (with line and column).
std::expected<Source, Failure> read_source(const std::string& path, u64 max_bytes = u64(256) << 20);

// What the first bytes of a file are, for someone who expected WebAssembly: "an ELF program", "text", "data".
std::string describe_content(std::string_view bytes);

// With the names of limits as they are raised on the command line: --max-memory for Config::max_memory_bytes.
std::string with_option_names(std::string message);

// The message and exit code for what did not load.
Failure load_failure(const std::string& label, const Error& error);
inline Failure load_failure(const Source& source, const Error& error) { return load_failure(source.label, error); }

// Writes "heddle: message" on stderr; gives the exit code.
ExitCode report(const Failure& failure);

std::string label_of(const std::string& path);

}  // namespace heddle::cli
