// What an embedder writes for components: the program of the README, run with a component written in C by hand.
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include <heddle/component.hpp>

struct Point {
    double x = 0, y = 0;
};
template <>
struct heddle::component::Fields<Point> {
    static constexpr auto list = std::tuple(std::pair("x", &Point::x), std::pair("y", &Point::y));
};

namespace {

using heddle::component::Val;

std::string draw(std::span<const heddle::u8> bytes) {
    heddle::Engine engine;
    heddle::Store store(engine);
    auto component = heddle::Component::load(engine, bytes);
    heddle::ComponentLinker linker(engine);
    auto instance = linker.instantiate(store, *component);
    if (!instance) return instance.error().to_string();

    auto greet = instance->func<std::string(std::string)>("demo:shapes/geometry.greet");
    std::string said = (*greet)("Ada").value();
    auto bounds = instance->func<std::optional<std::tuple<Point, Point>>(std::vector<Point>)>("demo:shapes/geometry.bounds");
    auto [low, high] = (*bounds)({{1, 2}, {-1, 5}}).value().value();
    auto area = instance->func<std::expected<double, std::string>(Val)>("demo:shapes/geometry.area");
    auto known = (*area)(Val::variant(1, Val::list({Val::record({Val::f64(0), Val::f64(0)}), Val::record({Val::f64(4), Val::f64(0)}),
                                                    Val::record({Val::f64(4), Val::f64(3)})})));
    auto unknown = (*area)(Val::variant(2, Val::string("cube")));

    auto canvas = instance->func<Val(std::string)>("demo:shapes/geometry.[constructor]canvas");
    Val mine = (*canvas)("mine").value();
    auto add = instance->func<heddle::u32(Val, Val)>("demo:shapes/geometry.[method]canvas.add");
    auto total = instance->func<double(Val)>("demo:shapes/geometry.[method]canvas.total");
    (*add)(mine, Val::variant(0, Val::f64(1))).value();
    return said + ", " + std::to_string(high.x - low.x) + ", " + std::to_string(known->value()) + ", " + unknown->error() + ", " +
           std::to_string((*total)(mine).value());
}

std::vector<heddle::u8> read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}
std::vector<heddle::u8> shapes() { return read(HEDDLE_TESTS_FOLDER "/component/guests/shapes.wasm"); }

constexpr const char* drawn = "Hello, Ada, 2.000000, 6.000000, no such shape: cube, 3.141593";

TEST(ComponentExample, an_embedder_calls_a_component_with_its_own_types) { EXPECT_EQ(draw(shapes()), drawn); }

// Of the same world made from JavaScript: `variable` names the file; else it lies beside the one in C.
void draws_when_made(const char* variable, const std::string& file) {
    const char* named = std::getenv(variable);
    auto bytes = read(named ? named : HEDDLE_TESTS_FOLDER "/component/guests/" + file);
    if (bytes.empty()) GTEST_SKIP() << file << " is not there: tests/component/guests/build.sh makes it";
    EXPECT_EQ(draw(bytes), drawn);
}

TEST(ComponentExample, the_same_of_a_component_in_javascript) { draws_when_made("HEDDLE_SHAPES_JS", "shapes-js.wasm"); }
TEST(ComponentExample, the_same_of_a_component_in_javascript_with_quickjs) { draws_when_made("HEDDLE_SHAPES_QJS", "shapes-qjs.wasm"); }

TEST(ComponentExample, a_dropped_resource_makes_room_for_another) {
    heddle::Engine engine;
    heddle::Store store(engine);
    auto component = heddle::Component::load(engine, shapes());
    auto instance = heddle::ComponentLinker(engine).instantiate(store, *component);
    auto canvas = instance->func<Val(std::string)>("demo:shapes/geometry.[constructor]canvas");
    auto name = instance->func<std::string(Val)>("demo:shapes/geometry.[method]canvas.name");
    for (int i = 0; i < 100; ++i) {  // the guest has room for eight
        Val one = (*canvas)("canvas " + std::to_string(i)).value();
        EXPECT_EQ((*name)(one).value(), "canvas " + std::to_string(i));
    }
}

}  // namespace
