/** The first sector of a FAT32 volume (Microsoft "FAT: General Overview of On-Disk Format" 1.03, section "Boot Sector and BPB"). */
import { UserError } from "../../errors.js";
import type { ReadBytes } from "../read-segment.js";
import { NO_FAT32_REMEDY, volumeName } from "./partition.js";

export const SECTOR_LIMIT = 4096;
/** Cluster numbers have 28 bits; the last ones are marks. */
const MAX_CLUSTERS = 0x0ffffff5;

/** All offsets in bytes from the start of the device. */
export interface Fat32Layout {
  readonly clusterBytes: number;
  /** Clusters are numbered 2 to clusters + 1. */
  readonly clusters: number;
  readonly rootCluster: number;
  /** Of each copy of the file allocation table, the one in use first. */
  readonly tables: readonly number[];
  /** Of cluster 2. */
  readonly dataOffset: number;
}

/** Reads and checks the boot sector; the backup (sector 6) where the first is damaged. Throws UserError with the reason. */
export async function readLayout(read: ReadBytes, volume: number, where: string): Promise<Fat32Layout> {
  const first = layoutOf(Buffer.from(await read(volume, 512)), volume);
  if (typeof first !== "string") return first;
  const backup = layoutOf(Buffer.from(await read(volume + 6 * 512, 512)), volume);
  if (typeof backup !== "string") return backup;
  throw new UserError(`this is no FAT32 volume: ${first}`, { where, remedy: NO_FAT32_REMEDY });
}

function layoutOf(sector: Buffer, volume: number): Fat32Layout | string {
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55) return "its boot sector is missing";
  const name = volumeName(sector);
  if (name !== undefined && name !== "FAT32") return `it is ${name}`;
  const sectorBytes = sector.readUInt16LE(11);
  const sectorsPerCluster = sector[13];
  const reserved = sector.readUInt16LE(14);
  const copies = sector[16];
  const tableSectors = sector.readUInt32LE(36);
  const sectors = sector.readUInt32LE(32) || sector.readUInt16LE(19);
  if (!isPowerOfTwo(sectorBytes) || sectorBytes < 512 || sectorBytes > SECTOR_LIMIT) return "its sector size is wrong";
  if (!isPowerOfTwo(sectorsPerCluster)) return "its cluster size is wrong";
  if (sector.readUInt16LE(22) !== 0 || sector.readUInt16LE(17) !== 0) return "it is FAT12 or FAT16";
  if (reserved === 0 || copies < 1 || copies > 4 || tableSectors === 0) return "its tables are wrong";
  const dataSector = reserved + copies * tableSectors;
  const clusters = Math.floor((sectors - dataSector) / sectorsPerCluster);
  if (clusters < 1 || clusters > MAX_CLUSTERS) return "its size is wrong";
  if (tableSectors * sectorBytes < (clusters + 2) * 4) return "its tables are too short";
  const rootCluster = sector.readUInt32LE(44) & 0x0fffffff;
  if (rootCluster < 2 || rootCluster > clusters + 1) return "its top folder is nowhere";
  const tables = Array.from({ length: copies }, (_, i) => volume + (reserved + i * tableSectors) * sectorBytes);
  return {
    clusterBytes: sectorsPerCluster * sectorBytes,
    clusters,
    rootCluster,
    tables: inUseFirst(tables, sector.readUInt16LE(40)),
    dataOffset: volume + dataSector * sectorBytes,
  };
}

/** BPB_ExtFlags: bit 7 set means that only the copy of bits 0 to 3 is kept up to date. */
function inUseFirst(tables: readonly number[], flags: number): number[] {
  const active = tables[flags & 0x0f];
  return (flags & 0x80) !== 0 && active !== undefined ? [active] : [...tables];
}

function isPowerOfTwo(value: number): boolean {
  return value > 0 && (value & (value - 1)) === 0;
}
