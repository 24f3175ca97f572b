/** Segments of a FAT32 card that is not mounted: a device, or an image of it. */
import { UserError } from "../../errors.js";
import { type BlockFile, openBlockFile } from "../fat/block-file.js";
import { type Fat32Layout, readLayout } from "../fat/boot-sector.js";
import { extentReader, readChain } from "../fat/cluster-chain.js";
import { findVolume } from "../fat/partition.js";
import { type FatFile, readTopFolder } from "../fat/top-folder.js";
import { segmentNumber } from "../format.js";
import { MAX_SEGMENT } from "../layout.js";
import { type CardSource, type OpenSegment, type SegmentFile, UnreadableSegment } from "./source.js";

/** Throws UserError when there is no FAT32 volume in it. */
export async function openImageSource(path: string): Promise<CardSource> {
  const file = await openBlockFile(path);
  try {
    const layout = await readLayout(file.read, await findVolume(file.read, path), path);
    return {
      kind: "image",
      origin: path,
      live: false,
      segments: () => listSegments(file, layout),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function listSegments(file: BlockFile, layout: Fat32Layout): Promise<SegmentFile[]> {
  const segments = new Map<string, SegmentFile>();
  for await (const found of readTopFolder(file.read, layout, file.path)) {
    if (segmentNumber(found.name) === undefined || segments.has(found.name)) continue;
    segments.set(found.name, { name: found.name, size: found.bytes, open: () => openFatFile(file, layout, found) });
    if (segments.size > MAX_SEGMENT)
      throw new UserError("the card's top folder is damaged: it has too many segments", {
        where: file.path,
        remedy: "`--recover` finds the captures without it.",
      });
  }
  return [...segments.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function openFatFile(file: BlockFile, layout: Fat32Layout, found: FatFile): Promise<OpenSegment> {
  const extents = await readChain(file.read, layout, found.firstCluster, { bytes: found.bytes });
  if (typeof extents === "string") throw new UnreadableSegment(extents);
  return { read: extentReader(file.read, extents, found.bytes), close: async () => undefined };
}
