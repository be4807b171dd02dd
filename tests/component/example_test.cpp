// What an embedder writes for components: the program of the README, run with a component written in C by hand.
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

std::vector<heddle::u8> shapes() {
    std::ifstream file(HEDDLE_TESTS_FOLDER "/component/guests/shapes.wasm", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(ComponentExample, an_embedder_calls_a_component_with_its_own_types) {
    EXPECT_EQ(draw(shapes()), "Hello, Ada, 2.000000, 6.000000, no such shape: cube, 3.141593");
}

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
