#include "tools/adapter.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <heddle/bytes.hpp>
#include <heddle/inspect.hpp>

namespace heddle::component::tools {
namespace {

constexpr u8 type_section = 1, function_section = 3, export_section = 7, code_section = 10;

struct Section {
    u8 id = 0;
    std::span<const u8> contents;
};

std::vector<Section> sections_of(std::span<const u8> module) {
    std::vector<Section> all;
    Reader r(module.subspan(8));
    while (!r.done()) {
        u8 id = r.byte();
        all.push_back({id, r.take(r.u32_leb())});
    }
    return all;
}

// The index of a global by its name in the name section.
std::optional<u32> global_named(const Module& m, std::string_view wanted) {
    constexpr u8 global_names = 7;
    for (const CustomSectionView& c : m.custom_sections()) {
        if (c.name != "name") continue;
        try {
            Reader r(c.bytes);
            while (!r.done()) {
                u8 id = r.byte();
                Reader names(r.take(r.u32_leb()));
                if (id != global_names) continue;
                for (u32 n = names.u32_leb(); n > 0; --n) {
                    u32 index = names.u32_leb();
                    if (names.name() == wanted) return index;
                }
            }
        } catch (const Error&) {  // a damaged name section names nothing
        }
    }
    return std::nullopt;
}

std::optional<u32> imported_func(const Module& m, std::string_view module, std::string_view name) {
    u32 index = 0;
    for (const ImportType& i : m.imports()) {
        if (i.type.kind != ExternKind::func) continue;
        if (i.module == module && i.name == name) return index;
        ++index;
    }
    return std::nullopt;
}

// Adds to an adapter: a function that allocates its stack once, and one before each exported function that calls it first.
class StackMaker {
public:
    StackMaker(const Module& m, u32 stack_pointer, u32 state, u32 realloc)
        : m_(m), summary_(summarize(m)), stack_pointer_(stack_pointer), state_(state), realloc_(realloc) {}

    std::vector<u8> run() {
        auto sections = sections_of(m_.bytes());
        for (const Section& s : sections)
            if (s.id == function_section) read_functions(s);
        allocate_ = summary_.funcs;
        add({summary_.types, allocate_body()});
        for (const Section& s : sections)
            if (s.id == export_section) redirect(s);
        Writer out;
        out.span(m_.bytes().first(8));
        for (const Section& s : sections) write(out, s);
        return std::move(out.bytes);
    }

private:
    struct Added {
        u32 type;
        std::vector<u8> body;
    };
    void add(Added a) { added_.push_back(std::move(a)); }

    void read_functions(const Section& s) {
        Reader r(s.contents);
        for (u32 n = r.u32_leb(); n > 0; --n) types_.push_back(r.u32_leb());
    }

    // if (!state) { state = 1; stack_pointer = cabi_realloc(0, 0, 8, 65536) + 65536; state = 2; }
    std::vector<u8> allocate_body() const {
        constexpr u8 i32_const = 0x41, global_get = 0x23, global_set = 0x24, call = 0x10, end = 0x0b;
        constexpr i32 stack_bytes = 65536;
        Writer w;
        const auto constant = [&](i32 v) { w.byte(i32_const), w.i32_leb(v); };
        const auto set = [&](u32 global) { w.byte(global_set), w.u32_leb(global); };
        w.byte(0);  // no locals
        w.byte(global_get), w.u32_leb(state_), w.byte(0x45);
        w.byte(0x04), w.byte(0x40);
        constant(1), set(state_);
        constant(0), constant(0), constant(8), constant(stack_bytes);
        w.byte(call), w.u32_leb(realloc_);
        constant(stack_bytes), w.byte(0x6a), set(stack_pointer_);
        constant(2), set(state_);
        w.byte(end), w.byte(end);
        return std::move(w.bytes);
    }

    std::vector<u8> wrapper(u32 func, std::size_t params) const {
        Writer w;
        w.byte(0);
        w.byte(0x10), w.u32_leb(allocate_);
        for (u32 p = 0; p < params; ++p) w.byte(0x20), w.u32_leb(p);
        w.byte(0x10), w.u32_leb(func);
        w.byte(0x0b);
        return std::move(w.bytes);
    }

    // The exports with wrappers for functions of the module's own; the allocator is called by the allocation itself.
    void redirect(const Section& s) {
        auto types = m_.exports();
        Reader r(s.contents);
        u32 n = r.u32_leb();
        exports_.u32_leb(n);
        for (u32 i = 0; i < n; ++i) {
            std::string_view name = r.name();
            u8 kind = r.byte();
            u32 index = r.u32_leb();
            if (kind == 0 && index >= summary_.imported_funcs && !name.starts_with("cabi_")) {
                u32 wrapped = summary_.funcs + u32(added_.size());
                add({types_.at(index - summary_.imported_funcs), wrapper(index, m_.func_type(types[i].type.type).params.size())});
                index = wrapped;
            }
            exports_.name(name), exports_.byte(kind), exports_.u32_leb(index);
        }
    }

    template <class F>
    static void appended(Writer& w, const Section& s, std::size_t n, F more) {
        Reader r(s.contents);
        u32 count = r.u32_leb();
        w.u64_leb(count + n);
        w.span(r.take(r.left()));
        more();
    }

    void write(Writer& out, const Section& s) const {
        Writer w;
        switch (s.id) {
            case type_section: appended(w, s, 1, [&] { w.byte(0x60), w.byte(0), w.byte(0); }); break;
            case function_section:
                appended(w, s, added_.size(), [&] {
                    for (const Added& a : added_) w.u32_leb(a.type);
                });
                break;
            case export_section: w.span(exports_.bytes); break;
            case code_section:
                appended(w, s, added_.size(), [&] {
                    for (const Added& a : added_) w.u64_leb(a.body.size()), w.span(a.body);
                });
                break;
            default: w.span(s.contents);
        }
        out.byte(s.id);
        out.u64_leb(w.bytes.size());
        out.span(w.bytes);
    }

    const Module& m_;
    ModuleSummary summary_;
    u32 stack_pointer_, state_, realloc_;
    u32 allocate_ = 0;
    std::vector<u32> types_;  // of its own functions
    std::vector<Added> added_;
    Writer exports_;
};

}  // namespace

std::set<u32> reachable_imports(const Module& adapter, const std::set<std::string>& exports) {
    std::vector<std::string> names(exports.begin(), exports.end());
    std::vector<bool> reached = reachable_functions(adapter, names);
    std::set<u32> imports;
    for (u32 f = 0; f < summarize(adapter).imported_funcs; ++f)
        if (reached[f]) imports.insert(f);
    return imports;
}

std::vector<u8> trimmed(const Module& adapter, const std::set<std::string>& exports) {
    std::vector<std::string> names(exports.begin(), exports.end());
    std::vector<bool> reached = reachable_functions(adapter, names);
    std::size_t func = summarize(adapter).imported_funcs;
    static constexpr u8 trap[] = {0x00, 0x00, 0x0b};  // no locals, unreachable, end
    Writer out;
    out.span(adapter.bytes().first(8));
    for (const Section& s : sections_of(adapter.bytes())) {
        if (s.id == 0) continue;
        Writer code;
        if (s.id == code_section) {
            Reader r(s.contents);
            u32 n = r.u32_leb();
            code.u32_leb(n);
            for (; n > 0; --n) {
                std::span<const u8> body = r.take(r.u32_leb());
                if (!reached[func++]) body = trap;
                code.u64_leb(body.size());
                code.span(body);
            }
        } else code.span(s.contents);
        out.byte(s.id);
        out.u64_leb(code.bytes.size());
        out.span(code.bytes);
    }
    return std::move(out.bytes);
}

std::vector<u8> with_stack(const Module& adapter) {
    auto stack = global_named(adapter, "__stack_pointer"), state = global_named(adapter, "allocation_state");
    auto realloc = imported_func(adapter, "__main_module__", "cabi_realloc");
    if (!stack || !state || !realloc) return {adapter.bytes().begin(), adapter.bytes().end()};
    return StackMaker(adapter, *stack, *state, *realloc).run();
}

}  // namespace heddle::component::tools
