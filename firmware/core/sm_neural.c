#include "sm_neural.h"

#include <string.h>

#include "sm_preprocess.h"
#include "sm_resize.h"

/* Part of the canvas that the frame covers. */
typedef struct fit {
    uint32_t x;
    uint32_t y;
    uint32_t width;
    uint32_t height;
} fit_t;

/* extent * to / from, halves up, at least 1. */
static uint32_t scaled(uint32_t extent, uint32_t to, uint32_t from) {
    uint32_t rounded = (2u * extent * to + from) / (2u * from);
    return rounded == 0 ? 1u : rounded;
}

static fit_t fit_frame(const sm_neural_t *neural, uint32_t width, uint32_t height) {
    fit_t fit = {0, 0, neural->width, neural->height};
    if (width * neural->height > height * neural->width) {
        fit.height = scaled(height, neural->width, width);
    } else {
        fit.width = scaled(width, neural->height, height);
    }
    fit.x = (neural->width - fit.width) / 2u;
    fit.y = (neural->height - fit.height) / 2u;
    return fit;
}

/* The reduced frame, which fills the start of `input` row after row, to its place on the canvas; 0 around it. */
static void spread_rows(const sm_neural_t *neural, const fit_t *fit, int8_t *input) {
    size_t stride = neural->width;
    /* From the last row on: no row's place reaches a row that is still to be moved. */
    for (uint32_t row = fit->height; row-- > 0;) {
        int8_t *line = input + (fit->y + row) * stride;
        memmove(line + fit->x, input + (size_t)row * fit->width, fit->width);
        memset(line, 0, fit->x);
        memset(line + fit->x + fit->width, 0, stride - fit->x - fit->width);
    }
    memset(input, 0, fit->y * stride);
    uint32_t below = fit->y + fit->height;
    memset(input + below * stride, 0, (neural->height - below) * stride);
}

static void draw_canvas(const sm_neural_t *neural, const fit_t *fit, const uint8_t *pixels, uint16_t width,
                        uint16_t height, int8_t *input, sm_neural_scratch_t *scratch) {
    uint8_t *grey = (uint8_t *)input; /* values take the place of grey pixels */
    uint32_t count = fit->width * fit->height;
    sm_box_t whole = {0, 0, width, height};
    sm_resizer_t resizer;
    sm_resize_begin(&resizer, pixels, width, whole, fit->width, fit->height, scratch->line, scratch->rows);
    for (uint32_t row = 0; row < fit->height; row++) {
        sm_resize_row(&resizer, grey + row * fit->width);
    }
    if (neural->normalize == SM_NORMALIZE_STANDARDIZE) {
        sm_standardize(grey, count, scratch->table, input);
    } else {
        for (uint32_t i = 0; i < count; i++) {
            input[i] = (int8_t)((int32_t)grey[i] - 128);
        }
    }
    spread_rows(neural, fit, input);
}

/* ---- map ---- */

/* Distance of a face's centre from its cell's, sub-pixels, halves away from zero. */
static int32_t offset(const sm_neural_t *neural, int32_t output, uint32_t side) {
    int32_t steps = output - neural->zero;
    uint32_t magnitude = (uint32_t)(steps < 0 ? -steps : steps);
    int32_t distance = (int32_t)((magnitude * side * neural->offset + 32768u) / 65536u);
    return steps < 0 ? -distance : distance;
}

static uint32_t find_sightings(const sm_neural_t *neural, sm_neural_scratch_t *scratch) {
    uint32_t columns = neural->width / SM_NEURAL_CELL;
    uint32_t cells = columns * (neural->height / SM_NEURAL_CELL);
    uint32_t count = 0;
    for (uint32_t cell = 0; cell < cells; cell++) {
        const int8_t *values = scratch->map + (size_t)cell * SM_NEURAL_CHANNELS;
        uint16_t confidence = neural->confidence[values[0] + 128];
        if (confidence < SM_NEURAL_LEAST_CONFIDENCE) {
            continue;
        }
        uint16_t side = neural->side[values[3] + 128];
        int32_t x = (int32_t)(SM_NEURAL_SUBPIXELS * (SM_NEURAL_CELL * (cell % columns) + SM_NEURAL_CELL / 2));
        int32_t y = (int32_t)(SM_NEURAL_SUBPIXELS * (SM_NEURAL_CELL * (cell / columns) + SM_NEURAL_CELL / 2));
        sm_sighting_t *sighting = &scratch->sightings[count++];
        sighting->x = x + offset(neural, values[1], side);
        sighting->y = y + offset(neural, values[2], side);
        sighting->side = side;
        sighting->confidence = confidence;
    }
    return count;
}

/* ---- suppression ---- */

/* Part of an axis that two squares share, in halves of a sub-pixel. */
static uint32_t shared(int32_t p, uint16_t p_side, int32_t q, uint16_t q_side) {
    int32_t from = 2 * p - p_side > 2 * q - q_side ? 2 * p - p_side : 2 * q - q_side;
    int32_t to = 2 * p + p_side < 2 * q + q_side ? 2 * p + p_side : 2 * q + q_side;
    return to > from ? (uint32_t)(to - from) : 0u;
}

/* What two squares share, and what they cover together, square sub-pixels. */
static uint32_t overlap(const sm_sighting_t *a, const sm_sighting_t *b, uint32_t *either) {
    uint32_t both = shared(a->x, a->side, b->x, b->side) * shared(a->y, a->side, b->y, b->side) / 4u;
    *either = (uint32_t)a->side * a->side + (uint32_t)b->side * b->side - both;
    return both;
}

/* The weaker of two faces that share a quarter of what both cover, or half of the smaller one. */
static bool suppresses(const sm_sighting_t *best, const sm_sighting_t *one) {
    uint32_t either;
    uint32_t both = overlap(best, one, &either);
    uint32_t smaller = best->side < one->side ? best->side : one->side;
    return 4u * both >= either || 2u * both >= smaller * smaller;
}

/* sum / total, halves up; sums of coordinates may be negative. The best sighting votes for itself, so the total is
 * positive. */
static int32_t mean(int64_t sum, int64_t total) {
    if (total <= 0) {
        return 0;
    }
    int64_t above = 2 * sum + total;
    int64_t below = 2 * total;
    return (int32_t)(above >= 0 ? above / below : -((-above + below - 1) / below));
}

/* The mean, by confidence, of all that see the same face at least half as surely. */
static sm_sighting_t vote(const sm_sighting_t *best, const sm_sighting_t *open, uint32_t count) {
    int64_t x = 0;
    int64_t y = 0;
    int64_t side = 0;
    int64_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t either;
        uint32_t both = overlap(best, &open[i], &either);
        if (2u * open[i].confidence < best->confidence || 2u * both < either) {
            continue;
        }
        int64_t weight = open[i].confidence;
        x += weight * open[i].x;
        y += weight * open[i].y;
        side += weight * open[i].side;
        total += weight;
    }
    sm_sighting_t voted = {mean(x, total), mean(y, total), (uint16_t)mean(side, total), best->confidence};
    return voted;
}

/* ---- boxes ---- */

/* Start of a square of `side` whose centre is middle / fitted of `extent`, halves up, moved to lie inside. */
static uint16_t place(int32_t middle, uint32_t extent, uint32_t fitted, uint32_t side) {
    int64_t start = 2 * (int64_t)middle * extent - (int64_t)side * fitted + fitted;
    if (start <= 0) {
        return 0;
    }
    uint64_t from = (uint64_t)start / (2u * fitted);
    return (uint16_t)(from < extent - side ? from : extent - side);
}

static sm_box_t frame_box(const sm_neural_t *neural, const sm_sighting_t *face, const fit_t *fit, uint32_t width,
                          uint32_t height) {
    bool fills = fit->width == neural->width;
    uint32_t unit = SM_NEURAL_SUBPIXELS * (fills ? fit->width : fit->height);
    uint32_t side = (2u * face->side * (fills ? width : height) + unit) / (2u * unit);
    uint32_t most = width < height ? width : height;
    side = side > most ? most : side == 0 ? 1u : side;
    int32_t x = face->x - (int32_t)(SM_NEURAL_SUBPIXELS * fit->x);
    int32_t y = face->y - (int32_t)(SM_NEURAL_SUBPIXELS * fit->y);
    sm_box_t box = {place(x, width, SM_NEURAL_SUBPIXELS * fit->width, side),
                    place(y, height, SM_NEURAL_SUBPIXELS * fit->height, side), (uint16_t)side, (uint16_t)side};
    return box;
}

/* The most confident; the first of equals. */
static uint32_t strongest(const sm_sighting_t *open, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++) {
        if (open[i].confidence > open[best].confidence) {
            best = i;
        }
    }
    return best;
}

/* Removes what `best` suppresses, itself included, and keeps the order of the rest. */
static uint32_t suppress(sm_sighting_t best, sm_sighting_t *open, uint32_t count) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!suppresses(&best, &open[i])) {
            open[kept++] = open[i];
        }
    }
    return kept;
}

int sm_neural_locate(const sm_neural_t *neural, const uint8_t *pixels, uint16_t width, uint16_t height, int8_t *input,
                     sm_neural_scratch_t *scratch, sm_candidate_t out[SM_MAX_CANDIDATES]) {
    uint32_t canvas = (uint32_t)neural->width * neural->height;
    if (width == 0 || height == 0 || width > SM_MAX_FRAME_SIDE || height > SM_MAX_FRAME_SIDE ||
        neural->width > SM_NEURAL_MAX_EXTENT || neural->height > SM_NEURAL_MAX_EXTENT || canvas > SM_MAX_STANDARDIZED ||
        canvas > SM_NEURAL_MAX_CELLS * SM_NEURAL_CELL * SM_NEURAL_CELL) {
        return SM_ERR_ARGUMENT;
    }
    fit_t fit = fit_frame(neural, width, height);
    draw_canvas(neural, &fit, pixels, width, height, input, scratch);
    if (neural->invoke(input, scratch->map) < 0) {
        return SM_ERR_MODEL;
    }
    sm_sighting_t *open = scratch->sightings;
    uint32_t left = find_sightings(neural, scratch);
    int count = 0;
    while (left > 0 && count < SM_MAX_CANDIDATES) {
        sm_sighting_t best = open[strongest(open, left)];
        sm_sighting_t face = vote(&best, open, left);
        out[count].box = frame_box(neural, &face, &fit, width, height);
        out[count].confidence = best.confidence;
        count++;
        left = suppress(best, open, left);
    }
    return count;
}
