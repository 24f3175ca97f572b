/*
 * What the bot finds out about itself at power-on, before anything else uses the memory: the memory of frames, input
 * and network, the network's golden vector, and which camera there is. The card is tested when it is mounted
 * (sm_log_test).
 */
#ifndef SM_SELF_TEST_H
#define SM_SELF_TEST_H

#include "sm_hal.h"
#include "sm_types.h"

/* Memory that may be too large or too special for the caller's static data. */
typedef struct sm_memory {
    uint8_t *frames; /* burst * frame_width * frame_height bytes; slow memory will do */
    size_t frames_bytes;
    int8_t *input; /* input_size * input_size bytes; fast memory, aligned to 16 */
    size_t input_bytes;
} sm_memory_t;

/* Each an sm_error. */
typedef struct sm_self_test {
    /* SM_ERR_MEMORY: its working memory, or the detector's, does not keep what is written, and it was not asked;
     * SM_ERR_MODEL; SM_ERR_SELF_TEST. SM_OK also where there is no network. */
    int model;
    int memory; /* SM_ERR_MEMORY: a byte does not keep what is written */
    int camera; /* SM_ERR_CAMERA: it does not run; SM_ERR_NOT_FOUND: it is not the board's kind, which is no fault */
    uint16_t sensor; /* product id of the camera; 0: none or not known */
} sm_self_test_t;

/*
 * Tests everything; what the memory held is lost. The golden vector is run again after an inference on another input
 * has left its values in the network's working memory: it must not matter what that held.
 */
sm_self_test_t sm_self_test(const sm_hal_t *hal, const sm_config_t *config, const sm_engine_t *engine,
                            const sm_memory_t *memory);

/* Memory of frames, which may be large and slow: writes each byte twice, the second time its complement, and reads it
 * after all others were written. */
int sm_self_test_memory(uint8_t *memory, size_t bytes);

/*
 * Finds bits that are stuck, that follow another one of their byte, and that change when another byte is written:
 * walking ones and zeroes through every byte in the order of March C- (van de Goor, "Using March Tests to Test SRAMs",
 * 1993), then the pattern of sm_self_test_memory, in which each byte tells its place. 78 accesses a byte.
 */
int sm_self_test_arena(uint8_t *memory, size_t bytes);

/* The camera's part: after a restart too. */
int sm_self_test_camera(const sm_hal_t *hal, const sm_config_t *config, uint16_t *sensor);

#endif
