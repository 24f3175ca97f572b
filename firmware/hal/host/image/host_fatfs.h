/* What FatFs wants of the system besides disks: a clock, locks, partitions. As ESP-IDF gives it to the board. */
#ifndef HOST_FATFS_H
#define HOST_FATFS_H

/* The machine was stopped, perhaps inside FatFs: no lock is held any more. */
void host_fatfs_forget(void);

#endif
