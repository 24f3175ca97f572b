/* What the core and the generated code use of string.h; the simulator has no C library. */
#ifndef SIM_STRING_H
#define SIM_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);
int memcmp(const void *a, const void *b, size_t count);
void *memchr(const void *data, int value, size_t count);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

#endif
