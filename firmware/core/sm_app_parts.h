/*
 * What the parts of the bot share; sm_app.h is what others use.
 *
 *   sm_app.c          a step, and what is done while nobody is at the button
 *   sm_app_start.c    from power-on to ready
 *   sm_app_check.c    what a configuration must be
 *   sm_app_press.c    what the button means, and a press on its way
 *   sm_app_card.c     mounting, failing, taking it out
 *   sm_app_faults.c   faults, reports, and the waits between attempts
 */
#ifndef SM_APP_PARTS_H
#define SM_APP_PARTS_H

#include "sm_app.h"

/* ---- sm_app_faults.c ---- */

uint32_t sm_app_now_ms(const sm_app_t *app);
void sm_app_report(const sm_app_t *app, enum sm_event event, int error, uint32_t count, const sm_press_t *press);

/* Replaces those of `mask` by `faults`; shows the lowest one and reports a change, with the error that led to it. */
void sm_app_set_faults(sm_app_t *app, uint32_t mask, uint32_t faults, int error);

/* After a failure: waits twice as long as before the last one. */
void sm_app_retry_later(const sm_app_t *app, sm_retry_t *retry);
bool sm_app_retry_due(const sm_app_t *app, const sm_retry_t *retry);

/* ---- sm_app_check.c ---- */

/* SM_ERR_ARGUMENT: a value out of its range, or a network of other sizes. SM_ERR_MEMORY: too little of it. */
int sm_app_check(const sm_config_t *config, const sm_engine_t *engine, const sm_memory_t *memory);

/* ---- sm_app_card.c ---- */

/* Mounting needs the button up: on some boards it shares a line with the card. */
bool sm_app_can_mount(const sm_app_t *app);
void sm_app_mount(sm_app_t *app);

/* Closes and unmounts: it is wanted again. */
void sm_app_drop_card(sm_app_t *app);

/* Takes note of how the last use of the card went. A full card stays mounted: its last captures can still be withdrawn.
 */
void sm_app_note_card(sm_app_t *app, int error);

/* Uses the card again that was, or was to be, ready to be taken out. */
void sm_app_end_eject(sm_app_t *app);

/* Card work while nobody waits. Returns whether something was done. */
bool sm_app_idle_card(sm_app_t *app);

/* ---- sm_app_press.c ---- */

void sm_app_watch_button(sm_app_t *app);

/* Returns whether there was work: not while a press waits for the button to be up. */
bool sm_app_step_session(sm_app_t *app);
bool sm_app_waits(const sm_app_t *app);

#endif
