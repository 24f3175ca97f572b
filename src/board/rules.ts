/**
 * What a pin can't do, checked before anything is built. Sources: ESP32 Series Datasheet ("Strapping Pins", "IO_MUX"), ESP32-S3 Series Datasheet
 * (the same sections), ESP-IDF Programming Guide, "GPIO & RTC GPIO".
 */
import type { Board, Gpio } from "./types.js";

type Direction = "input" | "output" | "both";

interface PinUse {
  readonly role: string;
  readonly gpio: Gpio;
  readonly direction: Direction;
  /** The level the circuit around the pin gives it while the chip starts. */
  readonly atReset?: "high" | "low";
  /** The chip's own pull-up is needed. */
  readonly pullUp?: boolean;
}

interface ChipRules {
  readonly exists: (gpio: Gpio) => boolean;
  /** No output driver and no pull resistors. */
  readonly inputOnly: (gpio: Gpio) => boolean;
  readonly reserved: (gpio: Gpio, board: Board) => string | undefined;
  readonly strapping: Readonly<Record<Gpio, StrappingPin>>;
}

interface StrappingPin {
  readonly name: string;
  /** Level at reset that keeps the chip from starting normally. */
  readonly forbidden: "high" | "low";
  readonly consequence: string;
}

function between(gpio: Gpio, first: Gpio, last: Gpio): boolean {
  return gpio >= first && gpio <= last;
}

const esp32: ChipRules = {
  exists: (gpio) => between(gpio, 0, 39) && ![20, 24, 28, 29, 30, 31].includes(gpio),
  inputOnly: (gpio) => between(gpio, 34, 39),
  reserved: (gpio, board) => {
    if (between(gpio, 6, 11)) return "belongs to the flash chip";
    if (between(gpio, 16, 17) && board.psramBytes > 0) return "belongs to the PSRAM";
    if (gpio === 1 || gpio === 3) return "is the serial console";
    return undefined;
  },
  strapping: {
    0: { name: "boot mode", forbidden: "low", consequence: "the chip waits for a download instead of starting" },
    2: { name: "download mode", forbidden: "high", consequence: "the chip can't be flashed" },
    12: { name: "MTDI", forbidden: "high", consequence: "the flash chip gets 1.8 V and the chip does not start" },
  },
};

const esp32s3: ChipRules = {
  exists: (gpio) => between(gpio, 0, 48) && !between(gpio, 22, 25),
  inputOnly: () => false,
  reserved: (gpio, board) => {
    if (between(gpio, 26, 32)) return "belongs to the flash chip and PSRAM";
    if (between(gpio, 33, 37) && board.psramBytes > 2 * 1024 * 1024) return "belongs to the octal PSRAM";
    if (gpio === 43 || gpio === 44) return "is the serial console";
    if (gpio === 19 || gpio === 20) return "is the USB port";
    return undefined;
  },
  strapping: {
    0: { name: "boot mode", forbidden: "low", consequence: "the chip waits for a download instead of starting" },
    45: { name: "VDD_SPI", forbidden: "high", consequence: "the flash chip gets 1.8 V and the chip does not start" },
    46: { name: "boot messages", forbidden: "high", consequence: "the chip can't be flashed" },
  },
};

const CHIPS: Readonly<Record<Board["chip"], ChipRules>> = { esp32, esp32s3 };

/** Every reason why this assignment of pins can't work, one sentence each; empty if there is none. */
export function pinConflicts(board: Board): string[] {
  const uses = pinUses(board);
  return [...uses.flatMap((use) => misuse(use, board)), ...sharedPins(uses)];
}

function pinUses(board: Board): PinUse[] {
  const { camera, sd, status } = board;
  const uses: PinUse[] = [
    { role: "camera XCLK", gpio: camera.xclk, direction: "output" },
    { role: "camera SDA", gpio: camera.sda, direction: "both" },
    { role: "camera SCL", gpio: camera.scl, direction: "output" },
    ...camera.data.map((gpio, bit): PinUse => ({ role: `camera D${bit}`, gpio, direction: "input" })),
    { role: "camera VSYNC", gpio: camera.vsync, direction: "input" },
    { role: "camera HREF", gpio: camera.href, direction: "input" },
    { role: "camera PCLK", gpio: camera.pclk, direction: "input" },
    { role: "camera power-down", gpio: camera.powerDown, direction: "output" },
    { role: "camera reset", gpio: camera.reset, direction: "output" },
    { role: "SD CLK", gpio: sd.clk, direction: "output" },
    { role: "SD CMD", gpio: sd.cmd, direction: "both" },
    // An SD line has a pull-up only once the card is driven; with the card out it floats, which the user is told for flashing.
    { role: "SD D0", gpio: sd.d0, direction: "both" },
    { role: "button", gpio: board.button, direction: "input", pullUp: true, atReset: "high" },
    { role: "lights", gpio: board.lights, direction: "output", atReset: "low" },
    { role: "status LED", gpio: status.gpio, direction: "output", atReset: status.activeLow ? "high" : "low" },
    ...board.holdLow.map((gpio): PinUse => ({ role: "held low", gpio, direction: "output", atReset: "low" })),
  ];
  const optional = new Set(["camera power-down", "camera reset"]);
  return uses.filter((use) => use.gpio !== -1 || !optional.has(use.role));
}

function misuse(use: PinUse, board: Board): string[] {
  const chip = CHIPS[board.chip];
  const pin = `${use.role} on GPIO${use.gpio}`;
  if (!Number.isInteger(use.gpio) || !chip.exists(use.gpio)) return [`${pin}: the ${board.chip} has no such pin`];
  const problems: string[] = [];
  const owner = chip.reserved(use.gpio, board);
  if (owner !== undefined) problems.push(`${pin}: this pin ${owner}`);
  if (chip.inputOnly(use.gpio)) {
    if (use.direction !== "input") problems.push(`${pin}: this pin is input only`);
    if (use.pullUp === true) problems.push(`${pin}: this pin has no internal pull-up`);
  }
  const strap = chip.strapping[use.gpio];
  if (strap === undefined) return problems;
  if (use.atReset === strap.forbidden) {
    problems.push(`${pin}: it is ${use.atReset} at reset, so ${strap.consequence} (${strap.name} strap)`);
  } else if (use.role === "button" && strap.forbidden === "low") {
    problems.push(`${pin}: pressed at reset, ${strap.consequence} (${strap.name} strap)`);
  }
  return problems;
}

function sharedPins(uses: readonly PinUse[]): string[] {
  const roles = new Map<Gpio, string[]>();
  for (const use of uses) {
    if (use.gpio !== -1) roles.set(use.gpio, [...(roles.get(use.gpio) ?? []), use.role]);
  }
  return [...roles]
    .filter(([, names]) => names.length > 1)
    .map(([gpio, names]) => `GPIO${gpio} is used more than once: ${names.join(", ")}`);
}
