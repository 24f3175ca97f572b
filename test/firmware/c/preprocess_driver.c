/*
 * Runs sm_locate or sm_preprocess on requests from a file. A request is eleven little-endian uint16: frame width,
 * height, locator x, y, size, box x, y, width, height (width 0: use the located box), input size, normalize; then the
 * pixels. The answer: the box as four uint16, then the int8 input.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sm_locate.h"
#include "sm_preprocess.h"

static int get(FILE *file, uint16_t *value) {
    unsigned char bytes[2];
    if (fread(bytes, 1, 2, file) != 2) {
        return 0;
    }
    *value = (uint16_t)(bytes[0] | bytes[1] << 8);
    return 1;
}

static void put(FILE *file, uint16_t value) {
    (void)putc(value & 255, file);
    (void)putc(value >> 8, file);
}

/* Pixels and input lie in blocks of exactly their size, so that a sanitizer sees every access outside. */
static int answer(FILE *in, FILE *out, const uint16_t *request) {
    size_t count = (size_t)request[0] * request[1];
    size_t values = (size_t)request[9] * request[9];
    uint8_t *pixels = malloc(count);
    int8_t *input = malloc(values);
    sm_preprocess_scratch_t *scratch = malloc(sizeof(*scratch));
    sm_locator_t locator = {.kind = SM_LOCATOR_CENTER, .x = request[2], .y = request[3], .size = request[4]};
    sm_box_t box = {request[5], request[6], request[7], request[8]};
    int error = pixels == NULL || input == NULL || scratch == NULL || fread(pixels, 1, count, in) != count;
    if (box.width == 0) {
        box = sm_locate_center(&locator, request[0], request[1]);
    }
    if (!error) {
        error = sm_preprocess(pixels, request[0], box, request[9], request[10], scratch, input);
    }
    put(out, box.x);
    put(out, box.y);
    put(out, box.width);
    put(out, box.height);
    error = error || fwrite(input, 1, values, out) != values;
    free(scratch);
    free(input);
    free(pixels);
    return error;
}

int main(int count, char **arguments) {
    FILE *in = count == 3 ? fopen(arguments[1], "rb") : NULL;
    FILE *out = count == 3 ? fopen(arguments[2], "wb") : NULL;
    int error = in == NULL || out == NULL;
    for (;;) {
        uint16_t request[11];
        int have = 0;
        while (!error && have < 11 && get(in, &request[have])) {
            have++;
        }
        if (error || have < 11) {
            break;
        }
        error = answer(in, out, request);
    }
    return error || fclose(in) != 0 || fclose(out) != 0;
}
