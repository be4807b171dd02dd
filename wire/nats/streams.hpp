// JetStream: messages that the server keeps. https://docs.nats.io/nats-concepts/jetstream
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "kv.hpp"
#include "nats/connection.hpp"

namespace heddle::wire::nats {

// Where the messages of a subject come that a stream of the server keeps, to be settled one by one; what is not settled within `patience` is given
// again. One for all processes of an app. Nothing: no stream keeps the subject. Throws Error (kind io).
std::optional<std::string> durable_consumer(Connection& nats, const std::string& app, const std::string& op, const std::string& subject, std::chrono::milliseconds patience);

// A bucket of the process's NATS as the store, made when there is none; for all processes that name it. Throws Error: no NATS, or no JetStream there.
std::unique_ptr<Kv> bucket_kv(const std::string& bucket);

}  // namespace heddle::wire::nats
