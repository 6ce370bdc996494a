import { expect, test } from "vitest";
import {
  combine,
  count,
  emptyWindow,
  latencyKey,
  p95Ms,
  WINDOW_MS,
  windowStart,
} from "../../../shared/traffic/windows.ts";

const noon = Date.UTC(2024, 2, 5, 12);

test.each([
  { ms: 0, key: "0" },
  { ms: 43.9, key: "43" },
  { ms: 999, key: "999" },
  { ms: 1_009, key: "1000" },
  { ms: 12_345, key: "12300" },
  { ms: -5, key: "0" },
])("keeps $ms ms as $key: three digits are enough to compare", ({ ms, key }) => {
  expect(latencyKey(ms)).toBe(key);
});

test("the 95th percentile is the smallest duration that 95 of 100 requests stay within", () => {
  const window = { ...emptyWindow("blue", noon), latencies: { "40": 94, "200": 1, "900": 5 } };
  expect(p95Ms(window)).toBe(200);
  expect(p95Ms({ ...window, latencies: { "40": 94, "900": 6 } })).toBe(900);
  expect(p95Ms({ ...window, latencies: {} })).toBeNull();
  expect(p95Ms({ ...window, latencies: {}, metricP95Ms: 70 })).toBe(70);
});

test.each([
  { at: "its first ms", offset: 0, start: noon },
  { at: "its last ms", offset: WINDOW_MS - 1, start: noon },
  { at: "the next one's first ms", offset: WINDOW_MS, start: noon + WINDOW_MS },
])("a record at $at belongs to the window that starts there", ({ offset, start }) => {
  expect(windowStart(noon + offset)).toBe(start);
});

test("windows of several partitions are one by deployment and start", () => {
  const one = count(
    [],
    [{ at: noon, deployment: "blue", add: { requests: 2, failed: 1, latencies: { "5": 2 } } }],
  );
  const two = count(
    [],
    [
      {
        at: noon + 1,
        deployment: "blue",
        add: { requests: 3, latencies: { "5": 1, "7": 2 }, metricP95Ms: 9 },
      },
      { at: noon, deployment: "green", add: { requests: 1 } },
    ],
  );
  expect(combine([...one, ...two])).toMatchObject([
    { deployment: "blue", requests: 5, failed: 1, latencies: { "5": 3, "7": 2 }, metricP95Ms: 9 },
    { deployment: "green", requests: 1 },
  ]);
});

test("a deployment called __proto__ pollutes nothing", () => {
  const [window] = count([], [{ at: noon, deployment: "__proto__", add: { requests: 1 } }]);
  expect(window).toMatchObject({ deployment: "__proto__", requests: 1 });
  expect(Object.prototype).not.toHaveProperty("requests");
});

test("nonsense of a thousand deployments keeps a hundred windows", () => {
  const items = Array.from({ length: 1_000 }, (_, index) => ({
    at: noon,
    deployment: `d${index}`,
    add: { requests: 1 },
  }));
  expect(count([], items)).toHaveLength(100);
});
