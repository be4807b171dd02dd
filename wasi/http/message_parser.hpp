// HTTP/1.1 messages out of bytes, as they come: for the server and the client. Framing is Beast's; limits and what it lets pass are ours.
#pragma once
#include <memory>
#include <span>
#include <string>

#include <heddle/http.hpp>

namespace heddle::http {

struct MessageLimits {
    u32 target_bytes = 16 << 10;
    u32 header_bytes = 64 << 10;
    u32 header_fields = 256;
    u64 body_bytes = ~u64(0);
};

enum class ParseFault : u8 {
    none,
    malformed,
    version,            // not HTTP/1.0 or 1.1
    target_too_long,
    header_too_large,   // bytes or fields
    trailer_too_large,
    body_too_large,
    transfer_coding,    // one that is not understood
    incomplete          // the connection ended too early
};

class MessageParser {
public:
    enum class Kind : u8 { request, response };
    MessageParser(Kind kind, const MessageLimits& limits);
    ~MessageParser();
    MessageParser(const MessageParser&) = delete;
    MessageParser& operator=(const MessageParser&) = delete;

    // For the next message. `no_body`: a response to HEAD.
    void reset(bool no_body = false);
    // Takes bytes until the header is complete, then until `body` has some, then until the message is done. Gives how many it has taken: those
    // left over must be given again, with more behind them when none was taken.
    std::size_t feed(std::span<const char> bytes);
    // The connection has ended.
    void feed_end();

    bool begun() const;                       // of this message something was taken
    bool header_done() const;
    bool done() const;
    bool keep_alive() const;                  // once the header is done
    bool needs_end() const;                   // the body ends with the connection
    std::optional<u64> content_length() const;
    ParseFault fault() const;
    std::string fault_text() const;           // what is wrong

    // What has come. Take them; the parser only adds.
    std::string method, target;
    bool http_1_0 = false;
    u16 status = 0;
    Fields fields, trailers;
    std::string body;

private:
    struct Machine;
    template <bool request>
    struct MachineFor;
    std::unique_ptr<Machine> machine_;
    Kind kind_;
    MessageLimits limits_;
};

}  // namespace heddle::http
