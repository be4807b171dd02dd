// Running instances of singleton and keyed materializers, found among the processes of an app.
//
//     request   heddle.APP.where.NAME        to all who hold the materializer: the instance's key, nothing for a singleton's
//     answer    {"at": PROCESS, "running": true or false, "what": …}        what: reachable.hpp
//     request   heddle.APP.at.PROCESS.NAME   a call of that process's instance, as nats/calls.hpp has it
//
// The process that has the instance is taken; when none has it yet, all callers choose the same one of those that hold the materializer.
#pragma once
#include <expected>
#include <string>
#include <string_view>

#include "hostcall.hpp"
#include "nats/connection.hpp"

namespace heddle::wire::nats {

std::string where_subject(std::string_view app, std::string_view op);
std::string at_subject(std::string_view app, std::string_view process, std::string_view op);
// What a process calls itself: other than all others.
std::string new_name();

// How long processes have to answer when none says that it has the instance.
inline constexpr Milliseconds survey_time{200};

struct NotFound {
    const char* code;                         // of a host call's error
    std::string message;
};
// The answer of the process to ask, as JSON text. Waits in place.
std::expected<std::string, NotFound> find_instance(const AppData& app, CallScope& scope, std::string_view op, const std::string& key);
// Of several answers, the one that all choose: a running instance's; else by key and name. Null: there is none that is one.
const Message* choose(const std::vector<Message>& answers, std::string_view key);

}  // namespace heddle::wire::nats
