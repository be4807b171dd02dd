// More that an embedder may say about a Context: whom HTTPS trusts, and a second wall around the process.
#pragma once
#include <span>
#include <string>

#include <heddle/error.hpp>
#include <heddle/wasi.hpp>

namespace heddle::wasi {

// Certificates of a PEM file are the only ones that the Context's HTTPS requests trust; without this the system's. An error is kept and reported by
// add().
void trust_authorities(Context& context, const std::string& pem_file);

// What this process may still do with files after second_wall().
struct WallPath {
    std::string path;       // a directory with all beneath it, or a file; one that is not there is passed over
    bool writable = false;
};
// Landlock: from now on this thread and those it makes can open nothing but what lies beneath the Context's directories (read-only ones for reading)
// and `also`; and no program that it runs gains rights (NO_NEW_PRIVS). Descriptors that are open stay usable. It cannot be taken back. Call it before
// guests run and before threads are made. Errors: usage (the kernel has no Landlock, or it is turned off), io.
// https://docs.kernel.org/userspace-api/landlock.html
Result<void> second_wall(const Context& context, std::span<const WallPath> also = {});

}  // namespace heddle::wasi
