// A filter: capital letters.
#define FILTER_NAME "shout"
static unsigned char filtered(unsigned char byte) { return byte >= 'a' && byte <= 'z' ? (unsigned char)(byte - 32) : byte; }
#include "filter.h"
