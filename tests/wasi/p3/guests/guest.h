// What these guests share: a heap that only grows, arguments, a line of output.
#pragma once
#include "../../cabi.h"

enum { EXIT = 0, WAIT = 2, BLOCKED = 0xffffffffu };  // what a task says, what a copy says

IMPORT("$root", "[waitable-set-new]") u32 waitable_set_new(void);
IMPORT("$root", "[waitable-set-drop]") void waitable_set_drop(u32);
IMPORT("$root", "[waitable-join]") void waitable_join(u32 waitable, u32 set);
IMPORT("[export]wasi:cli/run@0.3.0", "[task-return]run") void run_is(u32 failed);
IMPORT("wasi:cli/environment@0.3.0", "get-arguments") void get_arguments(u32* out);
IMPORT("wasi:cli/stdout@0.3.0", "write-via-stream") u32 print_stream(u32);
IMPORT("wasi:cli/stdout@0.3.0", "[stream-new-0]write-via-stream") u64 print_new(void);
IMPORT("wasi:cli/stdout@0.3.0", "[stream-write-0]write-via-stream") u32 print_write(u32, const u8*, u32);
IMPORT("wasi:cli/stdout@0.3.0", "[stream-drop-writable-0]write-via-stream") void print_end(u32);
IMPORT("wasi:cli/stdout@0.3.0", "[future-read-1]write-via-stream") u32 print_wait(u32, u8*);
IMPORT("wasi:cli/stdout@0.3.0", "[future-drop-readable-1]write-via-stream") void print_drop(u32);

static inline void* room(u32 size) { return cabi_realloc(0, 0, 16, size); }

static inline text argument(u32 n) {
    u32 list[2];
    get_arguments(list);
    const text* all = (const text*)list[0];
    return n < list[1] ? all[n] : (text){0, 0};
}
static inline u32 number(text t) {
    u32 n = 0;
    for (u32 i = 0; i < t.size && t.data[i] >= '0' && t.data[i] <= '9'; ++i) n = n * 10 + (t.data[i] - '0');
    return n;
}

// "words 123\n"
static inline void print(const char* words, u32 n) {
    u8 line[64], digits[12], verdict[16];
    u32 size = 0, k = 0;
    while (words[size]) line[size] = (u8)words[size], ++size;
    do digits[k++] = (u8)('0' + n % 10);
    while (n /= 10);
    while (k) line[size++] = digits[--k];
    line[size++] = '\n';
    u64 ends = print_new();
    u32 written = print_stream((u32)ends);
    print_write((u32)(ends >> 32), line, size);
    print_end((u32)(ends >> 32));
    print_wait(written, verdict);
    print_drop(written);
}
