// Calls of materializers as messages, both ways.
//
//     request   heddle.APP.op.NAME      the input, JSON
//               Heddle-User             claims of the end user, JSON
//               Heddle-Deadline         milliseconds that are left
//               Heddle-Depth            how many calls are around this one; none: it is a client's
//               traceparent             W3C trace context
//     answer                            the result, JSON
//               Nats-Service-Error-Code when it failed: the status of outcomes.def, and the data is {"code", "message", "cause"?}
//               Nats-Service-Error      the message
//               Heddle-Retry-After      milliseconds
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include <heddle/wire.hpp>

#include "nats/connection.hpp"
#include "scope.hpp"

namespace heddle::wire::nats {

std::string op_subject(std::string_view app, std::string_view op);

Headers answer_headers(const Reply& r);
std::string answer_data(const Reply& r);
// What came from somewhere else: checked as what a guest gives.
Reply read_answer(Message m);

// What a request says about who calls and how long there is; the time since `received` is used up already.
CallOptions call_options(const Message& request, Clock::time_point received);

// A call of an op that this process does not hold: by whichever process does. `outer` is the call that made it. `subject`: another than the op's.
Task<Reply> call_elsewhere(AppData& app, CallTree& tree, const CallScope* outer, std::string_view op, std::string_view json, std::optional<Milliseconds> deadline,
                           std::string subject = {});

}  // namespace heddle::wire::nats
