import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { esp32s3eye } from "#smilec/board/esp32s3eye.js";
import type { Board } from "#smilec/board/types.js";
import { loadFirmware } from "#smilec/device/firmware-set.js";
import { type FlashResult, flash } from "#smilec/device/flash.js";
import { ExitCode, InterruptedError, type SmilecError } from "#smilec/errors.js";
import { errorOf } from "../support/environment.js";
import { type ImageOptions, writeBuild } from "../support/firmware-images.js";
import { recordingContext } from "../support/recording-reporter.js";
import { noTerminalsHere, romLoader } from "../support/serial-peer.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const folder = temporaryFolders();
const onTerminals = noTerminalsHere === undefined ? describe : describe.skip;

interface Changes {
  readonly signal?: AbortSignal;
  readonly images?: ImageOptions;
  readonly board?: Board;
}

/** Flashes a small build through the peer; returns what the flash holds then. */
async function flashThrough(options: readonly string[], { signal, images, board = esp32cam }: Changes = {}) {
  const dir = folder("build-");
  const placed = writeBuild(dir, images);
  const dump = join(dir, "flash.bin");
  const peer = await romLoader("--dump", dump, ...options);
  const context = recordingContext(signal);
  const request = { firmware: await loadFirmware([dir]), port: { path: peer.port }, board, baud: 460800 };
  let result: FlashResult | undefined;
  let error: SmilecError | undefined;
  try {
    result = await flash({ ...request, context, attempts: 3 });
  } catch (thrown) {
    error = thrown as SmilecError;
  } finally {
    await peer.end();
  }
  return { result, error, placed, context, written: readFileSync(dump) };
}

onTerminals("flashing a board over its serial port", () => {
  it("writes every image to its place, with progress, and verifies it", async () => {
    const { result, placed, written, context } = await flashThrough([]);
    for (const [offset, bytes] of placed) {
      expect(written.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
    }
    // Nothing else was touched: settings in nvs survive.
    expect(written.subarray(0x9000, 0x10000).every((byte) => byte === 0xff)).toBe(true);
    expect(result).toMatchObject({ method: "direct", device: { chipId: 0, flashBytes: 4 * 1024 * 1024 } });
    expect(context.lines.filter((line) => /^writing \d+\/153 KB$/.test(line)).length).toBeGreaterThan(5);
    expect(context.lines.join("\n")).toContain("verified (MD5)");
  });

  it("hears a board through noise on the line", async () => {
    const { error, placed, written } = await flashThrough(["--fault", "noise"]);
    expect(error).toBeUndefined();
    const [offset, bytes] = placed[2];
    expect(written.subarray(offset, offset + bytes.length).equals(bytes)).toBe(true);
  });

  it.each([
    ["does not answer", ["--fault", "silent"], ExitCode.Environment, /does not answer/, /download mode.*GPIO0 to GND/],
    ["started its firmware", ["--fault", "app"], ExitCode.Environment, /wrong boot mode.*0x13/, /card out.*GPIO0/],
    ["does not hear us", ["--fault", "deaf"], ExitCode.Environment, /does not hear us/, /TX/],
    ["is of another chip", ["--chip", "esp32s3"], ExitCode.User, /for ESP32, the board has ESP32-S3/, /--target/],
    [
      "has too little flash",
      ["--flash-id", "0x154020"],
      ExitCode.User,
      /needs 4 MB of flash, the board has 2 MB/,
      /more/,
    ],
  ])("writes nothing to a board that %s", async (_, options, exitCode, message, remedy) => {
    const { error, written } = await flashThrough(options);
    expect(error).toMatchObject({ exitCode, message: expect.stringMatching(message) });
    expect(error?.remedy).toMatch(remedy);
    expect(written.every((byte) => byte === 0xff)).toBe(true);
  });

  // Bits as esptool's targets/esp32.py and targets/esp32s3.py read them.
  const revision = (major: 0 | 1 | 3, minor: number) => [
    ...["--register", `0x3ff5a00c=${major > 0 ? 0x8000 : 0}`],
    ...["--register", `0x3ff5a014=${(major > 1 ? 0x100000 : 0) + minor * 0x1000000}`],
    ...["--register", `0x3ff6607c=${major > 2 ? 0x80000000 : 0}`],
  ];
  it.each([
    ["too old", { minRevision: 301 }, revision(3, 0), /needs chip revision v3\.1, this is v3\.0/, /newer board/],
    ["much too old", { minRevision: 300 }, revision(1, 0), /needs chip revision v3\.0, this is v1\.0/, /newer board/],
    ["too new", { maxRevision: 199 }, revision(3, 1), /up to chip revision v1\.99, this is v3\.1/, /newer ESP-IDF/],
  ])("writes nothing to a chip whose revision is %s", async (_, images, options, message, remedy) => {
    const { error, written } = await flashThrough(options, { images });
    expect(error).toMatchObject({ exitCode: ExitCode.User, message: expect.stringMatching(message) });
    expect(error?.remedy).toMatch(remedy);
    expect(written.every((byte) => byte === 0xff)).toBe(true);
  });

  it("writes to a chip whose revision is just old or new enough", async () => {
    const { error } = await flashThrough(revision(3, 1), { images: { minRevision: 301, maxRevision: 301 } });
    expect(error).toBeUndefined();
  });

  it("writes nothing to a chip without the PSRAM that the frames need; with it, or with less than usual, it does", async () => {
    const on = (capacity: number) =>
      flashThrough(["--chip", "esp32s3", "--flash-id", "0x174020", "--register", `0x60007054=${capacity << 3}`], {
        images: { chipId: 9 },
        board: esp32s3eye,
      });
    const none = await on(0);
    expect(none.error).toMatchObject({
      exitCode: ExitCode.User,
      message: expect.stringContaining("this chip holds none"),
    });
    expect(none.error?.remedy).toContain("ESP32-S3-EYE, whose chip has 8 MB");
    expect(none.written.every((byte) => byte === 0xff)).toBe(true);
    expect(await on(1)).toMatchObject({ error: undefined });
    const less = await on(2);
    expect(less.error).toBeUndefined();
    expect(less.context.lines.join("\n")).toContain(
      "the chip holds 2 MB of PSRAM, the Espressif ESP32-S3-EYE has 8 MB",
    );
  });

  it.each([
    ["vanishes", "vanish=60000", /the port vanished while writing/],
    ["loses its supply", "brownout=60000", /brownout/],
    ["falls silent", "stuck=60000", /stopped answering while writing/],
    ["has a bad flash chip", "worn", /what is in the flash is not what was written/],
  ])("says that the firmware is incomplete when the board %s", async (_, fault, message) => {
    const { error } = await flashThrough(["--fault", fault]);
    expect(error).toMatchObject({ exitCode: ExitCode.Environment, message: expect.stringMatching(message) });
    expect(error?.remedy).toContain("incomplete");
  });

  it("stops at once on Ctrl-C", async () => {
    const stop = new AbortController();
    stop.abort(new InterruptedError());
    const { error, written } = await flashThrough(["--fault", "silent"], { signal: stop.signal });
    expect(error?.exitCode).toBe(ExitCode.Interrupted);
    expect(written.every((byte) => byte === 0xff)).toBe(true);
  });
});

describe("a build that is to be flashed", () => {
  it("is refused before a port is opened when a file is missing", async () => {
    expect(await errorOf(loadFirmware([folder()]))).toMatchObject({
      exitCode: ExitCode.User,
      message: "there is no bootloader.bin",
    });
  });
});
