import { expect, test } from "vitest";
import { ManualClock } from "../../../../local/clock.ts";
import { until } from "../../../waiting.ts";
import { allSeen, type LogBook, logBook, scratch, serveInTest } from "../harness.ts";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1, 0, 20);

interface Seen {
  name: string;
  isPastDue: boolean;
  retry?: number;
  scheduleStatus: { last: string; next: string; lastUpdated: string } | null;
}

/** Lets the run of a timer end that waits for it. */
const release = (name: string) => process.emit("message", `release ${name}`, undefined);

const runsOf = (book: LogBook, name: string) =>
  (allSeen(book) as Seen[]).filter((each) => each.name === name);

async function startTimers(
  functions: string[],
  options: { data?: string; start?: number; hourly?: string } = {},
) {
  const book = logBook();
  const clock = new ManualClock(options.start ?? START);
  const env = {
    HOURLY: options.hourly ?? "0 0 * * * *",
    AzureFunctionsJobHost__functions: JSON.stringify(functions),
  };
  const host = await serveInTest("timers", {
    clock,
    env,
    log: book.log,
    ...(options.data && { data: options.data }),
  });
  const move = async (ms: number, name: string, runs: number) => {
    clock.advance(ms);
    await until(() => runsOf(book, name).length === runs);
    await new Promise((resolve) => setTimeout(resolve, 10));
  };
  return { book, clock, host, move };
}

test("a timer runs at its occurrence, not before", async () => {
  const { book, clock, move } = await startTimers(["hourly"]);
  clock.advance(40 * 60_000 - 1);
  expect(runsOf(book, "hourly")).toEqual([]);
  await move(1, "hourly", 1);
  await move(HOUR_MS, "hourly", 2);
});

test("a monitored timer is told its last and next run", async () => {
  const { book, move } = await startTimers(["hourly"]);
  await move(HOUR_MS, "hourly", 1);
  await move(HOUR_MS, "hourly", 2);
  const [first, second] = runsOf(book, "hourly");
  expect(first?.scheduleStatus).toMatchObject({
    last: "0001-01-01T00:00:00",
    next: "2026-01-01T01:00:00.000+00:00",
    lastUpdated: "0001-01-01T00:00:00",
  });
  expect(second?.scheduleStatus).toMatchObject({
    last: "2026-01-01T01:00:00.000+00:00",
    next: "2026-01-01T02:00:00.000+00:00",
  });
});

// Azure/azure-webjobs-sdk-extensions, TimerListener.InvokeJobFunction counts on from the time of the invocation
test("what falls due while a timer runs is made up for once, and is not past due", async () => {
  const { book, clock, move } = await startTimers(["slow"]);
  await move(10 * 60_000, "slow", 1);
  clock.advance(2.5 * HOUR_MS);
  release("slow");
  await until(() => {
    clock.advance(0);
    return runsOf(book, "slow").length === 2;
  });
  expect(runsOf(book, "slow")[1]).toMatchObject({
    isPastDue: false,
    scheduleStatus: { last: "2026-01-01T00:30:00.000+00:00", next: "2026-01-01T01:30:00.000+00:00" },
  });
  release("slow");
  await new Promise((resolve) => setTimeout(resolve, 20));
  clock.advance(29 * 60_000);
  expect(runsOf(book, "slow")).toHaveLength(2);
  await move(60_000, "slow", 3);
  release("slow");
});

test("a timer run by hand is told its status", async () => {
  const { book, host, move } = await startTimers(["hourly"]);
  await move(HOUR_MS, "hourly", 1);
  const headers = { "content-type": "application/json" };
  await fetch(`${host.url}/admin/functions/hourly`, { method: "POST", body: "{}", headers });
  await until(() => runsOf(book, "hourly").length === 2);
  expect(runsOf(book, "hourly")[1]?.scheduleStatus).toMatchObject({ last: "2026-01-01T01:00:00.000+00:00" });
});

test("a drained host runs no timer; resumed, it makes up for what it missed", async () => {
  const { book, clock, host } = await startTimers(["hourly"]);
  const post = (path: string) => fetch(`${host.url}/admin/host/${path}`, { method: "POST" });
  await post("drain");
  clock.advance(2 * HOUR_MS);
  expect(runsOf(book, "hourly")).toEqual([]);
  await post("resume");
  await until(() => runsOf(book, "hourly").length === 1);
  expect(runsOf(book, "hourly")).toMatchObject([{ isPastDue: true }]);
});

test("a timer below a minute has no status", async () => {
  const { book, move } = await startTimers(["everyTenSeconds"]);
  await move(10_000, "everyTenSeconds", 1);
  expect(runsOf(book, "everyTenSeconds")[0]?.scheduleStatus).toBeNull();
});

test("occurrences missed while the host was down are made up for by one run that is past due", async () => {
  const data = scratch();
  const { host } = await startTimers(["hourly"], { data });
  await host.stop();
  const later = await startTimers(["hourly"], { data, start: START + 5 * HOUR_MS });
  await later.move(0, "hourly", 1);
  expect(runsOf(later.book, "hourly")[0]).toMatchObject({ isPastDue: true });
  await later.move(HOUR_MS, "hourly", 2);
  expect(runsOf(later.book, "hourly")[1]).toMatchObject({ isPastDue: false });
});

test("runOnStartup runs at every start", async () => {
  const { book } = await startTimers(["atStart"]);
  await until(() => runsOf(book, "atStart").length === 1);
  expect(runsOf(book, "atStart")[0]).toMatchObject({ isPastDue: false, scheduleStatus: null });
});

test("a failing timer is tried again by its policy, and keeps its schedule", async () => {
  const { book, move } = await startTimers(["stubborn"]);
  await move(10 * 60_000, "stubborn", 1);
  await move(5000, "stubborn", 2);
  await move(5000, "stubborn", 3);
  await move(HOUR_MS, "stubborn", 4);
  expect(runsOf(book, "stubborn").map(({ retry }) => retry)).toEqual([0, 1, 2, 0]);
});

test("a schedule that cannot be read is an error that names function and expression", async () => {
  const { book } = await startTimers(["broken", "hourly"]);
  expect(await book.until("every full moon")).toContain("'broken'");
});
