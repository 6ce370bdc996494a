import { LANGUAGE } from "../language/task.ts";
import { VISION } from "../vision/task.ts";
import type { Task } from "./task.ts";

const TASKS: readonly Task[] = [VISION, LANGUAGE];

/** An argument names no task. */
export class UnknownTaskError extends Error {
  override name = "UnknownTaskError";
}

/** @throws {UnknownTaskError} naming those there are */
export function taskNamed(name: string | undefined): Task {
  const task = TASKS.find((one) => one.name === name);
  if (task) return task;
  throw new UnknownTaskError(
    `--task is '${name ?? ""}', expected ${TASKS.map((one) => one.name).join(" or ")}.`,
  );
}
