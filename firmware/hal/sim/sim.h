/* The simulator's program: what the generated model gives to sim_main.c. */
#ifndef SIM_H
#define SIM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sim_calls.h"
#include "sim_model.h" /* SIM_INPUTS, SIM_INPUT_LENGTH, SIM_OUTPUT_LENGTH, SIM_STEPS, sim_invoke */

/* Called by a model generated with steps, after kernel call `step`. */
void sim_step(int step);

#endif
