/*
 * What firmware/kernels/lx6/smk_lx6.S computes, in C and for any machine, so that plans and the C around the assembly can be run under the sanitizers.
 * test/xtensa runs the assembly itself.
 */
#include "smk_lx6.h"

static int16_t low_half(int32_t word)
{
    return (int16_t)(word & 0xffff);
}

void smk_lx6_widen(const int8_t *from, void *to, int32_t quads)
{
    static const int order[4] = {0, 2, 1, 3};
    int16_t *wide = to;

    for (uint32_t n = (uint32_t)quads; n > 0; n--, from += 4, wide += 4) {
        for (int i = 0; i < 4; i++) {
            wide[i] = (int16_t)(2 * (from[order[i]] + 128));
        }
    }
}

void smk_lx6_fill(void *to, int32_t word, int32_t words)
{
    int32_t *at = to;

    for (uint32_t n = (uint32_t)words; n > 0; n--) {
        *at++ = word;
    }
}

void smk_lx6_unpack(const int32_t *from, void *to, int32_t quads)
{
    int32_t *at = to;

    for (uint32_t n = (uint32_t)quads; n > 0; n--, from++) {
        *at++ = (*from & 0x00ff00ff) - 0x007f007f;
        *at++ = (int32_t)((uint32_t)*from >> 8 & 0x00ff00ff) - 0x007f007f;
    }
}

void smk_lx6_plane(const int8_t *from, void *to, int32_t count, int32_t step, int32_t rows, int32_t gap)
{
    int8_t *at = to;

    do {
        for (uint32_t n = (uint32_t)count; n > 0; n--, from += step, at += 2) {
            const int16_t value = *from;

            memcpy(at, &value, 2);
        }
        at += gap;
    } while (--rows != 0);
}

/* The rescaling of smk_lx6.S: `acc` is twice the sum. */
static int8_t output_of(const smk_lx6_channel_t *c, int32_t acc)
{
    const int64_t product = (int64_t)acc * c->multiplier;
    int32_t value = (int32_t)(product >> 32) + (int32_t)(product >> 31 & 1);

    value += value >> 31;
    value = (value + c->nudge) >> c->shift;
    return (int8_t)(value < c->low ? c->low : value > c->high ? c->high : value);
}

static int16_t half_at(const void *base, int32_t bytes)
{
    int16_t half;

    memcpy(&half, (const int8_t *)base + bytes, 2);
    return half;
}

static void conv(const smk_lx6_channel_t *c, int runs)
{
    const int32_t taps = c->weight_bytes / 2, each = (c->loops + 1) * 4;
    const int32_t lines = runs == 1 ? 1 : c->lines;
    int8_t *to = c->output;

    for (int32_t line = 0; line < lines; line++) {
        const int8_t *x = (const int8_t *)c->x + (runs == 1 ? 0 : line * c->line_step);

        for (int32_t pixel = 0; pixel < c->pixels; pixel++, to += c->step) {
            int32_t acc = c->bias;

            for (int32_t r = 0, t = 0; r < runs; r++) {
                for (int32_t i = 0; i < each; i++, t++, x += 2) {
                    acc += half_at(x, 0) * half_at(c->weights, 2 * ((t + taps - 1) % taps));
                }
                x += runs == 1 ? 0 : r + 1 < runs ? c->row_jump : c->pixel_jump;
            }
            *to = output_of(c, acc);
        }
    }
}

void smk_lx6_conv1(const smk_lx6_channel_t *c) { conv(c, 1); }
void smk_lx6_conv1_range(const smk_lx6_channel_t *c) { conv(c, 1); }
void smk_lx6_conv3(const smk_lx6_channel_t *c) { conv(c, 3); }
void smk_lx6_conv3_range(const smk_lx6_channel_t *c) { conv(c, 3); }

static void depthwise(const smk_lx6_channel_t *c, int32_t stride)
{
    const int32_t *weights = c->weights;
    int8_t *to = c->output;

    for (int32_t line = 0; line < c->lines; line++) {
        for (int32_t pixel = 0; pixel < c->pixels; pixel++, to += c->step) {
            int32_t acc = c->bias;

            for (int32_t t = 0; t < 9; t++) {
                const int32_t pair = weights[t / 2];
                const int16_t weight = low_half(t % 2 == 0 ? pair : (int32_t)((uint32_t)pair >> 16));

                acc += weight * half_at(c->x, line * c->line_step + t / 3 * c->row_jump + (pixel * stride + t % 3) * 2);
            }
            *to = output_of(c, acc);
        }
    }
}

void smk_lx6_depthwise1(const smk_lx6_channel_t *c) { depthwise(c, 1); }
void smk_lx6_depthwise1_range(const smk_lx6_channel_t *c) { depthwise(c, 1); }
void smk_lx6_depthwise2(const smk_lx6_channel_t *c) { depthwise(c, 2); }
void smk_lx6_depthwise2_range(const smk_lx6_channel_t *c) { depthwise(c, 2); }
