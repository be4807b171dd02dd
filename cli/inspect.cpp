// heddle inspect: what a file is.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <heddle/component_tools.hpp>
#include <heddle/inspect.hpp>

#include "commands.hpp"
#include "component_outline.hpp"
#include "source.hpp"

namespace heddle::cli {

namespace {

// One report for both forms of output: the text is printed from the JSON.
using Json = nlohmann::ordered_json;

Json limits_json(const Limits& limits) {
    Json j = {{"min", limits.min}};
    if (limits.max) j["max"] = *limits.max;
    return j;
}

Json memory_json(const MemoryType& t) {
    Json j = limits_json(t.limits);
    j["page_bytes"] = u64(1) << t.page_log2;
    j["address"] = t.is64 ? "i64" : "i32";
    j["shared"] = t.shared;
    return j;
}

Json table_json(const TableType& t) {
    Json j = limits_json(t.limits);
    j["element"] = to_string(t.element);
    j["address"] = t.is64 ? "i64" : "i32";
    return j;
}

Json sections_json(const ModuleSummary& s) {
    Json sections = Json::array();
    for (const SectionSummary& section : s.sections) {
        Json j = {{"name", section.name}, {"custom", section.custom}, {"offset", section.offset}, {"bytes", section.bytes}};
        if (section.count) j["count"] = *section.count;
        sections.push_back(std::move(j));
    }
    return sections;
}

Json module_json(const Source& source, const Module& module) {
    ModuleSummary s = summarize(module);
    Json j = {{"file", source.label}, {"kind", "module"}, {"version", 1}, {"bytes", source.bytes.size()}};
    if (!module.name().empty() && module.name() != source.label) j["name"] = module.name();
    j["imports"] = Json::array();
    for (const ImportType& i : module.imports()) j["imports"].push_back({{"module", i.module}, {"name", i.name}, {"type", module.to_string(i.type)}});
    j["exports"] = Json::array();
    for (const ExportType& e : module.exports()) j["exports"].push_back({{"name", e.name}, {"type", module.to_string(e.type)}});
    j["features"] = s.features;
    j["counts"] = {{"types", s.types},
                   {"functions", s.funcs},
                   {"imported functions", s.imported_funcs},
                   {"tables", s.tables.size()},
                   {"memories", s.memories.size()},
                   {"globals", s.globals},
                   {"tags", s.tags},
                   {"element segments", s.element_segments},
                   {"data segments", s.data_segments}};
    j["memories"] = Json::array();
    for (const MemoryType& t : s.memories) j["memories"].push_back(memory_json(t));
    j["tables"] = Json::array();
    for (const TableType& t : s.tables) j["tables"].push_back(table_json(t));
    if (s.start) j["start"] = {{"function", *s.start}, {"name", s.start_name}};
    j["sections"] = sections_json(s);
    return j;
}

Json component_json(const Engine& engine, const Source& source) {
    ComponentOutline o = outline_component(source.bytes);
    Json j = {{"file", source.label},         {"kind", "component"},  {"version", 13},
              {"bytes", source.bytes.size()}, {"imports", o.imports}, {"exports", o.exports}};
    j["counts"] = {{"core modules", o.core_modules}, {"components", o.components}};
    j["sections"] = Json::array();
    for (const auto& s : o.sections) j["sections"].push_back({{"name", s.name}, {"offset", s.offset}, {"bytes", s.bytes}});
    if (!o.broken.empty()) j["broken"] = o.broken;
    // What cannot be said in WIT, and what is invalid, still has its names shown.
    if (auto wit = component::tools::wit_of(engine, source.bytes)) j["wit"] = *wit;
    return j;
}

// ---- as text ------------------------------------------------------------------------------------------------------------------

std::string text_of(const Json& j) { return j.is_string() ? j.get<std::string>() : j.dump(-1, ' ', false, Json::error_handler_t::replace); }

void print_names(const Json& report, const char* title) {
    if (!report.contains(title) || report[title].empty()) return;
    fmt::print("{}:\n", title);
    for (const Json& item : report[title]) {
        if (item.is_string()) fmt::print("  {}\n", text_of(item));
        else fmt::print("  {}{}  {}\n", item.contains("module") ? text_of(item["module"]) + "." : "", text_of(item["name"]), text_of(item["type"]));
    }
}

std::string limits_text(const Json& j, const char* unit) {
    return fmt::format("{}{}{}", text_of(j["min"]), j.contains("max") ? " to " + text_of(j["max"]) : " or more", unit);
}

void print_memories(const Json& report) {
    for (const Json& m : report.value("memories", Json::array())) {
        std::string pages = m["page_bytes"] == 65536 ? " pages of 64 KiB" : fmt::format(" pages of {} B", text_of(m["page_bytes"]));
        fmt::print("memory: {}, {} addresses{}\n", limits_text(m, pages.c_str()), text_of(m["address"]), m["shared"] == true ? ", shared" : "");
    }
    for (const Json& t : report.value("tables", Json::array())) fmt::print("table: {} of {}\n", limits_text(t, " elements"), text_of(t["element"]));
}

void print_text(const Json& report) {
    fmt::print("{}: {}, binary version {}, {} bytes\n", text_of(report["file"]), text_of(report["kind"]), text_of(report["version"]),
               text_of(report["bytes"]));
    if (report.contains("name")) fmt::print("name: {}\n", text_of(report["name"]));
    if (report.contains("wit")) {
        fmt::print("{}", text_of(report["wit"]));
    } else {
        print_names(report, "imports");
        print_names(report, "exports");
    }
    if (report.contains("features")) {
        std::string features;
        for (const Json& f : report["features"]) features += " " + text_of(f);
        fmt::print("features:{}\n", features.empty() ? " WebAssembly 1.0 only" : features);
    }
    std::string counts;
    for (const auto& [name, count] : report["counts"].items())
        if (count != 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", name, text_of(count));
    if (!counts.empty()) fmt::print("counts: {}\n", counts);
    print_memories(report);
    if (report.contains("start")) fmt::print("start: function {} {}\n", text_of(report["start"]["function"]), text_of(report["start"]["name"]));
    fmt::print("sections:\n");
    for (const Json& s : report["sections"])
        fmt::print("  {:>10} bytes at 0x{:<8x} {}{}{}\n", text_of(s["bytes"]), s["offset"].get<u32>(), s.value("custom", false) ? "custom " : "",
                   text_of(s["name"]), s.contains("count") ? fmt::format(" ({})", text_of(s["count"])) : "");
    if (report.contains("broken")) fmt::print("broken: {}\n", text_of(report["broken"]));
}

std::expected<Json, Failure> describe(const InspectOptions& options) {
    Engine engine(options.config);
    auto source = read_source(options.file, options.config.max_module_bytes);
    if (!source) return std::unexpected(source.error());
    if (is_component(source->form)) return component_json(engine, *source);
    auto module = Module::load(engine, source->bytes, source->label);
    if (!module) return std::unexpected(load_failure(*source, module.error()));
    return module_json(*source, *module);
}

}  // namespace

int inspect(const InspectOptions& options) {
    auto described = describe(options);
    if (!described) return report(described.error());
    if (options.json) fmt::print("{}\n", described->dump(1, ' ', false, Json::error_handler_t::replace));
    else print_text(*described);
    return described->contains("broken") ? failed : ok;
}

}  // namespace heddle::cli
