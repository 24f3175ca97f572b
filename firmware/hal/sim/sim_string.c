/* The C library functions that the core, generated code and compilers call. Words where both sides are aligned. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* From the first byte to the last: right where `t` lies below `f`, too. */
static inline __attribute__((always_inline)) void copy_upward(uint8_t *t, const uint8_t *f, size_t count) {
    if ((((uintptr_t)t | (uintptr_t)f) & 3) == 0) {
        for (; count >= 4; count -= 4, t += 4, f += 4) {
            *(volatile uint32_t *)(void *)t = *(const uint32_t *)(const void *)f;
        }
    }
    for (; count > 0; count--) {
        *(volatile uint8_t *)t++ = *f++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    copy_upward(to, from, count);
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t <= f || t >= f + count) {
        copy_upward(t, f, count);
        return to;
    }
    while (count > 0) {
        count--;
        *(volatile uint8_t *)(t + count) = f[count];
    }
    return to;
}

void *memset(void *to, int value, size_t count) {
    uint8_t *t = to;
    const uint32_t word = (uint8_t)value * UINT32_C(0x01010101);
    for (; count > 0 && ((uintptr_t)t & 3) != 0; count--) {
        *(volatile uint8_t *)t++ = (uint8_t)value;
    }
    for (; count >= 4; count -= 4, t += 4) {
        *(volatile uint32_t *)(void *)t = word;
    }
    for (; count > 0; count--) {
        *(volatile uint8_t *)t++ = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t count) {
    const uint8_t *x = a, *y = b;
    for (; count > 0; count--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (*(const volatile char *)(text + length) != '\0') {
        length++;
    }
    return length;
}

void *memchr(const void *data, int value, size_t count) {
    const uint8_t *at = data;
    for (; count > 0; count--, at++) {
        if (*at == (uint8_t)value) {
            return (void *)(uintptr_t)at;
        }
    }
    return NULL;
}

int strcmp(const char *a, const char *b) {
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (uint8_t)*a - (uint8_t)*b;
}
