// Pages that were written, as the system tells them.
#include "own_pages.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace heddle {
namespace {

constexpr u64 page = 4096, pages = 64;

struct Mapped {
    int file = memfd_create("test", 0);
    u8* base = nullptr;
    Mapped() {
        EXPECT_EQ(ftruncate(file, off_t(pages / 2 * page)), 0);
        base = static_cast<u8*>(mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        EXPECT_NE(mmap(base, pages / 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, file, 0), MAP_FAILED);
    }
    ~Mapped() {
        munmap(base, pages * page);
        close(file);
    }
    std::vector<u64> own() const {
        OwnPages found;
        if (!found.find(base, pages * page)) return {~u64(0)};
        std::vector<u64> all;
        for (const auto& r : found.regions())
            for (u64 at = r.start; at < r.end; at += page) all.push_back((at - reinterpret_cast<u64>(base)) / page);
        return all;
    }
};

struct OwnPagesTest : ::testing::Test {
    void SetUp() override {
        OwnPages any;
        if (u8 here = 0; !any.find(reinterpret_cast<u8*>(reinterpret_cast<u64>(&here) & ~(page - 1)), page)) GTEST_SKIP() << "this system does not tell (Linux 6.7 does)";
    }
};

TEST_F(OwnPagesTest, are_those_that_were_written) {
    Mapped m;
    EXPECT_EQ(m.own(), std::vector<u64>());
    u64 sum = 0;
    for (u64 i = 0; i < pages; ++i) sum += *static_cast<volatile u8*>(m.base + i * page);  // to read is not to write
    EXPECT_EQ(sum, 0u);
    EXPECT_EQ(m.own(), std::vector<u64>());
    for (u64 i : {3u, 4u, 31u, 32u, 63u}) m.base[i * page + 100] = 1;
    EXPECT_EQ(m.own(), (std::vector<u64>{3, 4, 31, 32, 63}));
    ASSERT_EQ(madvise(m.base, pages * page, MADV_DONTNEED), 0);
    EXPECT_EQ(m.own(), std::vector<u64>());
}

TEST_F(OwnPagesTest, of_a_child_are_not_those_of_its_parent) {
    Mapped m;
    m.base[5 * page] = 1;
    EXPECT_EQ(m.own(), std::vector<u64>{5});
    pid_t child = fork();
    if (child == 0) {
        m.base[40 * page] = 1;
        std::vector<u64> all = m.own();
        _exit(all == std::vector<u64>{5, 40} ? 0 : 1);
    }
    m.base[50 * page] = 1;
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(m.own(), (std::vector<u64>{5, 50}));
}

TEST_F(OwnPagesTest, that_are_too_many_are_not_told) {
    u64 bytes = (OwnPages::most + 2) * page;
    u8* base = static_cast<u8*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    OwnPages found;
    EXPECT_TRUE(found.find(base, bytes));
    for (u64 at = 0; at < bytes; at += page) base[at] = 1;
    EXPECT_FALSE(found.find(base, bytes));
    EXPECT_TRUE(found.find(base, bytes / 2));
    munmap(base, bytes);
}

}  // namespace
}  // namespace heddle
