// What a guest holds of its host, noted and put back.
#include <heddle/wasi_reuse.hpp>

#include <algorithm>

#include "io.hpp"
#include "p1/process.hpp"

namespace heddle::wasi {

struct Held::Data {
    std::vector<std::pair<std::weak_ptr<p1::Process>, p1::FileTable>> files;
};

namespace {

std::unexpected<Error> cannot_keep(std::string what) { return std::unexpected(Error{Error::Kind::limit, "no snapshot can keep what the guest holds: " + std::move(what)}); }

bool is_standard(Guest& g, const std::shared_ptr<Resource>& r) {
    return std::ranges::any_of(std::array{0, 1, 2}, [&](int n) { return g.standard_stream(n) == r; });
}

}  // namespace

Result<Held> Held::note(Store& store, const Context& context) {
    if (auto& slot = component::host_data(store)) {
        Guest& g = *static_cast<Guest*>(slot.get());
        for (const auto& [rep, r] : g.resources())
            if (r->has_state() && !is_standard(g, r)) return cannot_keep("a resource of the host with a state of its own (a stream, a socket, a message, a timer)");
    }
    auto data = std::make_shared<Data>();
    for (const auto& weak : context.data().processes) {
        auto process = weak.lock();
        if (!process) continue;
        if (auto fd = process->files.find_opened()) return cannot_keep("descriptor " + std::to_string(*fd) + ", a file or connection that it has opened");
        data->files.emplace_back(process, process->files);
    }
    Held h;
    h.data_ = std::move(data);
    return h;
}

void Held::put_back() const {
    for (const auto& [weak, files] : data_->files)
        if (auto process = weak.lock()) process->files = files;
}

std::string take_captured(const Context& context, int stream) {
    Stream& s = *context.data().streams[stream];
    return s.kind == Stream::Kind::bytes ? std::exchange(s.bytes, {}) : std::string();
}

}  // namespace heddle::wasi
