// Holds plug-ins of one world: two filters called in turn, and what becomes of those that misbehave.
#include "guest.h"

// ---- what is imported, as `heddle wit derive` and heddle:plugins have it --------------------------------------------------------------

typedef u32 Instance, Plugin, Session, Code;  // handles

typedef struct {  // variant: the case and its text, if it has one
    u32 kind;
    Text text;
} Failure;
typedef struct {  // result<T, load-error or call-error>, of a T of at most twelve bytes
    u8 is_error;
    union {
        u32 number;
        Text text;
        Failure failure;
    } as __attribute__((aligned(4)));
} Result;

#define LOADER "heddle:plugins/loader@0.1.0"
IMPORT(LOADER, "[static]code.named") void code_named(const u8 *name, u32 size, Result *r);
IMPORT(LOADER, "[static]code.from-bytes") void code_from_bytes(const u8 *at, u32 size, Result *r);
IMPORT(LOADER, "[method]code.instantiate")
void code_instantiate(Code self, u32 has_memory, u64 memory, u32 has_fuel, u64 fuel, u32 has_deadline, u32 deadline, u32 has_handles, u32 handles, u32 has_zones,
                      u32 zones, Result *r);
IMPORT(LOADER, "[resource-drop]code") void code_drop(Code self);
IMPORT(LOADER, "[method]instance.status") void instance_status(Instance self, Failure *r);
IMPORT(LOADER, "[method]instance.memory-bytes") u64 instance_memory_bytes(Instance self);
IMPORT(LOADER, "[method]instance.fuel-used") u64 instance_fuel_used(Instance self);
IMPORT(LOADER, "[method]instance.close") void instance_close(Instance self);
IMPORT(LOADER, "[resource-drop]instance") void instance_drop(Instance self);
IMPORT(LOADER, "catalogue") void catalogue(Text *list);

#define FILTER "demo:filters-plugin/filter@1.0.0"
IMPORT(FILTER, "[static]plugin.bind") void plugin_bind(Instance i, Result *r);
IMPORT(FILTER, "[method]plugin.name") void plugin_name(Plugin self, Result *r);
IMPORT(FILTER, "[method]plugin.apply") void plugin_apply(Plugin self, const u8 *at, u32 size, Result *r);
IMPORT(FILTER, "[method]plugin.add") void plugin_add(Plugin self, u32 a, u32 b, Result *r);
IMPORT(FILTER, "[method]plugin.merge") void plugin_merge(Plugin self, Session into, Session other, Result *r);
IMPORT(FILTER, "[method]plugin.misbehave") void plugin_misbehave(Plugin self, u32 how, Result *r);
IMPORT(FILTER, "[resource-drop]plugin") void plugin_drop(Plugin self);
IMPORT(FILTER, "[static]session.new") void session_new(Plugin plugin, const u8 *title, u32 size, Result *r);
IMPORT(FILTER, "[method]session.feed") void session_feed(Session self, const u8 *at, u32 size, Result *r);
IMPORT(FILTER, "[method]session.count") void session_count(Session self, Result *r);
IMPORT(FILTER, "[resource-drop]session") void session_drop(Session self);

IMPORT("heddle:plugins/values@0.1.0", "call-json")
void call_json(Instance i, const u8 *name, u32 name_size, const u8 *arguments, u32 arguments_size, Result *r);
IMPORT("heddle:plugins/values@0.1.0", "call-wave")
void call_wave(Instance i, const u8 *name, u32 name_size, const u8 *arguments, u32 arguments_size, Result *r);

typedef struct {  // variant: a value, and where in the list its parts lie
    u8 kind;
    union {
        u32 number;
        Text text;
        struct {
            const u32 *at;
            u32 size;
        } parts;
        u32 choice[3];  // record: case, whether there is a payload, which node
    } as __attribute__((aligned(8)));
} Node;
enum { node_u32 = 6, node_string = 12, node_record = 15 };
IMPORT("heddle:plugins/values@0.1.0", "call-tree")
void call_tree(Instance i, const u8 *name, u32 name_size, const Node *arguments, u32 arguments_size, Result *r);

// ---- what is said -------------------------------------------------------------------------------------------------------------------------

static u8 said[4096];
static u32 said_size;

static void say(Text t) {
    for (u32 i = 0; i < t.size && said_size < sizeof said; ++i) said[said_size++] = t.at[i];
}
static void say_number(u64 n) {
    u8 digits[20];
    u32 count = 0;
    do digits[count++] = (u8)('0' + n % 10);
    while (n /= 10);
    while (count) said[said_size++] = digits[--count];
}
static void say_line(const char *before, Text t) {
    for (const char *c = before; *c; ++c) said[said_size++] = (u8)*c;
    say(t);
    say(TEXT("\n"));
}
static Text *all_said(void) {
    static Text text;
    text = (Text){said, said_size};
    said_size = 0;
    return &text;
}

static const char *const load_errors[] = {"unknown", "denied", "invalid", "unlinkable", "wrong-world", "limit", "trapped", "dead"};
static const char *const call_errors[] = {"trapped",   "deadline",       "fuel",             "memory",        "limit", "dead",
                                          "reentrant", "foreign-handle", "unknown-function", "bad-arguments", "unreachable"};
static void say_failure(const Failure *f, const char *const *names) {
    for (const char *c = names[f->kind & 0xff]; *c; ++c) said[said_size++] = (u8)*c;
}
// Behind each call.
#define FORGET(export, name) \
    EXPORT("cabi_post_" export) void name(Text *t) { (void)t, arena_clear(); }
FORGET("pipeline", after_pipeline)
FORGET("contain", after_contain)
FORGET("mix", after_mix)
FORGET("exceed", after_exceed)
FORGET("untyped", after_untyped)
FORGET("as-trees", after_as_trees)
FORGET("brought", after_brought)

// "ok", or what the error is called.
static void say_outcome(const char *before, const Result *r, const char *const *names) {
    for (const char *c = before; *c; ++c) said[said_size++] = (u8)*c;
    if (r->is_error) say_failure(&r->as.failure, names);
    else say(TEXT("ok"));
    say(TEXT("\n"));
}

// ---- plug-ins -----------------------------------------------------------------------------------------------------------------------------

typedef struct {
    Instance instance;
    Plugin plugin;
} Held;

// Limits of 0: what the host gives.
static u32 load(Text name, u64 memory, u64 fuel, u32 deadline, Result *r) {
    code_named(name.at, name.size, r);
    if (r->is_error) return 0;
    Code code = r->as.number;
    code_instantiate(code, memory != 0, memory, fuel != 0, fuel, deadline != 0, deadline, 0, 0, 0, 0, r);
    code_drop(code);
    return r->is_error ? 0 : r->as.number;
}

static Held held(Text name, u64 fuel, u32 deadline) {
    Result r;
    Held h = {load(name, 0, fuel, deadline, &r), 0};
    if (r.is_error) __builtin_trap();
    plugin_bind(h.instance, &r);
    if (r.is_error) __builtin_trap();
    h.plugin = r.as.number;
    return h;
}
static void give_up(Held h) {
    plugin_drop(h.plugin);
    instance_drop(h.instance);
}

static Session begin(Held h) {
    Result r;
    session_new(h.plugin, 0, 0, &r);
    if (r.is_error) __builtin_trap();
    return r.as.number;
}

static void say_status(const char *before, Instance i) {
    Failure status;
    static const char *const names[] = {"ready", "running", "dead", "closed"};
    instance_status(i, &status);
    for (const char *c = before; *c; ++c) said[said_size++] = (u8)*c;
    say_failure(&status, names);
    say(TEXT("\n"));
}

EXPORT("pipeline") Text *pipeline(const u8 *at, u32 size) {
    Held shout = held(TEXT("shout"), 0, 0), rot13 = held(TEXT("rot13"), 0, 0);
    Result r;
    for (u32 i = 0; i < 2; ++i) {
        plugin_name(i ? rot13.plugin : shout.plugin, &r);
        say_line("loaded ", r.as.text);
    }
    Text text = {at, size};
    for (u32 i = 0; i < 4; ++i) {
        plugin_apply(i % 2 ? rot13.plugin : shout.plugin, text.at, text.size, &r);
        text = r.as.text;
        say_line("  ", text);
    }
    Session a = begin(shout), b = begin(rot13), c = begin(shout);
    session_feed(a, at, size, &r);
    session_feed(b, at, size, &r);
    say_line("in a session: ", r.as.text);
    session_feed(c, at, size, &r);
    session_feed(c, at, size, &r);
    plugin_merge(shout.plugin, a, c, &r);
    say(TEXT("merged: "));
    say_number(r.as.number);
    session_count(b, &r);
    say(TEXT(", the other: "));
    say_number(r.as.number);
    say(TEXT("\n"));
    session_drop(a);
    session_drop(b);
    give_up(shout);
    give_up(rot13);
    return all_said();
}

EXPORT("contain") Text *contain(void) {
    static const struct {
        const char *said;
        u32 how;
        u64 fuel;
        u32 deadline;
    } deeds[] = {{"trap: ", 0, 0, 0}, {"spin: ", 1, 1000000, 0}, {"spin by the clock: ", 1, 0, 50}, {"grow: ", 2, 0, 0}, {"flood: ", 3, 0, 0}};
    Held other = held(TEXT("rot13"), 0, 0);
    Result r;
    for (u32 i = 0; i < 5; ++i) {
        Held h = held(TEXT("shout"), deeds[i].fuel, deeds[i].deadline);
        Session s = begin(h);
        plugin_misbehave(h.plugin, deeds[i].how, &r);
        say_outcome(deeds[i].said, &r, call_errors);
        say_status("  it is ", h.instance);
        plugin_apply(h.plugin, 0, 0, &r);
        say_outcome("  called again: ", &r, call_errors);
        session_count(s, &r);
        say_outcome("  its session: ", &r, call_errors);
        session_drop(s);
        give_up(h);
        plugin_apply(other.plugin, (const u8 *)"nyvir", 5, &r);
        say_line("  the other: ", r.as.text);
    }
    give_up(other);
    return all_said();
}

EXPORT("mix") Text *mix(void) {
    Held shout = held(TEXT("shout"), 0, 0), rot13 = held(TEXT("rot13"), 0, 0), again = held(TEXT("shout"), 0, 0);
    Session a = begin(shout), b = begin(rot13), c = begin(shout), d = begin(again);
    Result r;
    plugin_merge(shout.plugin, b, c, &r);  // b is lent: it stays
    say_outcome("borrow of another: ", &r, call_errors);
    session_count(b, &r);
    say_outcome("it is still there: ", &r, call_errors);
    plugin_merge(shout.plugin, a, d, &r);  // d is moved: it is gone
    say_outcome("own of another: ", &r, call_errors);
    session_count(a, &r);
    say_outcome("its own: ", &r, call_errors);
    session_drop(a);
    session_drop(b);
    give_up(shout);
    give_up(rot13);
    give_up(again);
    return all_said();
}

EXPORT("exceed") Text *exceed(void) {
    Result r;
    load(TEXT("nothing"), 0, 0, 0, &r);
    say_outcome("unknown name: ", &r, load_errors);
    code_from_bytes((const u8 *)"\0asm", 4, &r);
    say_outcome("bytes: ", &r, load_errors);
    Instance all[100];
    u32 count = 0;
    for (; count < 100; ++count) {
        all[count] = load(TEXT("shout"), 1 << 20, 0, 0, &r);
        if (r.is_error) break;
    }
    say_outcome("too many: ", &r, load_errors);
    say(TEXT("there were "));
    say_number(count);
    say(TEXT("\n"));
    for (u32 i = 0; i < count; ++i) instance_drop(all[i]);
    Held h = {load(TEXT("shout"), (u64)1 << 40, 0, 0, &r), 0};
    say_outcome("a terabyte wanted: ", &r, load_errors);
    plugin_bind(h.instance, &r);
    h.plugin = r.as.number;
    Instance next = load(TEXT("rot13"), 0, 0, 0, &r);
    say_outcome("one more beside it: ", &r, load_errors);
    if (!r.is_error) instance_drop(next);
    plugin_misbehave(h.plugin, 2, &r);
    say_outcome("and filled: ", &r, call_errors);
    give_up(h);
    next = load(TEXT("rot13"), 0, 0, 0, &r);
    say_outcome("after it: ", &r, load_errors);
    instance_drop(next);
    return all_said();
}

EXPORT("untyped") Text *untyped(const u8 *name, u32 name_size, const u8 *function, u32 function_size, const u8 *arguments, u32 arguments_size) {
    Result r;
    Instance i = load((Text){name, name_size}, 0, 0, 0, &r);
    if (r.is_error) {
        say_outcome("load: ", &r, load_errors);
        return all_said();
    }
    void (*call)(Instance, const u8 *, u32, const u8 *, u32, Result *) = arguments_size && arguments[0] == '[' ? call_json : call_wave;
    call(i, function, function_size, arguments, arguments_size, &r);
    if (r.is_error) say_outcome("", &r, call_errors);
    else say(r.as.text);
    instance_drop(i);
    return all_said();
}

static void say_nodes(const char *before, const Result *r) {
    for (const char *c = before; *c; ++c) said[said_size++] = (u8)*c;
    if (r->is_error) return say_outcome("", r, call_errors);
    const Node *result = (const Node *)r->as.text.at;
    if (result->kind == node_u32) say_number(result->as.number);
    else if (result->kind == node_string) say(result->as.text);
    say(TEXT("\n"));
}

EXPORT("as-trees") Text *as_trees(const u8 *at, u32 size) {
    Text add = TEXT("demo:filters/filter.add"), apply = TEXT("demo:filters/filter.apply");
    static const u32 one[] = {1}, two[] = {1, 2}, itself[] = {0};
    static const Node sum[] = {{node_record, {.parts = {two, 2}}}, {node_u32, {.number = 40}}, {node_u32, {.number = 2}}};
    static Node text[] = {{node_record, {.parts = {one, 1}}}, {node_string, {.number = 0}}};
    text[1].as.text = (Text){at, size};
    static const Node circle[] = {{node_record, {.parts = {itself, 1}}}};
    Result r;
    Instance i = load(TEXT("shout"), 0, 0, 0, &r);
    if (r.is_error) __builtin_trap();
    call_tree(i, add.at, add.size, sum, 3, &r);
    say_nodes("add: ", &r);
    call_tree(i, apply.at, apply.size, text, 2, &r);
    say_nodes("apply: ", &r);
    call_tree(i, apply.at, apply.size, sum, 3, &r);
    say_nodes("apply to numbers: ", &r);
    call_tree(i, apply.at, apply.size, circle, 1, &r);
    say_nodes("apply to a circle: ", &r);
    instance_drop(i);
    return all_said();
}

EXPORT("brought") Text *brought(const u8 *bytes, u32 size) {
    Result r;
    code_from_bytes(bytes, size, &r);
    say_outcome("from bytes: ", &r, load_errors);
    if (r.is_error) return all_said();
    Code code = r.as.number;
    code_instantiate(code, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, &r);
    code_drop(code);
    if (r.is_error) {
        say_outcome("brought: ", &r, load_errors);
        return all_said();
    }
    Instance i = r.as.number;
    plugin_bind(i, &r);
    if (r.is_error) __builtin_trap();
    Plugin plugin = r.as.number;
    plugin_apply(plugin, (const u8 *)"shouted", 7, &r);
    say_line("brought: ", r.as.text);
    plugin_drop(plugin);
    instance_drop(i);
    return all_said();
}

EXPORT("cycle") u32 cycle(u32 times) {
    u32 sum = 0;
    Result r;
    for (u32 i = 0; i < times; ++i) {
        Held h = held(i % 2 ? TEXT("shout") : TEXT("rot13"), 0, 0);
        plugin_add(h.plugin, sum, 1, &r);
        if (r.is_error) __builtin_trap();
        sum = r.as.number;
        plugin_drop(h.plugin);
        if (i % 3) instance_close(h.instance);
        instance_drop(h.instance);
        arena_clear();
    }
    return sum;
}

EXPORT("add-plugged") u32 add_plugged(u32 calls) {
    Held h = held(TEXT("shout"), 0, 0);
    Result r;
    u32 sum = 0;
    for (u32 i = 0; i < calls; ++i) {
        plugin_add(h.plugin, sum, i, &r);
        if (r.is_error) __builtin_trap();
        sum = r.as.number;
    }
    give_up(h);
    return sum;
}
