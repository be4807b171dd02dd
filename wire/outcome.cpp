// Outcomes: the table outcomes.def as functions, and errors as JSON.
#include <heddle/wire.hpp>

#include "json.hpp"

namespace heddle::wire {

namespace {

struct Row {
    Outcome outcome;
    const char* code;
    int exit_code, http_status;
    const char *hostcall_code, *rpc_errors;
};
constexpr Row rows[] = {
#define OUTCOME(name, code, exit_code, http_status, hostcall_code, rpc_errors) {Outcome::name, code, exit_code, http_status, hostcall_code, rpc_errors},
#include "outcomes.def"
#undef OUTCOME
};
constexpr bool in_order() {
    for (std::size_t i = 0; i < std::size(rows); ++i)
        if (std::size_t(rows[i].outcome) != i) return false;
    return std::size(rows) == std::size_t(Outcome::failed) + 1;
}
static_assert(in_order(), "outcomes.def lists the outcomes in the order of the enum");

const Row& row(Outcome o) { return rows[std::size_t(o)]; }

}  // namespace

const char* code_of(Outcome o) { return row(o).code; }
int exit_code_of(Outcome o) { return row(o).exit_code; }
int http_status_of(Outcome o) { return row(o).http_status; }
const char* hostcall_code_of(Outcome o) { return row(o).hostcall_code; }
const char* rpc_errors_of(Outcome o) { return row(o).rpc_errors; }

std::optional<Outcome> outcome_of(std::string_view code) {
    for (const Row& r : rows)
        if (r.code == code) return r.outcome;
    return std::nullopt;
}

std::string Reply::error_json() const { return error_object(code_of(outcome), message, json); }

std::string error_object(std::string_view code, std::string_view message, std::string_view cause) {
    std::string text = R"({"code":)" + json_string(code) + R"(,"message":)" + json_string(message);
    if (!cause.empty()) text += R"(,"cause":)" + std::string(cause);
    return text + "}";
}

}  // namespace heddle::wire
