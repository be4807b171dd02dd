// Included before each file of Lua: an error ends the process, and no locale, seed or signal is asked for.
#include <stdio.h>
#include <stdlib.h>
#define LUAI_THROW(state, jump) (fputs("lua: an error\n", stderr), abort())
#define LUAI_TRY(state, jump, action) \
    { action }
#define luai_jmpbuf int
#define luai_makeseed(state) 20260101u
#define lua_getlocaledecpoint() '.'
#define l_signalT int
#define l_randomizePivot() 20260101u
