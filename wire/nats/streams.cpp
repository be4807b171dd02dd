// Consumers for events, and a bucket as the key-value store: every change names the revision it changes, so none is lost.
#include "nats/streams.hpp"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <random>
#include <thread>

#include <nlohmann/json.hpp>

#include <heddle/error.hpp>

#include "json.hpp"
#include "nats/library.hpp"

namespace heddle::wire::nats {

namespace {

using std::chrono::milliseconds;

struct Context {
    jsCtx* js = nullptr;
    explicit Context(const Connection& nats) {
        if (natsStatus s = library().natsConnection_JetStream(&js, nats.handle(), nullptr); s != NATS_OK) throw Error{Error::Kind::io, "NATS: JetStream: " + last_error(s)};
    }
    ~Context() { library().jsCtx_Destroy(js); }
    Context(const Context&) = delete;
};

// The name of the stream that keeps a subject. https://docs.nats.io/reference/reference-protocols/nats_api_reference
std::optional<std::string> stream_of(Connection& nats, const std::string& subject) {
    Request request(nats, "$JS.API.STREAM.NAMES", to_text({{"subject", subject}}), {});
    auto answer = request.wait(std::chrono::steady_clock::now() + milliseconds(5'000));
    if (!answer || answer->nobody || scan_json(answer->data)) return std::nullopt;  // a server without JetStream
    Json names = parse_scanned(answer->data)["streams"];
    return names.is_array() && !names.empty() && names[0].is_string() ? std::optional(names[0].get<std::string>()) : std::nullopt;
}

// ---- key-value: the last message of the subject $KV.BUCKET.KEY is the value. https://github.com/nats-io/nats-architecture-and-design/blob/main/adr/ADR-8.md

constexpr const char* operation = "KV-Operation";

class BucketKv final : public Kv {
public:
    BucketKv(std::shared_ptr<Connection> nats, std::string bucket) : nats_(std::move(nats)), bucket_(std::move(bucket)), context_(*nats_) {
        const Library& l = library();
        kvStore* store = nullptr;
        if (l.js_KeyValue(&store, context_.js, bucket_.c_str()) != NATS_OK) {
            kvConfig config;
            l.kvConfig_Init(&config);
            config.Bucket = bucket_.c_str();
            natsStatus s = l.js_CreateKeyValue(&store, context_.js, &config);
            // Of processes that start together the first makes it.
            if (s != NATS_OK && l.js_KeyValue(&store, context_.js, bucket_.c_str()) != NATS_OK)
                throw Error{Error::Kind::io, "kv: the bucket `" + bucket_ + "` cannot be made: " + last_error(s) + "; JetStream must be on (nats-server -js)"};
        }
        store_ = store;
    }
    ~BucketKv() override { library().kvStore_Destroy(store_); }

    bool is_remote() const override { return true; }
    Or<std::optional<std::string>> get(std::string_view key) override {
        auto found = last(key);
        if (!found) return std::unexpected(found.error());
        return std::move(found->value);
    }
    Or<void> set(std::string_view key, std::string_view json) override {
        auto done = put(key, json, std::nullopt);
        if (!done) return std::unexpected(done.error());
        return {};
    }
    Or<bool> erase(std::string_view key) override {
        return change(key, [](const std::optional<std::string>& now) -> Or<Change> { return Change{now.has_value(), std::nullopt}; });
    }
    Or<std::vector<std::string>> list(std::string_view prefix, u32 limit, std::string_view after) override;
    Or<i64> increment(std::string_view key, i64 by) override {
        i64 sum = 0;
        auto done = change(key, [&](const std::optional<std::string>& now) -> Or<Change> {
            i64 value = 0;
            if (now) std::from_chars(now->data(), now->data() + now->size(), value);
            bool integer = !now || std::to_string(value) == *now;
            if (!integer || __builtin_add_overflow(value, by, &sum))
                return std::unexpected("the value is no integer, or the sum does not fit into 64 bits");
            return Change{true, std::to_string(sum)};
        });
        if (!done) return std::unexpected(done.error());
        return sum;
    }
    Or<bool> compare_and_set(std::string_view key, std::optional<std::string_view> expected, std::string_view json) override {
        return change(key, [&](const std::optional<std::string>& now) -> Or<Change> {
            return Change{now.has_value() == expected.has_value() && (!now || *now == *expected), std::string(json)};
        });
    }

private:
    struct Found {
        u64 revision = 0;                     // 0: never written
        std::optional<std::string> value;     // none: never written, or erased
    };
    struct Change {
        bool wanted;
        std::optional<std::string> value;     // none: erased
    };
    std::string subject(std::string_view key) const { return "$KV." + bucket_ + "." + token_of(key); }
    static std::string wrong(natsStatus s) { return "the key-value store: NATS: " + last_error(s); }

    Or<Found> last(std::string_view key) {
        const Library& l = library();
        natsMsg* m = nullptr;
        jsErrCode code{};
        natsStatus s = l.js_GetLastMsg(&m, context_.js, ("KV_" + bucket_).c_str(), subject(key).c_str(), nullptr, &code);
        if (s == NATS_NOT_FOUND || code == JSNoMessageFoundErr) return Found{};
        if (s != NATS_OK) return std::unexpected(wrong(s));
        std::unique_ptr<natsMsg, void (*)(natsMsg*)> owned(m, l.natsMsg_Destroy);
        Found found{l.natsMsg_GetSequence(m), std::nullopt};
        const char* erased = nullptr;
        if (l.natsMsgHeader_Get(m, operation, &erased) != NATS_OK || !erased) found.value.emplace(l.natsMsg_GetData(m), std::size_t(std::max(0, l.natsMsg_GetDataLength(m))));
        return found;
    }

    // False: the key has another revision by now.
    Or<bool> put(std::string_view key, std::optional<std::string_view> value, std::optional<u64> revision) {
        const Library& l = library();
        if (value && value->size() > nats_->max_payload())
            return std::unexpected("the key-value store: a value of " + std::to_string(value->size()) + " bytes, and the NATS server takes " + std::to_string(nats_->max_payload()));
        natsMsg* m = nullptr;
        natsStatus s = l.natsMsg_Create(&m, subject(key).c_str(), nullptr, value ? value->data() : nullptr, value ? int(value->size()) : 0);
        std::unique_ptr<natsMsg, void (*)(natsMsg*)> owned(m, l.natsMsg_Destroy);
        if (s == NATS_OK && !value) s = l.natsMsgHeader_Set(m, operation, "DEL");
        if (s == NATS_OK && revision) s = l.natsMsgHeader_Set(m, "Nats-Expected-Last-Subject-Sequence", std::to_string(*revision).c_str());
        jsErrCode code{};
        if (s == NATS_OK) s = l.js_PublishMsg(nullptr, context_.js, m, nullptr, &code);
        if (code == JSStreamWrongLastSequenceErr) return false;
        if (s != NATS_OK) return std::unexpected(wrong(s));
        return true;
    }

    // What `next` makes of the value, put in its place if it is still that one; else again. The process's own changes take turns, so that only those of
    // other processes come between. True: it was wanted.
    template <class F>
    Or<bool> change(std::string_view key, F next) {
        constexpr int tries = 1'000;
        std::lock_guard lock(changes_);
        for (int i = 0; i < tries; ++i) {
            auto now = last(key);
            if (!now) return std::unexpected(now.error());
            Or<Change> wanted = next(now->value);
            if (!wanted) return std::unexpected(wanted.error());
            if (!wanted->wanted) return false;
            auto done = put(key, wanted->value, now->revision);
            if (!done) return std::unexpected(done.error());
            if (*done) return true;
            std::this_thread::sleep_for(std::chrono::microseconds(random_() % (100u << std::min(i, 6))));
        }
        return std::unexpected("the key-value store: `" + std::string(key.substr(0, 100)) + "` was changed by others " + std::to_string(tries) + " times");
    }

    std::shared_ptr<Connection> nats_;
    std::string bucket_;
    Context context_;
    kvStore* store_ = nullptr;
    std::mutex changes_;
    std::minstd_rand random_{std::random_device{}()};
};

Kv::Or<std::vector<std::string>> BucketKv::list(std::string_view prefix, u32 limit, std::string_view after) {
    const Library& l = library();
    kvKeysList keys{nullptr, 0};
    natsStatus s = l.kvStore_Keys(&keys, store_, nullptr);
    if (s != NATS_OK && s != NATS_NOT_FOUND) return std::unexpected(wrong(s));
    std::vector<std::string> all;
    for (int i = 0; i < keys.Count; ++i)
        if (auto key = text_of(keys.Keys[i]); key && key->starts_with(prefix) && (after.empty() || *key > after)) all.push_back(std::move(*key));
    l.kvKeysList_Destroy(&keys);
    std::ranges::sort(all);
    if (all.size() > limit) all.resize(limit);
    return all;
}

}  // namespace

std::optional<std::string> durable_consumer(Connection& nats, const std::string& app, const std::string& op, const std::string& subject, milliseconds patience) {
    auto stream = stream_of(nats, subject);
    if (!stream) return std::nullopt;
    const Library& l = library();
    Context context(nats);
    std::string name = "heddle_" + token_of(app) + "_" + token_of(op) + "_" + token_of(subject);
    std::string group = token_of(app) + "_" + token_of(op), to = "heddle." + token_of(app) + ".event." + token_of(op) + "." + token_of(subject);
    jsConsumerConfig config;
    l.jsConsumerConfig_Init(&config);
    config.Durable = name.c_str();
    config.DeliverSubject = to.c_str();
    config.DeliverGroup = group.c_str();
    config.FilterSubject = subject.c_str();
    config.DeliverPolicy = js_DeliverAll;
    config.AckPolicy = js_AckExplicit;
    config.AckWait = std::chrono::nanoseconds(patience).count();
    config.MaxAckPending = 256;
    jsErrCode code{};
    if (natsStatus s = l.js_AddConsumer(nullptr, context.js, stream->c_str(), &config, nullptr, &code); s != NATS_OK)
        throw Error{Error::Kind::io, "NATS: the stream `" + *stream + "` gives no consumer for `" + subject + "`: " + last_error(s)};
    return to;
}

std::unique_ptr<Kv> bucket_kv(const std::string& bucket) {
    auto nats = connection();
    if (!nats) throw Error{Error::Kind::usage, "kv = \"nats:" + bucket + "\" is on NATS: say where that is with --nats URL"};
    return std::make_unique<BucketKv>(std::move(nats), bucket);
}

}  // namespace heddle::wire::nats
