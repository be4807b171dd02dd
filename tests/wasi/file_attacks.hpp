// The attack matrix of files through a version's own component functions: every operation on every path, whatever comes of it.
#pragma once
#include <cstdio>

#include "attack_world.hpp"
#include "forwarder.hpp"

namespace heddle::wasi::testing {

// F: a guest with `root`, a granted directory; `call(operation, self, arguments)` of a descriptor; and, as the versions have them, `open_result(path, open
// flags, descriptor flags)`, `contents(file)`, `overwrite(file)`, `names(directory)`.
template <class F>
struct Attacker {
    F& f;
    u64 cases = 0;
    std::string seen = {};

    static constexpr u32 create = 1, directory = 2, exclusive = 4, truncate = 8, reads = 1, writes = 2, mutates = 32;
    static Val s(const std::string& text) { return Val::string(text); }

    Val at(const std::string& op, std::vector<Val> args) {
        ++cases;
        Val r = f.call(op, f.root, std::move(args));
        note(r);
        return r;
    }
    void note(const Val& v) {
        if (v.kind() == Val::Kind::string) seen += v.as_string() + "\n";
        if (v.is_packed()) seen += text_of(v) + "\n";
        if (v.kind() == Val::Kind::variant && v.payload()) note(*v.payload());
        if (v.kind() == Val::Kind::record)
            for (const Val& x : v.items()) note(x);
    }
    void use(const Val& file) {
        seen += f.contents(file);
        f.overwrite(file);
        f.call("set-size", file, {Val::u64(1)});
        f.call("set-times", file, {Val::variant(1), Val::variant(1)});
        Val up = f.call("open-at", file, {Val::flags(1), s("../outside/secret"), Val::flags(0), Val::flags(reads)});
        if (up.case_index() == 0) seen += f.contents(*up.payload());
        if (f.names(file).find("secret\n") != std::string::npos) seen += test::secret;
    }
    void attack(const std::string& path) {
        for (u32 follow : {0u, 1u})
            for (auto [open, flags] : {std::pair(0u, reads), {0u, writes}, {create, reads | writes}, {create | exclusive, writes}, {truncate, writes},
                                       {directory, reads | mutates}}) {
                Val r = at("open-at", {Val::flags(follow), s(path), Val::flags(open), Val::flags(flags)});
                if (r.case_index() == 0) use(*r.payload());
            }
        for (u32 follow : {0u, 1u}) {
            at("stat-at", {Val::flags(follow), s(path)});
            at("metadata-hash-at", {Val::flags(follow), s(path)});
            at("set-times-at", {Val::flags(follow), s(path), Val::variant(1), Val::variant(1)});
            at("link-at", {Val::flags(follow), s(path), lend(f.root), s("stolen")});
            at("link-at", {Val::flags(follow), s("file"), lend(f.root), s(path)});
        }
        at("readlink-at", {s(path)});
        at("symlink-at", {s("file"), s(path)});
        at("symlink-at", {s(path), s("made")});
        at("create-directory-at", {s(path)});
        at("rename-at", {s("dir/inner"), lend(f.root), s(path)});
        at("rename-at", {s(path), lend(f.root), s("taken")});
        at("unlink-file-at", {s(path)});
        at("remove-directory-at", {s(path)});
        for (const char* got : {"stolen", "taken", "made"}) {
            Val r = f.open_result(got, 0, reads);
            if (r.case_index() == 0) use(*r.payload());
        }
    }
};

// How many cases there were; each that escaped is a failure, and told.
template <class F>
u64 run_matrix(F& f, test::World& w, Access access) {
    Attacker<F> a{f};
    for (const std::string& path : test::attacked_paths(w)) {
        auto outside = test::picture(w.outside), inside = test::picture(w.box);
        a.seen.clear();
        a.attack(path);
        EXPECT_EQ(test::picture(w.outside), outside) << path;
        EXPECT_FALSE(test::shows_secret(a.seen)) << path;
        if (access == ReadOnly) EXPECT_EQ(test::picture(w.box), inside) << path;
        else w.refill();
    }
    std::printf("%llu cases\n", static_cast<unsigned long long>(a.cases));
    return a.cases;
}

}  // namespace heddle::wasi::testing
