#include "esp32_marks.h"

#include "esp_log.h"
#include "nvs_flash.h"

static const char *const TAG = "marks";

#define SPACE "smilec"
#define KEY_STARTS "starts"
#define KEY_MARKS "marks"

static int check(esp_err_t result, const char *action) {
    if (result == ESP_OK) {
        return SM_OK;
    }
    ESP_LOGW(TAG, "%s: %s", action, esp_err_to_name(result));
    return SM_ERR_IO;
}

int esp32_marks_open(esp32_marks_t *marks) {
    marks->open = false;
    esp_err_t result = nvs_flash_init();
    if (result == ESP_ERR_NVS_NO_FREE_PAGES || result == ESP_ERR_NVS_NEW_VERSION_FOUND) {
        ESP_LOGW(TAG, "NVS is erased: %s", esp_err_to_name(result));
        result = nvs_flash_erase();
        if (result == ESP_OK) {
            result = nvs_flash_init();
        }
    }
    if (result == ESP_OK) {
        result = nvs_open(SPACE, NVS_READWRITE, &marks->nvs);
    }
    marks->open = result == ESP_OK;
    return check(result, "open");
}

uint32_t esp32_marks_count_start(esp32_marks_t *marks) {
    uint32_t starts = 0;
    if (!marks->open) {
        return 0;
    }
    esp_err_t result = nvs_get_u32(marks->nvs, KEY_STARTS, &starts);
    if (result == ESP_OK || result == ESP_ERR_NVS_NOT_FOUND) {
        starts = starts == UINT32_MAX ? starts : starts + 1;
        result = nvs_set_u32(marks->nvs, KEY_STARTS, starts);
    }
    if (result == ESP_OK) {
        result = nvs_commit(marks->nvs);
    }
    return check(result, "count start") == SM_OK ? starts : 0;
}

int esp32_marks_load(esp32_marks_t *marks, sm_marks_t *out) {
    uint64_t both = 0;
    *out = (sm_marks_t){0};
    if (!marks->open) {
        return SM_ERR_IO;
    }
    esp_err_t result = nvs_get_u64(marks->nvs, KEY_MARKS, &both);
    if (result == ESP_ERR_NVS_NOT_FOUND) {
        return SM_OK;
    }
    out->sequence = (uint32_t)both;
    out->segment = (uint32_t)(both >> 32);
    return check(result, "load");
}

int esp32_marks_store(esp32_marks_t *marks, const sm_marks_t *in) {
    if (!marks->open) {
        return SM_ERR_IO;
    }
    esp_err_t result = nvs_set_u64(marks->nvs, KEY_MARKS, (uint64_t)in->segment << 32 | in->sequence);
    if (result == ESP_OK) {
        result = nvs_commit(marks->nvs);
    }
    return check(result, "store");
}
