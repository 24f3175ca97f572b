/** How much flash and RAM a built firmware takes, against the board's limits. */
import type { Board } from "../board/types.js";
import { ToolError } from "../errors.js";
import { runOrThrow } from "../process/run.js";
import { appPartitionBytes } from "../template/context.js";
import { type ElfSection, readElfSections } from "./elf.js";
import { holdsMemory, memoryRegions, type RegionName, regionOf } from "./memory-map.js";

/** Bytes. `flash`: code, constants and initial values, as stored. `ram`: static data; stack and heap come on top. */
export interface FirmwareSizes {
  readonly flash: number;
  readonly ram: number;
  /** Code that runs from internal RAM (ESP32 IRAM); 0 on the host. */
  readonly iram: number;
  /** Of a board: static contents of the other memories that have any. */
  readonly regions: Readonly<Partial<Record<OtherRegion, number>>>;
}

export type OtherRegion = Exclude<RegionName, "dram" | "iram">;

/** Bytes; absent where nothing limits it (on the host). */
export type SizeLimits = Partial<FirmwareSizes>;

/** What a board has room for. */
export function sizeLimits(board: Board): SizeLimits {
  const regions = memoryRegions(board);
  const limits = Object.fromEntries(regions.map(({ name, limit }) => [name, limit])) as Record<RegionName, number>;
  const { dram, iram, ...others } = limits;
  return { flash: appPartitionBytes(board), ram: dram, iram, regions: others };
}

/** Adds up a program's sections by the memories they lie in. */
export async function measureFirmware(path: string, target: Board | "host"): Promise<FirmwareSizes> {
  const sections = await readElfSections(path);
  if (sections === undefined) return machoSizes(path);
  return target === "host" ? hostSizes(sections) : boardSizes(sections, target);
}

function hostSizes(sections: readonly ElfSection[]): FirmwareSizes {
  const loaded = sections.filter((section) => section.allocated);
  return {
    flash: total(loaded.filter((section) => !section.zeroed)),
    ram: total(loaded.filter((section) => section.writable)),
    iram: 0,
    regions: {},
  };
}

function boardSizes(sections: readonly ElfSection[], board: Board): FirmwareSizes {
  const regions = memoryRegions(board);
  const used = new Map<RegionName, number>();
  for (const section of sections) {
    const region = regionOf(section, regions);
    if (region !== undefined) used.set(region, (used.get(region) ?? 0) + section.size);
  }
  const flash = total(sections.filter((section) => holdsMemory(section) && !section.zeroed));
  const { dram = 0, iram = 0, ...others } = Object.fromEntries(used) as Partial<Record<RegionName, number>>;
  return { flash, ram: dram, iram, regions: others };
}

function total(sections: readonly ElfSection[]): number {
  return sections.reduce((sum, section) => sum + section.size, 0);
}

/** macOS: `size` prints __TEXT, __DATA, __OBJC, others. */
async function machoSizes(path: string): Promise<FirmwareSizes> {
  const result = await runOrThrow("size", [path], "the program's size could not be read");
  const [text, data] = (result.stdout.split("\n")[1] ?? "").trim().split(/\s+/).map(Number);
  if (!Number.isFinite(text) || !Number.isFinite(data)) {
    throw new ToolError("`size` printed something unexpected", { where: path, detail: result.stdout });
  }
  return { flash: text + data, ram: data, iram: 0, regions: {} };
}

interface Use {
  readonly label: string;
  readonly bytes: number;
  readonly limit: number | undefined;
}

const REGION_LABELS: Readonly<Record<OtherRegion, string>> = {
  flashCode: "code in flash",
  flashData: "constants in flash",
  psram: "PSRAM",
  rtcFast: "RTC fast",
  rtcSlow: "RTC slow",
};

function uses(sizes: FirmwareSizes, limits: SizeLimits): Use[] {
  const main = [
    { label: "flash", bytes: sizes.flash, limit: limits.flash },
    { label: "RAM", bytes: sizes.ram, limit: limits.ram },
    { label: "IRAM", bytes: sizes.iram, limit: limits.iram },
  ];
  const others = (Object.keys(REGION_LABELS) as OtherRegion[]).map((name) => ({
    label: REGION_LABELS[name],
    bytes: sizes.regions[name] ?? 0,
    limit: limits.regions?.[name],
  }));
  return [
    ...main.filter(({ label, bytes }) => label !== "IRAM" || bytes > 0),
    ...others.filter(({ bytes }) => bytes > 0),
  ];
}

/** Lines of a table: what is used of what there is. */
export function sizeTable(sizes: FirmwareSizes, limits: SizeLimits): string[] {
  const rows = uses(sizes, limits);
  const width = Math.max(...rows.map(({ label }) => label.length));
  return rows.map(({ label, bytes, limit }) => {
    const used = `${label.padEnd(width)} ${bytes.toLocaleString("en-US").padStart(11)} bytes`;
    if (limit === undefined) return used;
    const share = ((100 * bytes) / limit).toFixed(1).padStart(5);
    return `${used} of ${limit.toLocaleString("en-US").padStart(11)} (${share} %)`;
  });
}

/** Throws ToolError when the firmware takes more than there is. PlatformIO only warns about RAM. */
export function enforceLimits(sizes: FirmwareSizes, limits: SizeLimits, where: string): void {
  const over = uses(sizes, limits).filter(({ bytes, limit }) => limit !== undefined && bytes > limit);
  if (over.length === 0) return;
  const detail = over.map(({ label, bytes, limit = 0 }) => {
    return `${label}: ${bytes} bytes, ${bytes - limit} more than the board's ${limit}`;
  });
  throw new ToolError(`the firmware does not fit: not enough ${over.map(({ label }) => label).join(" and ")}`, {
    where,
    detail: detail.join("\n"),
    remedy: "Train a smaller network (train.architecture) or reduce input.size.",
  });
}
