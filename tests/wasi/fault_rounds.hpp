// Every case of a test with every system call beneath it failing in every likely way.
#pragma once
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include <heddle/component_values.hpp>

#include "faults.hpp"

namespace heddle::wasi::testing {

struct Ending {
    component::Val result;
    faults::Counted counted;
};

constexpr int likely[] = {EIO, ENOSPC, EMFILE, ENOMEM, EACCES, EINTR, EAGAIN, EINVAL, ENOSYS, ECONNRESET};

// `attempt(stage, case, which, error)` gives the Ending of one call. At least `least` times the guest is told; nothing is leaked.
template <class Stage, class Cases, class Attempt>
void fail_each(const Cases& cases, Attempt attempt, int least) {
    std::vector<int> calls;   // and what is opened once in a process is
    for (Stage t; const auto& c : cases) {
        Ending well = attempt(t, c, 0, 0);
        ASSERT_EQ(well.result.kind() == component::Val::Kind::variant ? well.result.case_index() : 0, 0u) << c.name;
        calls.push_back(well.counted.calls);
    }
    int attempts = 0, told = 0, at_first = faults::open_descriptors();
    {
        Stage t;
        auto calls_of = calls.begin();
        for (const auto& c : cases)
            for (int which = 1, most = *calls_of++; which <= most; ++which)
                for (int error : likely) {
                    told += attempt(t, c, which, error).result.case_index() == 1;
                    ++attempts;
                }
    }
    EXPECT_EQ(faults::open_descriptors(), at_first);
    std::printf("%d system calls failed, %d times the guest was told\n", attempts, told);
    EXPECT_GT(told, least);
}

}  // namespace heddle::wasi::testing
