// Lua as a program: runs the script on standard input with the libraries that need no operating system. Errors end the process, since
// guests cannot longjmp.
#include <stdio.h>
#include <stdlib.h>

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

static char script[1 << 16];

int main(void) {
    size_t size = fread(script, 1, sizeof script, stdin);
    lua_State* lua = luaL_newstate();
    luaL_requiref(lua, "_G", luaopen_base, 1);
    luaL_requiref(lua, "table", luaopen_table, 1);
    luaL_requiref(lua, "string", luaopen_string, 1);
    luaL_requiref(lua, "math", luaopen_math, 1);
    lua_settop(lua, 0);
    if (luaL_loadbufferx(lua, script, size, "=script", "t") != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(lua, -1));
        return 1;
    }
    lua_callk(lua, 0, 0, 0, NULL);
    lua_close(lua);
    return 0;
}
