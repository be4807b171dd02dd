// wasi:cli.
#include "p3/p3.hpp"
#include "terminal.hpp"

namespace heddle::wasi::p3 {

enum class CliError : u8 { io, illegal_byte_sequence, pipe };

}  // namespace heddle::wasi::p3

template <>
struct heddle::wasi::Labels<heddle::wasi::p3::CliError> {
    static constexpr auto list = std::to_array<std::string_view>({"io", "illegal-byte-sequence", "pipe"});
};

namespace heddle::wasi::p3 {

namespace {

using Environment = std::vector<std::tuple<std::string, std::string>>;
using Status = std::expected<void, std::monostate>;
using Written = FutureOf<std::expected<void, CliError>>;

Val failure(Errno e) { return Val::variant(u32(e == Errno::pipe ? CliError::pipe : e == Errno::ilseq ? CliError::illegal_byte_sequence : CliError::io)); }

Written write_to(Guest& g, int n, const StreamOf<u8>& data) { return {incoming_bytes(g, data.end, standard_output(g, n), &failure)}; }

template <class T>
std::optional<Own<T>> terminal(Guest& g, int n) {
    if (!is_terminal(g, n)) return std::nullopt;
    return Own<T>(std::make_shared<T>());
}

}  // namespace

void add_cli(Binder& b) {
    b.interface("wasi:cli/environment@0.3.0")
        .fn("get-environment()", [](Guest& g) { return Environment(g.context().env.begin(), g.context().env.end()); })
        .fn("get-arguments()", [](Guest& g) { return g.context().args; })
        .fn("get-initial-cwd()", [](Guest&) { return std::optional<std::string>(); });
    b.interface("wasi:cli/exit@0.3.0")
        .exit_fn<Status>("exit(status)", [](Status s) { return s ? 0 : 1; })
        .exit_fn<u8>("exit-with-code(status-code)", [](u8 code) { return i32(code); });
    b.interface("wasi:cli/stdin@0.3.0").fn("read-via-stream()", [](Guest& g) {
        return with_end<u8, CliError>(outgoing_bytes(g, standard_input(g), &failure));
    });
    b.interface("wasi:cli/stdout@0.3.0").fn("write-via-stream(data)", [](Guest& g, StreamOf<u8> data) { return write_to(g, 1, data); });
    b.interface("wasi:cli/stderr@0.3.0").fn("write-via-stream(data)", [](Guest& g, StreamOf<u8> data) { return write_to(g, 2, data); });
    b.interface("wasi:cli/terminal-input@0.3.0").resource<TerminalInput>();
    b.interface("wasi:cli/terminal-output@0.3.0").resource<TerminalOutput>();
    b.interface("wasi:cli/terminal-stdin@0.3.0").fn("get-terminal-stdin()", [](Guest& g) { return terminal<TerminalInput>(g, 0); });
    b.interface("wasi:cli/terminal-stdout@0.3.0").fn("get-terminal-stdout()", [](Guest& g) { return terminal<TerminalOutput>(g, 1); });
    b.interface("wasi:cli/terminal-stderr@0.3.0").fn("get-terminal-stderr()", [](Guest& g) { return terminal<TerminalOutput>(g, 2); });
}

}  // namespace heddle::wasi::p3
