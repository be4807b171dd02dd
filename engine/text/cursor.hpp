// A place in a token list, with the questions a parser asks there.
#pragma once
#include "lexer.hpp"
