/**
 * From the finger to the lights, in the worst case: what the firmware waits for and what it computes (docs/firmware.md, "From press to light"). Computed
 * from instructions counted on a simulated Xtensa and from the camera's and the drivers' own times; nothing of it was measured on a board.
 */
import type { Board } from "../board/types.js";
import { type Config, configSchema } from "../config/schema.js";
import { locateCenter, wholeBox } from "../locate/center.js";
import { FRAME } from "../template/context.js";
import { CYCLES_PER_INSTRUCTION } from "./speed.js";

/** Milliseconds that a press may take until the lights show the answer. */
export const LIGHT_LIMIT_MS = 700;

export interface PressPart {
  readonly what: string;
  readonly ms: number;
  readonly origin: string;
}

export interface PressToLight {
  readonly parts: readonly PressPart[];
  /** Sum of the parts: the longest a press takes. */
  readonly ms: number;
  readonly withinLimit: boolean;
  /** How far apart frames are, milliseconds. */
  readonly frameMs: number;
  /** What one frame keeps the processor busy, milliseconds; below frameMs no frame is left out. */
  readonly busyMs: number;
}

/** What of a configuration the time depends on. */
export interface PressSettings {
  /** Frames of a press. */
  readonly burst: number;
  readonly debounceMs: number;
  /** Side of the square that is looked at, pixels of the frame. */
  readonly boxSize: number;
  /** Looks for the face in each frame; absent with locator `center`. */
  readonly detector?: { readonly kind: string; readonly instructions: number };
}

export interface PressRequest extends PressSettings {
  readonly board: Pick<Board, "chip" | "cpuHz">;
  /** Side of the network's input. */
  readonly inputSize: number;
  /** Of one inference; 0 without a network. */
  readonly networkInstructions: number;
}

/** Between two looks at the button: SM_IDLE_MS. */
const POLL_MS = 5;
/** Between two looks for a frame: esp32_camera.c. */
const FRAME_POLL_MS = 2;

/**
 * OV2640: 60 frames a second of its CIF mode at a clock of 24 MHz (datasheet 1.6, Key Specifications); esp32-camera 2.1.5 (ov2640.c, set_window) uses that mode up
 * to CIF, divides the clock by 4 and, except on the ESP32, doubles it first. It is given 20 MHz (esp32_camera.c).
 */
const SENSOR_FPS = 60;
const SENSOR_MHZ = 24;
const XCLK_MHZ = 20;
const CLOCK_DIVIDER = 4;
const CLOCK_FACTOR: Readonly<Record<Board["chip"], number>> = { esp32: 1, esp32s3: 2 };

export function frameInterval(chip: Board["chip"]): number {
  return (1000 / SENSOR_FPS) * (SENSOR_MHZ / XCLK_MHZ) * (CLOCK_DIVIDER / CLOCK_FACTOR[chip]);
}

/** Exposure and gain of a frame: four registers, each 7 bytes of 9 bits and some on a bus of 100 kHz (esp32-camera, SCCB_CLK_FREQ). */
const REGISTERS_MS = (4 * 65) / 100;

/** Assumed, on the safe side, for quad PSRAM at 80 MHz behind the cache: the frame is copied, then its square read. */
const PSRAM_BYTES_PER_MS = 10_000;

/** Decision and lights, counted: fewer than this. */
const DECISION_INSTRUCTIONS = 2_000;

/** Of one frame's copy, a word at a time. */
const COPY_INSTRUCTIONS = (FRAME.width * FRAME.height * 7) / 4;

/** Locating, resizing, standardizing and the input's CRC; fitted to counts of seven pairs of sizes, at most 8 % off (bench/press-to-light.ts). */
export function preprocessInstructions(boxSize: number, inputSize: number): number {
  return Math.round(4.95 * boxSize ** 2 + 33.8 * boxSize * inputSize + 30.6 * inputSize ** 2);
}

/** @param locateInstructions of the detector that looks for the face in each frame; absent with locator `center` */
export function pressSettings({ decision, firmware, locator }: Config, locateInstructions?: number): PressSettings {
  const { burst } = decision;
  const { kind, x, y, size } = locator;
  const { width, height } = FRAME;
  // A detector may find a face as large as the frame.
  const box = kind === "center" ? locateCenter({ kind, x, y, size }, width, height) : wholeBox(width, height);
  const detector = locateInstructions === undefined ? {} : { detector: { kind, instructions: locateInstructions } };
  return { burst, debounceMs: firmware.debounceMs, boxSize: box.width, ...detector };
}

/** Of a project that configures nothing. */
export function defaultPressSettings(): PressSettings {
  return pressSettings(configSchema.parse({}));
}

export function pressToLight(request: PressRequest): PressToLight {
  const { board, burst, debounceMs, boxSize, inputSize, detector, networkInstructions } = request;
  const ms = (instructions: number) => (CYCLES_PER_INSTRUCTION * instructions * 1000) / board.cpuHz;
  const frameMs = frameInterval(board.chip);
  const handing = FRAME_POLL_MS + REGISTERS_MS;
  const copying = ms(COPY_INSTRUCTIONS) + (2 * FRAME.width * FRAME.height + boxSize ** 2) / PSRAM_BYTES_PER_MS;
  const preprocessing = ms(preprocessInstructions(boxSize, inputSize));
  const network = ms(networkInstructions);
  const locating = ms(detector?.instructions ?? 0);
  const busyMs = handing + copying + locating + preprocessing + network;
  const counted = `counted instructions, ${CYCLES_PER_INSTRUCTION.toFixed(2)} cycles each (assumed)`;
  const all: readonly PressPart[] = [
    {
      what: "the contact is steady",
      ms: debounceMs + POLL_MS,
      origin: "firmware.debounceMs and one look at the button",
    },
    { what: "the frame under way ends", ms: frameMs, origin: `a frame each ${frameMs.toFixed(0)} ms: OV2640` },
    { what: "the first frame of the press", ms: frameMs, origin: "OV2640" },
    {
      what: `${burst - 1} more frames`,
      ms: (burst - 1) * nextFrame(frameMs, busyMs),
      origin: busyMs <= frameMs ? "OV2640; computed meanwhile" : "OV2640 and computing, frames being left out",
    },
    { what: "the last frame is handed over", ms: handing, origin: "looking for it, reading its exposure" },
    { what: "copied", ms: copying, origin: "PSRAM at 10 MB/s, assumed" },
    { what: "the face is looked for", ms: locating, origin: counted },
    { what: "located, resized and standardized", ms: preprocessing, origin: counted },
    { what: "the network", ms: network, origin: counted },
    { what: "decided and shown", ms: ms(DECISION_INSTRUCTIONS), origin: counted },
  ];
  const parts = all.filter((part) => part.ms > 0);
  const total = parts.reduce((sum, part) => sum + part.ms, 0);
  return { parts, ms: total, withinLimit: total <= LIGHT_LIMIT_MS, frameMs, busyMs };
}

/** From one frame's end to the next one's that is used: when computing takes longer than a frame, the latest complete one is taken. */
function nextFrame(frameMs: number, busyMs: number): number {
  return Math.max(frameMs, busyMs);
}

export function pressLines({ parts, ms, withinLimit }: PressToLight): string[] {
  const width = Math.max(...parts.map(({ what }) => what.length));
  const verdict = withinLimit ? `within ${LIGHT_LIMIT_MS} ms` : `over ${LIGHT_LIMIT_MS} ms`;
  return [
    `press to light: at most ${Math.ceil(ms)} ms, computed (${verdict})`,
    ...parts.map((part) => `  ${part.what.padEnd(width)} ${part.ms.toFixed(1).padStart(6)} ms  ${part.origin}`),
  ];
}
