/*
 * What FatFs R0.15 leaves to chance when it takes clusters, made safe before a file is created.
 *
 * A folder that is full gets another cluster: FatFs links it first and clears it afterwards, so that power cut in
 * between would leave whatever the cluster held before as the folder's files. So the cluster that FatFs would take is
 * cleared beforehand, while it is nobody's. (FAT32 only: elsewhere the top folder does not grow.)
 *
 * f_expand() goes on counting free clusters from the volume's end to its beginning, where no FAT32 volume has any, as
 * its top folder is there; on FAT12 and FAT16 it would then run over the end. There it starts at the beginning.
 */
#ifndef FAT_CLUSTERS_H
#define FAT_CLUSTERS_H

#include <stdint.h>

#include "ff.h"

/* `blocks` is room for `count` blocks of SM_BLOCK bytes, at least one, in DMA-capable memory. */
FRESULT fat_clusters_prepare(FATFS *volume, uint8_t *blocks, uint32_t count);

#endif
