// wasi:cli: arguments, environment, standard streams, terminals, exit.
#include "p2/p2.hpp"
#include "terminal.hpp"

namespace heddle::wasi {

bool is_terminal(Guest& g, int n) {
    const Stream& s = *g.context().streams[n];
    return s.kind == Stream::Kind::descriptor && os::is_terminal(s.descriptor->get());
}

}  // namespace heddle::wasi

namespace heddle::wasi::p2 {

namespace {

using Environment = std::vector<std::tuple<std::string, std::string>>;
using Status = std::expected<void, std::monostate>;

Environment environment(Guest& g) { return {g.context().env.begin(), g.context().env.end()}; }

template <class T>
std::optional<Own<T>> terminal(Guest& g, int n) {
    if (!is_terminal(g, n)) return std::nullopt;
    return Own<T>(std::make_shared<T>());
}

}  // namespace

void add_cli(Binder& b) {
    b.interface("wasi:cli/environment@0.2.12")
        .fn("get-environment()", [](Guest& g) { return environment(g); })
        .fn("get-arguments()", [](Guest& g) { return g.context().args; })
        .fn("initial-cwd()", [](Guest&) { return std::optional<std::string>(); });
    b.interface("wasi:cli/exit@0.2.12")
        .exit_fn<Status>("exit(status)", [](Status s) { return s ? 0 : 1; })
        .exit_fn<u8>("exit-with-code(status-code)", [](u8 code) { return i32(code); });
    b.interface("wasi:cli/stdin@0.2.12").fn("get-stdin()", [](Guest& g) { return Own(standard_input(g)); });
    b.interface("wasi:cli/stdout@0.2.12").fn("get-stdout()", [](Guest& g) { return Own(standard_output(g, 1)); });
    b.interface("wasi:cli/stderr@0.2.12").fn("get-stderr()", [](Guest& g) { return Own(standard_output(g, 2)); });
    b.interface("wasi:cli/terminal-input@0.2.12").resource<TerminalInput>();
    b.interface("wasi:cli/terminal-output@0.2.12").resource<TerminalOutput>();
    b.interface("wasi:cli/terminal-stdin@0.2.12").fn("get-terminal-stdin()", [](Guest& g) { return terminal<TerminalInput>(g, 0); });
    b.interface("wasi:cli/terminal-stdout@0.2.12").fn("get-terminal-stdout()", [](Guest& g) { return terminal<TerminalOutput>(g, 1); });
    b.interface("wasi:cli/terminal-stderr@0.2.12").fn("get-terminal-stderr()", [](Guest& g) { return terminal<TerminalOutput>(g, 2); });
}

}  // namespace heddle::wasi::p2
