import { describe, expect, test } from "vitest";
import { type Comer, meet } from "../../../shared/traffic/meeting.ts";

const now = Date.UTC(2024, 2, 5, 12);
const DAY = 86_400_000;

const comer = (side: Comer["side"], by: string, values: Comer["values"] = [1], id = "r1"): Comer => ({
  id,
  side,
  deployment: side === "prediction" ? "blue" : "",
  values,
  by,
  at: now,
});

describe("a prediction and its truth", () => {
  test.each([
    ["prediction", "truth"],
    ["truth", "prediction"],
  ] as const)("meet when the %s comes first, and the %s later", (first, second) => {
    const { waiting } = meet([], [comer(first, "0:1", [3])], now);
    const { met } = meet(waiting, [comer(second, "1:7", [5])], now + DAY);
    expect(met).toEqual([
      {
        by: "1:7",
        deployment: "blue",
        at: now,
        sums: { pairs: 1, wrong: 1, numeric: 1, absolute: 2, squared: 4 },
      },
    ]);
  });

  test("count again for the event that completed them, and for no other", () => {
    const both = [comer("prediction", "0:1"), comer("truth", "0:2")];
    const { waiting } = meet([], both, now);
    expect(meet(waiting, both, now).met).toMatchObject([{ by: "0:2" }]);
    expect(meet(waiting, [comer("truth", "0:9")], now).met).toEqual([]);
  });

  test("do not meet twice for one prediction that came twice", () => {
    const { waiting, met } = meet([], [comer("prediction", "0:1"), comer("prediction", "0:2")], now);
    expect(waiting).toHaveLength(1);
    expect(met).toEqual([]);
  });

  test.each([
    { after: "just under eight days", ms: 8 * DAY - 1, meetings: 1 },
    { after: "eight days", ms: 8 * DAY, meetings: 0 },
  ])("$after meet $meetings times", ({ ms, meetings }) => {
    const { waiting } = meet([], [comer("prediction", "0:1")], now);
    // Somebody else comes, and the old ones are let go.
    const { waiting: left } = meet(waiting, [comer("prediction", "0:2", [1], "r2")], now + ms);
    expect(meet(left, [comer("truth", "0:3")], now + ms).met).toHaveLength(meetings);
  });
});

test("a room that is full lets the oldest go", () => {
  const long = "x".repeat(200);
  const many = Array.from({ length: 40 }, (_, index) =>
    comer(
      "prediction",
      "0:1",
      Array.from({ length: 100 }, () => long),
      `r${index}`,
    ),
  );
  const { waiting } = meet(meet([], many.slice(0, 20), now).waiting, many.slice(20), now + 1);
  expect(JSON.stringify(waiting).length).toBeLessThan(400_010);
  expect(waiting.at(-1)?.id.startsWith("r")).toBe(true);
  expect(waiting.filter(({ since }) => since === now)).toEqual([]);
});
