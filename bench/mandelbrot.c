// Escape-time fractals in f64 (Mandelbrot, Julia, Burning Ship) and Newton basins in f32, printed small.
#include "bench.h"

typedef struct {
    f64 left, top, step;
    i32 width, height, limit;
} View;

static u64 digest = CHECK_START;

static i32 mandelbrot(f64 cx, f64 cy, i32 limit) {
    f64 x = 0, y = 0, x2 = 0, y2 = 0;
    i32 n = 0;
    while (n < limit && x2 + y2 <= 4.0) {
        y = 2.0 * x * y + cy;
        x = x2 - y2 + cx;
        x2 = x * x;
        y2 = y * y;
        n++;
    }
    return n;
}

static i32 julia(f64 x, f64 y, i32 limit) {
    i32 n = 0;
    while (n < limit && x * x + y * y <= 4.0) {
        const f64 next = x * x - y * y - 0.7269;
        y = 2.0 * x * y + 0.1889;
        x = next;
        n++;
    }
    return n;
}

static i32 burning_ship(f64 cx, f64 cy, i32 limit) {
    f64 x = 0, y = 0;
    i32 n = 0;
    while (n < limit && x * x + y * y <= 4.0) {
        const f64 next = x * x - y * y + cx;
        y = 2.0 * __builtin_fabs(x * y) + cy;
        x = next;
        n++;
    }
    return n;
}

// Which of the roots of z^3 = 1 Newton's method reaches, and how soon.
static i32 newton(f64 start_x, f64 start_y, i32 limit) {
    f32 x = (f32)start_x, y = (f32)start_y;
    for (i32 n = 0; n < limit; n++) {
        const f32 x2 = x * x, y2 = y * y, r2 = x2 + y2;
        if (r2 < 1e-6f) return 0;
        const f32 scale = 1.0f / (3.0f * r2 * r2);
        const f32 next_x = x * (2.0f / 3.0f) + (x2 - y2) * scale;
        const f32 next_y = y * (2.0f / 3.0f) - 2.0f * x * y * scale;
        const f32 dx = next_x - x, dy = next_y - y;
        x = next_x, y = next_y;
        if (dx * dx + dy * dy < 1e-9f) return n * 3 + (x > 0.0f ? 0 : y > 0.0f ? 1 : 2);
    }
    return limit * 3;
}

static void draw(const char* name, const View* view, i32 (*depth)(f64, f64, i32)) {
    static const char shades[] = " .:-=+*#%@";
    u64 total = 0;
    printf("%s\n", name);
    for (i32 row = 0; row < view->height; row++) {
        char line[80];
        i32 used = 0;
        for (i32 column = 0; column < view->width; column++) {
            const i32 n = depth(view->left + column * view->step, view->top + row * view->step, view->limit);
            total += (u64)n;
            digest = check_u64(digest, (u64)n);
            if (row % 36 == 18 && column % 18 == 9 && used < 79) line[used++] = n == view->limit ? '@' : shades[n % 10];
        }
        line[used] = 0;
        if (used) printf("  %s\n", line);
    }
    printf("  %llu\n", (unsigned long long)total);
}

int main(void) {
    const i32 size = opaque(432);
    const View whole = {-2.2, -1.5, 3.0 / size, size, size, 250};
    const View plane = {-1.6, -1.6, 3.2 / size, size, size, 250};
    const View ship = {-2.2, -2.0, 3.2 / size, size, size, 120};
    const View roots = {-2.0, -2.0, 4.0 / size, size, size, 40};
    draw("mandelbrot", &whole, mandelbrot);
    draw("julia", &plane, julia);
    draw("burning ship", &ship, burning_ship);
    draw("newton", &roots, newton);
    printf("digest %016llx\n", (unsigned long long)digest);
    return 0;
}
