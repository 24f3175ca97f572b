/** Where the user's own parts go: the board's proposal, or other pins by configuration. */
import { headerPins, pinConflicts } from "./rules.js";
import type { Board, Gpio } from "./types.js";

/** The configuration's `pins`: a GPIO, or what the board proposes. */
export interface PinChoice {
  readonly button: Gpio | "board";
  readonly lights: Gpio | "board";
  readonly status: Gpio | "board" | "none";
}

export type WiredPart = keyof PinChoice;

export const WIRED_PARTS: readonly WiredPart[] = ["button", "lights", "status"];

/** What the pin rules call the part. */
const ROLES: Readonly<Record<WiredPart, string>> = { button: "button", lights: "lights", status: "status LED" };

/** The board with its parts at the chosen pins. A status LED of the user's own is active high. */
export function withPins(board: Board, { button, lights, status }: PinChoice): Board {
  return {
    ...board,
    ...(button === "board" ? {} : { button }),
    ...(lights === "board" ? {} : { lights }),
    ...(status === "board" ? {} : { status: userStatus(status) }),
  };
}

function userStatus(status: Gpio | "none"): Board["status"] {
  const gpio = status === "none" ? -1 : status;
  return { gpio, drive: "push-pull", activeLow: false, external: gpio !== -1 };
}

/** Why the part can't be where it is, one sentence each. */
export function partConflicts(board: Board, part: WiredPart): string[] {
  return pinConflicts(board)
    .filter(({ roles }) => roles.includes(ROLES[part]))
    .map(({ message }) => message);
}

/** Every header pin where the part could be instead, the others staying where they are; ascending. */
export function freePins(board: Board, part: WiredPart): Gpio[] {
  const stay: PinChoice = { button: "board", lights: "board", status: "board" };
  return headerPins(board)
    .filter((gpio) => partConflicts(withPins(board, { ...stay, [part]: gpio }), part).length === 0)
    .sort((a, b) => a - b);
}
