// A filter in C: what it does with a byte is all that differs. Include it behind `static u8 filtered(u8 byte)` and FILTER_NAME.
#include "guest.h"

#define FILTER "demo:filters/filter@1.0.0"
IMPORT("[export]" FILTER, "[resource-new]session") u32 session_new(u32 rep);
IMPORT("[export]" FILTER, "[resource-rep]session") u32 session_rep(u32 handle);
IMPORT("[export]" FILTER, "[resource-drop]session") void session_drop(u32 handle);

static u32 counts[4096], ended;

static u32 session_begin(void) {
    for (u32 i = 1; i < 4096; ++i)
        if (!counts[i]) {
            counts[i] = 1;
            return session_new(i);
        }
    __builtin_trap();
}

static Text *filter(const u8 *at, u32 size) {
    u8 *to = arena_take(size, 1);
    for (u32 i = 0; i < size; ++i) to[i] = filtered(at[i]);
    Text *result = arena_take(sizeof *result, 4);
    *result = (Text){to, size};
    return result;
}

EXPORT(FILTER "#[constructor]session") u32 begin(const u8 *title, u32 size) {
    (void)title, (void)size;
    arena_clear();
    return session_begin();
}
EXPORT(FILTER "#[dtor]session") void end(u32 rep) {
    counts[rep] = 0;
    ++ended;
}
EXPORT(FILTER "#[method]session.feed") Text *feed(u32 rep, const u8 *at, u32 size) {
    counts[rep] += size;
    return filter(at, size);
}
EXPORT("cabi_post_" FILTER "#[method]session.feed") void fed(Text *result) {
    (void)result;
    arena_clear();
}
EXPORT(FILTER "#[method]session.count") u32 count(u32 rep) { return counts[rep] - 1; }

EXPORT(FILTER "#name") Text *name(void) {
    static Text text;
    text = TEXT(FILTER_NAME);
    return &text;
}
EXPORT(FILTER "#apply") Text *apply(const u8 *at, u32 size) { return filter(at, size); }
EXPORT("cabi_post_" FILTER "#apply") void applied(Text *result) {
    (void)result;
    arena_clear();
}
EXPORT(FILTER "#add") u32 add(u32 a, u32 b) { return a + b; }
EXPORT(FILTER "#merge") u32 merge(u32 into, u32 other) {
    u32 rep = session_rep(other);
    counts[into] += counts[rep] - 1;
    session_drop(other);
    return counts[into] - 1;
}

static void grow_for_ever(void) {
    for (;;) *(volatile u8 *)arena_take(1 << 20, 1) = 1;
}

EXPORT(FILTER "#misbehave") Text *misbehave(u32 how) {
    if (how == 0) __builtin_trap();
    if (how == 1)
        for (volatile u32 i = 0;; ++i) {}
    if (how == 2) grow_for_ever();
    u32 many = 100000, *handles = arena_take(many * sizeof(u32), 4);
    for (u32 i = 0; i < many; ++i) handles[i] = session_new(1);
    Text *result = arena_take(sizeof *result, 4);
    *result = (Text){(const u8 *)handles, many};
    return result;
}
