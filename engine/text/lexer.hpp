// Text as tokens: what the lexer and its neighbours share beyond the public header.
#pragma once
#include <heddle/tokens.hpp>

namespace heddle::text {

const char* annotation_id(Annotation::Kind k);

// What kind of token a run of characters is when it begins like a number, inf or nan; reserved when it is none.
Token::Kind classify_number(std::string_view run);

}  // namespace heddle::text
