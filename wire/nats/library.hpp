// The NATS client, opened when an app first asks for it: a program that does not use NATS does not pay for loading it.
#pragma once
#include <string>

#include <nats/nats.h>

namespace heddle::wire::nats {

struct Library {
#define NATS_FUNCTION(name) decltype(&::name) name = nullptr;
#include "nats/functions.def"
#undef NATS_FUNCTION
};
// Throws Error (kind io): it is not installed.
const Library& library();

// What went wrong last in this thread, in words.
std::string last_error(natsStatus status);

}  // namespace heddle::wire::nats
