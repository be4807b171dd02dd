// Random bytes for guests, within the limits.
#pragma once
#include <vector>

#include "guest.hpp"

namespace heddle::wasi {

// Throws GuestFault beyond Limits::random_bytes.
std::vector<u8> random_bytes(Guest& g, u64 len);
u64 random_u64(Guest& g);

}  // namespace heddle::wasi
