#include "http/message_parser.hpp"

// Beast 1.74 asserts that at least five bytes of a last chunk are there, where a client may have sent four; the code below it copes with that.
#define BOOST_DISABLE_ASSERTS
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace heddle::http {

namespace beast = boost::beast;
namespace asio = boost::asio;
using BeastError = beast::http::error;

// Beast's parser without its type: requests and responses.
struct MessageParser::Machine {
    virtual ~Machine() = default;
    virtual std::size_t put(std::span<const char> bytes, beast::error_code& error) = 0;
    virtual void put_end(beast::error_code& error) = 0;
    virtual bool begun() const = 0;
    virtual bool header_done() const = 0;
    virtual bool done() const = 0;
    virtual bool keep_alive() const = 0;
    virtual bool needs_end() const = 0;
    virtual std::optional<u64> content_length() const = 0;

    ParseFault fault = ParseFault::none;
    std::string text;
};

template <bool request>
struct MessageParser::MachineFor final : Machine, beast::http::basic_parser<request> {
    using Base = beast::http::basic_parser<request>;
    MachineFor(MessageParser& owner, bool no_body) : out(owner) {
        Base::header_limit(out.limits_.header_bytes + out.limits_.target_bytes);
        Base::body_limit(out.limits_.body_bytes);
        if (no_body) Base::skip(true);
    }

    std::size_t put(std::span<const char> bytes, beast::error_code& error) override { return Base::put(asio::const_buffer(bytes.data(), bytes.size()), error); }
    void put_end(beast::error_code& error) override { Base::put_eof(error); }
    bool begun() const override { return Base::got_some(); }
    bool header_done() const override { return Base::is_header_done(); }
    bool done() const override { return Base::is_done(); }
    bool keep_alive() const override { return Base::keep_alive(); }
    bool needs_end() const override { return Base::need_eof(); }
    std::optional<u64> content_length() const override {
        auto n = Base::content_length();
        return n ? std::optional<u64>(*n) : std::nullopt;
    }

    void refuse(ParseFault why, std::string what, beast::error_code& error) {
        this->fault = why;
        this->text = std::move(what);
        error = BeastError::bad_value;
    }
    void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target, int version, beast::error_code& error) override {
        if (target.size() > out.limits_.target_bytes)
            return refuse(ParseFault::target_too_long, "the request's target has " + std::to_string(target.size()) + " bytes, at most " +
                                                           std::to_string(out.limits_.target_bytes) + " are taken", error);
        out.method.assign(method.data(), method.size());
        out.target.assign(target.data(), target.size());
        out.http_1_0 = version == 10;
    }
    void on_response_impl(int status, beast::string_view, int version, beast::error_code&) override {
        out.status = u16(status);
        out.http_1_0 = version == 10;
    }
    void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value, beast::error_code& error) override {
        Fields& to = in_body ? out.trailers : out.fields;
        ParseFault why = in_body ? ParseFault::trailer_too_large : ParseFault::header_too_large;
        const char* where = in_body ? "the trailer" : "the header";
        field_bytes += name.size() + value.size() + 4;
        if (field_bytes > out.limits_.header_bytes)
            return refuse(why, std::string(where) + " has more than " + std::to_string(out.limits_.header_bytes) + " bytes", error);
        if (to.size() >= out.limits_.header_fields)
            return refuse(why, std::string(where) + " has more than " + std::to_string(out.limits_.header_fields) + " fields", error);
        std::string text(value.data(), value.size());
        if (!is_field_value(text)) return refuse(ParseFault::malformed, "a field's value has a character that must not be there", error);
        to.push_back({std::string(name.data(), name.size()), std::move(text)});
    }
    // What Beast lets pass: codings it does not know, and chunks in HTTP/1.0. Both would leave the body's end to guesses.
    void on_header_impl(beast::error_code& error) override {
        field_bytes = 0;
        u32 codings = 0;
        for (const Field& f : out.fields) {
            if (!same_name(f.name, "transfer-encoding")) continue;
            if (++codings > 1 || out.http_1_0 || !same_name(f.value, "chunked"))
                return refuse(ParseFault::transfer_coding, "transfer coding '" + f.value + "' is not understood, only chunked is", error);
        }
    }
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override { in_body = true; }
    std::size_t on_body_impl(beast::string_view body, beast::error_code&) override {
        out.body.append(body.data(), body.size());
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code& error) override { return on_body_impl(body, error); }
    void on_finish_impl(beast::error_code&) override {}

    MessageParser& out;
    bool in_body = false;
    u64 field_bytes = 0;
};

namespace {

ParseFault fault_of(const beast::error_code& e) {
    if (e == BeastError::header_limit) return ParseFault::header_too_large;
    if (e == BeastError::body_limit) return ParseFault::body_too_large;
    if (e == BeastError::bad_version) return ParseFault::version;
    if (e == BeastError::partial_message || e == BeastError::end_of_stream) return ParseFault::incomplete;
    return ParseFault::malformed;
}

}  // namespace

MessageParser::MessageParser(Kind kind, const MessageLimits& limits) : kind_(kind), limits_(limits) { reset(); }
MessageParser::~MessageParser() = default;

void MessageParser::reset(bool no_body) {
    if (kind_ == Kind::request) machine_ = std::make_unique<MachineFor<true>>(*this, no_body);
    else machine_ = std::make_unique<MachineFor<false>>(*this, no_body);
    method.clear();
    target.clear();
    http_1_0 = false;
    status = 0;
    fields.clear();
    trailers.clear();
    body.clear();
}

std::size_t MessageParser::feed(std::span<const char> bytes) {
    std::size_t used = 0;
    bool was_header = header_done();
    while (!done() && used < bytes.size() && machine_->fault == ParseFault::none) {
        beast::error_code error;
        std::size_t had = body.size();
        used += machine_->put(bytes.subspan(used), error);
        if (error == BeastError::need_more) break;
        if (error) {
            if (machine_->fault == ParseFault::none) machine_->fault = fault_of(error), machine_->text = error.message();
            if (machine_->fault == ParseFault::header_too_large && kind_ == Kind::request && method.empty()) machine_->fault = ParseFault::target_too_long;
            break;
        }
        if (header_done() != was_header || body.size() != had) break;
    }
    return used;
}

void MessageParser::feed_end() {
    if (done() || machine_->fault != ParseFault::none) return;
    beast::error_code error = BeastError::partial_message;
    if (begun()) machine_->put_end(error);
    if (error) machine_->fault = ParseFault::incomplete, machine_->text = "the connection ended within the message";
}

bool MessageParser::begun() const { return machine_->begun(); }
bool MessageParser::header_done() const { return machine_->header_done(); }
bool MessageParser::done() const { return machine_->done(); }
bool MessageParser::keep_alive() const { return machine_->keep_alive(); }
bool MessageParser::needs_end() const { return machine_->needs_end(); }
std::optional<u64> MessageParser::content_length() const { return machine_->content_length(); }
ParseFault MessageParser::fault() const { return machine_->fault; }
std::string MessageParser::fault_text() const { return machine_->text; }

}  // namespace heddle::http
