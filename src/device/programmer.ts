/** A board in download mode: find out what it is, and write its flash, with Espressif's esptool-js and its stub loader. */
import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { ESPLoader } from "esptool-js";
import type { Board } from "../board/types.js";
import { EnvironmentError, InterruptedError, SmilecError, UserError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import type { FirmwareSet } from "./firmware-set.js";
import { chipName } from "./firmware-set.js";
import { messageOf } from "./port-error.js";
import type { SerialPortInfo } from "./ports.js";
import { SerialTransport } from "./transport.js";

export interface DeviceFacts {
  /** esp_chip_id_t. */
  readonly chipId: number;
  /** "ESP32-D0WD-V3 (revision 3)" */
  readonly description: string;
  /** Chip revision, major * 100 + minor. */
  readonly revision: number;
  readonly mac: string;
  /** What the flash chip says of its size, bytes; absent when its id is not known. */
  readonly flashBytes?: number;
  /** PSRAM in the chip's package, bytes; 0: none there (there may be one beside it). */
  readonly psramBytes: number;
}

const ROM_BAUD = 115200;
const ESP32_CHIP_ID = 0;
/** Word 5 of the ESP32's eFuse block 0; bits 24 and 25 are the minor revision, which its description leaves out (esptool's targets/esp32.py). */
const ESP32_EFUSE_WORD5 = 0x3ff5a014;
const RESET_MS = 100;

export interface ProgrammerOptions {
  readonly port: SerialPortInfo;
  /** Baud rate while writing. */
  readonly baud: number;
  /** How to get this board into download mode, for the error when it does not answer. */
  readonly downloadMode: string;
  readonly context: StageContext;
  /** Attempts to reset and sync; default 7. */
  readonly attempts?: number;
}

/** Connects to a board; close() must follow. Every error is one that a user can act on. */
export class Programmer {
  private readonly transport: SerialTransport;
  private readonly loader: ESPLoader;

  constructor(private readonly options: ProgrammerOptions) {
    const { port, baud, context } = options;
    this.transport = new SerialTransport(port.path, port.usb, context.signal);
    const terminal = { clean: () => undefined, write: () => undefined, writeLine: () => undefined };
    this.loader = new ESPLoader({ transport: this.transport, baudrate: baud, romBaudrate: ROM_BAUD, terminal });
  }

  /** Resets into download mode, starts the stub and asks what is there. */
  async identify(): Promise<DeviceFacts> {
    return this.guarded(async () => {
      const { loader } = this;
      await loader.detectChip("default_reset", this.options.attempts ?? 7);
      this.transport.forgetNoise();
      if (loader.secureDownloadMode) throw this.locked();
      const { chip } = loader;
      const description = await chip.getChipDescription(loader);
      const features = await chip.getChipFeatures(loader);
      const mac = await chip.readMac(loader);
      const minor = chip.IMAGE_CHIP_ID === ESP32_CHIP_ID ? await esp32MinorRevision(loader) : 0;
      await loader.runStub();
      const flash = await loader.detectFlashSize();
      return {
        chipId: chip.IMAGE_CHIP_ID ?? -1,
        description,
        revision: revisionIn(description) + minor,
        mac,
        ...(flash === undefined ? {} : { flashBytes: sizeOf(flash) }),
        psramBytes: psramIn(features),
      };
    });
  }

  /** Writes every file, compressed, and compares the MD5 that the stub computes over the flash. */
  async write(firmware: FirmwareSet): Promise<void> {
    const { context, port } = this.options;
    const sizes = firmware.files.map(({ bytes }) => bytes.length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const progress = context.reporter.progress("writing", Math.ceil(total / 1024), "KB");
    const before = (index: number) => sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
    try {
      await this.guarded(async () => {
        if (this.options.baud !== ROM_BAUD) await this.loader.changeBaud();
        await this.loader.writeFlash({
          fileArray: firmware.files.map(({ bytes, offset }) => ({ data: bytes, address: offset })),
          flashMode: "keep",
          flashFreq: "keep",
          flashSize: "keep",
          eraseAll: false,
          compress: true,
          reportProgress: (index, done, all) =>
            progress.update(Math.round((before(index) + (sizes[index] * done) / all) / 1024)),
          calculateMD5Hash: (image) => createHash("md5").update(image).digest("hex"),
        });
      }, true);
    } finally {
      progress.end();
    }
    context.reporter.info(`${Math.ceil(total / 1024)} KB on ${port.path} verified (MD5)`);
  }

  /** Starts the firmware where the reset line is wired. */
  async restart(): Promise<void> {
    await this.guarded(async () => {
      await this.transport.setSignals(false, true);
      await delay(RESET_MS);
      await this.transport.setSignals(false, false);
    });
  }

  async close(): Promise<void> {
    await this.transport.disconnect();
  }

  private async guarded<T>(work: () => Promise<T>, writing = false): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw this.explain(thrown, writing);
    }
  }

  private locked(): UserError {
    return new UserError("the chip is in secure download mode and can't be checked or written", {
      where: this.options.port.path,
      remedy: "Use a board whose fuses are not burnt.",
    });
  }

  /** From what esptool-js threw, what ended the line, and what the board said instead of answering. */
  private explain(thrown: unknown, writing: boolean): SmilecError {
    const where = this.options.port.path;
    const after = writing ? " The firmware on the board is incomplete until then." : "";
    const { signal } = this.options.context;
    if (signal.aborted) {
      return writing
        ? new InterruptedError("stopped while writing", {
            where,
            remedy: "The firmware on the board is incomplete: flash it again.",
          })
        : new InterruptedError();
    }
    const ended = this.transport.ended;
    if (!/brownout/i.test(this.transport.noise)) {
      if (ended instanceof SmilecError) return writing ? vanishedWhileWriting(ended) : ended;
      if (thrown instanceof SmilecError) return thrown;
    }
    return deviceError({
      message: messageOf(thrown),
      noise: this.transport.noise,
      where,
      after,
      downloadMode: this.options.downloadMode,
      cause: thrown,
    });
  }
}

/** The port was there when writing began. */
export function vanishedWhileWriting(ended: SmilecError): EnvironmentError {
  return new EnvironmentError("the port vanished while writing: cable, or the supply broke down", {
    ...(ended.where === undefined ? {} : { where: ended.where }),
    remedy:
      "Give the board 5 V from a supply that carries 0.5 A, use a short cable, and flash again. The firmware on the board is incomplete until then.",
    cause: ended,
  });
}

export interface DeviceFailure {
  /** What the loader (esptool-js or esptool) says. */
  readonly message: string;
  /** What the board sent besides packets. */
  readonly noise: string;
  readonly where: string;
  /** Added to the remedy. */
  readonly after: string;
  readonly downloadMode: string;
  readonly cause?: unknown;
}

/** The usual failures of a conversation with the ROM or stub loader, from the loader's message and what the board sent. */
export function deviceError({ message, noise, where, after, downloadMode, cause }: DeviceFailure): SmilecError {
  const details = (remedy: string) => ({
    where,
    remedy: `${remedy}${after}`,
    ...(cause === undefined ? {} : { cause }),
  });
  if (/brownout/i.test(noise)) {
    return new EnvironmentError(
      "brownout: the board's supply broke down, and it restarted",
      details("Give it 5 V (not 3.3 V) from a supply that carries 0.5 A, by a short cable, and flash again."),
    );
  }
  if (/MD5 of file does not match/i.test(message)) {
    return new EnvironmentError(
      "what is in the flash is not what was written",
      details("Flash again, more slowly (--baud 115200); if it stays, the flash chip or the supply is bad."),
    );
  }
  const boot = /boot:0x([0-9a-f]+)(?:\s*\(([^)]*)\))?/i.exec(noise);
  if (boot !== null && after !== "") {
    return new EnvironmentError(
      "the board restarted while writing",
      details("Give it 5 V from a supply that carries 0.5 A, by a short cable, and flash again."),
    );
  }
  if (boot !== null && !/waiting for download/i.test(noise)) {
    return new EnvironmentError(
      `wrong boot mode: the board started its firmware (boot:0x${boot[1]}${boot[2] === undefined ? "" : ` ${boot[2]}`})`,
      details(downloadMode),
    );
  }
  if (/waiting for download/i.test(noise)) {
    return new EnvironmentError(
      "the board is in download mode, but does not hear us",
      details("Check the wire from the adapter's TX to the board's RX (U0R), and try again."),
    );
  }
  if (/Unexpected CHIP magic|Unexpected chip ID/i.test(message)) {
    return new UserError(
      "the chip is of a kind that is not known here",
      details("Connect an ESP32 or ESP32-S3 board."),
    );
  }
  if (/failed to connect|no answer|no serial data|no more data|stream stopped|timed out waiting/i.test(message)) {
    return after === ""
      ? new EnvironmentError("the board does not answer", details(downloadMode))
      : new EnvironmentError(
          "the board stopped answering while writing",
          details("Check cable and supply, and flash again."),
        );
  }
  return new EnvironmentError(`talking to the board failed: ${message}`, details("Reset the board and try again."));
}

async function esp32MinorRevision(loader: ESPLoader): Promise<number> {
  return ((await loader.readReg(ESP32_EFUSE_WORD5)) >> 24) & 3;
}

function revisionIn(description: string): number {
  const match = /revision v?(\d+)(?:\.(\d+))?/.exec(description);
  return match === null ? 0 : Number(match[1]) * 100 + Number(match[2] ?? 0);
}

function sizeOf(text: string): number {
  const value = Number.parseInt(text, 10);
  return text.endsWith("KB") ? value * 1024 : value * 1024 * 1024;
}

/** "Embedded PSRAM 8MB (AP_3v3)"; ESP32-PICO-V3-02 says "Embedded PSRAM" and has 2 MB. */
function psramIn(features: string | readonly string[]): number {
  const match = /Embedded PSRAM(?: (\d+)MB)?/.exec([features].flat().join());
  return match === null ? 0 : Number(match[1] ?? 2) * 1024 * 1024;
}

/** What is known of the board that the firmware was built for. */
type BoardFacts = Pick<Board, "title" | "chip" | "psramBytes">;

/** Whether the firmware can run on this board, as far as the chip tells; throws UserError before anything is written. Returns what is only likely. */
export function checkFit(device: DeviceFacts, firmware: FirmwareSet, where: string, board?: BoardFacts): string[] {
  if (device.chipId !== firmware.chipId) {
    throw new UserError(
      `the firmware is for ${chipName(firmware.chipId)}, the board has ${chipName(device.chipId)} (${device.description})`,
      { where, remedy: "Build for this board (`smilec build --target`), or connect the other one." },
    );
  }
  if (device.flashBytes !== undefined && firmware.flashBytes > device.flashBytes) {
    const [needed, there] = [firmware.flashBytes, device.flashBytes].map(megabytes);
    throw new UserError(`the firmware needs ${needed} of flash, the board has ${there}`, {
      where,
      remedy: "Use a board with more flash.",
    });
  }
  checkRevision(device, firmware, where);
  return checkPsram(device, where, board);
}

function checkRevision({ revision }: DeviceFacts, { minRevision, maxRevision }: FirmwareSet, where: string): void {
  const text = (value: number) => `v${Math.floor(value / 100)}.${value % 100}`;
  if (revision < minRevision) {
    throw new UserError(`the firmware needs chip revision ${text(minRevision)}, this is ${text(revision)}`, {
      where,
      remedy: "Use a newer board.",
    });
  }
  if (maxRevision !== undefined && revision > maxRevision) {
    throw new UserError(`the firmware runs up to chip revision ${text(maxRevision)}, this is ${text(revision)}`, {
      where,
      remedy: "Build it with a newer ESP-IDF, which knows this chip.",
    });
  }
}

/** The ESP32-S3 modules of the boards have their PSRAM in the chip's package, which tells of it; what lies beside an ESP32 shows at its start only. */
function checkPsram(device: DeviceFacts, where: string, board?: BoardFacts): string[] {
  const notes: string[] = [];
  if (device.flashBytes === undefined) notes.push("the flash chip does not tell its size: not checked");
  const wanted = board?.psramBytes ?? 0;
  if (board?.chip === "esp32s3" && wanted > 0 && device.psramBytes === 0) {
    throw new UserError("the firmware needs PSRAM for its frames, this chip holds none", {
      where,
      remedy: `Use a ${board.title}, whose chip has ${megabytes(wanted)}. If there is PSRAM beside the chip: \`smilec flash --firmware\` does not check it.`,
    });
  }
  if (board !== undefined && device.psramBytes > 0 && device.psramBytes < wanted) {
    notes.push(`the chip holds ${megabytes(device.psramBytes)} of PSRAM, the ${board.title} has ${megabytes(wanted)}`);
  }
  return notes;
}

function megabytes(bytes: number): string {
  return bytes % (1024 * 1024) === 0 ? `${bytes / (1024 * 1024)} MB` : `${(bytes / (1024 * 1024)).toFixed(2)} MB`;
}
