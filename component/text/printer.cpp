#include "text/printer.hpp"

#include <algorithm>

#include "canon.hpp"
#include "decode.hpp"
#include "text/quote.hpp"

namespace heddle::component {
namespace {

// A start function's results are counted, not listed: a number of them is all it takes to make the text long.
constexpr u32 max_printed_results = 1000;

// "(module $id" without the identifier: what is behind it.
std::string_view behind_module_head(std::string_view text) {
    text.remove_prefix(std::string_view("(module").size());
    if (!text.starts_with(" $")) return text;
    text.remove_prefix(2);
    if (!text.starts_with('"')) return text.substr(std::min(text.find_first_of(" \n\t()"), text.size()));
    std::size_t i = 1;
    for (; i < text.size() && text[i] != '"'; ++i)
        if (text[i] == '\\') ++i;
    return text.substr(std::min(i + 1, text.size()));
}

std::string id_text(std::string_view id) {
    constexpr std::string_view marks = "!#$%&'*+-./:<=>?@\\^_`|~";
    bool plain = !id.empty() && std::ranges::all_of(id, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || marks.contains(c);
    });
    return "$" + (plain ? std::string(id) : quoted(id));
}

// An identifier given twice in one space is none.
void drop_duplicates(Names& names) {
    for (auto& space : names.sorts) {
        std::unordered_map<std::string_view, u32> seen;
        for (auto& [index, id] : space) ++seen[id];
        std::erase_if(space, [&](auto& entry) { return entry.second.empty() || seen[entry.second] > 1; });
    }
}

}  // namespace

std::string Printer::run(const Component& c) {
    component(c, "(component");
    return std::move(out_);
}

void Printer::line(std::string text) {
    out_.append(std::size_t(level_) * options_.indent, ' ');
    out_ += text;
    out_ += '\n';
}

void Printer::open(std::string text) {
    line(std::move(text));
    ++level_;
}

void Printer::close(std::string text) {
    --level_;
    line(std::move(text));
}

std::string Printer::bind(Sort s) {
    u32 index = counts_.next[std::size_t(s)]++;
    auto& ids = counts_.names.sorts[std::size_t(s)];
    std::string number = " (;" + std::to_string(index) + ";)";
    auto it = ids.find(index);
    return it == ids.end() ? number : " " + id_text(it->second) + number;
}

std::string Printer::use(Sort s, u32 index) const {
    auto& ids = counts_.names.sorts[std::size_t(s)];
    auto it = ids.find(index);
    // A definition is only known by its identifier once it stands there.
    return it == ids.end() || index >= counts_.next[std::size_t(s)] ? std::to_string(index) : id_text(it->second);
}

std::string Printer::name(const ExternName& n) {
    static constexpr const char* words[] = {"implements", "versionsuffix", "external-id"};
    std::string out = quoted(n.name);
    bool seen[3] = {};
    for (const Attribute& a : n.attributes)
        if (!std::exchange(seen[std::size_t(a.kind)], true)) out += std::string(" (") + words[std::size_t(a.kind)] + " " + quoted(a.text) + ")";
    return out;
}

// `head` lacks the closing parenthesis.
void Printer::component(const Component& c, std::string head) {
    Counts outer = std::exchange(counts_, {});
    if (options_.names) counts_.names = read_names_section(c);
    drop_duplicates(counts_.names);
    if (level_ == 0 && !counts_.names.component.empty()) head += " " + id_text(counts_.names.component);
    open(std::move(head));
    for (const Definition& d : c.definitions) definition(d);
    close();
    counts_ = std::move(outer);
}

void Printer::definition(const Definition& d) {
    std::visit(
        [&](const auto& x) {
            using T = std::decay_t<decltype(x)>;
            if constexpr (std::is_same_v<T, CustomSection>) {
                if (x.name != "component-name" || !counts_.names.read) line("(@custom " + quoted(x.name) + " " + quoted(x.bytes) + ")");
            } else if constexpr (std::is_same_v<T, CoreModule>) core_module(x);
            else if constexpr (std::is_same_v<T, CoreInstance>) core_instance(x);
            else if constexpr (std::is_same_v<T, CoreType>) core_type(x, "core ");
            else if constexpr (std::is_same_v<T, Component>) component(x, "(component" + bind(Sort::component));
            else if constexpr (std::is_same_v<T, Instance>) instance(x);
            else if constexpr (std::is_same_v<T, Alias>) alias(x);
            else if constexpr (std::is_same_v<T, DefType>) def_type(x);
            else if constexpr (std::is_same_v<T, Canon>) canon(x);
            else if constexpr (std::is_same_v<T, Start>) start(x);
            else if constexpr (std::is_same_v<T, Import>) line("(import " + name(x.name) + " " + bound_extern_type(x.type) + ")");
            else if constexpr (std::is_same_v<T, Export>) {
                std::string what = item(x.item), type = x.type ? std::string(" (") + to_string(x.type->sort) + extern_type(*x.type) + ")" : "";
                line("(export" + bind(x.item.sort) + " " + name(x.name) + " " + what + type + ")");
            } else {
                std::string type = value_type(x.type);
                line("(value" + bind(Sort::value) + " " + type + " (binary " + quoted(x.bytes) + "))");
            }
        },
        d.what);
}

// The module's lines as the engine prints them, further in; its bytes where they are no module.
void Printer::core_module(const CoreModule& m) {
    std::string head = "(core module" + bind(Sort::core_module);
    auto text = text::print(m.bytes, options_);
    if (!text) return line(head + " binary " + quoted(m.bytes) + ")");
    std::string_view rest = behind_module_head(*text);
    while (rest.ends_with('\n')) rest.remove_suffix(1);
    std::string indent(std::size_t(level_) * options_.indent, ' ');
    out_ += indent + head;
    for (std::size_t from = 0; from < rest.size();) {
        std::size_t end = std::min(rest.find('\n', from), rest.size());
        if (from > 0 && end > from) out_ += indent;
        out_ += rest.substr(from, end + 1 - from);
        from = end + 1;
    }
    out_ += '\n';
}

void Printer::core_instance(const CoreInstance& i) {
    std::string text;
    if (auto* inst = std::get_if<CoreInstantiate>(&i)) {
        text = " (instantiate " + use(Sort::core_module, inst->module);
        for (const CoreInstantiate::Arg& a : inst->args)
            text += " (with " + quoted(a.name) + " (instance " + use(Sort::core_instance, a.instance) + "))";
        text += ")";
    } else {
        for (const CoreInlineExport& e : std::get<1>(i))
            text += " (export " + quoted(e.name) + " (" + (to_string(e.item.sort) + 5) + " " + use(e.item.sort, e.item.index) + "))";
    }
    line("(core instance" + bind(Sort::core_instance) + text + ")");
}

void Printer::instance(const Instance& i) {
    std::string text;
    if (auto* inst = std::get_if<Instantiate>(&i)) {
        text = " (instantiate " + use(Sort::component, inst->component);
        for (const Instantiate::Arg& a : inst->args) text += " (with " + quoted(a.name) + " " + item(a.item) + ")";
        text += ")";
    } else {
        for (const InlineExport& e : std::get<1>(i)) text += " (export " + name(e.name) + " " + item(e.item) + ")";
    }
    line("(instance" + bind(Sort::instance) + text + ")");
}

void Printer::alias(const Alias& a) {
    std::string text;
    switch (a.target) {
        case Alias::Target::export_: text = "export " + use(Sort::instance, a.instance) + " " + quoted(a.name); break;
        case Alias::Target::core_export: text = "core export " + use(Sort::core_instance, a.instance) + " " + quoted(a.name); break;
        case Alias::Target::outer: text = "outer " + std::to_string(a.count) + " " + std::to_string(a.index); break;
    }
    line("(alias " + text + " (" + to_string(a.sort) + bind(a.sort) + "))");
}

void Printer::canon(const Canon& c) {
    std::string text = canon_text(c);
    if (c.kind != CanonKind::lift) return line("(core func" + bind(Sort::core_func) + " (canon " + text + "))");
    std::string type = use(Sort::type, c.type);
    line("(func" + bind(Sort::func) + " (type " + type + ") (canon " + text + "))");
}

std::string Printer::canon_text(const Canon& c) const {
    const CanonRow& row = canon_row(c.kind);
    std::string out(row.text);
    auto index = [&](Sort s, u32 i) { out += " " + use(s, i); };
    auto flag = [&](bool is, const char* word) { out += is ? std::string(" ") + word : ""; };
    auto options = [&] {
        static constexpr const char* words[] = {
            "string-encoding=utf8", "string-encoding=utf16", "string-encoding=latin1+utf16", "memory", "realloc", "post-return", "async", "callback"};
        for (CanonOpt o : c.options) {
            const char* word = words[std::size_t(o.kind)];
            if (o.kind < CanonOpt::Kind::memory || o.kind == CanonOpt::Kind::async) out += std::string(" ") + word;
            else
                out += std::string(" (") + word + " " + item({o.kind == CanonOpt::Kind::memory ? Sort::core_memory : Sort::core_func, o.index}) + ")";
        }
    };
    using enum CanonImmediates;
    switch (row.immediates) {
        case Lift: out += " " + item({Sort::core_func, c.func}), options(); break;
        case Lower: out += " " + item({Sort::func, c.func}), options(); break;
        case None: break;
        case Type: index(Sort::type, c.type); break;
        case Options: options(); break;
        case TypeOpts: index(Sort::type, c.type), options(); break;
        case Async: flag(c.async, "async"); break;
        case TypeAsync: index(Sort::type, c.type), flag(c.async, "async"); break;
        case Cancel: flag(c.cancellable, "cancellable"); break;
        case Wait: flag(c.cancellable, "cancellable"), out += " (memory " + item({Sort::core_memory, c.memory}) + ")"; break;
        case Result:
            if (c.result) out += " (result " + value_type(*c.result) + ")";
            options();
            break;
        case Slot: out += " " + core_value(c.slot) + " " + std::to_string(c.slot_index); break;
        case Spawn: flag(c.shared, "shared"); [[fallthrough]];
        case Indirect: index(Sort::core_type, c.type), index(Sort::core_table, c.table); break;
        case Shared: flag(c.shared, "shared"); break;
        case SpawnRef: flag(c.shared, "shared"), index(Sort::core_type, c.type); break;
    }
    return out;
}

void Printer::start(const Start& s) {
    std::string text = "(start " + use(Sort::func, s.func);
    for (u32 a : s.args) text += " " + item({Sort::value, a});
    if (s.results > max_printed_results) throw Error{Error::Kind::limit, "a start function with too many results", Error::no_offset};
    for (u32 i = 0; i < s.results; ++i) text += " (result (value" + bind(Sort::value) + "))";
    line(text + ")");
}

Result<std::string> print(std::span<const u8> wasm, const text::PrintOptions& options) {
    try {
        return Printer(options).run(decode(wasm));
    } catch (Error& e) {
        return std::unexpected(std::move(e));
    }
}

}  // namespace heddle::component
