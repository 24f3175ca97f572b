/** The ESP32's second core: hal/esp32/esp32_cores.c with a model in two parts, its tasks and semaphore as threads, against the reference. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { emitC } from "#smilec/emit/c/model.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { residualNetwork } from "../emit-c/networks.js";
import { compile, OPTIMIZED, WARNINGS } from "../support/compile.js";
import { Random } from "../support/random.js";

const graph = residualNetwork(new Random(5));
const RUNS = 40;
const THREAD_SANITIZED = ["-std=c11", "-O1", "-g", ...WARNINGS, "-fsanitize=thread"];

/** What esp32_cores.c takes of FreeRTOS, on threads; a task's notification is a counting semaphore. */
const FREERTOS_H = `#ifndef FREERTOS_H
#define FREERTOS_H
#include <stdint.h>
#define portNUM_PROCESSORS TEST_PROCESSORS
#define portMAX_DELAY UINT32_MAX
#define pdTRUE 1
#define pdFALSE 0
typedef uint8_t StackType_t;
typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef uint32_t TickType_t;
typedef struct StaticTask StaticTask_t;
typedef struct StaticSemaphore StaticSemaphore_t;
typedef StaticTask_t *TaskHandle_t;
typedef StaticSemaphore_t *SemaphoreHandle_t;
#include <pthread.h>
#include <semaphore.h>
struct StaticTask { pthread_t thread; void (*run)(void *); void *argument; sem_t notification; int core; };
struct StaticSemaphore { sem_t semaphore; };
TaskHandle_t xTaskCreateStaticPinnedToCore(void (*run)(void *), const char *name, uint32_t depth, void *argument,
                                           UBaseType_t priority, StackType_t *stack, StaticTask_t *task, BaseType_t core);
BaseType_t xTaskNotifyGive(TaskHandle_t task);
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);
SemaphoreHandle_t xSemaphoreCreateBinaryStatic(StaticSemaphore_t *memory);
BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore);
BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks);
BaseType_t xPortGetCoreID(void);
#endif
`;

const FREERTOS_C = `#include "freertos/FreeRTOS.h"
#include <stdio.h>
#include <stdlib.h>
static _Thread_local StaticTask_t *current;
static void check(int ok)
{
    if (!ok) {
        abort();
    }
}
static void *entry(void *task)
{
    current = task;
    current->run(current->argument);
    abort(); /* a task must not return */
}
TaskHandle_t xTaskCreateStaticPinnedToCore(void (*run)(void *), const char *name, uint32_t depth, void *argument,
                                           UBaseType_t priority, StackType_t *stack, StaticTask_t *task, BaseType_t core)
{
    check(name[0] != 0 && depth >= 2048 && stack != NULL && priority > 0 && core == 1 - xPortGetCoreID());
    task->run = run;
    task->argument = argument;
    task->core = core;
    check(sem_init(&task->notification, 0, 0) == 0 && pthread_create(&task->thread, NULL, entry, task) == 0);
    printf("task\\n");
    return task;
}
BaseType_t xTaskNotifyGive(TaskHandle_t task)
{
    return sem_post(&task->notification) == 0;
}
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks)
{
    check(clear == pdTRUE && ticks == portMAX_DELAY && sem_wait(&current->notification) == 0);
    return 1;
}
SemaphoreHandle_t xSemaphoreCreateBinaryStatic(StaticSemaphore_t *memory)
{
    return sem_init(&memory->semaphore, 0, 0) == 0 ? memory : NULL;
}
BaseType_t xSemaphoreGive(SemaphoreHandle_t semaphore)
{
    int value = 0;
    check(sem_getvalue(&semaphore->semaphore, &value) == 0 && value == 0);
    return sem_post(&semaphore->semaphore) == 0;
}
BaseType_t xSemaphoreTake(SemaphoreHandle_t semaphore, TickType_t ticks)
{
    return ticks == portMAX_DELAY && sem_wait(&semaphore->semaphore) == 0;
}
BaseType_t xPortGetCoreID(void)
{
    return current == NULL ? portNUM_PROCESSORS - 1 : current->core;
}
`;

const MAIN_C = `#include "esp32_cores.h"
#include "model.h"
#include <stdio.h>
static int8_t input[MODEL_INPUT_LENGTH], output[MODEL_OUTPUT_LENGTH];
int main(int count, char **words)
{
    FILE *in = fopen("in.bin", "rb");
    if (in == NULL || (count > 1 && words[1][0] == 's' && esp32_cores_start() != 0)) {
        return 1;
    }
    printf("self test %d\\n", model_self_test());
    while (fread(input, sizeof(input), 1, in) == 1) {
        if (model_invoke(input, output) != 0) {
            return 1;
        }
        for (int i = 0; i < MODEL_OUTPUT_LENGTH; i++) {
            printf("%d ", output[i]);
        }
    }
    return 0;
}
`;

function firmware(folder: string, name: string): string {
  return readFileSync(join(packageRoot, "firmware", folder, name), "utf8");
}

describe("the ESP32's second core", () => {
  it.each([
    ["two cores", 2, "s", OPTIMIZED],
    ["two cores", 2, "s", THREAD_SANITIZED],
    ["a second core that is not started", 2, "", OPTIMIZED],
    ["one core only", 1, "s", OPTIMIZED],
  ] as const)(
    "gives the reference's scores with %s %#",
    async (_, processors, start, flags) => {
      const random = new Random(7);
      const inputs = Array.from({ length: RUNS }, () => random.int8s(48 * 48));
      const program = await compile(
        {
          ...emitC(graph, { provenance: "a test", cores: 2 }).files,
          "esp32_cores.c": firmware("hal/esp32", "esp32_cores.c"),
          "esp32_cores.h": firmware("hal/esp32", "esp32_cores.h"),
          "sm_types.h": firmware("core", "sm_types.h"),
          "sm_log_layout.h": firmware("core", "sm_log_layout.h"),
          "smilec_config.h": "#define SMILEC_ENGINE SM_ENGINE_AOT\n",
          "freertos.c": FREERTOS_C,
          "main.c": MAIN_C,
          "freertos/FreeRTOS.h": FREERTOS_H,
          "freertos/task.h": "",
          "freertos/semphr.h": "",
        },
        [...flags, "-D_POSIX_C_SOURCE=200809L", "-pthread", `-DTEST_PROCESSORS=${processors}`],
      );
      try {
        await writeFile(
          join(program.folder, "in.bin"),
          Buffer.concat(inputs.map((input) => Buffer.from(input.buffer, input.byteOffset, input.length))),
        );
        const lines = (await program.run([start])).split("\n");
        expect(lines.slice(0, -1)).toEqual([...(start === "s" && processors === 2 ? ["task"] : []), "self test 0"]);
        const interpreter = new ReferenceInterpreter(graph);
        const expected = inputs.flatMap((input) => [...interpreter.run([input])[0]]);
        expect(expected.length).toBe(2 * RUNS);
        expect(new Set(expected).size).toBeGreaterThan(8);
        expect(lines.at(-1)?.trim().split(" ").map(Number)).toEqual(expected);
      } finally {
        await program.dispose();
      }
    },
    60_000,
  );
});
