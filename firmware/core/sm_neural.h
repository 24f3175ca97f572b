/*
 * The neural locator: frame -> canvas -> network -> candidates, integer-only: the C twin of src/locate/neural/
 * (docs/locate.md, "Neural"). Both give the same candidates for every frame.
 */
#ifndef SM_NEURAL_H
#define SM_NEURAL_H

#include "sm_types.h"

/* Side of a cell of the map in pixels of the canvas; values a cell has: logit, x, y, size. */
#define SM_NEURAL_CELL 8
#define SM_NEURAL_CHANNELS 4
/* Sub-pixels of the canvas that boxes are computed in. */
#define SM_NEURAL_SUBPIXELS 16
/* Limits of a canvas; its pixels are also at most SM_MAX_STANDARDIZED. */
#define SM_NEURAL_MAX_EXTENT 256
#define SM_NEURAL_MAX_CELLS 512
/* Cells with less confidence are nothing, per mille. */
#define SM_NEURAL_LEAST_CONFIDENCE 20

/* What the network's canvas and map mean; src/locate/neural/emit.ts writes it as constants. */
typedef struct sm_neural {
    uint16_t width; /* of the canvas, pixels, a multiple of SM_NEURAL_CELL up to SM_NEURAL_MAX_EXTENT */
    uint16_t height;
    uint8_t normalize;          /* SM_NORMALIZE_* */
    int8_t zero;                /* output that means an offset of 0 */
    uint16_t offset;            /* offset of one output step in sides of the face, times 65536, 1 to 4000 */
    const uint16_t *confidence; /* [256], per output from -128: per mille, never falling */
    const uint16_t *side;       /* [256], per output from -128: sub-pixels of the canvas, never falling, 1 to 4096 */
    /* The network: width * height values to SM_NEURAL_CHANNELS for each cell, rows of cells. 0 or negative. */
    int (*invoke)(const int8_t *input, int8_t *map);
} sm_neural_t;

/* A face as one cell has it, or the mean of several: centre and side in sub-pixels of the canvas. */
typedef struct sm_sighting {
    int32_t x;
    int32_t y;
    uint16_t side;
    uint16_t confidence;
} sm_sighting_t;

/* Working memory of sm_neural_locate, owned by the caller; contents need not survive a call. About 11 KB. */
typedef struct sm_neural_scratch {
    uint32_t line[SM_NEURAL_MAX_EXTENT];
    uint32_t rows[SM_NEURAL_MAX_EXTENT];
    int8_t table[256];
    int8_t map[SM_NEURAL_MAX_CELLS * SM_NEURAL_CHANNELS];
    sm_sighting_t sightings[SM_NEURAL_MAX_CELLS];
} sm_neural_scratch_t;

/*
 * Finds faces in a frame of width x height pixels, 1 to SM_MAX_FRAME_SIDE each. `input` has room for the canvas,
 * neural->width * neural->height bytes. Returns the number of candidates, most confident first, or a negative
 * sm_error: SM_ERR_ARGUMENT for a frame or canvas outside the limits, SM_ERR_MODEL when the network fails.
 */
int sm_neural_locate(const sm_neural_t *neural, const uint8_t *pixels, uint16_t width, uint16_t height, int8_t *input,
                     sm_neural_scratch_t *scratch, sm_candidate_t out[SM_MAX_CANDIDATES]);

#endif
