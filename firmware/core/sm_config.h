/* The configuration and the engine that this firmware was built with; the only place that reads the generated headers.
 */
#ifndef SM_CONFIG_H
#define SM_CONFIG_H

#include "sm_types.h"

/* From generated/smilec_config.h. */
extern const sm_config_t sm_config;

/* From generated/model.h; without functions for SM_ENGINE_COIN. */
extern const sm_engine_t sm_engine;

/* From generated/smilec_detector.c, where there is one. */
extern const sm_detector_t smilec_detector;

#endif
