/*
 * Runs sm_neural_locate on requests from a file, with a network that answers with a given map. A request, little-endian
 * uint16: frame width, height, canvas width, height, normalize, zero + 128, offset, 256 confidences, 256 sides; then
 * the pixels and the map. The answer: count, then five uint16 a candidate, then the canvas as the network got it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sm_neural.h"

static const int8_t *answer_map;
static size_t map_length;
static int8_t *seen;
static size_t seen_length;

static int invoke(const int8_t *input, int8_t *map) {
    memcpy(seen, input, seen_length);
    memcpy(map, answer_map, map_length);
    return 0;
}

static int get(FILE *file, uint16_t *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        unsigned char bytes[2];
        if (fread(bytes, 1, 2, file) != 2) {
            return 0;
        }
        values[i] = (uint16_t)(bytes[0] | bytes[1] << 8);
    }
    return 1;
}

static void put(FILE *file, uint16_t value) {
    (void)putc(value & 255, file);
    (void)putc(value >> 8, file);
}

/* Every block has exactly its size, so that a sanitizer sees every access outside. */
static void *block(size_t size) {
    void *memory = malloc(size);
    if (memory == NULL) {
        exit(3);
    }
    return memory;
}

static int answer(FILE *in, FILE *out, const uint16_t *request) {
    const sm_neural_t neural = {request[2], request[3], (uint8_t)request[4], (int8_t)(request[5] - 128), request[6],
                                request + 7, request + 7 + 256, invoke};
    size_t count = (size_t)request[0] * request[1];
    seen_length = (size_t)neural.width * neural.height;
    map_length = seen_length / (SM_NEURAL_CELL * SM_NEURAL_CELL) * SM_NEURAL_CHANNELS;
    uint8_t *pixels = block(count);
    int8_t *map = block(map_length);
    int8_t *input = block(seen_length);
    seen = block(seen_length);
    sm_neural_scratch_t *scratch = block(sizeof(*scratch));
    sm_candidate_t *candidates = block(SM_MAX_CANDIDATES * sizeof(*candidates));
    answer_map = map;
    int ok = fread(pixels, 1, count, in) == count && fread(map, 1, map_length, in) == map_length;
    int found = ok ? sm_neural_locate(&neural, pixels, request[0], request[1], input, scratch, candidates) : -1;
    put(out, (uint16_t)found);
    for (int i = 0; i < found; i++) {
        put(out, candidates[i].box.x);
        put(out, candidates[i].box.y);
        put(out, candidates[i].box.width);
        put(out, candidates[i].box.height);
        put(out, candidates[i].confidence);
    }
    (void)fwrite(seen, 1, seen_length, out);
    free(pixels);
    free(map);
    free(input);
    free(seen);
    free(scratch);
    free(candidates);
    return found >= 0;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    FILE *in = fopen(argv[1], "rb");
    FILE *out = fopen(argv[2], "wb");
    if (in == NULL || out == NULL) {
        return 2;
    }
    static uint16_t request[7 + 512];
    int ok = 1;
    while (ok && get(in, request, 7 + 512)) {
        ok = answer(in, out, request);
    }
    (void)fclose(in);
    return fclose(out) == 0 && ok ? 0 : 1;
}
