/** CRC-32 of IEEE 802.3 (polynomial 0xEDB88320 reflected), the one of zip and PNG; twin of firmware/core/sm_crc32.c. */
import zlib from "node:zlib";

/** Tables for eight bytes at a time ("slicing by 8": Kounavis and Berry, 2005); TABLES[k][n] is byte n followed by k zeros. */
function makeTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    return c;
  });
  const tables = [first];
  for (let k = 1; k < 8; k++) tables.push(tables[k - 1].map((c) => (c >>> 8) ^ first[c & 0xff]));
  return tables;
}

let tables: Uint32Array[] | undefined;

/** As {@link crc32}, for any Node. */
export function portableCrc32(bytes: Uint8Array, crc = 0): number {
  tables ??= makeTables();
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;
  let c = ~crc;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    c ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    c =
      t7[c & 0xff] ^
      t6[(c >>> 8) & 0xff] ^
      t5[(c >>> 16) & 0xff] ^
      t4[c >>> 24] ^
      t3[bytes[i + 4]] ^
      t2[bytes[i + 5]] ^
      t1[bytes[i + 6]] ^
      t0[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) c = (c >>> 8) ^ t0[(c ^ bytes[i]) & 0xff];
  return ~c >>> 0;
}

/** Continues a CRC over more bytes; start with 0. */
export function crc32(bytes: Uint8Array | Int8Array, crc = 0): number {
  // Node has it since 20.15 and 22.2.
  if (typeof zlib.crc32 === "function") return zlib.crc32(bytes, crc);
  return portableCrc32(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), crc);
}
