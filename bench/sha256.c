// SHA-256 (FIPS 180-4) over one long message, many short ones, and a chain of hashes with HMAC.
#include "bench.h"

typedef struct {
    u32 state[8];
    u64 length;
    u8 block[64];
} Sha;

static const u32 K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static u32 rotate_right(u32 x, u32 n) { return x >> n | x << (32 - n); }

static void compress(u32 state[8], const u8* block) {
    u32 w[64];
    for (u32 i = 0; i < 16; i++)
        w[i] = (u32)block[4 * i] << 24 | (u32)block[4 * i + 1] << 16 | (u32)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (u32 i = 16; i < 64; i++) {
        const u32 s0 = rotate_right(w[i - 15], 7) ^ rotate_right(w[i - 15], 18) ^ w[i - 15] >> 3;
        const u32 s1 = rotate_right(w[i - 2], 17) ^ rotate_right(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    u32 a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (u32 i = 0; i < 64; i++) {
        const u32 s1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        const u32 t1 = h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i];
        const u32 s0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        const u32 t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void sha_start(Sha* sha) {
    static const u32 initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(sha->state, initial, sizeof initial);
    sha->length = 0;
}

static void sha_add(Sha* sha, const u8* data, size_t size) {
    size_t used = sha->length & 63;
    sha->length += size;
    while (size) {
        if (used == 0 && size >= 64) {
            compress(sha->state, data);
            data += 64, size -= 64;
            continue;
        }
        const size_t part = size < 64 - used ? size : 64 - used;
        memcpy(sha->block + used, data, part);
        used += part, data += part, size -= part;
        if (used == 64) compress(sha->state, sha->block), used = 0;
    }
}

static void sha_end(Sha* sha, u8 digest[32]) {
    const u64 bits = sha->length * 8;
    size_t used = sha->length & 63;
    sha->block[used++] = 0x80;
    if (used > 56) {
        memset(sha->block + used, 0, 64 - used);
        compress(sha->state, sha->block);
        used = 0;
    }
    memset(sha->block + used, 0, 56 - used);
    for (u32 i = 0; i < 8; i++) sha->block[56 + i] = (u8)(bits >> (56 - 8 * i));
    compress(sha->state, sha->block);
    for (u32 i = 0; i < 32; i++) digest[i] = (u8)(sha->state[i / 4] >> (24 - 8 * (i & 3)));
}

static void sha256(const void* data, size_t size, u8 digest[32]) {
    Sha sha;
    sha_start(&sha);
    sha_add(&sha, data, size);
    sha_end(&sha, digest);
}

// RFC 2104 with a 32-byte key.
static void hmac(const u8 key[32], const u8* data, size_t size, u8 digest[32]) {
    u8 inner_pad[64], outer_pad[64];
    for (u32 i = 0; i < 64; i++) {
        const u8 k = i < 32 ? key[i] : 0;
        inner_pad[i] = k ^ 0x36;
        outer_pad[i] = k ^ 0x5c;
    }
    Sha sha;
    sha_start(&sha);
    sha_add(&sha, inner_pad, 64);
    sha_add(&sha, data, size);
    sha_end(&sha, digest);
    sha_start(&sha);
    sha_add(&sha, outer_pad, 64);
    sha_add(&sha, digest, 32);
    sha_end(&sha, digest);
}

static void print_digest(const char* name, const u8 digest[32]) {
    printf("%s ", name);
    for (u32 i = 0; i < 32; i++) printf("%02x", digest[i]);
    printf("\n");
}

int main(void) {
    u8 digest[32], key[32] = {0};
    sha256("abc", 3, digest);
    print_digest("abc  ", digest);

    const size_t size = 1u << 20;
    u8* message = take_memory(size);
    for (size_t i = 0; i < size; i++) message[i] = (u8)random_u64();
    Sha sha;
    sha_start(&sha);
    for (i32 pass = 0; pass < opaque(12); pass++) sha_add(&sha, message + pass, size - 32);
    sha_end(&sha, digest);
    print_digest("long ", digest);

    for (i32 i = 0; i < opaque(60000); i++) {
        sha256(message + (digest[0] << 4), (size_t)(i % 100), key);
        for (u32 j = 0; j < 32; j++) digest[j] ^= key[j];
    }
    print_digest("short", digest);

    for (i32 i = 0; i < opaque(20000); i++) hmac(key, digest, 32, digest);
    print_digest("hmac ", digest);
    free(message);
    return 0;
}
