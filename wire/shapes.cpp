// JSON Schema types become shapes: each type once, those in it before it.
#include "shapes.hpp"

#include <algorithm>
#include <bit>

#include <nlohmann/json.hpp>

namespace heddle::wire {

namespace {

using component::FunctionType;
using component::ValueType;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

ValueType text_type() { return ValueType::primitive(ValueType::Kind::string); }

ValueType handler_error() {
    return ValueType::variant({{"no-handler", std::nullopt}, {"in-json-err", text_type()}, {"handler-err", text_type()}});
}
ValueType call_error() { return ValueType::record({{"code", text_type()}, {"message", text_type()}}); }

// The one thing that a list of alternatives comes down to.
std::optional<u32> only_case(const TypeNode& n) {
    const auto& of = n.any_of.empty() ? n.one_of : n.any_of;
    return n.all_of.empty() && n.properties.empty() && of.size() == 1 ? std::optional(of[0]) : std::nullopt;
}

}  // namespace

std::string kebab(std::string_view name, std::set<std::string>& taken) {
    std::string label;
    for (std::size_t i = 0; i < name.size(); ++i) {
        char c = name[i];
        bool starts_word = is_upper(c) && i > 0 && (is_lower(name[i - 1]) || is_digit(name[i - 1]));
        if (starts_word && !label.empty() && label.back() != '-') label += '-';
        if (is_upper(c)) label += char(c + 32);
        else if (is_lower(c)) label += c;
        else if (is_digit(c)) {
            if (label.ends_with('-')) label.pop_back();  // a word begins with a letter
            label += label.empty() ? "n" : "";
            label += c;
        } else if (!label.empty() && label.back() != '-') label += '-';
    }
    while (label.ends_with('-')) label.pop_back();
    if (label.empty()) label = "x";
    std::string unique = label;
    for (int n = 2; !taken.insert(unique).second; ++n) unique = label + "-n" + std::to_string(n);
    return unique;
}

FunctionType OpShape::handler() const {
    return {false, {{"input", shapes->value_type(input)}}, ValueType::result(shapes->value_type(output), handler_error())};
}

FunctionType OpShape::exposed() const { return {false, {{"input", shapes->value_type(input)}}, ValueType::result(shapes->value_type(output), call_error())}; }

Shapes::Shapes(const Manifest& manifest) : types_(manifest.types) {
    shapes_.emplace_back();  // JSON text
    names_ = {"handler-error", "call-error", "types", "handlers", "exposed"};
    std::set<std::string> functions;
    std::vector<std::string> called;
    for (const MaterializerConfig& m : manifest.materializers) called.push_back(kebab(m.op, functions));
    names_.insert(functions.begin(), functions.end());  // in WIT a type and a function of one interface have different names
    for (std::size_t i = 0; i < called.size(); ++i) {
        const MaterializerConfig& m = manifest.materializers[i];
        const std::string& base = called[i];
        u32 input = of(m.input, base + "-input"), output = of(m.output, base + "-output");
        ops_.push_back({&m, base, input, output, this});
    }
}

const OpShape* Shapes::find(std::string_view op) const {
    auto i = std::ranges::find_if(ops_, [&](const OpShape& o) { return o.config->op == op; });
    return i == ops_.end() ? nullptr : &*i;
}

u32 Shapes::add(Shape shape) {
    shapes_.push_back(std::move(shape));
    return u32(shapes_.size() - 1);
}

Shape Shapes::named(Shape::Kind kind, const std::string& name) {
    Shape s;
    s.kind = kind;
    s.name = kebab(name, names_);
    return s;
}

Shape Shapes::optional(Shape some) {
    Shape s;
    s.kind = Shape::Kind::option;
    s.parts.push_back({"", "", add(std::move(some))});
    return s;
}

u32 Shapes::of(u32 type, const std::string& hint) {
    type = types_.resolve(type);
    if (type == Types::anything) return 0;
    if (auto known = known_.find(type); known != known_.end()) return known->second;
    const TypeNode& node = types_[type];
    if (!open_.insert(type).second) {
        warnings_.push_back("types." + (node.name.empty() ? hint : node.name) + ": refers to itself, so it crosses as JSON text");
        return 0;
    }
    if (auto only = only_case(node)) {
        u32 shape = of(*only, hint);
        open_.erase(type);
        return known_[type] = shape;
    }
    Shape shape = build(node, node.name.empty() ? hint : node.name);
    shape.title = node.title;
    open_.erase(type);
    return known_[type] = shape.kind == Shape::Kind::json ? 0 : add(std::move(shape));
}

Shape Shapes::build(const TypeNode& n, const std::string& name) {
    if (!n.all_of.empty()) return {};
    if (!n.any_of.empty() || !n.one_of.empty()) return n.properties.empty() ? alternatives(n, name) : Shape{};
    bool texts = !n.values.empty() && std::ranges::all_of(n.values, [](const std::string& v) { return v.starts_with('"'); });
    if (texts) return labels(n, name);
    u32 some = n.allowed & ~kinds::null;
    bool nullable = n.allowed & kinds::null;
    if (n.allowed == kinds::any || some == 0) return {};
    if (some & kinds::number) some &= ~kinds::integer;
    if (std::popcount(some) != 1) return {};
    Shape shape = some == kinds::array ? array(n, name) : some == kinds::object ? object(n, name) : simple(n, some);
    return nullable && shape.kind != Shape::Kind::json ? optional(std::move(shape)) : shape;
}

Shape Shapes::simple(const TypeNode& n, u32 allowed) const {
    Shape s;
    if (allowed == kinds::boolean) s.kind = Shape::Kind::boolean;
    else if (allowed == kinds::integer) s.kind = Shape::Kind::integer;
    else if (allowed == kinds::number) s.kind = Shape::Kind::number;
    else if (allowed == kinds::string) s.kind = n.format == Format::byte ? Shape::Kind::bytes : Shape::Kind::string;
    return s;
}

Shape Shapes::labels(const TypeNode& n, const std::string& name) {
    Shape s = named(Shape::Kind::enumeration, name);
    std::set<std::string> taken;
    for (const std::string& v : n.values) {
        std::string text = parse_scanned(v).get<std::string>();
        s.parts.push_back({text, kebab(text, taken)});
    }
    return s;
}

// One of several; with null among them an option.
Shape Shapes::alternatives(const TypeNode& n, const std::string& name) {
    std::vector<u32> cases;
    bool nullable = false;
    for (u32 each : n.any_of.empty() ? n.one_of : n.any_of) {
        if (types_.resolved(each).allowed == kinds::null) nullable = true;
        else cases.push_back(each);
    }
    if (cases.empty()) return {};
    if (cases.size() == 1) {
        u32 only = of(cases[0], name);
        if (only == 0) return {};
        Shape s;
        s.kind = Shape::Kind::option;
        s.parts.push_back({"", "", only});
        return s;
    }
    Shape s;
    std::set<std::string> taken;
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const TypeNode& node = types_.resolved(cases[i]);
        std::string title = !node.title.empty() ? node.title : !node.name.empty() ? node.name : "case" + std::to_string(i + 1);
        u32 shape = of(cases[i], name + "-" + title);
        s.parts.push_back({title, kebab(title, taken), shape, cases[i]});
    }
    s.kind = Shape::Kind::variant;
    s.name = kebab(name, names_);
    return nullable ? optional(std::move(s)) : s;
}

Shape Shapes::array(const TypeNode& n, const std::string& name) {
    Shape s;
    bool fixed = !n.prefix_items.empty() && (!n.more_items || (n.max_items && *n.max_items <= n.prefix_items.size())) && n.min_items.value_or(0) >= n.prefix_items.size();
    if (!n.prefix_items.empty() && !fixed) return {};
    s.kind = fixed ? Shape::Kind::tuple : Shape::Kind::list;
    if (!fixed) s.parts.push_back({"", "", n.items ? of(*n.items, name + "-item") : 0});
    for (std::size_t i = 0; i < n.prefix_items.size(); ++i) s.parts.push_back({"", "", of(n.prefix_items[i], name + "-part" + std::to_string(i + 1))});
    return s;
}

Shape Shapes::object(const TypeNode& n, const std::string& name) {
    Shape s;
    if (n.properties.empty() && n.additional) {
        s.kind = Shape::Kind::map;
        s.parts.push_back({"", "", of(*n.additional, name + "-value")});
        return s;
    }
    if (n.properties.empty() || n.additional) return {};
    std::set<std::string> taken;
    for (const Property& p : n.properties) {
        u32 shape = of(p.type, name + "-" + p.name);
        if (!p.required && shapes_[shape].kind != Shape::Kind::option) {
            Shape option;
            option.kind = Shape::Kind::option;
            option.parts.push_back({"", "", shape});
            shape = add(std::move(option));
        }
        s.parts.push_back({p.name, kebab(p.name, taken), shape, p.type, p.required});
    }
    s.kind = Shape::Kind::record;
    s.name = kebab(name, names_);
    return s;
}

ValueType Shapes::value_type(u32 shape) const {
    using K = Shape::Kind;
    const Shape& s = shapes_[shape];
    auto part = [&](std::size_t i) { return value_type(s.parts[i].shape); };
    std::vector<ValueType::Member> members;
    switch (s.kind) {
        case K::boolean: return ValueType::primitive(ValueType::Kind::bool_);
        case K::integer: return ValueType::primitive(ValueType::Kind::s64);
        case K::number: return ValueType::primitive(ValueType::Kind::f64);
        case K::bytes: return ValueType::list(ValueType::primitive(ValueType::Kind::u8));
        case K::option: return ValueType::option(part(0));
        case K::list: return ValueType::list(part(0));
        case K::map: return ValueType::list(ValueType::tuple({text_type(), part(0)}));
        case K::tuple: {
            std::vector<ValueType> types;
            for (std::size_t i = 0; i < s.parts.size(); ++i) types.push_back(part(i));
            return ValueType::tuple(std::move(types));
        }
        case K::enumeration: {
            std::vector<std::string> names;
            for (const auto& p : s.parts) names.push_back(p.name);
            return ValueType::enumeration(std::move(names));
        }
        case K::record:
        case K::variant:
            for (std::size_t i = 0; i < s.parts.size(); ++i) members.push_back({s.parts[i].name, part(i)});
            return s.kind == K::record ? ValueType::record(std::move(members)) : ValueType::variant(std::move(members));
        default: return text_type();
    }
}

}  // namespace heddle::wire
