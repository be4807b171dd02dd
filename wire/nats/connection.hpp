// One connection to NATS, kept up: messages with headers, queue groups, and requests that wait no longer than they have to.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <heddle/nats.hpp>

// The client's own type, for key-value and streams.
struct __natsConnection;

namespace heddle::wire::nats {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Message {
    std::string subject, reply, data;     // reply: where an answer goes; empty: nowhere
    Headers headers;
    bool nobody = false;                  // an answer of the server: no process listens on the request's subject
    // Names are compared without regard to case.
    const std::string* find(std::string_view header) const;
};

class Connection;

// What one process listens to. Its end drops what has not been handled yet.
class Subscription {
public:
    ~Subscription();
    Subscription(const Subscription&) = delete;
    // No new messages; those that came are handled still.
    void drain(std::chrono::milliseconds at_most);
    // Until they are. False: not in time.
    bool drained(std::chrono::milliseconds at_most);

private:
    friend class Connection;
    Subscription() = default;
    void* subscription_ = nullptr;
    void* key_ = nullptr;
};

class Connection {
public:
    // `servers`: "nats://host:4222", or several after commas; they may hold a user and password, which no message repeats. `name` is what the server
    // shows. `log` is told of lost and found connections. Throws Error (kind io): no server can be reached.
    static std::shared_ptr<Connection> open(const std::string& servers, const std::string& name, std::function<void(const std::string& level, const std::string& message)> log);
    ~Connection();
    Connection(const Connection&) = delete;

    // What is wrong, or nothing. While the connection is lost, some megabytes are kept for when it is found again.
    std::optional<std::string> publish(const std::string& subject, std::string_view data, const Headers& headers, const std::string& reply = {});
    // Messages on the subject; when `group` is not empty, each goes to one of its members. `handle` is called on a thread of the client, and must be
    // quick. At most `pending` wait for it, the others are lost. Throws Error (kind io).
    std::unique_ptr<Subscription> subscribe(const std::string& subject, const std::string& group, u32 pending, std::function<void(Message)> handle);
    // Until the server has all that was said to it.
    void flush(std::chrono::milliseconds at_most);
    std::size_t max_payload() const;      // bytes of a message

    __natsConnection* handle() const;

private:
    friend class Request;
    struct Data;
    explicit Connection(std::unique_ptr<Data> data);
    std::unique_ptr<Data> data_;
};

// A question, and the wait for its answer.
class Request {
public:
    Request(Connection& connection, const std::string& subject, std::string_view data, const Headers& headers) : Request(connection, subject, data, headers, false) {}
    ~Request();
    Request(const Request&) = delete;
    // `wake` is called when the answer has come, also when it has come already; from any thread.
    void on_answer(std::function<void()> wake);
    std::optional<Message> take();        // once it has come
    // Waits in place. Nothing: not answered until then.
    std::optional<Message> wait(std::chrono::steady_clock::time_point until);
    // The request was not sent: what is wrong.
    const std::optional<std::string>& unsent() const { return unsent_; }

private:
    Request(Connection& connection, const std::string& subject, std::string_view data, const Headers& headers, bool takes_all);
    friend class Connection;
    friend class Survey;
    struct State {
        bool takes_all = false;
        std::vector<Message> all;
        std::mutex mutex;
        std::condition_variable changed;
        std::optional<Message> answer;
        bool answered = false;
        std::function<void()> wake;
    };
    Connection& connection_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
    u64 token_ = 0;
    std::optional<std::string> unsent_;
};

// A question to all who listen, and their answers.
class Survey {
public:
    Survey(Connection& connection, const std::string& subject, std::string_view data, const Headers& headers) : request_(connection, subject, data, headers, true) {}
    // Calls `done` with what has come, whenever something has, until it says so or the time is over. Waits in place.
    std::vector<Message> wait(std::chrono::steady_clock::time_point until, const std::function<bool(const std::vector<Message>& all)>& done);
    const std::optional<std::string>& unsent() const { return request_.unsent(); }

private:
    Request request_;
};

// The process's, made now when it was not; null: it uses no NATS. Throws Error (kind io): no server can be reached.
std::shared_ptr<Connection> connection();
NatsOptions options_in_use();

// Any text as one part of a subject, or as a key: bytes other than letters, digits, `-` and `_` become `=` and two hexadecimal digits. The way back
// ends with nothing where it was made otherwise.
std::string token_of(std::string_view text);
std::optional<std::string> text_of(std::string_view token);

}  // namespace heddle::wire::nats
