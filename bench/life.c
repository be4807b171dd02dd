// Cellular automata: Life on bytes, Life on 64-bit words, elementary rules, and Langton's ant.
#include "bench.h"

enum { SIDE = 192, WORDS_WIDE = 4, ROWS = 256 };

static u8 cells[2][SIDE][SIDE];

static u32 neighbours(const u8 (*grid)[SIDE], i32 row, i32 column) {
    u32 sum = 0;
    for (i32 dy = -1; dy <= 1; dy++)
        for (i32 dx = -1; dx <= 1; dx++)
            if (dx || dy) sum += grid[(row + dy + SIDE) % SIDE][(column + dx + SIDE) % SIDE];
    return sum;
}

static void run_bytes(i32 generations) {
    for (i32 i = 0; i < SIDE * SIDE; i++) cells[0][i / SIDE][i % SIDE] = random_below(3) == 0;
    i32 now = 0;
    for (i32 generation = 0; generation < generations; generation++, now ^= 1)
        for (i32 row = 0; row < SIDE; row++)
            for (i32 column = 0; column < SIDE; column++) {
                const u32 around = neighbours(cells[now], row, column);
                cells[now ^ 1][row][column] = around == 3 || (around == 2 && cells[now][row][column]);
            }
    u32 alive = 0;
    for (i32 i = 0; i < SIDE * SIDE; i++) alive += cells[now][i / SIDE][i % SIDE];
    printf("bytes: %u alive, %016llx\n", alive, (unsigned long long)check_bytes(CHECK_START, cells[now], sizeof cells[now]));
}

// ---- 64 cells at a time: neighbours are counted in three bit planes -------------------------------------------

typedef struct {
    u64 word[ROWS][WORDS_WIDE];
} Field;

static Field fields[2];

typedef struct {
    u64 one, two, four;
} Planes;

static void count(Planes* sum, u64 bits) {
    const u64 carry = sum->one & bits;
    sum->one ^= bits;
    sum->four |= sum->two & carry;
    sum->two ^= carry;
}

static void run_words(i32 generations) {
    for (i32 row = 0; row < ROWS; row++)
        for (i32 i = 0; i < WORDS_WIDE; i++) fields[0].word[row][i] = random_u64() & random_u64();
    i32 now = 0;
    for (i32 generation = 0; generation < generations; generation++, now ^= 1)
        for (i32 row = 0; row < ROWS; row++)
            for (i32 i = 0; i < WORDS_WIDE; i++) {
                Planes sum = {0, 0, 0};
                for (i32 dy = -1; dy <= 1; dy++) {
                    const u64* line = fields[now].word[(row + dy) & (ROWS - 1)];
                    const u64 left = line[(i + WORDS_WIDE - 1) % WORDS_WIDE], middle = line[i];
                    const u64 right = line[(i + 1) % WORDS_WIDE];
                    count(&sum, middle << 1 | left >> 63);
                    if (dy) count(&sum, middle);
                    count(&sum, middle >> 1 | right << 63);
                }
                fields[now ^ 1].word[row][i] = sum.two & ~sum.four & (sum.one | fields[now].word[row][i]);
            }
    u32 alive = 0;
    for (i32 row = 0; row < ROWS; row++)
        for (i32 i = 0; i < WORDS_WIDE; i++) alive += (u32)__builtin_popcountll(fields[now].word[row][i]);
    printf("words: %u alive, %016llx\n", alive, (unsigned long long)check_bytes(CHECK_START, &fields[now], sizeof(Field)));
}

static void run_rules(void) {
    u64 sum = CHECK_START;
    for (u32 rule = 0; rule < 256; rule += 5) {
        u8 line[128] = {0}, next[128];
        line[64] = 1;
        for (i32 step = 0; step < 60; step++) {
            for (u32 i = 0; i < 128; i++)
                next[i] = rule >> (line[(i - 1) & 127] << 2 | line[i] << 1 | line[(i + 1) & 127]) & 1;
            memcpy(line, next, sizeof line);
            sum = check_bytes(sum, line, sizeof line);
        }
    }
    printf("rules: %016llx\n", (unsigned long long)sum);
}

static void run_ant(u32 steps) {
    static const i32 move_x[4] = {0, 1, 0, -1}, move_y[4] = {-1, 0, 1, 0};
    memset(cells, 0, sizeof cells);
    i32 x = SIDE / 2, y = SIDE / 2;
    u32 facing = 0, turned = 0;
    for (u32 step = 0; step < steps; step++) {
        u8* cell = &cells[0][y][x];
        facing = (facing + (*cell ? 3 : 1)) & 3;
        *cell ^= 1;
        turned += facing == 0;
        x += move_x[facing], y += move_y[facing];
        x = x < 0 ? SIDE - 1 : x == SIDE ? 0 : x;
        y = y < 0 ? SIDE - 1 : y == SIDE ? 0 : y;
    }
    printf("ant: at %d %d, %u, %016llx\n", x, y, turned, (unsigned long long)check_bytes(CHECK_START, cells[0], sizeof cells[0]));
}

int main(void) {
    run_bytes(opaque(120));
    run_words(opaque(500));
    run_rules();
    run_ant((u32)opaque(6000000));
    return 0;
}
