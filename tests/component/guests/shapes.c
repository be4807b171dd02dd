// A component by hand: the canonical ABI of shapes.wit written out in C, without a C library.
// https://github.com/WebAssembly/component-model/blob/main/design/mvp/CanonicalABI.md
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef int i32;
typedef double f64;

#define I "demo:shapes/geometry@1.0.0"
#define EXPORT(name) __attribute__((export_name(name)))

__attribute__((import_module("[export]" I), import_name("[resource-new]canvas"))) i32 canvas_new(i32 rep);

// ---- memory: what a call allocates is given back when it is over

extern u8 __heap_base;
static u32 used;

EXPORT("cabi_realloc") void* cabi_realloc(void* old, u32 old_size, u32 align, u32 size) {
    u32 at = ((u32)&__heap_base + used + align - 1) & -align;
    u32 end = at + size;
    while (end > __builtin_wasm_memory_size(0) * 65536)
        if (__builtin_wasm_memory_grow(0, 1) == (u32)-1) __builtin_trap();
    used = end - (u32)&__heap_base;
    if (old_size) __builtin_memcpy((void*)at, old, old_size < size ? old_size : size);
    return (void*)at;
}

static void release(void) { used = 0; }
static void* take(u32 align, u32 size) { return cabi_realloc(0, 0, align, size); }

// ---- types as they lie in memory

typedef struct {
    u8* at;
    u32 size;
} Bytes;  // string
typedef struct {
    i32* at;
    u32 size;
} Numbers;  // list<s32>
typedef struct {
    f64 x, y;
} Point;
typedef struct {
    u8 some;
    Point low, high;
} Bounds;  // option<tuple<point, point>>
typedef struct {
    u8 error;
    union {
        f64 area;
        Bytes why;
    };
} Area;  // result<f64, string>

// A shape comes flat: its case, then what the cases' payloads have in common. circle: the bits of an f64; polygon, named: address and length.
enum { circle, polygon, named, nothing };

#define TEXT(words, more) text(words, sizeof(words) - 1, more)
static Bytes text(const char* words, u32 n, Bytes more) {
    Bytes t = {take(1, n + more.size), n + more.size};
    __builtin_memcpy(t.at, words, n);
    __builtin_memcpy(t.at + n, more.at, more.size);
    return t;
}

static f64 polygon_area(const Point* p, u32 n) {
    f64 twice = 0;
    for (u32 i = 0; i < n; ++i) {
        const Point *a = p + i, *b = p + (i + 1) % n;
        twice += a->x * b->y - b->x * a->y;
    }
    return twice < 0 ? -twice / 2 : twice / 2;
}

static Area area_of(i32 kind, u64 a, u32 b) {
    Area r = {0};
    f64 radius;
    __builtin_memcpy(&radius, &a, sizeof radius);
    switch (kind) {
        case circle: r.area = 3.141592653589793 * radius * radius; break;
        case polygon: r.area = polygon_area((const Point*)(u32)a, b); break;
        case named:
            r.error = 1;
            r.why = TEXT("no such shape: ", ((Bytes){(u8*)(u32)a, b}));
            break;
        default: r.area = 0;
    }
    return r;
}

// ---- functions

EXPORT(I "#greet") Bytes* greet(u8* name, u32 size) {
    Bytes* r = take(4, sizeof *r);
    *r = TEXT("Hello, ", ((Bytes){name, size}));
    return r;
}
EXPORT("cabi_post_" I "#greet") void greet_done(Bytes* r) { release(); }

EXPORT(I "#sort") Numbers* sort(i32* n, u32 size) {
    for (u32 i = 1; i < size; ++i)
        for (u32 k = i; k && n[k - 1] > n[k]; --k) {
            i32 t = n[k];
            n[k] = n[k - 1];
            n[k - 1] = t;
        }
    Numbers* r = take(4, sizeof *r);
    *r = (Numbers){n, size};
    return r;
}
EXPORT("cabi_post_" I "#sort") void sort_done(Numbers* r) { release(); }

EXPORT(I "#bounds") Bounds* bounds(const Point* p, u32 size) {
    Bounds* r = take(8, sizeof *r);
    r->some = size != 0;
    if (size) r->low = r->high = p[0];
    for (u32 i = 1; i < size; ++i) {
        if (p[i].x < r->low.x) r->low.x = p[i].x;
        if (p[i].y < r->low.y) r->low.y = p[i].y;
        if (p[i].x > r->high.x) r->high.x = p[i].x;
        if (p[i].y > r->high.y) r->high.y = p[i].y;
    }
    return r;
}
EXPORT("cabi_post_" I "#bounds") void bounds_done(Bounds* r) { release(); }

EXPORT(I "#area") Area* area(i32 kind, u64 a, u32 b) {
    Area* r = take(8, sizeof *r);
    *r = area_of(kind, a, b);
    return r;
}
EXPORT("cabi_post_" I "#area") void area_done(Area* r) { release(); }

// ---- canvases: the representation is a place in a table, from 1

typedef struct {
    u8 taken, name[64];
    u32 name_size, shapes;
    f64 total;
} Canvas;
static Canvas canvases[8];

EXPORT(I "#[constructor]canvas") i32 canvas(u8* name, u32 size) {
    u32 i = 0;
    while (i < 8 && canvases[i].taken) ++i;
    if (i == 8 || size > sizeof canvases[i].name) __builtin_trap();
    Canvas* c = canvases + i;
    *c = (Canvas){.taken = 1, .name_size = size};
    __builtin_memcpy(c->name, name, size);
    release();
    return canvas_new((i32)i + 1);
}

EXPORT(I "#[method]canvas.add") u32 canvas_add(i32 rep, i32 kind, u64 a, u32 b) {
    Canvas* c = canvases + rep - 1;
    Area r = area_of(kind, a, b);
    if (!r.error) c->total += r.area;
    release();
    return ++c->shapes;
}

EXPORT(I "#[method]canvas.total") f64 canvas_total(i32 rep) { return canvases[rep - 1].total; }

EXPORT(I "#[method]canvas.name") Bytes* canvas_name(i32 rep) {
    Bytes* r = take(4, sizeof *r);
    *r = (Bytes){canvases[rep - 1].name, canvases[rep - 1].name_size};
    return r;
}
EXPORT("cabi_post_" I "#[method]canvas.name") void canvas_name_done(Bytes* r) { release(); }

EXPORT(I "#[dtor]canvas") void canvas_drop(i32 rep) { canvases[rep - 1].taken = 0; }
