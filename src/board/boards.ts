/** Registry of the boards the firmware can be built for. */
import { UserError } from "../errors.js";
import { esp32cam } from "./esp32cam.js";
import type { Board } from "./types.js";

export const boards: Readonly<Record<string, Board>> = { [esp32cam.id]: esp32cam };

/** The board with this id. Throws UserError for an unknown one. */
export function findBoard(id: string): Board {
  const board = Object.hasOwn(boards, id) ? boards[id] : undefined;
  if (board !== undefined) return board;
  throw new UserError(`there is no board "${id}"`, { remedy: `Choose one of: ${Object.keys(boards).join(", ")}.` });
}
