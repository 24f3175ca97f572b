/** What training does to its pictures, from weak to strong. */
import type { SheetCell, SheetRow } from "../../augment/preview/sheet.js";
import { foreign, isolated } from "../format.js";
import { drawSheet } from "../sheet.js";
import type { AugmentationSection } from "../types.js";
import type { PictureView, SectionView } from "./view.js";

const CELL_AREA = 64 * 64;
const AS_IT_IS = "as it is";

export async function augmentationSection({ pictures, together, alone }: AugmentationSection): Promise<SectionView> {
  const cells = [...together, ...alone].flatMap((row) => row.cells);
  const sheet = await drawSheet("sheet-augmentation", cells.map(image), { cellArea: CELL_AREA, pixelated: true });
  let next = 0;
  const row = ({ title, cells: own }: SheetRow) => ({
    title: foreign(title),
    cells: own.map(({ label }, i) => {
      const words = i === 0 ? AS_IT_IS : label;
      const alt = `${isolated(title)}, ${words === "" ? `variation ${i}` : isolated(words)}`;
      const picture: PictureView = { sheet: sheet.name, style: sheet.cells[next++].style, alt };
      return { picture, label: words === "" ? null : foreign(words) };
    }),
  });
  const view = { pictures: foreign(pictures), together: together.map(row), alone: alone.map(row) };
  return { id: "augmentation", title: "Augmentation", css: [sheet.css], view };
}

function image({ pixels, size }: SheetCell) {
  return { width: size, height: size, pixels };
}
