// Which cells hot handlers run, and from which copy.
#include "hot.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "hot_part.hpp"
#include "memory.hpp"

namespace heddle {

extern const bool hot_by_default;  // beside the tables, by the build

namespace {

// ---- the sequences as a tree: from a node by a handler to a node, kept in one hash table that is made at compile time

constexpr u32 table_bits = 13, table_size = 1 << table_bits;
constexpr u16 no_node = 0xffff, no_sequence = 0xffff;

struct Edge {
    u32 key = ~0u;  // node << 16 | handler
    u16 to = no_node;
    u16 sequence = no_sequence;  // that ends here
};
constexpr u32 hash(u32 key) { return key * 0x9e3779b1u >> (32 - table_bits); }

struct Tree {
    std::array<Edge, table_size> edges;
    u32 nodes = 1;
    // Most handlers go on no sequence, which a bit tells sooner than a search: of each that begins one; by node, of those that go on there,
    // by their last six bits.
    std::array<u64, 0x10000 / 64> first;
    std::array<u64, table_size / 2> further;

    constexpr u64& bits(u32 node, HandlerId id) { return node == 0 ? first[id / 64] : further[node]; }
    bool may_go_on(u32 node, HandlerId id) const { return (node == 0 ? first[id / 64] : further[node]) >> id % 64 & 1; }

    constexpr Edge& edge(u32 node, HandlerId id) {
        u32 key = node << 16 | id, at = hash(key);
        while (edges[at].key != key && edges[at].key != ~0u) at = (at + 1) % table_size;
        return edges[at];
    }
    const Edge* find(u32 node, HandlerId id) const {
        if (!may_go_on(node, id)) return nullptr;
        u32 key = node << 16 | id, at = hash(key);
        for (; edges[at].key != key; at = (at + 1) % table_size)
            if (edges[at].key == ~0u) return nullptr;
        return &edges[at];
    }
};

constexpr Tree make_tree() {
    Tree t{};
    for (u32 i = 0; i < hot_count; ++i) {
        u32 node = 0;
        for (u32 m = 0; m < hot_sequences[i].length; ++m) {
            Edge& e = t.edge(node, hot_sequences[i].ids[m]);
            if (e.key == ~0u) {
                e.key = node << 16 | hot_sequences[i].ids[m];
                e.to = u16(t.nodes++);
                t.bits(node, hot_sequences[i].ids[m]) |= u64(1) << hot_sequences[i].ids[m] % 64;
            }
            node = e.to;
            if (m + 1 == hot_sequences[i].length && e.sequence == no_sequence) e.sequence = u16(i);
        }
    }
    return t;
}
constexpr Tree tree = make_tree();
static_assert(tree.nodes < table_size / 2, "the hash table is to stay sparse");

// ---- copies

constexpr u64 hot_bytes_per_handler = 45;  // of code, on average, that one program uses

Word address(u32 sequence, u32 copy, bool metered) {
    const HotCopy& c = hot_tables[copy];
    Handler twin = metered ? (*c.metered)[sequence] : nullptr;
    return reinterpret_cast<Word>(twin ? twin : (*c.parts[sequence / hot_per_part])[sequence % hot_per_part]);
}

// The next copy of each, in this thread; behind the last one the first follows.
struct Turns {
    std::array<u8, hot_count> next{};
    u32 of(u16 sequence, u32 copies) const { return next[sequence] < copies ? next[sequence] : 0; }
};
thread_local Turns turns;

// What covers the cells from one on.
struct Cover {
    u32 dispatches = 0;
    u16 sequence = no_sequence;
};

// By dynamic programming from the end. Valid until the next call in this thread.
std::span<const Cover> cover(std::span<const HandlerId> cells) {
    static thread_local std::vector<Cover> best;
    best.assign(cells.size() + 1, {});
    for (std::size_t i = cells.size(); i-- > 0;) {
        Cover& c = best[i];
        c.dispatches = best[i + 1].dispatches + 1;
        const Edge* e = tree.find(0, cells[i]);
        for (std::size_t length = 1; e; ++length) {
            if (e->sequence != no_sequence && best[i + length].dispatches + 1 <= c.dispatches) c = {best[i + length].dispatches + 1, e->sequence};
            if (i + length == cells.size() || length == longest_sequence) break;
            e = tree.find(e->to, cells[i + length]);
        }
    }
    return best;
}

}  // namespace

u32 hot_copies() { return hot_table_copies; }

u32 suitable_copies() {
    if (!hot_by_default) return 0;
    u64 cache = second_level_cache_bytes();
    u64 fit = cache == 0 ? hot_table_copies : cache / 2 / (hot_count * hot_bytes_per_handler);
    return u32(std::clamp<u64>(fit, 1, hot_table_copies));
}

u32 hot_dispatches(std::span<const HandlerId> cells) { return cover(cells)[0].dispatches; }

void choose_hot(std::span<const HandlerId> cells, std::span<Word> chosen, u32 copies, bool metered) {
    std::span<const Cover> best = cover(cells);
    for (std::size_t i = 0; i < cells.size();) {
        u16 sequence = best[i].sequence;
        chosen[i] = 0;
        if (sequence == no_sequence) {
            ++i;
            continue;
        }
        u32 turn = turns.of(sequence, copies);
        chosen[i] = address(sequence, turn, metered);
        turns.next[sequence] = u8(turn + 1);
        // The other members keep the hot handler of their own, for branches to them.
        u32 length = hot_sequences[sequence].length;
        for (u32 m = 1; m < length; ++m) {
            u16 own = best[i + m].sequence;
            chosen[i + m] = own == no_sequence ? 0 : address(own, turns.of(own, copies), metered);
        }
        i += length;
    }
}

}  // namespace heddle
