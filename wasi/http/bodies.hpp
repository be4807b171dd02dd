// Bodies of messages as streams: what comes, and what goes.
#pragma once
#include "http/wit.hpp"
#include "io.hpp"

namespace heddle::wasi {

// An error that a stream carries, so that http-error-code finds it again.
class HttpError final : public IoError {
public:
    explicit HttpError(ErrorCode e) : IoError(describe(e)), code(std::move(e)) {}
    ErrorCode code;
};

// What an error of a BodyStream is as a case of error-code.
ErrorCode code_of(const StreamError& e);

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
    // Called when that came true.
    void on_settled(std::function<void()> f) { on_settled_ = std::move(f); }
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
    std::function<void()> on_settled_;
    Charge charge_;
};

}  // namespace heddle::wasi
