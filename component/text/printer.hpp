// The printer of component text: one line per definition, nested scopes indented, indices as comments where they are bound.
#pragma once
#include <heddle/component_text.hpp>

#include "text/names_section.hpp"

namespace heddle::component {

class Printer {
public:
    explicit Printer(const text::PrintOptions& options) : options_(options) {}

    std::string run(const Component& c);

private:
    // The index spaces of the scope that is being printed.
    struct Counts {
        u32 next[sort_count] = {};
        Names names;
    };

    // ---- lines
    void line(std::string text);
    void open(std::string text);
    void close(std::string text = ")");

    // ---- definitions (printer.cpp)
    void component(const Component& c, std::string head);
    void definition(const Definition& d);
    void core_module(const CoreModule& m);
    void core_instance(const CoreInstance& i);
    void instance(const Instance& i);
    void alias(const Alias& a);
    void canon(const Canon& c);
    void start(const Start& s);
    std::string canon_text(const Canon& c) const;

    // ---- types (print_types.cpp)
    void def_type(const DefType& t);
    void core_type(const CoreType& t, const std::string& prefix);
    void core_module_decl(const CoreModuleDecl& d);
    void declarator(const Declarator& d);
    std::string sub_type(const SubType& t) const;
    std::string core_extern_type(const CoreExternType& t, const std::string& bound) const;
    std::string core_value(CoreValType t) const;
    std::string bound_extern_type(const ExternType& t);
    std::string extern_type(const ExternType& t) const;
    std::string value_type(ValType t) const;
    std::string structure(const DefType& t) const;
    std::string func_type(const FuncType& f) const;

    // ---- names and indices
    std::string bind(Sort s);                  // " (;3;)" or " $id"
    std::string use(Sort s, u32 index) const;  // "3" or "$id"
    std::string item(SortIdx i) const { return std::string("(") + to_string(i.sort) + " " + use(i.sort, i.index) + ")"; }
    static std::string name(const ExternName& n);

    const text::PrintOptions& options_;
    std::string out_;
    u32 level_ = 0;
    Counts counts_;
};

}  // namespace heddle::component
