// Landlock and NO_NEW_PRIVS: rights that this thread, and those it makes, give away for ever.
#pragma once
#include <string>

#include "os/descriptor.hpp"
#include "os/errno.hpp"

namespace heddle::wasi::os {

class Wall {
public:
    // Errors: nosys, notsup (the kernel has no Landlock, or it is turned off).
    static Os<Wall> begin();
    // What lies beneath an open directory, or an open file, stays reachable.
    Os<void> allow(int fd, bool writable) const;
    Os<void> allow(const std::string& path, bool writable) const;   // one that is not there is passed over
    // From now on everything else is refused.
    Os<void> close() const;

private:
    explicit Wall(Descriptor rules, int version) : rules_(std::move(rules)), version_(version) {}
    Descriptor rules_;
    int version_;
};

}  // namespace heddle::wasi::os
