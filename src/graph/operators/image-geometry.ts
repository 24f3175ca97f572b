/** Windows that move over NHWC images: what convolutions and pools have in common. */
import { windowAxis } from "../geometry.js";
import type { OperatorContext } from "../operator-context.js";
import type { Conv2D, DepthwiseConv2D, Pool2D } from "../types.js";

export interface ImageGeometry {
  readonly batches: number;
  readonly inputH: number;
  readonly inputW: number;
  readonly inputC: number;
  readonly outputH: number;
  readonly outputW: number;
  readonly outputC: number;
  readonly filterH: number;
  readonly filterW: number;
  readonly strideH: number;
  readonly strideW: number;
  /** Rows and columns of padding before the image; what lies outside it is skipped. */
  readonly padTop: number;
  readonly padLeft: number;
}

/** Window and channels as the operator or its weights have them; checks the output's shape. The input is NHWC, all attributes are positive. */
export function imageGeometry(
  context: OperatorContext<Conv2D | DepthwiseConv2D | Pool2D>,
  { filterH, filterW, outputC }: Pick<ImageGeometry, "filterH" | "filterW" | "outputC">,
  { dilationH, dilationW } = { dilationH: 1, dilationW: 1 },
): ImageGeometry {
  const { padding, strideH, strideW } = context.operator;
  const [batches, inputH, inputW, inputC] = context.input(0).shape;
  const rows = windowAxis(padding, inputH, filterH, strideH, dilationH);
  const columns = windowAxis(padding, inputW, filterW, strideW, dilationW);
  context.expectShape(context.output, [batches, rows.outputSize, columns.outputSize, outputC]);
  return {
    batches,
    inputH,
    inputW,
    inputC,
    outputH: rows.outputSize,
    outputW: columns.outputSize,
    outputC,
    filterH,
    filterW,
    strideH,
    strideW,
    padTop: rows.padBefore,
    padLeft: columns.padBefore,
  };
}
