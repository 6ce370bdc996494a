/**
 * The host's word under SIGKILL: nothing acknowledged is lost, no committed step runs again, and a step runs at most once
 * more for each kill that met it in flight. In flight is a step that has begun and whose result is not on the disk; the
 * disk is read as the kill left it.
 *
 * Each run of a step writes a token into a journal and returns it. The tokens in an instance's output are those that
 * were committed, so a step that ran again after its commit shows as a line behind the committed token's line.
 * `OUTERLOOP_CRASH=full` runs the long form; `CRASH_SEED` another order of moments.
 */
import { existsSync, readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { scratch } from "../harness.ts";
import { MortalHost } from "./mortal-host.ts";

const IS_FULL = process.env.OUTERLOOP_CRASH === "full";
const INSTANCES = IS_FULL ? 200 : 30;
const KILLS = IS_FULL ? 20 : 4;
const STEPS = 5;
const SEED = Number(process.env.CRASH_SEED ?? 1);
const TIMEOUT_MS = IS_FULL ? 300_000 : 60_000;
/** A kill comes up to so long after the step that calls it. */
const JITTER_MS = 30;

interface Run {
  readonly step: string;
  readonly token: string;
  readonly process: number;
}

const ids = Array.from({ length: INSTANCES }, (_, index) => `i${index}`);

/** Numbers from 0 to 1 that are the same for the same seed. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** The whole lines: the last may still be under way, and one may have died half written. */
function readJournal(file: string): Run[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line));
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Kills the host at random moments spread over the whole work, and starts it again each time.
 *
 * @returns how many kills met each step in flight; steps that none met are missing
 */
async function killAndRestart(host: MortalHost): Promise<Map<string, number>> {
  const random = seeded(SEED);
  const kills = new Map<string, number>();
  for (let kill = 1; kill <= KILLS; kill++) {
    const due = (INSTANCES * STEPS * kill) / (KILLS + 1);
    while (new Set(readJournal(host.journal).map(({ step }) => step)).size < due) await pause(5);
    await pause(random() * JITTER_MS);
    const dead = await host.kill();
    for (const step of stepsInFlight(host, dead)) kills.set(step, (kills.get(step) ?? 0) + 1);
    await host.start();
  }
  return kills;
}

/** The steps that the host just killed had begun, without their result having reached the disk. */
function stepsInFlight(host: MortalHost, dead: number | undefined): Set<string> {
  const committed = host.committedResults();
  const lost = readJournal(host.journal).filter(
    ({ process, token }) => process === dead && !committed.has(JSON.stringify(token)),
  );
  return new Set(lost.map(({ step }) => step));
}

async function outputOf(host: MortalHost, id: string): Promise<string[]> {
  for (;;) {
    const status = await (await host.insist("GET", `instances/${id}`, [200, 202])).json();
    if (status.runtimeStatus === "Completed") return status.output;
    if (status.runtimeStatus === "Failed") throw new Error(`${id} failed: ${status.output}`);
    await pause(20);
  }
}

/** Drives all instances while the host is killed. */
async function driveAndKill(host: MortalHost, drive: (id: string) => Promise<readonly [string, string[]]>) {
  const [outputs, kills] = await Promise.all([Promise.all(ids.map(drive)), killAndRestart(host)]);
  return { outputs: new Map(outputs), kills };
}

async function startedHost(): Promise<MortalHost> {
  const host = new MortalHost(scratch());
  onTestFinished(async () => void (await host.kill()));
  await host.start();
  return host;
}

/**
 * @param outputs - the committed tokens by instance
 * @param kills - how many kills met each step in flight
 * @returns how many runs were more than one for each step
 */
function checkRuns(
  runs: readonly Run[],
  { outputs, kills }: { outputs: ReadonlyMap<string, readonly string[]>; kills: ReadonlyMap<string, number> },
): number {
  expect(new Set(runs.map(({ process }) => process)).size).toBe(KILLS + 1);
  const byStep = Map.groupBy(runs, ({ step }) => step);
  expect(byStep.size).toBe(INSTANCES * STEPS);
  for (const [step, ofStep] of byStep) {
    const [id = "", number] = step.split(" ");
    const committed = outputs.get(id)?.[Number(number) - 1];
    expect(ofStep.at(-1)?.token, `step ${step} ran again after its commit`).toBe(committed);
    expect(ofStep.length, `runs of step ${step}`).toBeLessThanOrEqual(1 + (kills.get(step) ?? 0));
    const processes = new Set(ofStep.map(({ process }) => process));
    expect(processes.size, `step ${step} ran twice in one life of the host`).toBe(ofStep.length);
  }
  const extra = runs.length - byStep.size;
  expect(extra, "no kill met a step in flight").toBeGreaterThan(0);
  return extra;
}

test(
  `${INSTANCES} instances of ${STEPS} steps complete over ${KILLS} kills: no committed step runs again, one in flight once more for each kill that met it`,
  async () => {
    const host = await startedHost();
    const drive = async (id: string) => {
      await host.begin("steps", id);
      return [id, await outputOf(host, id)] as const;
    };
    const driven = await driveAndKill(host, drive);
    const extra = checkRuns(readJournal(host.journal), driven);
    console.info(`${KILLS} kills, ${INSTANCES * STEPS} steps, ${extra} runs repeated`);
  },
  TIMEOUT_MS,
);

test(
  `the same while events are raised and an entity is signalled: no event is lost, no signal of an orchestration counts twice`,
  async () => {
    const host = await startedHost();
    const drive = async (id: string) => {
      await host.begin("stepsAndMessages", id);
      await host.insist("POST", "entities/ledger/all?op=note", [202], `${id} from outside`);
      // 410 when the event came through and only its acknowledgement died
      await host.insist("POST", `instances/${id}/raiseEvent/go`, [202, 410], true);
      return [id, await outputOf(host, id)] as const;
    };
    const driven = await driveAndKill(host, drive);
    const extra = checkRuns(readJournal(host.journal), driven);

    const noted = async (): Promise<Record<string, number>> =>
      (await host.insist("GET", "entities/ledger/all", [200])).json();
    await expect.poll(async () => Object.keys(await noted()).length).toBe(INSTANCES * 3);
    // a signal from outside whose acknowledgement died with the host was sent again, and may count twice
    const fromInside = Object.entries(await noted()).filter(([line]) => !line.endsWith("outside"));
    expect(fromInside.filter(([, times]) => times !== 1)).toEqual([]);
    console.info(`${KILLS} kills, ${INSTANCES * STEPS} steps, ${extra} runs repeated`);
  },
  TIMEOUT_MS,
);
