/** Where a chip's memories lie and how much a program may put there: the linker's regions of ESP-IDF. */
import type { Board } from "../board/types.js";
import type { ElfSection } from "./elf.js";

export type RegionName = "iram" | "dram" | "flashCode" | "flashData" | "psram" | "rtcFast" | "rtcSlow";

export interface MemoryRegion {
  readonly name: RegionName;
  /** Addresses: first, and the one behind the last. Some memories are seen at two places. */
  readonly windows: readonly (readonly [first: number, end: number])[];
  /** Bytes that static contents may take. */
  readonly limit: number;
}

const KB = 1024;

/** ESP-IDF 5.5.3, components/esp_system/ld/esp32/memory.ld.in; RTC memories: less what is reserved for the boot loader and the timer's data. */
function esp32Regions({ ramBytes, psramBytes }: Board): MemoryRegion[] {
  return [
    // iram0_0_seg
    { name: "iram", windows: [[0x40080000, 0x400a0000]], limit: 128 * KB },
    // dram0_0_seg; the windows' rest is heap.
    { name: "dram", windows: [[0x3ffb0000, 0x40000000]], limit: ramBytes },
    // iram0_2_seg
    { name: "flashCode", windows: [[0x400d0000, 0x40400000]], limit: 0x330000 },
    // drom0_0_seg
    { name: "flashData", windows: [[0x3f400000, 0x3f800000]], limit: 4096 * KB },
    // extern_ram_seg
    { name: "psram", windows: [[0x3f800000, 0x3fc00000]], limit: psramBytes },
    // rtc_iram_seg, rtc_data_seg
    {
      name: "rtcFast",
      windows: [
        [0x400c0000, 0x400c2000],
        [0x3ff80000, 0x3ff82000],
      ],
      limit: 8 * KB,
    },
    { name: "rtcSlow", windows: [[0x50000000, 0x50002000]], limit: 8 * KB },
  ];
}

/** ESP-IDF 5.5.3, components/esp_system/ld/esp32s3/memory.ld.in, with an instruction cache of 16 KB. */
function esp32s3Regions({ ramBytes, psramBytes }: Board): MemoryRegion[] {
  return [
    // iram0_0_seg: I_D_SRAM_SIZE and the 16 KB before it; what lies behind these comes out of the data RAM's limit.
    { name: "iram", windows: [[0x40370000, 0x403e0000]], limit: ramBytes + 16 * KB },
    // dram0_0_seg
    { name: "dram", windows: [[0x3fc88000, 0x3fd00000]], limit: ramBytes },
    // iram0_2_seg
    { name: "flashCode", windows: [[0x42000000, 0x42800000]], limit: 8192 * KB },
    // drom0_0_seg and extern_ram_seg are one range of addresses: told apart by name.
    { name: "flashData", windows: [[0x3c000000, 0x3e000000]], limit: 32 * 1024 * KB },
    { name: "psram", windows: [], limit: psramBytes },
    { name: "rtcFast", windows: [[0x600fe000, 0x60100000]], limit: 8 * KB },
    { name: "rtcSlow", windows: [[0x50000000, 0x50002000]], limit: 8 * KB },
  ];
}

export function memoryRegions(board: Board): readonly MemoryRegion[] {
  return board.chip === "esp32" ? esp32Regions(board) : esp32s3Regions(board);
}

/**
 * Whether a section takes room. The linker keeps ranges of addresses free with sections named *dummy; they hold nothing, but .dram0.dummy of the ESP32-S3
 * is as long as the code that takes the same RAM by its other address (sections.ld.in).
 */
export function holdsMemory({ name, allocated, size }: ElfSection): boolean {
  return allocated && size > 0 && (!name.includes("dummy") || name === ".dram0.dummy");
}

/** Which region a section takes room in; undefined for what takes none. */
export function regionOf(section: ElfSection, regions: readonly MemoryRegion[]): RegionName | undefined {
  if (!holdsMemory(section)) return undefined;
  if (section.name.startsWith(".ext_ram")) return "psram";
  const inside = ({ windows }: MemoryRegion) =>
    windows.some(([first, end]) => section.address >= first && section.address < end);
  return regions.find(inside)?.name;
}
