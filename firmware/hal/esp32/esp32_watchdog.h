/* The task watchdog: a task that hangs restarts the chip; the next start logs why. */
#ifndef ESP32_WATCHDOG_H
#define ESP32_WATCHDOG_H

/*
 * Longest time between two feeds, milliseconds. The longest known stretches without one are the search for contiguous
 * room in the allocation table of a nearly full 32 GB card (about 11 s at 0.7 ms a block) and a slow network.
 */
#define ESP32_WATCHDOG_MS 30000

/* Watches the calling task and both idle tasks. SM_ERR_ARGUMENT when the watchdog refuses. */
int esp32_watchdog_start(void);

/* Says that the calling task still runs; nothing for a task that is not watched. */
void esp32_watchdog_feed(void);

#endif
