// An HTTP/1.1 server: requests in, streamed responses out, handlers that answer whenever they like. A program in ten lines:
//
//   heddle::http::ServerOptions options{.address = "127.0.0.1:8080", .threads = 2};
//   auto server = heddle::http::Server::listen(options, [](heddle::http::ExchangePtr x) {
//       x->read_all(1 << 20, [x](heddle::Result<std::string> body) {                            // or x->read(): piece by piece
//           if (!body) return x->respond(heddle::http::problem(413, body.error().message));
//           x->respond({.status = 200, .fields = {{"content-type", "text/plain"}}, .body = "hello " + *body});
//       });
//   });
//   if (!server) return complain(server.error());                                                // "127.0.0.1:8080: address already in use"
//   …
//   server->drain(std::chrono::seconds(10));                                                     // takes no more, finishes what it has
//
// A connection belongs to one of the server's threads: its handlers are called there, one request of a connection after the other, and must not
// block; one that throws is answered for with 500. Every function of an Exchange may be called from any thread, and its callbacks come on the
// connection's thread.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <heddle/error.hpp>
#include <heddle/types.hpp>

namespace heddle::http {

struct Field {
    std::string name, value;
    friend bool operator==(const Field&, const Field&) = default;
};
using Fields = std::vector<Field>;   // in their order; a name may stand several times

// The first field of this name (case does not matter); null: there is none.
const std::string* find(const Fields& fields, std::string_view name);
bool same_name(std::string_view a, std::string_view b);
// https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 and #section-5.5
bool is_token(std::string_view name);
bool is_field_value(std::string_view value);
// "Not Found"; empty for a status that has no name.
std::string_view reason(u16 status);

struct Request {
    std::string method = {};         // a token, as it came: "GET"
    std::string target = {};         // as it came: "/a?b=c", "*", "http://host/a"
    std::string authority = {};      // of the target, else of the field Host; may be empty
    std::string path = {};           // of the target, with its query: "/a?b=c", or "*"; empty when there is none
    bool http_1_0 = false;
    Fields fields = {};
    std::string peer = {};           // "127.0.0.1:50312"
    std::optional<u64> content_length = {};
};

struct Response {
    u16 status = 200;
    Fields fields = {};
    std::string body = {};
};
// A response with a line of text.
Response problem(u16 status, std::string_view text);

// What read() gives: bytes, and the end in the last part. An error is the last part too.
struct BodyPart {
    std::string bytes = {};
    bool end = false;
    Fields trailers = {};            // with the end
    std::optional<Error> error = {}; // limit: the body is too large; io: the client went away or was too slow; malformed
};

// One request and its response. Dropped without a response: 500; dropped while the response is going on: the connection is cut, so that the
// client sees that something is missing.
class Exchange : public std::enable_shared_from_this<Exchange> {
public:
    virtual ~Exchange() = default;
    virtual const Request& request() const = 0;

    // ---- the request's body
    // The next part; one read at a time. Nothing is taken from the connection before somebody reads, so a handler that does not keep up slows
    // the client down.
    virtual void read(std::function<void(BodyPart)> then) = 0;
    // All of it, at most `limit` bytes. Errors: as in BodyPart.
    void read_all(std::size_t limit, std::function<void(Result<std::string>)> then);

    // ---- the response
    // All at once. Connection, Transfer-Encoding and the like are the server's business: such fields are left out.
    virtual void respond(Response response) = 0;
    // Before the response, any number of times: 100 to 199 but 101.
    virtual void inform(u16 status, Fields fields) = 0;
    // Piece by piece: start, any number of writes, finish. With a field Content-Length exactly so many bytes must follow; else the body goes in
    // chunks (to an HTTP/1.0 client until the connection ends).
    virtual void start(u16 status, Fields fields) = 0;
    // `then` comes when there is room for more: write again only after it. False: nobody reads any more.
    virtual void write(std::string bytes, std::function<void(bool)> then) = 0;
    virtual void finish(Fields trailers = {}) = 0;
    // Cuts the connection.
    virtual void abort() = 0;

    // Called once if the client goes away, or the server gives up on it, before the response is complete; soon, when that is so already.
    // Replaces an earlier one.
    virtual void on_gone(std::function<void()> gone) = 0;
};
using ExchangePtr = std::shared_ptr<Exchange>;
using Handler = std::function<void(ExchangePtr)>;

struct ServerLimits {
    u32 connections = 4096;          // more wait in the system's queue
    u32 requests = 256;              // handled at once
    u32 queue = 1024;                // waiting for that; more are refused: 503
    u32 target_bytes = 16 << 10;     // 414
    u32 header_bytes = 64 << 10;     // 431; also of the trailers
    u32 header_fields = 256;         // 431
    u64 body_bytes = u64(10) << 20;  // streamed, never held: 413
    std::chrono::milliseconds idle{30'000};          // between requests
    std::chrono::milliseconds header_time{10'000};   // from a request's first byte to the end of its header: 408
    std::chrono::milliseconds body_stall{30'000};    // no byte of a body that somebody reads
    std::chrono::milliseconds write_stall{30'000};   // the client takes no byte of the response
};

// What a finished exchange was, for a log.
struct Access {
    const Request& request;
    u16 status = 0;                  // 0: none was sent
    u64 body_bytes = 0;              // of the response
    bool complete = false;           // the whole response was handed to the system
    std::chrono::nanoseconds time{}; // since the header was complete
};

struct ServerOptions {
    std::string address = "127.0.0.1:0";         // "127.0.0.1:8080", "[::1]:8080", "8080" (on 127.0.0.1); port 0: any
    u32 threads = 1;
    ServerLimits limits = {};
    std::function<void(const Access&)> access = {};  // called on the connections' threads, several at once
};

struct ServerCounts {
    u64 connections = 0, requests = 0;           // now
    u64 queued = 0;
    u64 total_connections = 0, total_requests = 0;
    u64 refused = 0;                             // 503
    u64 bad_requests = 0;                        // answered without a handler
};

class Server {
public:
    // Binds, listens and serves. Errors: io (with the address), usage (the address does not parse).
    static Result<Server> listen(const ServerOptions& options, Handler handler);
    Server(Server&&) noexcept;
    Server& operator=(Server&&) noexcept;
    ~Server();                                   // cuts what is still open

    std::string address() const;                 // "127.0.0.1:8080"
    u16 port() const;
    ServerCounts counts() const;
    // Takes no more connections, closes idle ones, and waits for the others' current requests; then cuts what is left. True: nothing was. Blocks;
    // not to be called from a handler.
    bool drain(std::chrono::milliseconds at_most);

    struct Data;

private:
    explicit Server(std::unique_ptr<Data> d);
    std::unique_ptr<Data> data_;
};

}  // namespace heddle::http
