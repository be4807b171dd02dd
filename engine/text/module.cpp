// The fields of a module to sections. Three passes over the tokens: identifiers, type definitions, everything else.
// https://webassembly.github.io/spec/core/text/modules.html
#include <bit>

#include "context.hpp"

namespace heddle::text {
namespace {

// What can be imported and exported, in the binary format's order of kinds.
struct ExternWord {
    std::string_view word;
    const char* noun;   // in "import after function"
};
constexpr ExternWord extern_words[] = {{"func", "function"}, {"table", "table"}, {"memory", "memory"}, {"global", "global"}, {"tag", "tag"}};

// Elements of a segment as they will stand in the binary.
struct Elements {
    bool expressions = false;
    RawType type{funcref_type};
    Writer items;
    u32 count = 0;
};

class ModuleParser {
public:
    ModuleParser(Cursor& c, const AssembleOptions& options) : c_(c), m_(c, options) {}

    std::vector<u8> run(const std::optional<std::string>& name) {
        module_name(name);
        u32 from = c_.position();
        scan();
        for (u32 i = 0; i < type_positions_.size(); ++i) {
            c_.move_to(type_positions_[i]);
            parse_type_def(m_, i);
        }
        c_.move_to(from);
        while (take_custom_annotations(m_), !c_.done()) field();
        if (m_.needs_data_count) data_count();
        write_types(m_);
        m_.section(SectionId::import_).count = import_groups_;
        return write_sections(m_);
    }

private:
    void module_name(const std::optional<std::string>& name) {
        m_.module_name = name;
        if (auto annotated = take_name_annotation(c_)) {
            m_.module_name = std::move(annotated);
            m_.module_name_annotated = true;
        }
        if (const Annotation* a = c_.take_annotation(Annotation::Kind::name)) syntax_error("@name annotation: multiple module", a->offset);
    }

    IndexSpace& space(ExternKind k) {
        switch (k) {
        case ExternKind::func: return m_.funcs;
        case ExternKind::table: return m_.tables;
        case ExternKind::memory: return m_.memories;
        case ExternKind::global: return m_.globals;
        case ExternKind::tag: break;
        }
        return m_.tags;
    }

    // The kind whose keyword stands `ahead` tokens from here.
    std::optional<ExternKind> extern_kind(u32 ahead = 0) const {
        for (u8 i = 0; i < 5; ++i)
            if (c_.at_keyword(extern_words[i].word, ahead)) return ExternKind(i);
        return std::nullopt;
    }

    // ---- first pass: every identifier gets its index

    void scan() {
        for (; !c_.done(); ) {
            if (!c_.at(Token::Kind::lparen)) c_.unexpected();
            u32 next = c_.after_list();
            scan_field(next);
            c_.move_to(next);
        }
    }

    void scan_field(u32 next) {
        u32 open = c_.position();
        c_.skip();
        if (auto kind = extern_kind()) {
            c_.skip();
            space(*kind).bind(c_);
            if (*kind == ExternKind::table && has_child(open, next, "elem")) m_.elems.add();
            if (*kind == ExternKind::memory && has_child(open, next, "data")) m_.data.add();
        } else if (c_.at_keyword("type")) {
            c_.move_to(open);
            scan_type(true);
            m_.groups.push_back({1, false});
        } else if (c_.take_keyword("rec")) {
            scan_rec();
        } else if (c_.take_keyword("import")) {
            scan_import();
        } else if (c_.take_keyword("elem")) {
            m_.elems.bind(c_);
        } else if (c_.take_keyword("data")) {
            m_.data.bind(c_);
        }
    }

    // Does "(word" stand directly inside the list?
    bool has_child(u32 open, u32 next, std::string_view word) {
        for (c_.move_to(open + 1); c_.position() < next; ) {
            if (!c_.at(Token::Kind::lparen)) {
                c_.skip();
                continue;
            }
            if (c_.at_keyword(word, 1)) return true;
            c_.move_to(c_.after_list());
        }
        return false;
    }

    void scan_type(bool alone) {
        type_positions_.push_back(c_.position());
        u32 next = c_.after_list();
        c_.skip(), c_.skip();
        m_.type_names.bind(c_);
        m_.types.emplace_back().alone = alone;
        c_.move_to(next);
    }

    void scan_rec() {
        u32 from = m_.type_names.count(), members = 0;
        while (c_.at_open("type")) scan_type(false), ++members;
        if (!c_.at_rparen()) c_.unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
        if (members == 1) m_.types[from].alone = true;
        m_.groups.push_back({members, true});
    }

    void scan_import() {
        if (!c_.at(Token::Kind::string)) c_.unexpected();
        c_.skip();
        u32 bare_items = 0;   // compact imports that share the type at the end
        while (c_.at_open("item")) {
            u32 next = c_.after_list();
            c_.skip(), c_.skip(), c_.skip();
            if (c_.at_rparen()) ++bare_items;
            else scan_import_type();
            c_.move_to(next);
        }
        if (c_.at(Token::Kind::string)) c_.skip();
        if (bare_items == 0) return scan_import_type();
        if (auto kind = c_.at(Token::Kind::lparen) ? extern_kind(1) : std::nullopt)
            for (u32 i = 0; i < bare_items; ++i) space(*kind).add();
    }

    void scan_import_type() {
        auto kind = c_.at(Token::Kind::lparen) ? extern_kind(1) : std::nullopt;
        if (!kind) return;   // the last pass complains
        c_.skip(), c_.skip();
        space(*kind).bind(c_);
    }

    // ---- last pass

    void field() {
        std::size_t at = c_.offset();
        u32 open = c_.position();
        c_.skip();
        if (auto kind = extern_kind()) {
            c_.skip();
            c_.take_id();
            extern_field(*kind, at);
        } else if (c_.at_keyword("type") || c_.at_keyword("rec")) {
            c_.move_to(open);
            c_.move_to(c_.after_list());
            return;
        } else if (c_.take_keyword("import")) {
            import_field(at);
        } else if (c_.take_keyword("export")) {
            export_field();
        } else if (c_.take_keyword("start")) {
            start_field(at);
        } else if (c_.take_keyword("elem")) {
            elem_field();
        } else if (c_.take_keyword("data")) {
            data_field();
        } else {
            c_.unexpected();
        }
        c_.expect_close();
    }

    void extern_field(ExternKind kind, std::size_t at) {
        u32 index = next_[u8(kind)]++;
        while (c_.take_open("export")) {
            add_export(c_.name(), kind, index);
            c_.expect_close();
        }
        if (c_.take_open("import")) {
            check_import_order(at);
            std::string module = c_.name(), name = c_.name();
            c_.expect_close();
            Writer w;
            import_type(kind, index, w);
            add_import(module, name, w);
            return;
        }
        if (!defined_) defined_ = extern_words[u8(kind)].noun;
        switch (kind) {
        case ExternKind::func: return func_field(index);
        case ExternKind::table: return table_field(index);
        case ExternKind::memory: return memory_field(index);
        case ExternKind::global: return global_field();
        case ExternKind::tag: return tag_field();
        }
    }

    // ---- imports and exports

    void check_import_order(std::size_t at) const {
        if (defined_) syntax_error(std::string("import after ") + defined_, at);
    }

    void add_import(std::string_view module, std::string_view name, const Writer& type) {
        Writer& w = m_.section(SectionId::import_).bytes;
        w.name(module);
        w.name(name);
        w.span(type.bytes);
        ++import_groups_;
    }

    // The type of an import after its identifier, as its kind and bytes.
    void import_type(ExternKind kind, u32 index, Writer& w) {
        bool exact = kind == ExternKind::func && c_.take_open("exact");
        w.byte(exact ? 0x20 : u8(kind));
        switch (kind) {
        case ExternKind::func: {
            IndexSpace locals("local");
            w.u32_leb(parse_type_use(m_, &locals).index);
            keep_local_names(index, locals);
            break;
        }
        case ExternKind::table: table_type(w, nullptr); break;
        case ExternKind::memory: memory_type(w); break;
        case ExternKind::global: global_type(w); break;
        case ExternKind::tag:
            w.byte(0);
            w.u32_leb(parse_type_use(m_, nullptr).index);
            break;
        }
        if (exact) c_.expect_close();
    }

    // "(func $f …)" as bytes, with the next index of its kind.
    void import_desc(Writer& w) {
        auto kind = c_.at(Token::Kind::lparen) ? extern_kind(1) : std::nullopt;
        if (!kind) c_.unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
        c_.skip(), c_.skip();
        c_.take_id();
        import_type(*kind, next_[u8(*kind)]++, w);
        c_.expect_close();
    }

    void import_field(std::size_t at) {
        check_import_order(at);
        std::string module = c_.name();
        if (c_.at_open("item")) return compact_import(module);
        std::string name = c_.name();
        Writer w;
        import_desc(w);
        add_import(module, name, w);
    }

    // https://github.com/WebAssembly/compact-import-section: 0x7f has a type per item, 0x7e one type for all.
    void compact_import(const std::string& module) {
        Writer items;
        u32 count = 0;
        bool shared = false;
        for (; c_.take_open("item"); ++count) {
            items.name(c_.name());
            bool bare = c_.at_rparen();
            if (count != 0 && bare != shared) c_.unexpected();
            shared = bare;
            if (!bare) import_desc(items);
            c_.expect_close();
        }
        Writer& w = m_.section(SectionId::import_).bytes;
        w.name(module);
        w.name("");
        w.byte(shared ? 0x7e : 0x7f);
        if (shared) shared_type(w, count);
        w.u32_leb(count);
        w.span(items.bytes);
        ++import_groups_;
    }

    void shared_type(Writer& w, u32 count) {
        auto kind = c_.at(Token::Kind::lparen) ? extern_kind(1) : std::nullopt;
        if (!kind) c_.unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
        c_.skip(), c_.skip();
        if (c_.at(Token::Kind::id)) syntax_error("identifier not allowed", c_.offset());
        u32 first = next_[u8(*kind)];
        import_type(*kind, first, w);
        if (*kind == ExternKind::func) m_.local_names.erase(first);   // parameters that many functions share have no names
        next_[u8(*kind)] += count;
        c_.expect_close();
    }

    void add_export(const std::string& name, ExternKind kind, u32 index) {
        Section& s = m_.section(SectionId::export_);
        s.bytes.name(name);
        s.bytes.byte(u8(kind));
        s.bytes.u32_leb(index);
        ++s.count;
    }

    void export_field() {
        std::string name = c_.name();
        auto kind = c_.at(Token::Kind::lparen) ? extern_kind(1) : std::nullopt;
        if (!kind) c_.unexpected(c_.at(Token::Kind::lparen) ? 1 : 0);
        c_.skip(), c_.skip();
        add_export(name, *kind, space(*kind).index(c_));
        c_.expect_close();
    }

    void start_field(std::size_t at) {
        Section& s = m_.section(SectionId::start);
        if (s.count++ != 0) syntax_error("multiple start sections", at);
        s.bytes.u32_leb(m_.funcs.index(c_));
    }

    // ---- functions

    void func_field(u32 index) {
        std::size_t at = c_.offset();
        IndexSpace locals("local");
        TypeUse use = parse_type_use(m_, &locals);
        Section& functions = m_.section(SectionId::function);
        functions.bytes.u32_leb(use.index);
        ++functions.count;

        Writer body;
        parse_locals(locals, body);
        // The first local's index is not known when the type is not: no identifier may depend on it.
        if (!use.inline_ && !locals.names().empty() && !m_.find_func_type(use.index)) syntax_error("unknown type " + std::to_string(use.index), at);
        FuncHints hints{index, {}};
        parse_instructions(m_, {&locals, &body, &hints.hints});
        body.byte(0x0b);
        if (!hints.hints.empty()) m_.hints.push_back(std::move(hints));
        keep_local_names(index, locals);

        Section& code = m_.section(SectionId::code);
        code.bytes.u64_leb(body.bytes.size());
        code.bytes.span(body.bytes);
        ++code.count;
    }

    void keep_local_names(u32 func, const IndexSpace& locals) {
        if (!locals.names().empty()) m_.local_names[func] = locals.names();
    }

    // Neighbours of one type share an entry.
    void parse_locals(IndexSpace& locals, Writer& w) {
        std::vector<std::pair<u32, RawType>> runs;
        auto one = [&] {
            locals.bind(c_);
            RawType t = parse_val_type(c_, m_.type_names);
            if (runs.empty() || runs.back().second.type != t.type) runs.emplace_back(0, t);
            ++runs.back().first;
        };
        while (c_.take_open("local")) {
            if (c_.at(Token::Kind::id)) one();
            else while (!c_.at_rparen()) one();
            c_.expect_close();
        }
        w.u64_leb(runs.size());
        for (auto& [n, t] : runs) {
            w.u32_leb(n);
            write_val_type(w, t);
        }
    }

    // Everything up to the ")" as a constant expression.
    void expression(Writer& w) {
        IndexSpace none("local");
        parse_instructions(m_, {&none, &w, nullptr});
        w.byte(0x0b);
    }
    void folded_expression(Writer& w) {
        IndexSpace none("local");
        parse_folded_instruction(m_, {&none, &w, nullptr});
        w.byte(0x0b);
    }
    // (offset …) or one folded instruction
    void offset_expression(Writer& w) {
        if (!c_.take_open("offset")) return folded_expression(w);
        expression(w);
        c_.expect_close();
    }
    static void constant_offset(Writer& w, bool is64) {
        write_op(w, is64 ? Op::i64_const : Op::i32_const);
        w.byte(0);
        w.byte(0x0b);
    }

    // ---- tables, memories, globals, tags

    bool address_type() {
        if (c_.take_keyword("i64")) return true;
        c_.take_keyword("i32");
        return false;
    }

    void write_limits(Writer& w, u8 flags, u64 min, std::optional<u64> max, bool is64) {
        w.byte(u8(flags | (max ? 1 : 0) | (is64 ? 4 : 0)));
        w.u64_leb(min);
        if (max) w.u64_leb(*max);
    }

    // The bytes of i64? min max? reftype. With `is64`, i64? has been read.
    RawType table_type(Writer& w, const bool* is64_read) {
        bool is64 = is64_read ? *is64_read : address_type();
        u64 min = parse_u64(c_);
        std::optional<u64> max;
        if (c_.at(Token::Kind::natural)) max = parse_u64(c_);
        RawType t = parse_ref_type(c_, m_.type_names);
        write_val_type(w, t);
        write_limits(w, 0, min, max, is64);
        return t;
    }

    void table_field(u32 index) {
        Section& s = m_.section(SectionId::table);
        ++s.count;
        bool is64 = address_type();
        if (at_ref_type(c_)) return table_with_elements(index, is64);
        Writer type;
        table_type(type, &is64);
        if (c_.at_rparen()) return s.bytes.span(type.bytes);
        s.bytes.byte(0x40);
        s.bytes.byte(0);
        s.bytes.span(type.bytes);
        expression(s.bytes);
    }

    void table_with_elements(u32 index, bool is64) {
        RawType t = parse_ref_type(c_, m_.type_names);
        c_.expect_open("elem");
        Elements e = c_.at_index() ? function_elements(t) : expression_elements(t);
        c_.expect_close();
        Writer& w = m_.section(SectionId::table).bytes;
        write_val_type(w, t);
        write_limits(w, 0, e.count, e.count, is64);
        Writer offset;
        constant_offset(offset, is64);
        active_elem(index, offset, e);
    }

    u8 page_size() {
        std::size_t at = c_.offset();
        u64 n = parse_u64(c_);
        c_.expect_close();
        if (!std::has_single_bit(n)) syntax_error("invalid custom page size", at);
        return u8(std::countr_zero(n));
    }

    void memory_type(Writer& w) { limits_of_memory(w, address_type()); }

    void limits_of_memory(Writer& w, bool is64) {
        u64 min = parse_u64(c_);
        std::optional<u64> max;
        if (c_.at(Token::Kind::natural)) max = parse_u64(c_);
        u8 flags = c_.take_keyword("shared") ? 2 : 0;
        std::optional<u8> page;
        if (c_.take_open("pagesize")) page = page_size();
        write_limits(w, u8(flags | (page ? 8 : 0)), min, max, is64);
        if (page) w.byte(*page);
    }

    void memory_field(u32 index) {
        Section& s = m_.section(SectionId::memory);
        ++s.count;
        bool is64 = address_type();
        if (c_.at(Token::Kind::natural)) return limits_of_memory(s.bytes, is64);
        std::optional<u8> page;
        if (c_.take_open("pagesize")) page = page_size();
        c_.expect_open("data");
        std::string contents = strings();
        c_.expect_close();
        u64 pages = (contents.size() + ((u64(1) << page.value_or(16)) - 1)) >> page.value_or(16);
        write_limits(s.bytes, page ? 8 : 0, pages, pages, is64);
        if (page) s.bytes.byte(*page);
        Writer offset;
        constant_offset(offset, is64);
        active_data(index, offset, contents);
    }

    void global_type(Writer& w) {
        bool mutable_ = c_.take_open("mut");
        write_val_type(w, parse_val_type(c_, m_.type_names));
        if (mutable_) c_.expect_close();
        w.byte(mutable_);
    }

    void global_field() {
        Section& s = m_.section(SectionId::global);
        ++s.count;
        global_type(s.bytes);
        expression(s.bytes);
    }

    void tag_field() {
        Section& s = m_.section(SectionId::tag);
        ++s.count;
        IndexSpace ignored("param");
        s.bytes.byte(0);
        s.bytes.u32_leb(parse_type_use(m_, &ignored).index);
    }

    // ---- segments: https://webassembly.github.io/spec/core/binary/modules.html#element-section

    // Functions by index. As elements of another type than funcref they have to be expressions.
    Elements function_elements(RawType type = {funcref_type}) {
        Elements e;
        e.type = type;
        e.expressions = type.type != funcref_type && type.type != ValType::reference(Heap::func, false);
        for (; c_.at_index(); ++e.count) {
            if (e.expressions) write_op(e.items, Op::ref_func);
            e.items.u32_leb(m_.funcs.index(c_));
            if (e.expressions) e.items.byte(0x0b);
        }
        return e;
    }

    // Expressions, each in (item …) or one folded instruction.
    Elements expression_elements(RawType type) {
        Elements e;
        e.type = type;
        e.expressions = true;
        for (; c_.at(Token::Kind::lparen); ++e.count) {
            if (!c_.take_open("item")) {
                folded_expression(e.items);
                continue;
            }
            expression(e.items);
            c_.expect_close();
        }
        return e;
    }

    Elements element_list() {
        if (at_ref_type(c_)) return expression_elements(parse_ref_type(c_, m_.type_names));
        c_.take_keyword("func");
        return function_elements();
    }

    void elem_items(Writer& w, const Elements& e) {
        w.u32_leb(e.count);
        w.span(e.items.bytes);
        ++m_.section(SectionId::element).count;
    }
    // The type of elements: a reference type before expressions, the kind 0 before function indices.
    static void elem_type(Writer& w, const Elements& e) {
        if (e.expressions) write_val_type(w, e.type);
        else w.byte(0);
    }

    void active_elem(u32 table, const Writer& offset, const Elements& e) {
        Writer& w = m_.section(SectionId::element).bytes;
        bool plain = table == 0 && (!e.expressions || e.type.type == funcref_type);
        w.byte(u8((e.expressions ? 4 : 0) | (plain ? 0 : 2)));
        if (!plain) w.u32_leb(table);
        w.span(offset.bytes);
        if (!plain) elem_type(w, e);
        elem_items(w, e);
    }

    // The first version's way to name the table or memory of an active segment: (elem 0 (i32.const 1) $f)
    bool at_bare_index() const { return c_.at(Token::Kind::natural) && c_.peek(1).kind == Token::Kind::lparen; }

    void elem_field() {
        c_.take_id();
        if (c_.at_open("table") || at_bare_index() || (c_.at(Token::Kind::lparen) && !at_ref_type(c_))) {
            u32 table = 0;
            if (at_bare_index()) {
                table = m_.tables.index(c_);
            } else if (c_.take_open("table")) {
                table = m_.tables.index(c_);
                c_.expect_close();
            }
            Writer offset;
            offset_expression(offset);
            return active_elem(table, offset, element_list());
        }
        bool declarative = c_.take_keyword("declare");
        if (!c_.at_keyword("func") && !at_ref_type(c_)) c_.unexpected();
        Elements e = element_list();
        Writer& w = m_.section(SectionId::element).bytes;
        w.byte(u8((e.expressions ? 5 : 1) | (declarative ? 2 : 0)));
        elem_type(w, e);
        elem_items(w, e);
    }

    std::string strings() {
        std::string s;
        while (c_.at(Token::Kind::string)) s += c_.string();
        return s;
    }

    void add_data(std::string_view contents) {
        Section& s = m_.section(SectionId::data);
        s.bytes.name(contents);
        ++s.count;
    }

    void active_data(u32 memory, const Writer& offset, std::string_view contents) {
        Writer& w = m_.section(SectionId::data).bytes;
        w.byte(memory ? 2 : 0);
        if (memory) w.u32_leb(memory);
        w.span(offset.bytes);
        add_data(contents);
    }

    void data_field() {
        c_.take_id();
        if (!c_.at(Token::Kind::lparen) && !at_bare_index()) {
            std::string contents = strings();
            m_.section(SectionId::data).bytes.byte(1);
            return add_data(contents);
        }
        u32 memory = 0;
        if (at_bare_index()) {
            memory = m_.memories.index(c_);
        } else if (c_.take_open("memory")) {
            memory = m_.memories.index(c_);
            c_.expect_close();
        }
        Writer offset;
        offset_expression(offset);
        std::string contents = strings();
        active_data(memory, offset, contents);
    }

    void data_count() {
        Section& s = m_.section(SectionId::data_count);
        s.count = 1;
        s.bytes.u32_leb(m_.section(SectionId::data).count);
    }

    Cursor& c_;
    ModuleContext m_;
    std::vector<u32> type_positions_;
    u32 next_[5] = {};                 // per ExternKind: the next index of the last pass
    u32 import_groups_ = 0;
    const char* defined_ = nullptr;    // what was defined before imports ended
};

}  // namespace

std::vector<u8> parse_module_fields(Cursor& c, const AssembleOptions& options, const std::optional<std::string>& name) {
    u32 from = c.position();
    std::vector<u8> bytes = ModuleParser(c, options).run(name);
    check_annotations_used(c.list(), from, c.position());
    return bytes;
}

}  // namespace heddle::text
