/*
 * The test of the network's working memory on memory with faults. Compiled so that every access calls a function first
 * (-fsanitize=kernel-address, without its checks): these are the faults. Prints, one a line: what good memory of some
 * sizes gives, accesses to a byte of it, and of each kind of fault how many there were and how many were found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sm_self_test.h"

#define BYTES 24u
#define UNWATCHED __attribute__((no_sanitize("kernel-address")))

enum kind { NONE, STUCK_AT_0, STUCK_AT_1, SHORT_AND, SHORT_OR, SETS, CLEARS };

static struct {
    enum kind kind;
    uint8_t *cell; /* the byte that is wrong */
    uint8_t bit;
    uint8_t other_bit;        /* SHORT_*: of the same byte */
    const uint8_t *aggressor; /* SETS, CLEARS: the byte whose writing disturbs it */
} fault;
/* Accesses of these bytes. */
static uintptr_t counted_from, counted_to;
static unsigned long accesses;

UNWATCHED static void count_access(uintptr_t at) {
    accesses += at >= counted_from && at < counted_to;
}

UNWATCHED static void set_bit(uint8_t *cell, uint8_t bit, unsigned value) {
    *cell = (uint8_t)(value != 0 ? *cell | 1u << bit : *cell & ~(1u << bit));
}

UNWATCHED static void short_bits(void) {
    unsigned a = *fault.cell >> fault.bit & 1u;
    unsigned b = *fault.cell >> fault.other_bit & 1u;
    unsigned both = fault.kind == SHORT_AND ? a & b : a | b;
    set_bit(fault.cell, fault.bit, both);
    set_bit(fault.cell, fault.other_bit, both);
}

/* Before a byte is read: what it has become since it was written. */
UNWATCHED void __asan_load1_noabort(uintptr_t at);
UNWATCHED void __asan_load1_noabort(uintptr_t at) {
    count_access(at);
    if ((uint8_t *)at != fault.cell) {
        return;
    }
    if (fault.kind == STUCK_AT_0 || fault.kind == STUCK_AT_1) {
        set_bit(fault.cell, fault.bit, fault.kind == STUCK_AT_1);
    } else if (fault.kind == SHORT_AND || fault.kind == SHORT_OR) {
        short_bits();
    }
}

/* Before a byte is written. */
UNWATCHED void __asan_store1_noabort(uintptr_t at);
UNWATCHED void __asan_store1_noabort(uintptr_t at) {
    count_access(at);
    if ((fault.kind == SETS || fault.kind == CLEARS) && (const uint8_t *)at == fault.aggressor) {
        set_bit(fault.cell, fault.bit, fault.kind == SETS);
    }
}

#define UNUSED_HOOK(name)                                                                                              \
    UNWATCHED void name(void);                                                                                         \
    UNWATCHED void name(void) {                                                                                        \
    }
UNUSED_HOOK(__asan_load2_noabort)
UNUSED_HOOK(__asan_load4_noabort)
UNUSED_HOOK(__asan_load8_noabort)
UNUSED_HOOK(__asan_load16_noabort)
UNUSED_HOOK(__asan_loadN_noabort)
UNUSED_HOOK(__asan_store2_noabort)
UNUSED_HOOK(__asan_store4_noabort)
UNUSED_HOOK(__asan_store8_noabort)
UNUSED_HOOK(__asan_store16_noabort)
UNUSED_HOOK(__asan_storeN_noabort)
UNUSED_HOOK(__asan_handle_no_return)

static uint8_t memory[BYTES];

UNWATCHED static int good(size_t bytes) {
    uint8_t *some = malloc(bytes + 1u);
    if (some == NULL) {
        exit(1);
    }
    memset(some, 0xa5, bytes + 1u);
    counted_from = (uintptr_t)some;
    counted_to = counted_from + bytes;
    int result = sm_self_test_arena(some, bytes);
    result = some[bytes] == 0xa5 ? result : 1;
    free(some);
    return result;
}

UNWATCHED static unsigned found(enum kind kind, uint32_t cell, uint32_t bit, uint32_t other) {
    fault.kind = kind;
    fault.cell = &memory[cell];
    fault.bit = (uint8_t)bit;
    fault.other_bit = (uint8_t)other;
    fault.aggressor = &memory[other % BYTES];
    int result = sm_self_test_arena(memory, BYTES);
    fault.kind = NONE;
    return result == SM_ERR_MEMORY ? 1u : 0u;
}

/* Every place of a fault; `others`: bits or bytes that it may come from. */
UNWATCHED static void print_found(const char *name, enum kind kind, uint32_t others) {
    unsigned count = 0;
    unsigned seen = 0;
    for (uint32_t cell = 0; cell < BYTES; cell++) {
        for (uint32_t bit = 0; bit < 8; bit++) {
            for (uint32_t other = 0; other < others; other++) {
                if (other != (others == BYTES ? cell : others == 8 ? bit : UINT32_MAX)) {
                    count++;
                    seen += found(kind, cell, bit, other);
                }
            }
        }
    }
    (void)printf("%s %u %u\n", name, count, seen);
}

UNWATCHED int main(void) {
    int result = good(0) | good(1) | good(3) | good(20000);
    accesses = 0;
    (void)good(1000);
    (void)printf("good %d %lu\n", result, accesses / 1000u);
    print_found("stuck-at-0", STUCK_AT_0, 1);
    print_found("stuck-at-1", STUCK_AT_1, 1);
    print_found("shorted-low", SHORT_AND, 8);
    print_found("shorted-high", SHORT_OR, 8);
    print_found("set-by-another", SETS, BYTES);
    print_found("cleared-by-another", CLEARS, BYTES);
    return 0;
}
