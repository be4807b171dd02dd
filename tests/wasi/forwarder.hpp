// A guest that offers every function it imports: component text made from what a linker provides. A test calls "wasi:io/poll.poll" with values;
// the guest's core code calls the host with what arrived in its memory, and hands back what came.
#pragma once
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <heddle/component.hpp>
#include <heddle/component_text.hpp>
#include <heddle/wasi.hpp>

#include "bind.hpp"

namespace heddle::wasi::testing {

using component::ExternInfo;
using component::FunctionType;
using component::Val;
using component::ValueType;

class ForwarderText {
public:
    explicit ForwarderText(std::vector<ExternInfo> interfaces) : interfaces_(std::move(interfaces)) {
        for (const ExternInfo& i : interfaces_)
            for (const ExternInfo& e : i.exports)
                if (e.kind == ExternInfo::Kind::resource) owner_[e.name] = i.name;
        for (const ExternInfo& i : interfaces_) place(i);
    }

    std::string text() {
        std::string s = "(component\n";
        for (const ExternInfo* i : order_) s += import(*i);
        s += core_memory;
        std::string imports, functions, instances, lifts;
        for (const ExternInfo* i : order_) {
            for (const ExternInfo& e : i->exports)
                if (e.kind == ExternInfo::Kind::resource) {
                    s += "(core func $drop-" + e.name + " (canon resource.drop $r-" + e.name + "))\n";
                    imports += "(import \"drop\" \"" + e.name + "\" (func $drop-" + e.name + " (param i32)))\n";
                    instances += "(export \"" + e.name + "\" (func $drop-" + e.name + "))";
                }
        }
        std::string lowered;
        for (const ExternInfo* i : order_)
            for (const ExternInfo& e : i->exports) {
                if (e.kind != ExternInfo::Kind::func) continue;
                std::string id = "f" + std::to_string(names_.size());
                names_[i->name + "." + e.name] = id;
                s += "(core func $" + id + " (canon lower (func $" + ids_[i->name] + " \"" + e.name + "\") (memory $mem) (realloc $realloc)))\n";
                imports += "(import \"host\" \"" + id + "\" (func $" + id + " " + core_type(e.func, true) + "))\n";
                functions += trampoline(id, e.func);
                lowered += "(export \"" + id + "\" (func $" + id + "))";
                lifts += "(func (export \"" + id + "\") " + func_type(e.func, ids_[i->name] + "-") + " (canon lift (core func $main \"" + id +
                         "\") (memory $mem) (realloc $realloc)" + (e.func.async ? "" : " (post-return (core func $m \"" + reset(e.func) + "\"))") + "))\n";
            }
        s += "(core module $n (import \"env\" \"memory\" (memory 1)) (import \"env\" \"room\" (func $room (result i32)))\n" + imports + functions + ")\n";
        s += "(core instance $main (instantiate $n (with \"env\" (instance $m)) (with \"host\" (instance " + lowered + ")) (with \"drop\" (instance " +
             instances + "))))\n" + lifts + ")";
        return s;
    }
    // The export that forwards a function.
    std::string export_of(const std::string& function) const {
        auto at = names_.find(function);
        return at == names_.end() ? "" : at->second;
    }

private:
    static constexpr const char* core_memory = R"((core module $mm
  (memory (export "memory") 4) (global $at (mut i32) (i32.const 1024))
  (func (export "reset") (global.set $at (i32.const 1024)))
  (func (export "reset-i32") (param i32) (global.set $at (i32.const 1024)))
  (func (export "reset-i64") (param i64) (global.set $at (i32.const 1024)))
  (func $realloc (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32) (local $p i32)
    (local.set $p (i32.and (i32.add (global.get $at) (i32.const 15)) (i32.const -16)))
    (global.set $at (i32.add (local.get $p) (local.get $new)))
    (block $fits (loop $more
      (br_if $fits (i32.le_u (global.get $at) (i32.shl (memory.size) (i32.const 16))))
      (br_if $more (i32.ne (memory.grow (i32.const 64)) (i32.const -1)))
      unreachable))
    (local.get $p))
  (func (export "room") (result i32) (call $realloc (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 1024))))
(core instance $m (instantiate $mm))
(alias core export $m "memory" (core memory $mem))
(alias core export $m "realloc" (core func $realloc))
)";

    // Interfaces in an order in which each comes after those whose resources it uses.
    void place(const ExternInfo& i) {
        if (!placed_.insert(i.name).second) return;
        for (const ExternInfo& e : i.exports)
            for (const std::string& r : resources_of(e.func)) {
                auto from = std::ranges::find(interfaces_, owner_[r], &ExternInfo::name);
                if (from != interfaces_.end()) place(*from);
            }
        ids_[i.name] = "i" + std::to_string(order_.size());
        order_.push_back(&i);
    }
    static const ValueType* element(const ValueType& t) {
        using K = ValueType::Kind;
        return t.kind() == K::list || t.kind() == K::stream || t.kind() == K::future ? t.element() : nullptr;
    }
    static void collect(const ValueType& t, std::set<std::string>& all) {
        if (t.kind() == ValueType::Kind::own || t.kind() == ValueType::Kind::borrow) all.insert(resource_name(t.resource()));
        if (auto e = element(t)) collect(*e, all);
        for (const auto& m : t.members())
            if (m.type) collect(*m.type, all);
    }
    static std::set<std::string> resources_of(const FunctionType& f) {
        std::set<std::string> all;
        for (const auto& p : f.params) collect(p.type, all);
        if (f.result) collect(*f.result, all);
        return all;
    }

    std::string import(const ExternInfo& i) {
        named_.clear();
        std::string body, types, aliases, id = ids_[i.name];
        for (const ExternInfo& e : i.exports)
            if (e.kind == ExternInfo::Kind::resource) {
                body += "  (export \"" + e.name + "\" (type $r-" + e.name + " (sub resource)))\n";
                aliases += "(alias export $" + id + " \"" + e.name + "\" (type $r-" + e.name + "))\n";
            }
        std::string functions;
        for (const ExternInfo& e : i.exports)
            if (e.kind == ExternInfo::Kind::func) {
                define_all(e.func, id, types, aliases);
                functions += "  (export \"" + e.name + "\" (func " + func_type(e.func, id + "-") + "))\n";
            }
        return "(import \"" + i.name + "\" (instance $" + id + "\n" + body + types + functions + "))\n" + aliases;
    }

    void define_all(const FunctionType& f, const std::string& id, std::string& types, std::string& aliases) {
        for (const auto& p : f.params) define(p.type, id, types, aliases);
        if (f.result) define(*f.result, id, types, aliases);
    }
    static bool has_name(const ValueType& t) {
        using K = ValueType::Kind;
        return t.kind() == K::record || t.kind() == K::variant || t.kind() == K::enum_ || t.kind() == K::flags;
    }
    void define(const ValueType& t, const std::string& id, std::string& types, std::string& aliases) {
        if (auto e = element(t)) define(*e, id, types, aliases);
        for (const auto& m : t.members())
            if (m.type) define(*m.type, id, types, aliases);
        if (!has_name(t) || named(t)) return;
        std::string name = "t" + std::to_string(named_.size());
        types += "  (type $" + name + " " + structure(t, id + "-") + ")\n  (export \"" + name + "\" (type $" + id + "-" + name + " (eq $" + name + ")))\n";
        aliases += "(alias export $" + id + " \"" + name + "\" (type $" + id + "-" + name + "))\n";
        named_.emplace_back(t, name);
        all_named_[id + "-"].emplace_back(t, name);
    }
    const std::string* named(const ValueType& t) {
        for (auto& [type, name] : named_)
            if (type == t) return &name;
        return nullptr;
    }
    std::string type(const ValueType& t, const std::string& prefix) {
        if (has_name(t))
            for (auto& [type, name] : all_named_[prefix])
                if (type == t) return "$" + prefix + name;
        return structure(t, prefix);
    }
    std::string structure(const ValueType& t, const std::string& p) {
        using K = ValueType::Kind;
        std::string s;
        switch (t.kind()) {
            case K::own: return "(own $r-" + resource_name(t.resource()) + ")";
            case K::borrow: return "(borrow $r-" + resource_name(t.resource()) + ")";
            case K::list: return "(list " + type(*t.element(), p) + ")";
            case K::stream: return t.element() ? "(stream " + type(*t.element(), p) + ")" : "(stream)";
            case K::future: return t.element() ? "(future " + type(*t.element(), p) + ")" : "(future)";
            case K::option: return "(option " + type(*t.members()[1].type, p) + ")";
            case K::tuple:
                for (const auto& m : t.members()) s += " " + type(*m.type, p);
                return "(tuple" + s + ")";
            case K::record:
                for (const auto& m : t.members()) s += " (field \"" + m.name + "\" " + type(*m.type, p) + ")";
                return "(record" + s + ")";
            case K::variant:
                for (const auto& m : t.members()) s += " (case \"" + m.name + "\"" + (m.type ? " " + type(*m.type, p) : "") + ")";
                return "(variant" + s + ")";
            case K::result:
                if (t.members()[0].type) s += " " + type(*t.members()[0].type, p);
                if (t.members()[1].type) s += " (error " + type(*t.members()[1].type, p) + ")";
                return "(result" + s + ")";
            case K::enum_:
            case K::flags:
                for (const auto& m : t.members()) s += " \"" + m.name + "\"";
                return std::string(t.kind() == K::enum_ ? "(enum" : "(flags") + s + ")";
            default: return to_string(t);
        }
    }
    std::string func_type(const FunctionType& f, const std::string& prefix) {
        std::string s = f.async ? "async" : "";
        for (const auto& p : f.params) s += " (param \"" + p.name + "\" " + type(p.type, prefix) + ")";
        if (f.result) s += " (result " + type(*f.result, prefix) + ")";
        return s;
    }

    // ---- core types, as the canonical ABI flattens them
    using Flat = std::vector<std::string>;
    static void append(Flat& to, const Flat& f) { to.insert(to.end(), f.begin(), f.end()); }
    static Flat flatten(const ValueType& t) {
        using K = ValueType::Kind;
        switch (t.kind()) {
            case K::s64:
            case K::u64: return {"i64"};
            case K::f32: return {"f32"};
            case K::f64: return {"f64"};
            case K::string:
            case K::list: return {"i32", "i32"};
            case K::record:
            case K::tuple: {
                Flat all;
                for (const auto& m : t.members()) append(all, flatten(*m.type));
                return all;
            }
            case K::variant:
            case K::option:
            case K::result: {
                Flat joined;
                for (const auto& m : t.members()) {
                    Flat one = m.type ? flatten(*m.type) : Flat();
                    for (std::size_t i = 0; i < one.size(); ++i) {
                        if (i == joined.size()) joined.push_back(one[i]);
                        else if (joined[i] != one[i]) joined[i] = joined[i] == "i64" || one[i] == "i64" || one[i] == "f64" || joined[i] == "f64" ? "i64" : "i32";
                    }
                }
                Flat all = {"i32"};
                append(all, joined);
                return all;
            }
            default: return {"i32"};
        }
    }
    static Flat params(const FunctionType& f) {
        Flat all;
        for (const auto& p : f.params) append(all, flatten(p.type));
        return all.size() > 16 ? Flat{"i32"} : all;
    }
    static std::string reset(const FunctionType& f) {
        Flat r = f.result ? flatten(*f.result) : Flat();
        return r.empty() ? "reset" : r.size() > 1 ? "reset-i32" : "reset-" + r[0];
    }
    static std::string list(const char* what, const Flat& f) {
        std::string s;
        for (const std::string& t : f) s += " " + t;
        return f.empty() ? "" : std::string(" (") + what + s + ")";
    }
    static std::string core_type(const FunctionType& f, bool import) {
        Flat p = params(f), r = f.result ? flatten(*f.result) : Flat();
        bool in_memory = r.size() > 1;
        if (in_memory && import) p.push_back("i32"), r = {};
        else if (in_memory) r = {"i32"};
        return list("param", p) + list("result", r);
    }
    static std::string trampoline(const std::string& id, const FunctionType& f) {
        Flat p = params(f), r = f.result ? flatten(*f.result) : Flat();
        std::string result = std::to_string(p.size()), s = "(func (export \"" + id + "\")" + core_type(f, false);
        bool in_memory = r.size() > 1, spilled = p.size() == 1 && f.params.size() > 1;
        s += " (local " + (in_memory || r.empty() ? std::string("i32") : r[0]) + " i32)\n";
        if (in_memory) s += "  (local.set " + result + " (call $room))\n";
        for (std::size_t i = 0; i < p.size(); ++i) s += "  local.get " + std::to_string(i) + "\n";
        if (in_memory) s += "  local.get " + result + "\n";
        s += "  call $" + id + "\n";
        if (r.size() == 1) s += "  local.set " + result + "\n";
        std::size_t at = 0;
        for (const auto& param : f.params) {
            if (!spilled) s += drops(param.type, at, p.size() + 1);
            at += flatten(param.type).size();
        }
        if (!r.empty()) s += "  local.get " + result + "\n";
        return s + ")\n";
    }
    // Borrowed handles are given back before the call ends.
    static std::string drops(const ValueType& t, std::size_t at, std::size_t counter) {
        std::string local = std::to_string(at), size = std::to_string(at + 1), i = std::to_string(counter);
        if (t.kind() == ValueType::Kind::borrow) return "  (call $drop-" + resource_name(t.resource()) + " (local.get " + local + "))\n";
        if (t.kind() != ValueType::Kind::list || t.element()->kind() != ValueType::Kind::borrow) return "";
        return "  (local.set " + i + " (i32.const 0)) (block (loop (br_if 1 (i32.ge_u (local.get " + i + ") (local.get " + size + ")))\n    (call $drop-" +
               resource_name(t.element()->resource()) + " (i32.load (i32.add (local.get " + local + ") (i32.shl (local.get " + i +
               ") (i32.const 2)))))\n    (local.set " + i + " (i32.add (local.get " + i + ") (i32.const 1))) (br 0)))\n";
    }

    std::vector<ExternInfo> interfaces_;
    std::map<std::string, std::string> owner_, ids_, names_;
    std::set<std::string> placed_;
    std::vector<const ExternInfo*> order_;
    std::vector<std::pair<ValueType, std::string>> named_;
    std::map<std::string, std::vector<std::pair<ValueType, std::string>>> all_named_;
};

// An engine, a Store and the guest, under a Context.
class Forwarder {
public:
    using Register = Result<void> (*)(ComponentLinker&, const Context&);
    // Only interfaces whose names contain one of `parts` are imported (and those they need).
    explicit Forwarder(const Context& context, std::vector<std::string> parts = {}, Register add = &add_p2) : linker(engine), store(engine) {
        auto added = add(linker, context);
        if (!added) throw std::runtime_error(added.error().to_string());
        std::vector<ExternInfo> wanted;
        for (ExternInfo& i : linker.provided())
            // HTTP only when it is asked for: its types are many.
            if (parts.empty() ? !i.name.starts_with("wasi:http") : std::ranges::any_of(parts, [&](const std::string& p) { return i.name.find(p) != i.name.npos; }))
                wanted.push_back(std::move(i));
        text_ = std::make_unique<ForwarderText>(std::move(wanted));
        std::string source = text_->text();
        auto bytes = component::assemble(source);
        if (!bytes) throw std::runtime_error(bytes.error().to_string());
        auto component = Component::load(engine, *bytes);
        if (!component) throw std::runtime_error(component.error().to_string());
        auto made = linker.instantiate(store, *component);
        if (!made) throw std::runtime_error(made.error().to_string());
        instance = std::move(*made);
    }

    // "wasi:io/poll@0.2.12.poll", or without the version.
    Result<std::optional<Val>> try_call(const std::string& function, std::vector<Val> args = {}) {
        auto f = instance->find_func(text_->export_of(full_name(function)));
        if (!f) throw std::runtime_error("no function " + function);
        return f->call(std::move(args));
    }
    Val call(const std::string& function, std::vector<Val> args = {}) {
        auto r = try_call(function, std::move(args));
        if (!r) throw std::runtime_error(function + ": " + r.error().to_string() + ": " + component_trap(store).to_string());
        return *r ? **r : Val();
    }
    // The message of the trap, or "".
    std::string trap(const std::string& function, std::vector<Val> args = {}) {
        auto r = try_call(function, std::move(args));
        return r ? "" : component_trap(store).to_string();
    }

    Engine engine;
    ComponentLinker linker;
    Store store;
    std::optional<ComponentInstance> instance;

private:
    std::string full_name(const std::string& function) const {
        for (const ExternInfo& i : linker.provided())
            for (const ExternInfo& e : i.exports)
                if (i.name + "." + e.name == function || i.name.substr(0, i.name.find('@')) + "." + e.name == function) return i.name + "." + e.name;
        throw std::runtime_error("nothing is called " + function);
    }
    std::unique_ptr<ForwarderText> text_;
};

inline Val lend(const Val& own) { return Val::handle(Val::Kind::borrow, own.handle()); }
inline Val bytes(std::string_view s) { return Val::bytes(std::span(reinterpret_cast<const u8*>(s.data()), s.size())); }
inline std::string text_of(const Val& v) {
    if (v.kind() == Val::Kind::string) return v.as_string();
    if (!v.is_packed()) return "";
    return {v.packed_bytes().begin(), v.packed_bytes().end()};
}
// Of a result: its payload; a failure when it is an error.
inline Val good(const Val& result) {
    if (result.case_index() != 0) throw std::runtime_error("the result is an error: " + (result.payload() ? to_string(*result.payload()) : "-"));
    return result.payload() ? *result.payload() : Val();
}

}  // namespace heddle::wasi::testing
