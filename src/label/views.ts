/** What the page is told of a press. Labels of the first look are kept from the second one. */
import { boxIn, type Item, keptItems, type Press, probabilityAt } from "./presses.js";
import type { CaptureView, PressView } from "./protocol.js";

export function pressView(press: Press, pass: 1 | 2, reveal: boolean): PressView {
  const { taken } = press;
  return {
    press: press.press,
    device: press.device,
    taken: taken === undefined ? undefined : new Date(taken.ms).toISOString(),
    takenErrorMs: taken?.errorMs,
    smile: press.smile,
    nobody: press.nobody,
    scored: press.scored,
    probability: probabilityAt(press, press.margin),
    neededProbability: probabilityAt(press, press.threshold),
    margin: press.margin,
    threshold: press.threshold,
    captures: keptItems(press).map((item) => captureView(item, pass, reveal)),
  };
}

function captureView(item: Item, pass: 1 | 2, reveal: boolean): CaptureView {
  const [first, second, settled] = item.judgements;
  const looks =
    reveal && first !== undefined && second !== undefined
      ? { first: first.label, second: second.label, settled: settled?.label }
      : undefined;
  const { box, corrected } = boxIn(item, looks === undefined ? pass : 3);
  return {
    id: item.id,
    sequence: item.sequence,
    width: item.width,
    height: item.height,
    box,
    boxCorrected: corrected,
    label: item.judgements[pass - 1]?.label,
    ...(looks === undefined ? {} : { looks }),
    consent: item.consent,
    lights: item.lights,
    margin: item.margin,
  };
}
