// The client's callbacks find what they are for by a number, because one may come when that has gone already.
#include "nats/connection.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <map>
#include <utility>

#include <heddle/error.hpp>

#include "nats/library.hpp"

namespace heddle::wire::nats {

namespace {

template <class T>
class Registry {
public:
    void* add(std::shared_ptr<T> item) {
        std::lock_guard lock(mutex_);
        items_[++last_] = std::move(item);
        return reinterpret_cast<void*>(last_);
    }
    void remove(void* key) {
        std::unique_lock lock(mutex_);
        auto gone = items_.extract(reinterpret_cast<std::uintptr_t>(key));
        lock.unlock();
    }
    std::shared_ptr<T> find(void* key) {
        std::lock_guard lock(mutex_);
        auto i = items_.find(reinterpret_cast<std::uintptr_t>(key));
        return i == items_.end() ? nullptr : i->second;
    }

private:
    std::mutex mutex_;
    std::map<std::uintptr_t, std::shared_ptr<T>> items_;
    std::uintptr_t last_ = 0;
};

constexpr std::size_t most_answers = 1'000;  // of one Survey

using Handler = std::function<void(Message)>;
using Log = std::function<void(const std::string& level, const std::string& message)>;
Registry<Handler>& handlers() {
    static auto* all = new Registry<Handler>;  // for as long as the client's threads run
    return *all;
}
Registry<Log>& logs() {
    static auto* all = new Registry<Log>;
    return *all;
}

Message read_message(natsMsg* m) {
    const Library& l = library();
    auto text = [](const char* s) { return std::string(s ? s : ""); };
    Message message{text(l.natsMsg_GetSubject(m)), text(l.natsMsg_GetReply(m)), {}, {}, l.natsMsg_IsNoResponders(m)};
    if (int n = l.natsMsg_GetDataLength(m); n > 0) message.data.assign(l.natsMsg_GetData(m), std::size_t(n));
    const char** keys = nullptr;
    int count = 0;
    if (l.natsMsgHeader_Keys(m, &keys, &count) != NATS_OK) return message;
    for (int i = 0; i < count; ++i) {
        const char* value = nullptr;
        if (l.natsMsgHeader_Get(m, keys[i], &value) == NATS_OK) message.headers.emplace_back(keys[i], text(value));
    }
    std::free(keys);
    return message;
}

void heddle_nats_message(natsConnection*, natsSubscription*, natsMsg* m, void* key) {
    if (auto handle = handlers().find(key)) (*handle)(read_message(m));
    library().natsMsg_Destroy(m);
}
void say(void* key, const char* level, const std::string& message) {
    if (auto log = logs().find(key); log && *log) (*log)(level, message);
}
void heddle_nats_lost(natsConnection*, void* key) { say(key, "warn", "NATS: the connection is lost; it is tried again until it is found"); }
void heddle_nats_found(natsConnection*, void* key) { say(key, "info", "NATS: the connection is found again"); }
void heddle_nats_error(natsConnection*, natsSubscription*, natsStatus status, void* key) {
    say(key, "error", std::string("NATS: ") + library().natsStatus_GetText(status));
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= text.size();) {
        std::size_t comma = std::min(text.find(',', at), text.size());
        std::string part = text.substr(at, comma - at);
        part.erase(0, part.find_first_not_of(' '));
        part.erase(part.find_last_not_of(' ') + 1);
        if (!part.empty()) parts.push_back(std::move(part));
        at = comma + 1;
    }
    return parts;
}

// "nats://user:password@host" -> "nats://host"
std::string without_secrets(const std::string& url) {
    std::size_t scheme = url.find("://"), at = url.rfind('@');
    std::size_t begin = scheme == url.npos ? 0 : scheme + 3;
    return at == url.npos ? url : url.substr(0, begin) + url.substr(at + 1);
}

std::string lower(std::string_view text) {
    std::string s(text);
    for (char& c : s) c = c >= 'A' && c <= 'Z' ? char(c + 32) : c;
    return s;
}

// Header values are lines.
std::string one_line(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\0'; }, ' ');
    return text;
}

void check(natsStatus s, const std::string& what) {
    if (s != NATS_OK) throw Error{Error::Kind::io, what + ": " + last_error(s)};
}

}  // namespace

const std::string* Message::find(std::string_view header) const {
    auto i = std::ranges::find_if(headers, [&](const auto& h) { return lower(h.first) == lower(header); });
    return i == headers.end() ? nullptr : &i->second;
}

struct Connection::Data {
    natsConnection* nats = nullptr;
    void* log = nullptr;
    std::string inbox;                                   // "_INBOX.…": answers come to inbox.<token>
    std::unique_ptr<Subscription> answers;
    struct Pending {
        std::mutex mutex;
        std::map<u64, std::weak_ptr<Request::State>> requests;
        u64 last = 0;
    };
    std::shared_ptr<Pending> pending = std::make_shared<Pending>();

    ~Data() {
        answers.reset();
        const Library& l = library();
        if (nats) {
            l.natsConnection_FlushTimeout(nats, 1'000);
            l.natsConnection_Close(nats);
            l.natsConnection_Destroy(nats);
        }
        logs().remove(log);
    }
};

Connection::Connection(std::unique_ptr<Data> data) : data_(std::move(data)) {}
Connection::~Connection() = default;

std::shared_ptr<Connection> Connection::open(const std::string& servers, const std::string& name, Log log) {
    const Library& l = library();
    auto data = std::make_unique<Data>();
    data->log = logs().add(std::make_shared<Log>(std::move(log)));
    std::vector<std::string> urls = split(servers);
    std::string shown;
    std::vector<const char*> list;
    for (const std::string& u : urls) {
        list.push_back(u.c_str());
        shown += (shown.empty() ? "" : ", ") + without_secrets(u);
    }
    natsOptions* options = nullptr;
    check(l.natsOptions_Create(&options), "NATS");
    std::unique_ptr<natsOptions, void (*)(natsOptions*)> owned(options, l.natsOptions_Destroy);
    check(l.natsOptions_SetServers(options, list.data(), int(list.size())), "NATS: `" + shown + "` is no URL such as nats://127.0.0.1:4222");
    l.natsOptions_SetName(options, name.c_str());
    l.natsOptions_SetTimeout(options, 3'000);
    l.natsOptions_SetSendAsap(options, true);
    l.natsOptions_SetMaxReconnect(options, -1);
    l.natsOptions_SetReconnectWait(options, 250);
    l.natsOptions_UseGlobalMessageDelivery(options, true);
    l.natsOptions_SetErrorHandler(options, heddle_nats_error, data->log);
    l.natsOptions_SetDisconnectedCB(options, heddle_nats_lost, data->log);
    l.natsOptions_SetReconnectedCB(options, heddle_nats_found, data->log);
    if (natsStatus s = l.natsConnection_Connect(&data->nats, options); s != NATS_OK)
        throw Error{Error::Kind::io, "NATS: " + shown + ": " + last_error(s) + "; is nats-server running there?"};
    natsInbox* inbox = nullptr;
    check(l.natsInbox_Create(&inbox), "NATS");
    data->inbox = inbox;
    l.natsInbox_Destroy(inbox);
    auto pending = data->pending;
    std::size_t prefix = data->inbox.size() + 1;
    std::shared_ptr<Connection> connection(new Connection(std::move(data)));
    connection->data_->answers = connection->subscribe(connection->data_->inbox + ".*", "", 0, [pending, prefix](Message m) {
        u64 token = 0;
        if (m.subject.size() > prefix) std::from_chars(m.subject.data() + prefix, m.subject.data() + m.subject.size(), token);
        std::shared_ptr<Request::State> state;
        {
            std::lock_guard lock(pending->mutex);
            auto found = pending->requests.find(token);
            if (found != pending->requests.end()) state = found->second.lock();
        }
        if (!state) return;
        std::function<void()> wake;
        {
            std::lock_guard lock(state->mutex);
            if (state->takes_all) {
                if (state->all.size() < most_answers) state->all.push_back(std::move(m));
                return state->changed.notify_all();
            }
            if (std::exchange(state->answered, true)) return;
            state->answer = std::move(m);
            wake = std::move(state->wake);
            state->changed.notify_all();
        }
        if (wake) wake();
    });
    return connection;
}

std::optional<std::string> Connection::publish(const std::string& subject, std::string_view data, const Headers& headers, const std::string& reply) {
    const Library& l = library();
    if (data.size() > max_payload())
        return "a message of " + std::to_string(data.size()) + " bytes, and the NATS server takes " + std::to_string(max_payload()) + " (its max_payload)";
    natsMsg* m = nullptr;
    natsStatus s = l.natsMsg_Create(&m, subject.c_str(), reply.empty() ? nullptr : reply.c_str(), data.data(), int(data.size()));
    for (const auto& [name, value] : headers)
        if (s == NATS_OK) s = l.natsMsgHeader_Set(m, name.c_str(), one_line(value).c_str());
    if (s == NATS_OK) s = l.natsConnection_PublishMsg(data_->nats, m);
    std::optional<std::string> wrong;
    if (s != NATS_OK) wrong = last_error(s);
    l.natsMsg_Destroy(m);
    return wrong;
}

std::unique_ptr<Subscription> Connection::subscribe(const std::string& subject, const std::string& group, u32 pending, Handler handle) {
    const Library& l = library();
    std::unique_ptr<Subscription> s(new Subscription);
    s->key_ = handlers().add(std::make_shared<Handler>(std::move(handle)));
    natsSubscription* made = nullptr;
    natsStatus status = group.empty() ? l.natsConnection_Subscribe(&made, data_->nats, subject.c_str(), heddle_nats_message, s->key_)
                                      : l.natsConnection_QueueSubscribe(&made, data_->nats, subject.c_str(), group.c_str(), heddle_nats_message, s->key_);
    check(status, "NATS: `" + subject + "` cannot be listened to");
    s->subscription_ = made;
    if (pending) check(l.natsSubscription_SetPendingLimits(made, int(pending), -1), "NATS: `" + subject + "`");
    return s;
}

Subscription::~Subscription() {
    if (subscription_) library().natsSubscription_Destroy(static_cast<natsSubscription*>(subscription_));
    handlers().remove(key_);
}

void Subscription::drain(std::chrono::milliseconds at_most) {
    library().natsSubscription_DrainTimeout(static_cast<natsSubscription*>(subscription_), std::max<i64>(1, at_most.count()));
}

bool Subscription::drained(std::chrono::milliseconds at_most) {
    return library().natsSubscription_WaitForDrainCompletion(static_cast<natsSubscription*>(subscription_), std::max<i64>(1, at_most.count())) == NATS_OK;
}

void Connection::flush(std::chrono::milliseconds at_most) {
    check(library().natsConnection_FlushTimeout(data_->nats, std::max<i64>(1, at_most.count())), "NATS: the server does not answer");
}

std::size_t Connection::max_payload() const { return std::size_t(std::max<i64>(0, library().natsConnection_GetMaxPayload(data_->nats))); }

natsConnection* Connection::handle() const { return data_->nats; }

Request::Request(Connection& connection, const std::string& subject, std::string_view data, const Headers& headers, bool takes_all) : connection_(connection) {
    state_->takes_all = takes_all;
    auto& pending = *connection_.data_->pending;
    {
        std::lock_guard lock(pending.mutex);
        token_ = ++pending.last;
        pending.requests[token_] = state_;
    }
    unsent_ = connection_.publish(subject, data, headers, connection_.data_->inbox + "." + std::to_string(token_));
}

Request::~Request() {
    auto& pending = *connection_.data_->pending;
    std::lock_guard lock(pending.mutex);
    pending.requests.erase(token_);
}

void Request::on_answer(std::function<void()> wake) {
    {
        std::lock_guard lock(state_->mutex);
        if (!state_->answered) return void(state_->wake = std::move(wake));
    }
    wake();
}

std::optional<Message> Request::take() {
    std::lock_guard lock(state_->mutex);
    return std::exchange(state_->answer, std::nullopt);
}

std::optional<Message> Request::wait(std::chrono::steady_clock::time_point until) {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_until(lock, until, [&] { return state_->answered; });
    return std::exchange(state_->answer, std::nullopt);
}

std::vector<Message> Survey::wait(std::chrono::steady_clock::time_point until, const std::function<bool(const std::vector<Message>& all)>& done) {
    Request::State& state = *request_.state_;
    std::unique_lock lock(state.mutex);
    state.changed.wait_until(lock, until, [&] { return !state.all.empty() && done(state.all); });
    return state.all;
}

namespace {

// Of the process; never destroyed, as the client's threads run to its end.
struct Use {
    std::mutex mutex;
    NatsOptions options;
    std::shared_ptr<Connection> connection;
};
Use& use() {
    static auto* u = new Use;
    return *u;
}

}  // namespace

std::shared_ptr<Connection> connection() {
    std::lock_guard lock(use().mutex);
    if (!use().connection && !use().options.servers.empty()) use().connection = Connection::open(use().options.servers, "heddle", use().options.log);
    return use().connection;
}

NatsOptions options_in_use() {
    std::lock_guard lock(use().mutex);
    return use().options;
}

std::string token_of(std::string_view text) {
    if (text.empty()) return "==";
    std::string token;
    for (char c : text) {
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (plain) token += c;
        else token += {'=', "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4], "0123456789ABCDEF"[c & 15]};
    }
    return token;
}

std::optional<std::string> text_of(std::string_view token) {
    if (token == "==") return "";
    std::string text;
    for (std::size_t i = 0; i < token.size(); ++i) {
        if (token[i] != '=') {
            text += token[i];
            continue;
        }
        u32 byte = 0;
        std::string_view digits = token.substr(i + 1, 2);
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
        text += char(byte);
        i += 2;
    }
    return text;
}

}  // namespace heddle::wire::nats

namespace heddle::wire {

void use_nats(NatsOptions options) {
    auto& u = nats::use();
    std::shared_ptr<nats::Connection> old;  // goes after the lock, with the last that uses it
    std::lock_guard lock(u.mutex);
    u.options = std::move(options);
    old = std::exchange(u.connection, nullptr);
}

bool uses_nats() { return !nats::options_in_use().servers.empty(); }

}  // namespace heddle::wire
