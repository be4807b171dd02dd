// Kind `core-wire`: the protocol spoken by a plain core module, in one of two profiles, told by what it exports.
//
//   cabi    the un-wrapped core module of world metatype:wit-wire/wit-wire: exports `…/mat-wire#init`, `…/mat-wire#handle`, `cabi_realloc`,
//           `memory`; imports `…/typegate-wire` `hostcall`. Records lie in memory as the canonical ABI has them.
//   simple  exports `cw_abi`, `cw_alloc`, `cw_free`, `cw_init`, `cw_handle`, `memory`; imports `cw:host` `result`, `hostcall`, `take`. JSON only.
#include <algorithm>
#include <array>

#include "core_guest.hpp"

namespace heddle::wire {

namespace {

constexpr std::string_view mat_wire = "metatype:wit-wire/mat-wire", typegate_wire = "metatype:wit-wire/typegate-wire";

// The part of the name before `#`, without its version, is an interface's.
bool names_function(std::string_view name, std::string_view interface, std::string_view function) {
    std::size_t hash = name.rfind('#');
    return hash != name.npos && name.substr(hash + 1) == function && name.substr(0, std::min(hash, name.find('@'))) == interface;
}

class WireGuest : public CoreGuest {
public:
    using CoreGuest::CoreGuest;

protected:
    Ended missing(std::string_view what, std::string_view type) const {
        return {Outcome::init_failed, artifact().label + ": kind `core-wire` needs the export `" + std::string(what) + "` of type " + std::string(type)};
    }
    // Of the type that the text between the parentheses names: i32 only, as all of the protocol's are.
    static bool has_type(const std::optional<Func>& f, std::size_t params, std::size_t results) {
        auto is_i32 = [](ValType t) { return t == i32_type; };
        return f && f->type().params.size() == params && f->type().results.size() == results && std::ranges::all_of(f->type().params, is_i32) &&
               std::ranges::all_of(f->type().results, is_i32);
    }
    // The i32 result of a call; only the outcome is set when it failed.
    Ended call32(const Func& f, std::initializer_list<u32> args, u32* result) {
        Slot slots[6] = {};
        std::ranges::transform(args, slots, [](u32 v) { return Slot::of(v); });
        Ended ended = call_now(f, slots);
        if (ended.ok() && result) *result = slots[0].as<u32>();
        return ended;
    }
    // The same of the protocol's functions, in which the guest may wait for its host.
    template <std::size_t n>
    Task<Ended> wait32(const Func& f, std::array<u32, n> args, u32& result) {
        Slot slots[4] = {};
        std::ranges::transform(args, slots, [](u32 v) { return Slot::of(v); });
        Task<Ended> calling = call(f, slots);
        Ended ended = co_await calling;
        if (ended.ok()) result = slots[0].as<u32>();
        co_return ended;
    }
    // A host call: answered at once, or the guest is left and goes on with the answer.
    using Answered = std::function<Host(Caller&, const HostAnswer&)>;
    Host ask(Caller& c, std::string_view op, std::string_view json, Answered answered) {
        auto got = std::make_shared<std::optional<HostAnswer>>();
        *got = hostcall(std::string(op), std::string(json), [got](HostAnswer a) { *got = std::move(a); });
        if (*got) return answered(c, **got);
        c.frame<AwaitAnswer>(got, std::move(answered));
        return c.park();
    }
    struct AwaitAnswer final : HostFrame {
        AwaitAnswer(std::shared_ptr<std::optional<HostAnswer>> g, Answered a) : got(std::move(g)), answered(std::move(a)) {}
        Host next(Caller& c, Exit) override { return *got ? answered(c, **got) : c.park(); }
        std::shared_ptr<std::optional<HostAnswer>> got;
        Answered answered;
    };
    Ended bad_address(std::string_view what) { return trapped(Trap{TrapCode::memory_out_of_bounds, std::string(what), {}, 0, 0}); }
    Memory memory;
};

// ---- the canonical ABI ----------------------------------------------------------------------------------------------------------

class CabiGuest : public WireGuest {
public:
    using WireGuest::WireGuest;

private:
    void offer(Linker& linker) override;
    Task<Ended> do_start(const InitArgs& args) override;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    Ended find_exports();
    std::optional<Func> exported(std::string_view function, std::string_view prefix = "") const;
    Ended allocate(u32 bytes, u32 alignment, u32& at);
    Ended place(std::string_view text, u32& at);
    Ended place_init(const InitArgs& args, u32& version, u32& list);
    Ended after(const std::optional<Func>& release, u32 result, Ended ended);
    Ended init_result(u32 at);
    Ended handle_result(u32 at);
    // The text whose address and length lie at `at`; false: out of bounds.
    bool text_at(u32 at, std::string& text) const;
    Host hostcall_import(Caller& c, u32 op, u32 op_bytes, u32 json, u32 json_bytes, u32 result);
    Host answer(Caller& c, u32 at, const HostAnswer& result);
    bool place_answer(Caller& c, u32 at, const HostAnswer& result);

    Func init_, handle_, realloc_;
    std::optional<Func> after_init_, after_handle_;
};

void CabiGuest::offer(Linker& linker) {
    for (const ImportType& i : artifact().module->imports())
        if (i.module.substr(0, i.module.find('@')) == typegate_wire)
            linker.func(i.module, "hostcall", [this](Caller& c, u32 op, u32 on, u32 js, u32 jn, u32 ret) { return hostcall_import(c, op, on, js, jn, ret); });
}

std::optional<Func> CabiGuest::exported(std::string_view function, std::string_view prefix) const {
    for (const ExportType& e : artifact().module->exports())
        if (e.type.kind == ExternKind::func && e.name.starts_with(prefix) && names_function(std::string_view(e.name).substr(prefix.size()), mat_wire, function))
            return instance().find_func(e.name);
    return std::nullopt;
}

Ended CabiGuest::find_exports() {
    auto init = exported("init"), handle = exported("handle"), realloc = instance().find_func("cabi_realloc");
    auto mem = instance().find_memory("memory");
    if (!has_type(init, 4, 1)) return missing("metatype:wit-wire/mat-wire#init", "(i32, i32, i32, i32) -> i32");
    if (!has_type(handle, 4, 1)) return missing("metatype:wit-wire/mat-wire#handle", "(i32, i32, i32, i32) -> i32");
    if (!has_type(realloc, 4, 1)) return missing("cabi_realloc", "(i32, i32, i32, i32) -> i32");
    if (!mem) return missing("memory", "memory");
    init_ = *init, handle_ = *handle, realloc_ = *realloc, memory = *mem;
    after_init_ = exported("init", "cabi_post_");
    after_handle_ = exported("handle", "cabi_post_");
    return {};
}

Ended CabiGuest::allocate(u32 bytes, u32 alignment, u32& at) {
    Ended got = call32(realloc_, {0, 0, alignment, bytes}, &at);
    if (got.ok() && (at % alignment != 0 || !memory.contains(at, bytes))) return bad_address("cabi_realloc gave no room");
    return got;
}

Ended CabiGuest::place(std::string_view text, u32& at) {
    if (text.empty()) return at = 0, Ended();
    Ended got = allocate(u32(text.size()), 1, at);
    if (got.ok()) memory.write(at, text.data(), text.size());
    return got;
}

bool CabiGuest::text_at(u32 at, std::string& text) const {
    auto pointer = memory.get<u32>(at), bytes = memory.get<u32>(u64(at) + 4);
    if (!pointer || !bytes || !memory.contains(*pointer, *bytes)) return false;
    text = memory.text(*pointer, *bytes);
    return true;
}

// init(version, list<mat-info>): an element is four strings, 32 bytes.
Ended CabiGuest::place_init(const InitArgs& args, u32& version, u32& list) {
    if (Ended made = instantiate(); !made.ok()) return made;
    if (Ended found = find_exports(); !found.ok()) return found;
    if (Ended e = place(protocol_version, version); !e.ok()) return e;
    if (!args.ops.empty())
        if (Ended e = allocate(u32(32 * args.ops.size()), 4, list); !e.ok()) return e;
    for (std::size_t i = 0; i < args.ops.size(); ++i) {
        const MaterializerConfig& m = *args.ops[i];
        const std::string* fields[] = {&m.op, &m.title, &m.hash, &m.data_json};
        for (u32 f = 0; f < 4; ++f) {
            u32 at = 0;
            if (Ended e = place(*fields[f], at); !e.ok()) return e;
            memory.set(list + 32 * i + 8 * f, at);
            memory.set(list + 32 * i + 8 * f + 4, u32(fields[f]->size()));
        }
    }
    return {};
}

Task<Ended> CabiGuest::do_start(const InitArgs& args) {
    u32 version = 0, list = 0, result = 0;
    Ended ended = place_init(args, version, list);
    if (!ended.ok()) co_return ended;
    Task<Ended> calling = wait32<4>(init_, {version, u32(std::string_view(protocol_version).size()), list, u32(args.ops.size())}, result);
    ended = co_await calling;
    if (!ended.ok()) co_return ended;
    ended = init_result(result);
    co_return after(after_init_, result, std::move(ended));
}

// What comes after a call, whatever it gave.
Ended CabiGuest::after(const std::optional<Func>& release, u32 result, Ended ended) {
    Ended released = release ? call32(*release, {result}, nullptr) : Ended();
    return released.ok() ? ended : released;
}

// result<record { ok: bool }, variant { version-mismatch(string), unexpected-mat(mat-info), other(string) }>: 40 bytes.
Ended CabiGuest::init_result(u32 at) {
    auto failed = memory.get<u8>(at);
    if (!failed || at % 4 != 0 || !memory.contains(at, 40)) return bad_address("init's result");
    if (*failed == 0) {
        if (memory.get<u8>(at + 4).value() == 0) return {Outcome::init_failed, "the guest's init says it is not ok"};
        return {};
    }
    std::string text;
    if (!text_at(at + 8, text)) return bad_address("init's error");
    return init_error(memory.get<u8>(at + 4).value(), text);
}

Task<Ended> CabiGuest::do_handle(const MaterializerConfig& op, std::string_view json) {
    u32 name = 0, input = 0, result = 0;
    Ended ended = place(op.op, name);
    if (ended.ok()) ended = place(json, input);
    if (!ended.ok()) co_return ended;
    Task<Ended> calling = wait32<4>(handle_, {name, u32(op.op.size()), input, u32(json.size())}, result);
    ended = co_await calling;
    if (!ended.ok()) co_return ended;
    ended = handle_result(result);
    co_return after(after_handle_, result, std::move(ended));
}

// result<string, variant { no-handler, in-json-err(string), handler-err(string) }>: 16 bytes.
Ended CabiGuest::handle_result(u32 at) {
    auto failed = memory.get<u8>(at);
    if (!failed || at % 4 != 0 || !memory.contains(at, 16)) return bad_address("handle's result");
    std::string text;
    if (*failed == 0) return text_at(at + 4, text) ? Ended{Outcome::ok, std::move(text)} : bad_address("handle's result");
    u8 which = memory.get<u8>(at + 4).value();
    return which == 0 || text_at(at + 8, text) ? handle_error(scope().materializer, which, std::move(text)) : bad_address("handle's error");
}

// result<string, string> at `at`: the text is placed with cabi_realloc, which runs as a leaf.
bool CabiGuest::place_answer(Caller& c, u32 at, const HostAnswer& result) {
    const std::string& text = result ? *result : result.error();
    Slot args[4] = {Slot::of(u32(0)), Slot::of(u32(0)), Slot::of(u32(1)), Slot::of(u32(text.size()))}, room[1] = {};
    if (!text.empty() && c.leaf(realloc_, args, room) != Exit::returned) return false;
    u32 place = room[0].as<u32>();
    return (text.empty() || memory.write(place, text.data(), text.size())) && memory.set(at, u8(result ? 0 : 1)) && memory.set(u64(at) + 4, place) &&
           memory.set(u64(at) + 8, u32(text.size()));
}

Host CabiGuest::hostcall_import(Caller& c, u32 op, u32 op_bytes, u32 json, u32 json_bytes, u32 result) {
    if (!memory.object()) return c.fail("hostcall before the start function has ended");
    if (!memory.contains(op, op_bytes) || !memory.contains(json, json_bytes) || !memory.contains(result, 12) || result % 4 != 0)
        return c.fail(Trap{TrapCode::memory_out_of_bounds, "hostcall's arguments", {}, 0, 0});
    return ask(c, memory.text(op, op_bytes), memory.text(json, json_bytes), [this, result](Caller& caller, const HostAnswer& a) { return answer(caller, result, a); });
}

Host CabiGuest::answer(Caller& c, u32 at, const HostAnswer& result) {
    if (place_answer(c, at, result)) return Host::done;
    return c.fail(Trap{TrapCode::memory_out_of_bounds, "cabi_realloc gave no room for hostcall's result", {}, 0, 0});
}

// ---- the simple profile -------------------------------------------------------------------------------------------------------------

class SimpleWireGuest : public WireGuest {
public:
    using WireGuest::WireGuest;

private:
    void offer(Linker& linker) override;
    Task<Ended> do_start(const InitArgs& args) override;
    Task<Ended> do_handle(const MaterializerConfig& op, std::string_view json) override;
    Ended find_exports();
    Ended place(std::string_view text, u32& at);
    void free(u32 at, std::size_t bytes);

    Func alloc_, free_, init_, handle_;
    std::string result_;   // what the guest gave with `result`
    std::string taken_;    // the answer of its last hostcall, until it takes it
};

void SimpleWireGuest::offer(Linker& linker) {
    auto bad = [](Caller& c, const char* what) { return c.fail(Trap{TrapCode::memory_out_of_bounds, what, {}, 0, 0}); };
    linker.func("cw:host", "result", [this, bad](Caller& c, u32 at, u32 n) {
        auto view = c.memory() ? c.memory()->view(at, n) : std::nullopt;
        if (!view) return bad(c, "result's argument");
        result_.assign(view->begin(), view->end());
        return Host::done;
    });
    linker.raw("cw:host", "hostcall", FuncType{{i32_type, i32_type, i32_type, i32_type}, {i64_type}}, [](Caller& c, void* data) -> Host {
        auto& self = **static_cast<SimpleWireGuest**>(data);
        auto arg = [&](std::size_t i) { return c.slots()[i].as<u32>(); };
        auto mem = c.memory();
        if (!mem || !mem->contains(arg(0), arg(1)) || !mem->contains(arg(2), arg(3)))
            return c.fail(Trap{TrapCode::memory_out_of_bounds, "hostcall's arguments", {}, 0, 0});
        return self.ask(c, mem->text(arg(0), arg(1)), mem->text(arg(2), arg(3)), [&self](Caller& caller, const HostAnswer& a) {
            self.taken_ = a ? *a : a.error();
            caller.slots()[0] = Slot::of(u64(a ? 0 : 1) << 32 | self.taken_.size());
            return Host::done;
        });
    }, std::make_shared<SimpleWireGuest*>(this));
    linker.func("cw:host", "take", [this, bad](Caller& c, u32 at) {
        if (!c.memory() || !c.memory()->write(at, taken_.data(), taken_.size())) return bad(c, "take's argument");
        taken_.clear();
        return Host::done;
    });
}

Ended SimpleWireGuest::find_exports() {
    auto abi = instance().find_func("cw_abi"), alloc = instance().find_func("cw_alloc"), release = instance().find_func("cw_free"),
         init = instance().find_func("cw_init"), handle = instance().find_func("cw_handle");
    auto mem = instance().find_memory("memory");
    if (!has_type(abi, 0, 1)) return missing("cw_abi", "() -> i32");
    if (!has_type(alloc, 1, 1)) return missing("cw_alloc", "(i32) -> i32");
    if (!has_type(release, 2, 0)) return missing("cw_free", "(i32, i32)");
    if (!has_type(init, 2, 1)) return missing("cw_init", "(i32, i32) -> i32");
    if (!has_type(handle, 4, 1)) return missing("cw_handle", "(i32, i32, i32, i32) -> i32");
    if (!mem) return missing("memory", "memory");
    alloc_ = *alloc, free_ = *release, init_ = *init, handle_ = *handle, memory = *mem;
    u32 version = 0;
    if (Ended e = call32(*abi, {}, &version); !e.ok()) return e;
    if (version != 1) return {Outcome::init_failed, artifact().label + ": cw_abi says " + std::to_string(version) + ", and this host speaks 1"};
    return {};
}

Ended SimpleWireGuest::place(std::string_view text, u32& at) {
    Ended got = call32(alloc_, {u32(text.size())}, &at);
    if (got.ok() && !memory.write(at, text.data(), text.size())) return bad_address("cw_alloc gave no room");
    return got;
}

Task<Ended> SimpleWireGuest::do_start(const InitArgs& args) {
    Ended ended = instantiate();
    if (ended.ok()) ended = find_exports();
    std::string json = init_args_json(args);
    u32 at = 0, status = 0;
    result_.clear();
    if (ended.ok()) ended = place(json, at);
    if (!ended.ok()) co_return ended;
    Task<Ended> calling = wait32<2>(init_, {at, u32(json.size())}, status);
    ended = co_await calling;
    if (ended.ok()) ended = call32(free_, {at, u32(json.size())}, nullptr);
    if (!ended.ok() || status == 0) co_return ended;
    co_return Ended{Outcome::init_failed, "the guest's init failed with status " + std::to_string(status) + (result_.empty() ? "" : ": " + std::exchange(result_, ""))};
}

Task<Ended> SimpleWireGuest::do_handle(const MaterializerConfig& op, std::string_view json) {
    u32 name = 0, input = 0, status = 0;
    result_.clear();
    taken_.clear();  // nothing of an earlier call
    Ended ended = place(op.op, name);
    if (ended.ok()) ended = place(json, input);
    if (!ended.ok()) co_return ended;
    Task<Ended> calling = wait32<4>(handle_, {name, u32(op.op.size()), input, u32(json.size())}, status);
    ended = co_await calling;
    if (ended.ok()) ended = call32(free_, {input, u32(json.size())}, nullptr);
    if (ended.ok()) ended = call32(free_, {name, u32(op.op.size())}, nullptr);
    if (!ended.ok()) co_return ended;
    std::string text = std::exchange(result_, "");
    co_return status == 0 ? Ended{Outcome::ok, std::move(text)} : handle_error(op, u32(status) - 1, std::move(text));
}

}  // namespace

std::unique_ptr<Guest> make_core_wire_guest(std::shared_ptr<const Artifact> artifact, const GuestConfig& config) {
    bool simple = std::ranges::any_of(artifact->module->exports(), [](const ExportType& e) { return e.name == "cw_abi"; });
    if (simple) return std::make_unique<SimpleWireGuest>(std::move(artifact), config);
    return std::make_unique<CabiGuest>(std::move(artifact), config);
}

}  // namespace heddle::wire
