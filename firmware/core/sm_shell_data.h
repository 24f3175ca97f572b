/* The answers of the shell that are data: a frame, segments, their list (docs/serial.md). Results are SM_OK, or the
 * reply's status. */
#ifndef SM_SHELL_DATA_H
#define SM_SHELL_DATA_H

#include <stdint.h>

struct sm_app;

/* Each begins the answer to the request: sets where it starts and ends. The frame is taken now, or is the one that was
 * taken before; the list's segments are found: SM_ERR_NO_SLOT when the button went down meanwhile. */
int sm_shell_begin_frame(struct sm_app *app);
int sm_shell_begin_pull(struct sm_app *app);
int sm_shell_begin_list(struct sm_app *app);

/* Gives the next `bytes` of the PGM file. */
int sm_shell_read_frame(const struct sm_app *app, uint8_t *data, uint32_t bytes);

/* Describes one of the segments that were found, in the packet's memory; damaged and foreign ones with size 0. Returns
 * 1 when all are described. */
int sm_shell_step_list(struct sm_app *app);

#endif
