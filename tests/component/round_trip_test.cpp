// Random types and values go from the host to a component, on to another, and all the way back, by allocators of every kind: what well-behaved ones
// bring back is what was sent, and with hostile ones there is a value or a trap, and nothing else.
#include "support/random_values.hpp"
#include "support/world.hpp"

namespace heddle::component::testing {
namespace {

using Kind = ValueType::Kind;

// A type as both components write it down: definitions that each name earlier ones, the last one is the type.
struct Definitions {
    struct Definition {
        std::string text;
        bool named;  // records, variants, flags and enums must be exported to be spoken of
        ValueType type;
    };
    std::vector<Definition> all;

    static std::string name(std::size_t i) { return "$t" + std::to_string(i); }
    std::string add(std::string text, bool named, ValueType type) {
        all.push_back({std::move(text), named, std::move(type)});
        return name(all.size() - 1);
    }
    // What is exported, in a component or an instance type.
    std::string exported(bool in_type) const {
        std::string s;
        for (std::size_t i = 0; i < all.size(); ++i) {
            std::string n = name(i), own = all[i].named ? n + "'" : n;
            s += "(type " + own + " " + all[i].text + ")\n";
            std::string label = " \"t" + std::to_string(i) + "\" (type ";
            if (all[i].named) s += in_type ? "(export" + label + n + " (eq " + own + ")))\n" : "(export " + n + label + own + "))\n";
        }
        return s;
    }
    // The same types of an imported instance $a.
    std::string imported() const {
        std::string s;
        for (std::size_t i = 0; i < all.size(); ++i)
            s += all[i].named ? "(alias export $a \"t" + std::to_string(i) + "\" (type " + name(i) + "))\n" : "(type " + name(i) + " " + all[i].text + ")\n";
        return s;
    }
};

class Random : public RandomValues {
public:
    using RandomValues::RandomValues;

    // Its name in the text.
    std::string type(Definitions& d, u32 depth, ValueType& out) {
        static constexpr const char* prims[] = {"bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"};
        if (depth == 0 || below(4) == 0) {
            u32 p = below(13);
            out = ValueType::primitive(Kind(p));
            return prims[p];
        }
        switch (below(9)) {
        case 0: return members(d, depth, true, out);
        case 1: return members(d, depth, false, out);
        case 2: return labels(d, true, out);
        case 3: return labels(d, false, out);
        case 4: return tuple(d, depth, out);
        case 5: {
            ValueType some;
            std::string t = type(d, depth - 1, some);
            out = ValueType::option(some);
            return d.add("(option " + t + ")", false, out);
        }
        case 6: return result(d, depth, out);
        default: {
            ValueType element;
            std::string t = type(d, depth - 1, element);
            std::optional<u32> length = below(3) == 0 ? std::optional(1 + below(3)) : std::nullopt;
            out = ValueType::list(element, length);
            return d.add("(list " + t + (length ? " " + std::to_string(*length) : "") + ")", false, out);
        }
        }
    }

private:
    std::string members(Definitions& d, u32 depth, bool record, ValueType& out) {
        std::vector<ValueType::Member> m(1 + below(4));
        std::string s;
        for (std::size_t i = 0; i < m.size(); ++i) {
            m[i].name = "m" + std::to_string(i);
            s += std::string(record ? " (field" : " (case") + " \"" + m[i].name + "\"";
            if (record || below(3)) {
                m[i].type.emplace();
                s += " " + type(d, depth - 1, *m[i].type);
            }
            s += ")";
        }
        out = record ? ValueType::record(m) : ValueType::variant(m);
        return d.add((record ? "(record" : "(variant") + s + ")", true, out);
    }
    std::string labels(Definitions& d, bool flags, ValueType& out) {
        std::vector<std::string> l(1 + below(flags ? 32 : 300));
        std::string s;
        for (std::size_t i = 0; i < l.size(); ++i) s += " \"" + (l[i] = "l" + std::to_string(i)) + "\"";
        out = flags ? ValueType::flags(l) : ValueType::enumeration(l);
        return d.add((flags ? "(flags" : "(enum") + s + ")", true, out);
    }
    std::string tuple(Definitions& d, u32 depth, ValueType& out) {
        std::vector<ValueType> types(1 + below(4));
        std::string s;
        for (ValueType& t : types) s += " " + type(d, depth - 1, t);
        out = ValueType::tuple(types);
        return d.add("(tuple" + s + ")", false, out);
    }
    std::string result(Definitions& d, u32 depth, ValueType& out) {
        std::optional<ValueType> ok, error;
        std::string s;
        if (below(3)) s += " " + type(d, depth - 1, ok.emplace());
        if (below(3)) s += " (error " + type(d, depth - 1, error.emplace()) + ")";
        out = ValueType::result(ok, error);
        return d.add("(result" + s + ")", false, out);
    }
};

// ---- allocators -------------------------------------------------------------------------------------------------------------------------

constexpr u32 good_modes = 2;
constexpr const char* modes[] = {
    "",                                                                                              // gives what is asked for
    "(drop (memory.grow (i32.const 1)))",                                                            // grows the memory each time
    "(return (i32.add (local.get $at) (i32.const 1)))",                                              // not aligned
    "(return (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)))",                    // the end of memory
    "(return (i32.const -8))",                                                                       // far outside
    "(return (i32.const 8192))",                                                                     // always one place
    "(return (i32.const 0))",                                                                        //
    "(unreachable)",                                                                                 //
    "(memory.fill (i32.const 8192) (i32.const 255) (i32.const 60000))",                              // overwrites all that was there
    "(memory.fill (i32.const 0) (i32.const 0) (i32.const 65536))",                                   //
    "(if (i32.eqz (i32.and (global.get $calls) (i32.const 3))) (then (return (i32.const 65529))))",  // sometimes
    "(if (i32.lt_u (local.get 3) (local.get 1)) (then (return (i32.const 131064))))",                // when a string shrinks
};

std::string allocator(u32 mode) {
    return R"(
  (core module $Memory
    (memory (export "mem") 2 200)
    (global $next (mut i32) (i32.const 8192))
    (global $calls (mut i32) (i32.const 0))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1))) (i32.xor (i32.sub (local.get 2) (i32.const 1)) (i32.const -1))))
      )" + std::string(modes[mode]) + R"(
      (if (i32.eqz (local.get 3)) (then (return (local.get $at))))
      (global.set $next (i32.add (local.get $at) (local.get 3)))
      (loop $more
        (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
          (then (br_if $more (i32.ne (memory.grow (i32.const 4)) (i32.const -1))) (unreachable))))
      (if (local.get 0) (then (memory.copy (local.get $at) (local.get 0)
        (select (local.get 1) (local.get 3) (i32.lt_u (local.get 1) (local.get 3))))))
      (local.get $at)))
  (core instance $memory (instantiate $Memory)))";
}

constexpr const char* encodings[] = {"string-encoding=utf8", "string-encoding=utf16", "string-encoding=latin1+utf16"};
std::string options(u32 encoding) {
    return std::string(R"( (memory (core memory $memory "mem")) (realloc (core func $memory "realloc")) )") + encodings[encoding];
}

// What comes in lies in memory (there are more than 16 core values): giving it back is giving its address.
std::string echo(const Definitions& d, const std::string& top, u32 mode, u32 encoding) {
    return "(component " + allocator(mode) + d.exported(false) + R"(
      (core module $m (func (export "echo") (param i32) (result i32) (local.get 0)))
      (core instance $i (instantiate $m))
      (func (export "echo") (param "x" )" + top + ") (result " + top + ") (canon lift (core func $i \"echo\")" + options(encoding) + ")))";
}

std::string relay(const Definitions& d, const std::string& top, u32 mode, u32 encoding) {
    return "(component (import \"a\" (instance $a " + d.exported(true) + "(export \"echo\" (func (param \"x\" " + top + ") (result " + top + ")))))" +
           d.imported() + allocator(mode) + "(core func $echo (canon lower (func $a \"echo\")" + options(encoding) + R"())
      (core module $m
        (import "" "echo" (func $echo (param i32 i32)))
        (func (export "relay") (param i32) (result i32) (call $echo (local.get 0) (i32.const 0)) (i32.const 0)))
      (core instance $i (instantiate $m (with "" (instance (export "echo" (func $echo))))))
      (func (export "relay") (param "x" )" + top + ") (result " + top + ") (canon lift (core func $i \"relay\")" + options(encoding) + ")))";
}

struct Journey {
    Definitions definitions;
    std::string top;
    ValueType type;

    explicit Journey(Random& random) {
        std::vector<ValueType> members(18, ValueType::primitive(Kind::u8));
        std::string text = "(tuple " + random.type(definitions, 3, members[0]);
        for (int i = 0; i < 17; ++i) text += " u8";
        type = ValueType::tuple(members);
        top = definitions.add(text + ")", false, type);
    }
    Result<std::optional<Val>> go(World& w, const Val& v, u32 mode_a, u32 mode_b, u32 encoding_a, u32 encoding_b) const {
        w.imports.instance("a", w.make(echo(definitions, top, mode_a, encoding_a)));
        return call(w.make(relay(definitions, top, mode_b, encoding_b)), "relay", {v});
    }
};

class RoundTrip : public ::testing::TestWithParam<u32> {};

TEST_P(RoundTrip, what_was_sent_comes_back) {
    Random random(GetParam());
    for (int i = 0; i < 6; ++i) {
        Journey j(random);
        World w;
        Val v = random.value(j.type);
        auto back = j.go(w, v, random.below(good_modes), random.below(good_modes), random.below(3), random.below(3));
        ASSERT_TRUE(back) << back.error().to_string() << "\n" << to_string(j.type);
        EXPECT_EQ(**back, v) << to_string(j.type);
    }
}

// A value or a trap; and the Store goes on.
TEST_P(RoundTrip, hostile_allocators_hurt_themselves_alone) {
    Random random(GetParam() + 1000);
    for (int i = 0; i < 10; ++i) {
        Journey j(random);
        World w;
        Val v = random.value(j.type);
        u32 a = random.below(std::size(modes)), b = random.below(std::size(modes)), from = random.below(3), to = random.below(3);
        auto back = j.go(w, v, a, b, from, to);
        EXPECT_TRUE(back ? matches(**back, j.type) : back.error().kind == Error::Kind::trapped) << (back ? "" : back.error().to_string());
        auto again = j.go(w, v, 0, 0, from, to);
        ASSERT_TRUE(again) << again.error().to_string();
        EXPECT_EQ(**again, v);
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTrip, ::testing::Range(0u, 20u));

}  // namespace
}  // namespace heddle::component::testing
