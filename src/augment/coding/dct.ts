/**
 * 8 x 8 discrete cosine transforms after Arai, Agui and Nakajima ("A fast DCT-SQ scheme for images", 1988): five multiplications a line, outputs
 * scaled by AAN_SCALE of row and column, which belongs into the quantization.
 */

/** Scale of frequency k: cos(k pi / 16) sqrt(2), and 1 for k = 0. */
export const AAN_SCALE: readonly number[] = Array.from({ length: 8 }, (_, k) =>
  k === 0 ? 1 : Math.cos((k * Math.PI) / 16) * Math.SQRT2,
);

const C4 = Math.SQRT1_2;
const C6 = Math.cos((6 * Math.PI) / 16);
const C2_LESS_C6 = Math.cos((2 * Math.PI) / 16) - C6;
const C2_PLUS_C6 = Math.cos((2 * Math.PI) / 16) + C6;

/** In place; the coefficient (v, u) comes out 8 AAN_SCALE[v] AAN_SCALE[u] times as large as in ITU-T T.81, A.3.3. */
export function forwardDct(block: Float64Array): void {
  for (let i = 0; i < 64; i += 8) forwardLine(block, i, 1);
  for (let i = 0; i < 8; i++) forwardLine(block, i, 8);
}

function forwardLine(block: Float64Array, start: number, step: number): void {
  const i1 = start + step;
  const i2 = i1 + step;
  const i3 = i2 + step;
  const i4 = i3 + step;
  const i5 = i4 + step;
  const i6 = i5 + step;
  const i7 = i6 + step;
  const s07 = block[start] + block[i7];
  const d07 = block[start] - block[i7];
  const s16 = block[i1] + block[i6];
  const d16 = block[i1] - block[i6];
  const s25 = block[i2] + block[i5];
  const d25 = block[i2] - block[i5];
  const s34 = block[i3] + block[i4];
  const d34 = block[i3] - block[i4];

  const even0 = s07 + s34;
  const even3 = s07 - s34;
  const even1 = s16 + s25;
  const even2 = s16 - s25;
  const turned = (even2 + even3) * C4;
  block[start] = even0 + even1;
  block[i4] = even0 - even1;
  block[i2] = even3 + turned;
  block[i6] = even3 - turned;

  const odd0 = d34 + d25;
  const odd1 = (d25 + d16) * C4;
  const odd2 = d16 + d07;
  const shared = (odd0 - odd2) * C6;
  const low = C2_LESS_C6 * odd0 + shared;
  const high = C2_PLUS_C6 * odd2 + shared;
  const plus = d07 + odd1;
  const minus = d07 - odd1;
  block[i5] = minus + low;
  block[i3] = minus - low;
  block[i1] = plus + high;
  block[i7] = plus - high;
}

/** In place; the coefficient (v, u) is expected AAN_SCALE[v] AAN_SCALE[u] / 8 times as large as in ITU-T T.81, A.3.3. */
export function inverseDct(block: Float64Array): void {
  for (let i = 0; i < 8; i++) inverseColumn(block, i);
  for (let i = 0; i < 64; i += 8) inverseLine(block, i, 1);
}

/** After quantization most columns have nothing but a mean. */
function inverseColumn(block: Float64Array, i: number): void {
  const upper = block[i + 8] === 0 && block[i + 16] === 0 && block[i + 24] === 0 && block[i + 32] === 0;
  if (!upper || block[i + 40] !== 0 || block[i + 48] !== 0 || block[i + 56] !== 0) {
    inverseLine(block, i, 8);
    return;
  }
  for (let k = i + 8; k < 64; k += 8) block[k] = block[i];
}

function inverseLine(block: Float64Array, start: number, step: number): void {
  const i1 = start + step;
  const i2 = i1 + step;
  const i3 = i2 + step;
  const i4 = i3 + step;
  const i5 = i4 + step;
  const i6 = i5 + step;
  const i7 = i6 + step;
  const s04 = block[start] + block[i4];
  const d04 = block[start] - block[i4];
  const s26 = block[i2] + block[i6];
  const d26 = (block[i2] - block[i6]) * Math.SQRT2 - s26;
  const even0 = s04 + s26;
  const even3 = s04 - s26;
  const even1 = d04 + d26;
  const even2 = d04 - d26;

  const s53 = block[i5] + block[i3];
  const d53 = block[i5] - block[i3];
  const s17 = block[i1] + block[i7];
  const d17 = block[i1] - block[i7];
  const odd7 = s17 + s53;
  const turned = (s17 - s53) * Math.SQRT2;
  const shared = (d53 + d17) * (2 * (C2_PLUS_C6 - C6));
  const odd6 = shared - 2 * C2_PLUS_C6 * d53 - odd7;
  const odd5 = turned - odd6;
  const odd4 = shared - 2 * C2_LESS_C6 * d17 - odd5;
  block[start] = even0 + odd7;
  block[i7] = even0 - odd7;
  block[i1] = even1 + odd6;
  block[i6] = even1 - odd6;
  block[i2] = even2 + odd5;
  block[i5] = even2 - odd5;
  block[i3] = even3 + odd4;
  block[i4] = even3 - odd4;
}
