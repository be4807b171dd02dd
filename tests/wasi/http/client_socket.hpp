// A client of bytes: what it sends and gets is exactly what a test says.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <heddle/types.hpp>

namespace heddle::http {

class ClientSocket {
public:
    explicit ClientSocket(u16 port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
    }
    ~ClientSocket() { close(); }
    ClientSocket(const ClientSocket&) = delete;

    bool connected() const { return connected_; }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    void reset() {
        linger l{1, 0};
        setsockopt(fd_, SOL_SOCKET, SO_LINGER, &l, sizeof l);
        close();
    }
    void shutdown_send() { ::shutdown(fd_, SHUT_WR); }
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(std::size_t(n));
        }
        return true;
    }
    // How many of `bytes` the other end takes before it stops for `quiet` milliseconds.
    std::size_t send_until_stuck(std::string_view bytes, int quiet = 300) {
        std::size_t all = 0;
        while (all < bytes.size()) {
            pollfd p{fd_, POLLOUT, 0};
            if (poll(&p, 1, quiet) <= 0) break;
            ssize_t n = ::send(fd_, bytes.data() + all, bytes.size() - all, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n <= 0) break;
            all += std::size_t(n);
        }
        return all;
    }
    // Something; empty at the end, or after ten seconds.
    std::string receive() {
        pollfd p{fd_, POLLIN, 0};
        if (poll(&p, 1, 10'000) <= 0) return {};
        std::string some(65536, '\0');
        ssize_t n = recv(fd_, some.data(), some.size(), 0);
        some.resize(n > 0 ? std::size_t(n) : 0);
        return some;
    }
    // Until `text` has come; all that came. What came behind it is kept.
    std::string until(std::string_view text) {
        std::string all = std::exchange(kept_, {});
        std::size_t at;
        while ((at = all.find(text)) == all.npos) {
            std::string more = receive();
            if (more.empty()) return all;
            all += more;
        }
        kept_ = all.substr(at + text.size());
        all.resize(at + text.size());
        return all;
    }
    std::string to_end() {
        std::string all = std::exchange(kept_, {});
        for (std::string more; !(more = receive()).empty();) all += more;
        return all;
    }
    // One response with Content-Length or chunks.
    std::string response() {
        std::string head = until("\r\n\r\n");
        if (head.find("transfer-encoding: chunked") != head.npos) return head + until("0\r\n\r\n");
        std::size_t at = head.find("content-length: ");
        std::size_t n = at == head.npos ? 0 : std::stoul(head.substr(at + 16));
        while (kept_.size() < n) {
            std::string more = receive();
            if (more.empty()) break;
            kept_ += more;
        }
        std::string body = kept_.substr(0, n);
        kept_.erase(0, body.size());
        return head + body;
    }

private:
    int fd_;
    bool connected_ = false;
    std::string kept_;
};

}  // namespace heddle::http
