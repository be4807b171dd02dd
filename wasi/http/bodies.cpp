#include "http/bodies.hpp"

#include <algorithm>

namespace heddle::wasi {

namespace {

StreamError stream_error(const ErrorCode& e) { return {std::make_shared<HttpError>(e)}; }

ErrorCode code_of(const Error& e) {
    switch (e.kind) {
        case Error::Kind::limit: return {.what = ErrorCode::http_request_body_size};
        case Error::Kind::malformed: return {.what = ErrorCode::http_protocol_error};
        case Error::Kind::io: return {.what = ErrorCode::connection_terminated};
        default: return {.what = ErrorCode::internal_error, .text = e.message};
    }
}

}  // namespace

ErrorCode code_of(const StreamError& e) {
    if (auto* known = dynamic_cast<const HttpError*>(e.failed.get())) return known->code;
    return {.what = ErrorCode::connection_terminated};
}

// ---- bodies that come ------------------------------------------------------------------------------------------------------------------

StreamResult<std::vector<u8>> BodyIn::read(u64 len) {
    if (at_ == bytes_.size() && ended_) return std::unexpected(error_ ? stream_error(*error_) : StreamError::closed());
    std::size_t n = std::size_t(std::min<u64>(len, bytes_.size() - at_));
    const u8* from = reinterpret_cast<const u8*>(bytes_.data()) + at_;
    Bytes some(from, from + n);
    at_ += n;
    if (at_ == bytes_.size()) {
        bytes_.clear();
        at_ = 0;
        charge_.resize(0);
    }
    return some;
}

void BodyIn::arm() {
    if (asked_ || ended_ || at_ < bytes_.size()) return;
    asked_ = true;
    source_->read([weak = weak_from_this()](http::BodyPart part) {
        if (auto self = weak.lock()) static_cast<BodyIn&>(*self).came(std::move(part));
    });
}

void BodyIn::discard() {
    discarding_ = true;
    bytes_.clear();
    at_ = 0;
    arm();
}

void BodyIn::came(http::BodyPart part) {
    asked_ = false;
    if (!discarding_) bytes_ = std::move(part.bytes);
    at_ = 0;
    if (!charge_.try_resize(bytes_.size())) error_ = ErrorCode{.what = ErrorCode::internal_error, .text = "no host memory left for the body"};
    if (part.error) {
        auto known = source_->failure();
        error_ = known ? *known : code_of(*part.error);
    }
    trailers_ = std::move(part.trailers);
    ended_ = part.end || error_;
    if (ended_) source_ = nullptr;
    else if (discarding_) return arm();
    changed();
}

// ---- bodies that go --------------------------------------------------------------------------------------------------------------------

BodyOut::~BodyOut() { abort(); }

StreamResult<u64> BodyOut::check_write() {
    if (failed_) return std::unexpected(stream_error({.what = ErrorCode::connection_terminated}));
    if (finished_) return std::unexpected(StreamError::closed());
    u64 held = pending_.size() + in_flight_;
    if (flushing_ && in_flight_ == 0 && (pending_.empty() || !sink_)) flushing_ = false;
    if (flushing_ || held >= stream_chunk) return 0;
    u64 room = stream_chunk - held;
    return length_ ? std::min(room, std::max<u64>(*length_ - written_, 1)) : room;
}

StreamResult<void> BodyOut::write(std::span<const u8> bytes) {
    if (failed_) return std::unexpected(stream_error({.what = ErrorCode::connection_terminated}));
    if (finished_) return std::unexpected(StreamError::closed());
    if (length_ && bytes.size() > *length_ - written_)
        return std::unexpected(stream_error({.what = ErrorCode::http_request_body_size, .number = written_ + bytes.size()}));
    written_ += bytes.size();
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    charge_.resize(pending_.size() + in_flight_);
    send();
    return {};
}

StreamResult<void> BodyOut::flush() {
    if (failed_) return std::unexpected(stream_error({.what = ErrorCode::connection_terminated}));
    if (finished_) return std::unexpected(StreamError::closed());
    flushing_ = true;
    return {};
}

void BodyOut::send_to(std::shared_ptr<http::BodySink> sink) {
    sink_ = std::move(sink);
    if (!failed_) return send();
    if (!pending_.empty()) sink_->write(std::exchange(pending_, {}), [](bool) {});
    sink_->abort();
}

void BodyOut::send() {
    if (!sink_ || told_) return;
    if (!pending_.empty() && in_flight_ == 0) {
        in_flight_ = pending_.size();
        sink_->write(std::exchange(pending_, {}), [self = as<BodyOut>()](bool ok) {
            self->in_flight_ = 0;
            if (!ok) self->failed_ = true;
            if (!ok && self->on_settled_) self->on_settled_();
            self->charge_.resize(self->pending_.size());
            self->send();
            self->changed();
        });
    }
    if (!finished_ || !pending_.empty()) return;
    told_ = true;
    sink_->finish(trailers_);
    if (on_settled_) on_settled_();
}

std::expected<void, ErrorCode> BodyOut::finish(http::Fields trailers) {
    if (length_ && written_ != *length_) {
        abort();
        return std::unexpected(ErrorCode{.what = ErrorCode::http_request_body_size, .number = written_});
    }
    finished_ = true;
    trailers_ = std::move(trailers);
    send();
    return {};
}

void BodyOut::abort() {
    if (told_) return;
    told_ = failed_ = true;
    if (sink_ && !pending_.empty()) sink_->write(std::exchange(pending_, {}), [](bool) {});
    if (sink_) sink_->abort();
    if (on_settled_) on_settled_();
}

std::optional<std::string> BodyOut::take_whole() {
    if (!finished_ || sink_ || !trailers_.empty()) return std::nullopt;
    told_ = true;
    return std::exchange(pending_, {});
}

}  // namespace heddle::wasi
