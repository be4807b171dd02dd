#include "os/errno.hpp"

#include <gtest/gtest.h>

#include <string>

namespace heddle::wasi {

TEST(Errno, every_system_error_has_its_preview_1_code) {
    EXPECT_EQ(errno_of(ENOENT), Errno::noent);
    EXPECT_EQ(errno_of(EACCES), Errno::acces);
    EXPECT_EQ(errno_of(E2BIG), Errno::toobig);
    EXPECT_EQ(errno_of(EWOULDBLOCK), Errno::again);
    EXPECT_EQ(errno_of(EOPNOTSUPP), Errno::notsup);
    EXPECT_EQ(u16(errno_of(EXDEV)), 75);
}

TEST(Errno, codes_are_those_of_the_interface) {
    EXPECT_EQ(u16(Errno::success), 0);
    EXPECT_EQ(u16(Errno::badf), 8);
    EXPECT_EQ(u16(Errno::inval), 28);
    EXPECT_EQ(u16(Errno::noent), 44);
    EXPECT_EQ(u16(Errno::rofs), 69);
    EXPECT_EQ(u16(Errno::notcapable), 76);
}

TEST(Errno, an_unknown_system_error_is_an_input_output_error) { EXPECT_EQ(errno_of(99999), Errno::io); }

TEST(Errno, has_names_and_texts) {
    EXPECT_EQ(std::string(name(Errno::noent)), "noent");
    EXPECT_EQ(std::string(text(Errno::noent)), "no such file or directory");
    EXPECT_EQ(std::string(name(Errno(999))), "unknown");
    EXPECT_EQ(std::string(text(Errno(999))), "unknown error");
}

}  // namespace heddle::wasi
