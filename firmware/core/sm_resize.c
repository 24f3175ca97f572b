#include "sm_resize.h"

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

/*
 * The same for two source columns to one output column, which is what most of a pyramid's reductions are: neither column
 * is ever shared.
 */
static void sum_pairs(const uint8_t *row, uint32_t size, uint32_t *line) {
    for (uint32_t i = 0; i < size; i++, row += 2) {
        line[i] = size * ((uint32_t)row[0] + row[1]);
    }
}

/*
 * The same for more than one and fewer than two source columns to one output column: the rest of a pixel, perhaps a
 * whole one, and the beginning of the next.
 */
static void sum_some_columns(const uint8_t *row, uint32_t width, uint32_t size, uint32_t *line) {
    uint32_t left = size; /* units of the current source pixel not yet used */
    for (uint32_t i = 0; i < size; i++) {
        uint32_t sum = left * *row++;
        uint32_t need = width - left;
        if (need >= size) {
            sum += size * *row++;
            need -= size;
        }
        if (need > 0) {
            sum += need * *row;
        }
        left = size - need;
        line[i] = sum;
    }
}

/* sums[i] = weight * line[i]: the first source row of an output row. */
static void begin_row(uint32_t *sums, const uint32_t *line, uint32_t weight, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        sums[i] = weight * line[i];
    }
}

/* sums[i] += weight * line[i]; weights of one output row sum to the box height, so sums stay below 2^32. */
static void add_line(uint32_t *sums, const uint32_t *line, uint32_t weight, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        sums[i] += weight * line[i];
    }
}

/* Divides a finished output row by the box's area, halves up. */
static void finish_row(const uint32_t *sums, uint32_t area, uint32_t size, uint8_t *out) {
    const uint32_t half = area / 2u;
    if (area == 0) {
        return;
    }
    for (uint32_t i = 0; i < size; i++) {
        out[i] = (uint8_t)((sums[i] + half) / area);
    }
}

void sm_resize_begin(sm_resizer_t *resizer, const uint8_t *pixels, uint32_t stride, sm_box_t box, uint32_t width,
                     uint32_t height, uint32_t *line, uint32_t *sums) {
    *resizer = (sm_resizer_t){
        .row = pixels + (size_t)box.y * stride + box.x,
        .stride = stride,
        .width = box.width,
        .height = box.height,
        .out_width = width,
        .out_height = height,
        .left = 0,
    };
    resizer->line = line;
    resizer->sums = sums;
}

static void sum_row(const sm_resizer_t *resizer) {
    const uint32_t size = resizer->out_width;
    if (resizer->width == 2u * size) {
        sum_pairs(resizer->row, size, resizer->line);
    } else if (resizer->width > size && resizer->width < 2u * size) {
        sum_some_columns(resizer->row, resizer->width, size, resizer->line);
    } else {
        sum_columns(resizer->row, resizer->width, size, resizer->line);
    }
}

/* Walks the source rows as sum_columns walks the columns. */
void sm_resize_row(sm_resizer_t *resizer, uint8_t *out) {
    uint32_t need = resizer->height; /* units that the output row still wants */
    while (need > 0) {
        if (resizer->left == 0) {
            sum_row(resizer);
            resizer->row += resizer->stride;
            resizer->left = resizer->out_height;
        }
        uint32_t weight = resizer->left < need ? resizer->left : need;
        if (need == resizer->height) {
            begin_row(resizer->sums, resizer->line, weight, resizer->out_width);
        } else {
            add_line(resizer->sums, resizer->line, weight, resizer->out_width);
        }
        resizer->left -= weight;
        need -= weight;
    }
    finish_row(resizer->sums, resizer->width * resizer->height, resizer->out_width, out);
}
