#include "host_events.h"

#include <inttypes.h>
#include <stdio.h>

#include "host_json.h"

void host_print_ready(const host_events_t *events, int error) {
    const sm_config_t *config = events->config;
    if (events->silent) {
        return;
    }
    static const char *const engines[] = {"unknown", "aot", "tflm", "coin"};
    (void)printf("{\"event\":\"ready\",\"firmware\":\"%s\",\"bot\":", config->firmware_version);
    host_json_string(stdout, config->bot_name);
    (void)printf(",\"config\":\"%08" PRIx32
                 "\",\"model\":\"%s\",\"engine\":\"%s\",\"selfTest\":%s,\"device\":\"%08" PRIx32 "\",\"labels\":[",
                 config->config_hash, config->model_hash, engines[config->engine], error == SM_OK ? "true" : "false",
                 events->device_id);
    for (int i = 0; i < config->label_count; i++) {
        (void)fputs(i > 0 ? "," : "", stdout);
        host_json_string(stdout, config->labels[i]);
    }
    (void)printf("],\"positive\":%d,\"inputSize\":%d,\"burst\":%d,\"thresholdMargin\":%d,\"logFormat\":%d",
                 config->positive, config->input_size, config->burst, config->threshold_margin, SM_LOG_VERSION);
    if (events->host->serial.path[0] != '\0') {
        (void)fputs(",\"serial\":", stdout);
        host_json_string(stdout, events->host->serial.path);
    }
    (void)puts("}");
}

/* Closes an event, with its time where one is wanted. */
static void end_line(const host_events_t *events) {
    if (events->timed) {
        (void)printf(",\"atMs\":%" PRIu64, events->host->now_us / 1000u);
    }
    (void)fputs("}\n", stdout);
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

/* The picture's path, or the number of the stream's last frame. */
static void print_frame(const host_events_t *events) {
    char number[32];
    (void)snprintf(number, sizeof(number), "frame %" PRIu64,
                   events->host->stream == NULL ? 0 : events->host->stream->frames);
    host_json_string(stdout, events->frame == NULL ? number : events->frame);
}

void host_print_press(const host_events_t *events, const sm_press_t *press, int error) {
    int outputs = events->config->engine == SM_ENGINE_COIN ? 0 : events->config->label_count;
    if (events->silent) {
        return;
    }
    (void)fputs("{\"event\":\"decision\",\"frame\":", stdout);
    print_frame(events);
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
    (void)printf("],\"faces\":%d", press->faces);
    (void)printf(",\"sum\":%" PRId32 ",\"threshold\":%" PRId32
                 ",\"smile\":%s,\"logged\":%s,\"lights\":%s,\"latencyUs\":%" PRIu32 ",\"error\":%d",
                 press->sum, press->threshold, press->smile ? "true" : "false",
                 press->logged == press->frames ? "true" : "false", events->host->lights ? "true" : "false",
                 press->latency_us, error);
    end_line(events);
}

void host_print_faults(const host_events_t *events, uint32_t faults, int error) {
    static const char *const names[SM_FAULT_COUNT] = {"model",      "camera",      "no-card", "card-full",
                                                      "card-fails", "card-format", "button",  "settings",
                                                      "memory",     "setup",       "arena"};
    bool first = true;
    if (events->silent) {
        return;
    }
    (void)fputs("{\"event\":\"faults\",\"faults\":[", stdout);
    for (size_t i = 0; i < SM_FAULT_COUNT; i++) {
        if ((faults >> i) & 1u) {
            (void)printf("%s\"%s\"", first ? "" : ",", names[i]);
            first = false;
        }
    }
    (void)printf("],\"error\":%d", error);
    end_line(events);
}

void host_print_failed(const host_events_t *events, int error) {
    if (!events->silent) {
        (void)printf("{\"event\":\"failed\",\"error\":%d", error);
        end_line(events);
    }
}

void host_print_withdrawn(const host_events_t *events, uint32_t count, int error) {
    if (!events->silent) {
        (void)printf("{\"event\":\"withdrawn\",\"captures\":%" PRIu32 ",\"error\":%d", count, error);
        end_line(events);
    }
}

void host_print_settings(const host_events_t *events, const sm_settings_t *settings,
                         const sm_settings_problems_t *problems) {
    if (events->silent) {
        return;
    }
    (void)printf("{\"event\":\"settings\",\"thresholdMargin\":%d,\"brightness\":%u,\"burst\":%u,\"intervalMs\":%" PRIu32
                 ",\"problems\":[",
                 settings->threshold_margin, (unsigned)settings->brightness, (unsigned)settings->burst,
                 settings->interval_ms);
    for (uint32_t i = 0; i < problems->count && i < SM_SETTINGS_PROBLEMS; i++) {
        (void)printf("%s{\"line\":%u,\"reason\":\"%s\"}", i > 0 ? "," : "", (unsigned)problems->first[i].line,
                     sm_settings_text(problems->first[i].reason));
    }
    (void)fputs("]", stdout);
    end_line(events);
}

void host_print_end(uint32_t presses, uint32_t captures) {
    (void)printf("{\"event\":\"end\",\"presses\":%" PRIu32 ",\"captures\":%" PRIu32 "}\n", presses, captures);
}

const char *host_say(const sm_report_t *report, char *text, size_t bytes) {
    const sm_press_t *press = report->press;
    switch (report->event) {
    case SM_EVENT_SCORED:
        (void)snprintf(text, bytes, "press %" PRIu32 ": %s, sum %" PRId32 " of %d frames, threshold %" PRId32,
                       press->number, sm_press_answer(press), press->sum, press->faces, press->threshold);
        return text;
    case SM_EVENT_FAILED:
        (void)snprintf(text, bytes, "press %" PRIu32 ": no decision, error %d", press->number, report->error);
        return text;
    case SM_EVENT_WITHDRAWN:
        (void)snprintf(text, bytes, "%" PRIu32 " captures withdrawn", report->count);
        return report->error == SM_OK ? text : "nothing to withdraw";
    case SM_EVENT_FAULTS:
        (void)snprintf(text, bytes, "faults 0x%02" PRIx32, report->faults);
        return report->faults == 0 ? "all faults are gone" : text;
    case SM_EVENT_SETTINGS:
        (void)snprintf(text, bytes, "SMILEC.CFG read, %" PRIu32 " lines left out", report->problems->count);
        return text;
    case SM_EVENT_EJECTED:
        return "the card may be taken out";
    case SM_EVENT_MOUNTED:
    case SM_EVENT_READY:
    case SM_EVENT_DONE:
    case SM_EVENT_TESTED:
    default:
        return NULL;
    }
}
