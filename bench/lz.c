// A byte-oriented LZ77 compressor with hash chains and lazy matching, its decompressor, and Huffman code lengths.
#include "bench.h"

enum { SIZE = 400000, HASH_BITS = 14, WINDOW = 65535, MIN_MATCH = 4, MAX_CHAIN = 24 };

static u8 input[SIZE], packed[SIZE + SIZE / 8 + 64], output[SIZE];
static i32 head[1 << HASH_BITS], previous[SIZE];

typedef struct {
    u32 length, distance;
} Match;

static u32 hash_at(u32 at) {
    u32 word;
    memcpy(&word, input + at, 4);
    return word * 2654435761u >> (32 - HASH_BITS);
}

static void remember(u32 at) {
    if (at + 4 > SIZE) return;
    const u32 hash = hash_at(at);
    previous[at] = head[hash];
    head[hash] = (i32)at;
}

static Match longest_match(u32 at) {
    Match best = {0, 0};
    if (at + 4 > SIZE) return best;
    const u32 room = SIZE - at;
    i32 candidate = head[hash_at(at)];
    for (i32 tries = MAX_CHAIN; candidate >= 0 && at - (u32)candidate <= WINDOW && tries > 0; tries--) {
        if (best.length == 0 || input[(u32)candidate + best.length] == input[at + best.length]) {
            u32 length = 0;
            while (length < room && input[(u32)candidate + length] == input[at + length]) length++;
            if (length >= MIN_MATCH && length > best.length) best = (Match){length, at - (u32)candidate};
            if (best.length == room) break;
        }
        candidate = previous[candidate];
    }
    return best;
}

static u8* put_length(u8* out, u32 length) {
    for (; length >= 255; length -= 255) *out++ = 255;
    *out++ = (u8)length;
    return out;
}

// A token holds both lengths in four bits each; 15 means that more bytes follow. A distance of 0 ends the stream.
static u8* put_sequence(u8* out, const u8* literals, u32 count, Match match) {
    const u32 extra = match.distance ? match.length - MIN_MATCH : 0;
    *out++ = (u8)((count < 15 ? count : 15) << 4 | (extra < 15 ? extra : 15));
    if (count >= 15) out = put_length(out, count - 15);
    memcpy(out, literals, count);
    out += count;
    *out++ = (u8)match.distance;
    *out++ = (u8)(match.distance >> 8);
    if (extra >= 15) out = put_length(out, extra - 15);
    return out;
}

static u32 compress(void) {
    memset(head, 0xff, sizeof head);
    u8* out = packed;
    u32 at = 0, pending = 0;
    while (at < SIZE) {
        Match match = longest_match(at);
        remember(at);
        if (!match.length) {
            at++;
            continue;
        }
        const Match later = longest_match(at + 1);
        if (later.length > match.length + 1) {
            remember(++at);
            match = later;
        }
        out = put_sequence(out, input + pending, at - pending, match);
        for (u32 i = 1; i < match.length; i++) remember(at + i);
        at += match.length;
        pending = at;
    }
    out = put_sequence(out, input + pending, SIZE - pending, (Match){0, 0});
    return (u32)(out - packed);
}

static u32 get_length(const u8** in) {
    u32 length = 0;
    while (**in == 255) length += 255, ++*in;
    return length + *(*in)++;
}

static u32 decompress(void) {
    const u8* in = packed;
    u8* out = output;
    for (;;) {
        const u8 token = *in++;
        u32 count = token >> 4;
        if (count == 15) count += get_length(&in);
        memcpy(out, in, count);
        in += count, out += count;
        const u32 distance = (u32)(in[0] | in[1] << 8);
        in += 2;
        if (!distance) return (u32)(out - output);
        u32 length = token & 15;
        if (length == 15) length += get_length(&in);
        for (length += MIN_MATCH; length > 0; length--, out++) *out = *(out - distance);
    }
}

// How many bits a Huffman code of the bytes would take: repeatedly joins the two rarest trees in a heap.
static u64 huffman_bits(const u8* data, u32 size) {
    u32 counts[256] = {0}, heap[256], used = 0;
    for (u32 i = 0; i < size; i++) counts[data[i]]++;
    for (u32 i = 0; i < 256; i++) {
        if (!counts[i]) continue;
        u32 at = used++;
        for (; at && heap[(at - 1) / 2] > counts[i]; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
        heap[at] = counts[i];
    }
    u64 bits = 0;
    while (used > 1) {
        u32 sum = 0;
        for (i32 turn = 0; turn < 2; turn++) {
            sum += heap[0];
            const u32 value = turn == 0 ? heap[--used] : sum;
            u32 at = 0;
            for (u32 child; (child = 2 * at + 1) < used; at = child) {
                if (child + 1 < used && heap[child + 1] < heap[child]) child++;
                if (value <= heap[child]) break;
                heap[at] = heap[child];
            }
            heap[at] = value;
        }
        bits += sum;
    }
    return bits;
}

static void make_input(void) {
    static const char* const phrases[] = {"the quick brown fox ", "jumps over ", "a lazy dog. ", "lorem ipsum ", "0123456789 ",
                                          "<item id=\"", "\"/>\n", "return value;\n", "    if (", ") {\n"};
    u32 at = 0;
    while (at < SIZE) {
        const u32 kind = random_below(8);
        if (kind == 0) {
            for (u32 i = random_below(12); i > 0 && at < SIZE; i--) input[at++] = (u8)random_u64();
        } else if (kind == 1 && at > 1000) {
            const u32 distance = 1 + random_below(900);
            for (u32 i = random_below(60); i > 0 && at < SIZE; i--, at++) input[at] = input[at - distance];
        } else {
            const char* phrase = phrases[random_below(10)];
            while (*phrase && at < SIZE) input[at++] = (u8)*phrase++;
        }
    }
}

int main(void) {
    make_input();
    for (i32 round = 0; round < opaque(16); round++) {
        const u32 size = compress();
        memset(output, 0, sizeof output);
        const u32 restored = decompress();
        printf("packed %u (%016llx), restored %u, %s, Huffman %llu bytes\n", size,
               (unsigned long long)check_bytes(CHECK_START, packed, size), restored,
               memcmp(input, output, SIZE) ? "different" : "equal", (unsigned long long)(huffman_bits(packed, size) / 8));
        for (u32 i = (u32)round; i < SIZE; i += 997) input[i] ^= 1;
    }
    return 0;
}
