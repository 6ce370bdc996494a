import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/**
 * Whether a process is stopped, as by SIGSTOP: it is there, but does nothing. So is a shell that has made a child with
 * vfork(2) and waits, uninterruptibly, for the child to become a program of its own, while the child is stopped.
 */
export function isStopped(pid: number): boolean {
  const state = stateOf(pid);
  return state === "T" || (state === "D" && childrenOf(pid).some((child) => stateOf(child) === "T"));
}

/** The children that a process of one thread has. */
function childrenOf(pid: number): number[] {
  return read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
}

/** The first letter that `ps` has for a process's state; undefined when it is gone. */
function stateOf(pid: number): string | undefined {
  // The state follows the command's name, which is in brackets and may hold brackets itself.
  if (existsSync("/proc/self/stat")) return read(`/proc/${pid}/stat`).replace(/^.*\) /s, "")[0];
  try {
    return execFileSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).trimStart()[0];
  } catch {
    return undefined;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
