// Backtracking: queens by bit masks and by arrays, a knight's tour, Sudoku, subset sums, permutations.
#include "bench.h"

static u32 queens_by_bits(u32 all, u32 columns, u32 left, u32 right) {
    if (columns == all) return 1;
    u32 found = 0;
    for (u32 open = all & ~(columns | left | right); open; open &= open - 1) {
        const u32 bit = open & (0u - open);
        found += queens_by_bits(all, columns | bit, (left | bit) << 1, (right | bit) >> 1);
    }
    return found;
}

static i32 column_of[16];

static u32 queens_by_array(i32 row, i32 size) {
    if (row == size) return 1;
    u32 found = 0;
    for (i32 column = 0; column < size; column++) {
        i32 safe = 1;
        for (i32 other = 0; other < row && safe; other++) {
            const i32 distance = column_of[other] - column;
            safe = distance && distance != row - other && distance != other - row;
        }
        if (!safe) continue;
        column_of[row] = column;
        found += queens_by_array(row + 1, size);
    }
    return found;
}

enum { TOUR = 7 };
static i32 visited[TOUR][TOUR];
static const i32 knight_x[8] = {1, 2, 2, 1, -1, -2, -2, -1}, knight_y[8] = {-2, -1, 1, 2, 2, 1, -1, -2};

static i32 free_square(i32 x, i32 y) { return x >= 0 && y >= 0 && x < TOUR && y < TOUR && !visited[y][x]; }

static i32 ways_on(i32 x, i32 y) {
    i32 ways = 0;
    for (i32 k = 0; k < 8; k++) ways += free_square(x + knight_x[k], y + knight_y[k]);
    return ways;
}

static u32 tour_tries;

// Warnsdorff's order with backtracking.
static i32 tour(i32 x, i32 y, i32 count) {
    visited[y][x] = count;
    if (count == TOUR * TOUR) return 1;
    i32 tried[8] = {0};
    for (i32 turn = 0; turn < 8; turn++) {
        i32 best = -1, fewest = 9;
        for (i32 k = 0; k < 8; k++) {
            const i32 nx = x + knight_x[k], ny = y + knight_y[k];
            if (tried[k] || !free_square(nx, ny)) continue;
            const i32 ways = ways_on(nx, ny);
            if (ways < fewest) fewest = ways, best = k;
        }
        if (best < 0) break;
        tried[best] = 1;
        if (++tour_tries > 200000) break;
        if (tour(x + knight_x[best], y + knight_y[best], count + 1)) return 1;
    }
    visited[y][x] = 0;
    return 0;
}

static u8 board[81];
static u32 row_used[9], column_used[9], box_used[9], guesses;

static void place(i32 at, u32 digit) {
    const u32 bit = 1u << digit;
    board[at] ^= (u8)digit;
    row_used[at / 9] ^= bit, column_used[at % 9] ^= bit, box_used[at / 27 * 3 + at % 9 / 3] ^= bit;
}

static i32 solve(void) {
    i32 best = -1, fewest = 10;
    u32 best_open = 0;
    for (i32 at = 0; at < 81; at++) {
        if (board[at]) continue;
        const u32 open = 0x3fe & ~(row_used[at / 9] | column_used[at % 9] | box_used[at / 27 * 3 + at % 9 / 3]);
        const i32 count = __builtin_popcount(open);
        if (count < fewest) fewest = count, best = at, best_open = open;
        if (count == 0) return 0;
    }
    if (best < 0) return 1;
    for (u32 open = best_open; open; open &= open - 1) {
        const u32 digit = (u32)__builtin_ctz(open);
        guesses++;
        place(best, digit);
        if (solve()) return 1;
        place(best, digit);
    }
    return 0;
}

static void run_sudoku(const char* puzzle) {
    memset(board, 0, sizeof board);
    memset(row_used, 0, sizeof row_used);
    memset(column_used, 0, sizeof column_used);
    memset(box_used, 0, sizeof box_used);
    guesses = 0;
    for (i32 at = 0; at < 81; at++)
        if (puzzle[at] != '.') place(at, (u32)(puzzle[at] - '0'));
    const i32 solved = solve();
    printf("sudoku %s after %u: ", solved ? "solved" : "open", guesses);
    for (i32 at = 0; at < 81; at++) putchar('0' + board[at]);
    putchar('\n');
}

static u32 weights[24];

static u32 subsets(u32 at, i32 target) {
    if (target == 0) return 1;
    if (at == 24 || target < 0) return 0;
    return subsets(at + 1, target - (i32)weights[at]) + subsets(at + 1, target);
}

// Heap's permutations; counts those without a fixed point.
static u32 derangements(u8* items, u32 count, u32 size) {
    if (count == 1) {
        for (u32 i = 0; i < size; i++)
            if (items[i] == i) return 0;
        return 1;
    }
    u32 found = 0;
    for (u32 i = 0; i < count; i++) {
        found += derangements(items, count - 1, size);
        const u32 j = count % 2 ? 0 : i;
        const u8 t = items[j];
        items[j] = items[count - 1];
        items[count - 1] = t;
    }
    return found;
}

int main(void) {
    printf("queens by bits %u\n", queens_by_bits((1u << opaque(12)) - 1, 0, 0, 0));
    printf("queens by array %u\n", queens_by_array(0, opaque(10)));
    for (i32 i = 0; i < TOUR; i += 2) {
        memset(visited, 0, sizeof visited);
        tour_tries = 0;
        const i32 found = tour(i, i, 1);
        printf("tour %d %u %d\n", found, tour_tries, visited[3][5]);
    }
    run_sudoku("8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..");
    run_sudoku("..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9");
    for (u32 i = 0; i < 24; i++) weights[i] = 10 + random_below(90);
    printf("subsets %u\n", subsets(0, opaque(500)));
    u8 items[10];
    for (u8 i = 0; i < 10; i++) items[i] = i;
    printf("derangements %u\n", derangements(items, (u32)opaque(9), 9));
    return 0;
}
