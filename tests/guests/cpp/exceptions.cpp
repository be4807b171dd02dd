// Exceptions of C++: by type, by base, through frames with destructors, rethrown, nested, many. Prints what happened. With an argument the
// last one is caught by nobody.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

struct Tracer {
    const char* name;
    explicit Tracer(const char* n) : name(n) { std::printf("+%s ", name); }
    ~Tracer() { std::printf("-%s ", name); }
};

struct Animal {
    virtual ~Animal() = default;
    virtual const char* sound() const { return "..."; }
};
struct Swimmer {
    int depth = 7;
    virtual ~Swimmer() = default;
};
struct Duck : Animal, Swimmer {
    const char* sound() const override { return "quack"; }
};

// One of eight things, by number.
void throw_one(int which) {
    switch (which) {
        case 0: throw 42;
        case 1: throw "text";
        case 2: throw std::runtime_error("runtime");
        case 3: throw std::out_of_range("range");
        case 4: throw Duck();
        case 5: throw std::string("a string");
        case 6: throw 2.5;
        default: return;
    }
}

void through_frames(int depth, int which) {
    Tracer t(depth % 2 ? "odd" : "even");
    if (depth == 0) return throw_one(which);
    through_frames(depth - 1, which);
}

void catch_by_type(int which) {
    try {
        through_frames(2, which);
        std::puts("nothing");
    } catch (int n) {
        std::printf("int %d\n", n);
    } catch (const char* text) {
        std::printf("pointer %s\n", text);
    } catch (const std::runtime_error& e) {
        std::printf("runtime_error %s\n", e.what());
    } catch (const std::exception& e) {
        std::printf("exception %s\n", e.what());
    } catch (const Swimmer& s) {
        std::printf("swimmer %d, %s\n", s.depth, dynamic_cast<const Animal&>(s).sound());
    } catch (std::string s) {
        std::printf("%s of %zu\n", s.c_str(), s.size());
    } catch (...) {
        std::puts("something else");
    }
}

void rethrown() {
    try {
        Tracer outer("outer");
        try {
            Tracer inner("inner");
            throw std::logic_error("first");
        } catch (const std::exception& e) {
            std::printf("seen %s ", e.what());
            throw;
        }
    } catch (const std::logic_error& e) {
        std::printf("again %s\n", e.what());
    }
}

void thrown_while_handling() {
    try {
        try {
            throw 1;
        } catch (int n) {
            Tracer t("handler");
            throw std::runtime_error("second after " + std::to_string(n));
        }
    } catch (const std::exception& e) {
        std::puts(e.what());
    }
}

struct Member {
    explicit Member(bool fails) {
        if (fails) throw std::invalid_argument("member");
    }
};
struct Whole {
    Tracer first{"part"};
    Member second;
    explicit Whole(bool fails) try : second(fails) {
    } catch (const std::invalid_argument& e) {
        std::printf("constructor: %s ", e.what());
    }
};

void in_constructors() {
    try {
        Whole whole(true);
        std::puts("made");
    } catch (const std::invalid_argument&) {
        std::puts("not made");
    }
}

// Every third call throws, a thousand frames deep or none.
int descend(int n) {
    if (n == 0) throw n;
    return descend(n - 1) + 1;
}

void many() {
    int caught = 0;
    for (int i = 0; i < 30000; ++i) {
        try {
            if (i % 3 == 0) throw i;
            if (i % 1000 == 1) descend(1000);
        } catch (int) {
            ++caught;
        }
    }
    std::printf("%d caught\n", caught);
}

}  // namespace

int main(int argc, char**) {
    for (int which = 0; which < 8; ++which) catch_by_type(which);
    rethrown();
    thrown_while_handling();
    in_constructors();
    many();
    std::vector<int> numbers(3);
    try {
        std::printf("%d\n", numbers.at(2 + std::size_t(argc)));
    } catch (const std::out_of_range&) {
        std::puts("no fourth number");
    }
    std::fflush(stdout);
    if (argc > 1) throw std::runtime_error("nobody catches this");
}
