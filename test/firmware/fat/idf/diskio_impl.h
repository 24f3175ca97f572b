#ifndef DISKIO_IMPL_H
#define DISKIO_IMPL_H

#include "esp_err.h"
#include "ff.h"

#define FF_DRV_NOT_USED 0xFF

esp_err_t ff_diskio_get_drive(BYTE *drive);
void ff_diskio_unregister(BYTE drive);

#endif
