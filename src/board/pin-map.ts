/** What is on each contact of a board, and how button and lights are wired: the data behind the drawings. */
import { headerPins, pinOwner, pinUses, strapName } from "./rules.js";
import type { Board, Contact, Gpio } from "./types.js";

export type PinKind = "supply" | "camera" | "card" | "part" | "taken" | "free";

export interface PinRow {
  /** "GPIO12", "GND", "5V". */
  readonly contact: string;
  /** "camera D0", "button", "free"; empty for supplies. */
  readonly use: string;
  readonly kind: PinKind;
}

export interface PinMap {
  readonly left: readonly PinRow[];
  readonly right: readonly PinRow[];
  /** Pins in use that no wire can be put to, ascending. */
  readonly inside: readonly PinRow[];
}

export function pinMap(board: Board): PinMap {
  const onHeaders = new Set(headerPins(board));
  const inside = [...new Set(pinUses(board).map(({ gpio }) => gpio))].filter((gpio) => !onHeaders.has(gpio));
  return {
    left: board.headers.left.map((contact) => rowOf(board, contact)),
    right: board.headers.right.map((contact) => rowOf(board, contact)),
    inside: inside.sort((a, b) => a - b).map((gpio) => rowOf(board, gpio)),
  };
}

function rowOf(board: Board, contact: Contact): PinRow {
  if (typeof contact === "string") return { contact, use: "", kind: "supply" };
  const roles = pinUses(board)
    .filter(({ gpio }) => gpio === contact)
    .map(({ role }) => role);
  return { contact: `GPIO${contact}`, ...useOf(board, contact, roles) };
}

function useOf(board: Board, gpio: Gpio, roles: readonly string[]): Pick<PinRow, "use" | "kind"> {
  const [role] = roles;
  if (role !== undefined) return { use: roles.join(", "), kind: kindOf(role) };
  const owner = pinOwner(board, gpio);
  if (owner !== undefined) return { use: owner.replace(/^(is|belongs to) (the )?/, ""), kind: "taken" };
  const strap = strapName(board, gpio);
  return { use: strap === undefined ? "free" : `free, but ${strap} strap`, kind: "free" };
}

function kindOf(role: string): PinKind {
  if (role.startsWith("camera")) return "camera";
  return role.startsWith("SD") ? "card" : "part";
}

/** How the user's own parts are connected, one sentence each. */
export function wiring(board: Board): string[] {
  const { button, lights, status } = board;
  const pullDown = strapName(board, lights) === undefined ? "" : ", and a pull-down resistor to GND (see below)";
  return [
    `button: between GPIO${button} and GND; the pull-up is inside the chip`,
    `lights: GPIO${lights} is high for green: one LED with 220 Ohm to GND, more through a transistor${pullDown}`,
    `lights as a strip (firmware.lights.kind "ws2812"): GPIO${lights} through 330 Ohm to DIN of the WS2812 LEDs${pullDown}; their 5V and GND to the supply with 1000 uF across; all GND joined`,
    `status LED: ${statusText(status)}`,
  ];
}

function statusText({ gpio, drive, activeLow, external }: Board["status"]): string {
  if (gpio === -1) return "none: blink codes are not seen, the serial log has the faults";
  if (external) return `an LED with 1 kOhm from GPIO${gpio} to GND`;
  if (drive === "ws2812") return `on the board, addressable (WS2812), at GPIO${gpio}`;
  return `on the board at GPIO${gpio}, active ${activeLow ? "low" : "high"}${drive === "open-drain" ? ", open drain" : ""}`;
}

/** "esp32 at 240 MHz, 4 MB flash (dio), 4 MB PSRAM (quad), log on UART 0". */
export function describeChip(board: Board): string {
  const megabytes = (bytes: number) => `${bytes / (1024 * 1024)} MB`;
  const log = board.console === "uart" ? "UART 0" : "the chip's USB port";
  const flash = `${megabytes(board.flashBytes)} flash (${board.flashMode})`;
  const psram = `${megabytes(board.psramBytes)} PSRAM (${board.psramMode})`;
  return `${board.chip} at ${board.cpuHz / 1_000_000} MHz, ${flash}, ${psram}, log on ${log}`;
}

export function describeCard({ sd }: Board): string {
  return sd.bus === "spi" ? "SPI" : "SDMMC, 1 bit";
}
