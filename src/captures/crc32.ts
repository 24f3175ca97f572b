/** CRC-32 of IEEE 802.3 (polynomial 0xEDB88320 reflected), the one of zip and PNG; twin of firmware/core/sm_crc32.c. */

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});

/** Continues a CRC over more bytes; start with 0. */
export function crc32(bytes: Uint8Array | Int8Array, crc = 0): number {
  let c = ~crc;
  for (let i = 0; i < bytes.length; i++) c = (c >>> 8) ^ TABLE[(c ^ bytes[i]) & 0xff];
  return ~c >>> 0;
}
