/*
 * Answers what a program on the other end of the serial line asks (docs/serial.md): one request at a time, one packet
 * of at most about a KB per step, and only while no press is being worked on. A press stops an answer and it goes on
 * afterwards; a new request takes the place of the one being answered. Nothing waits for the line: a packet that nobody
 * takes for SM_SHELL_PATIENCE_MS is dropped with its request.
 */
#ifndef SM_SHELL_H
#define SM_SHELL_H

#include "sm_framing.h"
#include "sm_segments.h"

struct sm_app;

/* How long a packet waits for room on the line, and a request for the button to be up, milliseconds. */
#define SM_SHELL_PATIENCE_MS 5000u
/* Bytes taken from the line per step: a flood must not keep the bot from its button. */
#define SM_SHELL_TAKE 256u
/* One segment in the answer to SM_COMMAND_LIST: eight numbers of 32 bits. */
#define SM_LIST_ENTRY_BYTES 32u

/* Starts as all zeros. */
typedef struct sm_shell {
    sm_receiver_t receiver;
    uint32_t damaged; /* packets that came in damaged */

    /* ---- the request being answered ---- */
    sm_request_t request; /* command 0: none */
    bool begun;           /* its first packet has been made */
    uint32_t waiting_ms;  /* since when the line or the button is waited for */
    uint32_t offset;      /* of the next data in the whole reply */
    uint32_t end;         /* where the reply ends */
    uint32_t total;

    sm_segments_t segments;
    sm_segment_file_t found[SM_SEGMENTS_BATCH]; /* segments to describe */
    uint8_t next_found;

    uint16_t frame_number; /* of the frame kept in the memory for presses; 0: none */
    uint32_t frame_press;  /* presses when it was taken: a later one took the memory */
    uint32_t frame_bytes;  /* pixels */
    uint8_t frame_header_bytes;
    char frame_header[20];

    uint8_t tested; /* parts of the self-test that are done */
    int model_error;
    int camera_error;

    uint16_t packet_bytes; /* waiting to be written */
    uint8_t packet[SM_PACKET_BYTES];
} sm_shell_t;

/* One piece of work. Returns whether there was any: there may be more. Does nothing without a serial line. */
bool sm_shell_step(struct sm_app *app);

/* Lets go of the card before somebody else uses it or it goes; the answer goes on afterwards. */
void sm_shell_pause(struct sm_app *app);

#endif
