/** A board as text: its pin map drawn with characters, and its wiring. */
import { describeChip, type PinRow, pinMap, wiring } from "./pin-map.js";
import type { Board } from "./types.js";

export function boardText(board: Board): string {
  const { left, right, inside } = pinMap(board);
  const order = board.headers.ordered ? [] : ["(which pins there are; their order on the board was not checked)"];
  return [
    `${board.id}: ${board.title}`,
    describeChip(board),
    "",
    ...drawHeaders(left, right),
    ...order,
    "",
    ...(inside.length === 0 ? [] : ["On the board:", ...columns(inside), ""]),
    "Wiring:",
    ...[...wiring(board), ...board.notes].map((line) => `  ${line}`),
    "",
    "Sources:",
    ...board.sources.map((source) => `  ${source}`),
  ].join("\n");
}

/** Two rows of contacts with a board between them, the uses outside. */
function drawHeaders(left: readonly PinRow[], right: readonly PinRow[]): string[] {
  const useWidth = Math.max(...left.map(({ use }) => use.length));
  const contactWidth = Math.max(...[...left, ...right].map(({ contact }) => contact.length));
  const margin = " ".repeat(useWidth + 1);
  const edge = `${margin}+${"-".repeat(2 * contactWidth + 12)}+`;
  const rows = Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const l = left[index] ?? { contact: "", use: "" };
    const r = right[index] ?? { contact: "", use: "" };
    const holes = [left[index], right[index]].map((row) => (row === undefined ? " " : "o"));
    const body = `| ${holes[0]} ${l.contact.padEnd(contactWidth)}      ${r.contact.padStart(contactWidth)} ${holes[1]} |`;
    return `${l.use.padStart(useWidth)} ${body} ${r.use}`.trimEnd();
  });
  return [edge, ...rows, edge];
}

/** Three columns, filled from the left. */
function columns(rows: readonly PinRow[]): string[] {
  const cells = rows.map(({ contact, use }) => `${contact.padEnd(6)} ${use}`);
  const width = Math.max(0, ...cells.map((cell) => cell.length)) + 3;
  const height = Math.ceil(cells.length / 3);
  return Array.from({ length: height }, (_, line) => {
    const parts = [0, 1, 2].map((column) => (cells[column * height + line] ?? "").padEnd(width));
    return `  ${parts.join("")}`.trimEnd();
  });
}
