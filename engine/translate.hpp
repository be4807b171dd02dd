// Wasm -> threaded code, one function at a time, in one pass over its validated instructions; at a function's first call.
#pragma once
#include <vector>

#include "runtime.hpp"

namespace heddle {

// Translates the function and publishes its code (another thread may have been faster); gives its entry. Throws Error for what this
// implementation cannot hold, and bad_alloc.
const Word* translate(FuncCode& code);

// Which bytes a cell came from: `cell` is a word of the function's code, `offset` counts from the start of the module. Ascending by cell.
struct CellOffset {
    u32 cell = 0, offset = 0;
};
// No table is kept from cells to bytes: the function is translated again. Translation is deterministic, so the cells match.
std::vector<CellOffset> cell_offsets(FuncCode& code);

// A frame's numbers. Slots above 65,535 cannot be named in cells: a function with so many gets a window of near slots between its
// parameters and its locals, through which operands travel.
struct FrameLayout {
    bool wide = false;
    u32 record = 0;  // slot of the frame record
    u32 slots = 0;   // of the whole frame
};
inline constexpr u32 window_slots = 24;
FrameLayout frame_layout(const FuncBody& body);

}  // namespace heddle
