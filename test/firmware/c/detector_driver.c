/*
 * Asks smilec_detector about frames from a file: width and height as little-endian uint16, then the pixels. The answer
 * has a fixed size: the number of candidates, then sixteen times five uint16, as they lie in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sm_types.h"

extern const sm_detector_t smilec_detector;

static int answer(FILE *in, FILE *out, const uint16_t *size) {
    size_t count = (size_t)size[0] * size[1];
    uint8_t *pixels = malloc(count); /* exactly its size, so that a sanitizer sees every access outside */
    if (pixels == NULL || fread(pixels, 1, count, in) != count) {
        free(pixels);
        return 0;
    }
    sm_candidate_t candidates[SM_MAX_CANDIDATES];
    memset(candidates, 0, sizeof(candidates));
    int found = smilec_detector.candidates(pixels, size[0], size[1], candidates);
    uint16_t number = (uint16_t)found;
    (void)fwrite(&number, sizeof(number), 1, out);
    (void)fwrite(candidates, sizeof(candidates), 1, out);
    free(pixels);
    return found >= 0;
}

int main(int argc, char **argv) {
    if (argc != 3 || smilec_detector.init() != 0 || smilec_detector.self_test() != 0) {
        return 2;
    }
    FILE *in = fopen(argv[1], "rb");
    FILE *out = fopen(argv[2], "wb");
    if (in == NULL || out == NULL) {
        return 2;
    }
    uint16_t size[2];
    int ok = 1;
    while (ok && fread(size, sizeof(size), 1, in) == 1) {
        ok = answer(in, out, size);
    }
    (void)fclose(in);
    return fclose(out) == 0 && ok ? 0 : 1;
}
