#include "sm_shell_data.h"

#include <string.h>

#include "sm_app.h"
#include "sm_text.h"

/* ---- frame ---- */

/* Takes a frame into the memory for presses, which is free now. */
static int take_frame(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    sm_frame_t frame;
    int error = app->hal->camera_acquire(app->hal->context, &frame);
    if (error != SM_OK) {
        return error;
    }
    sm_text_t header = {shell->frame_header, 0, sizeof(shell->frame_header), false};
    if (frame.width == 0 || frame.height == 0 || frame.width > app->config.frame_width ||
        frame.height > app->config.frame_height) {
        error = SM_ERR_FRAME;
    } else {
        shell->frame_bytes = (uint32_t)frame.width * frame.height;
        memcpy(app->session.frames, frame.pixels, shell->frame_bytes);
        sm_text_string(&header, "P5\n");
        sm_text_unsigned(&header, frame.width, 1);
        sm_text_string(&header, " ");
        sm_text_unsigned(&header, frame.height, 1);
        sm_text_string(&header, "\n255\n");
        shell->frame_header_bytes = (uint8_t)header.length;
        shell->frame_press = app->session.press.number;
        shell->frame_number = (uint16_t)(shell->frame_number == UINT16_MAX ? 1u : shell->frame_number + 1u);
    }
    app->hal->camera_release(app->hal->context, &frame);
    return error;
}

int sm_shell_begin_frame(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    uint32_t number = shell->request.arguments[0];
    if (number == 0) {
        int error = take_frame(app);
        if (error != SM_OK) {
            return error;
        }
    } else if (number != shell->frame_number) {
        return SM_REPLY_INTERRUPTED;
    }
    shell->total = shell->frame_header_bytes + shell->frame_bytes;
    shell->end = shell->total;
    shell->offset = shell->request.arguments[1];
    return shell->offset < shell->end ? SM_OK : SM_ERR_ARGUMENT;
}

int sm_shell_read_frame(const sm_app_t *app, uint8_t *data, uint32_t bytes) {
    const sm_shell_t *shell = &app->shell;
    if (shell->frame_press != app->session.press.number) {
        return SM_REPLY_INTERRUPTED;
    }
    for (uint32_t i = 0; i < bytes; i++) {
        uint32_t at = shell->offset + i;
        data[i] = at < shell->frame_header_bytes ? (uint8_t)shell->frame_header[at]
                                                 : app->session.frames[at - shell->frame_header_bytes];
    }
    return SM_OK;
}

/* ---- pull ---- */

int sm_shell_begin_pull(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    uint32_t offset = shell->request.arguments[1];
    uint32_t length = shell->request.arguments[2];
    int error =
        sm_segments_begin(&shell->segments, &app->log, shell->request.arguments[0], sm_packet_data(shell->packet));
    if (error != SM_OK) {
        return error;
    }
    shell->total = sm_log_segment_bytes(shell->segments.geometry);
    shell->offset = offset;
    if (offset % SM_BLOCK != 0 || length % SM_BLOCK != 0 || offset >= shell->total) {
        return SM_ERR_ARGUMENT;
    }
    shell->end = length == 0 || length > shell->total - offset ? shell->total : offset + length;
    return SM_OK;
}

/* ---- list ---- */

static void put32(uint8_t *at, uint32_t value) {
    for (uint32_t i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8u * i));
    }
}

int sm_shell_step_list(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    sm_log_contents_t contents;
    if (shell->next_found == SM_SEGMENTS_BATCH || shell->found[shell->next_found].number == 0) {
        return 1;
    }
    sm_segment_file_t file = shell->found[shell->next_found];
    int error = sm_log_describe(&app->log, file.number, file.bytes, &contents);
    shell->next_found++;
    if (error == SM_ERR_NO_CARD) {
        return error;
    }
    const uint32_t fields[SM_LIST_ENTRY_BYTES / 4u] = {
        file.number,
        error == SM_OK ? sm_log_segment_bytes(contents.geometry) : 0,
        contents.geometry.slots,
        contents.geometry.slot_bytes,
        contents.used,
        contents.first_sequence,
        contents.last_sequence,
        contents.epoch,
    };
    for (uint32_t i = 0; i < SM_LIST_ENTRY_BYTES / 4u; i++) {
        put32(sm_packet_data(shell->packet) + shell->offset + (size_t)4u * i, fields[i]);
    }
    shell->offset += SM_LIST_ENTRY_BYTES;
    return SM_OK;
}

int sm_shell_begin_list(sm_app_t *app) {
    sm_shell_t *shell = &app->shell;
    shell->next_found = 0;
    return sm_segments_find(&app->log, shell->request.arguments[0], shell->found);
}
