/** What the firmware will take of the board: time from the press to the lights, and memory. */
import { pressChart } from "../charts/press.js";
import { bytes, decimal, foreign } from "../format.js";
import { drawChart } from "../svg.js";
import type { BoardSection } from "../types.js";
import { fillView } from "./fill.js";
import { type SectionView, tile } from "./view.js";

const ROW = 28;
const MARGINS = 80;

export async function boardSection({ board, engine, press, limitMs, memory }: BoardSection): Promise<SectionView> {
  const { parts, ms, withinLimit, frameMs, busyMs } = press;
  const longest = [...parts].sort((a, b) => b.ms - a.ms)[0];
  const words = `From the press to the lights in ${parts.length} parts, at most ${Math.ceil(ms)} ms together; the limit is ${limitMs} ms. The longest is ${longest.what}, ${decimal(longest.ms, 0)} ms.`;
  const height = MARGINS + ROW * parts.length;
  return {
    id: "board",
    title: "On the board",
    css: [],
    view: {
      board: foreign(board),
      engine: foreign(engine),
      tiles: [
        tile(
          "press to light, at most",
          `${Math.ceil(ms)}\u202fms`,
          withinLimit ? `within ${limitMs}\u202fms` : `over the limit of ${limitMs}\u202fms`,
        ),
        tile("a frame each", `${decimal(frameMs, 0)}\u202fms`, "of the camera"),
        tile(
          "busy with a frame",
          `${decimal(busyMs, 0)}\u202fms`,
          busyMs <= frameMs ? "no frame is left out" : "frames are left out",
        ),
      ],
      chartHtml: await drawChart("press-to-light", words, pressChart(press, limitMs), { wide: height, narrow: height }),
      parts: parts.map(({ what, ms: part, origin }) => ({ what, ms: decimal(part, 1), origin: foreign(origin) })),
      memory: memory.map(memoryRow),
    },
  };
}

function memoryRow({ memory, bytes: used, certainBytes, limit }: BoardSection["memory"][number]) {
  const fill = fillView(used, limit);
  const words = `${fill.words}; ${bytes(certainBytes)} are certain, the rest is estimated`;
  return { name: memory, used: bytes(used), limit: { ...fill, words } };
}
