#include "decode.hpp"

#include <array>
#include <cstring>

#include "canon.hpp"
#include "decode_core_types.hpp"

namespace heddle::component {
namespace {

constexpr std::array<u8, 4> magic = {0x00, 0x61, 0x73, 0x6d};

class Decoder {
public:
    explicit Decoder(std::span<const u8> all) : all_(all) {}

    // The component in [from, to) of the file.
    Component component(std::size_t from, std::size_t to, u32 depth) {
        if (depth >= max_nesting) throw Error{Error::Kind::limit, "components nest too deeply", from};
        Component c;
        c.bytes = all_.subspan(from, to - from);
        Reader r = reader(from, to);
        preamble(r, 0x0d, 1, "component");
        while (!r.done()) section(r, c, depth);
        return c;
    }

private:
    Reader reader(std::size_t from, std::size_t to) const {
        Reader r(all_, from, to);
        r.on_end("unexpected end-of-file");
        return r;
    }

    void count(std::size_t at) {
        if (++items_ > max_items) throw Error{Error::Kind::limit, "more than " + std::to_string(max_items) + " definitions", at};
    }

    static void preamble(Reader& r, u16 version, u16 layer, const char* what) {
        std::size_t at = r.offset();
        if (r.left() < 4 || std::memcmp(r.position(), magic.data(), 4) != 0) malformed("magic header not detected: bad magic number", at);
        r.take(4);
        if (r.left() < 4) malformed("unexpected end-of-file", r.offset());
        auto b = r.take(4);
        u16 v = u16(b[0] | b[1] << 8), l = u16(b[2] | b[3] << 8);
        if (l != layer && l <= 1) malformed(std::string("expected a version header for a ") + what, at + 4);
        if (v != version || l != layer) malformed("unknown binary version", at + 4);
    }

    void section(Reader& r, Component& c, u32 depth);
    void core_module(Component& c, std::size_t from, std::size_t to);
    template <class Read>
    void items(Component& c, Reader& r, Read read);

    CoreInstance core_instance(Reader& r);
    Instance instance(Reader& r);
    Alias alias(Reader& r);
    DefType def_type(Reader& r, u32 depth);
    FuncType func_type(Reader& r, bool async);
    std::vector<Declarator> declarators(Reader& r, u32 depth, bool imports);
    Declarator declarator(Reader& r, u32 depth, bool imports);
    ExternName extern_name(Reader& r);
    ExternType extern_type(Reader& r);
    Canon canon(Reader& r);
    Start start(Reader& r);
    Import import_(Reader& r);
    Export export_(Reader& r);
    Value value(Reader& r);

    std::span<const u8> all_;
    u32 items_ = 0;
};

// ---- sections ---------------------------------------------------------------------------------------------------------------------------

void Decoder::section(Reader& r, Component& c, u32 depth) {
    std::size_t at = r.offset();
    u8 id = r.byte();
    if (id > 12) malformed("malformed section id: " + std::to_string(id), at);
    count(at);
    u32 size = r.u32_leb();
    if (size > r.left()) malformed("unexpected end-of-file", r.offset());
    std::size_t from = r.offset(), to = from + size;
    Reader s = reader(from, to);
    r.take(size);
    switch (id) {
        case 0: {
            CustomSection custom;
            custom.name = read_name(s);
            custom.bytes = s.take(s.left());
            c.definitions.push_back({from, custom});
            return;
        }
        case 1: return core_module(c, from, to);
        case 2: return items(c, s, [&](Reader& i) { return core_instance(i); });
        case 3: return items(c, s, [&](Reader& i) { return read_core_type(i, depth); });
        case 4: c.definitions.push_back({from, component(from, to, depth + 1)}); return;
        case 5: return items(c, s, [&](Reader& i) { return instance(i); });
        case 6: return items(c, s, [&](Reader& i) { return alias(i); });
        case 7: return items(c, s, [&](Reader& i) { return def_type(i, depth); });
        case 8: return items(c, s, [&](Reader& i) { return canon(i); });
        case 9:
            c.definitions.push_back({from, start(s)});
            if (!s.done()) malformed("unexpected content in the component start section", s.offset());
            return;
        case 10: return items(c, s, [&](Reader& i) { return import_(i); });
        case 11: return items(c, s, [&](Reader& i) { return export_(i); });
        default: return items(c, s, [&](Reader& i) { return value(i); });
    }
}

template <class Read>
void Decoder::items(Component& c, Reader& r, Read read) {
    u32 n = r.u32_leb();
    for (u32 i = 0; i < n; ++i) {
        std::size_t at = r.offset();
        count(at);
        c.definitions.push_back({at, read(r)});
    }
    if (!r.done()) malformed("section size mismatch: unexpected data at the end of the section", r.offset());
}

void Decoder::core_module(Component& c, std::size_t from, std::size_t to) {
    Reader r = reader(from, to);
    preamble(r, 1, 0, "module");
    c.definitions.push_back({from, CoreModule{all_.subspan(from, to - from)}});
}

// ---- names, sorts -----------------------------------------------------------------------------------------------------------------------

bool boolean(Reader& r) {
    u8 b = r.byte();
    if (b > 1) malformed("invalid boolean value", r.offset() - 1);
    return b == 1;
}

std::optional<Sort> core_sort(u8 b) {
    switch (b) {
        case 0x00: return Sort::core_func;
        case 0x01: return Sort::core_table;
        case 0x02: return Sort::core_memory;
        case 0x03: return Sort::core_global;
        case 0x04: return Sort::core_tag;
        case 0x10: return Sort::core_type;
        case 0x11: return Sort::core_module;
        case 0x12: return Sort::core_instance;
        default: return std::nullopt;
    }
}

std::optional<Sort> component_sort(u8 b) {
    constexpr Sort sorts[] = {Sort::func, Sort::value, Sort::type, Sort::component, Sort::instance};
    return b >= 1 && b <= 5 ? std::optional(sorts[b - 1]) : std::nullopt;
}

// A sort's one or two bytes. A core sort other than module cannot be imported, exported, or taken from an instance.
struct SortBytes {
    u8 first = 0, second = 0;
    std::size_t offset = 0;
    bool core() const { return first == 0; }
    std::optional<Sort> sort() const { return core() ? core_sort(second) : component_sort(first); }
    u8 culprit() const { return core() ? second : first; }
};

SortBytes sort_bytes(Reader& r) {
    SortBytes s;
    s.offset = r.offset();
    s.first = r.byte();
    if (s.core()) s.second = r.byte();
    return s;
}

Sort external_sort(const SortBytes& b) {
    auto s = b.sort();
    if (!s || (b.core() && s != Sort::core_module)) bad_leading_byte(b.culprit(), "component external kind", b.offset);
    return *s;
}

SortIdx sort_index(Reader& r) {
    Sort s = external_sort(sort_bytes(r));
    return {s, r.u32_leb()};
}

ExternName Decoder::extern_name(Reader& r) {
    ExternName n;
    std::size_t at = r.offset();
    n.form = r.byte();
    if (n.form > 2) bad_leading_byte(n.form, "component name", at);
    n.name = read_name(r);
    if (n.form < 2) return n;
    u32 count = r.u32_leb();
    for (u32 i = 0; i < count; ++i) {
        u8 kind = r.byte();
        if (kind > 2) bad_leading_byte(kind, "name option", r.offset() - 1);
        n.attributes.push_back({Attribute::Kind(kind), read_name(r)});
    }
    return n;
}

// ---- instances, aliases -----------------------------------------------------------------------------------------------------------------

CoreInstance Decoder::core_instance(Reader& r) {
    u8 form = r.byte();
    if (form == 0x00) {
        CoreInstantiate i;
        i.module = r.u32_leb();
        u32 n = r.u32_leb();
        for (u32 k = 0; k < n; ++k) {
            CoreInstantiate::Arg a;
            a.name = read_name(r);
            if (u8 b = r.byte(); b != 0x12) bad_leading_byte(b, "instantiation arg kind", r.offset() - 1);
            a.instance = r.u32_leb();
            i.args.push_back(a);
        }
        return i;
    }
    if (form != 0x01) bad_leading_byte(form, "core instance", r.offset() - 1);
    std::vector<CoreInlineExport> exports;
    u32 n = r.u32_leb();
    for (u32 k = 0; k < n; ++k) {
        CoreInlineExport e;
        e.name = read_name(r);
        u8 b = r.byte();
        auto s = core_sort(b);
        if (!s) bad_leading_byte(b, "external kind", r.offset() - 1);
        e.item = {*s, r.u32_leb()};
        exports.push_back(e);
    }
    return exports;
}

Instance Decoder::instance(Reader& r) {
    u8 form = r.byte();
    if (form == 0x00) {
        Instantiate i;
        i.component = r.u32_leb();
        u32 n = r.u32_leb();
        for (u32 k = 0; k < n; ++k) {
            Instantiate::Arg a;
            a.name = read_name(r);
            a.item = sort_index(r);
            i.args.push_back(a);
        }
        return i;
    }
    if (form != 0x01) bad_leading_byte(form, "instance", r.offset() - 1);
    std::vector<InlineExport> exports;
    u32 n = r.u32_leb();
    for (u32 k = 0; k < n; ++k) {
        InlineExport e;
        e.name = extern_name(r);
        e.item = sort_index(r);
        exports.push_back(std::move(e));
    }
    return exports;
}

Alias Decoder::alias(Reader& r) {
    Alias a;
    SortBytes sort = sort_bytes(r);
    u8 target = r.byte();
    if (target > 2) bad_leading_byte(target, "alias", r.offset() - 1);
    a.target = Alias::Target(target);
    if (a.target == Alias::Target::outer) {
        auto s = sort.sort();
        bool allowed = s == Sort::core_module || s == Sort::core_type || s == Sort::type || s == Sort::component;
        if (!allowed) bad_leading_byte(sort.culprit(), "component outer alias kind", sort.offset);
        a.sort = *s;
        a.count = r.u32_leb();
        a.index = r.u32_leb();
        return a;
    }
    if (a.target == Alias::Target::export_) {
        a.sort = external_sort(sort);
    } else {
        auto s = sort.sort();
        if (!s || !sort.core()) bad_leading_byte(sort.culprit(), "external kind", sort.offset);
        a.sort = *s;
    }
    a.instance = r.u32_leb();
    a.name = read_name(r);
    return a;
}

// ---- types ------------------------------------------------------------------------------------------------------------------------------

std::optional<Prim> primitive(u8 b) {
    if (b <= 0x7f && b >= 0x73) return Prim(0x7f - b);
    return b == 0x64 ? std::optional(Prim::error_context) : std::nullopt;
}

ValType val_type(Reader& r) {
    if (auto p = primitive(r.peek())) return r.byte(), ValType::of(*p);
    std::size_t at = r.offset();
    i64 i = r.i33_leb();
    if (i < 0) bad_leading_byte(u8(i & 0x7f), "component value type", at);
    return ValType::defined(u32(i));
}

std::optional<ValType> optional_val_type(Reader& r) {
    u8 b = r.byte();
    if (b > 1) bad_leading_byte(b, "optional component value type", r.offset() - 1);
    return b == 0 ? std::nullopt : std::optional(val_type(r));
}

std::vector<Field> fields(Reader& r) {
    u32 n = r.u32_leb();
    std::vector<Field> all;
    all.reserve(capacity(r, n) / 2);
    for (u32 i = 0; i < n; ++i) {
        std::string_view label = read_name(r);
        all.push_back({label, val_type(r)});
    }
    return all;
}

Variant variant(Reader& r) {
    u32 n = r.u32_leb();
    Variant v;
    for (u32 i = 0; i < n; ++i) {
        Case c;
        c.name = read_name(r);
        c.type = optional_val_type(r);
        if (u8 b = r.byte(); b != 0) bad_leading_byte(b, "zero byte required", r.offset() - 1);
        v.cases.push_back(c);
    }
    return v;
}

std::vector<std::string_view> labels(Reader& r) {
    u32 n = r.u32_leb();
    std::vector<std::string_view> all;
    all.reserve(capacity(r, n));
    for (u32 i = 0; i < n; ++i) all.push_back(read_name(r));
    return all;
}

Tuple tuple(Reader& r) {
    u32 n = r.u32_leb();
    Tuple t;
    t.types.reserve(capacity(r, n));
    for (u32 i = 0; i < n; ++i) t.types.push_back(val_type(r));
    return t;
}

// 0x00 t, or 0x01 0x00 for no result.
std::optional<ValType> result_list(Reader& r) {
    u8 b = r.byte();
    if (b == 0) return val_type(r);
    if (b != 1) bad_leading_byte(b, "component function results", r.offset() - 1);
    if (u8 none = r.byte(); none != 0) bad_leading_byte(none, "number of results", r.offset() - 1);
    return std::nullopt;
}

FuncType Decoder::func_type(Reader& r, bool async) {
    FuncType f;
    f.async = async;
    f.params = fields(r);
    f.result = result_list(r);
    return f;
}

ResourceType resource_type(Reader& r) {
    ResourceType t;
    t.rep = read_core_val_type(r);
    u8 b = r.byte();
    if (b > 1) bad_leading_byte(b, "optional resource destructor", r.offset() - 1);
    if (b == 1) t.dtor = r.u32_leb();
    return t;
}

DefType Decoder::def_type(Reader& r, u32 depth) {
    std::size_t at = r.offset();
    u8 code = r.byte();
    if (auto p = primitive(code)) return *p;
    switch (code) {
        case 0x72: return Record{fields(r)};
        case 0x71: return variant(r);
        case 0x70: return List{val_type(r), std::nullopt};
        case 0x67: {
            ValType element = val_type(r);
            return List{element, r.u32_leb()};
        }
        case 0x6f: return tuple(r);
        case 0x6e: return Flags{labels(r)};
        case 0x6d: return Enum{labels(r)};
        case 0x6b: return Option{val_type(r)};
        case 0x6a: {
            auto ok = optional_val_type(r);
            return ResultType{ok, optional_val_type(r)};
        }
        case 0x69: return Own{r.u32_leb()};
        case 0x68: return Borrow{r.u32_leb()};
        case 0x66: return Stream{optional_val_type(r)};
        case 0x65: return Future{optional_val_type(r)};
        case 0x63: {
            ValType key = val_type(r);
            return Map{key, val_type(r)};
        }
        case 0x40: return func_type(r, false);
        case 0x43: return func_type(r, true);
        case 0x41: return ComponentType{declarators(r, depth + 1, true)};
        case 0x42: return InstanceType{declarators(r, depth + 1, false)};
        case 0x3f: return resource_type(r);
        default: bad_leading_byte(code, "component defined type", at);
    }
}

std::vector<Declarator> Decoder::declarators(Reader& r, u32 depth, bool imports) {
    if (depth >= max_nesting) throw Error{Error::Kind::limit, "types nest too deeply", r.offset()};
    u32 n = r.u32_leb();
    std::vector<Declarator> all;
    for (u32 i = 0; i < n; ++i) {
        count(r.offset());
        all.push_back(declarator(r, depth, imports));
    }
    return all;
}

Declarator Decoder::declarator(Reader& r, u32 depth, bool imports) {
    Declarator d;
    d.offset = r.offset();
    u8 code = r.byte();
    if (code == 0x03 && !imports) bad_leading_byte(code, "component or instance type declaration", d.offset);
    switch (code) {
        case 0x00: d.decl = read_core_type(r, depth); break;
        case 0x01: d.decl = def_type(r, depth); break;
        case 0x02: d.decl = alias(r); break;
        case 0x03: {
            ExternName n = extern_name(r);
            d.decl = ImportDecl{std::move(n), extern_type(r)};
            break;
        }
        case 0x04: {
            ExternName n = extern_name(r);
            d.decl = ExportDecl{std::move(n), extern_type(r)};
            break;
        }
        default: bad_leading_byte(code, "component or instance type declaration", d.offset);
    }
    return d;
}

ExternType Decoder::extern_type(Reader& r) {
    ExternType t;
    t.sort = external_sort(sort_bytes(r));
    if (t.sort == Sort::type) {
        u8 b = r.byte();
        if (b > 1) bad_leading_byte(b, "type bound", r.offset() - 1);
        if (b == 0) t.type.eq = r.u32_leb();
    } else if (t.sort == Sort::value) {
        u8 b = r.byte();
        if (b > 1) bad_leading_byte(b, "value bound", r.offset() - 1);
        if (b == 0) t.value.eq = r.u32_leb();
        else t.value.type = val_type(r);
    } else {
        t.index = r.u32_leb();
    }
    return t;
}

// ---- canonical definitions --------------------------------------------------------------------------------------------------------------

std::vector<CanonOpt> canon_options(Reader& r) {
    u32 n = r.u32_leb();
    std::vector<CanonOpt> all;
    all.reserve(capacity(r, n));
    for (u32 i = 0; i < n; ++i) {
        u8 b = r.byte();
        if (b > 7) bad_leading_byte(b, "canonical option", r.offset() - 1);
        CanonOpt o{CanonOpt::Kind(b), 0};
        bool with_index = b >= 3 && o.kind != CanonOpt::Kind::async;
        if (with_index) o.index = r.u32_leb();
        all.push_back(o);
    }
    return all;
}

Canon Decoder::canon(Reader& r) {
    std::size_t at = r.offset();
    u8 code = r.byte();
    const CanonRow* row = find_canon(code);
    if (!row) bad_leading_byte(code, "canonical function", at);
    Canon c;
    c.kind = row->kind;
    auto func_sort = [&](const char* what) {
        if (u8 b = r.byte(); b != 0) bad_leading_byte(b, what, r.offset() - 1);
    };
    using enum CanonImmediates;
    switch (row->immediates) {
        case Lift:
            func_sort("canonical function lift");
            c.func = r.u32_leb();
            c.options = canon_options(r);
            c.type = r.u32_leb();
            break;
        case Lower:
            func_sort("canonical function lower");
            c.func = r.u32_leb();
            c.options = canon_options(r);
            break;
        case None: break;
        case Type: c.type = r.u32_leb(); break;
        case Options: c.options = canon_options(r); break;
        case TypeOpts:
            c.type = r.u32_leb();
            c.options = canon_options(r);
            break;
        case Async: c.async = boolean(r); break;
        case TypeAsync:
            c.type = r.u32_leb();
            c.async = boolean(r);
            break;
        case Cancel: c.cancellable = boolean(r); break;
        case Wait:
            c.cancellable = boolean(r);
            c.memory = r.u32_leb();
            break;
        case Result:
            c.result = result_list(r);
            c.options = canon_options(r);
            break;
        case Slot:
            c.slot = read_core_val_type(r);
            c.slot_index = r.u32_leb();
            break;
        case Spawn: c.shared = boolean(r); [[fallthrough]];
        case Indirect:
            c.type = r.u32_leb();
            c.table = r.u32_leb();
            break;
        case Shared: c.shared = boolean(r); break;
        case SpawnRef:
            c.shared = boolean(r);
            c.type = r.u32_leb();
            break;
    }
    return c;
}

// ---- start, imports, exports, values ----------------------------------------------------------------------------------------------------

Start Decoder::start(Reader& r) {
    Start s;
    s.func = r.u32_leb();
    u32 n = r.u32_leb();
    s.args.reserve(capacity(r, n));
    for (u32 i = 0; i < n; ++i) s.args.push_back(r.u32_leb());
    s.results = r.u32_leb();
    return s;
}

Import Decoder::import_(Reader& r) {
    ExternName n = extern_name(r);
    return {std::move(n), extern_type(r)};
}

Export Decoder::export_(Reader& r) {
    Export e;
    e.name = extern_name(r);
    e.item = sort_index(r);
    u8 b = r.byte();
    if (b > 1) bad_leading_byte(b, "optional component export type", r.offset() - 1);
    if (b == 1) e.type = extern_type(r);
    return e;
}

Value Decoder::value(Reader& r) {
    Value v;
    v.type = val_type(r);
    u32 size = r.u32_leb();
    v.bytes = r.take(size);
    return v;
}

}  // namespace

Component decode(std::span<const u8> bytes) { return Decoder(bytes).component(0, bytes.size(), 0); }

}  // namespace heddle::component
