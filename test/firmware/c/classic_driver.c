/*
 * Runs sm_classic_locate on requests from a file. A request is two little-endian uint16: frame width and height; then
 * the pixels. The answer: the number of candidates, then x, y, side and confidence of each, all uint16.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smilec_cascade.h"

static int get(FILE *file, uint16_t *value) {
    unsigned char bytes[2];
    if (fread(bytes, 1, 2, file) != 2) {
        return 0;
    }
    *value = (uint16_t)(bytes[0] | bytes[1] << 8);
    return 1;
}

static void put(FILE *file, uint32_t value) {
    (void)putc((int)(value & 255u), file);
    (void)putc((int)(value >> 8 & 255u), file);
}

/* Pixels and memory lie in blocks of exactly their size, so that a sanitizer sees every access outside. */
static int answer(FILE *in, FILE *out, uint16_t width, uint16_t height) {
    size_t count = (size_t)width * height;
    uint32_t bytes = sm_classic_bytes(&smilec_cascade, width, height);
    uint8_t *pixels = malloc(count);
    void *memory = malloc(bytes);
    sm_candidate_t found[SM_MAX_CANDIDATES];
    int error = pixels == NULL || memory == NULL || fread(pixels, 1, count, in) != count;
    if (!error) {
        memset(memory, 0xaa, bytes); /* what an earlier frame left must not matter */
        error = sm_classic_locate(&smilec_cascade, pixels, width, height, memory, bytes - 1u, found) !=
                SM_ERR_MEMORY;
    }
    int candidates = error ? 0 : sm_classic_locate(&smilec_cascade, pixels, width, height, memory, bytes, found);
    error = error || candidates < 0;
    put(out, (uint32_t)candidates);
    for (int i = 0; i < candidates; i++) {
        error = error || found[i].box.width != found[i].box.height;
        put(out, found[i].box.x);
        put(out, found[i].box.y);
        put(out, found[i].box.width);
        put(out, found[i].confidence);
    }
    free(memory);
    free(pixels);
    return error;
}

int main(int count, char **arguments) {
    FILE *in = count == 3 ? fopen(arguments[1], "rb") : NULL;
    FILE *out = count == 3 ? fopen(arguments[2], "wb") : NULL;
    int error = in == NULL || out == NULL;
    uint16_t width;
    uint16_t height;
    while (!error && get(in, &width) && get(in, &height)) {
        error = answer(in, out, width, height);
    }
    return error || fclose(in) != 0 || fclose(out) != 0;
}
