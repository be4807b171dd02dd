// One request to a component's handler, on the caller's thread: with whole bodies, or in pieces as the guest reads and writes them.
#include <heddle/serve.hpp>

#include <heddle/component_driving.hpp>

#include "http/exchange_body.hpp"
#include "p2/http.hpp"
#include "p3/http.hpp"

namespace heddle::wasi {

namespace {

// Where the response goes.
class Client {
public:
    virtual ~Client() = default;
    virtual std::shared_ptr<http::BodySource> source() = 0;
    virtual void inform(u16 status, const http::Fields& fields) = 0;
    virtual void respond(http::Response r) = 0;
    virtual std::shared_ptr<http::BodySink> start(u16 status, http::Fields fields) = 0;
    // Why nothing more need be done.
    virtual std::optional<Error> fault() const { return std::nullopt; }
};

// ---- whole bodies

class WholeSource final : public http::BodySource {
public:
    WholeSource(std::string bytes, std::shared_ptr<Reactor> r) : bytes_(std::move(bytes)), reactor_(std::move(r)) {}
    void read(std::function<void(http::BodyPart)> then) override {
        reactor_->post([then = std::move(then), part = http::BodyPart{.bytes = std::exchange(bytes_, {}), .end = true}] { then(part); });
    }

private:
    std::string bytes_;
    std::shared_ptr<Reactor> reactor_;
};

struct Whole {
    http::Response response;
    std::size_t limit = 0;
    bool cut = false, too_long = false;
};

// The body that it serves belongs to the whole, which is there as long as somebody waits for it.
class WholeSink final : public http::BodySink {
public:
    WholeSink(std::weak_ptr<Whole> w, std::shared_ptr<Reactor> r) : whole_(std::move(w)), reactor_(std::move(r)) {}
    void write(std::string bytes, std::function<void(bool)> then) override {
        auto whole = whole_.lock();
        if (whole) whole->too_long = whole->too_long || whole->response.body.size() + bytes.size() > whole->limit;
        bool ok = whole && !whole->too_long;
        if (ok) whole->response.body += bytes;
        reactor_->post([then = std::move(then), ok] { then(ok); });
    }
    void finish(http::Fields) override {}
    void abort() override {
        if (auto whole = whole_.lock()) whole->cut = true;
    }

private:
    std::weak_ptr<Whole> whole_;
    std::shared_ptr<Reactor> reactor_;
};

class WholeClient final : public Client {
public:
    WholeClient(std::string body, std::size_t limit, std::shared_ptr<Reactor> r) : body_(std::move(body)), reactor_(std::move(r)) { whole_->limit = limit; }
    std::shared_ptr<http::BodySource> source() override { return std::make_shared<WholeSource>(std::move(body_), reactor_); }
    void inform(u16, const http::Fields&) override {}
    void respond(http::Response r) override {
        whole_->too_long = r.body.size() > whole_->limit;
        whole_->response = std::move(r);
    }
    std::shared_ptr<http::BodySink> start(u16 status, http::Fields fields) override {
        whole_->response = {status, std::move(fields), {}};
        return std::make_shared<WholeSink>(whole_, reactor_);
    }
    std::optional<Error> fault() const override {
        if (whole_->too_long) return Error{Error::Kind::limit, "the response's body is longer than " + std::to_string(whole_->limit) + " bytes"};
        if (whole_->cut) return Error{Error::Kind::invalid, "the component did not finish its response's body"};
        return std::nullopt;
    }
    http::Response take() { return std::move(whole_->response); }

private:
    std::string body_;
    std::shared_ptr<Reactor> reactor_;
    std::shared_ptr<Whole> whole_ = std::make_shared<Whole>();
};

// ---- bodies in pieces

class ExchangeClient final : public Client {
public:
    ExchangeClient(http::ExchangePtr x, http::Fields also, std::shared_ptr<Reactor> r) : exchange_(std::move(x)), also_(std::move(also)), reactor_(std::move(r)) {}
    std::shared_ptr<http::BodySource> source() override { return std::make_shared<ExchangeSource>(exchange_, reactor_, too_large_); }
    void inform(u16 status, const http::Fields& fields) override { exchange_->inform(status, fields); }
    void respond(http::Response r) override {
        if (*too_large_) r = http::problem(413, "the request's body is too large");
        add(r.fields);
        begun = whole = true;
        exchange_->respond(std::move(r));
    }
    std::shared_ptr<http::BodySink> start(u16 status, http::Fields fields) override {
        add(fields);
        begun = true;
        exchange_->start(status, std::move(fields));
        return std::make_shared<ExchangeSink>(exchange_, reactor_);
    }
    bool begun = false, whole = false;

private:
    void add(http::Fields& fields) const { fields.insert(fields.end(), also_.begin(), also_.end()); }
    http::ExchangePtr exchange_;
    http::Fields also_;
    std::shared_ptr<Reactor> reactor_;
    std::shared_ptr<bool> too_large_ = std::make_shared<bool>(false);
};

// ---- the request

constexpr std::string_view handler_0_3 = "wasi:http/handler@0.3.", handler_0_2 = "wasi:http/incoming-handler@0.2.";

std::optional<ComponentFunc> handler_of(const ComponentInstance& instance, std::string_view start) {
    std::string best;
    for (const component::ExternInfo& e : instance.exports())
        if (e.name.starts_with(start) && e.name > best) best = e.name;
    return best.empty() ? std::nullopt : instance.find_func(best + ".handle");
}

std::unexpected<Error> failed(Error::Kind kind, std::string message) { return std::unexpected(Error{kind, std::move(message)}); }

// What one request is, until its response has gone.
class Visit : public std::enable_shared_from_this<Visit> {
public:
    Visit(Store& s, Guest& g, Client& c, const std::function<void(bool)>& a) : store_(s), guest_(g), client_(c), around_(a) {}
    Result<void> run(const ComponentInstance& instance, const http::Request& request);

private:
    using Answer = std::expected<std::shared_ptr<p2::OutgoingResponse>, http::ErrorCode>;
    std::vector<Val> arguments(const http::Request& from);
    void answered(Answer response);
    void answered_0_3(const Val& result);
    void begin();
    bool look(const ComponentCall& call);
    bool is_over() const { return returned_ && (!body_ || body_->settled()); }
    void wait();

    Store& store_;
    Guest& guest_;
    Client& client_;
    const std::function<void(bool)>& around_;
    bool is_0_3_ = false, returned_ = false, answered_ = false;
    std::string error_;
    std::optional<std::pair<u16, http::Fields>> head_;  // of a response that has not begun
    std::shared_ptr<BodyOut> body_;
    std::optional<Error> fault_;
};

std::vector<Val> Visit::arguments(const http::Request& from) {
    if (is_0_3_) return p3::handler_arguments(guest_, from, client_.source());
    return p2::handler_arguments(guest_, from, client_.source(),
                                 {.inform = [weak = weak_from_this()](u16 status, const http::Fields& f) {
                                      if (auto visit = weak.lock()) visit->client_.inform(status, f);
                                  },
                                  .set = [weak = weak_from_this()](Answer response) {
                                      if (auto visit = weak.lock()) visit->answered(std::move(response));
                                  }});
}

void Visit::answered(Answer response) {
    answered_ = true;
    if (!response) return void(error_ = describe(response.error()));
    head_.emplace((*response)->status, (*response)->headers->all());
    body_ = (*response)->body;
}

void Visit::answered_0_3(const Val& result) {
    auto answer = Wit<std::expected<Own<p3::Response>, ErrorCode>>::from(guest_, result);
    answered_ = true;
    if (!answer) return void(error_ = describe(answer.error()));
    p3::Response& from = **answer;
    head_.emplace(from.status, from.headers->all());
    bool empty = from.contents.is_empty();
    if (!empty) body_ = std::make_shared<BodyOut>(guest_, content_length(head_->second));
    p3::send_contents(guest_, std::move(from.contents), body_);
}

// When the guest waits or has ended: what it wrote until then goes out with the head.
void Visit::begin() {
    if (!head_) return;
    auto [status, fields] = std::move(*std::exchange(head_, std::nullopt));
    std::optional<std::string> whole = body_ ? body_->take_whole() : std::string();
    if (whole) client_.respond({status, std::move(fields), std::move(*whole)});
    else body_->send_to(client_.start(status, std::move(fields)));
}

// After the guest has run as far as it could. True: it can go on.
bool Visit::look(const ComponentCall& call) {
    bool returns = call.is_done() && !returned_;
    if (returns) {
        returned_ = true;
        auto result = call.result();
        if (!result) return fault_ = result.error(), false;
        if (is_0_3_) answered_0_3(**result);
        else if (body_) body_->ended();
        if (is_0_3_) return true;  // what it writes at once leaves with the head
    }
    begin();
    return false;
}

void Visit::wait() {
    constexpr u64 slice = 5'000'000;  // between two looks at the cancellation
    if (around_) around_(true);
    guest_.reactor().run_one(slice);
    if (around_) around_(false);
}

Result<void> Visit::run(const ComponentInstance& instance, const http::Request& request) {
    auto handle = handler_of(instance, handler_0_3);
    is_0_3_ = handle.has_value();
    if (!handle) handle = handler_of(instance, handler_0_2);
    if (!handle) return failed(Error::Kind::usage, "the component exports neither wasi:http/handler@0.3 nor wasi:http/incoming-handler@0.2");
    component::return_parked(store_);
    auto call = handle->start(arguments(request));
    if (!call) return std::unexpected(call.error());
    for (;;) {
        while (ComponentScheduler::tick(store_)) {}
        guest_.reactor().poll();
        if (look(*call)) continue;
        if (fault_ || !error_.empty() || client_.fault() || is_over()) break;
        if (guest_.context().cancellation.is_set()) return failed(Error::Kind::trapped, "the call was cancelled");
        wait();
    }
    while (guest_.reactor().poll() || ComponentScheduler::tick(store_)) {}
    if (fault_) return std::unexpected(*fault_);
    if (auto fault = client_.fault()) return std::unexpected(*fault);
    if (!error_.empty()) return failed(Error::Kind::invalid, "the component gave the error " + error_);
    if (!answered_) return failed(Error::Kind::invalid, "the component gave no response");
    return {};
}

Result<void> handle_one(Store& store, const ComponentInstance& instance, const http::Request& request, Client& client, Guest& guest, const std::function<void(bool)>& around) {
    try {
        return std::make_shared<Visit>(store, guest, client, around)->run(instance, request);
    } catch (const GuestFault& e) {
        return failed(Error::Kind::limit, e.what());
    }
}

Result<std::shared_ptr<Guest>> guest_of(Store& store) {
    auto guest = std::static_pointer_cast<Guest>(component::host_data(store));
    if (!guest || !guest->context().reactor) return failed(Error::Kind::usage, "the Store has no WASI context: attach one before its first instance");
    return guest;
}

}  // namespace

Result<http::Response> handle_request(Store& store, const ComponentInstance& instance, const http::Request& request, std::string body, std::size_t limit) {
    auto guest = guest_of(store);
    if (!guest) return std::unexpected(guest.error());
    WholeClient client(std::move(body), limit, (*guest)->context().reactor);
    auto done = handle_one(store, instance, request, client, **guest, {});
    if (!done) return std::unexpected(done.error());
    return client.take();
}

Handled handle_exchange(Store& store, const ComponentInstance& instance, const http::ExchangePtr& x, http::Fields also, const std::function<void(bool begins)>& around) {
    auto guest = guest_of(store);
    if (!guest) return {false, guest.error()};
    ExchangeClient client(x, std::move(also), (*guest)->context().reactor);
    auto done = handle_one(store, instance, x->request(), client, **guest, around);
    if (done) return {client.begun};
    if (client.begun && !client.whole) x->abort();  // so that the client sees that something is missing
    return {client.begun, done.error()};
}

}  // namespace heddle::wasi
