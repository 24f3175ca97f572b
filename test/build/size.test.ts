import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { esp32s3eye } from "#smilec/board/esp32s3eye.js";
import { enforceLimits, measureFirmware, sizeLimits, sizeTable } from "#smilec/build/size.js";
import { ToolError, UserError } from "#smilec/errors.js";
import { run, runOrThrow } from "#smilec/process/run.js";
import { errorOf } from "../support/environment.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const temporaryFolder = temporaryFolders();

interface TestSection {
  name: string;
  address: number;
  size: number;
  type?: "PROGBITS" | "NOBITS";
  flags?: string;
}

/** A 32-bit little-endian ELF file with nothing but section headers. */
function elf32(sections: readonly TestSection[]): Buffer {
  const all = [{ name: "", address: 0, size: 0, flags: "" }, ...sections];
  const names = `${all.map(({ name }) => name).join("\0")}\0.shstrtab\0`;
  const header = Buffer.alloc(52);
  header.write("\x7fELF\x01\x01\x01", "latin1");
  header.writeUInt32LE(52 + names.length, 32);
  header.writeUInt16LE(40, 46);
  header.writeUInt16LE(all.length + 1, 48);
  header.writeUInt16LE(all.length, 50);
  const rows = all.map(({ name, address, size, type = "PROGBITS", flags = "A" }, index) => {
    const row = Buffer.alloc(40);
    row.writeUInt32LE(
      all.slice(0, index).reduce((sum, { name: before }) => sum + before.length + 1, 0),
      0,
    );
    row.writeUInt32LE(name === "" ? 0 : type === "NOBITS" ? 8 : 1, 4);
    row.writeUInt32LE((flags.includes("W") ? 1 : 0) | (flags.includes("A") ? 2 : 0), 8);
    row.writeUInt32LE(address, 12);
    row.writeUInt32LE(size, 20);
    return row;
  });
  const table = Buffer.alloc(40);
  table.writeUInt32LE(names.indexOf(".shstrtab"), 0);
  table.writeUInt32LE(3, 4);
  table.writeUInt32LE(52, 16);
  table.writeUInt32LE(names.length, 20);
  return Buffer.concat([header, Buffer.from(names, "latin1"), ...rows, table]);
}

function file(contents: Buffer | string): string {
  const path = join(temporaryFolder("elf-"), "firmware.elf");
  writeFileSync(path, contents);
  return path;
}

/** As ESP-IDF's linker script lays out a program for the ESP32. */
const FIRMWARE: TestSection[] = [
  { name: ".iram0.vectors", address: 0x40080000, size: 0x403 },
  { name: ".iram0.text", address: 0x40080404, size: 50_000 },
  { name: ".dram0.data", address: 0x3ffb0000, size: 9_000, flags: "WA" },
  { name: ".dram0.bss", address: 0x3ffb2400, size: 70_000, type: "NOBITS", flags: "WA" },
  { name: ".flash.appdesc", address: 0x3f400020, size: 256 },
  { name: ".flash.rodata", address: 0x3f400120, size: 120_000 },
  { name: ".flash_rodata_dummy", address: 0x3f420000, size: 0x40000, type: "NOBITS" },
  { name: ".flash.text", address: 0x400d0020, size: 200_000 },
  { name: ".ext_ram.bss", address: 0x3f800000, size: 1_000_000, type: "NOBITS", flags: "WA" },
  { name: ".debug_info", address: 0, size: 5_000_000, flags: "" },
];

describe("measuring firmware", () => {
  it("adds up flash, RAM and IRAM of an ESP32 program by where its sections lie", async () => {
    expect(await measureFirmware(file(elf32(FIRMWARE)), esp32cam)).toEqual({
      flash: 0x403 + 50_000 + 9_000 + 256 + 120_000 + 200_000,
      ram: 79_000,
      iram: 0x403 + 50_000,
      regions: { flashCode: 200_000, flashData: 256 + 120_000, psram: 1_000_000 },
    });
  });

  it("counts code in the ESP32-S3's shared RAM as RAM, which the linker shows as .dram0.dummy", async () => {
    const sections = [
      { name: ".iram0.text", address: 0x40374000, size: 60_000 },
      { name: ".dram0.dummy", address: 0x3fc88000, size: 43_616, type: "NOBITS", flags: "WA" },
      { name: ".dram0.data", address: 0x3fc92a60, size: 9_000, flags: "WA" },
      { name: ".dram0.bss", address: 0x3fc94d88, size: 70_000, type: "NOBITS", flags: "WA" },
    ] as const;
    const { ram, iram } = await measureFirmware(file(elf32(sections)), esp32s3eye);
    expect({ ram, iram }).toEqual({ ram: 43_616 + 79_000, iram: 60_000 });
    expect(sizeLimits(esp32s3eye)).toMatchObject({ flash: 0x7f0000, ram: 341_760, iram: 358_144 });
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["cut off", (bytes) => bytes.subarray(0, bytes.length - 10)],
    ["cut off in its header", (bytes) => bytes.subarray(0, 30)],
    ["big-endian", (bytes) => Buffer.concat([bytes.subarray(0, 5), Buffer.from([2]), bytes.subarray(6)])],
  ])("refuses a program file that is %s", async (_, damage) => {
    const error = await errorOf(measureFirmware(file(damage(elf32(FIRMWARE))), esp32cam));
    expect(error).toBeInstanceOf(UserError);
  });

  it("refuses a section table that claims to be huge or to start beyond the file", async () => {
    for (const offset of [0xffffff00, 1_000_000]) {
      const bytes = elf32(FIRMWARE);
      bytes.writeUInt32LE(offset, 32);
      expect(await errorOf(measureFirmware(file(bytes), esp32cam))).toBeInstanceOf(UserError);
    }
  });
});

/** MEMORY of ESP-IDF 5.5.3's memory.ld.in with the sizes that its default options give. */
const MEMORY = {
  esp32: `iram (RX) : ORIGIN = 0x40080000, LENGTH = 0x20000
    code (RX) : ORIGIN = 0x400d0020, LENGTH = 0x330000 - 0x20
    dram (RW) : ORIGIN = 0x3ffb0000, LENGTH = 0x2c200
    data (R) : ORIGIN = 0x3f400020, LENGTH = 0x400000 - 0x20
    fast (RWX) : ORIGIN = 0x400c0000, LENGTH = 0x2000
    slow (RW) : ORIGIN = 0x50000000, LENGTH = 0x2000
    extern (RW) : ORIGIN = 0x3f800000, LENGTH = 0x400000`,
  esp32s3: `iram (RX) : ORIGIN = 0x40374000, LENGTH = 0x57700
    code (RX) : ORIGIN = 0x42000020, LENGTH = 0x800000 - 0x20
    dram (RW) : ORIGIN = 0x3fc88000, LENGTH = 0x53700
    data (R) : ORIGIN = 0x3c000020, LENGTH = 0x2000000 - 0x20
    fast (RWX) : ORIGIN = 0x600fe000, LENGTH = 0x2000
    slow (RW) : ORIGIN = 0x50000000, LENGTH = 0x2000
    extern (RW) : ORIGIN = 0x3c000020, LENGTH = 0x2000000 - 0x20`,
} as const;

/** As sections.ld.in names them; on the ESP32-S3 what lies behind its first 16 KB of code is kept free in the data RAM, and flash data before the PSRAM. */
const linkerScript = (chip: "esp32" | "esp32s3") => `MEMORY {
    ${MEMORY[chip]}
}
SECTIONS {
    .rtc.text : { *(.rtc.text) } > fast
    .rtc.bss (NOLOAD) : { *(.rtc.bss) } > slow
    .iram0.text : { *(.iram1) _iram_end = ABSOLUTE(.); } > iram
    ${chip === "esp32s3" ? ".dram0.dummy (NOLOAD) : { . = ORIGIN(dram) + MAX(_iram_end, 0x40378000) - 0x40378000; } > dram" : ""}
    .dram0.data : { *(.data) } > dram
    .dram0.bss (NOLOAD) : { *(.bss) } > dram
    .flash.text : { *(.text) } > code
    .flash.rodata : { *(.rodata) } > data
    ${chip === "esp32s3" ? ".ext_ram.dummy (NOLOAD) : { . = . + SIZEOF(.flash.rodata); } > extern" : ""}
    .ext_ram.bss (NOLOAD) : { *(.ext_ram.bss) } > extern
    /DISCARD/ : { *(.xtensa.info) *(.literal) }
}
`;

const CONTENTS = `.section .iram1, "ax"
    .space 60000
    .section .text, "ax"
    .space 300000
    .section .rodata, "a"
    .space 200000
    .data
    .space 9000
    .bss
    .space 70000
    .section .ext_ram.bss, "aw", @nobits
    .space 500000
    .section .rtc.text, "ax"
    .space 512
    .section .rtc.bss, "aw", @nobits
    .space 64
`;

const noLinker = (await run("xtensa-lx106-elf-ld", ["--version"])).notFound;

describe("a program linked by GNU ld at the chip's addresses", () => {
  const name = `is measured by region, for $id${noLinker ? " (skipped: xtensa-lx106-elf-ld is not installed)" : ""}`;
  (noLinker ? it.skip : it).each(Object.values(boards))(name, async (board) => {
    const folder = temporaryFolder("linked-");
    writeFileSync(join(folder, "contents.s"), CONTENTS);
    writeFileSync(join(folder, "chip.ld"), linkerScript(board.chip));
    const at = { cwd: folder };
    await runOrThrow("xtensa-lx106-elf-as", ["contents.s", "-o", "contents.o"], "assembling", at);
    await runOrThrow("xtensa-lx106-elf-ld", ["-T", "chip.ld", "contents.o", "-o", "firmware.elf"], "linking", at);
    const sizes = await measureFirmware(join(folder, "firmware.elf"), board);
    // 60,000 bytes from 0x40374000 on are 43,616 behind 0x40378000.
    const shared = board.chip === "esp32s3" ? 43_616 : 0;
    expect(sizes).toEqual({
      flash: 60_000 + 300_000 + 200_000 + 9_000 + 512,
      ram: 79_000 + shared,
      iram: 60_000,
      regions: { flashCode: 300_000, flashData: 200_000, psram: 500_000, rtcFast: 512, rtcSlow: 64 },
    });
    expect(() => enforceLimits(sizes, sizeLimits(board), folder)).not.toThrow();
  });
});

describe("the board's limits", () => {
  const limits = sizeLimits(esp32cam);

  it("are the application partition, the static data segment and the instruction RAM", () => {
    expect(limits).toEqual({
      flash: 0x3f0000,
      ram: 180_736,
      iram: 131_072,
      regions: { flashCode: 0x330000, flashData: 0x400000, psram: 0x400000, rtcFast: 8192, rtcSlow: 8192 },
    });
  });

  it("are shown beside what is used", () => {
    const table = sizeTable({ flash: 412_877, ram: 90_368, iram: 65_536, regions: {} }, limits);
    expect(table).toEqual([
      "flash     412,877 bytes of   4,128,768 ( 10.0 %)",
      "RAM        90,368 bytes of     180,736 ( 50.0 %)",
      "IRAM       65,536 bytes of     131,072 ( 50.0 %)",
    ]);
    expect(sizeTable({ flash: 10, ram: 20, iram: 0, regions: {} }, {}).length).toBe(2);
    const more = sizeTable({ flash: 10, ram: 20, iram: 0, regions: { psram: 0x200000, rtcSlow: 0 } }, limits);
    expect(more.at(-1)).toBe("PSRAM   2,097,152 bytes of   4,194,304 ( 50.0 %)");
    expect(more).toHaveLength(3);
  });

  it("are enforced to the byte, all at once", () => {
    const full = { flash: 0x3f0000, ram: 180_736, iram: 131_072, regions: { psram: 0x400000, flashCode: 0x330000 } };
    expect(() => enforceLimits(full, limits, "x")).not.toThrow();
    for (const kind of ["flash", "ram", "iram"] as const) {
      expect(() => enforceLimits({ ...full, [kind]: full[kind] + 1 }, limits, "x")).toThrow(ToolError);
    }
    for (const region of ["psram", "flashCode"] as const) {
      const regions = { ...full.regions, [region]: full.regions[region] + 1 };
      expect(() => enforceLimits({ ...full, regions }, limits, "x")).toThrow(ToolError);
    }
    const both = () => enforceLimits({ flash: 5_000_000, ram: 200_000, iram: 0, regions: {} }, limits, "x");
    expect(both).toThrow("not enough flash and RAM");
  });
});
