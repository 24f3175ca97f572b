#include "sm_classic.h"

/* Pixels of a level between two rows of windows. In a row they are twice as far apart, every other row begins one step
 * further right: as on a chessboard. */
#define STEP 2u
/*
 * What a level may take, so that every frame is done in time: a row of windows is left out when more than CREDIT and PACE
 * for each window of the rows before were looked up in the level so far. Few frames are so full of face-like things.
 */
#define CREDIT 1500u
#define PACE 6u
/* Longer side of the largest frame in which the smallest face keeps its size. */
#define REFERENCE_SIDE 320u

/* Sides of an octave's levels in thousandths of its picture: 2^(-k/3). */
static const uint16_t octave[] = {1000, 794, 630};
#define LEVELS (sizeof(octave) / sizeof(octave[0]))

typedef struct sm_size {
    uint32_t width;
    uint32_t height;
} sm_size_t;

static sm_size_t base_size(const sm_cascade_t *cascade, uint32_t width, uint32_t height) {
    uint32_t longer = width > height ? width : height;
    uint32_t side = (longer * cascade->smallest + REFERENCE_SIDE - 1u) / REFERENCE_SIDE;
    if (side < cascade->smallest) {
        side = cascade->smallest;
    }
    return (sm_size_t){width * cascade->window / side, height * cascade->window / side};
}

uint32_t sm_classic_bytes(const sm_cascade_t *cascade, uint16_t width, uint16_t height) {
    sm_size_t base = base_size(cascade, width, height);
    return SM_CLASSIC_BYTES(cascade->window, base.width, base.height);
}

static sm_classic_work_t *cut_up(const sm_cascade_t *cascade, const sm_size_t *base, void *memory) {
    sm_classic_work_t *work = memory;
    work->hits.count = 0;
    work->line = (uint32_t *)(work + 1);
    work->sums = work->line + base->width;
    work->integral = (uint16_t *)(work->sums + base->width);
    work->row = (uint8_t *)(work->integral + (cascade->window + 1u) * (base->width + 1u));
    work->picture = work->row + base->width;
    return work;
}

/* Scales a length or a place, rounded, halves up. */
static uint32_t scaled(uint32_t value, uint32_t from, uint32_t to) {
    return (2u * value * to + from) / (2u * from);
}

static uint32_t smaller(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* The square of the frame that a window of a level shows. */
static sm_hit_t hit_at(uint32_t window, const sm_size_t *frame, const sm_size_t *level, uint32_t x, uint32_t y) {
    uint32_t wanted = level->width >= level->height ? scaled(window, level->width, frame->width)
                                                    : scaled(window, level->height, frame->height);
    uint32_t side = smaller(wanted, smaller(frame->width, frame->height));
    return (sm_hit_t){
        .x = (uint16_t)smaller(scaled(x, level->width, frame->width), frame->width - side),
        .y = (uint16_t)smaller(scaled(y, level->height, frame->height), frame->height - side),
        .side = (uint16_t)side,
        .weight = 0,
    };
}

/* below = above + the sums of the row so far; all modulo 2^16. */
static void integrate(const uint8_t *row, uint32_t width, const uint16_t *above, uint16_t *below) {
    uint32_t sum = 0;
    below[0] = 0;
    for (uint32_t x = 0; x < width; x++) {
        sum += row[x];
        below[x + 1u] = (uint16_t)(above[x + 1u] + sum);
    }
}

/* Tables looked up in a level so far, and how many may have been. */
typedef struct sm_pace {
    uint32_t lookups;
    uint32_t allowance;
} sm_pace_t;

/* One row of windows; y is that of their top. */
static void scan_row(const sm_cascade_t *cascade, sm_classic_work_t *work, const sm_size_t *frame,
                     const sm_size_t *level, uint32_t y, sm_pace_t *pace) {
    const bool left_out = pace->lookups > pace->allowance;
    for (uint32_t x = y % (2u * STEP); x + cascade->window <= level->width; x += 2u * STEP) {
        pace->allowance += PACE;
        if (left_out) {
            continue;
        }
        uint32_t weight = sm_cascade_weigh(cascade, work->rows, x, &pace->lookups);
        if (weight > 0) {
            sm_hit_t hit = hit_at(cascade->window, frame, level, x, y);
            hit.weight = weight;
            sm_hits_add(&work->hits, hit);
        }
    }
}

/* One level, made of the octave's picture row by row; no more of its integral image is kept than the window is high. */
static void scan_level(const sm_cascade_t *cascade, sm_classic_work_t *work, const sm_size_t *frame,
                       const sm_size_t *picture, const sm_size_t *level) {
    const uint32_t stride = level->width + 1u;
    const uint32_t turns = cascade->window + 1u;
    const bool whole = level->width == picture->width;
    const sm_box_t box = {0, 0, (uint16_t)picture->width, (uint16_t)picture->height};
    sm_resize_begin(&work->resizer, work->picture, picture->width, box, level->width, level->height, work->line,
                    work->sums);
    for (uint32_t x = 0; x < stride; x++) {
        work->integral[x] = 0;
    }
    const uint16_t *above = work->integral;
    sm_pace_t pace = {0, CREDIT};
    for (uint32_t y = 0, slot = 1; y < level->height; y++) {
        const uint8_t *row = whole ? work->picture + y * picture->width : work->row;
        if (!whole) {
            sm_resize_row(&work->resizer, work->row);
        }
        uint16_t *below = work->integral + slot * stride;
        integrate(row, level->width, above, below);
        above = below;
        slot = slot + 1u == turns ? 0u : slot + 1u;
        if (y + 1u >= cascade->window && (y + 1u - cascade->window) % STEP == 0) {
            /* The slot to be filled next holds the oldest row: the window's top. */
            for (uint32_t i = 0, from = slot; i < turns; i++) {
                work->rows[i] = work->integral + from * stride;
                from = from + 1u == turns ? 0u : from + 1u;
            }
            scan_row(cascade, work, frame, level, y + 1u - cascade->window, &pace);
        }
    }
}

static void scan_octave(const sm_cascade_t *cascade, sm_classic_work_t *work, const sm_size_t *frame,
                        const sm_size_t *picture) {
    for (uint32_t k = 0; k < LEVELS; k++) {
        sm_size_t level = {picture->width * octave[k] / 1000u, picture->height * octave[k] / 1000u};
        if (level.width >= cascade->window && level.height >= cascade->window) {
            scan_level(cascade, work, frame, picture, &level);
        }
    }
}

/* Reduces `from` to work->picture; `pixels` may be that itself. */
static void reduce(sm_classic_work_t *work, const uint8_t *pixels, const sm_size_t *from, const sm_size_t *to) {
    const sm_box_t box = {0, 0, (uint16_t)from->width, (uint16_t)from->height};
    sm_resize_begin(&work->resizer, pixels, from->width, box, to->width, to->height, work->line, work->sums);
    for (uint32_t y = 0; y < to->height; y++) {
        sm_resize_row(&work->resizer, work->picture + y * to->width);
    }
}

int sm_classic_locate(const sm_cascade_t *cascade, const uint8_t *pixels, uint16_t width, uint16_t height,
                      void *memory, uint32_t bytes, sm_candidate_t out[SM_MAX_CANDIDATES]) {
    if (width == 0 || height == 0 || width > SM_MAX_FRAME_SIDE || height > SM_MAX_FRAME_SIDE) {
        return SM_ERR_ARGUMENT;
    }
    if (bytes < sm_classic_bytes(cascade, width, height)) {
        return SM_ERR_MEMORY;
    }
    const sm_size_t frame = {width, height};
    sm_size_t picture = base_size(cascade, width, height);
    sm_classic_work_t *work = cut_up(cascade, &picture, memory);
    const uint8_t *from = pixels;
    sm_size_t source = frame;
    while (picture.width >= cascade->window && picture.height >= cascade->window) {
        reduce(work, from, &source, &picture);
        scan_octave(cascade, work, &frame, &picture);
        from = work->picture;
        source = picture;
        picture = (sm_size_t){picture.width / 2u, picture.height / 2u};
    }
    return sm_hits_group(&work->hits, &work->groups, width, height, cascade->evidence, out);
}
