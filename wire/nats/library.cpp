// The client's functions by their names, once per process.
#include "nats/library.hpp"

#include <dlfcn.h>

#include <heddle/error.hpp>

namespace heddle::wire::nats {

namespace {

Library open_library() {
    std::string name = "libnats.so." + std::to_string(NATS_VERSION_MAJOR) + "." + std::to_string(NATS_VERSION_MINOR);
    void* file = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!file) throw Error{Error::Kind::io, name + " cannot be opened, which NATS needs (Debian's package libnats" + name.substr(11) + "): " + dlerror()};
    Library l;
    auto find = [&](auto& function, const char* symbol) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(file, symbol));
        if (!function) throw Error{Error::Kind::io, name + " has no function " + symbol};
    };
#define NATS_FUNCTION(name) find(l.name, #name);
#include "nats/functions.def"
#undef NATS_FUNCTION
    if (natsStatus s = l.nats_Open(-1); s != NATS_OK) throw Error{Error::Kind::io, std::string("the NATS client does not start: ") + l.natsStatus_GetText(s)};
    return l;
}

}  // namespace

const Library& library() {
    static const Library l = open_library();
    return l;
}

std::string last_error(natsStatus status) {
    natsStatus of = NATS_OK;
    const char* text = library().nats_GetLastError(&of);
    std::string words = library().natsStatus_GetText(status);
    return text && *text && of == status ? words + " (" + text + ")" : words;
}

}  // namespace heddle::wire::nats
