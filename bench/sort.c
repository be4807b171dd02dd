// Sorting and hashing: quick, heap, merge, radix and shell sort of numbers, quicksort of strings and records.
#include "bench.h"

enum { COUNT = 120000, WORDS = 25000 };

static u32 original[COUNT], work[COUNT], spare[COUNT];
static char* words[WORDS];

typedef struct {
    u64 key;
    u32 group;
    f32 weight;
} Record;

static Record records[WORDS];

static void swap(u32* a, u32* b) {
    const u32 t = *a;
    *a = *b;
    *b = t;
}

static void quick_sort(u32* data, i32 low, i32 high) {
    while (low < high) {
        if (high - low < 12) {
            for (i32 i = low + 1; i <= high; i++) {
                const u32 value = data[i];
                i32 j = i - 1;
                for (; j >= low && data[j] > value; j--) data[j + 1] = data[j];
                data[j + 1] = value;
            }
            return;
        }
        const u32 pivot = data[low + (high - low) / 2];
        i32 i = low, j = high;
        while (i <= j) {
            while (data[i] < pivot) i++;
            while (data[j] > pivot) j--;
            if (i <= j) swap(&data[i++], &data[j--]);
        }
        quick_sort(data, low, j);
        low = i;
    }
}

static void sift_down(u32* heap, u32 root, u32 size) {
    for (u32 child; (child = 2 * root + 1) < size; root = child) {
        if (child + 1 < size && heap[child + 1] > heap[child]) child++;
        if (heap[root] >= heap[child]) return;
        swap(&heap[root], &heap[child]);
    }
}

static void heap_sort(u32* data, u32 size) {
    for (u32 i = size / 2; i-- > 0;) sift_down(data, i, size);
    for (u32 end = size; end-- > 1;) {
        swap(&data[0], &data[end]);
        sift_down(data, 0, end);
    }
}

static void merge_sort(u32* data, u32* other, u32 size) {
    if (size < 2) return;
    const u32 half = size / 2;
    merge_sort(data, other, half);
    merge_sort(data + half, other + half, size - half);
    memcpy(other, data, half * sizeof *data);
    u32 i = 0, j = half, k = 0;
    while (i < half && j < size) data[k++] = other[i] <= data[j] ? other[i++] : data[j++];
    while (i < half) data[k++] = other[i++];
}

static void radix_sort(u32* data, u32* other, u32 size) {
    for (u32 shift = 0; shift < 32; shift += 8) {
        u32 starts[257] = {0};
        for (u32 i = 0; i < size; i++) starts[(data[i] >> shift & 255) + 1]++;
        for (u32 i = 0; i < 256; i++) starts[i + 1] += starts[i];
        for (u32 i = 0; i < size; i++) other[starts[data[i] >> shift & 255]++] = data[i];
        u32* t = data;
        data = other;
        other = t;
    }
}

static void shell_sort(u32* data, u32 size) {
    for (u32 gap = 88573; gap > 0; gap /= 3)
        for (u32 i = gap; i < size; i++) {
            const u32 value = data[i];
            u32 j = i;
            for (; j >= gap && data[j - gap] > value; j -= gap) data[j] = data[j - gap];
            data[j] = value;
        }
}

static int by_text(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

static int by_group_then_key(const void* a, const void* b) {
    const Record *x = a, *y = b;
    if (x->group != y->group) return x->group < y->group ? -1 : 1;
    if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
    return x->key < y->key ? -1 : x->key > y->key;
}

// A quicksort over a comparison passed by pointer, so that libc's choice of algorithm does not matter.
static void sort_by(void* base, i32 count, size_t size, int (*compare)(const void*, const void*)) {
    u8* data = base;
    u8 pivot[32], hold[32];
    while (count > 1) {
        memcpy(pivot, data + (size_t)(count / 2) * size, size);
        i32 i = 0, j = count - 1;
        while (i <= j) {
            while (compare(data + (size_t)i * size, pivot) < 0) i++;
            while (compare(data + (size_t)j * size, pivot) > 0) j--;
            if (i > j) break;
            memcpy(hold, data + (size_t)i * size, size);
            memcpy(data + (size_t)i * size, data + (size_t)j * size, size);
            memcpy(data + (size_t)j * size, hold, size);
            i++, j--;
        }
        sort_by(data, j + 1, size, compare);
        data += (size_t)i * size;
        count -= i;
    }
}

static void report(const char* name) {
    for (u32 i = 1; i < COUNT; i++)
        if (work[i - 1] > work[i]) printf("%s: out of order at %u\n", name, i);
    printf("%s %016llx\n", name, (unsigned long long)check_bytes(CHECK_START, work, sizeof work));
}

static void make_input(void) {
    for (u32 i = 0; i < COUNT; i++) original[i] = i % 5 ? (u32)random_u64() : i * 1000;
    for (u32 i = 0; i < WORDS; i++) {
        const u32 length = 3 + random_below(12);
        words[i] = take_memory(length + 1);
        for (u32 j = 0; j < length; j++) words[i][j] = (char)('a' + random_below(j < 2 ? 3 : 26));
        records[i] = (Record){random_u64(), random_below(50), (f32)random_below(1000) / 8.0f};
    }
}

int main(void) {
    make_input();
    for (i32 round = 0; round < opaque(2); round++) {
        memcpy(work, original, sizeof work), quick_sort(work, 0, COUNT - 1), report("quick");
        memcpy(work, original, sizeof work), heap_sort(work, COUNT), report("heap ");
        memcpy(work, original, sizeof work), merge_sort(work, spare, COUNT), report("merge");
        memcpy(work, original, sizeof work), radix_sort(work, spare, COUNT), report("radix");
        memcpy(work, original, sizeof work), shell_sort(work, COUNT), report("shell");
        for (u32 i = 0; i < COUNT; i += 7) original[i] ^= work[i / 2];
    }
    sort_by(words, WORDS, sizeof *words, by_text);
    sort_by(records, WORDS, sizeof *records, by_group_then_key);
    u64 sum = CHECK_START;
    for (u32 i = 0; i < WORDS; i++) sum = check_bytes(sum, words[i], strlen(words[i]));
    printf("words %016llx, first %s, last %s\n", (unsigned long long)sum, words[0], words[WORDS - 1]);
    printf("records %016llx\n", (unsigned long long)check_bytes(CHECK_START, records, sizeof records));
    return 0;
}
