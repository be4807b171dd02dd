// A mix in the manner of embedded benchmarks: linked lists, small integer matrices, a text state machine, CRC-16.
// Written for this repository; its figures are not CoreMark scores.
#include "bench.h"

static u16 crc16_byte(u16 crc, u8 byte) {
    for (i32 bit = 0; bit < 8; bit++) {
        const u16 mix = (u16)((crc ^ byte) & 1);
        crc >>= 1;
        if (mix) crc ^= 0xa001;
        byte >>= 1;
    }
    return crc;
}

static u16 crc16(u16 crc, u32 value) {
    for (i32 i = 0; i < 4; i++, value >>= 8) crc = crc16_byte(crc, (u8)value);
    return crc;
}

// ---- linked lists --------------------------------------------------------------------------------------------

typedef struct Node {
    struct Node* next;
    i16 key, order;
} Node;

enum { NODES = 300 };
static Node nodes[NODES];

static Node* build_list(i16 seed) {
    for (i32 i = 0; i < NODES; i++) {
        nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
        nodes[i].key = (i16)((i * 7919 + seed * 31) & 0x3ff);
        nodes[i].order = (i16)i;
    }
    return nodes;
}

static Node* reverse(Node* list) {
    Node* done = NULL;
    while (list) {
        Node* next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static const Node* find_key(const Node* list, i16 key) {
    while (list && list->key != key) list = list->next;
    return list;
}

static i32 compare_key(const Node* a, const Node* b) { return a->key - b->key; }
static i32 compare_order(const Node* a, const Node* b) { return a->order - b->order; }

static Node* sort_list(Node* list, i32 (*compare)(const Node*, const Node*)) {
    if (!list || !list->next) return list;
    Node *slow = list, *fast = list->next;
    while (fast && fast->next) slow = slow->next, fast = fast->next->next;
    Node* right = sort_list(slow->next, compare);
    slow->next = NULL;
    Node* left = sort_list(list, compare);
    Node head = {0};
    Node* tail = &head;
    while (left && right) {
        Node** smaller = compare(left, right) <= 0 ? &left : &right;
        tail->next = *smaller;
        tail = *smaller;
        *smaller = tail->next;
    }
    tail->next = left ? left : right;
    return head.next;
}

static u16 list_round(u16 crc, i16 seed) {
    Node* list = build_list(seed);
    for (i16 key = 0; key < 40; key++) {
        const Node* hit = find_key(list, (i16)(key * 13 + seed));
        crc = crc16(crc, hit ? (u32)hit->order : 0xffffu);
        if (key % 4 == 0) list = reverse(list);
    }
    list = sort_list(list, compare_key);
    for (const Node* node = list; node; node = node->next) crc = crc16_byte(crc, (u8)node->order);
    list = sort_list(list, compare_order);
    return crc16(crc, (u32)list->key);
}

// ---- matrices ------------------------------------------------------------------------------------------------

enum { SIDE = 14 };

static u16 matrix_round(u16 crc, i16 seed) {
    static i16 a[SIDE * SIDE], b[SIDE * SIDE];
    static i32 c[SIDE * SIDE];
    for (i32 i = 0; i < SIDE * SIDE; i++) {
        a[i] = (i16)((i * seed + 3) & 0xff);
        b[i] = (i16)((a[i] + i) & 0x7f);
    }
    for (i32 i = 0; i < SIDE; i++)
        for (i32 j = 0; j < SIDE; j++) {
            i32 sum = 0;
            for (i32 k = 0; k < SIDE; k++) sum += a[i * SIDE + k] * b[k * SIDE + j];
            c[i * SIDE + j] = sum;
        }
    i32 previous = 0, running = 0;
    for (i32 i = 0; i < SIDE * SIDE; i++) {
        running += c[i] > previous ? 10 : c[i] & 3;
        previous = c[i];
        const i32 low = (c[i] >> 2) & 0xf, high = (c[i] >> 5) & 0x7f;
        running += low * high;
    }
    for (i32 i = 0; i < SIDE; i++) {
        i32 sum = 0;
        for (i32 j = 0; j < SIDE; j++) sum += c[i * SIDE + j] * a[j];
        crc = crc16(crc, (u32)sum);
    }
    return crc16(crc, (u32)running);
}

// ---- a state machine over comma-separated numbers ------------------------------------------------------------

typedef enum { START, SIGN, WHOLE, DOT, FRACTION, EXPONENT, EXPONENT_SIGN, POWER, INVALID, STATES } State;

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static State step(State state, char c) {
    switch (state) {
    case START: return is_digit(c) ? WHOLE : c == '+' || c == '-' ? SIGN : c == '.' ? DOT : INVALID;
    case SIGN: return is_digit(c) ? WHOLE : c == '.' ? DOT : INVALID;
    case WHOLE: return is_digit(c) ? WHOLE : c == '.' ? FRACTION : (c | 32) == 'e' ? EXPONENT : INVALID;
    case DOT: return is_digit(c) ? FRACTION : INVALID;
    case FRACTION: return is_digit(c) ? FRACTION : (c | 32) == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return c == '+' || c == '-' ? EXPONENT_SIGN : is_digit(c) ? POWER : INVALID;
    case EXPONENT_SIGN: case POWER: return is_digit(c) ? POWER : INVALID;
    case INVALID: case STATES: break;
    }
    return INVALID;
}

static u16 text_round(u16 crc, u32 seed) {
    static const char* const samples[] = {"5012", "1234", "-874", "+122", "35.54400", ".1234500", "-110.700", "+0.64400",
                                          "5.500e+3", "-.123e-2", "-87e+832", "+0.6e-12", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z",
                                          "34.0e-T^"};
    char text[256];
    u32 used = 0, final[STATES] = {0}, moves[STATES] = {0};
    while (used < 230) {
        const char* sample = samples[(seed = seed * 1664525 + 1013904223) >> 28];
        while (*sample) text[used++] = *sample++;
        text[used++] = ',';
    }
    for (u32 flip = 0; flip < 3; flip++) {
        State state = START;
        for (u32 i = 0; i < used; i++) {
            if (text[i] == ',') {
                final[state]++;
                state = START;
            } else if (state != INVALID) {
                const State next = step(state, text[i]);
                if (next != state) moves[next]++;
                state = next;
            }
        }
        for (u32 i = flip; i < used; i += 29)
            if (text[i] != ',') text[i] ^= 3;
    }
    for (u32 i = 0; i < STATES; i++) crc = crc16(crc, final[i] << 8 | moves[i]);
    return crc;
}

int main(void) {
    u16 list_crc = 0, matrix_crc = 0, text_crc = 0;
    for (i32 round = 0; round < opaque(2500); round++) {
        list_crc = list_round(list_crc, (i16)(round & 0xff));
        matrix_crc = matrix_round(matrix_crc, (i16)(round & 0x7f));
        text_crc = text_round(text_crc, (u32)round * 40503u);
    }
    printf("list %04x\nmatrix %04x\ntext %04x\n", list_crc, matrix_crc, text_crc);
    return 0;
}
