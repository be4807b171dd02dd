// Bodies as a guest's streams see them, whether the other side is our server's client or a server that we asked. Everything is called, and calls
// back, on the guest's reactor.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <heddle/http.hpp>

namespace heddle::http {

// A case of wasi:http/types.error-code.
struct ErrorCode {
    enum Case : u8 {
        dns_timeout, dns_error, destination_not_found, destination_unavailable, destination_ip_prohibited, destination_ip_unroutable, connection_refused,
        connection_terminated, connection_timeout, connection_read_timeout, connection_write_timeout, connection_limit_reached, tls_protocol_error,
        tls_certificate_error, tls_alert_received, http_request_denied, http_request_length_required, http_request_body_size, http_request_method_invalid,
        http_request_uri_invalid, http_request_uri_too_long, http_request_header_section_size, http_request_header_size, http_request_trailer_section_size,
        http_request_trailer_size, http_response_incomplete, http_response_header_section_size, http_response_header_size, http_response_body_size,
        http_response_trailer_section_size, http_response_trailer_size, http_response_transfer_coding, http_response_content_coding,
        http_response_timeout, http_upgrade_failed, http_protocol_error, loop_detected, configuration_error, internal_error
    };
    Case what = internal_error;
    std::optional<std::string> text = {};   // a DNS code, a field's name, a coding, of an internal error what happened
    std::optional<u64> number = {};         // a size, a TLS alert
};

// Where a body comes from: one read at a time.
class BodySource {
public:
    virtual ~BodySource() = default;
    virtual void read(std::function<void(BodyPart)> then) = 0;
    // What an error in a part was, when more is known than its kind.
    virtual std::optional<ErrorCode> failure() const { return std::nullopt; }
};

// Where a body goes to.
class BodySink {
public:
    virtual ~BodySink() = default;
    // `then` comes when the bytes have left, or never will (false).
    virtual void write(std::string bytes, std::function<void(bool)> then) = 0;
    virtual void finish(Fields trailers) = 0;
    virtual void abort() = 0;
};

}  // namespace heddle::http
