/* Prints the index that sm_locate_choose gives for each line of the file that it is given: threshold, spread, width, height, count, then x,
 * y, side and confidence of each candidate. */
#include <inttypes.h>
#include <stdio.h>

#include "sm_locate.h"

int main(int argc, char **argv) {
    FILE *in = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (in == NULL) {
        return 1;
    }
    unsigned threshold = 0;
    unsigned spread = 0;
    unsigned width = 0;
    unsigned height = 0;
    int count = 0;
    while (fscanf(in, "%u %u %u %u %d", &threshold, &spread, &width, &height, &count) == 5) {
        sm_candidate_t candidates[SM_MAX_CANDIDATES];
        for (int i = 0; i < count; i++) {
            unsigned v[4];
            if (i == SM_MAX_CANDIDATES || fscanf(in, "%u %u %u %u", &v[0], &v[1], &v[2], &v[3]) != 4) {
                return 1;
            }
            candidates[i] = (sm_candidate_t){
                .box = {(uint16_t)v[0], (uint16_t)v[1], (uint16_t)v[2], (uint16_t)v[2]},
                .confidence = (uint16_t)v[3],
            };
        }
        int chosen = sm_locate_choose(candidates, count, (uint16_t)threshold, (uint16_t)spread, (uint16_t)width,
                                      (uint16_t)height);
        (void)printf("%d\n", chosen);
    }
    return fclose(in) != 0;
}
