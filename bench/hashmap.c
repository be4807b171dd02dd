// String hashing and hash maps: counting words by open addressing, an index by chaining, four hash functions.
#include "bench.h"

typedef u32 Hash(const char*, u32);

static u32 fnv1a(const char* text, u32 length) {
    u32 hash = 2166136261u;
    for (u32 i = 0; i < length; i++) hash = (hash ^ (u8)text[i]) * 16777619u;
    return hash;
}

static u32 djb2(const char* text, u32 length) {
    u32 hash = 5381;
    for (u32 i = 0; i < length; i++) hash = hash * 33 + (u8)text[i];
    return hash;
}

static u32 one_at_a_time(const char* text, u32 length) {
    u32 hash = 0;
    for (u32 i = 0; i < length; i++) {
        hash += (u8)text[i];
        hash += hash << 10;
        hash ^= hash >> 6;
    }
    hash += hash << 3;
    hash ^= hash >> 11;
    return hash + (hash << 15);
}

// Eight bytes at a time, multiplied wide.
static u32 wide_mix(const char* text, u32 length) {
    u64 hash = 0x9e3779b97f4a7c15u ^ length;
    for (; length >= 8; text += 8, length -= 8) {
        u64 word;
        memcpy(&word, text, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    u64 rest = 0;
    memcpy(&rest, text, length);
    hash = (hash ^ rest) * 0xc4ceb9fe1a85ec53u;
    return (u32)(hash ^ hash >> 29);
}

// ---- open addressing, removal by shifting back ---------------------------------------------------------------

typedef struct {
    const char* key;
    u32 length, hash, count;
} Slot;

typedef struct {
    Slot* slots;
    u32 size, used; // size is a power of two
    Hash* hash;
} Map;

static Slot* find_slot(const Map* map, const char* key, u32 length, u32 hash) {
    for (u32 at = hash & (map->size - 1);; at = (at + 1) & (map->size - 1)) {
        Slot* slot = &map->slots[at];
        if (!slot->key || (slot->hash == hash && slot->length == length && !memcmp(slot->key, key, length))) return slot;
    }
}

static void grow(Map* map) {
    Slot* old = map->slots;
    const u32 old_size = map->size;
    map->size = old_size ? old_size * 2 : 64;
    map->slots = take_memory(map->size * sizeof(Slot));
    for (u32 i = 0; i < old_size; i++)
        if (old[i].key) *find_slot(map, old[i].key, old[i].length, old[i].hash) = old[i];
    free(old);
}

static Slot* insert(Map* map, const char* key, u32 length) {
    if ((map->used + 1) * 4 > map->size * 3) grow(map);
    const u32 hash = map->hash(key, length);
    Slot* slot = find_slot(map, key, length, hash);
    if (!slot->key) {
        *slot = (Slot){key, length, hash, 0};
        map->used++;
    }
    return slot;
}

static u32 remove_key(Map* map, const char* key, u32 length) {
    const u32 mask = map->size - 1;
    Slot* slot = find_slot(map, key, length, map->hash(key, length));
    if (!slot->key) return 0;
    u32 hole = (u32)(slot - map->slots);
    for (u32 at = (hole + 1) & mask; map->slots[at].key; at = (at + 1) & mask) {
        const u32 home = map->slots[at].hash & mask;
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        map->slots[hole] = map->slots[at];
        hole = at;
    }
    map->slots[hole].key = NULL;
    map->used--;
    return 1;
}

// ---- text ----------------------------------------------------------------------------------------------------

enum { TEXT = 300000 };
static char text[TEXT + 64];

// Words over few syllables, so that many repeat.
static void write_text(void) {
    static const char* const syllables[] = {"ka", "lo", "mi", "ten", "ra", "shu", "pol", "vi", "ex", "on", "dra", "qui"};
    u32 at = 0;
    while (at < TEXT) {
        const u32 count = 1 + random_below(random_below(3) ? 3 : 5);
        for (u32 i = 0; i < count; i++) {
            const char* syllable = syllables[random_below(12)];
            while (*syllable) text[at++] = *syllable++;
        }
        text[at++] = ' ';
    }
}

typedef u32 Visit(Map*, const char*, u32);

static u32 count_word(Map* map, const char* word, u32 length) { return ++insert(map, word, length)->count; }
static u32 drop_long_word(Map* map, const char* word, u32 length) { return length > 8 && remove_key(map, word, length); }
static u32 look_up(Map* map, const char* word, u32 length) {
    const Slot* slot = find_slot(map, word, length, map->hash(word, length));
    return slot->key ? slot->count : 1000000;
}

static u64 each_word(Map* map, Visit* visit) {
    u64 sum = 0;
    for (u32 at = 0; at < TEXT;) {
        u32 end = at;
        while (text[end] != ' ') end++;
        sum += visit(map, text + at, end - at);
        at = end + 1;
    }
    return sum;
}

static void run(const char* name, Hash* hash) {
    Map map = {NULL, 0, 0, hash};
    const u64 counted = each_word(&map, count_word);
    const u32 distinct = map.used;
    u64 probes = 0;
    for (u32 i = 0; i < map.size; i++)
        if (map.slots[i].key) probes += (i - map.slots[i].hash) & (map.size - 1);
    const u64 removed = each_word(&map, drop_long_word);
    const u64 looked = each_word(&map, look_up);
    printf("%s counted %llu, distinct %u, probes %llu, removed %llu, looked up %llu, left %u\n", name,
           (unsigned long long)counted, distinct, (unsigned long long)probes, (unsigned long long)removed,
           (unsigned long long)looked, map.used);
    free(map.slots);
}

// ---- chaining over integers ----------------------------------------------------------------------------------

static void run_chained(u32 count) {
    enum { BUCKETS = 1 << 14 };
    typedef struct {
        u64 key;
        u32 next, value;
    } Entry;
    Entry* entries = take_memory((count + 1) * sizeof(Entry));
    u32* heads = take_memory(BUCKETS * sizeof(u32));
    u32 used = 0;
    u64 sum = 0;
    for (u32 i = 0; i < count; i++) {
        const u64 key = random_u64() >> 47;
        u32* link = &heads[(key * 0x9e3779b97f4a7c15u) >> 50];
        while (*link && entries[*link].key != key) link = &entries[*link].next;
        if (!*link) entries[*link = ++used] = (Entry){key, 0, i};
        else sum += i - entries[*link].value;
    }
    printf("chained %u keys, distance %llu\n", used, (unsigned long long)sum);
    free(entries);
    free(heads);
}

int main(void) {
    write_text();
    for (i32 round = 0; round < opaque(5); round++) {
        run("fnv1a ", fnv1a);
        run("djb2  ", djb2);
        run("jenkins", one_at_a_time);
        run("wide  ", wide_mix);
        run_chained((u32)opaque(150000));
        text[round] = 'z';
    }
    return 0;
}
