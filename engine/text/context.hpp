// What is known while the text of one module is parsed: index spaces with their identifiers, types, and the growing sections.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <heddle/text.hpp>

#include "instr.hpp"
#include "cursor.hpp"

namespace heddle::text {

struct NameEntry {
    u32 index;
    std::string name;
    bool annotated;   // by (@name …): written even when a name section was not asked for
};

// Indices of one kind with their identifiers. https://webassembly.github.io/spec/core/text/modules.html#indices
class IndexSpace {
public:
    explicit IndexSpace(const char* what) : what_(what) {}

    // Gives the next index to what is here: `$id`, `(@name "…")`, both or nothing.
    u32 bind(Cursor& c);
    u32 add() { return count_++; }   // one without a name
    // Reads a number or an identifier.
    u32 index(Cursor& c) const;
    std::optional<u32> find(std::string_view name) const;

    u32 count() const { return count_; }
    const std::vector<NameEntry>& names() const { return names_; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
    };
    const char* what_;
    u32 count_ = 0;
    std::unordered_map<std::string, u32, Hash, std::equal_to<>> by_name_;
    std::vector<NameEntry> names_;
};

struct FieldDef {
    RawType type;
    bool mutable_ = false;
};

struct TypeDef {
    SubType::Kind kind = SubType::Kind::func;
    bool final = true;
    bool alone = true;                       // the only member of its recursion group
    std::vector<u32> supers;
    std::optional<u32> describes, descriptor;
    std::vector<RawType> params, results;    // func
    std::vector<FieldDef> fields;            // struct, array
    std::unique_ptr<IndexSpace> field_names; // struct
    u32 cont = 0;
};

struct RecGroup {
    u32 count;
    bool explicit_;   // written as (rec …)
};

struct Section {
    Writer bytes;
    u32 count = 0;
};

// Ids of the binary format. https://webassembly.github.io/spec/core/binary/modules.html#sections
enum class SectionId : u8 { custom, type, import_, function, table, memory, global, export_, start, element, code, data, data_count, tag };
// The order of sections in a file.
inline constexpr SectionId section_order[] = {SectionId::type, SectionId::import_, SectionId::function, SectionId::table, SectionId::memory, SectionId::tag, SectionId::global,
                                              SectionId::export_, SectionId::start, SectionId::element, SectionId::data_count, SectionId::code, SectionId::data};
// "func" as (@custom "…" (after func)) says it.
const char* section_keyword(SectionId id);

struct CustomText {
    std::string name, contents;
};

struct FuncHints {
    u32 func;
    std::vector<std::pair<u32, u8>> hints;   // offset in the body, value
};

// A function type in use: (type x), (param …)*, (result …)*.
struct TypeUse {
    u32 index = 0;
    bool inline_ = false;   // params or results were written
    u32 params = 0;
};

struct ModuleContext {
    ModuleContext(Cursor& c, const AssembleOptions& o) : cursor(c), options(o) {}

    Cursor& cursor;
    AssembleOptions options;
    IndexSpace type_names{"type"}, funcs{"func"}, tables{"table"}, memories{"memory"}, globals{"global"}, tags{"tag"}, elems{"elem segment"}, data{"data segment"};
    std::vector<TypeDef> types;
    std::vector<RecGroup> groups;
    std::unordered_map<std::string, u32> func_types;   // simple function types by their spelling: the least index
    Section sections[14];
    std::map<u32, std::vector<CustomText>> customs;   // by place: 2i is before section_order[i], 2i + 1 after it
    std::vector<FuncHints> hints;
    std::optional<std::string> module_name;
    bool module_name_annotated = false;
    std::map<u32, std::vector<NameEntry>> local_names;   // by function
    bool needs_data_count = false;

    Section& section(SectionId id) { return sections[std::size_t(id)]; }
    // The index of the simple function type with this signature, made when there is none.
    u32 func_type(std::vector<RawType> params, std::vector<RawType> results);
    const TypeDef* find_func_type(u32 index) const { return index < types.size() && types[index].kind == SubType::Kind::func ? &types[index] : nullptr; }
};

// ---- types (types.cpp)

RawType parse_val_type(Cursor& c, const IndexSpace& types);
RawType parse_ref_type(Cursor& c, const IndexSpace& types);
// As a nullable reference to it.
RawType parse_heap_type(Cursor& c, const IndexSpace& types);
bool at_ref_type(const Cursor& c);
// (type x)? (param …)* (result …)*. Parameters are bound in `locals` when given, else they may have no identifiers.
TypeUse parse_type_use(ModuleContext& m, IndexSpace* locals);
BlockType parse_block_type(ModuleContext& m);
// (result t*)*
std::vector<RawType> parse_results(Cursor& c, const IndexSpace& types);
// The `type` field or a member of `rec` at the cursor becomes the definition types[index].
void parse_type_def(ModuleContext& m, u32 index);
void write_types(ModuleContext& m);

// ---- numbers in their places
u32 parse_u32(Cursor& c);
u64 parse_u64(Cursor& c);
u8 parse_lane(Cursor& c);
// The numbers of v128.const after its keyword, with the lane count of each shape.
struct Shape {
    std::string_view name;
    u8 lanes;
    ValType::Kind lane;
};
const Shape* find_shape(std::string_view name);
// One scalar literal as bits.
u64 parse_scalar(Cursor& c, ValType::Kind k);

// ---- instructions (instructions.cpp)

struct Body {
    IndexSpace* locals = nullptr;
    Writer* out = nullptr;
    std::vector<std::pair<u32, u8>>* hints = nullptr;
};
// A sequence of instructions, up to a ")" that it leaves there.
void parse_instructions(ModuleContext& m, const Body& body);
// Exactly one folded instruction.
void parse_folded_instruction(ModuleContext& m, const Body& body);

// ---- annotations (annotations.cpp)

// Takes the (@custom …) annotations that stand here.
void take_custom_annotations(ModuleContext& m);
// (@name "…") here, if there is one.
std::optional<std::string> take_name_annotation(Cursor& c);
u8 parse_branch_hint(const TokenList& list, const Annotation& a);
// Complains of annotations among tokens [from, to) that nobody took.
void check_annotations_used(const TokenList& list, u32 from, u32 to);
// The bytes of the sections in order, with the custom ones between them.
std::vector<u8> write_sections(ModuleContext& m);

// ---- modules (module.cpp)

// The module at the cursor, which stands behind "(module" and its identifier; ends at the closing parenthesis or the end of text.
std::vector<u8> parse_module_fields(Cursor& c, const AssembleOptions& options, const std::optional<std::string>& name);

}  // namespace heddle::text
