// What a module is made of: for people, and for programs that choose by it.
//
//     auto summary = heddle::summarize(*module);
//     for (const auto& s : summary.sections) std::cout << s.name << " " << s.bytes << "\n";
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <heddle/engine.hpp>

namespace heddle {

struct SectionSummary {
    std::string name;  // "code"; of a custom section its own name
    bool custom = false;
    u32 offset = 0, bytes = 0;  // of the contents, from the start of the module
    std::optional<u32> count;   // entries, where the section is a list
};

struct ModuleSummary {
    std::vector<SectionSummary> sections;  // as they stand in the file
    std::vector<MemoryType> memories;      // imported ones first
    std::vector<TableType> tables;
    u32 types = 0;
    u32 funcs = 0, globals = 0, tags = 0;  // with the imported ones
    u32 imported_funcs = 0, imported_tables = 0, imported_memories = 0, imported_globals = 0, imported_tags = 0;
    u32 element_segments = 0, data_segments = 0;
    std::optional<u32> start;           // the start function's index
    std::string start_name;             // from the name section, or empty
    std::vector<std::string> features;  // what it uses beyond WebAssembly 1.0, sorted: "bulk-memory", "simd"
};

// Reads the whole module once: about the time that validating it takes.
ModuleSummary summarize(const Module& module);

// Which functions may run when exports of these names are called: those that calls lead to, those whose address the module takes (in element
// segments, by ref.func), and the start function's. One entry per function, imported ones first.
std::vector<bool> reachable_functions(const Module& module, std::span<const std::string> exports);

}  // namespace heddle
