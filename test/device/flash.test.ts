import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { esp32cam } from "#smilec/board/esp32cam.js";
import { loadFirmware } from "#smilec/device/firmware-set.js";
import { type FlashResult, flash } from "#smilec/device/flash.js";
import { ExitCode, InterruptedError, type SmilecError } from "#smilec/errors.js";
import { errorOf } from "../support/environment.js";
import { writeBuild } from "../support/firmware-images.js";
import { recordingContext } from "../support/recording-reporter.js";
import { noTerminalsHere, romLoader } from "../support/serial-peer.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const folder = temporaryFolders();
const onTerminals = noTerminalsHere === undefined ? describe : describe.skip;

/** Flashes a small build through the peer; returns what the flash holds then. */
async function flashThrough(options: readonly string[], signal?: AbortSignal) {
  const dir = folder("build-");
  const placed = writeBuild(dir);
  const dump = join(dir, "flash.bin");
  const peer = await romLoader("--dump", dump, ...options);
  const context = recordingContext(signal);
  const request = { firmware: await loadFirmware([dir]), port: { path: peer.port }, board: esp32cam, baud: 460800 };
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
    const { error, written } = await flashThrough(["--fault", "silent"], stop.signal);
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
