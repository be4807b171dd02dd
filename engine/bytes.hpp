// The primitives of the binary format, which other formats built on it use too.
#pragma once
#include <heddle/bytes.hpp>
