// Lua asks for this header; with lua_without_jumps.h it needs nothing of it, and WASI has none.
