#ifndef ESP_LOG_H
#define ESP_LOG_H

#define ESP_LOGE(tag, ...) test_log(tag, __VA_ARGS__)
#define ESP_LOGW(tag, ...) test_log(tag, __VA_ARGS__)
#define ESP_LOGI(tag, ...) test_log(tag, __VA_ARGS__)

void test_log(const char *tag, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
