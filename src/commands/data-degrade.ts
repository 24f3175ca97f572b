/** `smilec data degrade`: pictures as a cheap camera in a badly lit office would have taken them. */
import { join } from "node:path";
import { parseLabelMap } from "../data/labels.js";
import type { LayoutName } from "../data/layout.js";
import type { Split } from "../data/types.js";
import type { Level } from "../evaluate/degrade/levels.js";
import { degradeFolder } from "../evaluate/degrade-folder.js";
import { folderSet } from "../evaluate/pictures.js";
import type { CommandContext } from "./context.js";
import { thousands } from "./table.js";

export interface DataDegradeOptions {
  readonly out: string;
  readonly level: Level;
  readonly layout?: LayoutName;
  readonly map?: string;
  readonly split?: Split;
}

/** Kept-out pictures listed on the terminal; --json has all. */
const SHOWN = 10;

export async function dataDegradeCommand(
  context: CommandContext,
  from: string,
  { out, level, layout, map, split }: DataDegradeOptions,
): Promise<void> {
  const set = await folderSet({
    from,
    ...(layout && { layout }),
    ...(split && { split }),
    ...(map === undefined ? {} : { labelMap: parseLabelMap(map) }),
  });
  const result = await degradeFolder({ set, level, out, context });
  context.result(result, () =>
    [
      `${out}: ${thousands(result.count)} pictures, ${level} (version ${result.version}); look at ${join(out, "contact-sheet.png")}`,
      ...result.rejected.slice(0, SHOWN).map(({ original, message }) => `  kept out ${original}: ${message}`),
      ...(result.rejected.length > SHOWN ? [`  and ${thousands(result.rejected.length - SHOWN)} more`] : []),
    ].join("\n"),
  );
}
