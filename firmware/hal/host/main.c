/*
 * The firmware on the host, in virtual time: presses the button once per picture of a list, logs to a folder, and
 * prints one JSON line per event.
 *
 *   program --frames LIST --card DIR [--box whole|locator] [--device-id HEX8] [--seed N]
 *
 * LIST has one PGM path per line. Exit status: 0; 1 when the network fails; 2 for bad input; 3 when the output cannot
 * be written.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_hal.h"
#include "host_json.h"
#include "sm_app.h"
#include "sm_config.h"
#include "smilec_config.h"

#define EXIT_MODEL 1
#define EXIT_INPUT 2
#define EXIT_OUTPUT 3

/* Longest path in LIST, with its line end and terminating NUL. */
#define LINE_BYTES 4096
/* Virtual time after which a press that is not finished counts as a bug, microseconds. */
#define PRESS_LIMIT_US 60000000u

typedef struct options {
    const char *frames;
    const char *card;
    bool whole_box;
    uint32_t device_id;
    uint64_t seed;
} options_t;

typedef struct run {
    host_t host;
    sm_hal_t hal;
    sm_config_t config;
    sm_app_t app;
    const char *frame; /* path of the present press's picture */
    bool finished;     /* the present press is done */
    int failure;       /* sm_error of a failed press or network */
    uint32_t presses;
    uint32_t captures;
} run_t;

/* All memory of the program: what the board has in PSRAM and internal RAM. */
static uint8_t picture_memory[(size_t)SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT];
static uint8_t frame_memory[(size_t)SMILEC_BURST * SMILEC_FRAME_WIDTH * SMILEC_FRAME_HEIGHT];
static _Alignas(16) int8_t input_memory[(size_t)SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE];
static run_t the_run;

/* ---- output ---- */

static int complain(const char *what) {
    (void)fprintf(stderr, "%s\n", what);
    return EXIT_INPUT;
}

static void print_ready(const run_t *run, int error) {
    const sm_config_t *config = &run->config;
    static const char *const engines[] = {"unknown", "aot", "tflm", "coin"};
    (void)printf("{\"event\":\"ready\",\"firmware\":\"%s\",\"bot\":", config->firmware_version);
    host_json_string(stdout, config->bot_name);
    (void)printf(",\"config\":\"%08" PRIx32
                 "\",\"model\":\"%s\",\"engine\":\"%s\",\"selfTest\":%s,\"device\":\"%08" PRIx32 "\",\"labels\":[",
                 config->config_hash, config->model_hash, engines[config->engine], error == SM_OK ? "true" : "false",
                 run->hal.device_id);
    for (int i = 0; i < config->label_count; i++) {
        (void)fputs(i > 0 ? "," : "", stdout);
        host_json_string(stdout, config->labels[i]);
    }
    (void)printf("],\"positive\":%d,\"inputSize\":%d,\"burst\":%d,\"thresholdMargin\":%d,\"logFormat\":%d}\n",
                 config->positive, config->input_size, config->burst, config->threshold_margin, SM_LOG_VERSION);
}

static void print_outputs(const sm_press_t *press, int count) {
    for (int i = 0; i < press->frames; i++) {
        (void)fputs(i > 0 ? ",[" : "[", stdout);
        for (int k = 0; k < count; k++) {
            (void)printf(k > 0 ? ",%d" : "%d", press->outputs[i][k]);
        }
        (void)fputs("]", stdout);
    }
}

static void print_press(const run_t *run, const sm_press_t *press, int error) {
    int outputs = run->config.engine == SM_ENGINE_COIN ? 0 : run->config.label_count;
    (void)fputs("{\"event\":\"decision\",\"frame\":", stdout);
    host_json_string(stdout, run->frame);
    (void)fputs(",\"sequences\":[", stdout);
    for (int i = 0; i < press->logged; i++) {
        (void)printf(i > 0 ? ",%" PRIu32 : "%" PRIu32, press->sequences[i]);
    }
    (void)fputs("],\"outputs\":[", stdout);
    print_outputs(press, outputs);
    (void)fputs("],\"margins\":[", stdout);
    for (int i = 0; i < press->frames; i++) {
        (void)printf(i > 0 ? ",%d" : "%d", press->margins[i]);
    }
    (void)printf("],\"sum\":%" PRId32 ",\"threshold\":%" PRId32
                 ",\"smile\":%s,\"logged\":%s,\"lights\":%s,\"latencyUs\":%" PRIu32 ",\"error\":%d}\n",
                 press->sum, press->threshold, press->smile ? "true" : "false",
                 press->logged == press->frames ? "true" : "false", run->host.lights ? "true" : "false",
                 press->latency_us, error);
}

static void print_faults(uint32_t faults, int error) {
    static const char *const names[] = {"model",      "camera",      "no-card", "card-full",
                                        "card-fails", "card-format", "button"};
    bool first = true;
    (void)fputs("{\"event\":\"faults\",\"faults\":[", stdout);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((faults >> i) & 1u) {
            (void)printf("%s\"%s\"", first ? "" : ",", names[i]);
            first = false;
        }
    }
    (void)printf("],\"error\":%d}\n", error);
}

static void on_report(void *context, const struct sm_report *report) {
    run_t *run = context;
    switch (report->event) {
    case SM_EVENT_READY:
        run->failure = report->error;
        print_ready(run, report->error);
        break;
    case SM_EVENT_FAILED:
        run->failure = report->error;
        break;
    case SM_EVENT_DONE:
        run->presses++;
        run->captures += report->press->logged;
        run->finished = true;
        print_press(run, report->press, report->error);
        break;
    case SM_EVENT_FAULTS:
        print_faults(report->faults, report->error);
        break;
    case SM_EVENT_SCORED:
    case SM_EVENT_MOUNTED:
    case SM_EVENT_WITHDRAWN:
    default:
        break;
    }
}

/* ---- options ---- */

static bool parse_number(const char *text, int base, uint64_t largest, uint64_t *value) {
    char *end = NULL;
    errno = 0;
    unsigned long long parsed = strtoull(text, &end, base);
    if (errno != 0 || end == text || *end != '\0' || strchr("0123456789abcdefABCDEF", text[0]) == NULL ||
        parsed > largest) {
        return false;
    }
    *value = parsed;
    return true;
}

static bool parse_option(options_t *options, const char *name, const char *value) {
    uint64_t number = 0;
    if (strcmp(name, "--frames") == 0) {
        options->frames = value;
    } else if (strcmp(name, "--card") == 0) {
        options->card = value;
    } else if (strcmp(name, "--box") == 0 && (strcmp(value, "whole") == 0 || strcmp(value, "locator") == 0)) {
        options->whole_box = value[0] == 'w';
    } else if (strcmp(name, "--device-id") == 0 && strlen(value) == 8 && parse_number(value, 16, UINT32_MAX, &number)) {
        options->device_id = (uint32_t)number;
    } else if (strcmp(name, "--seed") == 0 && parse_number(value, 10, UINT64_MAX, &number)) {
        options->seed = number;
    } else {
        return false;
    }
    return true;
}

static int parse_options(int count, char **arguments, options_t *options) {
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count || !parse_option(options, arguments[i], arguments[i + 1])) {
            (void)fprintf(stderr, "bad argument: %s %s\n", arguments[i],
                          i + 1 < count ? arguments[i + 1] : "(without a value)");
            return complain(
                "usage: program --frames LIST --card DIR [--box whole|locator] [--device-id HEX8] [--seed N]");
        }
    }
    if (options->frames == NULL || options->card == NULL) {
        return complain("usage: program --frames LIST --card DIR [--box whole|locator] [--device-id HEX8] [--seed N]");
    }
    return 0;
}

/* ---- running ---- */

static int start(run_t *run, const options_t *options) {
    sm_memory_t memory = {frame_memory, sizeof(frame_memory), input_memory, sizeof(input_memory)};
    run->config = sm_config;
    if (options->whole_box) {
        run->config.locator = (sm_locator_t){500, 500, 1000};
    }
    run->hal = host_init(&run->host, options->card, options->device_id, options->seed, picture_memory,
                         SMILEC_FRAME_WIDTH, SMILEC_FRAME_HEIGHT);
    run->host.report = on_report;
    run->host.report_context = run;
    if (sm_app_init(&run->app, &run->hal, &run->config, &sm_engine, memory) != SM_OK) {
        return complain("the configuration this program was built with is not valid");
    }
    if (run->failure != SM_OK) {
        (void)fprintf(stderr,
                      "the network failed its self-test (%d): the golden input gives another output than recorded\n",
                      run->failure);
        return EXIT_MODEL;
    }
    return 0;
}

/* Presses once and lets the firmware run until it is idle again with the button up. */
static int press(run_t *run) {
    run->finished = false;
    host_press(&run->host);
    uint64_t limit = run->host.now_us + PRESS_LIMIT_US;
    while (!run->finished || sm_app_busy(&run->app) || run->app.button.down) {
        run->hal.sleep_ms(run->hal.context, sm_app_step(&run->app));
        if (run->failure != SM_OK || run->host.now_us > limit) {
            (void)fprintf(stderr, "%s: the firmware gave no decision (%d)\n", run->frame, run->failure);
            return EXIT_MODEL;
        }
    }
    return ferror(stdout) ? EXIT_OUTPUT : 0;
}

/* Reads the next line without its end. 1: a line, 0: end of the list, negative: too long or unreadable. */
static int next_line(FILE *list, char line[LINE_BYTES]) {
    do {
        if (fgets(line, LINE_BYTES, list) == NULL) {
            return ferror(list) ? -1 : 0;
        }
        size_t length = strlen(line);
        if (length + 1 == LINE_BYTES && line[length - 1] != '\n') {
            return -1;
        }
        line[length - (length > 0 && line[length - 1] == '\n')] = '\0';
    } while (line[0] == '\0');
    return 1;
}

static int press_all(run_t *run, FILE *list, const char *list_path) {
    static char line[LINE_BYTES]; /* run->frame stays valid */
    char message[HOST_MESSAGE_MAX];
    int status = 0;
    int more = next_line(list, line);
    while (status == 0 && more > 0) {
        run->frame = line;
        status = host_picture_load(&run->host.picture, line, message) == 0 ? press(run) : complain(message);
        more = status == 0 ? next_line(list, line) : more;
    }
    if (status == 0 && (more < 0 || run->presses == 0)) {
        (void)fprintf(stderr, "%s: %s\n", list_path,
                      more < 0 ? "cannot be read, or a line is too long" : "names no pictures");
        return EXIT_INPUT;
    }
    return status;
}

static int finish(run_t *run, int status) {
    sm_app_stop(&run->app);
    if (status == 0) {
        (void)printf("{\"event\":\"end\",\"presses\":%" PRIu32 ",\"captures\":%" PRIu32 "}\n", run->presses,
                     run->captures);
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)fputs("the output cannot be written\n", stderr);
        return status == 0 || status == EXIT_OUTPUT ? EXIT_OUTPUT : status;
    }
    return status;
}

int main(int count, char **arguments) {
    options_t options = {NULL, NULL, false, 0x50c00001u, 1};
    int status = parse_options(count, arguments, &options);
    if (status != 0) {
        return status;
    }
    FILE *list = fopen(options.frames, "r");
    if (list == NULL) {
        (void)fprintf(stderr, "%s: cannot be opened: %s\n", options.frames, strerror(errno));
        return EXIT_INPUT;
    }
    status = start(&the_run, &options);
    if (status == 0) {
        status = press_all(&the_run, list, options.frames);
    }
    (void)fclose(list);
    return finish(&the_run, status);
}
