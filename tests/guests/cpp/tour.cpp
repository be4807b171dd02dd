// The tour in C++ without exceptions: containers, streams, smart pointers. Debian's libc++ for Wasm has no <fstream>.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

struct Counts {
    int lines = 0, words = 0;
    std::size_t bytes = 0;
};

static Counts count(const std::string& text) {
    Counts counts;
    counts.bytes = text.size();
    counts.lines = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    std::istringstream words(text);
    for (std::string word; words >> word;) ++counts.words;
    return counts;
}

static std::optional<std::string> read_file(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
    if (!file) return std::nullopt;
    std::string text;
    char part[64];
    while (const std::size_t size = std::fread(part, 1, sizeof part, file.get())) text.append(part, size);
    return text;
}

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    std::cout << "arguments: " << arguments.size() << '\n';
    for (const auto& argument : arguments) std::cout << "  <" << argument << ">\n";

    const char* greeting = std::getenv("GREETING");
    std::cout << "GREETING: " << (greeting ? greeting : "(none)") << '\n';

    const std::string path = "data/input.txt";
    const auto text = read_file(path);
    if (!text) {
        std::cerr << "cannot open " << path << '\n';
        return 1;
    }
    const Counts counts = count(*text);
    std::cout << path << ": " << counts.lines << " lines, " << counts.words << " words, " << counts.bytes << " bytes\n";

    std::map<int, std::string> lines;
    for (std::string line; std::getline(std::cin, line);) lines.emplace(static_cast<int>(lines.size()) + 1, line);
    for (const auto& [number, line] : lines) std::cout << number << ": " << line << '\n';
    std::cout << "done" << std::endl;
    std::exit(7);
}
