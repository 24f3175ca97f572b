#include "driver_bot.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sm_crc32.h"

static uint8_t picture[DRIVER_FRAME_BYTES];
static uint8_t frame_memory[SMILEC_BURST * DRIVER_FRAME_BYTES];
static _Alignas(16) int8_t input_memory[(size_t)SMILEC_INPUT_SIZE * SMILEC_INPUT_SIZE];
static uint32_t crcs[SM_MAX_BURST]; /* of the frames of the present press */

sm_memory_t driver_memory(void) {
    return (sm_memory_t){frame_memory, sizeof(frame_memory), input_memory, sizeof(input_memory)};
}

sm_frame_t driver_frame(uint32_t number) {
    for (uint32_t i = 0; i < sizeof(picture); i++) {
        picture[i] = (uint8_t)((i * (number * 2u + 1u) + (i >> 5) * number) >> 2);
    }
    return (sm_frame_t){
        .pixels = picture,
        .width = SMILEC_FRAME_WIDTH,
        .height = SMILEC_FRAME_HEIGHT,
        .sensor_id = 0x2642,
        .sensor_status = SM_SENSOR_AUTO_EXPOSURE | SM_SENSOR_MIRROR,
        .exposure = 300u + number,
        .gain = 7,
    };
}

void driver_release(sm_frame_t *frame) {
    memset(picture, 0xaa, sizeof(picture));
    frame->pixels = NULL;
}

static void print_numbers(const char *name, const uint32_t *numbers, uint32_t count) {
    (void)printf(",\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++) {
        (void)printf("%s%" PRIu32, i > 0 ? "," : "", numbers[i]);
    }
    (void)fputs("]", stdout);
}

static void print_press(const char *event, const struct sm_report *report, const driver_view_t *view) {
    const sm_press_t *press = report->press;
    (void)printf("{\"event\":\"%s\",\"press\":%" PRIu32 ",\"pressMs\":%" PRIu32
                 ",\"frames\":%u,\"smile\":%s,\"sum\":%" PRId32 ",\"threshold\":%" PRId32 ",\"lights\":%s,\"error\":%d",
                 event, press->number, press->press_ms, press->frames, press->smile ? "true" : "false", press->sum,
                 press->threshold, view->lights ? "true" : "false", report->error);
    (void)printf(",\"sinceUs\":%" PRIu64 ",\"latencyUs\":%" PRIu32, view->since_us, press->latency_us);
    print_numbers("crcs", crcs, press->frames);
    print_numbers("sequences", press->sequences, press->logged);
    (void)puts("}");
}

void driver_print_cut(const sm_session_t *session, uint32_t waiting) {
    const sm_press_t *press = &session->press;
    (void)printf("{\"event\":\"cut\",\"waiting\":%" PRIu32, waiting);
    if (session->state == SM_SESSION_LOG) {
        print_numbers("crcs", crcs, press->frames);
        print_numbers("sequences", press->sequences, press->logged);
    }
    (void)puts("}");
}

static void note_frames(const sm_press_t *press, const driver_view_t *view) {
    for (uint32_t i = 0; i < press->frames; i++) {
        size_t bytes = (size_t)view->app->session.captures[i].width * view->app->session.captures[i].height;
        crcs[i] = sm_crc32(0, view->frames + i * DRIVER_FRAME_BYTES, bytes);
    }
}

static void print_mounted(const sm_log_t *log) {
    (void)printf("{\"event\":\"mounted\",\"segment\":%" PRIu32 ",\"slot\":%" PRIu32 ",\"sequence\":%" PRIu32
                 ",\"boot\":%" PRIu32 "}\n",
                 log->file < 0 ? 0 : log->segment, log->next_slot, log->next_sequence, log->boot);
}

static void print_settings(const struct sm_report *report) {
    (void)printf("{\"event\":\"settings\",\"threshold\":%d,\"burst\":%u,\"brightness\":%u,\"count\":%" PRIu32 "}\n",
                 report->settings->threshold_margin, report->settings->burst, report->settings->brightness,
                 report->problems->count);
}

void driver_say(const char *name) {
    (void)printf("{\"event\":\"%s\"}\n", name);
    (void)fflush(stdout);
}

void driver_print(const struct sm_report *report, const driver_view_t *view) {
    switch (report->event) {
    case SM_EVENT_READY:
        (void)printf("{\"event\":\"ready\",\"error\":%d,\"memory\":%d,\"camera\":%d,\"sensor\":%u}\n", report->error,
                     report->self_test->memory, report->self_test->camera, report->self_test->sensor);
        break;
    case SM_EVENT_SCORED:
        note_frames(report->press, view);
        print_press("scored", report, view);
        break;
    case SM_EVENT_FAILED:
        print_press("failed", report, view);
        break;
    case SM_EVENT_DONE:
        print_press("done", report, view);
        break;
    case SM_EVENT_MOUNTED:
        print_mounted(report->log);
        break;
    case SM_EVENT_WITHDRAWN:
        (void)printf("{\"event\":\"withdrawn\",\"count\":%" PRIu32 ",\"error\":%d}\n", report->count, report->error);
        break;
    case SM_EVENT_FAULTS:
        (void)printf("{\"event\":\"faults\",\"faults\":%" PRIu32 ",\"error\":%d}\n", report->faults, report->error);
        break;
    case SM_EVENT_SETTINGS:
        print_settings(report);
        break;
    case SM_EVENT_TESTED:
        if (report->error != SM_OK) {
            (void)printf("{\"event\":\"tested\",\"error\":%d}\n", report->error);
        }
        break;
    case SM_EVENT_EJECTED:
        (void)printf("{\"event\":\"ejected\",\"opens\":%" PRIu32 ",\"mounted\":%s}\n", view->opens,
                     view->mounted ? "true" : "false");
        break;
    default:
        abort();
    }
}
