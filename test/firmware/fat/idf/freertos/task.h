#ifndef TASK_H
#define TASK_H

typedef struct test_task *TaskHandle_t;

#endif
