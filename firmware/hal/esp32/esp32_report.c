#include "esp32_report.h"

#include <inttypes.h>

#include "esp_log.h"

#include "sm_config.h"

static const char *const TAG = "smilec";

static void report_ready(const sm_report_t *report) {
    ESP_LOGI(TAG, "%s %s is ready: model %s, configuration %08" PRIx32 ", %u frames a press", sm_config.bot_name,
             sm_config.firmware_version, sm_config.model_hash, sm_config.config_hash, (unsigned)sm_config.burst);
    if (report->error != SM_OK) {
        ESP_LOGE(TAG, "the network%s failed its self-test: error %d",
                 report->error == SM_ERR_MEMORY ? "'s working memory" : "", report->error);
    }
    const sm_self_test_t *test = report->self_test;
    if (test->memory != SM_OK) {
        ESP_LOGE(TAG, "the memory failed its self-test: error %d", test->memory);
    }
    if (test->camera == SM_ERR_NOT_FOUND) {
        ESP_LOGW(TAG, "camera 0x%04x, this board comes with 0x%04x", (unsigned)test->sensor,
                 (unsigned)sm_config.sensor);
    } else if (test->camera != SM_OK) {
        ESP_LOGE(TAG, "the camera does not run: error %d", test->camera);
    }
}

/* What counts from now on, and what of SMILEC.CFG does not. */
static void report_settings(const sm_settings_t *settings, const sm_settings_problems_t *problems) {
    ESP_LOGI(TAG, SM_SETTINGS_NAME ": threshold %d, brightness %u, burst %u, interval %" PRIu32 " ms",
             (int)settings->threshold_margin, (unsigned)settings->brightness, (unsigned)settings->burst,
             settings->interval_ms);
    for (uint32_t i = 0; i < problems->count && i < SM_SETTINGS_PROBLEMS; i++) {
        ESP_LOGW(TAG, SM_SETTINGS_NAME " line %u left out: %s", (unsigned)problems->first[i].line,
                 sm_settings_text(problems->first[i].reason));
    }
}

static void report_scored(const sm_press_t *press) {
    ESP_LOGI(TAG, "press %" PRIu32 ": %s, sum %" PRId32 " of %u frames, threshold %" PRId32 ", %" PRIu32 " us",
             press->number, sm_press_answer(press), press->sum, (unsigned)press->faces, press->threshold,
             press->latency_us);
}

static void report_done(const sm_report_t *report) {
    const sm_press_t *press = report->press;
    ESP_LOGI(TAG, "press %" PRIu32 ": held %" PRIu32 " ms, %u of %u frames logged, error %d", press->number,
             press->press_ms, (unsigned)press->logged, (unsigned)press->frames, report->error);
}

void esp32_report(const sm_report_t *report) {
    switch (report->event) {
    case SM_EVENT_READY:
        report_ready(report);
        break;
    case SM_EVENT_SCORED:
        report_scored(report->press);
        break;
    case SM_EVENT_FAILED:
        ESP_LOGE(TAG, "press %" PRIu32 ": no decision, error %d", report->press->number, report->error);
        break;
    case SM_EVENT_DONE:
        report_done(report);
        break;
    case SM_EVENT_MOUNTED:
        ESP_LOGI(TAG, "card in use: segment %" PRIu32 ", slot %" PRIu32 ", next capture %" PRIu32, report->log->segment,
                 report->log->next_slot, report->log->next_sequence);
        break;
    case SM_EVENT_WITHDRAWN:
        ESP_LOGI(TAG, "%" PRIu32 " captures withdrawn, error %d", report->count, report->error);
        break;
    case SM_EVENT_SETTINGS:
        report_settings(report->settings, report->problems);
        break;
    case SM_EVENT_TESTED:
        ESP_LOG_LEVEL(report->error == SM_OK ? ESP_LOG_INFO : ESP_LOG_ERROR, TAG, "card tested, error %d",
                      report->error);
        break;
    case SM_EVENT_EJECTED:
        ESP_LOGI(TAG, "the card may be taken out");
        break;
    case SM_EVENT_FAULTS:
        ESP_LOGW(TAG, "faults 0x%02" PRIx32 ", error %d", report->faults, report->error);
        break;
    default:
        break;
    }
}
