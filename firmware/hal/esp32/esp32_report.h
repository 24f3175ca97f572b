/* The core's news as lines of the serial log. */
#ifndef ESP32_REPORT_H
#define ESP32_REPORT_H

#include "sm_app.h"

/* One line per event; returns quickly. */
void esp32_report(const sm_report_t *report);

#endif
