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

// What Kv does, on another machine.
class KvElsewhere {
public:
    KvElsewhere() = default;
    virtual ~KvElsewhere() = default;
    KvElsewhere(const KvElsewhere&) = delete;
    virtual Kv::Or<std::optional<std::string>> get(std::string_view key) = 0;
    virtual Kv::Or<void> set(std::string_view key, std::string_view json) = 0;
    virtual Kv::Or<bool> erase(std::string_view key) = 0;
    virtual Kv::Or<std::vector<std::string>> list(std::string_view prefix, u32 limit, std::string_view after) = 0;
    virtual Kv::Or<i64> increment(std::string_view key, i64 by) = 0;
    virtual Kv::Or<bool> compare_and_set(std::string_view key, std::optional<std::string_view> expected, std::string_view json) = 0;
};

// A bucket of the process's NATS as the store, made when there is none; for all processes that name it. Throws Error: no NATS, or no JetStream there.
std::unique_ptr<KvElsewhere> bucket_kv(const std::string& bucket);

}  // namespace heddle::wire::nats
