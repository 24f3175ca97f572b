/** A FAT32 volume of a few sectors around given files, in memory: for damaging it often. Real images are made by test/support/fat-image.ts. */
const SECTOR = 512;
const RESERVED = 8;
const TABLE_SECTORS = 4;
const COPIES = 2;
export const TABLE_AT = RESERVED * SECTOR;
export const FOLDER_AT = (RESERVED + COPIES * TABLE_SECTORS) * SECTOR;
const ROOT = 2;
const END = 0x0fffffff;

export function smallFat(files: readonly { readonly name: string; readonly bytes: Buffer }[]): Buffer {
  const clusters = 1 + files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / SECTOR), 0);
  const image = Buffer.alloc(FOLDER_AT + clusters * SECTOR);
  writeBootSector(image, image.length / SECTOR);
  const table = [0x0ffffff8, END, END];
  for (const [i, { name, bytes }] of files.entries()) {
    const first = table.length;
    const count = Math.ceil(bytes.length / SECTOR);
    for (let k = 1; k <= count; k++) table.push(k === count ? END : first + k);
    bytes.copy(image, FOLDER_AT + (first - 2) * SECTOR);
    const entry = FOLDER_AT + 32 * i;
    image.write(name.replace(".", "").padEnd(11), entry, "latin1");
    image.writeUInt16LE(first >>> 16, entry + 20);
    image.writeUInt16LE(first & 0xffff, entry + 26);
    image.writeUInt32LE(bytes.length, entry + 28);
  }
  if (table.length > (TABLE_SECTORS * SECTOR) / 4) throw new RangeError("too many clusters for this table");
  for (let copy = 0; copy < COPIES; copy++)
    for (const [i, value] of table.entries())
      image.writeUInt32LE(value, TABLE_AT + copy * TABLE_SECTORS * SECTOR + 4 * i);
  return image;
}

function writeBootSector(image: Buffer, sectors: number): void {
  image.write("MSDOS5.0", 3, "latin1");
  image.writeUInt16LE(SECTOR, 11);
  image[13] = 1;
  image.writeUInt16LE(RESERVED, 14);
  image[16] = COPIES;
  image.writeUInt32LE(sectors, 32);
  image.writeUInt32LE(TABLE_SECTORS, 36);
  image.writeUInt32LE(ROOT, 44);
  image.write("FAT32   ", 82, "latin1");
  image.writeUInt16LE(0xaa55, 510);
  image.copy(image, 6 * SECTOR, 0, SECTOR);
}
