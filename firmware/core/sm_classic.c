#include "sm_classic.h"

#include "sm_classic_group.h"
#include "sm_resize.h"

/* Pixels of a level between two windows, in both directions. */
#define STEP 2u
/* Longer side of the largest frame in which the smallest face keeps its size. */
#define REFERENCE_SIDE 320u

/* Sides of an octave's levels in thousandths of its picture: 2^(-k/4). */
static const uint16_t octave[] = {1000, 841, 707, 595};
#define LEVELS (sizeof(octave) / sizeof(octave[0]))

/* The caller's memory, cut up. */
typedef struct sm_classic_work {
    sm_hits_t hits;
    sm_groups_t groups;
    const uint16_t *rows[SM_CLASSIC_MAX_WINDOW + 1]; /* of the integral image, from the window's top */
    sm_resizer_t resizer;
    uint32_t *line;     /* the resizer's: as many as the base has columns */
    uint32_t *sums;     /* likewise */
    uint16_t *integral; /* window + 1 rows of base width + 1 sums modulo 2^16, in turn */
    uint8_t *row;       /* one row of a level */
    uint8_t *picture;   /* the octave's */
} sm_classic_work_t;

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

/* Everything a base needs behind the head, the wider types first. */
static uint32_t body_bytes(const sm_cascade_t *cascade, const sm_size_t *base) {
    uint32_t sums = 2u * base->width * (uint32_t)sizeof(uint32_t);
    uint32_t integral = (cascade->window + 1u) * (base->width + 1u) * (uint32_t)sizeof(uint16_t);
    return sums + integral + base->width + base->width * base->height;
}

uint32_t sm_classic_bytes(const sm_cascade_t *cascade, uint16_t width, uint16_t height) {
    sm_size_t base = base_size(cascade, width, height);
    return (uint32_t)sizeof(sm_classic_work_t) + body_bytes(cascade, &base);
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

/* Sum over a block modulo 2^16, which is the sum: a block has at most 16x16 pixels. */
#define BLOCK(from, to) ((uint16_t)((to) - (from)))
#define NOT_DARKER(from, to, bit) (BLOCK(from, to) >= middle ? (bit) : 0u)

/*
 * Multi-block local binary pattern: the eight blocks around the middle one of 3x3, clockwise from the top left one in
 * bits 7 to 0; a bit is set where the block is not darker than the middle one.
 */
static inline uint32_t pattern_at(const uint16_t *const *rows, const sm_classic_blocks_t *blocks, uint32_t x) {
    const uint32_t width = blocks->width;
    const uint32_t height = blocks->height;
    const uint16_t *const *row = rows + blocks->y;
    const uint32_t left = x + blocks->x;
    const uint16_t *p = row[0] + left;
    const uint16_t *q = row[height] + left;
    const uint16_t *r = row[2u * height] + left;
    const uint16_t *s = row[3u * height] + left;
    /* Per row of blocks: differences down each of the four edges. */
    const uint32_t a0 = (uint32_t)q[0] - p[0];
    const uint32_t a1 = (uint32_t)q[width] - p[width];
    const uint32_t a2 = (uint32_t)q[2u * width] - p[2u * width];
    const uint32_t a3 = (uint32_t)q[3u * width] - p[3u * width];
    const uint32_t b0 = (uint32_t)r[0] - q[0];
    const uint32_t b1 = (uint32_t)r[width] - q[width];
    const uint32_t b2 = (uint32_t)r[2u * width] - q[2u * width];
    const uint32_t b3 = (uint32_t)r[3u * width] - q[3u * width];
    const uint32_t c0 = (uint32_t)s[0] - r[0];
    const uint32_t c1 = (uint32_t)s[width] - r[width];
    const uint32_t c2 = (uint32_t)s[2u * width] - r[2u * width];
    const uint32_t c3 = (uint32_t)s[3u * width] - r[3u * width];
    const uint32_t middle = BLOCK(b1, b2);
    return NOT_DARKER(a0, a1, 128u) | NOT_DARKER(a1, a2, 64u) | NOT_DARKER(a2, a3, 32u) | NOT_DARKER(b2, b3, 16u) |
           NOT_DARKER(c2, c3, 8u) | NOT_DARKER(c1, c2, 4u) | NOT_DARKER(c0, c1, 2u) | NOT_DARKER(b0, b1, 1u);
}

/* Score above the last threshold plus 1, or 0 when a threshold is missed. */
static uint32_t weigh(const sm_cascade_t *cascade, const uint16_t *const *rows, uint32_t x) {
    const sm_classic_blocks_t *blocks = cascade->blocks;
    const sm_classic_blocks_t *const end = blocks + cascade->count;
    const int8_t *table = cascade->tables[0];
    int32_t score = 0;
    do {
        score += table[pattern_at(rows, blocks, x)];
        if (score < blocks->threshold) {
            return 0;
        }
        table += sizeof(cascade->tables[0]);
        blocks++;
    } while (blocks != end);
    return (uint32_t)(score - end[-1].threshold) + 1u;
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

/* One row of windows; y is that of their top. */
static void scan_row(const sm_cascade_t *cascade, sm_classic_work_t *work, const sm_size_t *frame,
                     const sm_size_t *level, uint32_t y) {
    for (uint32_t x = 0; x + cascade->window <= level->width; x += STEP) {
        uint32_t weight = weigh(cascade, work->rows, x);
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
            scan_row(cascade, work, frame, level, y + 1u - cascade->window);
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
                      void *memory, uint32_t bytes, sm_candidate_t *out, uint32_t max) {
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
    return (int)sm_hits_group(&work->hits, &work->groups, width, height, cascade->evidence, out, max);
}
