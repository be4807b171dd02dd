// Numbers of the text format to bits and back, exactly: declared with the tokens.
#pragma once
#include <heddle/tokens.hpp>
