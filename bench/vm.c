// A register machine whose bytecode runs twice: once through a switch, once through a table of functions.
#include "bench.h"

enum Op { OP_CONST, OP_MOVE, OP_ADD, OP_SUB, OP_MUL, OP_REM, OP_XOR, OP_SHR, OP_ADD_CONST, OP_LESS, OP_EQUAL, OP_JUMP,
          OP_JUMP_IF, OP_JUMP_UNLESS, OP_LOAD, OP_STORE, OP_CALL, OP_RETURN, OP_PRINT, OP_HALT, OP_COUNT };

typedef struct {
    u8 op, a, b, c;
} Code;

enum { MAX_CODE = 512, MAX_STACK = 4096, MAX_FRAMES = 256, HEAP = 4096, WINDOW = 16 };

typedef struct {
    i32 return_pc, base;
} Frame;

typedef struct {
    i32 pc, base, depth;
    u32 running;
    u64 steps;
    u64 printed;
    i32 stack[MAX_STACK];
    Frame frames[MAX_FRAMES];
    i32 heap[HEAP];
} Machine;

static Code program[MAX_CODE];
static i32 program_size;
static Machine machine;

// ---- assembling ----------------------------------------------------------------------------------------------

static i32 emit(enum Op op, u32 a, u32 b, u32 c) {
    program[program_size] = (Code){(u8)op, (u8)a, (u8)b, (u8)c};
    return program_size++;
}

// Jumps and constants keep a 16-bit signed value in b and c.
static i32 emit_wide(enum Op op, u32 a, i32 value) { return emit(op, a, (u32)value & 255, (u32)value >> 8 & 255); }
static i32 wide(Code code) { return (i16)(code.b | code.c << 8); }
static void land(i32 jump, i32 target) {
    program[jump].b = (u8)(target & 255);
    program[jump].c = (u8)(target >> 8);
}

// r0 = fib(r0), recursively; callees see r8... of the caller as r0...
static i32 write_fib(void) {
    const i32 entry = emit_wide(OP_CONST, 1, 2);
    emit(OP_LESS, 2, 0, 1);
    const i32 small = emit_wide(OP_JUMP_IF, 2, 0);
    emit(OP_ADD_CONST, 8, 0, (u32)-1);
    emit_wide(OP_CALL, 8, entry);
    emit(OP_MOVE, 3, 8, 0);
    emit(OP_ADD_CONST, 8, 0, (u32)-2);
    emit_wide(OP_CALL, 8, entry);
    emit(OP_ADD, 0, 3, 8);
    land(small, program_size);
    emit(OP_RETURN, 0, 0, 0);
    return entry;
}

// r0 = how many primes are below r0, with a sieve in the heap.
static i32 write_sieve(void) {
    const i32 entry = emit_wide(OP_CONST, 1, 0);
    emit_wide(OP_CONST, 5, 1);
    const i32 clear = emit(OP_STORE, 5, 1, 0);
    emit(OP_ADD_CONST, 1, 1, 1);
    emit(OP_LESS, 2, 1, 0);
    emit_wide(OP_JUMP_IF, 2, clear);
    emit_wide(OP_CONST, 1, 2);
    emit_wide(OP_CONST, 4, 0);
    emit_wide(OP_CONST, 6, 0);
    const i32 candidate = emit(OP_LOAD, 3, 1, 0);
    const i32 composite = emit_wide(OP_JUMP_UNLESS, 3, 0);
    emit(OP_ADD_CONST, 4, 4, 1);
    emit(OP_ADD, 7, 1, 1);
    const i32 test = emit(OP_LESS, 2, 7, 0);
    const i32 done = emit_wide(OP_JUMP_UNLESS, 2, 0);
    emit(OP_STORE, 6, 7, 0);
    emit(OP_ADD, 7, 7, 1);
    emit_wide(OP_JUMP, 0, test);
    land(composite, program_size);
    land(done, program_size);
    emit(OP_ADD_CONST, 1, 1, 1);
    emit(OP_LESS, 2, 1, 0);
    emit_wide(OP_JUMP_IF, 2, candidate);
    emit(OP_MOVE, 0, 4, 0);
    emit(OP_RETURN, 0, 0, 0);
    return entry;
}

// r0 = the sum of greatest common divisors of all pairs below r0.
static i32 write_gcd(void) {
    const i32 entry = emit_wide(OP_CONST, 1, 1);
    emit_wide(OP_CONST, 7, 0);
    const i32 outer = emit_wide(OP_CONST, 2, 1);
    const i32 inner = emit(OP_MOVE, 3, 1, 0);
    emit(OP_MOVE, 4, 2, 0);
    const i32 euclid = emit_wide(OP_JUMP_UNLESS, 4, 0);
    emit(OP_REM, 5, 3, 4);
    emit(OP_MOVE, 3, 4, 0);
    emit(OP_MOVE, 4, 5, 0);
    emit_wide(OP_JUMP, 0, euclid);
    land(euclid, program_size);
    emit(OP_ADD, 7, 7, 3);
    emit(OP_ADD_CONST, 2, 2, 1);
    emit(OP_LESS, 6, 2, 0);
    emit_wide(OP_JUMP_IF, 6, inner);
    emit(OP_ADD_CONST, 1, 1, 1);
    emit(OP_LESS, 6, 1, 0);
    emit_wide(OP_JUMP_IF, 6, outer);
    emit(OP_MOVE, 0, 7, 0);
    emit(OP_RETURN, 0, 0, 0);
    return entry;
}

// r0 = a mix of r0 rounds of xorshift-like arithmetic.
static i32 write_mix(void) {
    const i32 entry = emit_wide(OP_CONST, 1, 12345);
    emit_wide(OP_CONST, 2, 31421);
    emit_wide(OP_CONST, 3, 0);
    emit_wide(OP_CONST, 6, 7);
    const i32 loop = emit(OP_MUL, 1, 1, 2);
    emit(OP_ADD_CONST, 1, 1, 97);
    emit(OP_SHR, 4, 1, 6);
    emit(OP_XOR, 1, 1, 4);
    emit(OP_EQUAL, 5, 4, 6);
    emit(OP_ADD, 1, 1, 5);
    emit(OP_ADD_CONST, 3, 3, 1);
    emit(OP_LESS, 5, 3, 0);
    emit_wide(OP_JUMP_IF, 5, loop);
    emit(OP_MOVE, 0, 1, 0);
    emit(OP_RETURN, 0, 0, 0);
    return entry;
}

static void write_program(void) {
    const i32 start = emit_wide(OP_JUMP, 0, 0);
    const i32 parts[4] = {write_fib(), write_sieve(), write_gcd(), write_mix()};
    const i32 arguments[4] = {22, 4000, 160, 30000};
    land(start, program_size);
    emit_wide(OP_CONST, 7, opaque(10));
    const i32 again = program_size;
    for (u32 i = 0; i < 4; i++) {
        emit_wide(OP_CONST, 8, arguments[i]);
        emit_wide(OP_CALL, 8, parts[i]);
        emit(OP_PRINT, 8, 0, 0);
    }
    emit(OP_ADD_CONST, 7, 7, (u32)-1);
    emit_wide(OP_JUMP_IF, 7, again);
    emit(OP_HALT, 0, 0, 0);
}

// ---- running -------------------------------------------------------------------------------------------------

static void stop(const char* why) {
    printf("stopped: %s\n", why);
    exit(1);
}

static void call(Machine* m, Code code) {
    if (m->depth == MAX_FRAMES || m->base + code.a + WINDOW > MAX_STACK) stop("stack overflow");
    m->frames[m->depth++] = (Frame){m->pc, m->base};
    m->base += code.a;
    m->pc = wide(code);
}

static void leave(Machine* m) {
    const Frame frame = m->frames[--m->depth];
    m->pc = frame.return_pc;
    m->base = frame.base;
}

static void print(Machine* m, i32 value) { m->printed = check_u64(m->printed, (u32)value); }

static void run_switch(Machine* m) {
    for (;;) {
        const Code code = program[m->pc++];
        i32* r = m->stack + m->base;
        m->steps++;
        switch ((enum Op)code.op) {
        case OP_CONST: r[code.a] = wide(code); break;
        case OP_MOVE: r[code.a] = r[code.b]; break;
        case OP_ADD: r[code.a] = (i32)((u32)r[code.b] + (u32)r[code.c]); break;
        case OP_SUB: r[code.a] = (i32)((u32)r[code.b] - (u32)r[code.c]); break;
        case OP_MUL: r[code.a] = (i32)((u32)r[code.b] * (u32)r[code.c]); break;
        case OP_REM: r[code.a] = r[code.b] % r[code.c]; break;
        case OP_XOR: r[code.a] = r[code.b] ^ r[code.c]; break;
        case OP_SHR: r[code.a] = (i32)((u32)r[code.b] >> (r[code.c] & 31)); break;
        case OP_ADD_CONST: r[code.a] = (i32)((u32)r[code.b] + (u32)(int8_t)code.c); break;
        case OP_LESS: r[code.a] = r[code.b] < r[code.c]; break;
        case OP_EQUAL: r[code.a] = r[code.b] == r[code.c]; break;
        case OP_JUMP: m->pc = wide(code); break;
        case OP_JUMP_IF: if (r[code.a]) m->pc = wide(code); break;
        case OP_JUMP_UNLESS: if (!r[code.a]) m->pc = wide(code); break;
        case OP_LOAD: r[code.a] = m->heap[(u32)r[code.b] % HEAP]; break;
        case OP_STORE: m->heap[(u32)r[code.b] % HEAP] = r[code.a]; break;
        case OP_CALL: call(m, code); break;
        case OP_RETURN: leave(m); break;
        case OP_PRINT: print(m, r[code.a]); break;
        case OP_HALT: return;
        case OP_COUNT: stop("bad instruction");
        }
    }
}

typedef void Action(Machine*, i32*, Code);

#define ACTION(name, body) static void name(Machine* m, i32* r, Code code) { (void)m, (void)r, (void)code; body; }
ACTION(do_const, r[code.a] = wide(code))
ACTION(do_move, r[code.a] = r[code.b])
ACTION(do_add, r[code.a] = (i32)((u32)r[code.b] + (u32)r[code.c]))
ACTION(do_sub, r[code.a] = (i32)((u32)r[code.b] - (u32)r[code.c]))
ACTION(do_mul, r[code.a] = (i32)((u32)r[code.b] * (u32)r[code.c]))
ACTION(do_rem, r[code.a] = r[code.b] % r[code.c])
ACTION(do_xor, r[code.a] = r[code.b] ^ r[code.c])
ACTION(do_shr, r[code.a] = (i32)((u32)r[code.b] >> (r[code.c] & 31)))
ACTION(do_add_const, r[code.a] = (i32)((u32)r[code.b] + (u32)(int8_t)code.c))
ACTION(do_less, r[code.a] = r[code.b] < r[code.c])
ACTION(do_equal, r[code.a] = r[code.b] == r[code.c])
ACTION(do_jump, m->pc = wide(code))
ACTION(do_jump_if, if (r[code.a]) m->pc = wide(code))
ACTION(do_jump_unless, if (!r[code.a]) m->pc = wide(code))
ACTION(do_load, r[code.a] = m->heap[(u32)r[code.b] % HEAP])
ACTION(do_store, m->heap[(u32)r[code.b] % HEAP] = r[code.a])
ACTION(do_call, call(m, code))
ACTION(do_return, leave(m))
ACTION(do_print, print(m, r[code.a]))
ACTION(do_halt, m->running = 0)

static Action* const actions[OP_COUNT] = {do_const, do_move, do_add, do_sub, do_mul, do_rem, do_xor, do_shr, do_add_const,
                                          do_less, do_equal, do_jump, do_jump_if, do_jump_unless, do_load, do_store,
                                          do_call, do_return, do_print, do_halt};

static void run_table(Machine* m) {
    while (m->running) {
        const Code code = program[m->pc++];
        m->steps++;
        actions[code.op](m, m->stack + m->base, code);
    }
}

static void run(const char* name, void (*runner)(Machine*)) {
    memset(&machine, 0, sizeof machine);
    machine.running = 1;
    machine.printed = CHECK_START;
    runner(&machine);
    printf("%s %llu steps, printed %016llx\n", name, (unsigned long long)machine.steps,
           (unsigned long long)machine.printed);
}

int main(void) {
    write_program();
    run("switch", run_switch);
    run("table ", run_table);
    return 0;
}
