import { describe, expect, test } from "vitest";
import type { ModelState } from "../../../shared/models/state.ts";
import { ModelState as State } from "../../../shared/models/state.ts";
import { decide } from "../../../shared/policy/decide.ts";
import { stateAfter } from "../../../shared/policy/state-after.ts";
import type { Signal, SignalKind } from "../../../shared/signals/signal.ts";
import { at, now, policyWith, signalOf } from "./given.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** What is no model has a state too: by the name of its session, and without a policy. */
const endpoint = State.parse({ model: "endpoint:weather" });

let sent = 0;
const alert = (kind: SignalKind, state: Signal["state"] = "raised", change: Partial<Signal> = {}): Signal => {
  sent += 1;
  return signalOf(kind, { id: `${kind}:${sent}`, state, subject: { endpoint: "weather" }, ...change });
};

/** Decides signals one after another, each at its minute after `now`. */
function play(
  steps: [Signal, number][],
  from: ModelState = endpoint,
  policy: Parameters<typeof decide>[1] = null,
) {
  let state = from;
  const decisions = steps.map(([signal, minute]) => {
    const moment = new Date(now.getTime() + minute * MINUTE);
    const decision = decide(signal, policy, state, moment);
    state = stateAfter(signal, decision, state, moment);
    return decision;
  });
  return { decisions, state: State.parse(state) };
}

describe("several signals about one subject", () => {
  test("become one incident: the first opens it, the others are its evidence", () => {
    const first = alert("endpoint.failing");
    const { decisions, state } = play([
      [first, 0],
      [alert("endpoint.slow"), 1],
      [alert("network.unreachable"), 2],
    ]);
    expect(decisions.map(({ reaction }) => reaction)).toEqual([
      "setup-loopback",
      "raise-event",
      "raise-event",
    ]);
    expect(decisions.map(({ incident }) => incident)).toEqual([first.id, first.id, first.id]);
    expect(decisions[1]).toMatchObject({ rule: "endpoint.slow/same-incident", heldBack: null });
    expect(decisions[1]?.reason).toContain("an incident is open already");
    expect(state.incident).toEqual({
      id: first.id,
      openedAt: at(0),
      lastAt: at(2 * MINUTE),
      concerns: ["endpoint.failing weather", "endpoint.slow weather", "network.unreachable weather"],
      signals: 3,
    });
  });

  test.each([
    { minute: 59.999, reaction: "raise-event" },
    { minute: 60, reaction: "setup-loopback" },
  ])("belong together for an hour: after $minute minutes, $reaction", ({ minute, reaction }) => {
    const { decisions, state } = play([
      [alert("endpoint.failing"), 0],
      [alert("endpoint.slow"), minute],
    ]);
    expect(decisions[1]?.reaction).toBe(reaction);
    expect(state.incident?.signals).toBe(reaction === "raise-event" ? 2 : 1);
  });

  test("belong together for as long as the policy says", () => {
    const policy = policyWith((draft) => {
      draft.incidents.window = "PT5M";
    });
    const { decisions } = play(
      [
        [alert("endpoint.failing"), 0],
        [alert("endpoint.slow"), 5],
      ],
      endpoint,
      policy,
    );
    expect(decisions[1]).toMatchObject({ reaction: "setup-loopback", policyField: "scenario" });
  });

  test("belong together while the incident's operation runs, however long", () => {
    const open = { ...endpoint, operations: [{ id: "op-1", kind: "setup-loopback", since: at(0) }] };
    const opened = play([[alert("endpoint.failing"), 0]]).state;
    const state = { ...opened, operations: open.operations };
    const { decisions } = play([[alert("endpoint.slow"), 600]], state);
    expect(decisions[0]).toMatchObject({ reaction: "raise-event", incident: opened.incident?.id });
    expect(play([[alert("endpoint.slow"), 0]], open).decisions[0]).not.toHaveProperty("incident");
  });

  test("end with the incident when all that it concerns has cleared", () => {
    const opened = play([
      [alert("endpoint.failing"), 0],
      [alert("endpoint.slow"), 1],
    ]).state;
    const half = play([[alert("endpoint.slow", "cleared"), 2]], opened);
    expect(half.decisions[0]).toMatchObject({ reaction: "raise-event", incident: opened.incident?.id });
    expect(half.state.incident).toMatchObject({ concerns: ["endpoint.failing weather"], signals: 2 });
    const whole = play([[alert("endpoint.failing", "cleared"), 3]], half.state);
    expect(whole.state.incident).toBeNull();
    expect(play([[alert("endpoint.failing"), 4]], whole.state).decisions[0]?.reaction).toBe("setup-loopback");
  });

  test("are told apart by deployment when they clear", () => {
    const of = (deployment: string) => ({ subject: { endpoint: "weather", deployment } });
    const opened = play([
      [alert("endpoint.slow", "raised", of("blue")), 0],
      [alert("endpoint.slow", "raised", of("green")), 1],
    ]).state;
    const { state } = play([[alert("endpoint.slow", "cleared", of("blue")), 2]], opened);
    expect(state.incident?.concerns).toEqual(["endpoint.slow weather green"]);
  });

  test("name each concern once, and fifty at most", () => {
    const storm = Array.from({ length: 60 }, (_, index): [Signal, number] => [
      alert("endpoint.slow", "raised", { subject: { endpoint: "weather", deployment: `d${index % 55}` } }),
      0,
    ]);
    const { state } = play(storm);
    expect(state.incident?.concerns).toHaveLength(50);
    expect(state.incident?.signals).toBe(60);
  });

  test("of other reactions open no incident", () => {
    const { state, decisions } = play([[alert("workspace.idle"), 0]]);
    expect(state.incident).toBeNull();
    expect(decisions[0]).not.toHaveProperty("incident");
  });

  test("open no incident while a freeze holds them back", () => {
    const policy = policyWith((draft) => {
      draft.freezes = [{ from: at(-1), to: at(HOUR), reason: "year end" }];
    });
    const { state, decisions } = play([[alert("endpoint.slow"), 0]], endpoint, policy);
    expect(decisions[0]?.heldBack?.hold).toBe("freeze");
    expect(decisions[0]).not.toHaveProperty("incident");
    expect(state.incident).toBeNull();
  });

  test("clearing where nothing is open leaves nothing open", () => {
    const { state, decisions } = play([[alert("endpoint.slow", "cleared"), 0]]);
    expect(state.incident).toBeNull();
    expect(decisions[0]).not.toHaveProperty("incident");
  });
});

describe("severity", () => {
  const serious = policyWith((policy) => {
    policy.incidents.leastSeverity = 3;
  });

  test.each([
    { kind: "endpoint.slow", severity: 3, reaction: "setup-loopback", rule: "endpoint.slow/classical" },
    { kind: "endpoint.slow", severity: 4, reaction: "notice", rule: "endpoint.slow/classical/minor" },
    {
      kind: "image.vulnerable",
      severity: 3,
      reaction: "image-quarantine",
      rule: "image.vulnerable/classical",
    },
    { kind: "image.vulnerable", severity: 4, reaction: "notice", rule: "image.vulnerable/classical/minor" },
    { kind: "workspace.idle", severity: 4, reaction: "decommission", rule: "workspace.idle/classical" },
  ] as const)("answers $kind of severity $severity with $reaction", ({ kind, severity, reaction, rule }) => {
    const { decisions } = play([[alert(kind, "raised", { severity }), 0]], endpoint, serious);
    expect(decisions[0]).toMatchObject({ reaction, rule, heldBack: null });
  });

  test("is never too little unless a policy says so: threats of the activity log have the lowest", () => {
    const { decisions } = play([[alert("api.threatened", "raised", { severity: 4 }), 0]]);
    expect(decisions[0]?.reaction).toBe("setup-loopback");
  });

  test("is judged by the policy's value, which the decision names", () => {
    const { decisions } = play([[alert("endpoint.slow", "raised", { severity: 4 }), 0]], endpoint, serious);
    expect(decisions[0]?.policyField).toBe("incidents.leastSeverity");
    expect(decisions[0]?.reason).toContain("its sender does not rate it severe enough");
  });
});

describe("flapping", () => {
  /** Raised and cleared in turns, a minute apart: as many changes as steps, less one. */
  const turns = (count: number, kind: SignalKind = "endpoint.slow"): [Signal, number][] =>
    Array.from({ length: count }, (_, index) => [alert(kind, index % 2 === 0 ? "raised" : "cleared"), index]);

  test.each([
    { steps: 5, hold: null },
    { steps: 7, hold: "flapping" },
  ])("begins with the sixth change within an hour; after $steps reports: $hold", ({ steps, hold }) => {
    expect(play(turns(steps)).decisions.at(-1)?.heldBack?.hold ?? null).toBe(hold);
  });

  test("says until when, and what lifts it", () => {
    // Changes at minutes 1 to 6; there are fewer than six once that of minute 1 is an hour old.
    expect(play(turns(7)).decisions.at(-1)?.heldBack).toEqual({
      hold: "flapping",
      until: at(61 * MINUTE),
      liftedBy: "fewer than 6 changes of endpoint.slow between raised and cleared within PT1H",
    });
  });

  test.each([
    { minute: 60.999, hold: "flapping" },
    { minute: 61, hold: null },
  ])("ends when the changes are old enough: at minute $minute, $hold", ({ minute, hold }) => {
    const before = play(turns(7)).state;
    expect(play([[alert("endpoint.slow"), minute]], before).decisions[0]?.heldBack?.hold ?? null).toBe(hold);
  });

  test("is no matter of repeats: raised again and again is one state", () => {
    const repeats = Array.from({ length: 20 }, (): [Signal, number] => [alert("endpoint.slow"), 0]);
    expect(play(repeats).decisions.every(({ heldBack }) => heldBack === null)).toBe(true);
  });

  test("of one kind does not hold back another", () => {
    const before = play(turns(8)).state;
    expect(play([[alert("endpoint.failing"), 8]], before).decisions[0]?.heldBack).toBeNull();
  });

  test("lets what has cleared through to the operation that waits for it", () => {
    const before = play(turns(7)).state;
    const { decisions } = play([[alert("endpoint.slow", "cleared"), 7]], before);
    expect(decisions[0]).toMatchObject({ reaction: "raise-event", heldBack: null });
  });

  test("calms notices too, and no quarantine", () => {
    expect(play(turns(7, "platform.unhealthy")).decisions.at(-1)?.heldBack?.hold).toBe("flapping");
    expect(play(turns(7, "image.vulnerable")).decisions.at(-1)?.heldBack).toBeNull();
  });

  test("counts as the policy says, which the decision names", () => {
    const policy = policyWith((draft) => {
      draft.incidents.changes = 2;
      draft.incidents.changesWithin = "PT10M";
    });
    const { decisions } = play(turns(3), endpoint, policy);
    expect(decisions.at(-1)?.heldBack).toMatchObject({
      hold: "flapping",
      until: at(11 * MINUTE),
      policyField: "incidents.changes",
    });
  });

  test("remembers 51 reports of a kind", () => {
    expect(play(turns(60)).state.reports["endpoint.slow"]).toHaveLength(51);
  });
});

test("keeps no reports of what happens once", () => {
  const { state } = play([
    [alert("job.completed"), 0],
    [alert("model.registered"), 0],
    [alert("model.deployed"), 0],
    [alert("job.failed"), 0],
  ]);
  expect(state.reports).toEqual({});
});
