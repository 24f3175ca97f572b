/*
 * The firmware on the host: a folder or an image file as card, pictures or a raw frame stream as camera, and as button
 * one press per picture, a script (both in virtual time) or the keyboard (in real time). Prints one JSON line per event.
 *
 *   program --frames LIST|--raw WxH FILE --card PATH [--button FILE|--keyboard|--serial pty] ... (host_options.c)
 *   program --new-card MIB --card FILE
 *
 * With a script or the keyboard the next picture is there when a press is finished, and after the last one the first.
 * With --serial the bot presses once per picture, if any, and then goes on in real time until standard input ends: its
 * serial line is a pseudo-terminal whose path is in the `ready` line.
 * Exit status: 0; 1 when the network fails; 2 for bad input; 3 when the output cannot be written; 128 and the signal's
 * number when one ended the keyboard.
 */
/* Kinds of files, beyond C11. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "host_run.h"
#include "sm_config.h"
#include "smilec_config.h"
#if __has_include("host_image.h")
#include "host_image.h"
#define HAS_IMAGES
#endif

#define FRAME_BYTES ((size_t)SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT)

/* All memory of the program: what the board has in PSRAM and internal RAM, and the stream's two frames. */
static uint8_t picture_memory[FRAME_BYTES];
static uint8_t stream_memory[2][FRAME_BYTES];
static uint8_t frame_memory[SMILEC_BURST * FRAME_BYTES];
static _Alignas(16) int8_t input_memory[(size_t)SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE];
static host_run_t the_run;

static int complain(const char *what) {
    (void)fprintf(stderr, "%s\n", what);
    return HOST_EXIT_INPUT;
}

/* ---- an image file as card ---- */

#ifdef HAS_IMAGES

static struct host_image the_image;

static int complain_of_image(const char *path) {
    const char *reason = errno == EBUSY ? "another program has it as its card" : strerror(errno);
    (void)fprintf(stderr, "%s: cannot be the card: %s\n", path, reason);
    return HOST_EXIT_INPUT;
}

static int use_image(host_run_t *run) {
    const char *path = run->options->card;
    return host_image_use(&the_image, path, &run->host, &run->hal) == 0 ? 0 : complain_of_image(path);
}

static void close_image(void) {
    host_image_close(&the_image);
}

static int make_image(const host_options_t *options) {
    if (options->new_card < HOST_IMAGE_LEAST || options->new_card > HOST_IMAGE_MOST) {
        (void)fprintf(stderr, "a card has %u to %u MiB\n", HOST_IMAGE_LEAST, HOST_IMAGE_MOST);
        return HOST_EXIT_INPUT;
    }
    return host_image_make(options->card, options->new_card) == 0 ? 0 : complain_of_image(options->card);
}

#else

static int use_image(host_run_t *run) {
    (void)run;
    return complain("this program is built without image files as cards; `smilec simulate` builds one with them");
}

static void close_image(void) {
}

static int make_image(const host_options_t *options) {
    (void)options;
    return use_image(NULL);
}

#endif

/* A card that is not there may be one that comes later. */
static int open_card(host_run_t *run) {
    struct stat status;
    bool image = stat(run->options->card, &status) == 0 && S_ISREG(status.st_mode);
    return image ? use_image(run) : 0;
}

/* ---- a run ---- */

/* Opens what the options name. Everything that is open then is closed by finish(). */
static int open_inputs(host_run_t *run) {
    const host_options_t *options = run->options;
    if (open_card(run) != 0) {
        return HOST_EXIT_INPUT;
    }
    if (options->raw != NULL) {
        if (options->raw_width > SMILEC_FRAME_WIDTH || options->raw_height > SMILEC_FRAME_HEIGHT) {
            (void)fprintf(stderr, "%s: the frames are %u x %u pixels; at most %d x %d fit\n", options->raw,
                          (unsigned)options->raw_width, (unsigned)options->raw_height, SMILEC_FRAME_WIDTH,
                          SMILEC_FRAME_HEIGHT);
            return HOST_EXIT_INPUT;
        }
        run->host.stream = &run->stream;
        if (host_stream_open(&run->stream, options->raw, options->raw_width, options->raw_height, stream_memory[0],
                             stream_memory[1]) != 0) {
            return complain(run->stream.message);
        }
    } else if (options->frames != NULL) {
        run->list = fopen(options->frames, "r");
        if (run->list == NULL) {
            (void)fprintf(stderr, "%s: cannot be opened: %s\n", options->frames, strerror(errno));
            return HOST_EXIT_INPUT;
        }
    }
    if (options->button != NULL) {
        run->host.button = &run->button;
        return host_button_open(&run->button, options->button) == 0 ? 0 : complain(run->button.message);
    }
    if (options->serial && host_use_serial(&run->host, &run->hal) != 0) {
        (void)fprintf(stderr, "no pseudo-terminal: %s\n", strerror(errno));
        return HOST_EXIT_INPUT;
    }
    if (options->keyboard) {
        run->host.keyboard = host_keyboard_open(&run->keyboard) ? &run->keyboard : NULL;
        return run->host.keyboard == NULL ? HOST_EXIT_INPUT : 0;
    }
    return 0;
}

static int start(host_run_t *run) {
    const host_options_t *options = run->options;
    sm_memory_t memory = {frame_memory, sizeof(frame_memory), input_memory, sizeof(input_memory)};
    run->config = sm_config;
    if (options->whole_box) {
        run->config.locator = (sm_locator_t){
            .kind = SM_LOCATOR_CENTER,
            .x = 500,
            .y = 500,
            .size = 1000,
            .model_hash = "0000000000000000",
        };
    }
    run->hal = host_init(&run->host, options->card, options->device_id, options->seed, picture_memory,
                         SMILEC_FRAME_WIDTH, SMILEC_FRAME_HEIGHT);
    run->host.report = host_run_report;
    run->host.report_context = run;
    int status = open_inputs(run);
    run->events = (host_events_t){
        .host = &run->host,
        .config = &run->config,
        .device_id = options->device_id,
        .timed = options->button != NULL || options->keyboard,
        .silent = options->keyboard && host_keyboard_shares(&run->keyboard),
    };
    if (status != 0) {
        return status;
    }
    if (sm_app_init(&run->app, &run->hal, &run->config, &sm_engine, memory) != SM_OK) {
        return complain("the configuration this program was built with is not valid");
    }
    if (run->failure != SM_OK) {
        (void)fprintf(stderr,
                      "the network failed its self-test (%d): the golden input gives another output than recorded\n",
                      run->failure);
        return HOST_EXIT_MODEL;
    }
    return 0;
}

static int finish(host_run_t *run, int status) {
    if (run->host.keyboard != NULL) {
        host_keyboard_close(&run->keyboard);
    }
    if (run->host.stream != NULL) {
        host_stream_close(&run->stream);
    }
    host_button_close(&run->button);
    close_image();
    if (run->list != NULL) {
        (void)fclose(run->list);
    }
    if (status == 0 && !run->events.silent) {
        host_print_end(run->presses, run->captures);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fputs("the output cannot be written\n", stderr);
        return status == 0 || status == HOST_EXIT_OUTPUT ? HOST_EXIT_OUTPUT : status;
    }
    return status;
}

int main(int count, char **arguments) {
    host_options_t options;
    if (!host_options_parse(count, arguments, &options)) {
        return HOST_EXIT_INPUT;
    }
    if (options.new_card > 0) {
        return make_image(&options);
    }
    the_run.options = &options;
    int status = start(&the_run);
    if (status == 0) {
        status = host_run(&the_run);
        sm_app_stop(&the_run.app);
    }
    return finish(&the_run, status);
}
