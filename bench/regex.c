// Regular expressions over generated log lines: a compiler to a small program, matched by a backtracker, by a set of
// threads (Pike), and by a DFA built while it runs.
#include "bench.h"

typedef enum { CHAR, ANY, SET, SPLIT, JUMP, MATCH } Kind;

typedef struct {
    u8 kind, letter;
    u16 to, other; // SPLIT prefers `to`
    u32 set[8];    // of 256 bits
} Step;

enum { MAX_STEPS = 160, MAX_STATES = 256 };

typedef struct {
    Step step[MAX_STEPS];
    u32 size;
} Program;

// ---- compiling: alternatives of sequences of repeated atoms ---------------------------------------------------

static const char* pattern;
static Program program;

static u32 emit(Kind kind) {
    if (program.size == MAX_STEPS) puts("pattern too long"), exit(1);
    Step* step = &program.step[program.size];
    memset(step, 0, sizeof *step);
    step->kind = (u8)kind;
    return program.size++;
}

// Makes room at `at`: later steps move up, and their targets with them.
static void insert_split(u32 at) {
    emit(JUMP);
    memmove(&program.step[at + 1], &program.step[at], (program.size - 1 - at) * sizeof(Step));
    for (u32 i = at + 1; i < program.size; i++) {
        if (program.step[i].to >= at) program.step[i].to++;
        if (program.step[i].other >= at) program.step[i].other++;
    }
    memset(&program.step[at], 0, sizeof(Step));
    program.step[at].kind = SPLIT;
}

static void add_range(Step* step, u32 low, u32 high) {
    for (u32 c = low; c <= high; c++) step->set[c >> 5] |= 1u << (c & 31);
}

static void compile_escape(Step* step, char c) {
    step->kind = SET;
    if (c == 'd') add_range(step, '0', '9');
    else if (c == 'w') add_range(step, 'a', 'z'), add_range(step, 'A', 'Z'), add_range(step, '0', '9'), add_range(step, '_', '_');
    else if (c == 's') add_range(step, ' ', ' '), add_range(step, '\t', '\t');
    else step->kind = CHAR, step->letter = (u8)c;
}

static void compile_set(Step* step) {
    const int negative = *pattern == '^';
    if (negative) pattern++;
    for (; *pattern != ']'; pattern++) {
        const u8 low = (u8)*pattern;
        if (pattern[1] == '-' && pattern[2] != ']') pattern += 2;
        add_range(step, low, (u8)*pattern);
    }
    pattern++;
    if (negative)
        for (u32 i = 0; i < 8; i++) step->set[i] = ~step->set[i];
}

static void compile_alternatives(i32 depth);

static void compile_atom(i32 depth) {
    const char c = *pattern++;
    if (c == '(') {
        compile_alternatives(depth + 1);
        pattern++;
        return;
    }
    const u32 at = emit(c == '.' ? ANY : c == '[' ? SET : CHAR);
    if (c == '[') compile_set(&program.step[at]);
    else if (c == '\\') compile_escape(&program.step[at], *pattern++);
    else program.step[at].letter = (u8)c;
}

static void compile_sequence(i32 depth) {
    while (*pattern && *pattern != '|' && *pattern != ')') {
        const u32 start = program.size;
        compile_atom(depth);
        const char repeat = *pattern;
        if (repeat != '*' && repeat != '+' && repeat != '?') continue;
        pattern++;
        if (repeat == '+') {
            const u32 split = emit(SPLIT);
            program.step[split].to = (u16)start;
            program.step[split].other = (u16)(split + 1);
            continue;
        }
        insert_split(start);
        if (repeat == '*') program.step[emit(JUMP)].to = (u16)start;
        program.step[start].to = (u16)(start + 1);
        program.step[start].other = (u16)program.size;
    }
}

static void compile_alternatives(i32 depth) {
    if (depth > 20) puts("pattern too deep"), exit(1);
    const u32 start = program.size;
    compile_sequence(depth);
    if (*pattern != '|') return;
    pattern++;
    insert_split(start);
    const u32 over = emit(JUMP);
    program.step[start].to = (u16)(start + 1);
    program.step[start].other = (u16)program.size;
    compile_alternatives(depth);
    program.step[over].to = (u16)program.size;
}

static void compile(const char* text) {
    pattern = text;
    program.size = 0;
    compile_alternatives(0);
    emit(MATCH);
}

static int accepts(const Step* step, u8 c) {
    switch ((Kind)step->kind) {
    case CHAR: return step->letter == c;
    case ANY: return 1;
    case SET: return step->set[c >> 5] >> (c & 31) & 1;
    default: return 0;
    }
}

// ---- three matchers; each returns the longest match's end, or -1 ----------------------------------------------

static i32 longest;

static void backtrack(u32 at, const u8* text, i32 position, i32 size) {
    for (;; at++) {
        const Step* step = &program.step[at];
        switch ((Kind)step->kind) {
        case MATCH:
            if (position > longest) longest = position;
            return;
        case JUMP: at = step->to - 1u; break;
        case SPLIT:
            backtrack(step->to, text, position, size);
            at = step->other - 1u;
            break;
        default:
            if (position == size || !accepts(step, text[position])) return;
            position++;
        }
    }
}

typedef struct {
    u32 count;
    u16 at[MAX_STEPS];
    u64 seen[(MAX_STEPS + 63) / 64];
} Threads;

static void add_thread(Threads* threads, u32 at) {
    while (!(threads->seen[at / 64] >> (at % 64) & 1)) {
        threads->seen[at / 64] |= 1ull << (at % 64);
        const Step* step = &program.step[at];
        if (step->kind == SPLIT) add_thread(threads, step->to), at = step->other;
        else if (step->kind == JUMP) at = step->to;
        else threads->at[threads->count++] = (u16)at;
    }
}

static int advance(const Threads* now, Threads* next, u8 c) {
    memset(next, 0, sizeof *next);
    for (u32 i = 0; i < now->count; i++)
        if (accepts(&program.step[now->at[i]], c)) add_thread(next, now->at[i] + 1u);
    return next->count > 0;
}

static int has_match(const Threads* threads) {
    for (u32 i = 0; i < threads->count; i++)
        if (program.step[threads->at[i]].kind == MATCH) return 1;
    return 0;
}

static i32 run_threads(const u8* text, i32 position, i32 size) {
    Threads sets[2];
    memset(&sets[0], 0, sizeof sets[0]);
    add_thread(&sets[0], 0);
    i32 end = has_match(&sets[0]) ? position : -1;
    for (i32 now = 0; position < size && advance(&sets[now], &sets[now ^ 1], text[position]); now ^= 1) {
        position++;
        if (has_match(&sets[now ^ 1])) end = position;
    }
    return end;
}

static Threads states[MAX_STATES];
static i16 edges[MAX_STATES][256]; // 0 unknown, -1 dead
static u8 final[MAX_STATES];
static i32 state_count;

static i32 intern(const Threads* threads) {
    for (i32 i = 1; i < state_count; i++)
        if (!memcmp(states[i].seen, threads->seen, sizeof threads->seen)) return i;
    if (state_count == MAX_STATES) puts("too many states"), exit(1);
    states[state_count] = *threads;
    final[state_count] = (u8)has_match(threads);
    return state_count++;
}

static void start_dfa(void) {
    memset(edges, 0, sizeof edges);
    state_count = 1;
    Threads first;
    memset(&first, 0, sizeof first);
    add_thread(&first, 0);
    intern(&first);
}

static i32 run_dfa(const u8* text, i32 position, i32 size) {
    i32 state = 1, end = final[1] ? position : -1;
    while (position < size) {
        i32 next = edges[state][text[position]];
        if (next == 0) {
            Threads threads;
            next = advance(&states[state], &threads, text[position]) ? intern(&threads) : -1;
            edges[state][text[position]] = (i16)next;
        }
        if (next < 0) break;
        state = next;
        position++;
        if (final[state]) end = position;
    }
    return end;
}

static i32 run_backtrack(const u8* text, i32 position, i32 size) {
    longest = -1;
    backtrack(0, text, position, size);
    return longest;
}

// ---- searching -----------------------------------------------------------------------------------------------

enum { LINES = 2800 };
static char lines[LINES][128];

static void write_lines(void) {
    static const char* const verbs[] = {"GET", "POST", "PUT", "DELETE"};
    static const char* const words[] = {"index", "user", "image_7", "api", "v2", "search", "ERROR timeout", "static"};
    for (i32 i = 0; i < LINES; i++)
        sprintf(lines[i], "10.%u.%u.%u - %s /%s/%s?id=%u %u \"%s@mail.example.org\"", random_below(256), random_below(256),
                random_below(256), verbs[random_below(4)], words[random_below(8)], words[random_below(8)],
                random_below(100000), 200 + random_below(305), words[random_below(6)]);
}

typedef i32 Matcher(const u8*, i32, i32);

static u64 search(Matcher* matcher, u32* hits) {
    u64 sum = CHECK_START;
    for (i32 i = 0; i < LINES; i++) {
        const u8* text = (const u8*)lines[i];
        const i32 size = (i32)strlen(lines[i]);
        for (i32 start = 0; start < size; start++) {
            const i32 end = matcher(text, start, size);
            if (end <= start) continue;
            ++*hits;
            sum = check_u64(check_u64(sum, (u64)start), (u64)end);
            start = end - 1;
        }
    }
    return sum;
}

int main(void) {
    static const char* const patterns[] = {"\\d+\\.\\d+\\.\\d+\\.\\d+", "(GET|POST) /[a-z_0-9]+/(index|api|v2)", "[a-zA-Z]\\w*@\\w+(\\.\\w+)+",
                                           "ERROR (time|t.*)out", "id=(1\\d*[05]|[2-4]+|9.?9) [45]\\d\\d", "(a|e|i|o|u|x?y)+[^aeiou ]?s"};
    write_lines();
    for (i32 i = 0; i < opaque(6); i++) {
        compile(patterns[i]);
        start_dfa();
        u32 hits[3] = {0};
        const u64 sums[3] = {search(run_backtrack, &hits[0]), search(run_threads, &hits[1]), search(run_dfa, &hits[2])};
        for (i32 round = 0; round < opaque(8); round++) search(run_dfa, &hits[2]);
        printf("%-34s %u %u %u hits, %d states, %016llx %s\n", patterns[i], hits[0], hits[1], hits[2], state_count - 1,
               (unsigned long long)sums[0], sums[0] == sums[1] && sums[1] == sums[2] ? "equal" : "different");
    }
    return 0;
}
