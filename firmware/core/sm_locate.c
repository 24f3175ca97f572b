#include "sm_locate.h"

/* Start of a square of `side` centred at thousandths `centre` of `extent`, shifted to lie inside. */
static uint16_t place(uint32_t extent, uint32_t centre, uint32_t side) {
    uint32_t middle = extent * centre / 1000u;
    uint32_t start = middle > side / 2u ? middle - side / 2u : 0u;
    uint32_t last = extent - side;
    return (uint16_t)(start < last ? start : last);
}

sm_box_t sm_locate_center(const sm_locator_t *locator, uint16_t width, uint16_t height) {
    uint32_t shorter = width < height ? width : height;
    uint32_t side = shorter * locator->size / 1000u;
    if (side == 0) {
        side = 1;
    }
    sm_box_t box = {place(width, locator->x, side), place(height, locator->y, side), (uint16_t)side, (uint16_t)side};
    return box;
}

/* ---- several faces ---- */

/* Twice the side less twice the distance of its centre from the frame's, along the axis where that is larger. */
static int32_t prominence(sm_box_t box, uint16_t width, uint16_t height) {
    int32_t right = 2 * (int32_t)box.x + box.width - width;
    int32_t down = 2 * (int32_t)box.y + box.height - height;
    int32_t across = right < 0 ? -right : right;
    int32_t along = down < 0 ? -down : down;
    return 2 * (int32_t)box.width - (across > along ? across : along);
}

/* The confidence from which on candidates count. */
static uint16_t least_confidence(const sm_candidate_t *candidates, int count, uint16_t threshold, uint16_t spread) {
    uint16_t surest = 0;
    for (int i = 0; i < count; i++) {
        if (candidates[i].confidence > surest) {
            surest = candidates[i].confidence;
        }
    }
    uint16_t near = surest > spread ? (uint16_t)(surest - spread) : 0;
    return near > threshold ? near : threshold;
}

/* Where two candidates stand: whether they count, how prominent those that do are, how sure, how high, how far left. */
static bool is_better(const sm_candidate_t *a, const sm_candidate_t *b, uint16_t least, uint16_t width,
                      uint16_t height) {
    bool counts = a->confidence >= least;
    if (counts != (b->confidence >= least)) {
        return counts;
    }
    int32_t more = counts ? prominence(a->box, width, height) - prominence(b->box, width, height) : 0;
    if (more != 0) {
        return more > 0;
    }
    if (a->confidence != b->confidence) {
        return a->confidence > b->confidence;
    }
    return a->box.y != b->box.y ? a->box.y < b->box.y : a->box.x < b->box.x;
}

int sm_locate_choose(const sm_candidate_t *candidates, int count, uint16_t threshold, uint16_t spread, uint16_t width,
                     uint16_t height) {
    uint16_t least = least_confidence(candidates, count, threshold, spread);
    int best = count > 0 ? 0 : -1;
    for (int i = 1; i < count; i++) {
        if (is_better(&candidates[i], &candidates[best], least, width, height)) {
            best = i;
        }
    }
    return best;
}

/* ---- locate ---- */

int sm_locate(const sm_locator_t *locator, const sm_detector_t *detector, const uint8_t *pixels, uint16_t width,
              uint16_t height, sm_located_t *located) {
    if (locator->kind == SM_LOCATOR_CENTER) {
        *located = (sm_located_t){sm_locate_center(locator, width, height), SM_MAX_CONFIDENCE, true};
        return SM_OK;
    }
    if (detector == NULL) {
        return SM_ERR_ARGUMENT;
    }
    sm_candidate_t candidates[SM_MAX_CANDIDATES];
    int count = detector->candidates(pixels, width, height, candidates);
    if (count < 0) {
        return count;
    }
    int chosen = sm_locate_choose(candidates, count, locator->threshold, detector->spread, width, height);
    if (chosen < 0) {
        const sm_locator_t whole = {.kind = SM_LOCATOR_CENTER, .x = 500, .y = 500, .size = 1000};
        *located = (sm_located_t){sm_locate_center(&whole, width, height), 0, false};
        return SM_OK;
    }
    uint16_t confidence = candidates[chosen].confidence;
    *located = (sm_located_t){candidates[chosen].box, confidence, confidence >= locator->threshold};
    return SM_OK;
}
