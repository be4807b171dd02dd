// One connection to a client: reads requests, one after the other, and writes their responses.
//
//   header ──► waiting ──► exchange ──► header …          keep-alive: the next request may have come already
//      │        (queue)       │  └────► draining ─► …     the handler did not read the body
//      └─ error response ─► lingering ─► closed           our end is closed, theirs is read to its end
//
// Everything runs on the connection's loop.
#pragma once
#include <boost/asio/ip/tcp.hpp>

#include "http/message_parser.hpp"
#include "http/server_core.hpp"

namespace heddle::http {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(std::shared_ptr<Core> core, Loop& loop, asio::ip::tcp::socket socket);
    ~Connection();
    void start();
    void drain();                                   // no further request
    void cut();                                     // now
    void check_deadlines(Clock::time_point now);
    void admitted();
    Loop& loop() { return loop_; }
    Core& core() { return *core_; }

    // ---- for the Exchange with this number; another number: it is over
    void read(u64 exchange, std::function<void(BodyPart)> then);
    void respond(u64 exchange, Response r);
    void inform(u64 exchange, u16 status, const Fields& fields);
    void start_response(u64 exchange, u16 status, Fields fields);
    void write(u64 exchange, std::string bytes, std::function<void(bool)> then);
    void finish(u64 exchange, const Fields& trailers);
    void abort(u64 exchange);
    void dropped(u64 exchange);
    void on_gone(u64 exchange, std::function<void()> gone);

private:
    enum class State : u8 { header, waiting, exchange, draining, lingering, closed };
    enum class Framing : u8 { none, length, chunks, to_end };

    void advance();
    bool step();                                    // false: nothing more to do before something comes
    bool step_header();
    bool step_body();
    bool step_discard();
    std::size_t feed();
    void receive();
    void received(const boost::system::error_code& error, std::size_t n);

    void begin_exchange();
    std::optional<Response> complete_request();
    void run_handler();
    void take_request(Request r);
    void refuse(Response r);                        // answers without a handler, then closes
    void refuse_unparsed(Response r);
    void deliver(BodyPart part);

    void put_head(u16 status, const Fields& fields, std::optional<u64> length);
    void flush_soon();
    void flush();
    void flushed(const boost::system::error_code& error);
    void response_done();
    void end_exchange(bool complete);
    void next_request();
    void linger();
    void break_off();
    void gone();
    void close();

    std::shared_ptr<Core> core_;
    Loop& loop_;
    asio::ip::tcp::socket socket_;
    State state_ = State::header;
    bool advancing_ = false, again_ = false;

    // ---- incoming
    MessageParser parser_;
    std::vector<char> buffer_;
    std::size_t from_ = 0, to_ = 0;                 // what is in the buffer
    bool receiving_ = false, ended_ = false;        // ended: the client has closed its end
    u64 discarded_ = 0;
    Clock::time_point read_deadline_ = Clock::time_point::max();
    Clock::time_point write_deadline_ = Clock::time_point::max();

    // ---- the exchange
    u64 number_ = 0;
    std::shared_ptr<Request> request_;
    Clock::time_point begun_;
    std::function<void(BodyPart)> reader_;
    std::function<void()> gone_;
    bool keep_alive_ = true, expects_continue_ = false;

    // ---- outgoing
    Framing framing_ = Framing::none;
    u64 length_left_ = 0;
    u16 status_ = 0;                                // 0: the response has not begun
    bool no_body_ = false, finished_ = false, cut_ = false, flush_posted_ = false;
    u64 body_bytes_ = 0;
    std::string pending_, sending_;
    std::vector<std::function<void(bool)>> writers_;  // waiting for room
};

}  // namespace heddle::http
