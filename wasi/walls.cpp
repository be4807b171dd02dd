#include <heddle/wasi_walls.hpp>

#include "context.hpp"
#include "http/client.hpp"
#include "os/landlock.hpp"

namespace heddle::wasi {

void trust_authorities(Context& context, const std::string& pem_file) {
    ContextData& c = context.data();
    if (auto wrong = http::unusable_authorities(pem_file); wrong && !c.error) c.error = Error{Error::Kind::io, pem_file + ": " + *wrong};
    c.outbound->authorities = pem_file;
}

namespace {

std::unexpected<Error> no_wall(Errno e) {
    bool missing = e == Errno::nosys || e == Errno::notsup;
    return std::unexpected(Error{missing ? Error::Kind::usage : Error::Kind::io,
                                 missing ? "this kernel has no Landlock, or it is turned off (it needs Linux 5.13 with landlock among the lsm= of its command line)"
                                         : "Landlock: " + std::string(text(e))});
}

}  // namespace

Result<void> second_wall(const Context& context, std::span<const WallPath> also) {
    auto wall = os::Wall::begin();
    if (!wall) return no_wall(wall.error());
    for (const Directory& d : context.data().directories)
        if (auto ok = wall->allow(d.descriptor->get(), !d.read_only); !ok) return no_wall(ok.error());
    for (const WallPath& p : also)
        if (auto ok = wall->allow(p.path, p.writable); !ok) return no_wall(ok.error());
    if (auto ok = wall->close(); !ok) return no_wall(ok.error());
    return {};
}

}  // namespace heddle::wasi
