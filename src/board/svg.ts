/** A board as a picture: the pin map above, how button and lights, as LEDs or as a strip, are wired below. SVG 1.1, no scripts, no external fonts. */
import { describeCard, describeChip, type PinKind, type PinMap, type PinRow, pinMap } from "./pin-map.js";
import { strapName } from "./rules.js";
import type { Board } from "./types.js";

const WIDTH = 900;
const ROW = 26;
const TOP = 84;
const BOARD = { left: 300, right: 600 };
/** Pins that are on no header are listed in columns inside the board. */
const COLUMNS = 3;
const INSIDE_ROW = 17;
const LABEL = { width: 210, height: 20 };

/** Dark on light, told apart also without colour by their words. */
const FILLS: Readonly<Record<PinKind, string>> = {
  supply: "#e4e4e4",
  camera: "#d5e5f7",
  card: "#fbe8c6",
  part: "#c9ecc9",
  taken: "#f3d3d3",
  free: "#ffffff",
};

export function boardSvg(board: Board): string {
  const map = pinMap(board);
  const insideTop = TOP + Math.max(map.left.length, map.right.length) * ROW + 12;
  const bottom = insideTop + (1 + Math.ceil(map.inside.length / COLUMNS)) * INSIDE_ROW + 6;
  const height = bottom + 446;
  const parts = [
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    text(20, 32, `${board.title} (${board.id})`, { size: 20, bold: true }),
    text(20, 56, describeChip(board), { size: 13 }),
    `<rect x="${BOARD.left}" y="${TOP - 8}" width="${BOARD.right - BOARD.left}" height="${bottom - TOP}" rx="10" fill="#f4f7f4" stroke="#333" stroke-width="2"/>`,
    ...map.left.flatMap((row, index) => contact(row, index, "left")),
    ...map.right.flatMap((row, index) => contact(row, index, "right")),
    text((BOARD.left + BOARD.right) / 2, TOP + 14, `card: ${describeCard(board)}`, { size: 11, anchor: "middle" }),
    ...inside(board, map, insideTop),
    ...buttonCircuit(board, bottom + 60),
    ...lightsCircuit(board, bottom + 60),
    ...stripCircuit(board, bottom + 272),
    ...legend(bottom + 428),
  ];
  const title = `Pin map of the ${board.title}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="sans-serif">\n<title>${markup(title)}</title>\n${parts.join("\n")}\n</svg>\n`;
}

interface TextStyle {
  readonly size: number;
  readonly bold?: boolean;
  readonly anchor?: "start" | "middle" | "end";
}

function text(x: number, y: number, content: string, { size, bold, anchor }: TextStyle): string {
  const weight = bold === true ? ' font-weight="bold"' : "";
  const place = anchor === undefined ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}" font-size="${size}"${weight}${place} fill="#111">${markup(content)}</text>`;
}

function markup(content: string): string {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function line(...points: readonly (readonly [x: number, y: number])[]): string {
  const list = points.map(([x, y]) => `${x},${y}`).join(" ");
  return `<polyline points="${list}" fill="none" stroke="#333" stroke-width="2"/>`;
}

/** A hole at the board's edge with its name inside the board and its use beside it. */
function contact({ contact: name, use, kind }: PinRow, index: number, side: "left" | "right"): string[] {
  const y = TOP + index * ROW + 10;
  const isLeft = side === "left";
  const hole = isLeft ? BOARD.left + 14 : BOARD.right - 14;
  const edge = isLeft ? BOARD.left - 14 : BOARD.right + 14;
  const labelX = isLeft ? edge - LABEL.width : edge;
  const label = use === "" ? name : use;
  return [
    line([hole, y], [edge, y]),
    `<circle cx="${hole}" cy="${y}" r="5" fill="#fff" stroke="#333" stroke-width="2"/>`,
    `<rect x="${labelX}" y="${y - LABEL.height / 2}" width="${LABEL.width}" height="${LABEL.height}" rx="4" fill="${FILLS[kind]}" stroke="#777"/>`,
    text(labelX + LABEL.width / 2, y + 4, shorten(label), { size: 12, anchor: "middle" }),
    text(isLeft ? hole + 12 : hole - 12, y + 4, name, { size: 12, bold: true, anchor: isLeft ? "start" : "end" }),
  ];
}

/** A label holds about 34 characters; the text output has all of them. */
function shorten(label: string): string {
  return label.length <= 34 ? label : `${label.slice(0, 31)}...`;
}

/** What is connected inside, below the contacts, and, where it is so, that the contacts' order is not known. */
function inside(board: Board, { inside: rows }: PinMap, top: number): string[] {
  const height = Math.ceil(rows.length / COLUMNS);
  const order = board.headers.ordered ? "" : "contacts not in their order; ";
  const heading = rows.length === 0 ? [] : [text(BOARD.left + 12, top, `${order}inside:`, { size: 11, bold: true })];
  return [
    ...heading,
    ...rows.map(({ contact: name, use }, index) => {
      const x = BOARD.left + 12 + Math.floor(index / height) * 98;
      const y = top + (1 + (index % height)) * INSIDE_ROW;
      return text(x, y, `${name.slice(4)} ${shortUse(use)}`, { size: 11 });
    }),
  ];
}

function shortUse(use: string): string {
  return use.replace(/^camera /, "").replace("power-down", "PWDN");
}

function ground(x: number, y: number): string[] {
  return [0, 1, 2].map((step) => line([x - 12 + 4 * step, y + 5 * step], [x + 12 - 4 * step, y + 5 * step]));
}

function resistor(x: number, y: number, value: string): string[] {
  return [
    `<rect x="${x - 7}" y="${y}" width="14" height="34" fill="#fff" stroke="#333" stroke-width="2"/>`,
    text(x + 13, y + 21, value, { size: 12 }),
  ];
}

function buttonCircuit(board: Board, y: number): string[] {
  const x = 190;
  return [
    text(40, y - 22, "Button", { size: 15, bold: true }),
    text(40, y + 5, `GPIO${board.button}`, { size: 13, bold: true }),
    line([100, y], [x, y], [x, y + 30]),
    `<circle cx="${x}" cy="${y + 34}" r="4" fill="#fff" stroke="#333" stroke-width="2"/>`,
    `<circle cx="${x}" cy="${y + 66}" r="4" fill="#fff" stroke="#333" stroke-width="2"/>`,
    line([x + 14, y + 30], [x + 14, y + 70]),
    line([x + 14, y + 50], [x + 26, y + 50]),
    line([x, y + 70], [x, y + 100]),
    ...ground(x, y + 100),
    text(x + 34, y + 54, "nose", { size: 12 }),
    text(40, y + 136, "The pull-up is inside the chip.", { size: 12 }),
  ];
}

function lightsCircuit(board: Board, y: number): string[] {
  const x = 640;
  const isStrap = strapName(board, board.lights) !== undefined;
  const pull = isStrap
    ? [
        line([560, y], [560, y + 33]),
        ...resistor(560, y + 33, ""),
        line([560, y + 67], [560, y + 100]),
        ...ground(560, y + 100),
      ]
    : [];
  return [
    text(440, y - 22, "Lights", { size: 15, bold: true }),
    text(440, y + 5, `GPIO${board.lights}`, { size: 13, bold: true }),
    line([500, y], [x, y], [x, y + 10]),
    ...pull,
    ...(isStrap ? [text(548, y + 54, "pull-down", { size: 12, anchor: "end" })] : []),
    ...resistor(x, y + 10, "220 Ohm"),
    line([x, y + 44], [x, y + 58]),
    `<polygon points="${x - 11},${y + 58} ${x + 11},${y + 58} ${x},${y + 76}" fill="#7fd47f" stroke="#333" stroke-width="2"/>`,
    line([x - 11, y + 76], [x + 11, y + 76]),
    line([x, y + 76], [x, y + 100]),
    ...ground(x, y + 100),
    text(x + 22, y + 72, "green LED", { size: 12 }),
    text(440, y + 136, "High for a smile. More than one LED: through a transistor.", { size: 12 }),
  ];
}

/** Data line and supply of addressable LEDs, in place of the plain ones. */
function stripCircuit(board: Board, y: number): string[] {
  const box = { x: 560, width: 250, top: y - 18, height: 76 };
  const supply = 180;
  const leds = [0, 1, 2].map((index) => {
    const x = box.x + 88 + index * 56;
    return `<rect x="${x - 18}" y="${y + 2}" width="36" height="36" rx="4" fill="#fff" stroke="#333" stroke-width="2"/><circle cx="${x}" cy="${y + 20}" r="11" fill="#7fd47f" stroke="#333"/>`;
  });
  const wire = (label: string, height: number) => [
    line([supply + 90, height], [box.x, height]),
    text(box.x + 8, height + 4, label, { size: 12, bold: true }),
  ];
  return [
    text(40, y - 34, "Or a strip or ring of WS2812 LEDs", { size: 15, bold: true }),
    text(40, y + 4, `GPIO${board.lights}`, { size: 13, bold: true }),
    `<rect x="${box.x}" y="${box.top}" width="${box.width}" height="${box.height}" rx="6" fill="#f4f7f4" stroke="#333" stroke-width="2"/>`,
    line([100, y], [supply, y]),
    `<rect x="${supply}" y="${y - 7}" width="34" height="14" fill="#fff" stroke="#333" stroke-width="2"/>`,
    text(supply - 4, y - 12, "330 Ohm", { size: 12 }),
    line([supply + 34, y], [box.x, y]),
    text(box.x + 8, y + 4, "DIN", { size: 12, bold: true }),
    text(supply + 84, y + 24, "5 V", { size: 13, bold: true, anchor: "end" }),
    ...wire("5V", y + 20),
    text(supply + 84, y + 48, "GND", { size: 13, bold: true, anchor: "end" }),
    ...wire("GND", y + 44),
    line([400, y + 20], [400, y + 28]),
    line([388, y + 28], [412, y + 28]),
    line([388, y + 34], [412, y + 34]),
    line([400, y + 34], [400, y + 44]),
    text(420, y + 36, "1000 uF", { size: 12 }),
    ...leds,
    ...(strapName(board, board.lights) === undefined
      ? []
      : [text(40, y + 84, `GPIO${board.lights} keeps its pull-down to GND.`, { size: 12 })]),
    text(
      40,
      y + 102,
      "GND of supply, strip and board are joined. firmware.lights.maxMilliamps says what the supply gives; the",
      {
        size: 12,
      },
    ),
    text(
      40,
      y + 119,
      "firmware stays below. A strip that ignores 3.3 V data wants a 74AHCT125 between the pin and DIN.",
      {
        size: 12,
      },
    ),
  ];
}

function legend(y: number): string[] {
  const names: [PinKind, string][] = [
    ["part", "button, lights, status"],
    ["camera", "camera"],
    ["card", "card"],
    ["taken", "not usable"],
    ["free", "free"],
  ];
  return names.flatMap(([kind, name], index) => {
    const x = 40 + index * 165;
    return [
      `<rect x="${x}" y="${y - 11}" width="14" height="14" fill="${FILLS[kind]}" stroke="#777"/>`,
      text(x + 20, y, name, { size: 12 }),
    ];
  });
}
