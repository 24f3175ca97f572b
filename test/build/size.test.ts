import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { esp32s3eye } from "#smilec/board/esp32s3eye.js";
import { enforceLimits, measureFirmware, sizeLimits, sizeTable } from "#smilec/build/size.js";
import { ToolError, UserError } from "#smilec/errors.js";
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
    expect(await measureFirmware(file(elf32(FIRMWARE)), "esp32")).toEqual({
      flash: 0x403 + 50_000 + 9_000 + 256 + 120_000 + 200_000,
      ram: 79_000,
      iram: 0x403 + 50_000,
    });
  });

  it("counts code in the ESP32-S3's shared RAM as RAM, which the linker shows as .dram0.dummy", async () => {
    const sections = [
      { name: ".iram0.text", address: 0x40374000, size: 60_000 },
      { name: ".dram0.dummy", address: 0x3fc88000, size: 43_616, type: "NOBITS", flags: "WA" },
      { name: ".dram0.data", address: 0x3fc92a60, size: 9_000, flags: "WA" },
      { name: ".dram0.bss", address: 0x3fc94d88, size: 70_000, type: "NOBITS", flags: "WA" },
    ] as const;
    const { ram, iram } = await measureFirmware(file(elf32(sections)), "esp32s3");
    expect({ ram, iram }).toEqual({ ram: 43_616 + 79_000, iram: 60_000 });
    expect(sizeLimits(esp32s3eye)).toEqual({ flash: 0x7f0000, ram: 341_760 });
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["cut off", (bytes) => bytes.subarray(0, bytes.length - 10)],
    ["cut off in its header", (bytes) => bytes.subarray(0, 30)],
    ["big-endian", (bytes) => Buffer.concat([bytes.subarray(0, 5), Buffer.from([2]), bytes.subarray(6)])],
  ])("refuses a program file that is %s", async (_, damage) => {
    const error = await errorOf(measureFirmware(file(damage(elf32(FIRMWARE))), "esp32"));
    expect(error).toBeInstanceOf(UserError);
  });

  it("refuses a section table that claims to be huge or to start beyond the file", async () => {
    for (const offset of [0xffffff00, 1_000_000]) {
      const bytes = elf32(FIRMWARE);
      bytes.writeUInt32LE(offset, 32);
      expect(await errorOf(measureFirmware(file(bytes), "esp32"))).toBeInstanceOf(UserError);
    }
  });
});

describe("the board's limits", () => {
  const limits = sizeLimits(esp32cam);

  it("are the application partition, the static data segment and the instruction RAM", () => {
    expect(limits).toEqual({ flash: 0x3f0000, ram: 180_736, iram: 131_072 });
  });

  it("are shown beside what is used", () => {
    const table = sizeTable({ flash: 412_877, ram: 90_368, iram: 65_536 }, limits);
    expect(table).toEqual([
      "flash     412,877 bytes of   4,128,768 ( 10.0 %)",
      "RAM        90,368 bytes of     180,736 ( 50.0 %)",
      "IRAM       65,536 bytes of     131,072 ( 50.0 %)",
    ]);
    expect(sizeTable({ flash: 10, ram: 20, iram: 0 }, {}).length).toBe(2);
  });

  it("are enforced to the byte, all at once", () => {
    const full = { flash: 0x3f0000, ram: 180_736, iram: 131_072 };
    expect(() => enforceLimits(full, limits, "x")).not.toThrow();
    for (const kind of ["flash", "ram", "iram"] as const) {
      expect(() => enforceLimits({ ...full, [kind]: full[kind] + 1 }, limits, "x")).toThrow(ToolError);
    }
    const both = () => enforceLimits({ flash: 5_000_000, ram: 200_000, iram: 0 }, limits, "x");
    expect(both).toThrow("not enough flash and RAM");
  });
});
