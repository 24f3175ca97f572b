#include "sm_preprocess.h"

#include "sm_resize.h"

/* Smallest standard deviation that is divided by, in grey levels. */
#define MIN_STD 4u
/* Standard deviations that map to 127. */
#define CLIP_STD 3u

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

void sm_standardize(const uint8_t *grey, uint32_t n, int8_t *table, int8_t *input) {
    uint32_t sum = 0;
    uint32_t squares = 0; /* at most 255 * 255 * SM_MAX_STANDARDIZED < 2^32 */
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
        sm_standardize(grey, n, scratch->table, input);
    } else {
        for (uint32_t i = 0; i < n; i++) {
            input[i] = (int8_t)((int32_t)grey[i] - 128);
        }
    }
    return SM_OK;
}
