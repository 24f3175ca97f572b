/* The answers of the shell that are text: lines of key=value, as docs/serial.md lists them. */
#ifndef SM_SHELL_TEXT_H
#define SM_SHELL_TEXT_H

#include "sm_text.h"

struct sm_app;

void sm_shell_status(const struct sm_app *app, sm_text_t *text);
void sm_shell_last(const struct sm_app *app, sm_text_t *text);
void sm_shell_threshold(const struct sm_app *app, sm_text_t *text);
void sm_shell_self_test(const struct sm_app *app, sm_text_t *text);

#endif
