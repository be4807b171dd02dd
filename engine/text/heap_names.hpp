// The heap types' names and the short forms of nullable references to them.
// https://webassembly.github.io/spec/core/text/types.html#reference-types
#pragma once
#include <string_view>

#include <heddle/types.hpp>

namespace heddle::text {

struct HeapName {
    Heap heap;
    std::string_view name, reference;
};

inline constexpr HeapName heap_names[] = {{Heap::func, "func", "funcref"},
                                          {Heap::nofunc, "nofunc", "nullfuncref"},
                                          {Heap::extern_, "extern", "externref"},
                                          {Heap::noextern, "noextern", "nullexternref"},
                                          {Heap::any, "any", "anyref"},
                                          {Heap::eq, "eq", "eqref"},
                                          {Heap::i31, "i31", "i31ref"},
                                          {Heap::struct_, "struct", "structref"},
                                          {Heap::array, "array", "arrayref"},
                                          {Heap::none, "none", "nullref"},
                                          {Heap::exn, "exn", "exnref"},
                                          {Heap::noexn, "noexn", "nullexnref"},
                                          {Heap::cont, "cont", "contref"},
                                          {Heap::nocont, "nocont", "nullcontref"}};

}  // namespace heddle::text
