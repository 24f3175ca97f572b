/** Each pixel four times, in a square. Sizes are those of the small map; strides are in bytes; channels come in any number. */

export function upsampleForward(
  input: usize,
  out: usize,
  pictures: i32,
  height: i32,
  width: i32,
  channels: i32,
  row: i32,
  pictureStride: i32,
  outRow: i32,
  outPicture: i32,
): void {
  const bytes = <usize>(channels << 2);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      let from = input + picture * pictureStride + y * row;
      let to = out + picture * outPicture + 2 * y * outRow;
      for (let x = 0; x < width; ++x) {
        memory.copy(to, from, bytes);
        memory.copy(to + bytes, from, bytes);
        from += bytes;
        to += 2 * bytes;
      }
      const line = out + picture * outPicture + 2 * y * outRow;
      memory.copy(line + outRow, line, 2 * width * bytes);
    }
  }
}

/** gradInput += the sum of gradOutput over each square. */
export function upsampleBackward(
  gradOutput: usize,
  gradInput: usize,
  pictures: i32,
  height: i32,
  width: i32,
  channels: i32,
  row: i32,
  pictureStride: i32,
  outRow: i32,
  outPicture: i32,
): void {
  const bytes = <usize>(channels << 2);
  for (let picture = 0; picture < pictures; ++picture) {
    for (let y = 0; y < height; ++y) {
      let to = gradInput + picture * pictureStride + y * row;
      let from = gradOutput + picture * outPicture + 2 * y * outRow;
      for (let x = 0; x < width; ++x) {
        addSquare(from, outRow, to, bytes);
        from += 2 * bytes;
        to += bytes;
      }
    }
  }
}

function addSquare(from: usize, outRow: usize, to: usize, bytes: usize): void {
  const below = from + outRow;
  let at: usize = 0;
  for (; at + 16 <= bytes; at += 16) {
    const upper = f32x4.add(v128.load(from + at), v128.load(from + bytes + at));
    const lower = f32x4.add(v128.load(below + at), v128.load(below + bytes + at));
    v128.store(to + at, f32x4.add(v128.load(to + at), f32x4.add(upper, lower)));
  }
  for (; at < bytes; at += 4) {
    const upper = load<f32>(from + at) + load<f32>(from + bytes + at);
    const lower = load<f32>(below + at) + load<f32>(below + bytes + at);
    store<f32>(to + at, load<f32>(to + at) + (upper + lower));
  }
}
