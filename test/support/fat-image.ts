/** FAT32 images: made by mkfs.fat, judged by fsck.fat, and read here by code of our own, which shares nothing with FatFs. */
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { truncate, writeFile } from "node:fs/promises";
import { run, runOrThrow } from "#smilec/process/run.js";

const SECTOR = 512;
const ENTRY = 32;
const LONG_NAME = 0x0f;
const NOT_A_FILE = 0x08 | 0x10;
const LAST_CLUSTER = 0x0ffffff8;

/** Where Debian keeps them for root only. */
const ENVIRONMENT = { PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Why images cannot be made and judged on this machine; undefined: they can. */
export async function withoutFatTools(): Promise<string | undefined> {
  const { exitCode } = await run("/bin/sh", ["-c", "command -v mkfs.fat && command -v fsck.fat"], { env: ENVIRONMENT });
  return exitCode === 0 ? undefined : "mkfs.fat and fsck.fat are not installed (Debian: apt install dosfstools)";
}

/** A new card. `options` are mkfs.fat's. */
export async function makeFatImage(
  path: string,
  { kib = 34_000, options = ["-F", "32", "-s", "1"] }: { kib?: number; options?: readonly string[] } = {},
): Promise<void> {
  await writeFile(path, "");
  await truncate(path, kib * 1024);
  await formatImage(path, options);
}

/** Formats a card anew; what its files held stays where it was. */
export async function formatImage(path: string, options: readonly string[] = ["-F", "32", "-s", "1"]): Promise<void> {
  const args = ["-S", "512", "-i", "5c1e1ca4", "-n", "SMILE", "--invariant", ...options, path];
  await runOrThrow("mkfs.fat", args, "formatting a card", { env: ENVIRONMENT });
}

/** What fsck.fat finds. What a power cut may leave: clusters that belong to no file, a count of free ones that is not right, and a second table that lags. */
export interface Verdict {
  readonly lostClusters: number;
  readonly wrongSummary: boolean;
  readonly tablesDiffer: boolean;
  /** Everything else it says; on a card that is whole nothing. */
  readonly damage: readonly string[];
}

const HARMLESS = [
  /^fsck\.fat /,
  /^Leaving filesystem unchanged\.$/,
  /: \d+ files, \d+\/\d+ clusters$/,
  /^Reclaimed \d+ unused clusters?/,
  /^Free cluster summary wrong/,
  /^ {2}Auto-correcting\.$/,
  /^FATs differ but appear to be intact\.$/,
  /^ {2}Using first FAT\.$/,
  /^$/,
];

export async function judge(image: string): Promise<Verdict> {
  const { all, exitCode } = await run("fsck.fat", ["-n", image], { env: ENVIRONMENT });
  const lines = all.split("\n");
  const lost = /^Reclaimed (\d+) unused cluster/m.exec(all);
  const damage = lines.filter((line) => !HARMLESS.some((pattern) => pattern.test(line)));
  if (exitCode !== 0 && exitCode !== 1) damage.push(`exit status ${exitCode}`);
  return {
    lostClusters: Number(lost?.[1] ?? 0),
    wrongSummary: all.includes("Free cluster summary wrong"),
    tablesDiffer: all.includes("FATs differ"),
    damage,
  };
}

export interface FatFile {
  readonly name: string;
  readonly size: number;
  /** In the order of the chain. */
  readonly clusters: readonly number[];
  /** As they are now. */
  contents(): Buffer;
}

/** A FAT32 volume on an image as it is now. */
export class FatImage {
  private readonly table: Buffer;
  private readonly dataSector: number;
  private readonly perCluster: number;
  readonly files: readonly FatFile[];
  /** Identifies the file system without its files' contents: all that fsck.fat looks at. */
  readonly structure: string;

  /** `start`: first sector of the volume. Throws where a file's chain ends early or two chains meet. */
  constructor(
    private readonly path: string,
    start = 0,
  ) {
    const file = openSync(path, "r");
    try {
      const boot = readSectors(file, start, 1);
      this.perCluster = boot[13];
      const reserved = boot.readUInt16LE(14);
      const tableSectors = boot.readUInt32LE(36);
      this.dataSector = start + reserved + boot[16] * tableSectors;
      const head = readSectors(file, start, this.dataSector - start);
      this.table = head.subarray(reserved * SECTOR, (reserved + tableSectors) * SECTOR);
      const owners = new Set<number>();
      const folder = this.read(file, this.chain(boot.readUInt32LE(44), owners));
      this.structure = createHash("sha1").update(head).update(folder).digest("hex");
      this.files = entries(folder).map((entry) => this.fileOf(entry, owners));
    } finally {
      closeSync(file);
    }
  }

  private fileOf({ name, size, first }: Entry, owners: Set<number>): FatFile {
    const clusters = size === 0 && first === 0 ? [] : this.chain(first, owners);
    if (clusters.length < Math.ceil(size / (this.perCluster * SECTOR))) {
      throw new Error(`${this.path}: ${name} of ${size} bytes has ${clusters.length} clusters`);
    }
    return { name, size, clusters, contents: () => this.contents(clusters).subarray(0, size) };
  }

  private chain(first: number, owners: Set<number>): number[] {
    const clusters: number[] = [];
    for (let at = first; at < LAST_CLUSTER; at = this.table.readUInt32LE(at * 4) & 0x0fffffff) {
      if (at < 2 || at * 4 >= this.table.length || owners.has(at)) {
        throw new Error(`${this.path}: bad chain at cluster ${at}`);
      }
      owners.add(at);
      clusters.push(at);
    }
    return clusters;
  }

  private contents(clusters: readonly number[]): Buffer {
    const file = openSync(this.path, "r");
    try {
      return this.read(file, clusters);
    } finally {
      closeSync(file);
    }
  }

  private read(file: number, clusters: readonly number[]): Buffer {
    const parts: Buffer[] = [];
    for (let from = 0; from < clusters.length; ) {
      let to = from + 1;
      while (to < clusters.length && clusters[to] === clusters[to - 1] + 1) to++;
      const sector = this.dataSector + (clusters[from] - 2) * this.perCluster;
      parts.push(readSectors(file, sector, (to - from) * this.perCluster));
      from = to;
    }
    return Buffer.concat(parts);
  }

  /** Byte offset in the image of a byte of a file. */
  offsetOf(name: string, at: number): number {
    const file = this.files.find((candidate) => candidate.name === name);
    if (file === undefined) throw new Error(`${this.path}: no ${name}`);
    const bytes = this.perCluster * SECTOR;
    const sector = this.dataSector + (file.clusters[Math.floor(at / bytes)] - 2) * this.perCluster;
    return sector * SECTOR + (at % bytes);
  }
}

function readSectors(file: number, sector: number, sectors: number): Buffer {
  const buffer = Buffer.alloc(sectors * SECTOR);
  readSync(file, buffer, 0, buffer.length, sector * SECTOR);
  return buffer;
}

interface Entry {
  readonly name: string;
  readonly size: number;
  readonly first: number;
}

function entries(folder: Buffer): Entry[] {
  const found: Entry[] = [];
  for (let at = 0; at < folder.length && folder[at] !== 0; at += ENTRY) {
    const attributes = folder[at + 11];
    if (folder[at] === 0xe5 || attributes === LONG_NAME || (attributes & NOT_A_FILE) !== 0) continue;
    const part = (from: number, to: number) => folder.toString("latin1", at + from, at + to).trimEnd();
    const first = (folder.readUInt16LE(at + 20) << 16) | folder.readUInt16LE(at + 26);
    found.push({ name: `${part(0, 8)}.${part(8, 11)}`, size: folder.readUInt32LE(at + 28), first });
  }
  return found;
}

/** Writes empty files into a freshly formatted card's folder, as many as its first cluster has room for but `room`. */
export function crowdImage(path: string, room: number): void {
  const file = openSync(path, "r+");
  try {
    const boot = readSectors(file, 0, 1);
    const data = boot.readUInt16LE(14) + boot[16] * boot.readUInt32LE(36);
    const folder = readSectors(file, data, boot[13]);
    for (let at = ENTRY; at < folder.length - room * ENTRY; at += ENTRY) {
      folder.write(`FILE${String(at / ENTRY).padStart(4, "0")}TXT\x20`, at, "latin1");
    }
    writeSync(file, folder, 0, folder.length, data * SECTOR);
  } finally {
    closeSync(file);
  }
}

/** Fills a freshly formatted card, or one filled like this before, with one file, FILL.BIN, up to the clusters that `free` wants free. */
export function fillImage(path: string, free: (cluster: number, clusters: number) => boolean): void {
  const file = openSync(path, "r+");
  try {
    const boot = readSectors(file, 0, 1);
    const reserved = boot.readUInt16LE(14);
    const tableSectors = boot.readUInt32LE(36);
    const data = reserved + boot[16] * tableSectors;
    const clusters = Math.floor((boot.readUInt32LE(32) - data) / boot[13]);
    const table = readSectors(file, reserved, tableSectors);
    table.fill(0, 3 * 4);
    const used = Array.from({ length: clusters - 1 }, (_, i) => i + 3).filter((cluster) => !free(cluster, clusters));
    for (const [i, cluster] of used.entries()) table.writeUInt32LE(used[i + 1] ?? 0x0fffffff, cluster * 4);
    for (let copy = 0; copy < boot[16]; copy++) {
      writeSync(file, table, 0, table.length, (reserved + copy * tableSectors) * SECTOR);
    }
    const folder = readSectors(file, data, 1);
    const there = entries(folder).findIndex(({ name }) => name === "FILL.BIN");
    const at = (there < 0 ? entries(folder).length : there) * ENTRY + (folder[11] === 0x08 ? ENTRY : 0);
    folder.write("FILL    BIN\x20", at, "latin1");
    folder.writeUInt16LE(used[0] >>> 16, at + 20);
    folder.writeUInt16LE(used[0] & 0xffff, at + 26);
    folder.writeUInt32LE(used.length * boot[13] * SECTOR, at + 28);
    writeSync(file, folder, 0, folder.length, data * SECTOR);
    const information = readSectors(file, boot.readUInt16LE(48), 1);
    information.writeUInt32LE(clusters - 1 - used.length, 488);
    information.writeUInt32LE(0xffffffff, 492);
    writeSync(file, information, 0, SECTOR, boot.readUInt16LE(48) * SECTOR);
  } finally {
    closeSync(file);
  }
}
