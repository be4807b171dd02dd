#include <heddle/wasi_trace.hpp>

#include "forwarder.hpp"

namespace heddle::wasi::testing {
namespace {

struct Traced {
    std::vector<std::string> lines;
    Context context;
    std::unique_ptr<Forwarder> g;
    explicit Traced(bool json) {
        context.args({"tool", "x"}).stdin_bytes("hello\n\x01").capture_stdout();
        trace(context, [this](std::string_view l) { lines.emplace_back(l); }, json);
        g = std::make_unique<Forwarder>(context, std::vector<std::string>{"wasi:cli", "wasi:io"});
    }
};

TEST(Trace, shows_names_arguments_and_results) {
    Traced t(false);
    t.g->call("wasi:cli/environment.get-arguments");
    Val in = t.g->call("wasi:cli/stdin.get-stdin");
    t.g->call("wasi:io/streams.[method]input-stream.read", {lend(in), Val::u64(100)});
    t.g->call("wasi:io/streams.[method]input-stream.read", {lend(in), Val::u64(100)});
    ASSERT_EQ(t.lines.size(), 4u);
    EXPECT_TRUE(t.lines[0].starts_with("wasi:cli/environment@0.2.12.get-arguments() = [\"tool\", \"x\"] <")) << t.lines[0];
    EXPECT_TRUE(t.lines[2].starts_with("wasi:io/streams@0.2.12.[method]input-stream.read(self=#1, len=100) = ok(\"hello\\n\\x01\") <")) << t.lines[2];
    EXPECT_NE(t.lines[3].find(" = err(closed) <"), std::string::npos) << t.lines[3];
}

TEST(Trace, shows_json) {
    Traced t(true);
    t.g->call("wasi:cli/environment.get-arguments");
    ASSERT_EQ(t.lines.size(), 1u);
    EXPECT_TRUE(t.lines[0].starts_with(R"({"call":"wasi:cli/environment@0.2.12.get-arguments","arguments":{},"result":"[\"tool\", \"x\"]","microseconds":)")) << t.lines[0];
}

}  // namespace
}  // namespace heddle::wasi::testing
