/**
 * What a pin can't do, checked before anything is built. Sources: ESP32 Series Datasheet ("Strapping Pins", "IO_MUX"), ESP32-S3 Series Datasheet
 * (the same sections), ESP-IDF Programming Guide, "GPIO & RTC GPIO".
 */
import type { Board, Gpio } from "./types.js";

type Direction = "input" | "output" | "both";

export interface PinUse {
  readonly role: string;
  readonly gpio: Gpio;
  readonly direction: Direction;
  /** The level the circuit around the pin gives it while the chip starts. */
  readonly atReset?: "high" | "low";
  /** The chip's own pull-up is needed. */
  readonly pullUp?: boolean;
  /** The user puts a wire to it, so it has to be on a header. */
  readonly wired?: boolean;
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
    if (between(gpio, 33, 37) && board.psramBytes > 0 && board.psramMode === "octal")
      return "belongs to the octal PSRAM";
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

/** A reason why an assignment of pins can't work. */
export interface PinConflict {
  /** The uses that are in conflict: "button", "lights", "status LED", "camera D0", ... */
  readonly roles: readonly string[];
  readonly message: string;
}

/** Every reason why this assignment of pins can't work; empty if there is none. */
export function pinConflicts(board: Board): PinConflict[] {
  const uses = pinUses(board);
  return [...uses.flatMap((use) => misuse(use, board)), ...sharedPins(uses), ...fixedSlot(board)];
}

/** Everything that is connected: what it does, where, and which way the signal goes. */
export function pinUses(board: Board): PinUse[] {
  const { camera, status } = board;
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
    ...cardUses(board.sd),
    { role: "button", gpio: board.button, direction: "input", pullUp: true, atReset: "high", wired: true },
    { role: "lights", gpio: board.lights, direction: "output", atReset: "low", wired: true },
    {
      role: "status LED",
      gpio: status.gpio,
      direction: "output",
      wired: status.external,
      ...(status.drive === "ws2812" ? {} : { atReset: restLevel(status) }),
    },
    ...board.holdLow.map((gpio): PinUse => ({ role: "held low", gpio, direction: "output", atReset: "low" })),
  ];
  const optional = new Set(["camera power-down", "camera reset", "status LED"]);
  return uses.filter((use) => use.gpio !== -1 || !optional.has(use.role));
}

function restLevel({ drive, activeLow }: Board["status"]): "high" | "low" {
  return drive === "open-drain" || activeLow ? "high" : "low";
}

/** An SD line has a pull-up only once the card is driven; with the card out it floats, which the user is told for flashing. */
function cardUses(sd: Board["sd"]): PinUse[] {
  if (sd.bus === "spi") {
    return [
      { role: "SD SCK", gpio: sd.sck, direction: "output" },
      { role: "SD MISO", gpio: sd.miso, direction: "input" },
      { role: "SD MOSI", gpio: sd.mosi, direction: "output" },
      { role: "SD CS", gpio: sd.cs, direction: "output", atReset: "high" },
    ];
  }
  return [
    { role: "SD CLK", gpio: sd.clk, direction: "output" },
    { role: "SD CMD", gpio: sd.cmd, direction: "both" },
    { role: "SD D0", gpio: sd.d0, direction: "both" },
  ];
}

function misuse(use: PinUse, board: Board): PinConflict[] {
  const chip = CHIPS[board.chip];
  const pin = `${use.role} on GPIO${use.gpio}`;
  const conflict = (reason: string): PinConflict => ({ roles: [use.role], message: `${pin}: ${reason}` });
  if (!Number.isInteger(use.gpio) || !chip.exists(use.gpio)) return [conflict(`the ${board.chip} has no such pin`)];
  const reasons: string[] = [];
  const owner = chip.reserved(use.gpio, board) ?? board.taken[use.gpio];
  if (owner !== undefined) reasons.push(`this pin ${owner}`);
  else if (use.wired === true && !headerPins(board).includes(use.gpio)) reasons.push("this pin is on no header");
  if (chip.inputOnly(use.gpio)) {
    if (use.direction !== "input") reasons.push("this pin is input only");
    if (use.pullUp === true) reasons.push("this pin has no internal pull-up");
  }
  return [...reasons, ...resetProblems(use, chip), ...cardModeProblems(use, board)].map(conflict);
}

function resetProblems(use: PinUse, { strapping }: ChipRules): string[] {
  const strap = strapping[use.gpio];
  if (strap === undefined) return [];
  const name = `(${strap.name} strap)`;
  if (use.atReset === strap.forbidden) return [`it is ${use.atReset} at reset, so ${strap.consequence} ${name}`];
  if (use.role === "button" && strap.forbidden === "low") return [`pressed at reset, ${strap.consequence} ${name}`];
  return [];
}

/** In 1-bit mode D1 to D3 carry nothing, so they are free for other uses, except that D3 chooses the card's mode. */
function cardModeProblems(use: PinUse, { sd }: Board): string[] {
  const holdsD3 = sd.bus === "sdmmc-1bit" && use.gpio === sd.d3 && use.direction !== "input" && use.atReset === "low";
  return holdsD3 ? ["it is the card's D3, and low while the card starts it puts the card into SPI mode"] : [];
}

/** ESP32 Technical Reference Manual, table 4-3: slot 1 (HS2) is not routed through the GPIO matrix. */
function fixedSlot({ chip, sd }: Board): PinConflict[] {
  if (chip !== "esp32" || sd.bus !== "sdmmc-1bit" || (sd.clk === 14 && sd.cmd === 15 && sd.d0 === 2)) return [];
  const message = "SD: the esp32's card controller has fixed pins: CLK on GPIO14, CMD on GPIO15, D0 on GPIO2";
  return [{ roles: ["SD CLK", "SD CMD", "SD D0"], message }];
}

function sharedPins(uses: readonly PinUse[]): PinConflict[] {
  const roles = new Map<Gpio, string[]>();
  for (const use of uses) {
    if (use.gpio !== -1) roles.set(use.gpio, [...(roles.get(use.gpio) ?? []), use.role]);
  }
  return [...roles]
    .filter(([, names]) => names.length > 1)
    .map(([gpio, names]) => ({ roles: names, message: `GPIO${gpio} is used more than once: ${names.join(", ")}` }));
}

/** The GPIOs that wires can be put to. */
export function headerPins({ headers }: Board): Gpio[] {
  return [...headers.left, ...headers.right].filter((contact) => typeof contact === "number");
}

/** What keeps a pin from being used, for a pin map: "belongs to the flash chip"; undefined: nothing does. */
export function pinOwner(board: Board, gpio: Gpio): string | undefined {
  return CHIPS[board.chip].reserved(gpio, board) ?? board.taken[gpio];
}

/** What the pin's level decides while the chip starts; undefined: nothing that matters. */
export function strapName(board: Board, gpio: Gpio): string | undefined {
  return CHIPS[board.chip].strapping[gpio]?.name;
}
