#include "sm_shell.h"

#include <string.h>

#include "sm_app_parts.h"
#include "sm_shell_data.h"
#include "sm_shell_text.h"

/* ---- packets ---- */

/* Makes the data that are in place, `bytes` of them, the next packet. */
static void make_packet(sm_app_t *app, int status, uint32_t bytes) {
    sm_shell_t *shell = &app->shell;
    sm_reply_t reply = {
        .command = shell->request.command,
        .id = shell->request.id,
        .status = (int16_t)status,
        .tag = shell->request.command == SM_COMMAND_FRAME && status == SM_OK ? shell->frame_number : 0,
        .offset = shell->offset,
        .total = shell->total,
    };
    shell->packet_bytes = (uint16_t)sm_packet_finish(shell->packet, &reply, bytes);
    shell->waiting_ms = sm_app_now_ms(app);
    shell->offset += bytes;
    if (status != SM_OK || shell->offset >= shell->end) {
        shell->request.command = 0;
    }
}

/* An answer of one packet: all of it, or what went wrong. */
static void reply_once(sm_app_t *app, int status, uint32_t bytes) {
    app->shell.offset = 0;
    app->shell.end = bytes;
    app->shell.total = bytes;
    make_packet(app, status, bytes);
}

static void reply_text(sm_app_t *app, void (*write)(const struct sm_app *app, sm_text_t *text)) {
    sm_text_t text = {(char *)sm_packet_data(app->shell.packet), 0, SM_REPLY_DATA_MAX, false};
    write(app, &text);
    reply_once(app, text.overflow ? SM_ERR_MEMORY : SM_OK, text.overflow ? 0 : (uint32_t)text.length);
}

static uint32_t piece(const sm_shell_t *shell) {
    uint32_t rest = shell->end - shell->offset;
    return rest < SM_REPLY_DATA_MAX ? rest : SM_REPLY_DATA_MAX;
}

/* ---- self-test and threshold ---- */

/* A network whose working memory failed is not asked, as at the start. */
static int test_network(const sm_app_t *app) {
    if (app->config.engine == SM_ENGINE_COIN || app->self_test.model == SM_ERR_MEMORY) {
        return app->self_test.model;
    }
    return app->session.engine->self_test() == 0 ? SM_OK : SM_ERR_SELF_TEST;
}

/* One part per step: the network, the camera, the words. */
static void step_self_test(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    sm_frame_t frame;
    switch (shell->tested++) {
    case 0:
        shell->model_error = test_network(app);
        break;
    case 1:
        shell->camera_error = app->hal->camera_acquire(app->hal->context, &frame);
        if (shell->camera_error == SM_OK) {
            app->hal->camera_release(app->hal->context, &frame);
        }
        break;
    default:
        reply_text(app, sm_shell_self_test);
        break;
    }
}

static void answer_threshold(sm_app_t *app) {
    const uint32_t *arguments = app->shell.request.arguments;
    int32_t value = arguments[1] <= INT32_MAX ? (int32_t)arguments[1] : -(int32_t)(UINT32_MAX - arguments[1]) - 1;
    if (arguments[0] > 1 || (arguments[0] == 1 && (value < -256 || value > 255))) {
        reply_once(app, SM_ERR_ARGUMENT, 0);
        return;
    }
    if (arguments[0] == 1) {
        app->config.threshold_margin = (int16_t)value;
    }
    reply_text(app, sm_shell_threshold);
}

/* ---- answering ---- */

/* Answers in pieces: those that use card or camera. */
static void answer_long(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    int error = SM_OK;
    if (!shell->begun) {
        shell->begun = true;
        error = shell->request.command == SM_COMMAND_FRAME  ? sm_shell_begin_frame(app)
                : shell->request.command == SM_COMMAND_PULL ? sm_shell_begin_pull(app)
                                                            : sm_shell_begin_list(app);
        shell->begun = error != SM_ERR_NO_SLOT;
    } else if (shell->request.command == SM_COMMAND_LIST) {
        error = sm_shell_step_list(app);
        if (error == 1) {
            error = SM_OK;
            reply_once(app, SM_OK, shell->offset);
        }
    } else {
        uint32_t bytes = piece(shell);
        uint8_t *data = sm_packet_data(shell->packet);
        error = shell->request.command == SM_COMMAND_FRAME
                    ? sm_shell_read_frame(app, data, bytes)
                    : sm_segments_read(&shell->segments, &app->log, shell->offset, data, bytes);
        if (error == SM_OK) {
            make_packet(app, SM_OK, bytes);
        }
    }
    if (error != SM_OK && error != SM_ERR_NO_SLOT) {
        make_packet(app, error, 0);
    }
}

/* Does one piece of what was asked. Returns false while it has to wait. */
static bool answer(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    bool uses_card = shell->request.command == SM_COMMAND_FRAME || shell->request.command == SM_COMMAND_LIST ||
                     shell->request.command == SM_COMMAND_PULL || shell->request.command == SM_COMMAND_SELF_TEST;
    if (uses_card && (app->button.down || app->button.level)) {
        if (sm_app_now_ms(app) - shell->waiting_ms >= SM_SHELL_PATIENCE_MS) {
            make_packet(app, SM_REPLY_BUSY, 0);
        }
        return false;
    }
    shell->waiting_ms = sm_app_now_ms(app);
    switch (shell->request.command) {
    case SM_COMMAND_STATUS:
        reply_text(app, sm_shell_status);
        break;
    case SM_COMMAND_LAST:
        if (app->session.press.number == 0) {
            reply_once(app, SM_ERR_NOT_FOUND, 0);
        } else {
            reply_text(app, sm_shell_last);
        }
        break;
    case SM_COMMAND_THRESHOLD:
        answer_threshold(app);
        break;
    case SM_COMMAND_SELF_TEST:
        step_self_test(app);
        break;
    case SM_COMMAND_FRAME:
    case SM_COMMAND_LIST:
    case SM_COMMAND_PULL:
        answer_long(app);
        break;
    default:
        reply_once(app, SM_REPLY_COMMAND, 0);
        break;
    }
    return true;
}

/* ---- the line ---- */

/* Whoever asks anew has given the old answer up. */
static void begin_request(sm_app_t *app, const sm_request_t *request, enum sm_received received) {
    sm_shell_t *shell = &app->shell;
    sm_shell_pause(app);
    shell->request = *request;
    shell->begun = false;
    shell->tested = 0;
    shell->offset = 0;
    shell->end = 0;
    shell->total = 0;
    shell->packet_bytes = 0;
    shell->waiting_ms = sm_app_now_ms(app);
    if (received == SM_RECEIVED_VERSION) {
        reply_once(app, SM_REPLY_VERSION, 0);
    }
}

/* Takes what has come in, up to the first whole request or SM_SHELL_TAKE bytes. */
static void take_input(sm_app_t *app) {
    uint8_t bytes[SM_SHELL_TAKE];
    sm_request_t request;
    int count = app->hal->serial_read(app->hal->context, bytes, sizeof(bytes));
    for (int i = 0; i < count; i++) {
        enum sm_received received = sm_receive(&app->shell.receiver, bytes[i], &request);
        if (received == SM_RECEIVED_DAMAGED) {
            app->shell.damaged++;
        } else if (received != SM_RECEIVED_NOTHING) {
            begin_request(app, &request, received);
        }
    }
}

/* Hands the packet to the line. Returns whether it went. */
static bool hand_over(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    if (app->hal->serial_write(app->hal->context, shell->packet, shell->packet_bytes) != 0) {
        shell->packet_bytes = 0;
        return true;
    }
    if (sm_app_now_ms(app) - shell->waiting_ms >= SM_SHELL_PATIENCE_MS) {
        shell->packet_bytes = 0;
        shell->request.command = 0;
        sm_shell_pause(app);
    }
    return false;
}

bool sm_shell_step(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    bool worked = false;
    if (app->hal->serial_read == NULL || app->hal->serial_write == NULL) {
        return false;
    }
    take_input(app);
    if (shell->packet_bytes == 0 && shell->request.command != 0) {
        worked = answer(app);
    }
    if (shell->packet_bytes != 0) {
        worked = hand_over(app);
    }
    if (shell->request.command == 0 && shell->packet_bytes == 0) {
        sm_shell_pause(app);
    }
    return worked;
}

void sm_shell_pause(sm_app_t *app) {
    sm_segments_leave(&app->shell.segments, &app->log);
}
