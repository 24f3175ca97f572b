#include "sm_preprocess.h"

#include "sm_resize.h"

/* Smallest standard deviation that is divided by, in grey levels. */
#define MIN_STD 4u
/* Standard deviations that map to 127. */
#define CLIP_STD 3u

<<<<<<< HEAD
/* Start of a square of `side` centred at thousandths `centre` of `extent`, shifted to lie inside. */
static uint16_t place(uint32_t extent, uint32_t centre, uint32_t side) {
    uint32_t middle = extent * centre / 1000u;
    uint32_t start = middle > side / 2u ? middle - side / 2u : 0u;
    uint32_t last = extent - side;
    return (uint16_t)(start < last ? start : last);
}

sm_box_t sm_locate(const sm_locator_t *locator, uint16_t width, uint16_t height) {
    uint32_t shorter = width < height ? width : height;
    uint32_t side = shorter * locator->size / 1000u;
    if (side == 0) {
        side = 1;
    }
    sm_box_t box = {place(width, locator->x, side), place(height, locator->y, side), (uint16_t)side, (uint16_t)side};
    return box;
=======
/*
 * line[i] = sum over source columns of weight * grey, in units of 1/size of a source pixel. One walk along the row:
 * whole source pixels inside an output column count `size` each, the pixel that the column's end cuts is shared with
 * the next one. At most 255 * 4096 per entry.
 */
static void sum_columns(const uint8_t *row, uint32_t width, uint32_t size, uint32_t *line) {
    uint32_t left = size; /* units of the current source pixel not yet used */
    for (uint32_t i = 0; i < size; i++) {
        uint32_t need = width; /* units that this output column still wants */
        uint32_t sum = 0;
        if (left < need) {
            sum = left * *row++;
            need -= left;
            uint32_t whole = 0;
            while (need >= size) {
                whole += *row++;
                need -= size;
            }
            sum += whole * size;
            left = size;
        }
        if (need > 0) {
            sum += need * *row;
            left -= need;
        }
        if (left == 0) {
            row++;
            left = size;
        }
        line[i] = sum;
    }
}

/* rows[i] += weight * line[i]; weights of one output row sum to the box height, so sums stay below 2^32. */
static void add_line(uint32_t *rows, const uint32_t *line, uint32_t weight, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        rows[i] += weight * line[i];
    }
}

/* Divides a finished output row by the box's area, halves up, and starts the next one. */
static void finish_row(uint32_t *rows, uint32_t area, uint32_t size, uint8_t *out) {
    for (uint32_t i = 0; i < size; i++) {
        out[i] = (uint8_t)((rows[i] + area / 2u) / area);
        rows[i] = 0;
    }
}

/* Exact area resize; walks the source rows as sum_columns walks the columns. */
static void resize_area(const uint8_t *origin, uint32_t stride, sm_box_t box, uint32_t size,
                        sm_preprocess_scratch_t *scratch, uint8_t *out) {
    uint32_t area = (uint32_t)box.width * box.height;
    uint32_t need = box.height; /* units that the current output row still wants */
    for (uint32_t i = 0; i < size; i++) {
        scratch->rows[i] = 0;
    }
    for (uint32_t y = 0; y < box.height; y++) {
        uint32_t left = size;
        sum_columns(origin + (size_t)y * stride, box.width, size, scratch->line);
        while (left > 0) {
            uint32_t weight = left < need ? left : need;
            add_line(scratch->rows, scratch->line, weight, size);
            left -= weight;
            need -= weight;
            if (need == 0) {
                finish_row(scratch->rows, area, size, out);
                out += size;
                need = box.height;
            }
        }
    }
>>>>>>> main
}

/* floor(sqrt(value)), digit by digit; value below 2^62. */
static uint32_t integer_sqrt(uint64_t value) {
    uint64_t root = 0;
    uint64_t bit = (uint64_t)1 << 60;
    while (bit > value) {
        bit >>= 2;
    }
    for (; bit != 0; bit >>= 2) {
        if (value >= root + bit) {
            value -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return (uint32_t)root;
}

/* One standardized value per grey level: at most 256 divisions however large the input is. Everything is multiplied by
 * the pixel count n. */
static void fill_table(int8_t *table, uint32_t n, uint32_t sum, uint64_t squares) {
    uint32_t spread = integer_sqrt((uint64_t)n * squares - (uint64_t)sum * sum);
    if (spread < MIN_STD * n) {
        spread = MIN_STD * n;
    }
    uint32_t divisor = CLIP_STD * spread;
    for (uint32_t grey = 0; grey < 256u; grey++) {
        uint32_t scaled = n * grey;
        bool negative = scaled < sum;
        uint32_t distance = 127u * (negative ? sum - scaled : scaled - sum);
        uint32_t q = (2u * distance + divisor) / (2u * divisor);
        if (q > 127u) {
            q = 127u;
        }
        table[grey] = (int8_t)(negative ? -(int32_t)q : (int32_t)q);
    }
}

static void standardize(const uint8_t *grey, uint32_t n, int8_t *table, int8_t *input) {
    uint32_t sum = 0;
    uint32_t squares = 0; /* at most 255 * 255 * 16384 < 2^32 */
    for (uint32_t i = 0; i < n; i++) {
        sum += grey[i];
        squares += (uint32_t)grey[i] * grey[i];
    }
    fill_table(table, n, sum, squares);
    for (uint32_t i = 0; i < n; i++) {
        input[i] = table[grey[i]];
    }
}

int sm_preprocess(const uint8_t *pixels, uint32_t stride, sm_box_t box, uint32_t size, int normalize,
                  sm_preprocess_scratch_t *scratch, int8_t *input) {
    if (size < SM_MIN_INPUT_SIZE || size > SM_MAX_INPUT_SIZE || box.width == 0 || box.height == 0 ||
        box.width > SM_MAX_FRAME_SIDE || box.height > SM_MAX_FRAME_SIDE ||
        (normalize != SM_NORMALIZE_NONE && normalize != SM_NORMALIZE_STANDARDIZE)) {
        return SM_ERR_ARGUMENT;
    }
    /* The grey values are kept where the result will be: both are one byte a pixel. */
    uint8_t *grey = (uint8_t *)input;
    uint32_t n = size * size;
    sm_resizer_t resizer;
    sm_resize_begin(&resizer, pixels, stride, box, size, size, scratch->line, scratch->rows);
    for (uint32_t row = 0; row < size; row++) {
        sm_resize_row(&resizer, grey + row * size);
    }
    if (normalize == SM_NORMALIZE_STANDARDIZE) {
        standardize(grey, n, scratch->table, input);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            input[i] = (int8_t)((int32_t)grey[i] - 128);
        }
    }
    return SM_OK;
}
