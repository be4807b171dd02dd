// Inlined from another file, so that frames have several.
static inline int area(int w, int h) {
    if (w > 900)
        __builtin_trap();
    return w * h;
}

__attribute__((always_inline)) static inline int volume(int w, int h, int d) {
    int a = area(w, h);
    return a * d;
}
