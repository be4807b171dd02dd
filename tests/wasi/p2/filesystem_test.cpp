// wasi:filesystem 0.2, called from a guest: every function, and the attack matrix.
#include "file_attacks.hpp"

namespace heddle::wasi::testing {
namespace {

using test::TempDir;

const std::string d = "wasi:filesystem/types.[method]descriptor.", in = "wasi:io/streams.[method]input-stream.",
                  out = "wasi:io/streams.[method]output-stream.";
constexpr u32 error_exist = 7, error_is_directory = 14, error_no_entry = 20, error_not_directory = 24, error_not_empty = 25, error_not_permitted = 31,
              error_read_only = 33, error_bad_descriptor = 3, error_quota = 6, error_invalid = 12;
constexpr u32 create = 1, directory = 2, exclusive = 4, truncate = 8, reads = 1, writes = 2, mutates = 32;

struct Files {
    TempDir dir{"/tmp"};
    Context context;
    std::unique_ptr<Forwarder> g;
    Val root;

    explicit Files(Access access = ReadWrite) {
        test::write_text(dir / "file", "content");
        context.dir(dir.string(), "/data", access);
        begin();
    }
    Files(const test::World& w, Access access) {
        context.dir(w.box.string(), "/", access);
        begin();
    }
    void begin() {
        g = std::make_unique<Forwarder>(context, std::vector<std::string>{"wasi:filesystem", "wasi:io"});
        root = g->call("wasi:filesystem/preopens.get-directories").at(0).at(0);
    }
    Val call(const std::string& f, const Val& self, std::vector<Val> args = {}) {
        args.insert(args.begin(), lend(self));
        return g->call(d + f, std::move(args));
    }
    Val open_result(const std::string& path, u32 open, u32 flags) {
        return call("open-at", root, {Val::flags(1), Val::string(path), Val::flags(open), Val::flags(flags)});
    }
    Val open(const std::string& path, u32 how = 0, u32 flags = reads) { return good(open_result(path, how, flags)); }

    // ---- for the attack matrix
    std::string contents(const Val& file) {
        Val r = call("read", file, {Val::u64(100), Val::u64(0)});
        return r.case_index() == 0 ? text_of(r.payload()->at(0)) : "";
    }
    void overwrite(const Val& file) { call("write", file, {bytes("overwritten"), Val::u64(0)}); }
    std::string names(const Val& of) {
        std::string all;
        Val list = call("read-directory", of);
        while (list.case_index() == 0) {
            Val e = g->call("wasi:filesystem/types.[method]directory-entry-stream.read-directory-entry", {lend(*list.payload())});
            if (e.case_index() == 1 || e.payload()->case_index() == 0) break;
            all += e.payload()->payload()->at(1).as_string() + "\n";
        }
        return all;
    }
};

u32 error(const Val& result) { return result.case_index() == 1 ? result.payload()->case_index() : ~0u; }
Val s(const std::string& text) { return Val::string(text); }

TEST(P2Filesystem, preopens_have_their_names_and_rights) {
    Files f;
    EXPECT_EQ(f.g->call("wasi:filesystem/preopens.get-directories").at(0).at(1).as_string(), "/data");
    EXPECT_EQ(good(f.call("get-flags", f.root)).bits(), reads | mutates);
    EXPECT_EQ(good(f.call("get-type", f.root)).case_index(), 3u);
    Files ro(ReadOnly);
    EXPECT_EQ(good(ro.call("get-flags", ro.root)).bits(), reads);
}

TEST(P2Filesystem, reads_and_writes_files) {
    Files f;
    Val file = f.open("file", 0, reads | writes);
    Val r = good(f.call("read", file, {Val::u64(100), Val::u64(3)}));
    EXPECT_EQ(text_of(r.at(0)), "tent");
    EXPECT_TRUE(r.at(1).as<bool>());
    EXPECT_FALSE(good(f.call("read", file, {Val::u64(2), Val::u64(0)})).at(1).as<bool>());
    EXPECT_EQ(good(f.call("write", file, {bytes("XY"), Val::u64(7)})).as<u64>(), 2u);
    EXPECT_EQ(test::read_text(f.dir / "file"), "contentXY");
    good(f.call("set-size", file, {Val::u64(4)}));
    good(f.call("sync", file));
    good(f.call("sync-data", file));
    good(f.call("advise", file, {Val::u64(0), Val::u64(4), Val::variant(1)}));
    EXPECT_EQ(test::read_text(f.dir / "file"), "cont");
    EXPECT_EQ(good(f.call("get-type", file)).case_index(), 6u);
    Val only = f.open("file");
    EXPECT_EQ(error(f.call("write", only, {bytes("x"), Val::u64(0)})), error_bad_descriptor);
    EXPECT_EQ(error(f.call("set-size", only, {Val::u64(0)})), error_bad_descriptor);
}

TEST(P2Filesystem, streams_read_write_and_append) {
    Files f;
    Val file = f.open("file", 0, reads | writes);
    Val i = good(f.call("read-via-stream", file, {Val::u64(3)}));
    EXPECT_EQ(text_of(good(f.g->call(in + "blocking-read", {lend(i), Val::u64(100)}))), "tent");
    EXPECT_EQ(f.g->call(in + "read", {lend(i), Val::u64(100)}).case_index(), 1u);
    Val o = good(f.call("write-via-stream", file, {Val::u64(1)})), a = good(f.call("append-via-stream", file));
    good(f.g->call(out + "blocking-write-and-flush", {lend(o), bytes("AB")}));
    good(f.g->call(out + "blocking-write-and-flush", {lend(a), bytes("end")}));
    good(f.g->call(out + "blocking-write-and-flush", {lend(o), bytes("C")}));
    EXPECT_EQ(test::read_text(f.dir / "file"), "cABCentend");
    EXPECT_EQ(error(f.call("write-via-stream", f.open("file"), {Val::u64(0)})), error_bad_descriptor);
    EXPECT_EQ(error(f.call("read-via-stream", f.root, {Val::u64(0)})), error_is_directory);
}

TEST(P2Filesystem, opens_as_it_is_asked) {
    Files f;
    EXPECT_EQ(error(f.open_result("missing", 0, reads)), error_no_entry);
    EXPECT_EQ(error(f.open_result("file", create | exclusive, writes)), error_exist);
    EXPECT_EQ(error(f.open_result("file", directory, reads)), error_not_directory);
    EXPECT_EQ(error(f.open_result("new", create | directory, reads)), error_invalid);
    f.open("file", truncate, writes);
    EXPECT_EQ(test::read_text(f.dir / "file"), "");
    f.open("new", create, writes);
    EXPECT_TRUE(test::files::exists(f.dir / "new"));
    EXPECT_EQ(error(f.open_result(std::string(5000, 'x'), 0, reads)), 18u);
    EXPECT_EQ(error(f.open_result(std::string("a\0b", 3), 0, reads)), error_invalid);
}

TEST(P2Filesystem, changes_names) {
    Files f;
    good(f.call("create-directory-at", f.root, {s("sub")}));
    EXPECT_EQ(error(f.call("create-directory-at", f.root, {s("sub")})), error_exist);
    good(f.call("link-at", f.root, {Val::flags(0), s("file"), lend(f.root), s("sub/hard")}));
    good(f.call("symlink-at", f.root, {s("file"), s("soft")}));
    EXPECT_EQ(error(f.call("symlink-at", f.root, {s("/etc"), s("absolute")})), error_not_permitted);
    EXPECT_EQ(good(f.call("readlink-at", f.root, {s("soft")})).as_string(), "file");
    EXPECT_EQ(error(f.call("remove-directory-at", f.root, {s("sub")})), error_not_empty);
    good(f.call("rename-at", f.root, {s("sub/hard"), lend(f.root), s("moved")}));
    good(f.call("remove-directory-at", f.root, {s("sub")}));
    EXPECT_EQ(good(f.call("stat-at", f.root, {Val::flags(0), s("moved")})).at(1).as<u64>(), 2u);
    EXPECT_TRUE(f.g->call(d + "is-same-object", {lend(f.open("moved")), lend(f.open("file"))}).as<bool>());
    EXPECT_FALSE(f.g->call(d + "is-same-object", {lend(f.open("moved")), lend(f.root)}).as<bool>());
    good(f.call("unlink-file-at", f.root, {s("moved")}));
    EXPECT_EQ(error(f.call("unlink-file-at", f.root, {s("moved")})), error_no_entry);
}

TEST(P2Filesystem, tells_and_sets_times_and_sizes) {
    Files f;
    Val file = f.open("file");
    Val at = Val::variant(2, Val::record({Val::u64(1000), Val::u32(7)}));
    good(f.call("set-times", file, {at, Val::variant(0)}));
    EXPECT_EQ(good(f.call("stat", file)).at(3).payload()->at(0).as<u64>(), 1000u);
    good(f.call("set-times-at", f.root, {Val::flags(1), s("file"), Val::variant(1), at}));
    Val stat = good(f.call("stat-at", f.root, {Val::flags(1), s("file")}));
    EXPECT_EQ(stat.at(0).case_index(), 6u);
    EXPECT_EQ(stat.at(2).as<u64>(), 7u);
    EXPECT_EQ(stat.at(4).payload()->at(1).as<u32>(), 7u);
    Val bad = Val::variant(2, Val::record({Val::u64(~u64(0)), Val::u32(0)}));
    EXPECT_EQ(error(f.call("set-times", file, {bad, bad})), 30u);
    Val a = good(f.call("metadata-hash", file)), b = good(f.call("metadata-hash-at", f.root, {Val::flags(1), s("file")}));
    EXPECT_EQ(to_string(a), to_string(b));
    EXPECT_NE(to_string(a), to_string(good(f.call("metadata-hash", f.root))));
}

TEST(P2Filesystem, lists_directories) {
    Files f;
    good(f.call("create-directory-at", f.root, {s("sub")}));
    Val entries = good(f.call("read-directory", f.root));
    std::set<std::string> names;
    for (;;) {
        Val e = good(f.g->call("wasi:filesystem/types.[method]directory-entry-stream.read-directory-entry", {lend(entries)}));
        if (e.case_index() == 0) break;
        names.insert(e.payload()->at(1).as_string());
    }
    EXPECT_EQ(names, (std::set<std::string>{"file", "sub"}));
}

TEST(P2Filesystem, a_stream_error_tells_its_code) {
    Files f;
    Val file = f.open("file", 0, writes);
    Val o = good(f.call("write-via-stream", file, {Val::u64(~u64(0))}));
    Val r = f.g->call(out + "blocking-write-and-flush", {lend(o), bytes("x")});
    ASSERT_EQ(r.case_index(), 1u);
    EXPECT_EQ(f.g->call("wasi:filesystem/types.filesystem-error-code", {lend(*r.payload()->payload())}).payload()->case_index(), error_invalid);
}

TEST(P2Filesystem, read_only_directories_refuse_changes) {
    Files f(ReadOnly);
    for (auto [open, flags] : {std::pair(create, reads), {truncate, writes}, {0u, writes}, {0u, reads | mutates}})
        EXPECT_EQ(error(f.open_result("file", open, flags)), error_read_only);
    EXPECT_EQ(error(f.call("create-directory-at", f.root, {s("x")})), error_read_only);
    EXPECT_EQ(error(f.call("link-at", f.root, {Val::flags(0), s("file"), lend(f.root), s("x")})), error_read_only);
    EXPECT_EQ(error(f.call("set-times", f.open("file"), {Val::variant(1), Val::variant(1)})), error_read_only);
}

TEST(P2Filesystem, open_files_are_limited) {
    Files f;
    f.context.limits({.open_files = 2});
    Val a = f.open("file"), b = f.open("file");
    EXPECT_EQ(error(f.open_result("file", 0, reads)), error_quota);
    b = Val();
    EXPECT_EQ(error(f.open_result("file", 0, reads)), ~0u);
}

u64 attacked(Access access) {
    test::World w;
    Files f(w, access);
    return run_matrix(f, w, access);
}

TEST(P2Sandbox, nothing_outside_is_seen_or_changed) { EXPECT_GT(attacked(ReadWrite), 10'000u); }
TEST(P2Sandbox, nothing_in_a_read_only_directory_changes) { EXPECT_GT(attacked(ReadOnly), 10'000u); }

}  // namespace
}  // namespace heddle::wasi::testing
