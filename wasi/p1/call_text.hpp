// Calls of preview 1 in words: what the guest passed, and what it got.
#pragma once
#include <span>
#include <string>

#include "p1/abi.hpp"
#include "trace.hpp"

namespace heddle::wasi::p1 {

// How many words the parameters of a function are that this knows: as many as its WebAssembly type has.
std::size_t words_of(std::string_view function, bool unstable);
// What a call passes, by its parameters: pointers as what they point to. `slots`: one 64-bit word per parameter; of another function than those of
// functions.hpp there is nothing to tell.
void tell_arguments(TracedCall& call, std::string_view function, bool unstable, GuestMemory m, std::span<const u64> slots);
// "success(opened=5)", "noent": what the guest got, once it has it.
std::string result_text(std::string_view function, bool unstable, GuestMemory m, std::span<const u64> slots, Errno e);

}  // namespace heddle::wasi::p1
