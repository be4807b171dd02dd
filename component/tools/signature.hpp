// The core signature of a WIT function, lifted or lowered, and what its calls need.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md#flattening
#pragma once
#include <heddle/wit.hpp>

#include "model.hpp"

namespace heddle::component::tools {

struct Signature {
    std::vector<CoreValType> params, results;
    bool memory = false, realloc = false, strings = false;
};

enum class Call : u8 { lift, async_callback, async_stackful, lower, async_lower, task_return };

// Throws Error: limit for types that nest more than 100 deep.
Signature signature(const wit::Resolve& r, const wit::Function& f, Call call);

// Strings, lists or maps in it.
bool has_pointer(const wit::Resolve& r, const wit::Type& t);
bool has_string(const wit::Resolve& r, const wit::Type& t);

// The streams and futures in a function's type, in the order in which the names of their built-ins count them: parameters before the result,
// what is inside before what it is in.
std::vector<u32> streams_and_futures(const wit::Resolve& r, const wit::Function& f);

// "(func (param i32 i32) (result i32))"
std::string to_string(const Signature& s);

}  // namespace heddle::component::tools
