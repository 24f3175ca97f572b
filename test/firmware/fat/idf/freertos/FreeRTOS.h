#ifndef FREERTOS_H
#define FREERTOS_H

#endif
