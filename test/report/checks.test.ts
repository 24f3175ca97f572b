import { describe, expect, it } from "@jest/globals";
import { INT8_LOSS, LEAST_KAPPA, reportChecks, SKEW_AUC } from "#smilec/report/checks.js";
import { reportFacts } from "#smilec/report/facts.js";
import { junitChecks } from "#smilec/report/junit.js";
import type { Check, ReportInput } from "#smilec/report/types.js";
import { findAll, parseHtml } from "../support/html.js";
import { reportInput } from "../support/report-input.js";

const input = reportInput({ presses: 2, epochs: 2 });
const EMPTY: ReportInput = { title: "new", toolVersion: "0.1.0", summary: [] };

function states(report: ReportInput): Record<string, Check["state"]> {
  return Object.fromEntries(reportChecks(report).map(({ name, state }) => [name, state]));
}

describe("the checks of a report", () => {
  it("are all there and not known where nothing has been done", () => {
    const found = states(EMPTY);
    expect(new Set(Object.values(found))).toEqual(new Set(["skipped"]));
    expect(Object.keys(found)).toEqual([
      "int8-loss",
      "press-to-light",
      "memory",
      "simulation",
      "replay",
      "pictures",
      "label-agreement",
      "consistency",
      "skew",
    ]);
    for (const { found: why } of reportChecks(EMPTY)) expect(why.length).toBeGreaterThan(10);
  });

  it("fail where a figure is beyond its limit, and only there", () => {
    expect(states(input)).toEqual({
      "int8-loss": "pass",
      "press-to-light": "pass",
      "memory-flash": "pass",
      "memory-ram": "pass",
      // 5,000,000 of 4,194,304 bytes
      "memory-psram": "fail",
      simulation: "pass",
      // 1,318 of 1,320 are equal, and one picture is damaged
      replay: "fail",
      pictures: "fail",
      "label-agreement": "pass",
      consistency: "fail",
      skew: "fail",
    });
  });

  it("hold at their limits and not beyond", () => {
    const at = (value: number) => ({ value, low: null, high: null });
    const { evaluation, skew, labels, board } = input;
    const lost = (accuracy: number) =>
      states({
        ...EMPTY,
        evaluation: {
          ...evaluation,
          evaluation: {
            ...evaluation.evaluation,
            int8Change: { ...evaluation.evaluation.int8Change!, accuracy: at(accuracy) },
          },
        },
      })["int8-loss"];
    expect([lost(-INT8_LOSS), lost(-INT8_LOSS - 0.001), lost(0.01)]).toEqual(["pass", "fail", "pass"]);
    const told = (auc: number) =>
      states({ ...EMPTY, skew: { ...skew, report: { ...skew.report, augmentedAuc: at(auc) } } }).skew;
    expect([told(SKEW_AUC - 0.001), told(SKEW_AUC)]).toEqual(["pass", "fail"]);
    const agreed = (kappa: number, captures: number) =>
      states({ ...EMPTY, labels: { ...labels, agreement: { captures, same: 1, kappa } } })["label-agreement"];
    expect([agreed(LEAST_KAPPA, 20), agreed(LEAST_KAPPA - 0.01, 20), agreed(0, 19)]).toEqual([
      "pass",
      "fail",
      "skipped",
    ]);
    const slow = { ...board, press: { ...board.press, ms: 701, withinLimit: false } };
    expect(states({ ...EMPTY, board: slow })["press-to-light"]).toBe("fail");
    const none = { ...input.replay, compared: 0, equal: 0 };
    expect(states({ ...EMPTY, replay: none }).replay).toBe("skipped");
  });

  it("are test cases for a server, whatever their text holds", () => {
    const hostile = { name: "x", asks: "a < b", found: `"&\u0000\ud800`, lines: ["]]></failure>"] };
    const checks: Check[] = [
      { ...hostile, state: "pass" },
      { ...hostile, state: "fail" },
      { ...hostile, state: "skipped" },
    ];
    const xml = junitChecks(checks);
    expect(xml).toContain('tests="3" failures="1" errors="0" skipped="1"');
    expect(xml).toContain("]]&gt;&lt;/failure&gt;");
    for (const forbidden of ["\u0000", "\ud800"]) expect(xml).not.toContain(forbidden);
    const page = parseHtml(`<!DOCTYPE html>\n${xml.slice(xml.indexOf("<testsuites>"))}`);
    expect(findAll(page, ({ tag }) => tag === "testcase")).toHaveLength(3);
  });
});

describe("the facts of a report", () => {
  it("are what the page shows, without a picture", () => {
    const facts = reportFacts({ ...input, checks: reportChecks(input) });
    const text = JSON.stringify(facts);
    expect(text.length).toBeLessThan(300_000);
    expect(JSON.parse(text)).toMatchObject({
      formatVersion: 1,
      title: "Office smile bot",
      data: { source: "a folder of faces" },
      training: { parameters: 77_202 },
      simulation: { captures: 2, differences: [] },
      replay: { equal: 1318 },
      labels: { agreement: { kappa: 0.87 } },
      board: { limitMs: 700 },
      skew: { formatVersion: 1 },
      missing: [{ command: "smilec retrain" }],
    });
    for (const gone of ["samples", "presses", "mistakes", "augmentation"])
      expect(Object.keys(facts)).not.toContain(gone);
    expect(facts.data).not.toHaveProperty("samples");
    expect(facts.simulation).not.toHaveProperty("presses");
  });

  it("of a project that has nothing are a document too", () => {
    expect(reportFacts(EMPTY)).toEqual({
      formatVersion: 1,
      title: "new",
      toolVersion: "0.1.0",
      checks: [],
      missing: [],
    });
  });
});
