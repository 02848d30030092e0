// Functions that are compiled several times: for the plainest processor and for wider vectors.
//
// Which one is called is decided once, when the program is loaded. Only where that costs nothing
// else.
#ifndef RP_BASE_WIDE_H
#define RP_BASE_WIDE_H

// Loops that profit from the widest vectors of the machine.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__gnu_linux__) &&   \
    defined(__GLIBC__) && !defined(RDSPOL_NO_CLONES) && !defined(__SANITIZE_ADDRESS__) &&          \
    !defined(__SANITIZE_THREAD__) && !defined(__OPTIMIZE_SIZE__)
#define RP_WIDE __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define RP_WIDE
#endif

#endif
