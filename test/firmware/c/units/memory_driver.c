/* The memory test on good memory of some sizes, and on memory in which an address line does nothing: two pages of the
 * address space are the same memory. Prints the results. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sm_self_test.h"

static int good(size_t bytes) {
    uint8_t *memory = malloc(bytes + 1u);
    if (memory == NULL) {
        exit(1);
    }
    /* Not aligned, and just its size. */
    int result = sm_self_test_memory(memory + 1, bytes);
    free(memory);
    return result;
}

static int folded(void) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int file = memfd_create("folded", 0);
    if (file < 0 || ftruncate(file, (off_t)page) != 0) {
        exit(1);
    }
    uint8_t *memory = mmap(NULL, 2u * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < 2; i++) {
        if (memory == MAP_FAILED ||
            mmap(memory + i * page, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
            exit(1);
        }
    }
    return sm_self_test_memory(memory, 2u * page);
}

int main(void) {
    (void)printf("%d %d %d %d\n", good(0), good(1), good(230400), folded());
    return 0;
}
