#include "tools/core_import.hpp"

#include <algorithm>
#include <charconv>

#include "names.hpp"
#include "tools/type_writer.hpp"

namespace heddle::component::tools {
namespace {

constexpr std::string_view standard_prefix = "cm32p2";

bool eat(std::string_view& s, std::string_view prefix) {
    if (!s.starts_with(prefix)) return false;
    s.remove_prefix(prefix.size());
    return true;
}

// Which of the world's interfaces a core module's name speaks of.
struct Place {
    bool exported = false, standard = false;
    std::string_view interface;  // empty: the world itself
};
Place place(std::string_view module) {
    Place p;
    if (eat(module, standard_prefix)) {
        p.standard = true;
        eat(module, "|");
        p.exported = eat(module, "_ex_");
    } else {
        p.exported = eat(module, "[export]");
        if (module == "$root") module = {};
    }
    p.interface = module;
    return p;
}

class Finder {
public:
    Finder(const CoreWorld& w, const Module& m, const ImportType& i) : w_(w), r_(w.resolve), import_(i) {
        c_.module = i.module;
        c_.name = i.name;
        if (i.type.kind == ExternKind::func) c_.type = m.func_type(i.type.type);
    }

    CoreImport find() {
        if (w_.is_adapter && import_.module == "env" && import_.name == "memory") return as(CoreImport::What::memory);
        if (w_.is_adapter && import_.module == "__main_module__") return as(CoreImport::What::main);
        if (import_.type.kind != ExternKind::func) fail("is no function: a component gives its core modules functions only");
        auto adapter = std::ranges::find(w_.adapters, import_.module);
        if (adapter != w_.adapters.end() && !w_.is_adapter) {
            c_.adapter = std::size_t(adapter - w_.adapters.begin());
            return as(CoreImport::What::adapter);
        }
        place_ = place(import_.module);
        if (!place_.interface.empty()) find_item();
        c_.exported = place_.exported;
        meaning(import_.name);
        return std::move(c_);
    }

private:
    [[noreturn]] void fail(const std::string& why) const {
        throw Error{Error::Kind::unlinkable, "the core module's import `" + import_.module + "` `" + import_.name + "` " + why, Error::no_offset};
    }
    CoreImport as(CoreImport::What what) {
        c_.what = what;
        return std::move(c_);
    }

    void find_item() {
        const auto& items = place_.exported ? w_.world.exports : w_.world.imports;
        for (const wit::WorldItem& i : items)
            if (i.kind == wit::WorldItem::Kind::interface && names_match(place_.interface, item_name(r_, i))) c_.item = &i;
        if (c_.item) return;
        std::string known;
        for (const wit::WorldItem& i : items)
            if (i.kind == wit::WorldItem::Kind::interface) known += (known.empty() ? "" : ", ") + item_name(r_, i);
        fail(std::string("is of no interface that world `") + w_.world.name + (place_.exported ? "` exports" : "` imports") +
             (known.empty() ? ", which has none" : ": " + known) + (import_.module.find(':') == import_.module.npos ? "; an adapter of that name could serve it" : ""));
    }

    void meaning(std::string_view name) {
        c_.cancellable = eat(name, "[cancellable]");
        c_.async = eat(name, "[async-lower]");
        if (name.starts_with('[') && !name.starts_with("[method]") && !name.starts_with("[static]") && !name.starts_with("[constructor]")) {
            auto close = name.find(']');
            if (close == name.npos) fail("has no `]`");
            return bracketed(name.substr(1, close - 1), name.substr(close + 1));
        }
        if (place_.standard && resource_suffix(name)) return;
        lowered(name);
    }

    void lowered(std::string_view name) {
        if (place_.exported) fail("is no built-in for what is exported");
        c_.canon = CanonKind::lower;
        c_.function = function(name);
        Signature s = signature(r_, *c_.function, c_.async ? Call::async_lower : Call::lower);
        needs(s);
        check(s);
    }

    void needs(const Signature& s) {
        c_.memory = s.memory;
        c_.realloc = s.realloc;
        c_.strings = s.strings;
    }
    void check(const Signature& s) const {
        if (s.params == c_.type.params && s.results == c_.type.results) return;
        Signature has;
        has.params = c_.type.params;
        has.results = c_.type.results;
        fail("has type " + to_string(has) + ", but `" + r_.canonical_name(*c_.function) + "` of the world needs " + to_string(s));
    }

    const wit::Function* function(std::string_view name) const {
        std::string known;
        const auto matches = [&](const std::string& n) {
            known += (known.empty() ? "" : ", ") + n;
            return n == name;
        };
        if (c_.item) {
            for (const wit::Function& f : r_.interfaces[c_.item->index].functions)
                if (matches(r_.canonical_name(f))) return &f;
        } else {
            for (const wit::WorldItem& i : place_.exported ? w_.world.exports : w_.world.imports)
                if (i.kind == wit::WorldItem::Kind::function && matches(i.name)) return &i.function;
        }
        fail("is no function of " + (c_.item ? "interface `" + item_name(r_, *c_.item) : "world `" + w_.world.name) + "`, which has " + (known.empty() ? "none" : known));
    }

    void resource(std::string_view name, CanonKind canon) {
        c_.canon = canon;
        auto is_it = [&](u32 t) { return r_.types[t].name == name && std::holds_alternative<wit::Resource>(r_.types[r_.resolve_alias(t)].kind); };
        if (c_.item) {
            for (u32 t : r_.interfaces[c_.item->index].types)
                if (is_it(t)) return void(c_.wit_type = t);
        } else {
            for (const wit::WorldItem& i : w_.world.imports)
                if (i.kind == wit::WorldItem::Kind::type && is_it(i.index)) return void(c_.wit_type = i.index);
        }
        fail("is about no resource of " + (c_.item ? "interface `" + item_name(r_, *c_.item) : "world `" + w_.world.name) + "`");
    }

    bool resource_suffix(std::string_view name) {
        static constexpr std::pair<std::string_view, CanonKind> suffixes[] = {
            {"_drop", CanonKind::resource_drop}, {"_new", CanonKind::resource_new}, {"_rep", CanonKind::resource_rep}};
        for (auto [suffix, canon] : suffixes)
            if (name.ends_with(suffix)) return resource(name.substr(0, name.size() - suffix.size()), canon), true;
        return false;
    }

    void bracketed(std::string_view word, std::string_view rest) {
        if (word == "resource-drop") return resource(rest, CanonKind::resource_drop);
        if (word == "resource-new") return resource(rest, CanonKind::resource_new);
        if (word == "resource-rep") return resource(rest, CanonKind::resource_rep);
        if (word == "task-return") return task_return(rest);
        if (word.starts_with("stream-") || word.starts_with("future-")) return element(word, rest);
        if (word.starts_with("context-")) return context(word);
        for (std::string_view encoding : {"-utf8", "-utf16", "-latin1+utf16"})
            if (word.ends_with(encoding)) word.remove_suffix(encoding.size());
        if (word == "thread-new-indirect-v0") return new_thread();
        c_.canon = builtin(word);
        switch (c_.canon) {
            case CanonKind::waitable_set_wait:
            case CanonKind::waitable_set_poll: c_.memory = true; break;
            case CanonKind::error_context_new: c_.memory = c_.strings = true; break;
            case CanonKind::error_context_debug_message: c_.memory = c_.realloc = c_.strings = true; break;
            case CanonKind::thread_new_indirect:
            case CanonKind::thread_spawn_ref:
            case CanonKind::thread_spawn_indirect: fail("makes threads: `[thread-new-indirect-v0]` does, of functions in `__indirect_function_table`"); break;
            default: break;
        }
    }

    // The function's index in the module's table, and what it is called with.
    void new_thread() {
        if (c_.type != heddle::FuncType{{i32_type, i32_type}, {i32_type}}) fail("needs (func (param i32 i32) (result i32))");
        c_.canon = CanonKind::thread_new_indirect;
        c_.table = true;
    }

    // "waitable-set-new" is the canonical definition `waitable-set.new`.
    CanonKind builtin(std::string_view word) const {
        for (const CanonRow& row : canon_rows()) {
            std::string text(row.text);
            std::ranges::replace(text, '.', '-');
            if (text == word && row.kind != CanonKind::lift && row.kind != CanonKind::lower) return row.kind;
        }
        fail("is no built-in that is known");
    }

    void task_return(std::string_view name) {
        c_.exported = true;
        place_.exported = true;
        c_.canon = CanonKind::task_return;
        c_.function = function(name);
        Signature s = signature(r_, *c_.function, Call::task_return);
        needs(s);
        check(s);
    }

    u32 number(std::string_view& word) const {
        auto dash = word.rfind('-');
        u32 n = 0;
        std::string_view digits = dash == word.npos ? "" : word.substr(dash + 1);
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
        if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) fail("does not end in a number");
        word = word.substr(0, dash);
        return n;
    }

    // [stream-read-0]f: the first stream or future in f's type.
    void element(std::string_view word, std::string_view name) {
        u32 n = number(word);
        c_.canon = builtin(word);
        c_.function = function(name);
        auto all = streams_and_futures(r_, *c_.function);
        if (n >= all.size()) fail("is about number " + std::to_string(n) + " of the streams and futures of `" + std::string(name) + "`, which has " + std::to_string(all.size()));
        c_.wit_type = all[n];
        const auto& kind = r_.types[all[n]].kind;
        const auto* stream = std::get_if<wit::Stream>(&kind);
        if (bool(stream) != word.starts_with("stream")) fail(std::string("is about a ") + (stream ? "stream" : "future"));
        const std::optional<wit::Type>& payload = stream ? stream->type : std::get<wit::Future>(kind).type;
        using enum CanonKind;
        bool reads = c_.canon == stream_read || c_.canon == future_read, writes = c_.canon == stream_write || c_.canon == future_write;
        if (!payload || (!reads && !writes)) return;
        c_.memory = true;
        c_.realloc = reads && has_pointer(r_, *payload);
        c_.strings = has_string(r_, *payload);
    }

    void context(std::string_view word) {
        c_.slot = number(word);
        if (word.ends_with("-i32")) word.remove_suffix(4);
        c_.canon = builtin(word);
    }

    const CoreWorld& w_;
    const wit::Resolve& r_;
    const ImportType& import_;
    CoreImport c_;
    Place place_;
};

// "ns:pkg/iface@1.2.3" as the newer scheme has it: its version cut to what is compatible.
std::string standard_interface(std::string_view interface) {
    auto p = parse_extern_name(interface);
    if (!p || p->version.empty()) return std::string(interface);
    auto version = parse_version(p->version);
    if (version && !version->prerelease.empty()) return std::string(interface);
    return std::string(p->package) + "/" + std::string(p->interface) + "@" + std::string(canonical_version(p->version));
}

}  // namespace

CoreImport core_import(const CoreWorld& where, const Module& module, const ImportType& import) { return Finder(where, module, import).find(); }

LiftNames lift_names(std::string_view interface, const std::string& function) {
    std::string name = (interface.empty() ? "" : std::string(interface) + "#") + function;
    std::string standard = std::string(standard_prefix) + "|" + standard_interface(interface) + "|" + function;
    return {name, "[async-lift]" + name, "[async-lift-stackful]" + name, "[callback][async-lift]" + name, "cabi_post_" + name, standard, standard + "_post"};
}

std::vector<std::string> destructor_names(std::string_view interface, const std::string& resource) {
    return {std::string(interface) + "#[dtor]" + resource, std::string(standard_prefix) + "|" + standard_interface(interface) + "|" + resource + "_dtor"};
}

}  // namespace heddle::component::tools
