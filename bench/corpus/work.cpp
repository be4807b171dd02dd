// C++ for the miner: containers, strings, algorithms, virtual calls, smart pointers.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <queue>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
};
struct Square final : Shape {
    explicit Square(double s) : side(s) {}
    double area() const override { return side * side; }
    double side;
};
struct Circle final : Shape {
    explicit Circle(double r) : radius(r) {}
    double area() const override { return 3.141592653589793 * radius * radius; }
    double radius;
};

unsigned state = 1;
unsigned random_below(unsigned limit) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % limit;
}

std::string make_text() {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += "word" + std::to_string(random_below(700)) + (i % 9 ? " " : ", ");
    return text;
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> words;
    for (std::size_t at = 0; (at = text.find_first_not_of(" ,", at)) != text.npos;) {
        std::size_t end = text.find_first_of(" ,", at);
        words.push_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

int shortest(int nodes, const std::vector<std::vector<std::pair<int, int>>>& edges) {
    std::vector<int> distance(std::size_t(nodes), 1 << 30);
    std::priority_queue<std::pair<int, int>, std::vector<std::pair<int, int>>, std::greater<>> queue;
    queue.emplace(distance[0] = 0, 0);
    while (!queue.empty()) {
        auto [d, at] = queue.top();
        queue.pop();
        if (d > distance[std::size_t(at)]) continue;
        for (auto [to, cost] : edges[std::size_t(at)])
            if (d + cost < distance[std::size_t(to)]) queue.emplace(distance[std::size_t(to)] = d + cost, to);
    }
    return std::accumulate(distance.begin(), distance.end(), 0, [](int a, int b) { return (a + b) % 1000003; });
}

// Arithmetic of all widths: powers by a modulus, edit distance, bit sets, determinants, complex numbers, fixed point.
using u64 = unsigned long long;
u64 power(u64 base, u64 exponent, u64 modulus) {
    u64 result = 1;
    for (; exponent; exponent >>= 1, base = base * base % modulus)
        if (exponent & 1) result = result * base % modulus;
    return result;
}

std::size_t edit_distance(const std::string& a, const std::string& b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t corner = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            std::size_t changed = corner + (a[i] != b[j]);
            corner = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, corner + 1, changed});
        }
    }
    return row[b.size()];
}

u64 bits(int rounds) {
    std::vector<u64> set(256);
    u64 sum = 0;
    for (int i = 0; i < rounds; ++i) {
        unsigned at = random_below(256 * 64);
        set[at / 64] ^= u64(1) << at % 64;
        sum += u64(__builtin_popcountll(set[at / 64])) * (set[(at / 64 + 1) % 256] >> 7 | 1);
        sum = (sum << 13 | sum >> 51) ^ at;
    }
    return sum;
}

double determinant(int n) {
    std::vector<double> m(std::size_t(n) * std::size_t(n));
    for (double& x : m) x = double(random_below(1000)) / 500 - 1;
    double product = 1;
    for (int k = 0; k < n; ++k) {
        double pivot = m[std::size_t(k * n + k)];
        product *= pivot;
        for (int i = k + 1; i < n; ++i) {
            double factor = m[std::size_t(i * n + k)] / pivot;
            for (int j = k; j < n; ++j) m[std::size_t(i * n + j)] -= factor * m[std::size_t(k * n + j)];
        }
    }
    return product;
}

float smooth(int n) {
    std::vector<float> wave(static_cast<std::size_t>(n));
    for (int i = 0; i < n; ++i) wave[std::size_t(i)] = float(int(random_below(2001)) - 1000) * 0.001f;
    for (int round = 0; round < 20; ++round)
        for (int i = 1; i + 1 < n; ++i) wave[std::size_t(i)] = 0.25f * wave[std::size_t(i - 1)] + 0.5f * wave[std::size_t(i)] + 0.25f * wave[std::size_t(i + 1)];
    return std::accumulate(wave.begin(), wave.end(), 0.0f);
}

unsigned pixels(int width, int height) {
    std::vector<unsigned char> picture(std::size_t(width) * std::size_t(height));
    for (auto& pixel : picture) pixel = static_cast<unsigned char>(random_below(256));
    unsigned edges = 0;
    for (int y = 1; y + 1 < height; ++y)
        for (int x = 1; x + 1 < width; ++x) {
            auto at = [&](int dx, int dy) { return int(picture[std::size_t((y + dy) * width + x + dx)]); };
            int across = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1);
            int down = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1);
            edges += std::abs(across) + std::abs(down) > 300;
        }
    return edges;
}

}  // namespace

int main() {
    std::string text = make_text();
    std::vector<std::string> words = split(text);
    std::unordered_map<std::string, int> counts;
    std::map<std::string, std::size_t> last;
    for (std::size_t i = 0; i < words.size(); ++i) {
        ++counts[words[i]];
        last[words[i]] = i;
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    std::stable_sort(words.begin(), words.end(), [&](const auto& a, const auto& b) { return counts[a] > counts[b]; });
    std::printf("%zu %s %zu\n", words.size(), words[0].c_str(), last[words[0]]);

    std::vector<std::unique_ptr<Shape>> shapes;
    for (int i = 0; i < 3000; ++i) {
        if (i % 2) shapes.push_back(std::make_unique<Square>(i));
        else shapes.push_back(std::make_unique<Circle>(i));
    }
    double sum = 0;
    for (int round = 0; round < 30; ++round)
        for (const auto& shape : shapes) sum += std::sqrt(shape->area());
    std::printf("%.3f\n", sum);

    std::vector<std::vector<std::pair<int, int>>> edges(4000);
    for (auto& out : edges)
        for (int i = 0; i < 6; ++i) out.emplace_back(int(random_below(4000)), int(random_below(100)) + 1);
    std::printf("%d\n", shortest(4000, edges));

    std::set<unsigned> numbers;
    for (int i = 0; i < 20000; ++i) numbers.insert(random_below(50000));
    std::vector<unsigned> heap(numbers.begin(), numbers.end());
    std::make_heap(heap.begin(), heap.end(), std::less<>());
    std::function<unsigned(unsigned)> mix = [&](unsigned x) { return x * 31 + heap[x % heap.size()]; };
    unsigned all = 0;
    for (int i = 0; i < 100000; ++i) all = mix(all + unsigned(i));
    std::printf("%zu %u\n", numbers.size(), all);

    u64 powers = 0;
    for (u64 i = 1; i < 3000; ++i) powers += power(i, 65537, 4294967291u);
    std::printf("%llu %zu %llu\n", powers, edit_distance(text.substr(0, 400), text.substr(777, 400)), bits(100000));
    std::printf("%.6e %.5f %u\n", determinant(70), double(smooth(8000)), pixels(320, 200));
}
