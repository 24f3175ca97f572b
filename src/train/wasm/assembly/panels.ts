/**
 * Convolution as matrix products that read the patches in place.
 *
 * Activations are NHWC with a border of zeros as wide as the window needs, so the part of a patch that lies in one picture row is one run
 * of kernel * channels floats and no im2col copy is made. Products are computed in register tiles of 4 pixels by 8 (or 4, or 1) columns;
 * pixels come in groups of 4 pictures, so that their number is always a multiple of 4. Every sum has one fixed order.
 *
 * Column panels: a matrix of N columns is stored as floor(N / 8) panels [rows][8], then one panel [rows][4] if N & 4, then N & 3 panels
 * [rows][1]. `offsets` holds, for each pixel of a block of pictures, the byte offset of its patch's first float from the block's start.
 *
 * All pointers, strides and skips are in bytes; `run` is kernel * input channels, in floats.
 */

/** Rows [0, rows) x columns [0, columns) of a row-major matrix into column panels; returns the end of what was written. */
function packPanels(source: usize, rows: i32, columns: i32, rowStride: i32, columnStride: i32, target: usize): usize {
  let column = 0;
  while (column < columns) {
    const left = columns - column;
    const width = left >= 8 ? 8 : left >= 4 ? 4 : 1;
    for (let row = 0; row < rows; ++row) {
      for (let j = 0; j < width; ++j) {
        store<f32>(target, load<f32>(source + row * rowStride + (column + j) * columnStride));
        target += 4;
      }
    }
    column += width;
  }
  return target;
}

/** Kernel [kernel * run][filters] for {@link convForward}. */
export function packForward(kernels: usize, panels: usize, kernel: i32, run: i32, filters: i32): void {
  packPanels(kernels, kernel * run, filters, filters << 2, 4, panels);
}

/** Kernel [kernel * run][filters], transposed per kernel row, for {@link convGradInput}. */
export function packBackward(kernels: usize, panels: usize, kernel: i32, run: i32, filters: i32): void {
  for (let ky = 0; ky < kernel; ++ky) {
    panels = packPanels(kernels + ky * run * filters * 4, filters, run, 4, filters << 2, panels);
  }
}
