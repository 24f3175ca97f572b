import { describe, expect, it } from "@jest/globals";
import { type Candidate, InformativeOrder } from "#smilec/label/order.js";
import { Random } from "../support/random.js";

const LENGTH = 16;

/** A sketch near one of a few faces. */
function sketch(random: Random, face: number, spread: number): Uint8Array {
  const base = new Random(1000 + face).int8s(LENGTH);
  return new Uint8Array(
    Int8Array.from(base, (value) => Math.max(-127, Math.min(127, value + random.integer(-spread, spread)))).buffer,
  );
}

function candidates(count: number, uncertainty: (i: number) => number = () => 1): Candidate[] {
  const random = new Random(3);
  return Array.from({ length: count }, (_, i) => ({
    press: 100 + i,
    uncertainty: uncertainty(i),
    sketch: sketch(random, i % 5, 4),
  }));
}

async function ordered(list: readonly Candidate[], count = list.length): Promise<number[]> {
  const order = new InformativeOrder(list);
  await order.extend(count);
  return order.order();
}

describe("the most informative order", () => {
  it("begins with the most uncertain", async () => {
    const list = candidates(20, (i) => (i === 13 ? 0.9 : 0.5));
    expect((await ordered(list))[0]).toBe(113);
  });

  it("shows every kind of face before it shows one twice", async () => {
    const first = (await ordered(candidates(50))).slice(0, 5);
    expect(new Set(first.map((press) => (press - 100) % 5)).size).toBe(5);
  });

  it("prefers what is uncertain among what is equally new", async () => {
    const same = sketch(new Random(1), 1, 0);
    const other = sketch(new Random(1), 2, 0);
    const list = [
      { press: 1, uncertainty: 1, sketch: same },
      { press: 2, uncertainty: 0.2, sketch: other },
      { press: 3, uncertainty: 0.8, sketch: other },
    ];
    expect(await ordered(list)).toEqual([1, 3, 2]);
  });

  it("holds every press once, those that cannot be seen last", async () => {
    const list = candidates(30).map((one, i) => (i % 7 === 0 ? { ...one, sketch: undefined } : one));
    const order = await ordered(list, 10);
    expect([...order].sort((a, b) => a - b)).toEqual(list.map(({ press }) => press));
    expect(order.slice(-5)).toEqual([100, 107, 114, 121, 128]);
  });

  it("does not depend on how far it was worked out at a time", async () => {
    const list = candidates(60, (i) => ((i * 7) % 11) / 11);
    const whole = await ordered(list);
    const order = new InformativeOrder(list);
    await Promise.all([order.extend(3), order.extend(17)]);
    expect(order.settled).toBe(17);
    expect(order.order().slice(0, 17)).toEqual(whole.slice(0, 17));
    await order.extend(60);
    expect(order.order()).toEqual(whole);
    expect(await ordered(list)).toEqual(whole);
  });

  it("is the greedy k-center of all distances", async () => {
    const list = candidates(25, (i) => 0.5 + i / 100);
    const distance = (a: Candidate, b: Candidate) => {
      const [x, y] = [new Int8Array(a.sketch!.buffer), new Int8Array(b.sketch!.buffer)];
      return Math.sqrt(x.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0));
    };
    const chosen: Candidate[] = [];
    const rest = [...list];
    while (rest.length > 0) {
      const worth = rest.map(
        (one) => one.uncertainty * Math.min(...(chosen.length === 0 ? [1] : chosen.map((c) => distance(one, c)))),
      );
      chosen.push(...rest.splice(worth.indexOf(Math.max(...worth)), 1));
    }
    expect(await ordered(list)).toEqual(chosen.map(({ press }) => press));
  });

  it("has nothing to say of nothing", async () => {
    expect(await ordered([])).toEqual([]);
  });
});
