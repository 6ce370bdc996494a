import { describe, expect, test } from "vitest";
import { buildSignal } from "../../../shared/signals/build.ts";
import { sessionOf } from "../../../shared/signals/session.ts";
import { signalId } from "../../../shared/signals/signal-id.ts";

const signal = (subject: object) =>
  buildSignal({
    id: "1",
    kind: "endpoint.slow",
    subject,
    severity: 2,
    occurredAt: "2026-07-01T00:00:00.000Z",
    source: { door: "d", type: "t", id: "1" },
  });

test.each([
  [{ model: "m", version: "3", endpoint: "e" }, "model:m"],
  [{ endpoint: "e", job: "j" }, "endpoint:e"],
  [{ job: "j", budget: "b" }, "job:j"],
  [{ budget: "b", resource: "/r" }, "budget:b"],
  [{ image: "i", resource: "/r" }, "image:i"],
  [{ resource: "/r", workspace: "/w" }, "resource:/r"],
  [{ workspace: "/w" }, "workspace:/w"],
  [{ model: "M" }, "model:M"],
  [{ job: "J" }, "job:J"],
  [{ endpoint: "Shop" }, "endpoint:shop"],
  [{ budget: "Team" }, "budget:team"],
  [{ image: "Shop.azurecr.io/a@sha256:AB" }, "image:shop.azurecr.io/a@sha256:ab"],
  [{ resource: "/SUBSCRIPTIONS/S" }, "resource:/subscriptions/s"],
  [{ workspace: "/subscriptions/s/resourceGroups/G" }, "workspace:/subscriptions/s/resourcegroups/g"],
  [{}, "endpoint.slow"],
])("the session of %j is %s", (subject, session) => {
  expect(sessionOf(signal(subject))).toBe(session);
});

test("a session is at most 128 long, and two subjects are two sessions even where they differ behind that", () => {
  const group = `/subscriptions/${"s".repeat(36)}/resourceGroups/${"g".repeat(90)}/providers/Microsoft.Web/sites`;
  const [one, other] = ["a", "b"].map((name) => sessionOf(signal({ resource: `${group}/${name}` })));
  expect(one).toHaveLength(128);
  expect(other).toHaveLength(128);
  expect(one).not.toBe(other);
  expect(sessionOf(signal({ resource: `${group}/A` }))).toBe(one);
  expect(sessionOf(signal({ model: "m".repeat(122) }))).toBe(`model:${"m".repeat(122)}`);
  expect(sessionOf(signal({ model: "m".repeat(123) }))).toMatch(/^model:m{105}#[0-9a-f]{16}$/);
});

test("an id is its prefix, at most 40 long, and 32 hex digits that its parts and their order make", () => {
  expect(signalId("drift.data", "a", "b")).toMatch(/^drift\.data:[0-9a-f]{32}$/);
  expect(signalId("x".repeat(50), "a")).toMatch(/^x{40}:[0-9a-f]{32}$/);
  const ids = [
    signalId("p", "a", "b"),
    signalId("p", "b", "a"),
    signalId("p", "ab"),
    signalId("p", "a", "b"),
  ];
  expect(new Set(ids).size).toBe(3);
});

describe("a signal is cut to a size that travels", () => {
  const draft = { ...signal({}), measurements: [], facts: {} };

  test("by facts: without empty ones, 64 of them, 2,000 characters each", () => {
    const facts = Object.fromEntries(
      Array.from({ length: 70 }, (_, index) => [`f${index}`, "x".repeat(3_000)]),
    );
    const { evidence } = buildSignal({ ...draft, facts: { none: undefined, empty: "", ...facts } });
    expect(Object.keys(evidence.facts)).toHaveLength(64);
    expect(Object.keys(evidence.facts)[0]).toBe("f0");
    expect(evidence.facts.f0).toHaveLength(2_000);
  });

  test("by measurements: 200 of them", () => {
    const measurements = Array.from({ length: 210 }, () => ({ metric: "m", value: 1, threshold: null }));
    expect(buildSignal({ ...draft, measurements }).evidence.measurements).toHaveLength(200);
  });

  test("by names of tags: 200 characters, behind a prefix", () => {
    const tags = { tag: new Map([["a".repeat(300), "x"]]), property: undefined };
    expect(buildSignal({ ...draft, tags }).evidence.facts).toEqual({ [`tag.${"a".repeat(200)}`]: "x" });
  });

  test("by tags: what 64 facts have left room for, without empty ones", () => {
    const facts = Object.fromEntries(Array.from({ length: 62 }, (_, index) => [`f${index}`, "x"]));
    const tag = new Map([
      ["blank", ""],
      ["a", "1"],
    ]);
    const property = new Map([
      ["a", "2"],
      ["b", "3"],
    ]);
    const { evidence } = buildSignal({ ...draft, facts, tags: { tag, property } });
    expect(evidence.facts).toEqual({ ...facts, "tag.a": "1", "property.a": "2" });
  });
});
