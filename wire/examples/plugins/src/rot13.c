// A filter: each letter thirteen places on.
#define FILTER_NAME "rot13"
static unsigned char filtered(unsigned char byte) {
    unsigned char letter = byte | 32;
    if (letter < 'a' || letter > 'z') return byte;
    return (unsigned char)(letter < 'n' ? byte + 13 : byte - 13);
}
#include "filter.h"
