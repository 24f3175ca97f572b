#include "sm_button.h"

void sm_button_init(sm_button_t *button, uint32_t debounce_ms, bool level, uint32_t now_ms) {
    *button = (sm_button_t){
        .debounce_ms = debounce_ms,
        .changed_ms = now_ms,
        .pressed_ms = now_ms,
        .level = level,
        .down = level,
        .armed = !level,
        .reached = SM_BUTTON_NONE,
    };
}

static enum sm_button_event press(sm_button_t *button) {
    button->down = true;
    button->pressed_ms = button->changed_ms;
    button->held_ms = 0;
    button->reached = SM_BUTTON_NONE;
    return SM_BUTTON_PRESSED;
}

static enum sm_button_event release(sm_button_t *button) {
    bool counted = button->armed;
    button->down = false;
    button->armed = true;
    button->held_ms = button->changed_ms - button->pressed_ms;
    return counted ? SM_BUTTON_RELEASED : SM_BUTTON_NONE;
}

/* The next hold stage, when it is due. A press that began before the start only ever counts as stuck. */
static enum sm_button_event hold(sm_button_t *button, uint32_t now_ms) {
    static const struct {
        uint8_t event;
        uint32_t after_ms;
    } stages[] = {
        {SM_BUTTON_LONG, SM_BUTTON_LONG_MS},
        {SM_BUTTON_VERY_LONG, SM_BUTTON_VERY_LONG_MS},
        {SM_BUTTON_STUCK, SM_BUTTON_STUCK_MS},
    };
    if (button->reached != SM_BUTTON_STUCK) {
        button->held_ms = now_ms - button->pressed_ms;
    }
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        if (stages[i].event > button->reached && button->held_ms >= stages[i].after_ms) {
            button->reached = stages[i].event;
            if (button->armed || stages[i].event == SM_BUTTON_STUCK) {
                return (enum sm_button_event)stages[i].event;
            }
        }
    }
    return SM_BUTTON_NONE;
}

enum sm_button_event sm_button_update(sm_button_t *button, bool level, uint32_t now_ms) {
    if (level != button->level) {
        button->level = level;
        button->changed_ms = now_ms;
    }
    if (button->level != button->down && now_ms - button->changed_ms >= button->debounce_ms) {
        return button->level ? press(button) : release(button);
    }
    return button->down ? hold(button, now_ms) : SM_BUTTON_NONE;
}
