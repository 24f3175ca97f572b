/** FAT images made by Debian's mkfs.fat and mtools, which share nothing with smilec's reader. */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
const env = { ...process.env, PATH, MTOOLS_SKIP_CHECK: "1" };

/** Undefined where images can be made; else why not. */
export function noFatTools(): string | undefined {
  for (const tool of ["mkfs.fat", "mcopy"])
    if (spawnSync(tool, ["--help"], { env, stdio: "ignore" }).error !== undefined) return `${tool} is not installed`;
  return undefined;
}

export interface ImageOptions {
  readonly mebibytes?: number;
  /** 12, 16 or 32. */
  readonly bits?: number;
  readonly sectorsPerCluster?: number;
  readonly sectorBytes?: number;
  /** First block of the partition; 0: no partitions. */
  readonly start?: number;
  readonly partitionType?: number;
}

/** Makes an image with a FAT volume, in a partition of a master boot record or alone. */
export function makeImage(path: string, options: ImageOptions = {}): string {
  const { mebibytes = 40, bits = 32, sectorsPerCluster = 1, sectorBytes = 512, start = 0 } = options;
  closeSync(openSync(path, "w"));
  truncateSync(path, start * 512 + mebibytes * 2 ** 20);
  const offset = start === 0 ? [] : ["--offset", String((start * 512) / sectorBytes)];
  const blocks = start === 0 ? [] : [String(mebibytes * 1024)];
  const geometry = ["-F", String(bits), "-s", String(sectorsPerCluster), "-S", String(sectorBytes)];
  execFileSync("mkfs.fat", [...geometry, ...offset, path, ...blocks], { env, stdio: "ignore" });
  if (start > 0) writePartition(path, { start, blocks: mebibytes * 2048, type: options.partitionType ?? 0x0c });
  return path;
}

function writePartition(path: string, { start, blocks, type }: { start: number; blocks: number; type: number }): void {
  const sector = Buffer.alloc(512);
  sector[446 + 4] = type;
  sector.writeUInt32LE(start, 446 + 8);
  sector.writeUInt32LE(blocks, 446 + 12);
  sector.writeUInt16LE(0xaa55, 510);
  patchImage(path, 0, sector);
}

/** Copies files into the volume's top folder. */
export function copyIn(image: string, files: readonly string[], start = 0): void {
  const place = start === 0 ? image : `${image}@@${start * 512}`;
  execFileSync("mcopy", ["-i", place, "-o", ...files, "::"], { env, stdio: ["ignore", "ignore", "pipe"] });
}

export function deleteIn(image: string, name: string): void {
  execFileSync("mdel", ["-i", image, `::${name}`], { env, stdio: ["ignore", "ignore", "pipe"] });
}

export function patchImage(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

/** Offsets of a superfloppy's tables and its boot sector's numbers, for damaging them. */
export function placesOf(image: string) {
  const sector = readFileSync(image).subarray(0, 512);
  const sectorBytes = sector.readUInt16LE(11);
  const tableBytes = sector.readUInt32LE(36) * sectorBytes;
  const table = sector.readUInt16LE(14) * sectorBytes;
  const data = table + sector[16] * tableBytes;
  return { table, tableBytes, data, clusterBytes: sector[13] * sectorBytes, root: sector.readUInt32LE(44) };
}

export function segmentPaths(card: string, ...numbers: number[]): string[] {
  return numbers.map((number) => join(card, `SEG${String(number).padStart(5, "0")}.TAR`));
}
