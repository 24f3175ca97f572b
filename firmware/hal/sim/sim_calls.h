/* What sim_start.S gives to a program, and the one function it calls. */
#ifndef SIM_CALLS_H
#define SIM_CALLS_H

#include <stdint.h>

/* Started with an empty stack; must not return. */
void sim_main(void);

_Noreturn void sim_exit(int code);
int sim_write(int fd, const void *bytes, int count);
/* CCOUNT: ticks of 1/1.28 instruction (src/build/xtensa-sim.ts). */
uint32_t sim_ccount(void);
/* Multiply-high instructions replaced so far. */
uint32_t sim_multiplies(void);

#endif
