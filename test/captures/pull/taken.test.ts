/** When captures were taken, estimated from starts, uptimes and the moments of pulls. */
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "@jest/globals";
import { makeCard } from "../../support/card.js";
import { lookInto, pullFolder } from "../../support/pulling.js";
import { temporaryFolders } from "../../support/temporary-folder.js";

const temporary = temporaryFolders();
const FIRST = Date.UTC(2026, 0, 1);
const NOON = Date.UTC(2026, 10, 26, 12);
const HOUR = 3_600_000;

let card: string;
let into: string;
beforeEach(() => {
  card = join(temporary(), "card");
  into = temporary();
});

const pullAt = (ms: number) => pullFolder(card, into, { now: () => ms });

/** Latest and earliest moment, hours before noon, by sequence. */
function bounds(): Record<number, [latest: number, earliest: number]> {
  const { captures } = lookInto(into);
  return Object.fromEntries(
    captures.map(({ key, taken }) => [
      key.sequence,
      [(NOON - taken!.ms) / HOUR, (NOON - taken!.ms + taken!.errorMs) / HOUR],
    ]),
  );
}

describe("the estimated time of a capture", () => {
  it("is at the latest its uptime before the pull's, less that of the last capture of the same start", async () => {
    makeCard(card, [{ segment: 1, captures: 3, uptimeMs: HOUR }]);
    await pullAt(NOON);
    const all = bounds();
    expect([1, 2, 3].map((sequence) => all[sequence][0])).toEqual([2, 1, 0]);
    // As early as the first bot could have started: the error is the same for all of a start.
    expect(lookInto(into).captures.map(({ taken }) => taken!.errorMs)).toEqual(Array(3).fill(NOON - 3 * HOUR - FIRST));
  });

  it("is before the next start of the bot", async () => {
    makeCard(card, [
      { segment: 1, slots: 4, captures: 2, boot: 1, uptimeMs: HOUR },
      { segment: 2, slots: 4, captures: 2, boot: 2, uptimeMs: HOUR },
    ]);
    await pullAt(NOON);
    const all = bounds();
    expect([1, 2, 5, 6].map((sequence) => all[sequence][0])).toEqual([3, 2, 1, 0]);
  });

  it("goes on with a start in the next segment", async () => {
    makeCard(card, [
      { segment: 1, slots: 4, captures: 2, boot: 1, uptimeMs: HOUR },
      { segment: 2, slots: 4, captures: 2, boot: 1, uptimeMs: 4 * HOUR },
    ]);
    await pullAt(NOON);
    const all = bounds();
    expect([1, 2, 5, 6].map((sequence) => all[sequence][0])).toEqual([7, 6, 4, 0]);
  });

  it("is after an earlier pull of the same card, in the same segment and in the next", async () => {
    makeCard(card, [{ segment: 1, slots: 4, captures: 1, uptimeMs: HOUR }]);
    await pullAt(NOON - 10 * HOUR);
    makeCard(card, [
      { segment: 1, slots: 4, captures: 2, uptimeMs: HOUR },
      { segment: 2, slots: 4, captures: 1, boot: 2, uptimeMs: HOUR },
    ]);
    await pullAt(NOON);
    const all = bounds();
    expect(all[1][0]).toBe(10);
    // An hour after the first one, which was taken before the first pull; and not there at that pull.
    expect(all[2]).toEqual([9, 10]);
    // The second start was after the first's last capture, an hour before this one.
    expect(all[5]).toEqual([0, 9]);
  });

  it("says nothing where this computer's clock contradicts itself", async () => {
    makeCard(card, [{ segment: 1, captures: 3, uptimeMs: HOUR }]);
    await pullAt(Date.UTC(2001, 0, 1));
    expect(lookInto(into).captures.map(({ taken }) => taken)).toEqual([undefined, undefined, undefined]);
    await pullAt(NOON);
    expect(bounds()[3][0]).toBe(0);
  });
});
