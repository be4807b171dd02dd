// Calls the filter that it is linked with, for comparison with a plug-in.
#include "guest.h"

IMPORT("demo:filters/filter@1.0.0", "add") u32 filter_add(u32 a, u32 b);

EXPORT("add-linked") u32 add_linked(u32 calls) {
    u32 sum = 0;
    for (u32 i = 0; i < calls; ++i) sum = filter_add(sum, i);
    return sum;
}
