/** What is written to a board: files and where each goes, checked against each other before a port is opened. */
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { asEnvironmentError, UserError } from "../errors.js";
import { CHIP_NAMES, type FirmwareImage, type Partition, readImage, readPartitions } from "./image.js";

export interface FlashFile {
  /** Where it was read from, to tell the user. */
  readonly path: string;
  readonly role: "boot loader" | "partition table" | "application" | "data";
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface FirmwareSet {
  /** In the order of their offsets. */
  readonly files: readonly FlashFile[];
  /** esp_chip_id_t that all images are for. */
  readonly chipId: number;
  /** Flash that is needed: what the boot loader is made for, and the last partition's end. Bytes. */
  readonly flashBytes: number;
  /** Highest of the images' lowest revisions, major * 100 + minor. */
  readonly minRevision: number;
  /** Highest chip revision that every image runs on; absent when none names one. */
  readonly maxRevision?: number;
  readonly app?: FirmwareImage["app"];
}

const PARTITION_TABLE_OFFSET = 0x8000;
const SECTOR = 0x1000;
const MAX_FILE = 64 * 1024 * 1024;

/** Where the ROM looks for the second-stage boot loader: components/bootloader/Kconfig.projbuild, BOOTLOADER_OFFSET_IN_FLASH. */
const BOOTLOADER_OFFSETS: Readonly<Record<number, number>> = { 0: 0x1000, 2: 0x1000, 18: 0x2000, 23: 0x2000 };

/**
 * Reads what `--firmware` names: one folder of a build (PlatformIO's or ESP-IDF's, with or without flasher_args.json), or OFFSET=FILE several times.
 * Throws UserError for files that are missing, damaged, for different chips, or in each other's way.
 */
export async function loadFirmware(sources: readonly string[]): Promise<FirmwareSet> {
  if (sources.some((source) => /^(0x[0-9a-f]+|\d+)=/i.test(source))) return firmwareSet(await placedFiles(sources));
  if (sources.length !== 1) throw badSource(sources.join(" "));
  const info = await stat(sources[0]).catch(() => undefined);
  if (info === undefined) {
    throw new UserError("there is no such folder", { where: sources[0], remedy: "Give the folder of a build." });
  }
  if (!info.isDirectory()) throw badSource(sources[0]);
  return firmwareSet((await flasherFiles(sources[0])) ?? (await platformioFiles(sources[0])));
}

function badSource(where: string): UserError {
  return new UserError("one file alone does not say where it goes", {
    where,
    remedy: "Give the folder of a build, or each file with its place: --firmware 0x1000=bootloader.bin 0x8000=...",
  });
}

interface Placed {
  readonly path: string;
  readonly offset: number;
}

async function placedFiles(sources: readonly string[]): Promise<FlashFile[]> {
  const placed = sources.map((source): Placed => {
    const match = /^(0x[0-9a-f]+|\d+)=(.+)$/i.exec(source);
    if (match === null) throw badSource(source);
    return { offset: Number(match[1]), path: match[2] };
  });
  return Promise.all(placed.map(readPlaced));
}

/** ESP-IDF's build lists its files in flasher_args.json; PlatformIO leaves the list without the files. */
async function flasherFiles(dir: string): Promise<FlashFile[] | undefined> {
  const path = join(dir, "flasher_args.json");
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const placed = flasherList(text, path).map(({ offset, path: name }) => ({
    offset,
    path: isAbsolute(name) ? name : join(dir, name),
  }));
  const present = await Promise.all(
    placed.map(async (file) => (await stat(file.path).catch(() => undefined))?.isFile()),
  );
  if (present.every((there) => there === true)) return Promise.all(placed.map(readPlaced));
  const missing = placed.filter((_, index) => present[index] !== true);
  if (missing.length === placed.length) return undefined;
  throw new UserError("the build is not complete", { where: missing[0].path, remedy: "Build it again." });
}

function flasherList(text: string, where: string): Placed[] {
  try {
    const { flash_files: files } = JSON.parse(text) as { flash_files: Record<string, string> };
    const placed = Object.entries(files).map(([offset, path]) => ({ offset: Number(offset), path: String(path) }));
    if (placed.length > 0 && placed.every(({ offset }) => Number.isInteger(offset))) return placed;
  } catch {
    // Told below.
  }
  throw new UserError("flash_files is missing or damaged", { where, remedy: "Build it again." });
}

async function platformioFiles(dir: string): Promise<FlashFile[]> {
  const bootloader = await readPlaced({ path: join(dir, "bootloader.bin"), offset: 0 });
  const table = await readPlaced({ path: join(dir, "partitions.bin"), offset: PARTITION_TABLE_OFFSET });
  const { chipId } = readImage(bootloader.bytes, bootloader.path);
  const app = readPartitions(table.bytes, table.path).find(({ type }) => type === "app");
  const firmware = await readPlaced({ path: join(dir, "firmware.bin"), offset: app?.offset ?? 0 });
  return [{ ...bootloader, offset: BOOTLOADER_OFFSETS[chipId] ?? 0 }, table, firmware];
}

async function readPlaced({ path, offset }: Placed): Promise<FlashFile> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || !info.isFile()) {
    throw new UserError(`there is no ${basename(path)}`, { where: dirname(path), remedy: "Build the firmware first." });
  }
  if (info.size > MAX_FILE) throw new UserError("too large for any board's flash", { where: path });
  const bytes = await readFile(path).catch((error) => {
    throw asEnvironmentError(error, path);
  });
  if (bytes.length === 0) throw new UserError("the file is empty", { where: path, remedy: "Build it again." });
  return { path, offset, bytes, role: roleOf(bytes, offset) };
}

function roleOf(bytes: Uint8Array, offset: number): FlashFile["role"] {
  if (offset === PARTITION_TABLE_OFFSET) return "partition table";
  if (offset < PARTITION_TABLE_OFFSET) return "boot loader";
  return bytes[0] === 0xe9 ? "application" : "data";
}

function firmwareSet(unordered: readonly FlashFile[]): FirmwareSet {
  const files = [...unordered].sort((a, b) => a.offset - b.offset);
  const tables = files.filter(({ role }) => role === "partition table");
  const partitions = tables.flatMap(({ bytes, path }) => readPartitions(bytes, path));
  const images = files
    .filter(({ role, offset }) => role === "boot loader" || role === "application" || isAppPlace(offset, partitions))
    .map((file) => ({ file, image: readImage(file.bytes, file.path) }));
  if (images.length === 0) throw new UserError("there is no firmware image among the files", { where: files[0].path });
  checkPlaces(files, partitions);
  const chipId = commonChip(images);
  const loader = images.find(({ file }) => file.role === "boot loader")?.image.flashBytes ?? 0;
  const app = images.find(({ image }) => image.app !== undefined)?.image.app;
  const highest = images.flatMap(({ image }) => image.maxRevision ?? []);
  return {
    files,
    chipId,
    flashBytes: Math.max(loader, ...[...files.map(end), ...partitions.map(({ offset, size }) => offset + size)]),
    minRevision: Math.max(...images.map(({ image }) => image.minRevision)),
    ...(highest.length === 0 ? {} : { maxRevision: Math.min(...highest) }),
    ...(app === undefined ? {} : { app }),
  };
}

function isAppPlace(offset: number, partitions: readonly Partition[]): boolean {
  return partitions.some((partition) => partition.type === "app" && partition.offset === offset);
}

function end({ offset, bytes }: FlashFile): number {
  return offset + bytes.length;
}

function commonChip(images: readonly { readonly file: FlashFile; readonly image: FirmwareImage }[]): number {
  const [{ file: first, image }] = images;
  const other = images.find((entry) => entry.image.chipId !== image.chipId);
  if (other === undefined) return image.chipId;
  throw new UserError(
    `the images are for different chips: ${chipName(image.chipId)} and ${chipName(other.image.chipId)}`,
    {
      where: first.path,
      detail: `${first.path}: ${chipName(image.chipId)}\n${other.file.path}: ${chipName(other.image.chipId)}`,
      remedy: "Take all files from one build.",
    },
  );
}

/** "ESP32-S3", or the number of a chip that is not known here. */
export function chipName(chipId: number): string {
  return CHIP_NAMES[chipId] ?? `chip ${chipId}`;
}

function checkPlaces(files: readonly FlashFile[], partitions: readonly Partition[]): void {
  for (const [index, file] of files.entries()) {
    const hex = `0x${file.offset.toString(16)}`;
    if (file.offset % SECTOR !== 0) {
      throw new UserError(`${hex} is not the start of a flash sector`, {
        where: file.path,
        remedy: "Give a multiple of 0x1000.",
      });
    }
    const next = files[index + 1];
    if (next !== undefined && end(file) > next.offset) {
      throw new UserError(`at ${hex} it reaches into ${basename(next.path)} at 0x${next.offset.toString(16)}`, {
        where: file.path,
        remedy: "Check the offsets.",
      });
    }
    const own = partitions.find(({ offset, size }) => file.offset >= offset && file.offset < offset + size);
    if (own !== undefined && end(file) > own.offset + own.size) {
      throw new UserError(`it has ${file.bytes.length} bytes, its partition ${own.label} ${own.size}`, {
        where: file.path,
        remedy: "Build a smaller firmware, or with another partition table.",
      });
    }
  }
}
