/** C programs' definitions of the hook that runs the two parts of a layer (`<prefix>_on_both`), for models m0, m1, ... */

export type PartOrder =
  /** Two threads that start together. */
  | "at the same time"
  | "the second first"
  /** Wrong: shows that the hook is used and that both parts matter. */
  | "only the first";

const BODIES: Readonly<Record<PartOrder, string>> = {
  "at the same time": `    struct job job = {.part = part, .context = context};
    pthread_t thread;

    if (pthread_barrier_init(&job.start, NULL, 2) != 0 || pthread_create(&thread, NULL, second, &job) != 0) {
        abort();
    }
    (void)pthread_barrier_wait(&job.start);
    part(context, 0);
    if (pthread_join(thread, NULL) != 0 || pthread_barrier_destroy(&job.start) != 0) {
        abort();
    }`,
  "the second first": "    part(context, 1);\n    part(context, 0);",
  "only the first": "    part(context, 0);",
};

const THREADS = `#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdlib.h>
typedef void part_t(const void *context, int index);
struct job {
    part_t *part;
    const void *context;
    pthread_barrier_t start;
};
static void *second(void *argument)
{
    struct job *job = argument;

    (void)pthread_barrier_wait(&job->start);
    job->part(job->context, 1);
    return NULL;
}
`;

/** The text of hooks.c for `models` models. */
export function bothCoresHooks(order: PartOrder, models: number): string {
  const head = order === "at the same time" ? THREADS : "typedef void part_t(const void *context, int index);\n";
  const hooks = Array.from({ length: models }, (_, i) => {
    const signature = `void m${i}_on_both(part_t *part, const void *context)`;
    return `${signature};\n${signature}\n{\n    on_both(part, context);\n}\n`;
  });
  return `${head}static void on_both(part_t *part, const void *context)\n{\n${BODIES[order]}\n}\n${hooks.join("")}`;
}
