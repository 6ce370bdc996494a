import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { isStopped } from "./process-state.ts";

/**
 * Runs the command that is its first argument. The job is a process group of its own, and the group ends itself when the
 * other end of descriptor 3 closes: that is, when the process that started it is gone, however it went.
 */
const WATCHED = `
( cat <&3 >/dev/null 2>&1; kill -KILL 0 ) &
exec 3<&-
exec /bin/sh -c "$1"
`;

/**
 * Lets the process group that is its first argument go on once its own input is closed: also when the process that
 * stopped the group is gone, and then the group ends itself.
 */
const RELEASE = `cat >/dev/null; kill -s CONT -- "-$1"`;

/** What a job sees of this process's environment; the rest, secrets among it, is none of its business. */
const INHERITED = ["HOME", "TMPDIR", "LANG", "TZ", "NODE_EXTRA_CA_CERTS"] as const;

export interface JobProcess {
  /** The command's exit code; null when a signal ended it. */
  readonly exit: Promise<number | null>;
  /** Ends the whole process group at once. */
  kill(): void;
  /** Whether the command's process is stopped, as by SIGSTOP: it is there, but does nothing. */
  isStopped(): boolean;
  /** Stops the whole process group until the answer is called. */
  hold(): () => void;
}

/** Starts a job's command in a shell of its own; its output goes to `std_out.log` and `std_err.log` of `logs`. */
export function startProcess(options: {
  readonly command: string;
  readonly cwd: string;
  readonly logs: string;
  readonly environment: Readonly<Record<string, string>>;
}): JobProcess {
  const out = openSync(join(options.logs, "std_out.log"), "a");
  const err = openSync(join(options.logs, "std_err.log"), "a");
  const child = spawn("/bin/sh", ["-c", WATCHED, "job", options.command], {
    cwd: options.cwd,
    detached: true,
    stdio: ["ignore", out, err, "pipe"],
    env: {
      ...inherited(),
      ...options.environment,
      // A job that calls `node` gets the one that runs this.
      PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}`,
    },
  });
  closeSync(out);
  closeSync(err);
  const lifeline = child.stdio[3];
  const { promise, resolve } = Promise.withResolvers<number | null>();
  const holders = new Set<ChildProcess>();
  const signal = (name: "SIGKILL" | "SIGSTOP") => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      // The group is gone already.
    }
  };
  const kill = () => signal("SIGKILL");
  const hold = () => {
    if (child.pid === undefined) return () => undefined;
    const holder = spawn("/bin/sh", ["-c", RELEASE, "release", String(child.pid)], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    holder.once("exit", () => holders.delete(holder));
    holder.stdin.on("error", () => undefined);
    holders.add(holder);
    signal("SIGSTOP");
    return () => void holder.stdin.end();
  };
  const end = (code: number | null) => {
    for (const holder of holders) holder.stdin?.end();
    // The watcher, and whatever the command left in the background, go with it.
    kill();
    lifeline?.destroy();
    resolve(code);
  };
  lifeline?.on("error", () => undefined);
  child.once("error", () => end(null));
  child.once("exit", (code) => end(code));
  return { exit: promise, kill, isStopped: () => child.pid !== undefined && isStopped(child.pid), hold };
}

function inherited(): Record<string, string | undefined> {
  return Object.fromEntries(INHERITED.map((name) => [name, process.env[name]]));
}
