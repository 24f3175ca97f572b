/*
 * What firmware/kernels/lx6/smk_lx6.S does, written plainly in C from smk_lx6.h: so that everything around the inner
 * loops (bands, scratch, the arena) runs on this machine, under its sanitizers.
 */
#include "smk_lx6.h"

#define INNER(name) void name(const smk_lx6_channel_t *c)

void smk_lx6_widen(const int8_t *from, void *to, int32_t quads)
{
    static const int order[4] = {0, 2, 1, 3};
    int16_t *x = to;

    for (int32_t i = 0; i < quads * 4; i++) {
        x[i] = (int16_t)(2 * (from[i / 4 * 4 + order[i % 4]] + 128));
    }
}

void smk_lx6_fill(void *to, int32_t word, int32_t words)
{
    int32_t *x = to;

    for (int32_t i = 0; i < words; i++) {
        x[i] = word;
    }
}

void smk_lx6_unpack(const int32_t *from, void *to, int32_t quads)
{
    uint32_t *x = to;

    for (int32_t i = 0; i < quads; i++) {
        const uint32_t packed = (uint32_t)from[i];

        x[2 * i] = (packed & 0x00ff00ffu) - 0x007f007fu;
        x[2 * i + 1] = (packed >> 8 & 0x00ff00ffu) - 0x007f007fu;
    }
}

void smk_lx6_plane(const int8_t *from, void *to, int32_t count, int32_t step, int32_t rows, int32_t gap)
{
    int16_t *x = to;

    for (int32_t r = 0; r < rows; r++) {
        for (int32_t i = 0; i < count; i++) {
            *x++ = *from;
            from += step;
        }
        x += gap / 2;
    }
}

static int8_t rescaled(const smk_lx6_channel_t *c, int64_t sum)
{
    const int32_t doubled = (int32_t)sum;
    const int64_t product = (int64_t)doubled * c->multiplier;
    const int32_t high = (int32_t)((product + INT64_C(0x80000000)) >> 32);
    const int32_t value = (high + (high >> 31) + c->nudge) >> c->shift;

    return (int8_t)(value < c->low ? c->low : value > c->high ? c->high : value);
}

/* `runs` runs of activations under a window; the weights are turned left by one. */
static int8_t convolved(const smk_lx6_channel_t *c, const int8_t *x, int32_t runs)
{
    const int16_t *w = c->weights;
    const int32_t run = 4 * (c->loops + 1), taps = runs * run;
    int64_t sum = c->bias;

    for (int32_t i = 0; i < taps; i++) {
        const int8_t *from = x + i / run * (run * 2 + c->row_jump) + i % run * 2;

        sum += *(const int16_t *)(const void *)from * w[(i + taps - 1) % taps];
    }
    return rescaled(c, sum);
}

INNER(smk_lx6_conv1)
{
    const int8_t *x = c->x;

    for (int32_t p = 0; p < c->pixels; p++, x += c->weight_bytes) {
        c->output[p * c->step] = convolved(c, x, 1);
    }
}

INNER(smk_lx6_conv3)
{
    const int32_t window = 3 * 8 * (c->loops + 1) + 2 * c->row_jump;

    for (int32_t p = 0; p < c->lines * c->pixels; p++) {
        const int8_t *line = (const int8_t *)c->x + p / c->pixels * c->line_step;

        c->output[p * c->step] = convolved(c, line + p % c->pixels * (window + c->pixel_jump), 3);
    }
}

static void depthwise(const smk_lx6_channel_t *c, int32_t stride)
{
    const int16_t *w = c->weights;

    for (int32_t p = 0; p < c->lines * c->pixels; p++) {
        const int8_t *window = (const int8_t *)c->x + p / c->pixels * c->line_step + p % c->pixels * stride * 2;
        int64_t sum = c->bias;

        for (int32_t t = 0; t < 9; t++) {
            sum += *(const int16_t *)(const void *)(window + t / 3 * c->row_jump + t % 3 * 2) * w[t];
        }
        c->output[p * c->step] = rescaled(c, sum);
    }
}

INNER(smk_lx6_depthwise1)
{
    depthwise(c, 1);
}

INNER(smk_lx6_depthwise2)
{
    depthwise(c, 2);
}

/* With a range of their own, which here all have. */
INNER(smk_lx6_conv1_range)
{
    smk_lx6_conv1(c);
}

INNER(smk_lx6_conv3_range)
{
    smk_lx6_conv3(c);
}

INNER(smk_lx6_depthwise1_range)
{
    smk_lx6_depthwise1(c);
}

INNER(smk_lx6_depthwise2_range)
{
    smk_lx6_depthwise2(c);
}
