/*
 * Runs the model on every input that was linked in and writes one line for each: instructions, multiply-highs, the
 * output in hexadecimal. Lines "k <step> <instructions> <multiply-highs>" are written for each kernel call of the last
 * input when the model was generated with steps.
 *
 * Counted is what CCOUNT shows around model_invoke (src/build/xtensa-sim.ts says what that is).
 */
#include "sim.h"

extern const int8_t sim_inputs[];

static int8_t input[SIM_INPUT_LENGTH] __attribute__((aligned(16)));
static int8_t output[SIM_OUTPUT_LENGTH] __attribute__((aligned(16)));
static uint32_t ticks[SIM_STEPS + 1], multiplies[SIM_STEPS + 1];
static char line[64 + 2 * SIM_OUTPUT_LENGTH];

static char *put_number(char *to, uint32_t value) {
    char digits[10];
    int count = 0;
    do {
        digits[count++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (count > 0) {
        *to++ = digits[--count];
    }
    *to++ = ' ';
    return to;
}

void sim_step(int step) {
    ticks[step + 1] = sim_ccount();
    multiplies[step + 1] = sim_multiplies();
}

static void write_result(uint32_t count, uint32_t highs) {
    char *to = put_number(put_number(line, count), highs);
    for (int i = 0; i < SIM_OUTPUT_LENGTH; i++) {
        *to++ = "0123456789abcdef"[(uint8_t)output[i] >> 4];
        *to++ = "0123456789abcdef"[output[i] & 15];
    }
    *to++ = '\n';
    sim_write(1, line, (int)(to - line));
}

static void write_steps(void) {
    for (int i = 0; i < SIM_STEPS; i++) {
        char *to = line;
        *to++ = 'k';
        *to++ = ' ';
        to = put_number(to, (uint32_t)i);
        to = put_number(to, ticks[i + 1] - ticks[i]);
        to = put_number(to, multiplies[i + 1] - multiplies[i]);
        *to++ = '\n';
        sim_write(1, line, (int)(to - line));
    }
}

void sim_main(void) {
    for (int n = 0; n < SIM_INPUTS; n++) {
        memcpy(input, sim_inputs + n * SIM_INPUT_LENGTH, SIM_INPUT_LENGTH);
        ticks[0] = sim_ccount();
        multiplies[0] = sim_multiplies();
        const uint32_t first = ticks[0], highs = multiplies[0];
        if (sim_invoke(input, output) != 0) {
            sim_exit(1);
        }
        write_result(sim_ccount() - first, sim_multiplies() - highs);
    }
    write_steps();
    sim_exit(0);
}
