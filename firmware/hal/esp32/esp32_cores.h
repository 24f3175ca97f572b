/*
 * The second core's part in the network. Only where the project asks for two cores (firmware.cores): the generated
 * model then calls model_on_both (model.h) for its large layers, and this runs one part on the calling task's core and
 * the other on the other one. Otherwise there is neither task nor memory.
 */
#ifndef ESP32_CORES_H
#define ESP32_CORES_H

/*
 * Makes the task that computes the second parts, on the core that the calling task is not on. To be called once, by the
 * task that will run the model, before it does; until then, and where it fails (SM_ERR_MEMORY) or the chip has one core
 * only, the parts are computed one after the other. SM_OK also where nothing is to be made.
 */
int esp32_cores_start(void);

#endif
