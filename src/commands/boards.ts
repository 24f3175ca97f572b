/** `smilec boards [BOARD]` */
import { boards, findBoard } from "../board/boards.js";
import { describeCard, pinMap, wiring } from "../board/pin-map.js";
import { boardSvg } from "../board/svg.js";
import { boardText } from "../board/text.js";
import type { Board } from "../board/types.js";
import { suggestion } from "../config/problems.js";
import { UserError } from "../errors.js";
import type { CommandContext } from "./context.js";
import { writeOutput } from "./output-file.js";
import { textTable } from "./table.js";

export async function boardsCommand(
  context: CommandContext,
  id: string | undefined,
  options: { readonly svg?: string },
): Promise<void> {
  if (id === undefined) {
    if (options.svg !== undefined) {
      throw new UserError("--svg draws one board", { remedy: "Name it: `smilec boards esp32cam --svg pins.svg`." });
    }
    context.result(Object.values(boards).map(asJson), listing);
    return;
  }
  const board = knownBoard(id);
  if (options.svg !== undefined) await writeOutput(options.svg, boardSvg(board));
  context.result(asJson(board), () => boardText(board));
}

function knownBoard(id: string): Board {
  if (Object.hasOwn(boards, id)) return findBoard(id);
  const known = Object.keys(boards);
  throw new UserError(`unknown board ${JSON.stringify(id)}${suggestion(id, known)}`, {
    remedy: `Boards: ${known.join(", ")}.`,
  });
}

function asJson(board: Board): object {
  return { ...board, pinMap: pinMap(board), wiring: wiring(board) };
}

function listing(): string {
  const megabytes = (bytes: number) => `${bytes / (1024 * 1024)} MB`;
  const rows = Object.values(boards).map((board) => [
    board.id,
    board.title,
    board.chip,
    megabytes(board.flashBytes),
    `${megabytes(board.psramBytes)} ${board.psramMode}`,
    describeCard(board),
    `GPIO${board.button}`,
    `GPIO${board.lights}`,
    board.status.gpio === -1 ? "none" : `GPIO${board.status.gpio}`,
  ]);
  const table = textTable(["id", "board", "chip", "flash", "PSRAM", "card", "button", "lights", "status LED"], rows);
  return `${table}\n\nPin map and wiring of one: smilec boards ID`;
}
