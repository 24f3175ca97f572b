/* The simulator's program: what sim_start.S and the generated model give to sim_main.c. */
#ifndef SIM_H
#define SIM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sim_model.h" /* SIM_INPUTS, SIM_INPUT_LENGTH, SIM_OUTPUT_LENGTH, SIM_STEPS, sim_invoke */

void sim_main(void);
void sim_exit(int code);
int sim_write(int fd, const void *bytes, int count);
uint32_t sim_ccount(void);
uint32_t sim_multiplies(void);

/* Called by a model generated with steps, after kernel call `step`. */
void sim_step(int step);

#endif
