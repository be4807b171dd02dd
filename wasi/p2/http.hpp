// wasi:http/types 0.2: the resources behind a guest's handles.
// https://github.com/WebAssembly/wasi-http
#pragma once
#include "http/body.hpp"
#include "p2/p2.hpp"

namespace heddle::wasi {

template <>
struct Wit<http::ErrorCode> {
    static Val to(Guest&, const http::ErrorCode& e);
    static http::ErrorCode from(Guest&, const Val& v);
    static ValueType type();
};

}  // namespace heddle::wasi

namespace heddle::wasi::p2 {

using http::ErrorCode;

// Fields of a message, counted against the guest's budget.
class HttpFields final : public Resource {
public:
    static constexpr const char* wit_name = "fields";
    HttpFields(Guest& g, http::Fields f, bool immutable);
    const http::Fields& all() const { return all_; }
    bool immutable() const { return immutable_; }
    void freeze() { immutable_ = true; }
    // Throws GuestFault when the budget does not hold it.
    void replace(http::Fields f);

private:
    http::Fields all_;
    bool immutable_;
    Charge charge_;
};

// What has come of a body; the stream and the trailers share it.
class BodyIn final : public InputStream {
public:
    explicit BodyIn(Guest& g, std::shared_ptr<http::BodySource> s) : source_(std::move(s)), charge_(g.charge(0)) {}
    StreamResult<std::vector<u8>> read(u64 len) override;
    bool ready() override { return at_ < bytes_.size() || ended_; }
    void arm() override;
    // Reads and forgets the rest: for the trailers.
    void discard();
    bool ended() const { return ended_; }
    const std::optional<ErrorCode>& error() const { return error_; }
    const http::Fields& trailers() const { return trailers_; }

private:
    void came(http::BodyPart part);
    std::shared_ptr<http::BodySource> source_;
    Charge charge_;
    std::string bytes_;
    std::size_t at_ = 0;
    bool asked_ = false, ended_ = false, discarding_ = false;
    std::optional<ErrorCode> error_;
    http::Fields trailers_;
};

class IncomingBody final : public Resource {
public:
    static constexpr const char* wit_name = "incoming-body";
    explicit IncomingBody(std::shared_ptr<BodyIn> b) : body(std::move(b)) {}
    std::shared_ptr<BodyIn> body;
    bool stream_taken = false;
};

class FutureTrailers final : public Source {
public:
    static constexpr const char* wit_name = "future-trailers";
    explicit FutureTrailers(std::shared_ptr<BodyIn> b) : body(std::move(b)) { body->discard(); }
    bool ready() override { return body->ended(); }
    void arm() override;
    std::shared_ptr<BodyIn> body;
    bool taken = false;

private:
    std::shared_ptr<void> waiting_;
};

class IncomingRequest final : public Resource {
public:
    static constexpr const char* wit_name = "incoming-request";
    std::string method, path, authority, scheme;
    std::shared_ptr<HttpFields> headers;
    std::shared_ptr<BodyIn> body;   // null once consumed
};

class IncomingResponse final : public Resource {
public:
    static constexpr const char* wit_name = "incoming-response";
    u16 status = 0;
    std::shared_ptr<HttpFields> headers;
    std::shared_ptr<BodyIn> body;   // null once consumed
};

// What a guest writes of a body: kept until there is somewhere to send it, then a piece at a time.
class BodyOut final : public OutputStream {
public:
    explicit BodyOut(Guest& g, std::optional<u64> length) : length_(length), charge_(g.charge(0)) {}
    ~BodyOut() override;
    StreamResult<u64> check_write() override;
    StreamResult<void> write(std::span<const u8> bytes) override;
    StreamResult<void> flush() override;
    void arm() override {}
    void send_to(std::shared_ptr<http::BodySink> sink);
    // The error: not the length that was announced.
    std::expected<void, ErrorCode> finish(http::Fields trailers);
    void abort();
    // The guest writes no more: what is not finished by now never will be.
    void ended() {
        if (!finished_) abort();
    }
    // Nothing is left to do.
    bool settled() const { return told_ || failed_; }
    // Of one that is complete and went nowhere yet.
    std::optional<std::string> take_whole();

private:
    void send();
    std::shared_ptr<http::BodySink> sink_;
    std::string pending_;
    std::size_t in_flight_ = 0;
    std::optional<u64> length_;
    u64 written_ = 0;
    bool flushing_ = false, finished_ = false, failed_ = false, told_ = false;
    http::Fields trailers_;
    Charge charge_;
};

class OutgoingBody final : public Resource {
public:
    static constexpr const char* wit_name = "outgoing-body";
    explicit OutgoingBody(std::shared_ptr<BodyOut> b) : body(std::move(b)) {}
    ~OutgoingBody() override;
    std::shared_ptr<BodyOut> body;
    bool stream_taken = false, finished = false;
};

class OutgoingRequest final : public Resource {
public:
    static constexpr const char* wit_name = "outgoing-request";
    std::string method = "GET";
    std::optional<std::string> path, scheme, authority;
    std::shared_ptr<HttpFields> headers;
    std::shared_ptr<BodyOut> body;  // null: not asked for
    bool body_taken = false;
};

class OutgoingResponse final : public Resource {
public:
    static constexpr const char* wit_name = "outgoing-response";
    u16 status = 200;
    std::shared_ptr<HttpFields> headers;
    std::shared_ptr<BodyOut> body;
    bool body_taken = false;
};

class RequestOptions final : public Resource {
public:
    static constexpr const char* wit_name = "request-options";
    std::optional<u64> connect, first_byte, between_bytes;   // nanoseconds
};

class ResponseOutparam final : public Resource {
public:
    static constexpr const char* wit_name = "response-outparam";
    struct To {
        std::function<void(u16 status, const http::Fields&)> inform;
        // The response's head, and its body if it has one.
        std::function<void(std::expected<std::shared_ptr<OutgoingResponse>, ErrorCode>)> set;
    };
    explicit ResponseOutparam(To t) : to(std::move(t)) {}
    To to;
};

class FutureIncomingResponse final : public Source {
public:
    static constexpr const char* wit_name = "future-incoming-response";
    bool ready() override { return result.has_value() || taken; }
    void arm() override {}
    void answered(std::expected<std::shared_ptr<IncomingResponse>, ErrorCode> r) {
        if (result || taken) return;
        result = std::move(r);
        changed();
    }
    std::optional<std::expected<std::shared_ptr<IncomingResponse>, ErrorCode>> result;
    bool taken = false;
    std::shared_ptr<void> exchange;   // lives as long as somebody waits for it
};

// Fields that a guest must not set: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1, and the host, which is the authority.
bool is_forbidden(std::string_view name);
// Without those.
http::Fields without_forbidden(const http::Fields& fields);
std::string describe(const ErrorCode& e);

void add_http(Binder& b);
void add_http_client(Binder& b);

}  // namespace heddle::wasi::p2
