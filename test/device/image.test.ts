import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { loadFirmware } from "#smilec/device/firmware-set.js";
import { readImage, readPartitions } from "#smilec/device/image.js";
import { errorOf } from "../support/environment.js";
import { firmwareImage, partitionTable, writeBuild } from "../support/firmware-images.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();

describe("a firmware image", () => {
  it("tells its chip, flash size, revision, name and length", () => {
    const image = firmwareImage({ chipId: 9, flashSize: 3, minRevision: 2, app: { name: "bot", version: "1.2" } });
    expect(readImage(image, "app.bin")).toEqual({
      chipId: 9,
      flashBytes: 8 * 1024 * 1024,
      minRevision: 2,
      length: image.length,
      app: { name: "bot", version: "1.2" },
    });
  });

  it("is refused at every length it can be cut to", () => {
    const image = firmwareImage({ bytes: 64 });
    for (let length = 0; length < image.length; length++) {
      expect(() => readImage(image.subarray(0, length), "app.bin")).toThrow(/firmware image/);
    }
  });

  it("is refused with a bit turned in any of its bytes", () => {
    const image = firmwareImage({ bytes: 64 });
    for (let at = 0; at < image.length; at++) {
      const damaged = Buffer.from(image);
      damaged[at] ^= 0x10;
      // Without its mark in byte 23 the hash is not looked at; the checksum still covers the segments.
      if (at !== 23) expect(() => readImage(damaged, "app.bin")).toThrow(/firmware image/);
    }
  });
});

describe("a partition table", () => {
  it("tells where the application goes", () => {
    expect(readPartitions(partitionTable(), "partitions.bin")).toContainEqual({
      label: "factory",
      type: "app",
      offset: 0x10000,
      size: 0x3f0000,
    });
  });

  it("is refused when its MD5 does not fit, or it holds no application", () => {
    const table = partitionTable();
    table[5] ^= 1;
    expect(() => readPartitions(table, "partitions.bin")).toThrow("its MD5 is wrong");
    expect(() => readPartitions(Buffer.alloc(64, 0xff), "partitions.bin")).toThrow("no application");
    expect(() => readPartitions(Buffer.alloc(64), "partitions.bin")).toThrow("entry 0");
  });
});

describe("the files of a build", () => {
  it("go where the chip and the partition table say", async () => {
    const [esp32, s3] = [folder(), folder()];
    writeBuild(esp32);
    writeBuild(s3, { chipId: 9 });
    const places = async (dir: string) => (await loadFirmware([dir])).files.map(({ role, offset }) => [role, offset]);
    expect(await places(esp32)).toEqual([
      ["boot loader", 0x1000],
      ["partition table", 0x8000],
      ["application", 0x10000],
    ]);
    expect((await places(s3))[0]).toEqual(["boot loader", 0]);
  });

  it("go where ESP-IDF's flasher_args.json says", async () => {
    const dir = folder();
    writeBuild(dir);
    const files = { "0x1000": "bootloader.bin", "0x8000": "partitions.bin", "0x10000": "firmware.bin" };
    writeFileSync(join(dir, "flasher_args.json"), JSON.stringify({ flash_files: files }));
    expect((await loadFirmware([dir])).files).toHaveLength(3);
    writeFileSync(join(dir, "flasher_args.json"), "{");
    expect(await errorOf(loadFirmware([dir]))).toMatchObject({ message: "flash_files is missing or damaged" });
  });

  it.each([
    [
      "of different chips",
      { "bootloader.bin": firmwareImage({ chipId: 9 }) },
      /for different chips: ESP32-S3 and ESP32/,
    ],
    ["too large for the partition", { "partitions.bin": partitionTable(0x10000) }, /its partition factory 65536/],
    [
      "no image",
      { "firmware.bin": Buffer.from("\x7fELF and more of it, so that it is long enough") },
      /no firmware image/,
    ],
    ["empty", { "firmware.bin": Buffer.alloc(0) }, /empty/],
  ])("are refused when one is %s", async (_, changes, message) => {
    const dir = folder();
    writeBuild(dir);
    for (const [name, bytes] of Object.entries(changes)) writeFileSync(join(dir, name), bytes);
    expect(await errorOf(loadFirmware([dir]))).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
  });

  it("may be named one by one, not in each other's way", async () => {
    const dir = folder();
    writeBuild(dir);
    const app = join(dir, "firmware.bin");
    expect((await loadFirmware([`0x10000=${app}`])).flashBytes).toBeGreaterThan(0x10000);
    expect(await errorOf(loadFirmware([`0x10000=${app}`, `0x11000=${app}`]))).toMatchObject({
      message: expect.stringMatching(/reaches into firmware.bin at 0x11000/),
    });
    expect(await errorOf(loadFirmware([`0x10001=${app}`]))).toMatchObject({ message: expect.stringMatching(/sector/) });
    expect(await errorOf(loadFirmware([app]))).toMatchObject({ message: expect.stringMatching(/where it goes/) });
  });
});
