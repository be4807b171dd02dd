// The parser of component text: what its files share.
#pragma once
#include <heddle/bytes.hpp>
#include <heddle/component_text.hpp>
#include <heddle/tokens.hpp>

#include "canon.hpp"
#include "text/scope.hpp"

namespace heddle::component {

using text::Cursor;
using text::syntax_error;
using text::Token;

class Parser {
public:
    Parser(Cursor c, Storage& storage, const text::AssembleOptions& options) : c_(c), storage_(storage), options_(options) {}

    // The definitions of a component, up to the end.
    Component whole(std::string_view id);

private:
    Component component(std::string_view id);  // up to the closing parenthesis, which stays

    // ---- tokens (parser.cpp)
    [[noreturn]] void unexpected(u32 ahead = 0) const;
    void open(std::string_view word);
    void close();
    std::string_view id() { return storage_.keep(c_.take_id().value_or("")); }
    std::string_view name();
    u32 number();
    u64 number64();
    bool at_word(std::string_view word, u32 ahead) const { return c_.at_keyword(word, ahead); }
    bool take_open(std::string_view word) { return c_.take_open(word); }

    // ---- references and names (parser.cpp)
    u32 plain_ref(Sort s);          // `$id` or a number
    u32 ref(Sort s);                // also `(sort $id "name"*)`
    u32 ref_body(Sort s);           // `$id "name"*`
    SortIdx any_ref(bool in_core);  // `(sort $id "name"*)`
    Sort sort(bool in_core);        // the words
    bool at_type_ref() const;       // `(type $id "name"*)` and nothing more
    ExternName extern_name();
    bool at_inline(std::string_view word) const;
    std::vector<ExternName> inline_exports();
    std::optional<ExternName> inline_import();
    void put_exports(const std::vector<ExternName>& names, Sort s, u32 index);

    // ---- definitions (definitions.cpp)
    void field();
    void core_field();
    void custom();
    void core_module();
    void core_module_body(std::string_view id, const std::vector<ExternName>& exports, std::size_t at);
    void core_instance();
    void core_item(Sort s);
    void nested_component();
    void instance();
    void func();
    void import_();
    void export_();
    void start();
    void canon_field();
    void alias_field();
    std::vector<CoreInlineExport> core_exports();
    std::vector<InlineExport> exports();
    void put_core_exports(std::vector<CoreInlineExport> e);
    void put_inline_exports(std::vector<InlineExport> e);
    u32 put_import(const ExternName& name, ExternType type, std::string_view id, std::size_t at);
    Alias alias_target(std::optional<Sort> s);
    u32 inverted_alias(Sort s, std::string_view id);
    bool at_inverted_alias() const;
    u32 put_alias(Alias a, Sort s, std::string_view id, std::size_t at);
    SortIdx instantiate_arg();
    void resolve_extern_type(ExternType& t);

    // ---- values (values.cpp)
    void value();
    void value_bytes(Writer& w, const ValType& t, std::size_t level);
    void prim_bytes(Writer& w, Prim p);
    void def_bytes(Writer& w, const DefType& t, std::size_t level);
    u32 label_index(const std::vector<std::string_view>& labels);

    // ---- canonical definitions (canon.cpp)
    Canon canon_body();
    std::vector<CanonOpt> canon_options();
    u32 put_canon(Canon c, std::string_view id, std::size_t at);

    // ---- types (types.cpp)
    void type_field();
    DefType def_type(std::string_view id);
    DefType def_val_type();
    ValType val_type();
    std::optional<ValType> optional_val_type();
    FuncType func_type();
    DefType resource_type();
    std::vector<std::string_view> labels();
    std::vector<Declarator> declarators(Scope::Kind kind, std::string_view id);
    void declarator();
    ExternType extern_type(std::string_view& id);  // `(sort $id …)`
    ExternType extern_type_body(Sort s);
    u32 type_use(Sort s);     // `(type $t)` or the type itself, which is defined at once
    u32 put_type(DefType t);  // resolved, defined; its index as a reference
    void resolve_type(DefType& t);

    // ---- core types (core_types.cpp)
    void core_type_field();
    void core_rec_field();
    u32 core_module_type_use();
    CoreModuleType core_module_type(std::string_view id);
    void core_decl();
    CoreExternType core_extern_type(bool import);
    TypeId core_type_use();
    void put_core_group(RecGroup g, const std::vector<std::string_view>& ids, std::size_t at, bool written = true);
    SubType core_sub_type();
    void core_composite(SubType& t);
    CoreValType core_val_type();
    CoreValType core_heap_type(bool nullable);
    FieldType core_field_type();
    heddle::FuncType core_signature();
    Limits core_limits();
    std::string spelling(const heddle::FuncType& f);
    TypeId pending_core_type() { return TypeId(plain_ref(Sort::core_type)); }

    struct Nesting {
        explicit Nesting(Parser& p);
        ~Nesting() { --parser.depth_; }
        Parser& parser;
    };

    Cursor c_;
    Storage& storage_;
    const text::AssembleOptions& options_;
    Scopes scopes_;
    u32 depth_ = 0;
    u32 outer_ = 0;  // the reference of the outer alias that is being parsed
};

}  // namespace heddle::component
