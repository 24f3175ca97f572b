#include "sm_classic_group.h"

/* Hits belong together whose intersection is at least so much of their union, per cent. */
#define SAME_FACE 40u
#define MAX_EVIDENCE 1000000u

void sm_hits_add(sm_hits_t *list, sm_hit_t hit) {
    if (list->count == SM_CLASSIC_MAX_HITS) {
        uint32_t weakest = 0;
        for (uint32_t i = 1; i < list->count; i++) {
            if (list->hits[i].weight <= list->hits[weakest].weight) {
                weakest = i;
            }
        }
        if (hit.weight <= list->hits[weakest].weight) {
            return;
        }
        /* The rest moves up: the order stays that of finding. */
        list->count--;
        for (uint32_t i = weakest; i < list->count; i++) {
            list->hits[i] = list->hits[i + 1u];
        }
    }
    list->hits[list->count++] = hit;
}

static uint32_t overlap(uint32_t p, uint32_t p_side, uint32_t q, uint32_t q_side) {
    uint32_t from = p > q ? p : q;
    uint32_t to = p + p_side < q + q_side ? p + p_side : q + q_side;
    return to > from ? to - from : 0u;
}

static bool same_face(const sm_hit_t *a, const sm_hit_t *b) {
    uint32_t both = overlap(a->x, a->side, b->x, b->side) * overlap(a->y, a->side, b->y, b->side);
    uint32_t either = (uint32_t)a->side * a->side + (uint32_t)b->side * b->side - both;
    /* At most 100 * 4096 * 4096, and 40 times twice as much: both below 2^32. */
    return 100u * both >= SAME_FACE * either;
}

/* Half of the smaller one, or more, is in both: a part of a face, or its surroundings, is no second one. */
static bool lies_in(const sm_box_t *a, const sm_box_t *b) {
    uint32_t smaller = a->width < b->width ? a->width : b->width;
    return 2u * overlap(a->x, a->width, b->x, b->width) * overlap(a->y, a->height, b->y, b->height) >=
           smaller * smaller;
}

/* Rounded, halves up. A group holds its seed at least, so there is a weight. */
static uint32_t mean(uint64_t sum, uint32_t weight) {
    if (weight == 0) {
        return 0;
    }
    return (uint32_t)((2u * sum + weight) / (2u * (uint64_t)weight));
}

/* Where a square with twice its centre at `centre` begins, shifted to lie inside. */
static uint16_t place(uint32_t centre, uint32_t side, uint32_t extent) {
    uint32_t start = centre > side ? (centre - side) / 2u : 0u;
    uint32_t last = extent - side;
    return (uint16_t)(start < last ? start : last);
}

/* Takes the strongest hit and all that show the same face out of the list: their mean box, weighted. */
static sm_group_t take_group(sm_hits_t *list, uint32_t width, uint32_t height) {
    sm_hit_t seed = list->hits[0];
    for (uint32_t i = 1; i < list->count; i++) {
        if (list->hits[i].weight > seed.weight) {
            seed = list->hits[i];
        }
    }
    uint32_t kept = 0;
    uint32_t weight = 0;
    uint64_t x = 0;
    uint64_t y = 0;
    uint64_t side = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const sm_hit_t hit = list->hits[i];
        if (!same_face(&hit, &seed)) {
            list->hits[kept++] = hit;
            continue;
        }
        weight += hit.weight;
        x += (uint64_t)hit.weight * (2u * (uint32_t)hit.x + hit.side);
        y += (uint64_t)hit.weight * (2u * (uint32_t)hit.y + hit.side);
        side += (uint64_t)hit.weight * hit.side;
    }
    list->count = kept;
    uint32_t length = mean(side, weight);
    sm_group_t group = {
        .box = {place(mean(x, weight), length, width), place(mean(y, weight), length, height), (uint16_t)length,
                (uint16_t)length},
        .evidence = weight < MAX_EVIDENCE ? weight : MAX_EVIDENCE,
    };
    return group;
}

/* Most evidence first; of equal ones the earlier. */
static void insert(sm_groups_t *list, sm_group_t group) {
    uint32_t at = list->count;
    while (at > 0 && list->groups[at - 1u].evidence < group.evidence) {
        at--;
    }
    if (at == SM_MAX_CANDIDATES) {
        return;
    }
    if (list->count < SM_MAX_CANDIDATES) {
        list->count++;
    }
    for (uint32_t i = list->count - 1u; i > at; i--) {
        list->groups[i] = list->groups[i - 1u];
    }
    list->groups[at] = group;
}

int sm_hits_group(sm_hits_t *hits, sm_groups_t *groups, uint32_t width, uint32_t height, uint32_t halfway,
                  sm_candidate_t out[SM_MAX_CANDIDATES]) {
    groups->count = 0;
    while (hits->count > 0) {
        insert(groups, take_group(hits, width, height));
    }
    int count = 0;
    for (uint32_t i = 0; i < groups->count; i++) {
        const sm_group_t *group = &groups->groups[i];
        bool apart = true;
        for (int k = 0; k < count && apart; k++) {
            apart = !lies_in(&group->box, &out[k].box);
        }
        if (apart) {
            out[count].box = group->box;
            out[count].confidence = (uint16_t)(1000u * group->evidence / (group->evidence + halfway));
            count++;
        }
    }
    return count;
}
