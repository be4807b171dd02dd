// Types, names and strings to text.
#include "heap_names.hpp"
#include "print_context.hpp"

namespace heddle::text {
namespace {

bool is_plain_id(std::string_view s) {
    return std::ranges::all_of(s, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || std::string_view("!#$%&'*+-./:<=>?@\\^_`|~").contains(c);
    });
}

// https://webassembly.github.io/spec/core/binary/types.html#recursive-types
class TypeReader {
public:
    TypeReader(PrintContext& p, Reader r) : p_(p), r_(r) {}

    void run() {
        u32 n = r_.u32_leb();
        for (u32 i = 0; i < n; ++i) {
            if (r_.peek() == 0x4e) {
                r_.byte();
                u32 members = r_.u32_leb();
                for (u32 k = 0; k < members; ++k) sub_type();
                p_.groups.push_back({members, true});
            } else {
                sub_type();
                p_.groups.push_back({1, false});
            }
        }
        if (!r_.done()) malformed("section size mismatch", r_.offset());
    }

private:
    void sub_type() {
        TypeDef t;
        if (u8 b = r_.peek(); b == 0x50 || b == 0x4f) {
            t.final = r_.byte() == 0x4f;
            u32 n = r_.u32_leb();
            for (u32 i = 0; i < n; ++i) t.supers.push_back(r_.u32_leb());
        }
        if (r_.peek() == 0x4c) r_.byte(), t.describes = r_.u32_leb();
        if (r_.peek() == 0x4d) r_.byte(), t.descriptor = r_.u32_leb();
        comp_type(t);
        p_.types.push_back(std::move(t));
    }

    void comp_type(TypeDef& t) {
        std::size_t at = r_.offset();
        switch (r_.byte()) {
        case 0x60:
            t.params = val_types();
            t.results = val_types();
            break;
        case 0x5f: {
            t.kind = SubType::Kind::struct_;
            u32 n = r_.u32_leb();
            for (u32 i = 0; i < n; ++i) t.fields.push_back(field());
            break;
        }
        case 0x5e:
            t.kind = SubType::Kind::array;
            t.fields.push_back(field());
            break;
        case 0x5d: {
            t.kind = SubType::Kind::cont;
            i64 index = r_.i33_leb();
            if (index < 0) malformed("malformed continuation type", at);
            t.cont = u32(index);
            break;
        }
        default: malformed("malformed definition type", at);
        }
    }

    std::vector<RawType> val_types() {
        u32 n = r_.u32_leb();
        std::vector<RawType> v;
        for (u32 i = 0; i < n; ++i) v.push_back(read_val_type(r_));
        return v;
    }

    FieldDef field() {
        FieldDef f;
        if (u8 b = r_.peek(); b == 0x78 || b == 0x77) {
            r_.byte();
            f.type = {ValType::number(b == 0x78 ? ValType::i8_ : ValType::i16_)};
        } else {
            f.type = read_val_type(r_);
        }
        std::size_t at = r_.offset();
        u8 m = r_.byte();
        if (m > 1) malformed("malformed mutability", at);
        f.mutable_ = m == 1;
        return f;
    }

    PrintContext& p_;
    Reader r_;
};

}  // namespace

void NameTable::add(u32 index, std::string_view name) {
    if (names_.contains(index)) return;
    bool fresh = !name.empty() && taken_.emplace(name).second;
    if (fresh) names_[index] = {(is_plain_id(name) ? "$" + std::string(name) : "$" + quoted(name)), false};
    else names_[index] = {"(@name " + quoted(name) + ")", true};
}

std::string NameTable::use(u32 index) const {
    auto it = names_.find(index);
    return it == names_.end() || it->second.annotation ? std::to_string(index) : it->second.text;
}

std::string NameTable::define(u32 index) const { return define_quietly(index) + " (;" + std::to_string(index) + ";)"; }

std::string NameTable::define_quietly(u32 index) const {
    auto it = names_.find(index);
    return it == names_.end() ? "" : " " + it->second.text;
}

std::string quoted(std::string_view text, bool bytes) {
    std::string out = "\"";
    for (char c : text) {
        u8 b = u8(c);
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (b < 0x20 || b == 0x7f || (bytes && b >= 0x80)) {
            static constexpr char digits[] = "0123456789abcdef";
            out += {'\\', digits[b >> 4], digits[b & 15]};
        } else {
            out += c;
        }
    }
    return out += '"';
}

std::string print_heap_type(const PrintContext& p, RawType t) {
    if (t.is_index()) return t.type.exact() ? "(exact " + p.type_names.use(t.index()) + ")" : p.type_names.use(t.index());
    for (const HeapName& h : heap_names)
        if (h.heap == t.type.heap()) return std::string(h.name);
    return "";
}

std::string print_val_type(const PrintContext& p, RawType t) {
    switch (t.type.kind()) {
    case ValType::i32_: return "i32";
    case ValType::i64_: return "i64";
    case ValType::f32_: return "f32";
    case ValType::f64_: return "f64";
    case ValType::v128_: return "v128";
    case ValType::i8_: return "i8";
    case ValType::i16_: return "i16";
    case ValType::bottom: return "";
    case ValType::ref: break;
    }
    if (t.type.nullable() && !t.is_index())
        for (const HeapName& h : heap_names)
            if (h.heap == t.type.heap()) return std::string(h.reference);
    return (t.type.nullable() ? "(ref null " : "(ref ") + print_heap_type(p, t) + ")";
}

std::string print_signature(const PrintContext& p, const TypeDef& t, const NameTable* locals) {
    std::string out;
    bool open = false;   // in a "(param" that takes more
    for (u32 i = 0; i < t.params.size(); ++i) {
        bool named = locals && locals->has(i);
        if (named && open) out += ")", open = false;
        if (!open) out += " (param", open = true;
        if (named) out += locals->define_quietly(i);
        out += " " + print_val_type(p, t.params[i]);
        if (named) out += ")", open = false;
    }
    if (open) out += ")";
    if (t.results.empty()) return out;
    out += " (result";
    for (RawType r : t.results) out += " " + print_val_type(p, r);
    return out + ")";
}

std::string print_type_use(const PrintContext& p, u32 type, const NameTable* locals) {
    const TypeDef* t = p.find_func_type(type);
    return " (type " + p.type_names.use(type) + ")" + (t ? print_signature(p, *t, locals) : "");
}

void read_types(PrintContext& p, Reader r) { TypeReader(p, r).run(); }

// https://webassembly.github.io/spec/core/appendix/custom.html#name-section
bool read_name_section(PrintContext& p, std::span<const u8> contents) {
    auto map = [](Reader& r, NameTable& table) {
        u32 n = r.u32_leb();
        for (u32 i = 0; i < n; ++i) {
            u32 index = r.u32_leb();
            table.add(index, r.name());
        }
    };
    auto indirect = [&](Reader& r, std::map<u32, NameTable>& tables) {
        u32 n = r.u32_leb();
        for (u32 i = 0; i < n; ++i) {
            u32 index = r.u32_leb();
            map(r, tables[index]);
        }
    };
    try {
        Reader r(contents);
        while (!r.done()) {
            u8 id = r.byte();
            u32 size = r.u32_leb();
            Reader s(r.take(size));
            switch (id) {
            case 0: p.module_name = s.name(); break;
            case 1: map(s, p.funcs); break;
            case 2: indirect(s, p.locals); break;
            case 4: map(s, p.type_names); break;
            case 5: map(s, p.tables); break;
            case 6: map(s, p.memories); break;
            case 7: map(s, p.globals); break;
            case 8: map(s, p.elems); break;
            case 9: map(s, p.data); break;
            case 10: indirect(s, p.fields); break;
            case 11: map(s, p.tags); break;
            default: break;   // labels and what is yet to come
            }
        }
        return true;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace heddle::text
