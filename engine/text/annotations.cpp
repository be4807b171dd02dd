// Annotations that become custom sections, and the sections as a file. https://webassembly.github.io/spec/core/appendix/custom.html
#include "context.hpp"

namespace heddle::text {
namespace {

[[noreturn]] void annotation_error(const Annotation& a, std::string_view message) {
    syntax_error(std::string(annotation_id(a.kind)) + " annotation: " + std::string(message), a.offset);
}

// Walks an annotation's own tokens.
struct Contents {
    const TokenList& list;
    const Annotation& annotation;
    std::size_t at = 0;

    bool done() const { return at == annotation.tokens.size(); }
    bool is(Token::Kind k) const { return !done() && annotation.tokens[at].kind == k; }
    std::string_view view() const { return done() ? std::string_view{} : list.view(annotation.tokens[at]); }
    std::string string() { return unescape(list.view(annotation.tokens[at++])); }
};

// (before|after section), the parenthesis included.
u32 parse_place(Contents& c) {
    const Annotation& a = c.annotation;
    ++c.at;
    bool before = c.view() == "before";
    if (!before && c.view() != "after") annotation_error(a, "malformed placement");
    ++c.at;
    std::optional<u32> place;
    if (c.view() == "first") place = 0;
    if (c.view() == "last") place = u32(2 * std::size(section_order) - 1);
    for (u32 i = 0; i < std::size(section_order); ++i)
        if (c.view() == section_keyword(section_order[i])) place = 2 * i + !before;
    if (!place) annotation_error(a, "malformed section kind");
    ++c.at;
    if (!c.is(Token::Kind::rparen)) annotation_error(a, "unexpected token");
    ++c.at;
    return *place;
}

void parse_custom(ModuleContext& m, const Annotation& a) {
    Contents c{m.cursor.list(), a};
    CustomText out;
    if (!c.is(Token::Kind::string)) annotation_error(a, "missing section name");
    out.name = c.string();
    if (!is_utf8(out.name)) annotation_error(a, "malformed UTF-8 encoding");
    u32 place = c.is(Token::Kind::lparen) ? parse_place(c) : u32(2 * std::size(section_order) - 1);
    while (c.is(Token::Kind::string)) out.contents += c.string();
    if (!c.done()) annotation_error(a, "unexpected token");
    m.customs[place].push_back(std::move(out));
}

void write_section(Writer& w, SectionId id, std::span<const u8> contents) {
    w.byte(u8(id));
    w.u64_leb(contents.size());
    w.span(contents);
}

void write_custom(Writer& w, std::string_view name, std::string_view contents) {
    Writer section;
    section.name(name);
    section.span({reinterpret_cast<const u8*>(contents.data()), contents.size()});
    write_section(w, SectionId::custom, section.bytes);
}

// https://github.com/WebAssembly/branch-hinting
void write_hints(Writer& w, const ModuleContext& m) {
    if (m.hints.empty()) return;
    Writer section;
    section.name("metadata.code.branch_hint");
    section.u64_leb(m.hints.size());
    for (const FuncHints& f : m.hints) {
        section.u32_leb(f.func);
        section.u64_leb(f.hints.size());
        for (auto [offset, value] : f.hints) {
            section.u32_leb(offset);
            section.byte(1);
            section.byte(value);
        }
    }
    write_section(w, SectionId::custom, section.bytes);
}

// ---- the name section: https://webassembly.github.io/spec/core/appendix/custom.html#name-section

class NameSection {
public:
    explicit NameSection(const ModuleContext& m) : all_(m.options.names) {
        if (m.module_name && (all_ || m.module_name_annotated)) {
            Writer s;
            s.name(*m.module_name);
            subsection(0, s);
        }
        map(1, m.funcs.names());
        std::vector<std::pair<u32, const std::vector<NameEntry>*>> fields;
        for (u32 i = 0; i < m.types.size(); ++i)
            if (m.types[i].field_names) fields.emplace_back(i, &m.types[i].field_names->names());
        std::vector<std::pair<u32, const std::vector<NameEntry>*>> locals;
        for (auto& [func, names] : m.local_names) locals.emplace_back(func, &names);
        indirect(2, locals);
        map(4, m.type_names.names());
        map(5, m.tables.names());
        map(6, m.memories.names());
        map(7, m.globals.names());
        map(8, m.elems.names());
        map(9, m.data.names());
        indirect(10, fields);
        map(11, m.tags.names());
    }

    void write(Writer& w) const {
        if (out_.bytes.empty()) return;
        write_custom(w, "name", {reinterpret_cast<const char*>(out_.bytes.data()), out_.bytes.size()});
    }

private:
    bool wanted(const NameEntry& e) const { return all_ || e.annotated; }

    bool name_map(Writer& w, const std::vector<NameEntry>& names) const {
        u64 n = u64(std::ranges::count_if(names, [&](const NameEntry& e) { return wanted(e); }));
        if (n == 0) return false;
        w.u64_leb(n);
        for (const NameEntry& e : names)
            if (wanted(e)) w.u32_leb(e.index), w.name(e.name);
        return true;
    }
    void map(u8 id, const std::vector<NameEntry>& names) {
        Writer s;
        if (name_map(s, names)) subsection(id, s);
    }
    void indirect(u8 id, const std::vector<std::pair<u32, const std::vector<NameEntry>*>>& groups) {
        Writer s;
        u32 n = 0;
        for (auto& [index, names] : groups) {
            Writer one;
            if (!name_map(one, *names)) continue;
            ++n;
            s.u32_leb(index);
            s.span(one.bytes);
        }
        if (n == 0) return;
        Writer counted;
        counted.u32_leb(n);
        counted.span(s.bytes);
        subsection(id, counted);
    }
    void subsection(u8 id, const Writer& s) {
        out_.byte(id);
        out_.u64_leb(s.bytes.size());
        out_.span(s.bytes);
    }

    bool all_;
    Writer out_;
};

}  // namespace

const char* section_keyword(SectionId id) {
    static constexpr const char* words[] = {"custom", "type", "import", "func", "table", "memory", "global", "export", "start", "elem", "code", "data", "datacount", "tag"};
    return words[std::size_t(id)];
}

void take_custom_annotations(ModuleContext& m) {
    while (Annotation* a = m.cursor.take_annotation(Annotation::Kind::custom)) parse_custom(m, *a);
}

std::optional<std::string> take_name_annotation(Cursor& c) {
    Annotation* a = c.take_annotation(Annotation::Kind::name);
    if (!a) return std::nullopt;
    Contents contents{c.list(), *a};
    if (!contents.is(Token::Kind::string) || a->tokens.size() != 1) annotation_error(*a, "unexpected token");
    std::string name = contents.string();
    if (!is_utf8(name)) annotation_error(*a, "malformed UTF-8 encoding");
    return name;
}

u8 parse_branch_hint(const TokenList& list, const Annotation& a) {
    Contents contents{list, a};
    if (!contents.is(Token::Kind::string) || a.tokens.size() != 1) annotation_error(a, "unexpected token");
    std::string value = contents.string();
    if (value.size() != 1 || u8(value[0]) > 1) annotation_error(a, "invalid value");
    return u8(value[0]);
}

void check_annotations_used(const TokenList& list, u32 from, u32 to) {
    auto first = std::ranges::lower_bound(list.annotations, from, {}, &Annotation::before);
    for (; first != list.annotations.end() && first->before <= to; ++first) {
        const Annotation& a = *first;
        if (a.used) continue;
        if (a.kind == Annotation::Kind::branch_hint) annotation_error(a, "not in a function");
        syntax_error(std::string("misplaced ") + annotation_id(a.kind) + " annotation", a.offset);
    }
}

// https://webassembly.github.io/spec/core/binary/modules.html
std::vector<u8> write_sections(ModuleContext& m) {
    Writer w;
    w.fixed32(0x6d736100);
    w.fixed32(1);
    auto customs_at = [&](u32 place) {
        auto here = m.customs.find(place);
        if (here == m.customs.end()) return;
        for (const CustomText& c : here->second) write_custom(w, c.name, c.contents);
    };
    for (u32 i = 0; i < std::size(section_order); ++i) {
        customs_at(2 * i);
        SectionId id = section_order[i];
        if (id == SectionId::code) write_hints(w, m);
        if (Section& s = m.section(id); s.count != 0) {
            bool single = id == SectionId::start || id == SectionId::data_count;
            Writer contents;
            if (!single) contents.u32_leb(s.count);
            contents.span(s.bytes.bytes);
            write_section(w, id, contents.bytes);
        }
        customs_at(2 * i + 1);
    }
    NameSection(m).write(w);
    return std::move(w.bytes);
}

}  // namespace heddle::text
