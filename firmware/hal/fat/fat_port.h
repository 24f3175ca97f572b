/* What files on a FatFs volume need of the machine that they are on, besides FatFs' own disk functions. */
#ifndef FAT_PORT_H
#define FAT_PORT_H

#include <stdbool.h>

/* Whether the card's driver takes data from or to this memory as it is. Other memory goes through a buffer. */
bool fat_port_takes(const void *data);

/* Long work goes on: called between looks through a whole allocation table. */
void fat_port_alive(void);

/* FatFs refused an action with this FRESULT: for the log. */
void fat_port_refused(const char *action, int result);

#endif
