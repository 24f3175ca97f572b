/** Registry of the boards the firmware can be built for. */
import { UserError } from "../errors.js";
import { esp32cam } from "./esp32cam.js";
import { esp32s3eye } from "./esp32s3eye.js";
import { freenoveS3 } from "./freenove-s3.js";
import type { Board } from "./types.js";
import { wroverKit } from "./wrover-kit.js";
import { xiaoS3Sense } from "./xiao-s3-sense.js";

/** The ids that the configuration takes. */
export const BOARD_IDS = ["esp32cam", "esp32s3eye", "freenove-s3", "xiao-s3-sense", "wrover-kit"] as const;

export type BoardId = (typeof BOARD_IDS)[number];

export const boards: Readonly<Record<BoardId, Board>> = {
  esp32cam,
  esp32s3eye,
  "freenove-s3": freenoveS3,
  "xiao-s3-sense": xiaoS3Sense,
  "wrover-kit": wroverKit,
};

/** The board with this id. Throws UserError for an unknown one. */
export function findBoard(id: string): Board {
  const board = Object.hasOwn(boards, id) ? boards[id as BoardId] : undefined;
  if (board !== undefined) return board;
  throw new UserError(`there is no board "${id}"`, { remedy: `Choose one of: ${Object.keys(boards).join(", ")}.` });
}
