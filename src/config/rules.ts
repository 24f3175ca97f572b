/** Rules that span several keys; each names the key to change. */
import { findBoard } from "../board/boards.js";
import { brightnessLimit, stripMilliamps } from "../board/strip.js";
import { freePins, partConflicts, WIRED_PARTS, withPins } from "../board/wiring.js";
import type { Problem } from "./problems.js";
import type { Config } from "./schema.js";

type Rule = (config: Config) => Problem[];

const labelsAreUnique: Rule = ({ labels }) =>
  labels.flatMap((label, index) =>
    labels.indexOf(label) < index
      ? [{ path: ["labels", index], message: `label ${JSON.stringify(label)} is listed twice` }]
      : [],
  );

const positiveIsALabel: Rule = ({ labels, positive }) =>
  labels.includes(positive)
    ? []
    : [
        {
          path: ["positive"],
          message: `${JSON.stringify(positive)} is not one of labels (${labels.map((l) => JSON.stringify(l)).join(", ")})`,
        },
      ];

/** A square that leaves the frame would be shifted inside silently. */
const squareStaysInFrame: Rule = ({ locator }) => {
  if (locator.kind !== "center") return [];
  const half = locator.size / 2;
  const outside = locator.y - half < 0 || locator.y + half > 1000;
  return outside
    ? [
        {
          path: ["locator", "y"],
          message: `a square of ${locator.size} thousandths around ${locator.y} leaves the frame; use ${Math.ceil(half)} to ${Math.floor(1000 - half)}`,
        },
      ]
    : [];
};

const warmupIsShorterThanTraining: Rule = ({ train }) =>
  train.warmupEpochs < train.epochs || train.warmupEpochs === 2
    ? []
    : [{ path: ["train", "warmupEpochs"], message: `must be less than train.epochs (${train.epochs})` }];

const inputSizeFitsStrides: Rule = ({ input }) =>
  input.size % 8 === 0
    ? []
    : [{ path: ["input", "size"], message: `must be a multiple of 8, such as ${Math.round(input.size / 8) * 8}` }];

/** A pin that is taken, missing or unfit, with the pins that are free. */
const pinsFitTheBoard: Rule = ({ board: id, pins }) => {
  const board = withPins(findBoard(id), pins);
  return WIRED_PARTS.filter((part) => typeof pins[part] === "number").flatMap((part) =>
    partConflicts(board, part).map((conflict) => {
      const free = freePins(board, part);
      const advice = free.length === 0 ? "no other pin of this board is free" : `free for it: ${free.join(", ")}`;
      return { path: ["pins", part], message: `${conflict}; ${advice}` };
    }),
  );
};

/** Even the dimmest light must leave the board its supply. */
const stripFitsItsSupply: Rule = ({ firmware: { lights } }) =>
  lights.kind !== "ws2812" || brightnessLimit(lights) > 0
    ? []
    : [
        {
          path: ["firmware", "lights", "maxMilliamps"],
          message: `${lights.count} LEDs draw ${stripMilliamps({ ...lights, brightness: 1 })} mA at 1 % of their brightness; give them a supply of at least that, or use fewer`,
        },
      ];

export const rules: readonly Rule[] = [
  labelsAreUnique,
  positiveIsALabel,
  squareStaysInFrame,
  warmupIsShorterThanTraining,
  inputSizeFitsStrides,
  pinsFitTheBoard,
  stripFitsItsSupply,
];
