// OpenSSL looks at the processor when TLS or a hash is first asked for, not before every program's main.
//
// Linked statically it asks in the program's `.init`, ten CPUID instructions, each of which leaves a virtual machine; its own initialisation
// (ossl_init_base) asks again, so the first of the two is left out. The linker sends both here (--wrap in CMakeLists.txt; elsewhere nobody calls this).
extern "C" {

[[gnu::weak]] void __real_OPENSSL_cpuid_setup();
void __wrap_OPENSSL_cpuid_setup();

static volatile bool past_init = false;  // volatile: else the compiler runs the constructor itself and stores its result

// Constructors run after `.init`; this one before those that might use OpenSSL.
[[gnu::constructor(101)]] static void init_has_passed() { past_init = true; }

void __wrap_OPENSSL_cpuid_setup() {
    if (past_init && __real_OPENSSL_cpuid_setup) __real_OPENSSL_cpuid_setup();
}

}
