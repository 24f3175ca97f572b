#include "esp32_cores.h"

#include "sm_types.h"
#include "smilec_config.h"

#if SMILEC_ENGINE == SM_ENGINE_AOT
#include "model.h"
#endif

#ifdef MODEL_CORES

#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "freertos/task.h"

/* Bytes. Kernels call nothing that formats or allocates; the frames of an interrupt come on top of theirs. */
#define STACK_BYTES 4096
/* As the bot's own task: above the idle task, which runs again after each part, and below the drivers'. */
#define TASK_PRIORITY 5

static StackType_t stack[STACK_BYTES] __attribute__((aligned(16)));
static StaticTask_t task;
static StaticSemaphore_t done_memory;

/* Set before the worker is notified and left alone until it says that it is done. */
static struct {
    TaskHandle_t worker; /* NULL: there is none */
    SemaphoreHandle_t done;
    model_part_t *part;
    const void *context;
} both;

static void work(void *argument) {
    (void)argument;
    for (;;) {
        (void)ulTaskNotifyTake(pdTRUE, portMAX_DELAY);
        both.part(both.context, 1);
        (void)xSemaphoreGive(both.done);
    }
}

/*
 * The answer is a semaphore, as the calling task's notification is the button's. Both hand-overs are memory barriers.
 * There is no time limit: the caller is under the watchdog, which restarts the chip if the worker hangs.
 */
void model_on_both(model_part_t *part, const void *context) {
    if (both.worker == NULL) {
        part(context, 0);
        part(context, 1);
        return;
    }
    both.part = part;
    both.context = context;
    (void)xTaskNotifyGive(both.worker);
    part(context, 0);
    (void)xSemaphoreTake(both.done, portMAX_DELAY);
}

int esp32_cores_start(void) {
    if (portNUM_PROCESSORS < 2) {
        return SM_OK;
    }
    both.done = xSemaphoreCreateBinaryStatic(&done_memory);
    if (both.done == NULL) {
        return SM_ERR_MEMORY;
    }
    both.worker = xTaskCreateStaticPinnedToCore(work, "second core", sizeof(stack), NULL, TASK_PRIORITY, stack, &task,
                                                xPortGetCoreID() == 0 ? 1 : 0);
    return both.worker == NULL ? SM_ERR_MEMORY : SM_OK;
}

#else

int esp32_cores_start(void) {
    return SM_OK;
}

#endif
