/** How much flash and RAM a built firmware takes, against the board's limits. */
import type { Board } from "../board/types.js";
import { ToolError } from "../errors.js";
import { runOrThrow } from "../process/run.js";
import { appPartitionBytes } from "../template/context.js";
import { type ElfSection, readElfSections } from "./elf.js";

/** Bytes. `flash`: code, constants and initial values, as stored. `ram`: static data; stack and heap come on top. */
export interface FirmwareSizes {
  readonly flash: number;
  readonly ram: number;
  /** Code that runs from internal RAM (ESP32 IRAM); 0 on the host. */
  readonly iram: number;
}

/** Bytes; absent where nothing limits it (on the host). */
export type SizeLimits = Partial<FirmwareSizes>;

interface Region {
  readonly first: number;
  readonly end: number;
}

/** ESP32 Technical Reference Manual, "System and Memory", and esp-idf components/esp_system/ld/esp32/memory.ld.in. */
const ESP32_DRAM: Region = { first: 0x3ffb0000, end: 0x40000000 };
const ESP32_IRAM: Region = { first: 0x40080000, end: 0x400a0000 };
/** ESP32-S3: esp-idf components/esp_system/ld/esp32s3/memory.ld.in. */
const ESP32S3_DRAM: Region = { first: 0x3fc88000, end: 0x3fd00000 };
const ESP32S3_IRAM: Region = { first: 0x40370000, end: 0x403e0000 };

/** What a board has room for. */
export function sizeLimits(board: Board): SizeLimits {
  const iram = board.chip === "esp32" ? { iram: ESP32_IRAM.end - ESP32_IRAM.first } : {};
  return { flash: appPartitionBytes(board), ram: board.ramBytes, ...iram };
}

/** Adds up a program's sections; `chip` says where its RAM lies. */
export async function measureFirmware(path: string, chip: Board["chip"] | "host"): Promise<FirmwareSizes> {
  const sections = await readElfSections(path);
  if (sections === undefined) return machoSizes(path);
  return chip === "host" ? hostSizes(sections) : chipSizes(sections, chip);
}

function hostSizes(sections: readonly ElfSection[]): FirmwareSizes {
  const loaded = sections.filter((section) => section.allocated);
  return {
    flash: total(loaded.filter((section) => !section.zeroed)),
    ram: total(loaded.filter((section) => section.writable)),
    iram: 0,
  };
}

function chipSizes(sections: readonly ElfSection[], chip: Board["chip"]): FirmwareSizes {
  const loaded = sections.filter((section) => section.allocated && section.size > 0);
  const within = ({ first, end }: Region) =>
    loaded.filter((section) => section.address >= first && section.address < end);
  // The linker keeps address ranges free with sections named *dummy; they hold nothing, but .dram0.dummy of the ESP32-S3 is as long as the code that takes
  // the same RAM by its other address (sections.ld.in).
  const real = (list: readonly ElfSection[]) =>
    list.filter(({ name }) => !name.includes("dummy") || (chip === "esp32s3" && name === ".dram0.dummy"));
  return {
    flash: total(real(loaded).filter((section) => !section.zeroed)),
    ram: total(real(within(chip === "esp32" ? ESP32_DRAM : ESP32S3_DRAM))),
    iram: total(real(within(chip === "esp32" ? ESP32_IRAM : ESP32S3_IRAM))),
  };
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
  return { flash: text + data, ram: data, iram: 0 };
}

const LABELS = { flash: "flash", ram: "RAM", iram: "IRAM" } as const;
const KINDS = ["flash", "ram", "iram"] as const;

/** Lines of a table: what is used of what there is. */
export function sizeTable(sizes: FirmwareSizes, limits: SizeLimits): string[] {
  return KINDS.filter((kind) => kind !== "iram" || sizes.iram > 0).map((kind) => {
    const limit = limits[kind];
    const used = `${LABELS[kind].padEnd(5)} ${sizes[kind].toLocaleString("en-US").padStart(11)} bytes`;
    if (limit === undefined) return used;
    const share = ((100 * sizes[kind]) / limit).toFixed(1).padStart(5);
    return `${used} of ${limit.toLocaleString("en-US").padStart(11)} (${share} %)`;
  });
}

/** Throws ToolError when the firmware takes more than there is. PlatformIO only warns about RAM. */
export function enforceLimits(sizes: FirmwareSizes, limits: SizeLimits, where: string): void {
  const over = KINDS.filter((kind) => limits[kind] !== undefined && sizes[kind] > limits[kind]);
  if (over.length === 0) return;
  const detail = over.map((kind) => {
    const limit = limits[kind] as number;
    return `${LABELS[kind]}: ${sizes[kind]} bytes, ${sizes[kind] - limit} more than the board's ${limit}`;
  });
  throw new ToolError(`the firmware does not fit: not enough ${over.map((kind) => LABELS[kind]).join(" and ")}`, {
    where,
    detail: detail.join("\n"),
    remedy: "Train a smaller network (train.architecture) or reduce input.size.",
  });
}
