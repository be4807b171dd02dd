// Any module that decodes, as text. https://webassembly.github.io/spec/core/binary/modules.html
#include "print_context.hpp"

namespace heddle::text {
namespace {

constexpr u32 max_locals = 50'000;   // as many as validation allows: a declared count alone must not make a large text

struct SectionBytes {
    std::size_t from = 0, to = 0;
    bool present = false;
};

struct CustomBytes {
    std::string_view name;
    std::span<const u8> contents;
    std::optional<SectionId> after;   // the known section before it
};

class Printer {
public:
    Printer(std::span<const u8> wasm, const PrintOptions& o) {
        p_.bytes = wasm;
        p_.options = o;
    }

    std::string run() {
        split();
        if (has(SectionId::type)) read_types(p_, reader(SectionId::type));
        read_names();
        gather_functions();
        out_ = "(module";
        if (p_.module_name) {
            NameTable t;
            t.add(0, *p_.module_name);
            out_ += t.define_quietly(0);
        }
        out_ += '\n';
        types();
        each(SectionId::import_, [&](Reader& r) { import_group(r); });
        each(SectionId::table, [&](Reader& r) { table(r); });
        each(SectionId::memory, [&](Reader& r) { memory(r); });
        each(SectionId::tag, [&](Reader& r) { tag(r); });
        each(SectionId::global, [&](Reader& r) { global(r); });
        each(SectionId::export_, [&](Reader& r) { export_(r); });
        start();
        each(SectionId::element, [&](Reader& r) { elem(r); });
        functions();
        each(SectionId::data, [&](Reader& r) { data(r); });
        for (const CustomBytes& c : customs_) custom(c);
        out_.pop_back();
        out_ += ")\n";
        return std::move(out_);
    }

private:
    // ---- sections

    bool has(SectionId id) const { return sections_[std::size_t(id)].present; }
    Reader reader(SectionId id) const {
        const SectionBytes& s = sections_[std::size_t(id)];
        return Reader(p_.bytes, s.from, s.to);
    }

    void split() {
        Reader r(p_.bytes);
        if (r.left() < 4 || r.fixed32() != 0x6d736100) malformed("magic header not detected", 0);
        if (r.left() < 4 || r.fixed32() != 1) malformed("unknown binary version", 4);
        std::optional<SectionId> last;
        while (!r.done()) {
            std::size_t at = r.offset();
            u8 id = r.byte();
            u32 size = r.u32_leb();
            if (size > r.left()) malformed("length out of bounds", r.offset());
            if (id > u8(SectionId::tag)) malformed("malformed section id", at);
            std::size_t from = r.offset();
            r.take(size);
            if (id == 0) {
                Reader c(p_.bytes, from, from + size);
                std::string_view name = c.name();
                customs_.push_back({name, c.take(c.left()), last});
                continue;
            }
            SectionBytes& s = sections_[id];
            if (s.present) malformed("unexpected content after last section", at);
            s = {from, from + size, true};
            last = SectionId(id);
        }
    }

    template <class F>
    void each(SectionId id, F one) {
        if (!has(id)) return;
        Reader r = reader(id);
        u32 n = r.u32_leb();
        for (u32 i = 0; i < n; ++i) one(r);
        if (!r.done()) malformed("section size mismatch", r.offset());
    }

    // The first well-formed name section is taken apart; any other stays a custom section.
    void read_names() {
        if (!p_.options.names) return;
        for (std::size_t i = 0; i < customs_.size(); ++i) {
            if (customs_[i].name != "name") continue;
            if (read_name_section(p_, customs_[i].contents)) {
                customs_.erase(customs_.begin() + std::ptrdiff_t(i));
                return;
            }
            p_.module_name.reset();
            for (NameTable* t : {&p_.type_names, &p_.funcs, &p_.tables, &p_.memories, &p_.globals, &p_.tags, &p_.elems, &p_.data}) t->clear();
            p_.locals.clear();
            p_.fields.clear();
        }
    }

    // The type of every function, before anything is printed that calls it.
    void gather_functions() {
        counting_ = true;
        each(SectionId::import_, [&](Reader& r) { import_group(r); });
        counting_ = false;
        out_.clear();
        imported_funcs_ = u32(p_.func_types.size());
        each(SectionId::function, [&](Reader& r) { p_.func_types.push_back(r.u32_leb()); });
        for (u32& n : next_) n = 0;
    }

    void line(u32 depth = 1) { indent(out_, depth, p_.options); }

    // ---- types

    void types() {
        u32 index = 0;
        for (const RecGroup& g : p_.groups) {
            if (g.explicit_) line(), out_ += "(rec\n";
            for (u32 i = 0; i < g.count; ++i) type(index++, g.explicit_ ? 2 : 1);
            if (!g.explicit_) continue;
            out_.pop_back();
            out_ += ")\n";
        }
    }

    void type(u32 index, u32 depth) {
        const TypeDef& t = p_.types[index];
        line(depth);
        out_ += "(type" + p_.type_names.define(index) + " ";
        bool sub = !t.final || !t.supers.empty();
        if (sub) {
            out_ += t.final ? "(sub final" : "(sub";
            for (u32 s : t.supers) out_ += " " + p_.type_names.use(s);
            out_ += ' ';
        }
        if (t.describes) out_ += "(describes " + p_.type_names.use(*t.describes) + ") ";
        if (t.descriptor) out_ += "(descriptor " + p_.type_names.use(*t.descriptor) + ") ";
        comp_type(index, t);
        out_ += sub ? "))\n" : ")\n";
    }

    void comp_type(u32 index, const TypeDef& t) {
        auto field = [&](const FieldDef& f) { return f.mutable_ ? "(mut " + print_val_type(p_, f.type) + ")" : print_val_type(p_, f.type); };
        switch (t.kind) {
        case SubType::Kind::func: out_ += "(func" + print_signature(p_, t, nullptr) + ")"; break;
        case SubType::Kind::struct_: {
            auto names = p_.fields.find(index);
            out_ += "(struct";
            for (u32 i = 0; i < t.fields.size(); ++i) out_ += " (field" + (names == p_.fields.end() ? "" : names->second.define_quietly(i)) + " " + field(t.fields[i]) + ")";
            out_ += ')';
            break;
        }
        case SubType::Kind::array: out_ += "(array " + field(t.fields[0]) + ")"; break;
        case SubType::Kind::cont: out_ += "(cont " + p_.type_names.use(t.cont) + ")"; break;
        }
    }

    std::string limits(Reader& r, u8 allowed, std::string* after = nullptr) {
        std::size_t at = r.offset();
        u8 flags = r.byte();
        if (flags & ~allowed) malformed("malformed limits flags", at);
        std::string s = flags & 4 ? "i64 " : "";
        s += std::to_string(r.u64_leb());
        if (flags & 1) s += " " + std::to_string(r.u64_leb());
        if (flags & 2) s += " shared";
        if (flags & 8) {
            u32 log2 = r.u32_leb();
            if (log2 >= 64) malformed("invalid custom page size", at);
            s += " (pagesize " + std::to_string(u64(1) << log2) + ")";
        }
        if (after) s += *after;
        return s;
    }

    std::string table_type(Reader& r) {
        std::string element = " " + print_val_type(p_, read_val_type(r));
        return limits(r, 5, &element);
    }

    std::string global_type(Reader& r) {
        std::string t = print_val_type(p_, read_val_type(r));
        std::size_t at = r.offset();
        u8 m = r.byte();
        if (m > 1) malformed("malformed mutability", at);
        return m ? "(mut " + t + ")" : t;
    }

    u32 tag_type(Reader& r) {
        std::size_t at = r.offset();
        if (r.byte() != 0) malformed("malformed tag attribute", at);
        return r.u32_leb();
    }

    // ---- imports

    const NameTable* locals_of(u32 func) const {
        auto it = p_.locals.find(func);
        return it == p_.locals.end() ? nullptr : &it->second;
    }

    // "(func $f (;0;) (type 0))". Without a name where the text format has no room for one.
    std::string import_type(Reader& r, bool named) {
        std::size_t at = r.offset();
        u8 kind = r.byte();
        bool exact = kind == 0x20;
        if (kind > 4 && !exact) malformed("malformed import kind", at);
        ExternKind k = exact ? ExternKind::func : ExternKind(kind);
        u32 index = next_[u8(k)]++;
        auto define = [&](NameTable& t) {
            if (!named) t.forget(index);
            return named ? t.define(index) : "";
        };
        switch (k) {
        case ExternKind::func: {
            u32 type = r.u32_leb();
            if (counting_) p_.func_types.push_back(type);
            std::string use = print_type_use(p_, type, named ? locals_of(index) : nullptr);
            return "(func" + define(p_.funcs) + (exact ? " (exact" + use + ")" : use) + ")";
        }
        case ExternKind::table: return "(table" + define(p_.tables) + " " + table_type(r) + ")";
        case ExternKind::memory: return "(memory" + define(p_.memories) + " " + limits(r, 15) + ")";
        case ExternKind::global: return "(global" + define(p_.globals) + " " + global_type(r) + ")";
        case ExternKind::tag: return "(tag" + define(p_.tags) + print_type_use(p_, tag_type(r), nullptr) + ")";
        }
        return "";
    }

    void import_group(Reader& r) {
        std::string text = "(import " + quoted(r.name());
        std::string_view name = r.name();
        if (name.empty() && !r.done() && (r.peek() == 0x7f || r.peek() == 0x7e)) {
            bool shared = r.byte() == 0x7e;
            std::string items = shared ? shared_items(r) : typed_items(r);
            if (items.empty()) return;   // text has no group without items
            text += items;
        } else {
            text += " " + quoted(name) + " " + import_type(r, true);
        }
        line();
        out_ += text + ")\n";
    }

    std::string typed_items(Reader& r) {
        std::string s;
        u32 n = r.u32_leb();
        for (u32 i = 0; i < n; ++i) {
            std::string name = quoted(r.name());
            s += " (item " + name + " " + import_type(r, true) + ")";
        }
        return s;
    }

    // One type for all items: each takes an index of its kind.
    std::string shared_items(Reader& r) {
        Reader again = r;
        std::string type = import_type(r, false), s;
        u8 kind = again.peek() == 0x20 ? 0 : again.peek();
        --next_[kind];
        if (counting_ && kind == 0) p_.func_types.pop_back();
        u32 n = r.u32_leb();
        for (u32 i = 0; i < n; ++i) {
            Reader copy = again;
            import_type(copy, false);
            s += " (item " + quoted(r.name()) + ")";
        }
        return n ? s + " " + type : "";
    }

    // ---- definitions

    void table(Reader& r) {
        u32 index = next_[u8(ExternKind::table)]++;
        bool init = r.peek() == 0x40;
        if (init) {
            r.byte();
            if (std::size_t at = r.offset(); r.byte() != 0) malformed("malformed table", at);
        }
        line();
        out_ += "(table" + p_.tables.define(index) + " " + table_type(r);
        if (init) out_ += " " + print_expression(p_, r).text;
        out_ += ")\n";
    }

    void memory(Reader& r) {
        u32 index = next_[u8(ExternKind::memory)]++;
        line();
        out_ += "(memory" + p_.memories.define(index) + " " + limits(r, 15) + ")\n";
    }

    void tag(Reader& r) {
        u32 index = next_[u8(ExternKind::tag)]++;
        line();
        out_ += "(tag" + p_.tags.define(index) + print_type_use(p_, tag_type(r), nullptr) + ")\n";
    }

    void global(Reader& r) {
        u32 index = next_[u8(ExternKind::global)]++;
        line();
        out_ += "(global" + p_.globals.define(index) + " " + global_type(r);
        out_ += " " + print_expression(p_, r).text + ")\n";
    }

    void export_(Reader& r) {
        std::string name = quoted(r.name());
        std::size_t at = r.offset();
        u8 kind = r.byte();
        if (kind > 4) malformed("malformed export kind", at);
        u32 index = r.u32_leb();
        const NameTable* spaces[] = {&p_.funcs, &p_.tables, &p_.memories, &p_.globals, &p_.tags};
        line();
        out_ += "(export " + name + " (" + to_string(ExternKind(kind)) + " " + spaces[kind]->use(index) + "))\n";
    }

    void start() {
        if (!has(SectionId::start)) return;
        Reader r = reader(SectionId::start);
        line();
        out_ += "(start " + p_.funcs.use(r.u32_leb()) + ")\n";
        if (!r.done()) malformed("section size mismatch", r.offset());
    }

    // ---- segments

    std::string offset(Reader& r) {
        ExpressionText e = print_expression(p_, r);
        return e.single ? " " + e.text : " (offset " + e.text + ")";
    }

    // https://webassembly.github.io/spec/core/binary/modules.html#element-section
    void elem(Reader& r) {
        std::size_t at = r.offset();
        u32 flags = r.u32_leb();
        if (flags > 7) malformed("malformed elements segment kind", at);
        bool expressions = flags & 4, passive = flags & 1, explicit_ = flags & 2;
        line();
        out_ += "(elem" + p_.elems.define(elem_count_++);
        if (!passive) {
            if (u32 t = explicit_ ? r.u32_leb() : 0) out_ += " (table " + p_.tables.use(t) + ")";
            out_ += offset(r);
        } else if (explicit_) {
            out_ += " declare";
        }
        std::string type = "funcref";
        if (flags & 3) {
            at = r.offset();
            if (expressions) type = print_val_type(p_, read_val_type(r));
            else if (r.byte() != 0) malformed("malformed element kind", at);
        }
        out_ += " " + (expressions ? type : "func");
        u32 n = r.u32_leb();
        for (u32 i = 0; i < n; ++i) {
            if (!expressions) {
                out_ += " " + p_.funcs.use(r.u32_leb());
                continue;
            }
            ExpressionText e = print_expression(p_, r);
            out_ += e.single ? " " + e.text : " (item " + e.text + ")";
        }
        out_ += ")\n";
    }

    void data(Reader& r) {
        std::size_t at = r.offset();
        u32 flags = r.u32_leb();
        if (flags > 2) malformed("malformed data segment kind", at);
        line();
        out_ += "(data" + p_.data.define(data_count_++);
        if (flags != 1) {
            if (u32 m = flags == 2 ? r.u32_leb() : 0) out_ += " (memory " + p_.memories.use(m) + ")";
            out_ += offset(r);
        }
        out_ += " " + bytes(r.take(r.u32_leb())) + ")\n";
    }

    static std::string bytes(std::span<const u8> s) { return quoted({reinterpret_cast<const char*>(s.data()), s.size()}, true); }

    // ---- functions

    void functions() {
        u32 defined = u32(p_.func_types.size()) - imported_funcs_, seen = 0;
        each(SectionId::code, [&](Reader& r) {
            u32 size = r.u32_leb();
            if (size > r.left()) malformed("length out of bounds", r.offset());
            if (seen == defined) malformed("function and code section have inconsistent lengths", r.offset());
            Reader body(p_.bytes, r.offset(), r.offset() + size);
            r.take(size);
            function(imported_funcs_ + seen++, body);
        });
        if (seen != defined) malformed("function and code section have inconsistent lengths", p_.bytes.size());
    }

    void function(u32 index, Reader& r) {
        const NameTable* names = locals_of(index);
        line();
        out_ += "(func" + p_.funcs.define(index) + print_type_use(p_, p_.func_types[index], names) + "\n";
        const TypeDef* t = p_.type_of_func(index);
        locals(r, t ? u32(t->params.size()) : 0, names);
        print_body(p_, r, names, 2, out_);
        out_.pop_back();
        out_ += ")\n";
    }

    void locals(Reader& r, u32 index, const NameTable* names) {
        u32 total = 0;
        u32 runs = r.u32_leb();
        for (u32 i = 0; i < runs; ++i) {
            u32 n = r.u32_leb();
            if (n > max_locals - total) throw Error{Error::Kind::limit, "too many locals to print: more than " + std::to_string(max_locals), r.offset()};
            total += n;
            std::string type = " " + print_val_type(p_, read_val_type(r));
            bool open = false;   // in a "(local" that takes more
            for (u32 k = 0; k < n; ++k, ++index) {
                bool named = names && names->has(index);
                if (open && named) out_ += ")\n", open = false;
                if (!open) line(2), out_ += "(local", open = true;
                if (named) out_ += names->define_quietly(index);
                out_ += type;
                if (named) out_ += ")\n", open = false;
            }
            if (open) out_ += ")\n";
        }
    }

    // ---- custom sections: https://webassembly.github.io/spec/core/appendix/custom.html#custom-annotation

    void custom(const CustomBytes& c) {
        if (c.name == "name" && !p_.options.names) return;
        line();
        out_ += "(@custom " + quoted(c.name) + (c.after ? std::string(" (after ") + section_keyword(*c.after) : " (before first") + ") " + bytes(c.contents) + ")\n";
    }

    PrintContext p_;
    SectionBytes sections_[14];
    std::vector<CustomBytes> customs_;
    std::string out_;
    u32 next_[5] = {};   // per ExternKind: the next index
    u32 elem_count_ = 0, data_count_ = 0, imported_funcs_ = 0;
    bool counting_ = false;
};

}  // namespace

Result<std::string> print(std::span<const u8> wasm, const PrintOptions& options) {
    try {
        return Printer(wasm, options).run();
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::text
