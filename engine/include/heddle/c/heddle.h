// What heddle offers to C beyond the standard API: error texts, configuration, text to bytes, fuel and interrupts. A program in ten lines:
//
//   wasm_config_t* config = wasm_config_new();
//   heddle_config_set(config, "metering", 1);
//   heddle_config_set(config, "max_memory_bytes", 64 << 20);
//   wasm_engine_t* engine = wasm_engine_new_with_config(config);
//   wasm_store_t* store = wasm_store_new(engine);
//   heddle_store_set_fuel(store, 1000000);
//   wasm_byte_vec_t bytes;
//   if (!heddle_text_to_binary(text, strlen(text), &bytes)) puts(heddle_last_error());
#ifndef HEDDLE_H
#define HEDDLE_H

#include "wasm.h"

#ifdef __cplusplus
extern "C" {
#endif

// The kind of v128 in a type. A wasm_val_t cannot hold one: functions that take or give one cannot be called through this API.
enum heddle_valkind_enum { HEDDLE_V128 = 64 };

// Why the last call on this thread that failed did so: "invalid: type mismatch (at offset 0x1f)". Empty before any; valid until the next
// failure on this thread. Never NULL.
WASM_API_EXTERN const char* heddle_last_error(void);

// "0.1.0"
WASM_API_EXTERN const char* heddle_version(void);

// Sets the member of that name of heddle::Config (engine.hpp lists them): "metering", "max_memory_bytes", "threads_proposal", … A switch is
// on when the value is not 0. False: there is no such name, or the value does not fit; heddle_last_error() says which there are.
WASM_API_EXTERN bool heddle_config_set(wasm_config_t*, const char* name, uint64_t value);

// The text format to bytes, which may still be an invalid module. False: the text is malformed; nothing is in `out` then.
WASM_API_EXTERN bool heddle_text_to_binary(const char* text, size_t size, wasm_byte_vec_t* out);

// Fuel: about one unit for each instruction. Counts only when "metering" is on; a guest that used all up traps.
WASM_API_EXTERN void heddle_store_set_fuel(wasm_store_t*, uint64_t fuel);
WASM_API_EXTERN uint64_t heddle_store_fuel(const wasm_store_t*);

// Stops what runs in the Store with the trap "interrupted". The one function that may be called from any thread, while the Store lives.
WASM_API_EXTERN void heddle_store_interrupt(wasm_store_t*);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // HEDDLE_H
